// What a target throws when what must hold does not: the fuzzer stops, keeps the input and prints this.

/** Something that must hold for every input does not. */
export class Finding extends Error {
  override readonly name = "Finding";
}

/** @throws Finding with that text, unless it is so. The text is not made before: nearly always it is so. */
export function must(isSo: boolean, otherwise: () => string): asserts isSo {
  if (!isSo) throw new Finding(otherwise());
}

/** The target behind a name: it does with an input what the client would do, and throws where something does not hold. */
export type Fuzz = (data: Uint8Array) => void | Promise<void>;
