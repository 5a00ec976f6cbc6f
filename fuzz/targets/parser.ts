// The parser: whatever the bytes are and wherever they are cut, it hears the same, and nothing worse than a ProtocolViolation
// comes of it. What it hears, and the memory it takes, are bounded by the bytes.
//
// An input: a byte from which limits and cuts are drawn, then what the server sends.

import { Random } from "../../src/effects/simulated/random.js";
import {
  Parser,
  type ParserLimits,
  type ParserSink,
  ProtocolViolation,
} from "../../src/effects/wire/parser.js";
import { must } from "../finding.js";

/** Small, so that a short input can pass them. */
const SMALL: ParserLimits = { maxPayload: 60, maxControlLine: 40, maxInfo: 400 };
/** No command is shorter: `+OK` and a line feed. */
const SHORTEST_COMMAND = 4;
/** Bytes that a parser may take beside four for each byte that it was sent: of small limits, and of its own. */
const MEMORY = { small: 8_192, own: 3 << 20 };

/** What a parser made of a stream. */
interface Heard {
  readonly calls: readonly string[];
  readonly violation: ProtocolViolation | undefined;
}

type Interrupt = (call: number) => void;

/** Bytes of an input, at most. */
export const LONGEST = 600;

/** The target. */
export function fuzz(data: Uint8Array): void {
  const seed = data[0] ?? 0;
  const stream = data.slice(1);
  const isSmall = seed % 2 === 0;
  const limits = isSmall ? SMALL : {};
  const most = 4 * stream.length + (isSmall ? MEMORY.small : MEMORY.own);

  const whole = heard([stream], limits, most);
  const chunks = seed & 6 ? randomly(stream, seed) : singly(stream);
  mustBeAlike(whole, heard(chunks, limits, most), chunks);
  if (whole.violation !== undefined || whole.calls.length === 0) return;
  const at = seed % whole.calls.length;
  if (seed & 8) mustBeAlike(whole, heardByOneWhoThrows(chunks, limits, at), chunks);
  if (seed & 16) mustBeAlike(whole, heardByOneWhoResets(stream, limits, at), []);
}

/** Parses the chunks, and checks all that must hold of it. */
function heard(chunks: readonly Uint8Array[], limits: ParserLimits, mostMemory: number): Heard {
  const calls: string[] = [];
  const parser: Parser = new Parser(recorder(calls), limits);
  let violation: ProtocolViolation | undefined;
  const allocated = allocatedBy(() => {
    violation = violationOf(() => {
      for (const chunk of chunks) parser.push(chunk);
    });
  });
  must(allocated <= mostMemory, () => `${allocated} bytes of memory, at most ${mostMemory} are right`);
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  must(calls.length * SHORTEST_COMMAND <= length, () => `${calls.length} calls for ${length} bytes`);
  if (violation !== undefined) {
    const again = violationOf(() => parser.push(new Uint8Array(1)));
    must(again === violation, () => "after a violation the parser goes on");
    const { reason } = violation;
    must(
      reason.length < 500 && /^[\x20-\x7e…]+$/.test(reason),
      () => `the reason is not one short line: ${reason}`,
    );
  }
  return { calls, violation };
}

/** Bytes of memory that are taken meanwhile. */
function allocatedBy(run: () => void): number {
  const { allocUnsafeSlow } = Buffer;
  let allocated = 0;
  Buffer.allocUnsafeSlow = (size) => {
    allocated += size;
    return allocUnsafeSlow(size);
  };
  try {
    run();
  } finally {
    Buffer.allocUnsafeSlow = allocUnsafeSlow;
  }
  return allocated;
}

/** The sink throws at one call: the next push goes on behind it. */
function heardByOneWhoThrows(chunks: readonly Uint8Array[], limits: ParserLimits, at: number): Heard {
  const calls: string[] = [];
  const thrown = new Error("thrown by the sink");
  const parser: Parser = new Parser(
    recorder(calls, (call) => {
      if (call === at) throw thrown;
    }),
    limits,
  );
  for (const chunk of [...chunks, new Uint8Array(0)]) {
    try {
      parser.push(chunk);
    } catch (error) {
      must(error === thrown, () => `a sink that throws leads to ${error}`);
    }
  }
  return { calls, violation: undefined };
}

/** The sink resets the parser at one call: what follows is in `rest`, and is heard from there. */
function heardByOneWhoResets(stream: Uint8Array, limits: ParserLimits, at: number): Heard {
  const calls: string[] = [];
  const parser: Parser = new Parser(
    recorder(calls, (call) => {
      if (call === at) parser.reset();
    }),
    limits,
  );
  parser.push(stream);
  must(calls.length === at + 1, () => "a parser that was reset goes on in the same chunk");
  parser.push(parser.rest().slice());
  return { calls, violation: undefined };
}

/** Writes down every call, with the texts in it. */
function recorder(calls: string[], interrupt: Interrupt = () => {}): ParserSink {
  const call = (kind: string, text = "") => {
    calls.push(`${kind} ${text}`);
    interrupt(calls.length - 1);
  };
  return {
    message: ({ bytes }, sid, ...ends) => {
      must(Number.isSafeInteger(sid) && sid > 0, () => `the subscription id ${sid}`);
      const inOrder = ends.every((end, i) => end >= (ends[i - 1] ?? 0));
      must(
        inOrder && (ends.at(-1) as number) <= bytes.length,
        () => `a message that ends at ${ends} of ${bytes.length}`,
      );
      const text = (from: number, to: number) => latin1(bytes.subarray(ends[from], ends[to]));
      call("message", JSON.stringify([sid, text(0, 1), text(2, 3), text(4, 5), text(5, 6)]));
    },
    info: (json) => call("info", json),
    ping: () => call("ping"),
    pong: () => call("pong"),
    ok: () => call("ok"),
    error: (text) => call("error", text),
  };
}

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

/** Pieces that lie one behind the other in memory, as reads into one buffer do, or have memory of their own. */
function randomly(stream: Uint8Array, seed: number): Uint8Array[] {
  const random = new Random(seed);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < stream.length; ) {
    const length = 1 + random.below(random.chance(0.5) ? 6 : 400);
    const chunk = stream.subarray(at, at + length);
    chunks.push(random.chance(0.5) ? chunk : chunk.slice());
    at += length;
  }
  return chunks;
}

const singly = (stream: Uint8Array) => Array.from(stream, (byte) => Uint8Array.of(byte));

function mustBeAlike(whole: Heard, cut: Heard, chunks: readonly Uint8Array[]): void {
  const how = () => `cut into ${chunks.map(({ length }) => length)}`;
  const at = whole.calls.findIndex((call, i) => call !== cut.calls[i]);
  must(at < 0, () => `call ${at} is ${cut.calls[at]}, whole ${whole.calls[at]}; ${how()}`);
  must(
    cut.calls.length === whole.calls.length,
    () => `then ${cut.calls[whole.calls.length]} is heard; ${how()}`,
  );
  const isAlike = (cut.violation === undefined) === (whole.violation === undefined);
  must(
    isAlike,
    () => `${cut.violation ?? "it is well"}, whole: ${whole.violation ?? "it is well"}; ${how()}`,
  );
}

function violationOf(run: () => void): ProtocolViolation | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof ProtocolViolation) return error;
    throw error;
  }
  return undefined;
}
