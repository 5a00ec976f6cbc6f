/** One of the packages that take the place of others. */
export interface InPlace {
  readonly name: string;
  readonly takesPlaceOf: string;
  readonly folder: string;
  readonly reference: string;
  readonly main: string;
}
export const inPlace: readonly InPlace[];
export function buildInPlace(one: InPlace, target?: string): Promise<void>;
export function buildAllInPlace(): Promise<void>;
