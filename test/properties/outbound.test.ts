// The outbound stream against any order of publishes, outages, full sinks and late reports.

import fc from "fast-check";
import { expect, test } from "vitest";
import { Outbound, OutboundFull, type Sink } from "../../src/effects/outbound.js";
import { CommandReader } from "../../src/effects/simulated/command-reader.js";

type Step =
  | { readonly do: "publish"; readonly size: number; readonly text: boolean }
  | {
      readonly do:
        | "ping"
        | "sub"
        | "hold"
        | "flush"
        | "drained"
        | "endTurn"
        | "forcedFlush"
        | "pause"
        | "resume";
    }
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
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom("ping", "sub", "flush", "drained", "endTurn") }) },
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

/** Runs the steps; checks after each what must always hold. */
function run(steps: readonly Step[], limit: number): void {
  const deferred: (() => void)[] = [];
  const outbound = new Outbound({ defer: (later) => deferred.push(later), reconnectBufferSize: limit });
  /** Commands accepted and kept, and what the sinks got, number by number. */
  const accepted: string[] = [];
  const received: string[] = [];
  const taken: {
    readonly chunk: Uint8Array;
    readonly copy: string;
    readonly sink: number;
    readonly written: () => void;
  }[] = [];
  let sink = 0;
  let isOpen = false;
  /** The gate is shut, and the sink before it is not lost yet. */
  let isPaused = false;
  let current: Sink | undefined;
  let handedOver = 0;
  let reported = 0;
  let lost = 0;
  let next = 0;

  const take = (mine: number, chunk: Uint8Array, written: () => void) => {
    // A lost sink gets nothing.
    expect(mine).toBe(sink);
    expect(isOpen).toBe(true);
    const copy = Buffer.from(chunk).toString("latin1");
    received.push(copy);
    handedOver += chunk.length;
    taken.push({ chunk, copy, sink: mine, written });
  };
  const report = (which: number) => {
    const one = taken[which] as (typeof taken)[number];
    // The bytes that a sink has not reported are as they were.
    expect(Buffer.from(one.chunk).toString("latin1")).toBe(one.copy);
    taken.splice(which, 1);
    if (one.sink === sink && (isOpen || isPaused)) reported += one.chunk.length;
    one.written();
  };

  for (const one of steps) {
    switch (one.do) {
      case "publish": {
        const name = `s.${next++}`;
        const payload = "x".repeat(one.size);
        const command = `PUB ${name} ${one.size}\r\n${payload}\r\n`;
        const before = [outbound.position, outbound.pendingMessages];
        const waiting = outbound.position - outbound.handedOver;
        try {
          outbound.publish(
            name,
            one.text ? payload : new Uint8Array(Buffer.from(payload)),
            undefined,
            undefined,
          );
          accepted.push(command);
          if (!isOpen && !isPaused && limit >= 0) expect(waiting + command.length).toBeLessThanOrEqual(limit);
        } catch (error) {
          expect(error).toBeInstanceOf(OutboundFull);
          expect(isOpen || isPaused).toBe(false);
          expect(waiting + command.length).toBeGreaterThan(limit);
          expect([outbound.position, outbound.pendingMessages]).toEqual(before);
        }
        break;
      }
      case "ping":
        outbound.command("PING");
        accepted.push("PING\r\n");
        break;
      case "sub":
        outbound.command(`SUB s ${++next}`);
        break;
      case "hold":
        outbound.hold();
        isOpen = false;
        isPaused = false;
        break;
      case "pause":
        outbound.pause();
        isPaused ||= isOpen;
        isOpen = false;
        break;
      case "resume":
        if (!isPaused || current === undefined) break;
        isOpen = true;
        isPaused = false;
        outbound.release(current);
        break;
      case "release": {
        if (isOpen) outbound.hold();
        lost = handedOver;
        reported = 0;
        isOpen = true;
        isPaused = false;
        sink += 1;
        const mine = sink;
        current = {
          isOpen: true,
          write(chunk, written) {
            take(mine, chunk, written);
            if (one.reportsAtOnce) report(taken.length - 1);
            return one.hasRoom;
          },
        };
        outbound.release(current);
        break;
      }
      case "report":
        if (taken.length > 0) report(one.which % taken.length);
        break;
      case "flush":
        outbound.flush();
        break;
      case "forcedFlush":
        outbound.flush(true);
        break;
      case "drained":
        outbound.drained();
        break;
      case "endTurn":
        for (const later of deferred.splice(0)) later();
        break;
      default:
        one satisfies never;
    }
    expect(outbound.handedOver).toBe(handedOver);
    const waiting = outbound.position - handedOver;
    expect(outbound.pendingBytes).toBe(waiting + (isOpen || isPaused ? handedOver - lost - reported : 0));
  }

  // In the end all goes out, in order, and nothing twice. What was handed to a lost sink counts as gone out.
  isOpen = true;
  sink += 1;
  const last = sink;
  outbound.release({
    isOpen: true,
    write(chunk, written) {
      take(last, chunk, written);
      written();
      return true;
    },
  });
  expect(outbound.pendingBytes).toBe(0);
  expect(outbound.pendingMessages).toBe(0);
  expect(received.join("").replace(/(UN)?SUB \w+( \d+)? *\r\n/g, "")).toBe(accepted.join(""));
  for (const { chunk, copy } of taken) expect(Buffer.from(chunk).toString("latin1")).toBe(copy);
}

test("what is accepted goes out once and in order, and memory in use is never overwritten", () => {
  const limit = fc.constantFrom(-1, 0, 100, 10_000);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), limit, (steps, bytes) => run(steps, bytes)),
    { numRuns: 300 },
  );
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
    unsub: (sid) => expect(sid).toBe("0"),
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
