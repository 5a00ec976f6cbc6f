// Who gets which PONG.

import { describe, expect, it } from "vitest";
import { Pongs } from "../../src/effects/pongs.js";

function recorded() {
  const log: string[] = [];
  const pongs = new Pongs();
  const flush = (name: string, position: number) =>
    pongs.add(
      position,
      () => log.push(`${name} answered`),
      (why) => log.push(`${name} ${why}`),
    );
  return { log, pongs, flush };
}

describe("PONGs", () => {
  it("answer PINGs in the order of the wire", () => {
    const { log, pongs, flush } = recorded();
    flush("first", 10);
    flush("second", 20);
    pongs.answer();
    expect(log).toEqual(["first answered"]);
    pongs.answer();
    expect(log).toEqual(["first answered", "second answered"]);
  });

  it("that nobody asked for are ignored", () => {
    const { log, pongs } = recorded();
    pongs.answer();
    expect(log).toEqual([]);
  });

  it("answer the handshake before what waited through the outage", () => {
    const { log, pongs, flush } = recorded();
    flush("kept", 30);
    pongs.addFirst(() => log.push("handshake answered"));
    pongs.answer();
    pongs.answer();
    expect(log).toEqual(["handshake answered", "kept answered"]);
  });

  it("never come for PINGs on the wire that died; those not handed over wait on", () => {
    const { log, pongs, flush } = recorded();
    flush("sent", 10);
    flush("unsent", 20);
    pongs.lose(15);
    expect(log).toEqual(["sent disconnected"]);
    pongs.answer();
    expect(log).toEqual(["sent disconnected", "unsent answered"]);
  });

  it("never come for the chart's own PINGs of a lost connection, wherever they were", () => {
    const { log, pongs, flush } = recorded();
    pongs.add(30, () => log.push("chart answered"));
    flush("unsent", 40);
    pongs.lose(10);
    pongs.answer();
    expect(log).toEqual(["unsent answered"]);
  });

  it("never come once the client is closed", () => {
    const { log, pongs, flush } = recorded();
    flush("a", 10);
    pongs.close();
    pongs.answer();
    expect(log).toEqual(["a closed"]);
  });
});
