// A socket that the other side closes: noticed at once, and nothing more is given to it. What was given to it and is not
// confirmed is told by number, by `flush()` and `closed()`.

import type { Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { connect, ErrorCode, type NatsConnection } from "../../src/index.js";
import { type FakeServer, fakeServer, info } from "../harness/fake-server.js";
import { leftovers, nothingLeft } from "../harness/leftovers.js";
import { lossBy, lossOf } from "../harness/losses.js";
import { nextStatus } from "../harness/waiting.js";

let server: FakeServer;
let isThere = false;
const open: NatsConnection[] = [];

afterEach(async () => {
  for (const socket of server.sockets) socket.destroy();
  await Promise.all(open.splice(0).map((nc) => nc.close()));
  if (isThere) await server.close();
});

/** A server that greets, answers every PING, and keeps what it reads. */
async function reading(): Promise<{ readonly texts: string[] }> {
  const texts: string[] = [];
  server = await fakeServer((socket) => {
    const index = texts.push("") - 1;
    socket.write(info());
    socket.on("data", (chunk) => {
      const text = chunk.toString("latin1");
      texts[index] += text;
      for (const _ of text.matchAll(/PING\r\n/g)) if (socket.writable) socket.write("PONG\r\n");
    });
  });
  isThere = true;
  return { texts };
}

/** The connection, to that server. */
async function connected(options: Parameters<typeof connect>[0] = {}): Promise<NatsConnection> {
  const nc = await connect({ port: server.port, reconnectTimeWait: 1, maxReconnectAttempts: -1, ...options });
  open.push(nc);
  return nc;
}

const last = (): Socket => server.sockets.at(-1) as Socket;
const megabyte = new Uint8Array(1_000_000);
const nothing = { messages: 0, bytes: 0 };

it("loses nothing that is published while the server closes, turn by turn, and tells what it did not confirm", async () => {
  const { texts } = await reading();
  const nc = await connected();
  const lost = nextStatus(nc, "disconnect");
  const done = nextStatus(nc, "reconnect");
  let published = 0;
  let isOver = false;
  const turn = () => {
    if (isOver) return;
    for (let i = 0; i < 50; i++) nc.publish("a", String(published++));
    if (published === 1_000) last().end();
    setImmediate(turn);
  };
  turn();
  await done;
  isOver = true;
  // The server goes on reading, but answers no PING any more.
  const { unconfirmed } = await lost;
  await expect(nc.flush()).rejects.toMatchObject({ code: ErrorCode.Disconnect, unconfirmed });
  await nc.flush();
  const { confirmed, ...rest } = nc.outboundStats();
  expect(rest).toEqual({ waiting: nothing, unconfirmed: nothing });
  expect(confirmed.messages + (unconfirmed?.messages ?? 0)).toBe(published);
  const arrived = [...texts.join("").matchAll(/PUB a \d+\r\n(\d+)\r\n/g)].map(([, number]) => number);
  expect(arrived).toEqual(Array.from({ length: published }, (_, i) => String(i)));
});

it("notices a server that closes and reads no more, however much waits for it", async () => {
  await reading();
  const nc = await connected();
  const noticed = nextStatus(nc, "disconnect");
  last().pause();
  for (let i = 0; i < 20; i++) nc.publish("a", megabyte);
  await new Promise((resolve) => setImmediate(resolve));
  expect(nc.pendingBytes).toBeGreaterThan(1_000_000);
  last().end();
  const back = nextStatus(nc, "reconnect");
  await noticed;
  await back;
});

it("tells how much is not confirmed where the socket breaks while it is closed", async () => {
  await reading();
  const nc = await connected({ reconnect: false });
  last().pause();
  for (let i = 0; i < 20; i++) nc.publish("a", megabyte);
  const closing = nc.close();
  setImmediate(() => last().resetAndDestroy());
  await closing;
  expect(lossOf(await nc.closed())).toEqual({
    code: ErrorCode.Disconnect,
    message: "the connection is closed; 20 published messages were sent, but no server confirmed them",
    unsent: undefined,
    unconfirmed: { messages: 20, bytes: 20 * ("PUB a 1000000\r\n\r\n".length + 1_000_000) },
  });
});

it("does not tell of a loss where only commands were left", async () => {
  await reading();
  const nc = await connected({ reconnectTimeWait: 60_000 });
  const lost = nextStatus(nc, "disconnect");
  isThere = false;
  await server.close();
  await lost;
  const flushed = lossBy(nc.flush());
  await nc.drain();
  expect(await flushed).toMatchObject({
    code: ErrorCode.ConnectionClosed,
    unsent: undefined,
    unconfirmed: undefined,
  });
  expect(await nc.closed()).toBeUndefined();
});

it.each([
  ["that the server has half closed", () => void last().end()],
  ["that the user closes", (nc: NatsConnection) => void nc.close()],
] as const)("is closed only when no socket and no timer is left, also of one %s", async (_how, ends) => {
  await reading();
  const nc = await connected({ reconnect: false });
  last().pause();
  for (let i = 0; i < 20; i++) nc.publish("a", megabyte);
  await new Promise((resolve) => setImmediate(resolve));
  expect(leftovers().sockets).toEqual([nc.getServer()]);
  ends(nc);
  await nc.closed();
  expect(leftovers()).toEqual(nothingLeft);
});
