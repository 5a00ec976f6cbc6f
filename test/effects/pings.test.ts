// Who gets which PONG: over one socket, and for PINGs that wait in the outbound stream.

import { describe, expect, it } from "vitest";
import { Pongs, WaitingPings } from "../../src/effects/pings.js";

function recorded() {
  const log: string[] = [];
  const ping = (name: string) => ({
    answered: () => void log.push(`${name} answered`),
    failed: (why: string) => void log.push(`${name} ${why}`),
  });
  return { log, ping };
}

describe("PONGs of a socket", () => {
  it("answer PINGs in the order of the wire", () => {
    const { log, ping } = recorded();
    const pongs = new Pongs();
    pongs.add(ping("first"));
    pongs.add(ping("second"));
    pongs.answer();
    expect(log).toEqual(["first answered"]);
    pongs.answer();
    expect(log).toEqual(["first answered", "second answered"]);
  });

  it("that nobody asked for are ignored", () => {
    const { log } = recorded();
    new Pongs().answer();
    expect(log).toEqual([]);
  });

  it("never come once the socket is gone", () => {
    const { log, ping } = recorded();
    const pongs = new Pongs();
    pongs.add(ping("a"));
    pongs.add({ answered: () => void log.push("chart answered") });
    pongs.fail("disconnected");
    pongs.answer();
    expect(log).toEqual(["a disconnected"]);
  });
});

describe("PINGs in the outbound stream", () => {
  it("are on the wire once the stream is handed over that far, in order", () => {
    const { log, ping } = recorded();
    const waiting = new WaitingPings();
    waiting.add(ping("a"), 10);
    waiting.add(ping("b"), 20);
    waiting.add(ping("c"), 30);
    expect(waiting.takeUpTo(9)).toEqual([]);
    for (const one of waiting.takeUpTo(25)) one.answered();
    expect(log).toEqual(["a answered", "b answered"]);
    for (const one of waiting.takeUpTo(30)) one.answered();
    expect(log).toEqual(["a answered", "b answered", "c answered"]);
    expect(waiting.takeUpTo(1_000)).toEqual([]);
  });

  it("fail when the client is closed", () => {
    const { log, ping } = recorded();
    const waiting = new WaitingPings();
    waiting.add(ping("a"), 10);
    waiting.fail("closed");
    expect(waiting.takeUpTo(10)).toEqual([]);
    expect(log).toEqual(["a closed"]);
  });
});
