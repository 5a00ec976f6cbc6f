// What is written past the outbound stream: counted until the socket has it, and PONGs no faster than the server reads.

import { describe, expect, it } from "vitest";
import { BesideStream } from "../../src/effects/beside-stream.js";
import type { Transport } from "../../src/effects/world.js";

/** A socket that takes writes while it `hasRoom`, and reports them when it is asked to. */
function scene() {
  const writes: string[] = [];
  const receipts: (() => void)[] = [];
  const socket = { hasRoom: true };
  const transport: Transport = {
    isOpen: true,
    write: (bytes, written) => {
      writes.push(new TextDecoder().decode(bytes));
      if (written !== undefined) receipts.push(written);
      return socket.hasRoom;
    },
    secure: () => {},
    end: () => {},
    destroy: () => {},
  };
  const beside = new BesideStream(transport);
  const report = () => {
    for (const written of receipts.splice(0)) {
      written();
      // A socket may say it twice.
      written();
    }
  };
  return { beside, writes, socket, report };
}

const PONG = "PONG\r\n";

describe("what is written past the outbound stream", () => {
  it("goes out at once, and is counted until the socket has it", () => {
    const { beside, writes, report } = scene();
    beside.text("PING\r\n");
    beside.text("");
    expect([writes, beside.pendingBytes]).toEqual([["PING\r\n"], 6]);
    report();
    expect(beside.pendingBytes).toBe(0);
  });

  it("PONGs that are owed together are one write", () => {
    const { beside, writes } = scene();
    beside.owe(1);
    beside.owe(3);
    expect(writes).toEqual([PONG, PONG.repeat(3)]);
  });

  it("a full socket is given no PONGs: what is owed is a number, and counted", () => {
    const { beside, writes, socket, report } = scene();
    socket.hasRoom = false;
    beside.owe(1);
    for (let i = 0; i < 1_000; i++) beside.owe(1_000_000);
    expect([writes, beside.pendingBytes]).toEqual([[PONG], 6 + 6e9]);
    report();
    expect(beside.pendingBytes).toBe(6e9);
  });

  it("with room again, they go out until it is full once more, and none is forgotten", () => {
    const { beside, writes, socket } = scene();
    socket.hasRoom = false;
    beside.owe(10_000);
    const first = writes.join("").length;
    expect(first).toBeLessThan(65_536);
    beside.drained();
    expect(writes).toHaveLength(2);
    socket.hasRoom = true;
    beside.drained();
    expect(writes.join("")).toBe(PONG.repeat(10_000));
    expect(Math.max(...writes.map(({ length }) => length))).toBeLessThan(65_536);
  });

  it("at the end nothing is owed any more", () => {
    const { beside, writes, socket, report } = scene();
    socket.hasRoom = false;
    beside.owe(1);
    beside.owe(5);
    beside.end();
    report();
    socket.hasRoom = true;
    beside.drained();
    expect([writes, beside.pendingBytes]).toEqual([[PONG], 0]);
  });
});
