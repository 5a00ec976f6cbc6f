import { describe, expect, test } from "vitest";
import { CHUNK_SIZE } from "../../src/effects/chunks.js";
import { Outbound } from "../../src/effects/outbound.js";
import { OutboundClosed, OutboundFinishing, OutboundFull } from "../../src/effects/refusals.js";
import type { Sink } from "../../src/effects/sink.js";
import { BadWireString } from "../../src/effects/wire/subject.js";
import { exposedGc } from "../harness/held.js";

/** A sink that writes down what it gets. It has room as long as `hasRoom`, and reports when told to. */
class Recorder implements Sink {
  readonly writes: string[] = [];
  readonly unreported: (() => void)[] = [];
  hasRoom = true;
  isOpen = true;
  reportsAtOnce = false;

  write(chunk: Uint8Array, written: () => void): boolean {
    this.writes.push(Buffer.from(chunk).toString("latin1"));
    if (this.reportsAtOnce) written();
    else this.unreported.push(written);
    return this.hasRoom;
  }

  get text(): string {
    return this.writes.join("");
  }

  /** Reports everything as written. */
  report(): void {
    for (const written of this.unreported.splice(0)) written();
  }
}

/** An outbound stream and the turns of its event loop. */
function setUp(reconnectBufferSize = -1) {
  const deferred: (() => void)[] = [];
  const outbound = new Outbound({ defer: (run) => deferred.push(run), reconnectBufferSize });
  const sink = new Recorder();
  const endTurn = () => {
    for (const run of deferred.splice(0)) run();
  };
  return { outbound, sink, deferred, endTurn };
}

const send = (outbound: Outbound, subject: string, payload: string | Uint8Array = "") =>
  outbound.publish(subject, payload, undefined, undefined);
const pub = (subject: string, payload = "") => `PUB ${subject} ${payload.length}\r\n${payload}\r\n`;

/** The calls that pass without a microtask in between; what a promise has come to after those under way. */
async function outcome(promise: Promise<void>): Promise<"waiting" | "resolved" | "rejected"> {
  let is: "waiting" | "resolved" | "rejected" = "waiting";
  promise.then(
    () => (is = "resolved"),
    () => (is = "rejected"),
  );
  await new Promise((resolve) => setImmediate(resolve));
  return is;
}

describe("while connected", () => {
  test("what one turn publishes goes out in one write when the turn ends", () => {
    const { outbound, sink, deferred, endTurn } = setUp();
    outbound.release(sink);
    send(outbound, "a", "1");
    outbound.command("SUB b 1");
    outbound.publish("c", "2", "r", new Uint8Array(Buffer.from("NATS/1.0\r\n\r\n")));
    outbound.command("PING");
    expect(sink.writes).toEqual([]);
    expect(deferred).toHaveLength(1);
    endTurn();
    expect(sink.writes).toEqual([
      `${pub("a", "1")}SUB b 1\r\nHPUB c r 12 13\r\nNATS/1.0\r\n\r\n2\r\nPING\r\n`,
    ]);
  });

  test("each turn is another write", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    for (const subject of ["a", "b"]) {
      send(outbound, subject);
      endTurn();
    }
    endTurn();
    expect(sink.writes).toEqual([pub("a"), pub("b")]);
  });

  test("flush does not wait for the end of the turn", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    send(outbound, "a");
    outbound.flush();
    outbound.flush();
    endTurn();
    expect(sink.writes).toEqual([pub("a")]);
  });

  test("a full chunk goes out at once: memory does not grow with what one turn publishes", () => {
    const { outbound, sink, endTurn } = setUp();
    sink.reportsAtOnce = true;
    outbound.release(sink);
    const payload = "x".repeat(1000);
    for (let i = 0; i < 1000; i += 1) send(outbound, "a", payload);
    expect(sink.writes.length).toBeGreaterThan(10);
    expect(outbound.pendingBytes).toBeLessThan(CHUNK_SIZE);
    endTurn();
    expect(sink.text).toBe(pub("a", payload).repeat(1000));
  });

  test("no command lies across two writes", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    for (let i = 0; i < 3000; i += 1) send(outbound, `a.${i}`, "x".repeat(i % 100));
    endTurn();
    for (const write of sink.writes) expect(write).toMatch(/^(PUB a\.\d+ \d+\r\nx*\r\n)+$/);
  });

  test("a message larger than a chunk goes out whole, in its place", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    const large = "x".repeat(3 * CHUNK_SIZE);
    send(outbound, "a", "1");
    send(outbound, "b", large);
    send(outbound, "c", new Uint8Array(Buffer.from(large)));
    send(outbound, "d", "2");
    endTurn();
    expect(sink.text).toBe(pub("a", "1") + pub("b", large) + pub("c", large) + pub("d", "2"));
  });

  test("a payload may be changed once publish has returned", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    for (const size of [3, 3 * CHUNK_SIZE]) {
      const payload = new Uint8Array(size).fill(97);
      send(outbound, "a", payload);
      payload.fill(98);
    }
    endTurn();
    expect(sink.text).not.toContain("b");
  });

  test("a line may be as long as a server accepts: 4,096 bytes, or what the user says", () => {
    const { outbound, sink } = setUp();
    outbound.release(sink);
    const longer = new Outbound({ defer: () => {}, reconnectBufferSize: -1, maxControlLine: 5_000 });
    for (const [one, most] of [
      [outbound, 4_096],
      [longer, 5_000],
    ] as const) {
      // The number of bytes of the payload belongs to the line, and the spaces.
      const subject = "x".repeat(most - " 0".length);
      send(one, subject);
      expect(() => send(one, `${subject}x`)).toThrow(BadWireString);
      one.checkLine(`SUB ${"x".repeat(most)}`);
      expect(() => one.checkLine(`SUB ${"x".repeat(most + 1)}`)).toThrow(BadWireString);
      expect(one.pendingMessages).toBe(1);
    }
  });

  test("a PONG in the middle of a turn does not divide what the turn publishes", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    send(outbound, "a");
    endTurn();
    send(outbound, "b");
    outbound.confirm(outbound.here);
    send(outbound, "c");
    endTurn();
    expect(sink.writes).toEqual([pub("a"), pub("b") + pub("c")]);
  });

  test("a bad name is refused and leaves no trace", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    send(outbound, "ok", "1");
    const before = [outbound.pendingBytes, outbound.pendingMessages, outbound.position, outbound.stats];
    for (const payload of ["x", "x".repeat(2 * CHUNK_SIZE)]) {
      expect(() => send(outbound, "a b", payload)).toThrow(BadWireString);
      expect(() => outbound.publish("a", payload, "r\r\nPING", undefined)).toThrow(BadWireString);
      expect(() => send(outbound, undefined as unknown as string, payload)).toThrow(
        "subject must be a string, not undefined",
      );
    }
    expect([outbound.pendingBytes, outbound.pendingMessages, outbound.position, outbound.stats]).toEqual(
      before,
    );
    send(outbound, "ok", "2");
    endTurn();
    expect(sink.text).toBe(pub("ok", "1") + pub("ok", "2"));
  });

  test("stats count messages with their headers and payload, and no other command", () => {
    const { outbound, sink } = setUp();
    outbound.release(sink);
    send(outbound, "a", "12345");
    outbound.publish("a", "é", "r", new Uint8Array(10));
    outbound.command("PING");
    expect(outbound.stats).toEqual({ outMsgs: 2, outBytes: 17 });
  });
});

describe("back pressure", () => {
  test("a full sink gets nothing more until it has drained, then everything in order", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    sink.hasRoom = false;
    send(outbound, "a");
    endTurn();
    send(outbound, "b");
    outbound.flush();
    endTurn();
    expect(sink.writes).toEqual([pub("a")]);
    sink.hasRoom = true;
    outbound.drained(sink);
    send(outbound, "c");
    endTurn();
    expect(sink.writes).toEqual([pub("a"), pub("b"), pub("c")]);
  });

  test("chunks pile up behind a full sink, and leave one at a time as it drains", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    sink.hasRoom = false;
    const payload = "x".repeat(1000);
    for (let i = 0; i < 500; i += 1) send(outbound, "a", payload);
    endTurn();
    expect(sink.writes).toHaveLength(1);
    for (let drains = 0; outbound.pendingMessages > 0; drains += 1) {
      expect(drains).toBeLessThan(20);
      outbound.drained(sink);
      expect(sink.writes).toHaveLength(drains + 2);
    }
    expect(sink.text).toBe(pub("a", payload).repeat(500));
  });

  test("a drain of a sink that is not in use opens nothing for the one that is", () => {
    const { outbound, sink, endTurn } = setUp();
    const other = new Recorder();
    outbound.release(other);
    outbound.release(sink);
    sink.hasRoom = false;
    send(outbound, "a");
    endTurn();
    send(outbound, "b");
    outbound.drained(other);
    endTurn();
    expect([sink.text, other.text]).toEqual([pub("a"), ""]);
    outbound.drained(sink);
    expect(sink.text).toBe(pub("a") + pub("b"));
  });

  test("while a sink is full, turns end without a call, and what they published goes out in one write", () => {
    const { outbound, sink, deferred, endTurn } = setUp();
    outbound.release(sink);
    sink.hasRoom = false;
    send(outbound, "a");
    endTurn();
    for (const subject of ["b", "c"]) {
      send(outbound, subject);
      expect(deferred).toEqual([]);
    }
    outbound.drained(sink);
    expect(sink.writes).toEqual([pub("a"), pub("b") + pub("c")]);
  });

  test("a drain nobody waited for does no harm", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.drained(sink);
    outbound.release(sink);
    outbound.drained(sink);
    send(outbound, "a");
    outbound.drained(sink);
    endTurn();
    expect(sink.writes).toEqual([pub("a")]);
  });

  test("a forced flush hands over everything, room or not", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    sink.hasRoom = false;
    send(outbound, "a");
    endTurn();
    send(outbound, "b", "x".repeat(2 * CHUNK_SIZE));
    send(outbound, "c");
    outbound.flush(true);
    expect(sink.text).toBe(pub("a") + pub("b", "x".repeat(2 * CHUNK_SIZE)) + pub("c"));
    expect(outbound.pendingMessages).toBe(0);
  });

  test("a chunk is not written to again before the sink has reported it", () => {
    const { outbound, endTurn } = setUp();
    const taken: { chunk: Uint8Array; text: string; written: () => void }[] = [];
    outbound.release({
      isOpen: true,
      write(chunk, written) {
        taken.push({ chunk, text: Buffer.from(chunk).toString("latin1"), written });
        return true;
      },
    });
    for (let round = 0; round < 40; round += 1) {
      for (let i = 0; i < 50; i += 1) send(outbound, `a.${round}`, `${round}`.repeat(300));
      endTurn();
      // Now and then one is reported, and not in order.
      const one = taken.splice((round * 7) % taken.length, 1)[0];
      expect(Buffer.from(one?.chunk ?? []).toString("latin1")).toBe(one?.text);
      one?.written();
    }
    for (const { chunk, text } of taken) expect(Buffer.from(chunk).toString("latin1")).toBe(text);
  });

  test("chunks are used again once reported: memory stays within a few of them", () => {
    const { outbound, endTurn } = setUp();
    const memory = new Set<ArrayBufferLike>();
    let report = () => {};
    outbound.release({
      isOpen: true,
      write(chunk, written) {
        memory.add(chunk.buffer);
        report();
        report = written;
        return true;
      },
    });
    for (let i = 0; i < 5000; i += 1) send(outbound, "a", "x".repeat(1000));
    endTurn();
    expect(memory.size).toBeLessThan(5);
  });

  test("the memory of large messages is used again once reported, and not before", () => {
    const { outbound } = setUp();
    const taken: { chunk: Uint8Array; text: string; written: () => void }[] = [];
    const memory = new Set<ArrayBufferLike>();
    outbound.release({
      isOpen: true,
      write(chunk, written) {
        memory.add(chunk.buffer);
        taken.push({ chunk, text: Buffer.from(chunk).toString("latin1"), written });
        return true;
      },
    });
    for (let i = 0; i < 60; i += 1) {
      send(outbound, "a", `${i % 10}`.repeat(CHUNK_SIZE + (i % 3) * 20_000));
      if (taken.length < 3) continue;
      for (const { chunk, text } of taken) expect(Buffer.from(chunk).toString("latin1")).toBe(text);
      taken.splice(i % 3, 1)[0]?.written();
    }
    expect(memory.size).toBeLessThan(8);
  });

  test("little of the memory of large messages is kept", () => {
    const { outbound } = setUp();
    const written: (() => void)[] = [];
    const memory = new Map<ArrayBufferLike, number>();
    let isSecondTime = false;
    let reused = 0;
    outbound.release({
      isOpen: true,
      write(chunk, done) {
        if (isSecondTime && memory.has(chunk.buffer)) reused += chunk.buffer.byteLength;
        memory.set(chunk.buffer, chunk.buffer.byteLength);
        written.push(done);
        return true;
      },
    });
    const burst = () => {
      for (let i = 0; i < 40; i += 1) send(outbound, "a", "x".repeat(2 * CHUNK_SIZE));
      for (const done of written.splice(0)) done();
    };
    burst();
    isSecondTime = true;
    burst();
    expect(reused).toBeGreaterThan(0);
    expect(reused).toBeLessThanOrEqual(1_048_576);
  });
});

describe("pendingBytes and ready", () => {
  test("bytes are pending until the sink reports them", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    send(outbound, "a", "1");
    expect([outbound.pendingBytes, outbound.handedOver, outbound.pendingMessages]).toEqual([12, 0, 1]);
    endTurn();
    expect([outbound.pendingBytes, outbound.handedOver, outbound.pendingMessages]).toEqual([12, 12, 0]);
    send(outbound, "b");
    expect([outbound.pendingBytes, outbound.position]).toEqual([23, 23]);
    sink.unreported[0]?.();
    sink.unreported[0]?.();
    expect(outbound.pendingBytes).toBe(11);
  });

  test("ready resolves at once while little is pending", async () => {
    const { outbound } = setUp();
    expect(await outcome(outbound.ready(0))).toBe("resolved");
  });

  test("ready resolves when enough was reported as written", async () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    send(outbound, "a", "x".repeat(89));
    endTurn();
    send(outbound, "a", "x".repeat(89));
    endTurn();
    const half = outbound.ready(101);
    const none = outbound.ready(0);
    sink.unreported[0]?.();
    expect([await outcome(half), await outcome(none)]).toEqual(["resolved", "waiting"]);
    sink.report();
    expect(await outcome(none)).toBe("resolved");
  });

  test("ready waits through an outage for what is kept, not for what was lost", async () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    send(outbound, "lost", "x".repeat(1000));
    endTurn();
    const little = outbound.ready(100);
    const nothing = outbound.ready(0);
    send(outbound, "kept");
    outbound.hold();
    expect([await outcome(little), await outcome(nothing)]).toEqual(["resolved", "waiting"]);
    const next = new Recorder();
    outbound.release(next);
    next.report();
    expect(await outcome(nothing)).toBe("resolved");
  });

  test("ready rejects when the stream is closed", async () => {
    const { outbound } = setUp();
    send(outbound, "a");
    const waiting = outbound.ready(0);
    outbound.close();
    await expect(waiting).rejects.toThrow(OutboundClosed);
    await expect(outbound.ready(0)).rejects.toThrow(OutboundClosed);
  });
});

describe("an outage", () => {
  test("what is published before the first connection goes out with it", () => {
    const { outbound, sink, deferred, endTurn } = setUp();
    send(outbound, "a");
    expect(deferred).toEqual([]);
    endTurn();
    expect(outbound.pendingMessages).toBe(1);
    outbound.release(sink);
    expect(sink.writes).toEqual([pub("a")]);
  });

  test("loses what the sink was handed, and keeps everything else in order", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    sink.hasRoom = false;
    send(outbound, "handed.over");
    endTurn();
    send(outbound, "not.yet");
    outbound.hold();
    send(outbound, "meanwhile");
    outbound.command("PING");
    endTurn();
    const next = new Recorder();
    outbound.release(next);
    send(outbound, "afterwards");
    endTurn();
    expect(sink.text).toBe(pub("handed.over"));
    expect(next.writes).toEqual([`${pub("not.yet")}${pub("meanwhile")}PING\r\n`, pub("afterwards")]);
  });

  test("is noticed by the sink before it is told: what waits stays, for the next one", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    send(outbound, "handed.over");
    endTurn();
    sink.isOpen = false;
    send(outbound, "not.yet");
    endTurn();
    outbound.flush(true);
    expect(sink.text).toBe(pub("handed.over"));
    expect(outbound.pendingMessages).toBe(1);
    outbound.hold();
    const next = new Recorder();
    outbound.release(next);
    expect(next.text).toBe(pub("not.yet"));
  });

  test("withdraws a message that waits: it takes no room any more, and never goes out", () => {
    const { outbound, sink } = setUp(200);
    send(outbound, "before");
    const start = outbound.position;
    send(outbound, "withdrawn", "x".repeat(100));
    const end = outbound.position;
    send(outbound, "behind");
    expect(() => send(outbound, "refused", "x".repeat(100))).toThrow(OutboundFull);
    outbound.withdraw(start, end);
    const left = pub("before") + pub("behind");
    expect([outbound.pendingMessages, outbound.pendingBytes]).toEqual([2, left.length]);
    send(outbound, "accepted", "x".repeat(100));
    const next = outbound.position;
    send(outbound, "same.subject");
    outbound.withdraw(next, outbound.position);
    // The encoder copies a subject that it has just written.
    send(outbound, "same.subject");
    outbound.release(sink);
    expect(sink.text).toBe(left + pub("accepted", "x".repeat(100)) + pub("same.subject"));
    sink.report();
    expect(outbound.pendingBytes).toBe(0);
  });

  test("lets go of the memory of what is withdrawn, and of a chunk with little else in it", () => {
    const { outbound, sink } = setUp();
    let kept = "";
    for (let i = 0; i < 4_000; i += 1) {
      const start = outbound.position;
      const isKept = i % 100 === 0;
      send(outbound, isKept ? "kept" : "withdrawn", "x".repeat(1_000));
      if (isKept) kept += pub("kept", "x".repeat(1_000));
      else outbound.withdraw(start, outbound.position);
    }
    expect([outbound.pendingMessages, outbound.pendingBytes]).toEqual([40, kept.length]);
    const memory = new Set<ArrayBufferLike>();
    const text: string[] = [];
    outbound.release({
      isOpen: true,
      write: (chunk) => {
        memory.add(chunk.buffer);
        text.push(Buffer.from(chunk).toString("latin1"));
        return sink.hasRoom;
      },
    });
    expect(text.join("")).toBe(kept);
    const size = [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(size).toBeLessThan(2 * kept.length + 2 * CHUNK_SIZE);
  });

  test.each([
    ["one chunk", 6_000],
    ["several chunks", CHUNK_SIZE + 1_000],
  ])("withdraws from %s in any order, from the middle, the ends, and all of it", (_, large) => {
    const orders = [
      [0, 1, 2, 3, 4],
      [4, 3, 2, 1, 0],
      [2, 0, 4, 1, 3],
      [3, 3, 1, 1, 0],
    ];
    for (const order of orders) {
      for (let count = 0; count <= order.length; count += 1) {
        const { outbound, sink } = setUp();
        const places = [0, 1, 2, 3, 4].map((number) => {
          const start = outbound.position;
          send(outbound, `m.${number}`, "x".repeat(number % 2 === 0 ? 10 : large));
          return [start, outbound.position] as const;
        });
        const gone = new Set(order.slice(0, count));
        for (const number of order.slice(0, count))
          outbound.withdraw(...(places[number] as [number, number]));
        const left = [0, 1, 2, 3, 4].filter((number) => !gone.has(number));
        const text = left
          .map((number) => pub(`m.${number}`, "x".repeat(number % 2 === 0 ? 10 : large)))
          .join("");
        expect([outbound.pendingMessages, outbound.pendingBytes]).toEqual([left.length, text.length]);
        outbound.release(sink);
        expect(sink.text).toBe(text);
      }
    }
  });

  test("withdraws what lies behind a message that was withdrawn from between, and nothing where none begins", () => {
    const { outbound, sink } = setUp();
    const withdrawn = (subject: string, size: number) => {
      const start = outbound.position;
      send(outbound, subject, "x".repeat(size));
      outbound.withdraw(start, outbound.position);
    };
    outbound.command("PING");
    send(outbound, "stays");
    outbound.withdraw(0, "PING\r\n".length);
    withdrawn("large", 2 * CHUNK_SIZE);
    withdrawn("small", 10);
    expect([outbound.pendingMessages, outbound.pendingBytes]).toEqual([1, `PING\r\n${pub("stays")}`.length]);
    outbound.release(sink);
    expect(sink.text).toBe(`PING\r\n${pub("stays")}`);
  });

  test("withdraws a PING that nobody waits for, which is no message", () => {
    const ping = { answered: () => {} };
    const { outbound, sink } = setUp();
    outbound.ping(ping);
    send(outbound, "stays");
    outbound.withdrawPing(ping);
    expect([outbound.pendingMessages, outbound.pendingBytes]).toEqual([1, pub("stays").length]);
    outbound.release(sink);
    outbound.hold();
    outbound.ping(ping);
    outbound.withdrawPing(ping);
    const next = new Recorder();
    outbound.release(next);
    expect([sink.text, next.writes]).toEqual([pub("stays"), []]);
  });

  test("memory out of which something was withdrawn is not written to before all the rest is reported", () => {
    const { outbound, endTurn } = setUp();
    send(outbound, "first");
    const start = outbound.position;
    send(outbound, "withdrawn");
    outbound.withdraw(start, outbound.position);
    send(outbound, "last");
    const taken: { chunk: Uint8Array; text: string }[] = [];
    outbound.release({
      isOpen: true,
      write: (chunk, written) => {
        const text = Buffer.from(chunk).toString("latin1");
        if (text === pub("last")) taken.push({ chunk, text });
        else written();
        return true;
      },
    });
    for (let i = 0; i < 500; i += 1) send(outbound, "more", "x".repeat(1_000));
    endTurn();
    expect(taken.map(({ chunk }) => Buffer.from(chunk).toString("latin1"))).toEqual([pub("last")]);
  });

  test("withdraws what waits behind a full sink, also if what lay before the last withdrawal has gone out", () => {
    const { outbound, sink } = setUp();
    const ends = ["first", "second", "third"].map((subject) => {
      send(outbound, subject, "x".repeat(CHUNK_SIZE));
      return outbound.position;
    }) as [number, number, number];
    outbound.withdraw(ends[0], ends[1]);
    sink.hasRoom = false;
    outbound.release(sink);
    outbound.withdraw(ends[1], ends[2]);
    outbound.flush(true);
    expect(sink.text).toBe(pub("first", "x".repeat(CHUNK_SIZE)));
  });

  test("a message that belongs to one connection waits for no other: it is withdrawn when that is lost", () => {
    const { outbound, sink } = setUp();
    outbound.release(sink);
    sink.hasRoom = false;
    send(outbound, "handed.over");
    outbound.flush();
    send(outbound, "before");
    const start = outbound.position;
    send(outbound, "of.this.one");
    outbound.bind(start, outbound.position);
    outbound.command("SUB a 1");
    send(outbound, "behind");
    outbound.hold();
    expect(outbound.waiting).toEqual({ messages: 2, bytes: (pub("before") + pub("behind")).length });
    const next = new Recorder();
    outbound.release(next);
    expect(next.text).toBe(pub("before") + pub("behind"));
  });

  test("nothing that belongs to one connection leaves what follows alone", () => {
    const { outbound, sink } = setUp();
    outbound.release(sink);
    const start = outbound.position;
    outbound.bind(start, start);
    send(outbound, "behind");
    outbound.hold();
    expect(outbound.pendingMessages).toBe(1);
  });

  test("what a sink had that was lost stays told, however often the gate is shut", () => {
    const { outbound, sink } = setUp();
    outbound.release(sink);
    send(outbound, "lost");
    outbound.flush();
    outbound.hold();
    outbound.hold();
    const { length } = pub("lost");
    expect(outbound.loss).toEqual({ from: 0, to: length, unconfirmed: { messages: 1, bytes: length } });
    const next = new Recorder();
    outbound.release(next);
    send(outbound, "lost.too");
    outbound.flush();
    outbound.hold();
    expect([outbound.since, outbound.loss.from, outbound.loss.unconfirmed.messages]).toEqual([
      length,
      length,
      1,
    ]);
  });

  test("tells whoever waits until it is ready that a withdrawn message takes no room any more", async () => {
    const { outbound } = setUp();
    send(outbound, "withdrawn");
    const ready = outbound.ready(0);
    outbound.withdraw(0, outbound.position);
    expect(await outcome(ready)).toBe("resolved");
  });

  describe("takes back what is beyond the limits of a server:", () => {
    const block = Buffer.from("NATS/1.0\r\nk: v\r\n\r\n");

    function filled() {
      const all = setUp();
      send(all.outbound, "fits", "x".repeat(100));
      send(all.outbound, "too.large", "x".repeat(101));
      all.outbound.command("PING");
      all.outbound.publish("with.headers", "x\r\nPUB no 1000\r\n", "PUB.reply", block);
      all.outbound.publish("large.with.headers", "x".repeat(100), undefined, block);
      send(all.outbound, "in.its.own.chunk", "x".repeat(100_000));
      send(all.outbound, "fits.too");
      return all;
    }

    const subjectsOf = (text: string) =>
      [...text.matchAll(/^H?PUB (\S+)(?= .*\r\n)/gm)].map((match) => match[1]);

    test("its largest message, headers included", () => {
      const { outbound, sink } = filled();
      const beyond = outbound.withdrawBeyond({ maxPayload: 100, headers: true });
      expect(beyond.map(({ subject, size, hasHeaders }) => [subject, size, hasHeaders])).toEqual([
        ["too.large", 101, false],
        ["large.with.headers", 118, true],
        ["in.its.own.chunk", 100_000, false],
      ]);
      const kept = "HPUB with.headers PUB.reply 18 34\r\nNATS/1.0\r\nk: v\r\n\r\nx\r\nPUB no 1000\r\n\r\n";
      const left = `${pub("fits", "x".repeat(100))}PING\r\n${kept}${pub("fits.too")}`;
      expect([outbound.pendingMessages, outbound.pendingBytes]).toEqual([3, left.length]);
      outbound.release(sink);
      expect(sink.text).toBe(left);
    });

    test("messages with headers, where it knows none", () => {
      const { outbound, sink } = filled();
      const beyond = outbound.withdrawBeyond({ maxPayload: 1_000_000, headers: false });
      expect(beyond.map(({ subject }) => subject)).toEqual(["with.headers", "large.with.headers"]);
      outbound.release(sink);
      expect(subjectsOf(sink.text)).toEqual(["fits", "too.large", "in.its.own.chunk", "fits.too"]);
    });

    test("and tells it apart: what no sink was handed, and what one was that is lost", () => {
      const outbound = new Outbound({ defer: () => {}, reconnectBufferSize: -1, unconfirmed: "resend" });
      const sink = new Recorder();
      outbound.release(sink);
      send(outbound, "handed.over", "x".repeat(20));
      outbound.flush();
      outbound.hold();
      send(outbound, "waits", "x".repeat(20));
      send(outbound, "fits");
      outbound.withdrawBeyond({ maxPayload: 19, headers: true });
      const { unsent, unconfirmed } = outbound.takeLost();
      expect(unsent).toEqual({ messages: 1, bytes: pub("waits", "x".repeat(20)).length });
      expect(unconfirmed).toEqual({ messages: 1, bytes: pub("handed.over", "x".repeat(20)).length });
      expect(outbound.waiting.messages).toBe(1);
    });

    test("none twice, and none that was taken back or handed over before", () => {
      const { outbound, sink, endTurn } = setUp();
      outbound.release(sink);
      send(outbound, "gone", "x".repeat(20));
      endTurn();
      outbound.hold();
      send(outbound, "fits");
      const start = outbound.position;
      send(outbound, "given.up", "x".repeat(20));
      outbound.withdraw(start, outbound.position);
      const next = outbound.position;
      send(outbound, "beyond", "x".repeat(20));
      const limits = { maxPayload: 19, headers: true };
      expect(outbound.withdrawBeyond(limits).map(({ subject }) => subject)).toEqual(["beyond"]);
      expect(outbound.withdrawBeyond(limits)).toEqual([]);
      outbound.withdraw(next, outbound.position);
      expect(outbound.pendingMessages).toBe(1);
      expect(outbound.withdrawBeyond({ maxPayload: 20, headers: true })).toEqual([]);
    });
  });

  test("takes nothing back that was handed over, or after the end", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    send(outbound, "gone");
    const end = outbound.position;
    endTurn();
    outbound.withdraw(0, end);
    expect([sink.text, outbound.unconfirmed.messages]).toEqual([pub("gone"), 1]);
    outbound.close();
    outbound.withdraw(end, end + 11);
    expect(outbound.pendingMessages).toBe(0);
  });

  test("between two sinks nothing is limited; without one it is again", () => {
    const { outbound, sink } = setUp(0);
    outbound.release(sink);
    outbound.pause();
    send(outbound, "kept");
    outbound.hold();
    expect(() => send(outbound, "refused")).toThrow(OutboundFull);
    const next = new Recorder();
    outbound.release(next);
    outbound.hold();
    expect(() => send(outbound, "refused")).toThrow(OutboundFull);
    expect(next.text).toBe(pub("kept"));
  });

  test("between two sinks what the first was handed still counts, and it may go on", () => {
    const { outbound, sink } = setUp();
    outbound.release(sink);
    send(outbound, "first");
    outbound.flush();
    outbound.pause();
    send(outbound, "second");
    expect([outbound.pendingMessages, outbound.unconfirmed.messages]).toEqual([1, 1]);
    expect(outbound.pendingBytes).toBe(outbound.position);
    outbound.release(sink);
    expect(sink.text).toBe(pub("first") + pub("second"));
    expect([outbound.unconfirmed.messages, outbound.pendingBytes]).toEqual([2, outbound.position]);
    outbound.pause();
    sink.report();
    expect([outbound.unconfirmed.messages, outbound.pendingBytes]).toEqual([2, 0]);
  });

  test.each([
    ["", true],
    [", also if something waited", false],
  ])(
    "between two sinks a subscription of the first is its own still: no other one gets it again%s",
    (_, hasRoom) => {
      const outbound = new Outbound({ defer: () => {}, reconnectBufferSize: -1, unconfirmed: "resend" });
      const sink = new Recorder();
      sink.hasRoom = hasRoom;
      outbound.release(sink);
      outbound.command("SUB a 1");
      send(outbound, "first");
      outbound.flush();
      if (!hasRoom) send(outbound, "second");
      outbound.pause();
      if (hasRoom) send(outbound, "second");
      outbound.hold();
      const next = new Recorder();
      outbound.release(next);
      expect(next.text).toBe(pub("first") + pub("second"));
    },
  );

  test("between two sinks what the first was handed is lost with it, as another is released or none", () => {
    const ends = [
      (outbound: Outbound) => outbound.release(new Recorder()),
      (outbound: Outbound) => outbound.hold(),
    ];
    for (const end of ends) {
      const { outbound, sink } = setUp();
      outbound.release(sink);
      send(outbound, "lost");
      outbound.flush();
      outbound.pause();
      expect(outbound.unconfirmed.messages).toBe(1);
      end(outbound);
      expect([outbound.unconfirmed.messages, outbound.loss.unconfirmed.messages]).toEqual([0, 1]);
      expect(outbound.pendingBytes).toBe(0);
      sink.report();
      expect(outbound.pendingBytes).toBe(0);
    }
  });

  test("a pause while there is one, or while there is no sink, changes nothing", () => {
    const { outbound, sink } = setUp(0);
    outbound.pause();
    expect(() => send(outbound, "refused")).toThrow(OutboundFull);
    outbound.release(sink);
    send(outbound, "first");
    outbound.flush();
    outbound.pause();
    outbound.pause();
    send(outbound, "second");
    expect([outbound.unconfirmed.messages, outbound.waiting.messages]).toEqual([1, 1]);
    outbound.hold();
    expect([outbound.unconfirmed.messages, outbound.waiting.messages]).toEqual([0, 1]);
    sink.report();
    expect([outbound.waiting.messages, outbound.pendingBytes]).toEqual([1, pub("second").length]);
  });

  test("a sink that was full before a pause gets no more until it says that it has room", () => {
    const { outbound, sink } = setUp();
    outbound.release(sink);
    sink.hasRoom = false;
    send(outbound, "first");
    outbound.flush();
    outbound.pause();
    send(outbound, "second");
    outbound.release(sink);
    expect(sink.text).toBe(pub("first"));
    outbound.pause();
    outbound.drained(sink);
    outbound.release(sink);
    expect(sink.text).toBe(pub("first") + pub("second"));
  });

  test("tells by its position whether a PING was lost", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    sink.hasRoom = false;
    outbound.command("PING");
    const first = outbound.position;
    endTurn();
    outbound.command("PING");
    const second = outbound.position;
    outbound.hold();
    expect([first <= outbound.handedOver, second <= outbound.handedOver]).toEqual([true, false]);
    outbound.release(new Recorder());
    outbound.hold();
    expect(second <= outbound.handedOver).toBe(true);
  });

  test("a late report of the lost sink does no harm: its memory is never written to again", () => {
    const { outbound, endTurn } = setUp();
    const taken: { chunk: Uint8Array; text: string; written: () => void }[] = [];
    outbound.release({
      isOpen: true,
      write(chunk, written) {
        taken.push({ chunk, text: Buffer.from(chunk).toString("latin1"), written });
        return true;
      },
    });
    for (let i = 0; i < 300; i += 1) send(outbound, "old", "o".repeat(1000));
    endTurn();
    outbound.hold();
    const next = new Recorder();
    next.reportsAtOnce = true;
    outbound.release(next);
    const pending = outbound.pendingBytes;
    for (const { written } of taken) written();
    expect(outbound.pendingBytes).toBe(pending);
    for (let i = 0; i < 1000; i += 1) send(outbound, "new", "n".repeat(1000));
    endTurn();
    for (const { chunk, text } of taken) expect(Buffer.from(chunk).toString("latin1")).toBe(text);
    expect(next.text).toBe(pub("new", "n".repeat(1000)).repeat(1000));
  });

  test("SUB and UNSUB are not for the next connection, which begins with all subscriptions anyway", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    sink.hasRoom = false;
    outbound.command("SUB sent 1");
    endTurn();
    send(outbound, "a");
    outbound.command("SUB waiting queue 2");
    send(outbound, "b");
    outbound.command("UNSUB 2");
    outbound.command("PING");
    const { position } = outbound;
    outbound.hold();
    outbound.command("SUB meanwhile 3");
    outbound.command("UNSUB 3");
    expect(outbound.position).toBe(position);
    const next = new Recorder();
    outbound.release(next);
    // A server ignores an UNSUB of a number that it does not know.
    expect(next.text.replace(/UNSUB 0 *\r\n/g, "")).toBe(`${pub("a")}${pub("b")}PING\r\n`);
    expect(outbound.handedOver).toBe(position);
  });

  test("a SUB that has gone out leaves no memory behind", () => {
    const gc = exposedGc();
    const { outbound } = setUp();
    outbound.release({
      isOpen: true,
      write: (_chunk, written) => {
        written();
        return true;
      },
    });
    const round = () => {
      outbound.command("SUB a 1");
      outbound.flush();
    };
    for (let i = 0; i < 1_000; i++) round();
    gc();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 500_000; i++) round();
    gc();
    // Two numbers for each.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(2_000_000);
  });

  test("every waiting SUB and UNSUB is voided, whatever lies between", () => {
    const { outbound, sink } = setUp();
    outbound.release(sink);
    sink.hasRoom = false;
    outbound.command("PING");
    outbound.flush();
    let expected = "";
    for (let i = 1; i <= 400; i += 1) {
      outbound.command(`SUB s.${i} ${i}`);
      const payload = "x".repeat((i * 37) % 9000);
      send(outbound, `p.${i}`, payload);
      expected += pub(`p.${i}`, payload);
      if (i % 3 === 0) outbound.command(`UNSUB ${i} 5`);
    }
    outbound.hold();
    const next = new Recorder();
    outbound.release(next);
    expect(next.text.replace(/UNSUB 0 *\r\n/g, "")).toBe(expected);
  });

  test("a second release without a hold between takes the first sink for lost", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    send(outbound, "a");
    const next = new Recorder();
    outbound.release(next);
    sink.report();
    send(outbound, "b");
    endTurn();
    expect([sink.text, next.text]).toEqual(["", pub("a") + pub("b")]);
  });

  test("a sink that is lost while it is written to gets no more", () => {
    const { outbound, endTurn } = setUp();
    const writes: string[] = [];
    outbound.release({
      isOpen: true,
      write(chunk) {
        writes.push(Buffer.from(chunk).toString("latin1"));
        outbound.hold();
        return false;
      },
    });
    send(outbound, "a");
    send(outbound, "b", "x".repeat(2 * CHUNK_SIZE));
    endTurn();
    const next = new Recorder();
    outbound.release(next);
    send(outbound, "c");
    endTurn();
    expect([writes.join(""), next.text]).toEqual([pub("a"), pub("b", "x".repeat(2 * CHUNK_SIZE)) + pub("c")]);
  });
});

describe("the reconnect buffer", () => {
  test("accepts up to its size, to the byte", () => {
    const { outbound } = setUp(24);
    send(outbound, "a", "1");
    send(outbound, "a", "2");
    expect(outbound.pendingBytes).toBe(24);
    expect(() => send(outbound, "a")).toThrow(OutboundFull);
  });

  test("refuses what does not fit, says so, and keeps no trace of it", () => {
    const { outbound, sink } = setUp(100);
    send(outbound, "a", "kept");
    const before = [outbound.pendingBytes, outbound.pendingMessages, outbound.position, outbound.stats];
    for (const size of [100, 10_000, 10_000_000]) {
      expect(() => send(outbound, "a", new Uint8Array(size))).toThrow("15 of 100 bytes are taken");
      expect(() => send(outbound, "a", "x".repeat(size))).toThrow(OutboundFull);
    }
    expect([outbound.pendingBytes, outbound.pendingMessages, outbound.position, outbound.stats]).toEqual(
      before,
    );
    outbound.release(sink);
    expect(sink.text).toBe(pub("a", "kept"));
  });

  test("of size 0 refuses every message", () => {
    const { outbound, sink, endTurn } = setUp(0);
    expect(() => send(outbound, "a")).toThrow("no room for the message: nothing is kept");
    outbound.command("PING");
    outbound.release(sink);
    send(outbound, "a");
    endTurn();
    expect(sink.text).toBe(`PING\r\n${pub("a")}`);
  });

  test("of size -1 accepts everything", () => {
    const { outbound, sink } = setUp(-1);
    for (let i = 0; i < 2000; i += 1) send(outbound, "a", "x".repeat(10_000));
    expect(outbound.pendingMessages).toBe(2000);
    outbound.release(sink);
    expect(sink.text).toBe(pub("a", "x".repeat(10_000)).repeat(2000));
  });

  test("counts what waited when the connection was lost, and drops none of it", () => {
    const { outbound, sink, endTurn } = setUp(50);
    outbound.release(sink);
    sink.hasRoom = false;
    send(outbound, "a");
    endTurn();
    send(outbound, "b", "x".repeat(100));
    outbound.hold();
    expect(() => send(outbound, "c")).toThrow(OutboundFull);
    const next = new Recorder();
    outbound.release(next);
    expect(next.text).toBe(pub("b", "x".repeat(100)));
  });

  test("takes hardly more memory than its messages, whatever their size", () => {
    for (const sizes of [[10], [1000], [5000], [10, 9000], [40_000], [10, 200_000]]) {
      const { outbound } = setUp(-1);
      const payloads = sizes.map((size) => new Uint8Array(size));
      const before = process.memoryUsage().arrayBuffers;
      while (outbound.pendingBytes < 20_000_000) for (const payload of payloads) send(outbound, "a", payload);
      const taken = process.memoryUsage().arrayBuffers - before;
      expect(taken / outbound.pendingBytes, `payloads of ${sizes}`).toBeLessThan(1.1);
      outbound.dispose();
    }
  });
});

describe("in the last phase of a drain", () => {
  test("no message is accepted, not even into a chunk of its own; what was accepted and a PING go out", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    outbound.checkAccepting();
    send(outbound, "a");
    outbound.finish();
    outbound.finish();
    const before = [outbound.pendingBytes, outbound.pendingMessages, outbound.position, outbound.stats];
    expect(outbound.sink).toBe(sink);
    expect(() => outbound.checkAccepting()).toThrow(OutboundFinishing);
    for (const size of [0, 2 * CHUNK_SIZE]) {
      expect(() => send(outbound, "b", "x".repeat(size))).toThrow(OutboundFinishing);
    }
    expect([outbound.pendingBytes, outbound.pendingMessages, outbound.position, outbound.stats]).toEqual(
      before,
    );
    outbound.command("PING");
    endTurn();
    expect(sink.text).toBe(`${pub("a")}PING\r\n`);
    sink.report();
    expect([outbound.pendingBytes, outbound.pendingMessages]).toEqual([0, 0]);
  });

  test("a full sink gets the rest as it drains", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    sink.hasRoom = false;
    send(outbound, "a");
    endTurn();
    send(outbound, "b");
    outbound.finish();
    expect(sink.text).toBe(pub("a"));
    outbound.drained(sink);
    expect(sink.text).toBe(pub("a") + pub("b"));
  });

  test("a pause and another sink change nothing", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    outbound.finish();
    outbound.pause();
    const next = new Recorder();
    outbound.release(next);
    expect(outbound.sink).toBe(sink);
    expect(() => send(outbound, "a")).toThrow(OutboundFinishing);
    outbound.command("PING");
    endTurn();
    expect([sink.text, next.text]).toEqual(["PING\r\n", ""]);
  });

  test("that begins between two sinks, the first one gets what was accepted meanwhile", () => {
    const { outbound, sink } = setUp();
    outbound.release(sink);
    outbound.pause();
    expect(outbound.sink).toBeNull();
    send(outbound, "a");
    outbound.finish();
    expect(() => send(outbound, "b")).toThrow(OutboundFinishing);
    expect([outbound.sink, sink.text]).toEqual([sink, pub("a")]);
  });

  test.each([
    ["that begins without a sink", false],
    ["that loses its sink", true],
  ])("%s, the stream is closed: nothing is accepted that nobody would get", async (_, hasSink) => {
    const { outbound, sink, endTurn } = setUp();
    if (hasSink) outbound.release(sink);
    sink.isOpen = false;
    send(outbound, "a");
    const ready = outbound.ready(0);
    outbound.finish();
    if (hasSink) outbound.hold();
    expect(await outcome(ready)).toBe("rejected");
    expect(() => send(outbound, "b")).toThrow(OutboundClosed);
    outbound.release(new Recorder());
    endTurn();
    expect([outbound.sink, outbound.pendingMessages]).toEqual([null, 1]);
  });

  test("a sink that is lost takes what it was handed with it: it stays unconfirmed", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    send(outbound, "a");
    endTurn();
    outbound.finish();
    outbound.hold();
    expect([outbound.pendingBytes, outbound.unconfirmed.messages]).toEqual([0, 1]);
    sink.report();
    expect([outbound.pendingBytes, outbound.unconfirmed.messages]).toEqual([0, 1]);
  });
});

describe("after close", () => {
  test("nothing is accepted and nothing is handed over, but what waits is still counted", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    send(outbound, "a");
    outbound.close();
    outbound.close();
    endTurn();
    const waiting = pub("a").length;
    expect([outbound.pendingBytes, outbound.pendingMessages]).toEqual([waiting, 1]);
    expect(() => outbound.checkAccepting()).toThrow(OutboundClosed);
    expect(() => send(outbound, "a")).toThrow(OutboundClosed);
    outbound.command("PING");
    outbound.release(sink);
    outbound.finish();
    outbound.pause();
    outbound.hold();
    outbound.drained(sink);
    outbound.flush(true);
    endTurn();
    expect([outbound.sink, sink.writes]).toEqual([null, []]);
    expect([outbound.pendingBytes, outbound.pendingMessages]).toEqual([waiting, 1]);
    expect(() => send(outbound, "a")).toThrow(OutboundClosed);
    expect(outbound.stats).toEqual({ outMsgs: 1, outBytes: 0 });
  });

  test.each<[string, (outbound: Outbound, sink: Sink) => void]>([
    ["a sink", (outbound, sink) => outbound.release(sink)],
    ["the last phase of a drain", (outbound) => outbound.finish()],
    ["a pause", (outbound) => outbound.pause()],
    ["a lost sink", (outbound) => outbound.hold()],
    ["another end", (outbound) => outbound.close()],
  ])("%s changes nothing", (_, happens) => {
    const { outbound, sink } = setUp();
    outbound.release(sink);
    outbound.close();
    happens(outbound, sink);
    expect(outbound.sink).toBeNull();
    expect(() => outbound.checkAccepting()).toThrow(OutboundClosed);
  });

  test("a PING fails at once, where anybody waits for it", () => {
    const { outbound } = setUp();
    outbound.close();
    const why: string[] = [];
    outbound.ping({ answered: () => why.push("answered"), failed: (reason) => why.push(reason) });
    outbound.ping({ answered: () => why.push("answered") });
    expect([why, outbound.position]).toEqual([["closed"], 0]);
  });

  test.each(["open", "paused", "finishing"])(
    "what a sink was handed while %s counts until it reports",
    (gate) => {
      const { outbound, sink, endTurn } = setUp();
      outbound.release(sink);
      send(outbound, "a");
      endTurn();
      send(outbound, "b");
      endTurn();
      if (gate === "paused") outbound.pause();
      if (gate === "finishing") outbound.finish();
      outbound.close();
      expect(outbound.pendingBytes).toBe(2 * pub("a").length);
      sink.unreported[0]?.();
      sink.unreported[0]?.();
      expect(outbound.pendingBytes).toBe(pub("b").length);
      sink.report();
      expect([outbound.pendingBytes, outbound.unconfirmed.messages]).toEqual([0, 2]);
    },
  );

  test("a request that gives up takes its message back", () => {
    const { outbound } = setUp();
    send(outbound, "a");
    outbound.close();
    outbound.withdraw(0, outbound.position);
    expect(outbound.pendingMessages).toBe(0);
  });

  test("and dispose, nothing is counted, and a late report changes nothing", () => {
    const { outbound, sink, endTurn } = setUp();
    outbound.release(sink);
    send(outbound, "a");
    endTurn();
    send(outbound, "b");
    outbound.close();
    outbound.dispose();
    const counts = () => [outbound.pendingBytes, outbound.pendingMessages];
    expect(counts()).toEqual([0, 0]);
    sink.report();
    outbound.dispose();
    expect(counts()).toEqual([0, 0]);
    expect(() => send(outbound, "a")).toThrow(OutboundClosed);
  });

  test("dispose alone closes, too", async () => {
    const { outbound } = setUp();
    send(outbound, "a");
    const ready = outbound.ready(0);
    outbound.dispose();
    expect(await outcome(ready)).toBe("rejected");
    expect(() => send(outbound, "a")).toThrow(OutboundClosed);
  });
});
