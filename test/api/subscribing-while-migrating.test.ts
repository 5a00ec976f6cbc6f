// A connection that moves to another server (lame duck mode) while the user subscribes and publishes. Over a world of two
// sockets that do nothing of their own accord.

import { describe, expect, test } from "vitest";
import { Connection } from "../../src/api/connection.js";
import type { Subscription } from "../../src/api/subscription.js";
import type { Transport, TransportEvents, World } from "../../src/effects/world.js";

class Socket implements Transport {
  readonly events: TransportEvents;
  readonly isOpen = true;
  written = "";
  /** Whether what it was given leaves. */
  isConnected = true;

  constructor(events: TransportEvents) {
    this.events = events;
  }

  /** The server says this. */
  says(line: string): void {
    this.events.data(new TextEncoder().encode(`${line}\r\n`));
  }

  write(chunk: Uint8Array, written?: () => void): boolean {
    this.written += new TextDecoder().decode(chunk);
    if (this.isConnected) written?.();
    return true;
  }

  secure(): void {}
  end(): void {
    queueMicrotask(() => this.events.closed(null));
  }
  destroy(): void {}
}

class StillWorld implements World {
  readonly seed = 1;
  readonly sockets: Socket[] = [];

  fillRandom(bytes: Uint8Array): void {
    crypto.getRandomValues(bytes);
  }

  now = () => 0;
  startTimer = () => ({});
  stopTimer = () => {};
  hasDeferred = false;
  defer = (run: () => void) => queueMicrotask(run);
  nextTurn = (run: () => void) => void setImmediate(run);
  dial = (_server: unknown, events: TransportEvents) => {
    const socket = new Socket(events);
    this.sockets.push(socket);
    return socket;
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
/** INFO of that server: two that call themselves the same would be one server under two names. */
const info = (server_id: string, ldm = false) =>
  `INFO ${JSON.stringify({ server_id, version: "2.12.0", max_payload: 1_024, ldm })}`;

/** What that server is told of subscriptions: each subject with its number. */
const subscribed = ({ written }: Socket) =>
  [...written.matchAll(/^SUB (\S+) (\d+)\r$/gm)].map(([, subject, sid]) => [subject, sid]);

/** A connection to the first of two servers, which enters lame duck mode; the second has been sent the subscriptions. */
async function subscribing(subscribes?: (nc: Connection) => Subscription) {
  const world = new StillWorld();
  const nc = new Connection(world, { servers: ["a", "b"], noRandomize: true, onLameDuck: "migrate" });
  const started = nc.start();
  const [first] = world.sockets as [Socket];
  first.events.opened();
  first.says(info("A"));
  await settled();
  first.says("PONG");
  await started;
  const subscription = subscribes?.(nc) as Subscription;
  first.says(info("A", true));
  const [, second] = world.sockets as [Socket, Socket];
  second.events.opened();
  second.says(info("B"));
  await settled();
  second.says("PONG");
  expect(nc.isClosed()).toBe(false);
  return { nc, subscription, first, second };
}

test("a subscription made while the new server confirms the others reaches the new server", async () => {
  const { nc, first, second } = await subscribing();
  nc.subscribe("late", { callback: () => {} });
  await settled();
  second.says("PONG");
  first.says("PONG");
  await settled();
  expect(subscribed(second)).toEqual([["late", "1"]]);
});

test("the INFO of the connection is that of the server in use, whatever the other one says", async () => {
  const { nc, first, second } = await subscribing();
  expect(nc.info?.server_id).toBe("A");
  second.says("PONG");
  first.says("PONG");
  await settled();
  expect(nc.info?.server_id).toBe("B");
  first.says(info("A", true));
  expect(nc.info?.server_id).toBe("B");
});

test("a subscription made during the hand-over reaches the new server", async () => {
  const { nc, first, second } = await subscribing();
  second.says("PONG");
  nc.subscribe("late", { callback: () => {} });
  first.says("PONG");
  await settled();
  expect(subscribed(second)).toEqual([["late", "1"]]);
});

test("what waits when the hand-over begins goes to the old server, before the PING that asks whether it has all", async () => {
  const { nc, first, second } = await subscribing();
  first.written = "";
  nc.publish("before");
  second.says("PONG");
  expect(first.written).toBe("PUB before 0\r\n\r\nPING\r\n");
});

test("a subscription made during a hand-over that is given up reaches the old server", async () => {
  const { nc, first, second } = await subscribing();
  second.says("PONG");
  nc.subscribe("late", { callback: () => {} });
  second.events.closed(null);
  await settled();
  expect(subscribed(first)).toEqual([["late", "1"]]);
});

// The chart cannot tell the answer to a hand-over that is over from the next one's, or from the drain's; so it gets none.
test("the answer to a hand-over that was given up does not end the drain that follows", async () => {
  const { nc, first, second } = await subscribing();
  second.says("PONG");
  nc.publish("late");
  const drained = nc.drain();
  await settled();
  expect(first.written).toContain("PUB late");
  // It answers the PING of the hand-over, which went out before that message.
  first.says("PONG");
  await settled();
  expect(nc.isClosed()).toBe(false);
  first.says("PONG");
  await drained;
});

describe("a subscription that is drained", () => {
  const message = (sid: number, payload: string) => `MSG work ${sid} ${payload.length}\r\n${payload}`;
  const unsubscribed = (socket: Socket) => [...socket.written.matchAll(/UNSUB 1\r\n/g)].length;

  /** A member of a queue group that is about to be, or is, subscribed with both servers; how far the move is. */
  async function member(moved: "subscribing" | "cuttingOver" | "connected") {
    const taken: string[] = [];
    const scene = await subscribing((nc) =>
      nc.subscribe("work", { queue: "q", callback: (_, msg) => taken.push(msg.string()) }),
    );
    if (moved !== "subscribing") scene.second.says("PONG");
    if (moved === "connected") scene.first.says("PONG");
    await settled();
    scene.first.written = "";
    scene.second.written = "";
    return { ...scene, taken };
  }

  test.each(["subscribing", "cuttingOver", "connected"] as const)(
    "waits for both servers that know it, and takes what they send until they confirm (%s)",
    async (moved) => {
      const { subscription, first, second, taken } = await member(moved);
      let isDrained = false;
      const drained = subscription.drain().then(() => {
        isDrained = true;
      });
      await settled();
      expect([unsubscribed(first), unsubscribed(second)]).toEqual([1, 1]);
      // In the hand-over, the first PONG of the old server is the answer to its PING.
      if (moved === "cuttingOver") first.says("PONG");
      if (moved === "subscribing") second.says("PONG");
      first.says(message(1, "old"));
      first.says("PONG");
      await settled();
      expect(isDrained).toBe(false);
      second.says(message(1, "new"));
      second.says("PONG");
      await drained;
      expect(taken).toEqual(["old", "new"]);
    },
  );

  test.each(["subscribing", "cuttingOver"] as const)(
    "with its connection takes what the new server had sent, although the move is given up (%s)",
    async (moved) => {
      const { nc, first, second, taken } = await member(moved);
      const drained = nc.drain();
      await settled();
      expect([unsubscribed(first), unsubscribed(second)]).toEqual([1, 1]);
      second.says(message(1, "new"));
      second.says("PONG");
      second.says("PONG");
      first.says("PONG");
      first.says(message(1, "old"));
      first.says("PONG");
      await settled();
      first.says("PONG");
      await drained;
      expect(taken).toEqual(["new", "old"]);
    },
  );

  test("is drained, too, where a server is lost: it sends no more", async () => {
    const { subscription, first, second } = await member("connected");
    const drained = subscription.drain();
    await settled();
    first.events.closed(null);
    second.events.closed(null);
    await drained;
    expect(subscription.isClosed()).toBe(true);
  });

  test("while disconnected is drained at once: nobody sends anything", async () => {
    const { subscription, first, second } = await member("connected");
    first.events.closed(null);
    second.events.closed(null);
    await subscription.drain();
    expect(subscription.isClosed()).toBe(true);
  });
});

test("what was on its way to the old server still counts after a hand-over that was given up", async () => {
  const { nc, first, second } = await subscribing();
  first.isConnected = false;
  nc.publish("never.leaves");
  await settled();
  second.says("PONG");
  await settled();
  second.events.closed(null);
  await settled();
  expect(first.written).toContain("PUB never.leaves");
  expect(nc.pendingBytes).toBeGreaterThanOrEqual("PUB never.leaves 0\r\n\r\n".length);
  const closed = nc.close();
  first.events.closed(null);
  await closed;
  expect(await nc.closed()).toMatchObject({ code: "DISCONNECT", unconfirmed: { messages: 1 } });
});
