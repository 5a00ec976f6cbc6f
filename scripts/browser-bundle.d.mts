// Types of browser-bundle.mjs.

/** A file in a bundle, and what it imports. */
export interface BundledFile {
  readonly bytes: number;
  readonly imports: readonly { readonly path: string; readonly external?: boolean }[];
}

export declare function bundleForBrowser(
  entryPoint: string,
  alias?: Readonly<Record<string, string>>,
): Promise<{ readonly code: string; readonly inputs: Readonly<Record<string, BundledFile>> }>;
