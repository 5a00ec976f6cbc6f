// What an outbound stream does with the server's word: how it asks for PONGs, and how much it hands over before they come.

import { describe, expect, test } from "vitest";
import { CHUNK_SIZE } from "../../src/effects/chunks.js";
import { Outbound, type OutboundOptions } from "../../src/effects/outbound.js";
import type { Ping } from "../../src/effects/pings.js";
import type { Sink } from "../../src/effects/sink.js";

/** An outbound stream that asks for PONGs, what it asked and handed over, and the timers that run. */
function scene(options: Partial<OutboundOptions> = {}) {
  const asked: (() => void)[] = [];
  const pinged: Ping[] = [];
  const timers = new Map<object, () => void>();
  const outbound = new Outbound({
    defer: () => {},
    reconnectBufferSize: -1,
    wire: {
      pinged: (_sink, ping) => void pinged.push(ping),
      ping: (answered) => void asked.push(answered),
      startTimer: (_ms, fired) => {
        const timer = {};
        timers.set(timer, fired);
        return timer;
      },
      stopTimer: (timer) => void timers.delete(timer),
    },
    ...options,
  });
  const memory = new Set<ArrayBufferLike>();
  const written: string[] = [];
  const sink: Sink = {
    isOpen: true,
    write: (chunk, done) => {
      memory.add(chunk.buffer);
      written.push(Buffer.from(chunk).toString("latin1"));
      done();
      return true;
    },
  };
  const send = (subject: string, size = 0) => {
    outbound.publish(subject, "x".repeat(size), undefined, undefined);
    outbound.flush();
  };
  const fireAll = () => {
    for (const [timer, fired] of timers) {
      timers.delete(timer);
      fired();
    }
  };
  return { outbound, sink, asked, pinged, timers, memory, written, send, fireAll };
}

describe("the server is asked what it has", () => {
  test("a while after something was handed over, unless it has confirmed all of it by then", () => {
    const { outbound, sink, asked, send, fireAll } = scene();
    outbound.release(sink);
    send("a");
    outbound.confirm(outbound.here);
    fireAll();
    expect(asked).toHaveLength(0);
    send("b");
    fireAll();
    expect(asked).toHaveLength(1);
  });

  test("never for a sink that was lost while it was written to", () => {
    const { outbound, timers, send } = scene();
    outbound.release({
      isOpen: true,
      write: () => {
        outbound.hold();
        return true;
      },
    });
    send("a");
    expect(timers.size).toBe(0);
  });

  test("at once where nothing more is handed over before it answers", () => {
    const { outbound, sink, asked, send } = scene({ unconfirmed: "resend", reconnectBufferSize: 100 });
    outbound.release(sink);
    send("a", 50);
    expect(asked).toHaveLength(0);
    send("b", 50);
    expect(asked).toHaveLength(1);
  });
});

describe("what is kept to be sent once more", () => {
  test.each([
    [0, 1],
    ["PUB a 0\r\n\r\n".length, 1],
    ["PUB a 0\r\n\r\n".length + 1, 2],
  ])("takes %i bytes, and at least one message: %i go out before a PONG", (reconnectBufferSize, count) => {
    const { outbound, sink, written, send } = scene({ unconfirmed: "resend", reconnectBufferSize });
    outbound.release(sink);
    for (let i = 0; i < 5; i++) send("a");
    expect(written).toHaveLength(count);
    outbound.confirm(outbound.here);
    expect(written.length).toBeGreaterThan(count);
  });

  test("is let go of once it is confirmed: its memory is used again", () => {
    const { outbound, sink, memory, send } = scene({ unconfirmed: "resend" });
    outbound.release(sink);
    for (let i = 0; i < 50; i++) {
      send("a", CHUNK_SIZE / 2);
      outbound.confirm(outbound.here);
    }
    expect(memory.size).toBeLessThan(5);
  });

  test("belongs to the sink that it goes to next, also where the one before was left and not lost", () => {
    const { outbound, sink, send } = scene({ unconfirmed: "resend" });
    outbound.release(sink);
    send("confirmed");
    outbound.confirm(outbound.here);
    const start = outbound.position;
    send("again");
    outbound.pause();
    outbound.release({ isOpen: true, write: () => true });
    expect([outbound.since, outbound.handedOver]).toEqual([start, outbound.position]);
  });

  test("is told apart from what no sink was ever handed, also in the pieces that a withdrawal leaves", () => {
    const { outbound, sink } = scene({ unconfirmed: "resend" });
    outbound.release(sink);
    const send = (subject: string) => outbound.publish(subject, "", undefined, undefined);
    send("first");
    const start = outbound.position;
    send("given.up");
    const end = outbound.position;
    send("last");
    outbound.flush();
    outbound.hold();
    outbound.withdraw(start, end);
    // It takes one piece, and is full.
    outbound.release({ isOpen: true, write: () => false });
    send("new");
    expect([outbound.repeated.messages, outbound.waiting.messages]).toEqual([1, 1]);
  });
});

test("a PING that is on the wire when the stream ends fails as its socket says, where anybody waits for it", () => {
  const { outbound, sink, pinged } = scene();
  outbound.release(sink);
  const why: string[] = [];
  outbound.ping({ answered: () => why.push("answered"), failed: (reason) => why.push(reason) });
  outbound.ping({ answered: () => why.push("answered") });
  outbound.flush();
  outbound.close();
  for (const { failed } of pinged) failed?.("disconnected");
  expect([pinged.length, why]).toEqual([2, ["disconnected"]]);
});
