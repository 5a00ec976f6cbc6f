// A TCP socket as the client sees it, over one that does what the test says: what fails, and what is left behind. With real
// sockets: test/integration.

import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { expect, it, vi } from "vitest";
import type { Dialer, DialingEvents } from "../../../src/effects/node/dialing.js";
import { NodeTransport } from "../../../src/effects/node/node-transport.js";
import { reaching, serversOf } from "../../machine/servers.js";

/** A socket that takes what it is given, and is not done with it before the test says so. */
class StillSocket extends EventEmitter {
  readonly writable = true;
  readonly written: ((error?: Error | null) => void)[] = [];
  writableLength = 0;
  isDestroyed = false;

  write(chunk: Uint8Array, written: (error?: Error | null) => void): boolean {
    this.writableLength += chunk.length;
    this.written.push(written);
    return true;
  }

  destroy(): void {
    this.isDestroyed = true;
  }
}

/** A transport that is being dialed. */
function scene() {
  const [closed, endTurn] = [vi.fn(), vi.fn()];
  let dialing: DialingEvents | undefined;
  const dialer = {
    queue: {
      ask: (_server: string, _told: unknown, begin: () => void) => {
        queueMicrotask(begin);
        return { end: endTurn };
      },
    },
    dial: (_server: unknown, _connect: unknown, events: DialingEvents) => {
      dialing = events;
      return () => {};
    },
  } as unknown as Dialer;
  const nothing = () => {};
  const heard: string[] = [];
  const events = { queued: nothing, dialing: nothing, opened: nothing, secured: nothing };
  const told = {
    ...events,
    drained: () => void heard.push("drained"),
    data: () => void heard.push("data"),
    halfClosed: () => void heard.push("half closed"),
    closed,
  };
  const server = reaching(serversOf("a:4222"), "a:4222");
  const transport = new NodeTransport(server, told, { tls: undefined }, dialer);
  const begun = async () => {
    await undefined;
    return dialing as DialingEvents;
  };
  const opened = async () => {
    const socket = new StillSocket();
    (await begun()).opened(socket as unknown as Socket, "a:4222");
    return socket;
  };
  return { transport, begun, opened, closed, endTurn, heard };
}

it("a dial that fails gives its turn back, and is told", async () => {
  const { begun, closed, endTurn } = scene();
  const error = new Error("refused");
  (await begun()).failed(error);
  expect(endTurn).toHaveBeenCalled();
  expect(closed.mock.calls).toEqual([[error]]);
});

it("a write that failed is not reported as written, one that succeeded is", async () => {
  const { transport, opened } = scene();
  const socket = await opened();
  const [first, second] = [vi.fn(), vi.fn()];
  transport.write(new Uint8Array(1), first);
  transport.write(new Uint8Array(1), second);
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 0]);
  socket.written[0]?.(null);
  socket.written[1]?.(new Error("EPIPE"));
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 0]);
});

it("a socket that tells of an error is destroyed, and the error is told when it is closed", async () => {
  const { opened, closed } = scene();
  const socket = await opened();
  const error = new Error("reset");
  socket.emit("error", error);
  expect([socket.isDestroyed, closed.mock.calls]).toEqual([true, []]);
  socket.emit("close");
  expect(closed.mock.calls).toEqual([[error]]);
});

it("a socket that is destroyed tells nothing more, whatever still comes of it", async () => {
  const { transport, opened, closed, heard } = scene();
  const socket = await opened();
  socket.writableLength = 1;
  const everything = () => {
    socket.emit("drain");
    socket.emit("data", new Uint8Array(1));
    socket.emit("end");
  };
  everything();
  expect(heard).toEqual(["drained", "data", "half closed"]);
  transport.destroy();
  everything();
  socket.emit("error", new Error("too late"));
  socket.emit("close");
  expect([heard.length, socket.isDestroyed, closed.mock.calls]).toEqual([3, true, []]);
});
