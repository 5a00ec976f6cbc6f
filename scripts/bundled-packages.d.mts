// Types of bundled-packages.mjs, for the tests.

/** A package of which there is code in ours. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/** The packages of which there is code in what was built. */
export function packagesIn(
  metafiles: readonly {
    readonly outputs: Readonly<
      Record<string, { readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>> }>
    >;
  }[],
): Promise<readonly BundledPackage[]>;

/** What is wrong with what the package says of other people's code; empty where nothing is. */
export function licenceProblems(told: {
  readonly components: readonly {
    readonly name: string;
    readonly version: string;
    readonly licenses?: readonly {
      readonly license?: { readonly id: string };
      readonly expression?: string;
    }[];
  }[];
  readonly bundled: readonly BundledPackage[];
  readonly readme: string;
}): readonly string[];
