// Who gets which PONG: over one socket, and for PINGs that wait in the outbound stream.

import { describe, expect, it } from "vitest";
import { Pongs, WaitingPings } from "../../src/effects/pings.js";
import type { Mark } from "../../src/effects/unconfirmed.js";
import { exposedGc } from "../harness/held.js";

function recorded() {
  const log: string[] = [];
  const ping = (name: string, outlives = false) => ({
    answered: () => void log.push(`${name} answered`),
    failed: (why: string) => void log.push(`${name} ${why}`),
    outlives,
  });
  const confirm = (mark: Mark) => void log.push(`confirmed ${mark.position}`);
  return { log, ping, confirm };
}

const mark = (position: number): Mark => ({ position, messages: 0, bytes: 0 });

describe("PONGs of a socket", () => {
  it("answer PINGs in the order of the wire", () => {
    const { log, ping, confirm } = recorded();
    const pongs = new Pongs();
    pongs.add(ping("first"));
    pongs.add(ping("second"));
    pongs.answer(confirm);
    expect(log).toEqual(["first answered"]);
    pongs.answer(confirm);
    expect(log).toEqual(["first answered", "second answered"]);
  });

  it("confirm what their PING stands for, before anybody is told", () => {
    const { log, ping, confirm } = recorded();
    const pongs = new Pongs();
    pongs.add(ping("flush"), mark(12));
    pongs.answer(confirm);
    expect(log).toEqual(["confirmed 12", "flush answered"]);
  });

  it("that nobody asked for are ignored", () => {
    const { log, confirm } = recorded();
    new Pongs().answer(confirm);
    expect(log).toEqual([]);
  });

  it("leave no memory behind, also where a PING is always under way", () => {
    const gc = exposedGc();
    const pongs = new Pongs();
    const ping = { answered: () => {} };
    pongs.add(ping);
    const round = () => {
      pongs.add(ping);
      pongs.answer(() => {});
    };
    for (let i = 0; i < 1_000; i++) round();
    gc();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 3_000_000; i++) round();
    gc();
    // Eight bytes for each, and more, were kept before.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(8_000_000);
    let answered = 0;
    pongs.add({ answered: () => void answered++ });
    pongs.answer(() => {});
    expect(answered).toBe(0);
    pongs.answer(() => {});
    expect(answered).toBe(1);
  });

  it("never come once the socket is gone", () => {
    const { log, ping, confirm } = recorded();
    const pongs = new Pongs();
    pongs.add(ping("a"), mark(1));
    pongs.add({ answered: () => void log.push("chart answered") });
    expect(pongs.isAwaited).toBe(true);
    pongs.fail("disconnected");
    pongs.answer(confirm);
    expect([log, pongs.isAwaited]).toEqual([["a disconnected"], false]);
  });

  it("that have come are awaited no more, also once the socket is gone", () => {
    const { log, ping, confirm } = recorded();
    const pongs = new Pongs();
    for (let i = 0; i < 200; i++) pongs.add(ping(`${i}`));
    for (let i = 0; i < 199; i++) pongs.answer(confirm);
    expect(pongs.isAwaited).toBe(true);
    pongs.fail("closed");
    expect(log).toEqual([...Array.from({ length: 199 }, (_, i) => `${i} answered`), "199 closed"]);
  });
});

describe("PINGs in the outbound stream", () => {
  it("are on the wire once the stream is handed over that far, in order", () => {
    const { log, ping } = recorded();
    const waiting = new WaitingPings();
    const takeUpTo = (position: number) => waiting.takeUpTo(position).map((placed) => placed.position);
    waiting.add(ping("a"), 10);
    waiting.add(ping("b"), 20);
    waiting.add(ping("c"), 30);
    expect(takeUpTo(9)).toEqual([]);
    expect(takeUpTo(25)).toEqual([10, 20]);
    expect(takeUpTo(30)).toEqual([30]);
    expect(takeUpTo(1_000)).toEqual([]);
    expect(log).toEqual([]);
  });

  it("are withdrawn one at a time, where they still wait", () => {
    const { ping } = recorded();
    const waiting = new WaitingPings();
    const [first, second, other] = [ping("first"), ping("second"), ping("other")];
    waiting.add(first, 10);
    waiting.add(second, 20);
    expect([waiting.remove(other), waiting.remove(second), waiting.remove(second)]).toEqual([
      undefined,
      20,
      undefined,
    ]);
    expect(waiting.takeUpTo(30).map(({ position }) => position)).toEqual([10]);
  });

  it("for which nobody can fail are lost, closed or put back without a word", () => {
    const waiting = new WaitingPings();
    const silent = { answered: () => {} };
    for (const end of ["lose", "putBack", "close"] as const) {
      waiting.add(silent, 10);
      waiting.returned({ ping: silent, position: 5 }, "disconnected");
      waiting[end]();
    }
    expect(waiting.takeUpTo(10)).toEqual([]);
  });

  it("fail when the client is closed, those too whose socket is gone", () => {
    const { log, ping } = recorded();
    const waiting = new WaitingPings();
    waiting.add(ping("a"), 10);
    waiting.returned({ ping: ping("b"), position: 5 }, "disconnected");
    waiting.close();
    expect(waiting.takeUpTo(10)).toEqual([]);
    expect(log).toEqual(["b disconnected", "a closed"]);
  });

  it("fail with their socket where what it had is lost; those that wait go on waiting", () => {
    const { log, ping } = recorded();
    const waiting = new WaitingPings();
    waiting.add(ping("waits", true), 10);
    waiting.returned({ ping: ping("flush", true), position: 5 }, "disconnected");
    waiting.lose();
    waiting.lose();
    expect(log).toEqual(["flush disconnected"]);
    expect(waiting.takeUpTo(10).map(({ position }) => position)).toEqual([10]);
  });

  it("go out once more in their place where what their socket had does, but not everybody waits so long", () => {
    const { log, ping } = recorded();
    const waiting = new WaitingPings();
    waiting.add(ping("waits"), 30);
    waiting.returned({ ping: ping("flush", true), position: 10 }, "disconnected");
    waiting.returned({ ping: ping("drain"), position: 20 }, "disconnected");
    waiting.putBack();
    expect(log).toEqual(["drain disconnected"]);
    const again = waiting.takeUpTo(30);
    expect(again.map(({ position }) => position)).toEqual([10, 20, 30]);
    for (const placed of again) placed.ping.answered();
    expect(log).toEqual(["drain disconnected", "flush answered", "waits answered"]);
  });
});
