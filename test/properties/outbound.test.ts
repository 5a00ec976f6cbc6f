// The outbound stream against any order of publishes, outages, full sinks, late reports, drains and ends.

import fc from "fast-check";
import { expect, test } from "vitest";
import { Outbound } from "../../src/effects/outbound.js";
import { OutboundClosed, OutboundFinishing, OutboundFull } from "../../src/effects/refusals.js";
import { CommandReader } from "../../src/effects/simulated/command-reader.js";
import type { Sink } from "../../src/effects/sink.js";

type Step =
  | { readonly do: "publish"; readonly size: number; readonly text: boolean }
  | {
      readonly do:
        | "ping"
        | "sub"
        | "hold"
        | "flush"
        | "endTurn"
        | "forcedFlush"
        | "pause"
        | "resume"
        | "finish"
        | "close"
        | "dispose";
    }
  | { readonly do: "drained"; readonly isLate: boolean }
  | { readonly do: "release"; readonly hasRoom: boolean; readonly reportsAtOnce: boolean }
  | { readonly do: "report"; readonly which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      size: fc.oneof(
        { weight: 5, arbitrary: fc.nat(40) },
        fc.nat(9000),
        fc.constantFrom(65_000, 66_000, 150_000),
      ),
      text: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom("ping", "sub", "flush", "endTurn") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drained" as const), isLate: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("hold", "forcedFlush") }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("pause", "resume") }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("release" as const),
      hasRoom: fc.boolean(),
      reportsAtOnce: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("report" as const), which: fc.nat() }) },
);

const end: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom("finish", "finish", "finish", "finish", "close", "dispose"),
});

/** A long life, and in some runs an end with all that may happen in it and after it. */
const life: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    fc.array(step, { maxLength: 60 }),
    fc.array(fc.oneof({ weight: 3, arbitrary: step }, { weight: 1, arbitrary: end }), { maxLength: 20 }),
  )
  .map(([before, after]) => [...before, ...after]);

/** The gate as it should be: the same union as in outbound.ts. */
type Gate =
  | { readonly type: "shut" }
  | { readonly type: "open" | "paused" | "finishing"; readonly sink: Sink }
  | { readonly type: "closed" };

/** What a sink was handed and has not reported. */
interface Flight {
  bytes: number;
  messages: number;
  isFull: boolean;
}

const messagesOf = (text: string) => text.match(/PUB s\./g)?.length ?? 0;

/** How often a message was refused, by the error; and how often one was accepted. */
const outcomes = new Map<unknown, number>();
const count = (outcome: unknown) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);

/** Runs the steps; checks after each what must always hold. */
function run(steps: readonly Step[], limit: number): void {
  const deferred: (() => void)[] = [];
  const outbound = new Outbound({ defer: (later) => deferred.push(later), reconnectBufferSize: limit });
  /** Commands accepted for good, those that wait, and what the sinks got. */
  const accepted: string[] = [];
  let waiting: string[] = [];
  const received: string[] = [];
  const taken: {
    readonly chunk: Uint8Array;
    readonly copy: string;
    readonly flight: Flight;
    readonly written: () => void;
  }[] = [];
  let gate: Gate = { type: "shut" };
  let flight: Flight = { bytes: 0, messages: 0, isFull: false };
  let isForced = false;
  let next = 0;
  const sinks: Sink[] = [];

  const sinkInUse = () => (gate.type === "open" || gate.type === "finishing" ? gate.sink : null);
  const accept = (command: string) => {
    waiting.push(command);
    if (!command.startsWith("SUB")) accepted.push(command);
  };
  /** Those lines are of the connection that was. */
  const withdrawSubs = () => {
    waiting = waiting.filter((command) => !command.startsWith("SUB"));
  };
  const lose = () => {
    if (gate.type === "open" || gate.type === "paused") withdrawSubs();
    flight = { bytes: 0, messages: 0, isFull: false };
    gate = gate.type === "finishing" || gate.type === "closed" ? { type: "closed" } : { type: "shut" };
  };
  const take = (sink: Sink, chunk: Uint8Array, written: () => void) => {
    // Only the sink in use gets anything, and only while it has room.
    expect(sink).toBe(sinkInUse());
    expect(flight.isFull && !isForced).toBe(false);
    const copy = Buffer.from(chunk).toString("latin1");
    received.push(copy);
    // The next that wait, and whole ones.
    let length = 0;
    while (length < copy.length) length += waiting.shift()?.length ?? Number.NaN;
    expect(length).toBe(copy.length);
    flight.bytes += chunk.length;
    flight.messages += messagesOf(copy);
    taken.push({ chunk, copy, flight, written });
  };
  const report = (which: number) => {
    const [one] = taken.splice(which, 1) as [(typeof taken)[number]];
    // The bytes that a sink has not reported are as they were.
    expect(Buffer.from(one.chunk).toString("latin1")).toBe(one.copy);
    one.flight.bytes -= one.chunk.length;
    one.flight.messages -= messagesOf(one.copy);
    one.written();
  };
  const newSink = (hasRoom: boolean, reportsAtOnce: boolean): Sink => {
    const sink: Sink = {
      isOpen: true,
      write(chunk, written) {
        take(sink, chunk, written);
        if (reportsAtOnce) report(taken.length - 1);
        if (!hasRoom) flight.isFull = true;
        return hasRoom;
      },
    };
    sinks.push(sink);
    return sink;
  };
  const release = (sink: Sink) => {
    const goesOn = gate.type === "paused" && gate.sink === sink;
    if (gate.type !== "finishing" && gate.type !== "closed") {
      if (!goesOn) lose();
      gate = { type: "open", sink };
    }
    outbound.release(sink);
  };
  /** The error with which a message of that size is refused, by the gate and what waits; undefined where it is accepted. */
  const refusal = (size: number) => {
    switch (gate.type) {
      case "open":
      case "paused":
        return undefined;
      case "shut":
        return limit >= 0 && waiting.join("").length + size > limit ? OutboundFull : undefined;
      case "finishing":
        return OutboundFinishing;
      case "closed":
        return OutboundClosed;
      default:
        return gate satisfies never;
    }
  };

  const expectRefused = (publish: () => void, refused: NonNullable<ReturnType<typeof refusal>>) => {
    const before = [outbound.position, outbound.pendingMessages, deferred.length];
    expect(publish).toThrow(refused);
    expect([outbound.position, outbound.pendingMessages, deferred.length]).toEqual(before);
  };

  for (const one of steps) {
    switch (one.do) {
      case "publish": {
        const name = `s.${next++}`;
        const payload = "x".repeat(one.size);
        const command = `PUB ${name} ${one.size}\r\n${payload}\r\n`;
        const publish = () =>
          outbound.publish(
            name,
            one.text ? payload : new Uint8Array(Buffer.from(payload)),
            undefined,
            undefined,
          );
        const refused = refusal(command.length);
        count(refused);
        if (refused === undefined) {
          // Before it is published: a sink may be handed it at once.
          accept(command);
          publish();
        } else expectRefused(publish, refused);
        break;
      }
      case "ping":
        if (gate.type !== "closed") accept("PING\r\n");
        outbound.command("PING");
        break;
      case "sub":
        if (gate.type === "open" || gate.type === "finishing") accept(`SUB s ${next + 1}\r\n`);
        outbound.command(`SUB s ${++next}`);
        break;
      case "hold":
        if (gate.type !== "closed") lose();
        outbound.hold();
        break;
      case "pause":
        if (gate.type === "open") {
          gate = { type: "paused", sink: gate.sink };
          withdrawSubs();
        }
        outbound.pause();
        break;
      case "resume":
        if (gate.type === "paused") release(gate.sink);
        break;
      case "release":
        release(newSink(one.hasRoom, one.reportsAtOnce));
        break;
      case "finish":
        if (gate.type === "shut") gate = { type: "closed" };
        else if (gate.type !== "closed") gate = { type: "finishing", sink: gate.sink };
        outbound.finish();
        break;
      case "close":
        gate = { type: "closed" };
        outbound.close();
        break;
      case "dispose":
        gate = { type: "closed" };
        flight = { bytes: 0, messages: 0, isFull: false };
        waiting = [];
        outbound.dispose();
        break;
      case "report":
        if (taken.length > 0) report(one.which % taken.length);
        break;
      case "flush":
        outbound.flush();
        break;
      case "forcedFlush":
        isForced = true;
        outbound.flush(true);
        isForced = false;
        break;
      case "drained": {
        const sink = one.isLate ? sinks[0] : sinks.at(-1);
        if (sink === undefined) break;
        if (gate.type !== "shut" && gate.type !== "closed" && gate.sink === sink) flight.isFull = false;
        outbound.drained(sink);
        break;
      }
      case "endTurn":
        for (const later of deferred.splice(0)) later();
        break;
      default:
        one satisfies never;
    }
    const bytes = waiting.join("").length;
    const messages = messagesOf(waiting.join(""));
    expect(outbound.sink).toBe(sinkInUse());
    expect(outbound.pendingBytes).toBe(bytes + flight.bytes);
    expect(outbound.pendingMessages).toBe(messages);
    expect(outbound.waiting).toEqual({ messages, bytes });
  }

  const gone = () => received.join("").replace(/SUB \w+ \d+\r\n/g, "");
  /** After the end nothing went out, and before it all in order. */
  const expectNoMore = () => {
    outbound.flush(true);
    expect(accepted.join("").startsWith(gone())).toBe(true);
  };
  /** In the end all goes out, in order, and nothing twice. What was handed to a lost sink counts as gone out. */
  const expectAll = () => {
    isForced = true;
    release(newSink(true, true));
    outbound.flush(true);
    expect(outbound.pendingMessages).toBe(0);
    expect(outbound.pendingBytes).toBe(flight.bytes);
    expect(gone()).toBe(accepted.join(""));
  };
  if (gate.type === "closed") expectNoMore();
  else expectAll();
  for (const { chunk, copy } of taken) expect(Buffer.from(chunk).toString("latin1")).toBe(copy);
}

test("what is accepted goes out once and in order, and memory in use is never overwritten", () => {
  const limit = fc.constantFrom(-1, 0, 100, 10_000);
  fc.assert(
    fc.property(life, limit, (steps, bytes) => run(steps, bytes)),
    { numRuns: 1_000 },
  );
  for (const outcome of [undefined, OutboundFull, OutboundFinishing, OutboundClosed])
    expect(outcomes.get(outcome), `${outcome}`).toBeGreaterThan(30);
});

interface Waiting {
  readonly subject: string;
  readonly reply: string | undefined;
  readonly headers: Uint8Array | undefined;
  readonly payload: Uint8Array;
  readonly isGivenUp: boolean;
}

const name = fc.oneof(
  fc.constantFrom("a", "PUB", "HPUB.1", "PING", "orders.created", "é日"),
  fc.string({ unit: fc.constantFrom(..."aPUBHé😀1"), minLength: 1, maxLength: 20 }),
);
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.constantFrom("PUB a 1\r\n", "\r\nHPUB a 12 1000\r\n", "\r", "\n", "UNSUB 0 \r\n").map(bytesOf),
  fc.constantFrom(0, 9, 10, 99, 100, 5_000).map((size) => new Uint8Array(size).fill(13)),
);
const block = fc
  .constantFrom("NATS/1.0\r\n\r\n", "NATS/1.0\r\nPUB: 9 9\r\n\r\n", "NATS/1.0\r\na: é\r\n\r\n")
  .map(bytesOf);
const waiting: fc.Arbitrary<Waiting> = fc.record({
  subject: name,
  reply: fc.option(name, { nil: undefined }),
  headers: fc.option(block, { nil: undefined }),
  payload,
  isGivenUp: fc.boolean(),
});

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

/** What of that stream a server reads as messages. */
function messagesIn(stream: Uint8Array): Omit<Waiting, "isGivenUp">[] {
  const read: Omit<Waiting, "isGivenUp">[] = [];
  const plain = (bytes: Uint8Array) => new Uint8Array(bytes);
  const reader = new CommandReader({
    connect: () => {},
    ping: () => {},
    pong: () => {},
    sub: () => {},
    unsub: () => {},
    publish: ({ headers, payload: data, ...names }) =>
      void read.push({ ...names, headers: headers && plain(headers), payload: plain(data) }),
    mayTalk: () => true,
    isListening: () => true,
  });
  reader.push(stream);
  return read;
}

test("what the next server would close the connection for is taken back, and nothing else", () => {
  const limits = fc.record({ maxPayload: fc.oneof(fc.nat(80), fc.constant(5_000)), headers: fc.boolean() });
  const commands = fc.array(fc.oneof({ weight: 4, arbitrary: waiting }, fc.constantFrom("PING", "SUB s 1")), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(commands, limits, (all, { maxPayload, headers }) => {
      const outbound = new Outbound({ defer: () => {}, reconnectBufferSize: -1 });
      const isBeyond = (one: Waiting) =>
        one.payload.length + (one.headers?.length ?? 0) > maxPayload ||
        (one.headers !== undefined && !headers);
      const kept: Waiting[] = [];
      const places: [start: number, end: number][] = [];
      for (const one of all) {
        if (typeof one === "string") {
          outbound.command(one);
          continue;
        }
        const start = outbound.position;
        outbound.publish(one.subject, one.payload, one.reply, one.headers);
        places.push([start, outbound.position]);
        if (one.isGivenUp) outbound.withdraw(start, outbound.position);
        else kept.push(one);
      }
      const beyond = outbound.withdrawBeyond({ maxPayload, headers });
      expect(beyond.map(({ subject, size, hasHeaders }) => ({ subject, size, hasHeaders }))).toEqual(
        kept.filter(isBeyond).map((one) => ({
          subject: one.subject,
          size: one.payload.length + (one.headers?.length ?? 0),
          hasHeaders: one.headers !== undefined,
        })),
      );
      const left = kept.filter((one) => !isBeyond(one));
      expect(outbound.pendingMessages).toBe(left.length);
      // To give up what is not there any more changes nothing.
      all
        .filter((one) => typeof one !== "string")
        .forEach((one, i) => {
          if (one.isGivenUp || isBeyond(one)) outbound.withdraw(...(places[i] as [number, number]));
        });
      expect(outbound.pendingMessages).toBe(left.length);
      const sent: Uint8Array[] = [];
      const write = (chunk: Uint8Array) => sent.push(new Uint8Array(chunk)) > 0;
      outbound.release({ isOpen: true, write });
      expect(messagesIn(Buffer.concat(sent))).toEqual(left.map(({ isGivenUp: _, ...one }) => one));
    }),
    { numRuns: 500 },
  );
});
