// Payloads are bytes; a codec turns values into them and back. Two come with the client: text and JSON.
//
// Same results as StringCodec and JSONCodec of nats@2.29.3, with one exception that is documented below.

import { withholdMessage } from "./error-causes.js";
import { ErrorCode, NatsError } from "./errors.js";

/** What can be published: bytes, or text that is sent as UTF-8. */
export type Payload = Uint8Array | string;

/** A payload without bytes. Shared: zero bytes cannot be changed. */
export const Empty: Uint8Array = new Uint8Array(0);

/** Writes UTF-8. Holds no state, so one serves everybody. */
export const textEncoder = new TextEncoder();

/** Reads UTF-8; malformed bytes become U+FFFD and a leading byte order mark is skipped, as in the reference. */
export const textDecoder = new TextDecoder();

/** Turns values of type `T` into payloads and back (`Codec` of nats@2.29.3). */
export interface Codec<T> {
  /** The payload for a value. */
  encode(value: T): Uint8Array;
  /** The value of a payload. */
  decode(payload: Uint8Array): T;
}

const stringCodec: Codec<string> = {
  encode: (value) => textEncoder.encode(value),
  decode: (payload) => textDecoder.decode(payload),
};

/** The codec for text: UTF-8. Neither direction throws; bytes that are not UTF-8 become U+FFFD. */
export function StringCodec(): Codec<string> {
  return stringCodec;
}

/**
 * The codec for JSON in UTF-8. `undefined` is written as `null`, as in the reference.
 * @param reviver Called for every key while reading, as the second argument of `JSON.parse`.
 * @throws NatsError with {@link ErrorCode.BadJson}: on `encode` for a value without a JSON form (a cycle, a
 * bigint, a function, a symbol; for the last two the reference sends an empty payload that nobody can read),
 * on `decode` for a payload that is not JSON. `chainedError` is the error of `JSON`, or of the reviver.
 */
export function JSONCodec<T = unknown>(
  reviver?: (this: unknown, key: string, value: unknown) => unknown,
): Codec<T> {
  return {
    encode(value) {
      let text: string | undefined;
      try {
        text = JSON.stringify(value === undefined ? null : value);
      } catch (error) {
        throw badJson(error);
      }
      if (text === undefined) throw badJson(new TypeError(`a ${typeof value} has no JSON form`));
      return textEncoder.encode(text);
    },
    decode(payload) {
      try {
        return JSON.parse(textDecoder.decode(payload), reviver) as T;
      } catch (error) {
        throw badJson(error);
      }
    },
  };
}

/** The error for JSON that cannot be read or written; what `JSON` throws may quote it. */
export function badJson(reason: unknown): NatsError {
  const cause = reason instanceof Error ? reason : new Error(String(reason));
  return NatsError.errorForCode(ErrorCode.BadJson, withholdMessage(cause));
}
