// Memory and text as bytes, with Node's Buffer where there is one and the web's own tools where there is none.
//
// Buffer is faster at three things that the message path does all day: memory that is not cleared first, text
// into the middle of a chunk, and the length of a text in UTF-8. Nothing here knows the NATS protocol. Text out of
// bytes is in text.ts.

/** Node's Buffer, or undefined in a browser. Never a polyfill that a bundler would add: it is looked up by name. */
const platform = (globalThis as { readonly Buffer?: typeof Buffer }).Buffer;
const encoder = new TextEncoder();

/** No bytes. */
export const EMPTY: Uint8Array = new Uint8Array(0);

/** The name of a typed array's class, from the array itself, whichever realm made it; undefined for everything else. */
const classOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)?.get;

/**
 * True for a Uint8Array, of another realm too: those of another frame of a page, and of Node's TextEncoder where jsdom is around, are
 * instances of another class.
 */
export function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || classOf?.call(value) === "Uint8Array";
}

/** `size` bytes of memory of its own, holding anything: write before you read. */
export function allocate(size: number): Uint8Array {
  return platform === undefined ? new Uint8Array(size) : platform.allocUnsafeSlow(size);
}

/** The `length` bytes from `offset` on, as a window: the same memory. Of one kind with what `allocate` gives. */
export function windowOf(memory: ArrayBufferLike, offset: number, length: number): Uint8Array {
  return platform === undefined
    ? new Uint8Array(memory, offset, length)
    : platform.from(memory as ArrayBuffer, offset, length);
}

/**
 * Makes the windows that messages give. On Node a Buffer, which is what the reference gives there: `data.toString()` is the
 * text. Not made by Buffer.from, which takes twice as long. `slice` is that of its type, Uint8Array: a copy, where a
 * Buffer's own shares memory.
 */
const Window: Uint8ArrayConstructor = platform === undefined ? Uint8Array : bufferWindow(platform);

function bufferWindow(buffer: typeof Buffer): Uint8ArrayConstructor {
  class BufferWindow extends Uint8Array {
    // Written out: the implied one, of any arguments, takes longer.
    constructor(memory: ArrayBuffer, offset: number, length: number) {
      super(memory, offset, length);
    }
  }
  Object.setPrototypeOf(BufferWindow.prototype, buffer.prototype);
  Object.defineProperties(BufferWindow.prototype, {
    // What is derived from it (by slice, map, filter) is a Buffer, and it is printed as one.
    constructor: { value: buffer, writable: true, configurable: true },
    slice: { value: Uint8Array.prototype.slice, writable: true, configurable: true },
  });
  return BufferWindow as unknown as Uint8ArrayConstructor;
}

/**
 * Received bytes, with the memory that they are a window onto. Looked up once for all messages in them: to ask a typed
 * array for its memory takes as long as to read the line of a message.
 */
export class Received {
  readonly bytes: Uint8Array;
  readonly #memory: ArrayBufferLike;
  readonly #offset: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#memory = bytes.buffer;
    this.#offset = bytes.byteOffset;
  }

  /** Bytes of the memory, all of which is held as long as this is. */
  get held(): number {
    return this.#memory.byteLength;
  }

  /** The bytes from `start` to before `end`, in memory of their own. */
  copy(start: number, end: number): Received {
    const own = allocate(end - start);
    own.set(windowOf(this.#memory, this.#offset + start, end - start));
    return new Received(own);
  }

  /** The bytes from `start` to before `end`, as a window: a Buffer where there is one. */
  window(start: number, end: number): Uint8Array {
    return new Window(this.#memory, this.#offset + start, end - start);
  }
}

/**
 * Writes `text` as UTF-8 into `bytes` (made by `allocate`) from `at` on and returns how many bytes it took. What
 * cannot be UTF-8 (half a surrogate pair) becomes U+FFFD. The room must be there: what does not fit is left out.
 */
export function writeText(bytes: Uint8Array, text: string, at: number): number {
  if (platform === undefined) return encoder.encodeInto(text, bytes.subarray(at)).written;
  return (bytes as Buffer).write(text, at);
}

/** How many bytes `text` takes in UTF-8. */
export function textLength(text: string): number {
  if (platform !== undefined) return platform.byteLength(text);
  let length = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    length += unit < 0x800 ? 1 : 2;
    // A surrogate pair is two units and four bytes; half of one becomes U+FFFD, which is three.
    if (unit >= 0xd800 && unit < 0xdc00) {
      const next = text.charCodeAt(i + 1);
      if (next >= 0xdc00 && next < 0xe000) i += 1;
    }
  }
  return length;
}

/** The chunks as one; a single chunk is not copied. */
export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [first = EMPTY] = chunks;
  if (chunks.length < 2) return first;
  const all = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
