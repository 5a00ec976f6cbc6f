// A parser's sink that writes down every call, as text that a test can compare.

import type { Parser, ParserSink } from "../../../src/effects/wire/parser.js";

/** One call of the sink; a message with everything in it decoded. */
export type Call = readonly [kind: string, ...rest: (string | number)[]];

const latin1 = (bytes: Uint8Array, start: number, end: number) =>
  Buffer.from(bytes.subarray(start, end)).toString("latin1");

/** A message as a call: its sid, subject, reply, headers and payload. */
export const message = (
  sid: number,
  subject: string,
  reply: string,
  headers: string,
  payload: string,
): Call => ["message", sid, subject, reply, headers, payload];

/** Collects calls in `calls`. Methods of `instead` run after the call is written down. */
export function recorder(calls: Call[], instead: Partial<ParserSink> = {}): ParserSink {
  const also = (kind: keyof ParserSink, call: Call, ...args: unknown[]) => {
    calls.push(call);
    (instead[kind] as ((...args: unknown[]) => void) | undefined)?.(...args);
  };
  return {
    message: (...args) => {
      const [
        received,
        sid,
        subjectStart,
        subjectEnd,
        replyStart,
        replyEnd,
        headersStart,
        payloadStart,
        payloadEnd,
      ] = args;
      const text = (start: number, end: number) => latin1(received.bytes, start, end);
      const subject = text(subjectStart, subjectEnd);
      const call = message(
        sid,
        subject,
        text(replyStart, replyEnd),
        text(headersStart, payloadStart),
        text(payloadStart, payloadEnd),
      );
      also("message", call, ...args);
    },
    info: (json) => also("info", ["info", json], json),
    ping: () => also("ping", ["ping"]),
    pong: () => also("pong", ["pong"]),
    ok: () => also("ok", ["ok"]),
    error: (text) => also("error", ["error", text], text),
  };
}

/** Pushes the chunks one after the other. */
export function pushAll(parser: Pick<Parser, "push">, chunks: Iterable<Uint8Array>): void {
  for (const chunk of chunks) parser.push(chunk);
}
