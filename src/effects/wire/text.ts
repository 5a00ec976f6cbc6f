// Text out of bytes: UTF-8, straight from a range of a larger buffer. On Node by Buffer's own method, which needs
// no view for the range; elsewhere by TextDecoder.

interface Utf8Slice {
  utf8Slice(this: Uint8Array, start: number, end: number): string;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const utf8Slice = (globalThis as { Buffer?: { prototype: Partial<Utf8Slice> } }).Buffer?.prototype.utf8Slice;

/** The text in `bytes` from `start` to before `end`; malformed UTF-8 becomes U+FFFD. */
export const decodeText: (bytes: Uint8Array, start: number, end: number) => string =
  utf8Slice === undefined
    ? (bytes, start, end) => decoder.decode(bytes.subarray(start, end))
    : (bytes, start, end) => utf8Slice.call(bytes, start, end);
