// One direction of a virtual connection by itself: what waits where, in which pieces it arrives, and what stops it.

import { beforeEach, describe, expect, it } from "vitest";
import { Pipe, type PipeOptions } from "../../../src/effects/simulated/pipe.js";
import { Random } from "../../../src/effects/simulated/random.js";
import { Route } from "../../../src/effects/simulated/route.js";
import { VirtualTime } from "../../../src/effects/simulated/virtual-time.js";

describe("a pipe", () => {
  let time: VirtualTime;
  let route: Route;
  let log: string[];

  const note = (what: string) => void log.push(`${time.elapsed()} ${what}`);
  const size = (length: number) => new Uint8Array(length);
  const text = (chunk: Uint8Array) => new TextDecoder().decode(chunk);
  const bytes = (said: string) => new TextEncoder().encode(said);

  function made(options: Partial<PipeOptions> = {}, seed = 1, drained: () => void = () => note("drained")) {
    const receiver = {
      data: (chunk: Uint8Array) => note(text(chunk).replaceAll("\0", "") || `${chunk.length} bytes`),
      hello: () => note("hello"),
      ended: () => note("ended"),
      reset: () => note("reset"),
    };
    const all = { window: 10, highWater: 100, pieces: 1, ...options };
    return new Pipe(time, new Random(seed), route, all, receiver, drained);
  }

  beforeEach(() => {
    time = new VirtualTime();
    route = new Route([5, 5]);
    log = [];
  });

  it("sends as much as the window holds, and the rest once half of the window, or all of the rest, has room", async () => {
    const pipe = made();
    pipe.write(size(12), () => note("written"));
    expect(pipe.queued).toBe(2);
    await time.advance(5);
    expect([pipe.queued, log]).toEqual([0, ["5 10 bytes", "5 written"]]);
    await time.advance(5);
    // 4 bytes are under way; 6 have room, of which half a window is used at once.
    pipe.write(size(4));
    pipe.write(size(10));
    expect(pipe.queued).toBe(4);
    pipe.write(size(1));
    await time.advance(4);
    expect(pipe.queued).toBe(5);
    await time.advance(1);
    expect([pipe.queued, log.slice(2)]).toEqual([0, ["10 2 bytes", "15 4 bytes", "15 6 bytes"]]);
  });

  it("does not refill a full window byte by byte", async () => {
    const pipe = made();
    pipe.write(size(6));
    await time.advance(1);
    // 4 have room: less than half a window, and less than what waits.
    pipe.write(size(8));
    expect(pipe.queued).toBe(8);
    await time.advance(4);
    expect([pipe.queued, log]).toEqual([0, ["5 6 bytes"]]);
    await time.advance(5);
    expect(log.slice(1)).toEqual(["10 8 bytes"]);
  });

  it("has room below its limit, and says that it has again once nothing waits", async () => {
    const pipe = made({ highWater: 5 });
    const answers = [pipe.write(size(4)), pipe.write(size(10)), pipe.write(size(1))];
    expect([answers, pipe.queued]).toEqual([[true, false, false], 5]);
    await time.advance(4);
    expect(log).toEqual([]);
    await time.advance(20);
    expect(log).toEqual(["5 4 bytes", "5 6 bytes", "5 drained", "10 4 bytes", "10 1 bytes"]);
    expect([pipe.write(size(5)), pipe.write(size(4))]).toEqual([false, true]);
    await time.advance(10);
    expect(log.slice(5)).toEqual(["24 drained", "29 5 bytes", "29 4 bytes"]);
  });

  it("says nothing of room that the writer has filled again", async () => {
    const pipe = made({ highWater: 5 });
    pipe.write(size(10));
    pipe.write(size(10), () => void pipe.write(size(9)));
    await time.advance(8);
    expect(log).toEqual(["5 10 bytes"]);
    await time.advance(20);
    expect(log.slice(1)).toEqual(["10 10 bytes", "10 drained", "15 9 bytes"]);
  });

  it("ends after what was written, and takes nothing more", async () => {
    const pipe = made();
    pipe.write(bytes("0123456789"));
    pipe.write(bytes("last"));
    pipe.end();
    expect(pipe.write(bytes("too late"))).toBe(true);
    await time.advance(30);
    expect(log).toEqual(["5 0123456789", "10 last", "10 ended"]);
    pipe.end();
    pipe.abort(true);
    await time.advance(30);
    expect(log).toHaveLength(3);
  });

  it.each([
    [true, "reset"],
    [false, "ended"],
  ])("drops what waits where it is aborted, rudely or not: %s", async (rudely, how) => {
    const pipe = made();
    pipe.write(bytes("0123456789"));
    pipe.write(bytes("waits"));
    pipe.abort(rudely);
    expect([pipe.queued, pipe.write(bytes("too late")), pipe.queued]).toEqual([0, true, 0]);
    await time.advance(30);
    expect(log).toEqual(["5 0123456789", `5 ${how}`]);
  });

  it("cuts what is written into pieces, as many as it may and none of them empty", async () => {
    const counts = new Set<number>();
    for (let seed = 1; seed <= 50; seed++) {
      const pipe = made({ pieces: 3 }, seed);
      log = [];
      pipe.write(bytes("abcdef"));
      await time.advance(10);
      const pieces = log.map((line) => line.split(" ")[1] ?? "");
      expect(pieces.join("")).toBe("abcdef");
      expect(pieces).not.toContain("");
      counts.add(pieces.length);
    }
    expect([...counts].sort()).toEqual([1, 2, 3]);
    log = [];
    made({ pieces: 3 }).write(bytes("x"));
    await time.advance(10);
    expect(log).toHaveLength(1);
  });

  it("keeps the order of all that it carries, and lets nothing arrive before its time", async () => {
    const pipe = made();
    pipe.notBefore(time.now() + 20);
    pipe.notBefore(time.now() + 10);
    pipe.write(bytes("a"));
    pipe.hello();
    route.latency = [1, 1];
    pipe.write(bytes("b"));
    pipe.end();
    await time.advance(30);
    expect(log).toEqual(["20 a", "20 hello", "20 b", "20 ended"]);
  });

  it("is as narrow as its route", async () => {
    const pipe = made();
    route.bandwidth = 2;
    pipe.write(bytes("abcd"));
    pipe.write(bytes("ef"));
    await time.advance(30);
    expect(log).toEqual(["7 abcd", "8 ef"]);
  });

  it("lets nothing through while its receiver does not read, and all of it in order afterwards", async () => {
    const pipe = made();
    pipe.hold();
    for (const said of ["a", "b", "c"]) pipe.write(bytes(said));
    pipe.hello();
    pipe.end();
    await time.advance(50);
    expect(log).toEqual([]);
    pipe.read();
    pipe.read();
    await time.advance(0);
    const told = log.map((line) => line.split(" ")[1] ?? "");
    expect(told.slice(-2)).toEqual(["hello", "ended"]);
    expect(told.slice(0, -2).join("")).toBe("abc");
    expect(log.every((line) => line.startsWith("50 "))).toBe(true);
  });

  it("stops between two packets where its receiver stops to read, or the route is cut", async () => {
    const pipe = made();
    pipe.hold();
    pipe.hello();
    pipe.hello();
    pipe.hello();
    await time.advance(10);
    pipe.read();
    pipe.hold();
    await time.advance(10);
    expect(log).toEqual([]);
    pipe.read();
    route.cut();
    await time.advance(10);
    expect(log).toEqual([]);
    route.heal();
    await time.advance(4);
    expect(log).toEqual([]);
    await time.advance(1);
    expect(log).toEqual(["35 hello", "35 hello", "35 hello"]);
  });

  it("joins some of what waited, and never with what is no data", async () => {
    const shapes = new Set<string>();
    for (let seed = 1; seed <= 50; seed++) {
      log = [];
      const pipe = made({}, seed);
      pipe.hold();
      pipe.write(bytes("a"));
      pipe.write(bytes("b"));
      pipe.hello();
      pipe.write(bytes("c"));
      await time.advance(10);
      pipe.read();
      await time.advance(0);
      shapes.add(log.map((line) => line.split(" ")[1]).join());
    }
    expect([...shapes].sort()).toEqual(["a,b,hello,c", "ab,hello,c"]);
  });

  it("loses everything once it vanishes, also what waited", async () => {
    const pipe = made();
    pipe.hold();
    pipe.write(bytes("waits"));
    await time.advance(10);
    pipe.write(bytes("under way"));
    pipe.vanish();
    pipe.read();
    pipe.write(bytes("later"));
    await time.advance(50);
    expect(log).toEqual([]);
  });
});
