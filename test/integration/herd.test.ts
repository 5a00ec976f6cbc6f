// Many connections of one process to a real server, by TCP, with TLS and by WebSocket: how many are in the middle of their
// dial, told by the sockets themselves. What the queue promises: test/effects/node/dial-queue.test.ts, test/effects/herd.test.ts.

import { expect, test, vi } from "vitest";
import { connect } from "../../src/api/connect.js";
import { Connection } from "../../src/api/connection.js";
import type { ConnectionOptions } from "../../src/api/options.js";
import { DialQueue } from "../../src/effects/node/dial-queue.js";
import { NodeWorld } from "../../src/effects/node/node-world.js";
import { nodeWebSockets } from "../../src/effects/web-socket/node-web-sockets.js";
import { type Transport, withDial } from "../../src/effects/world.js";
import { Authority } from "../harness/certificates.js";
import { startServer } from "../harness/nats-server.js";
import { startWebSocketServer } from "../harness/web-socket-server.js";

const COUNT = 40;
const AT_ONCE = 5;

/** Connects so many at once, and counts those that are being dialed, or secured, at a time. */
async function mostAtOnce(options: ConnectionOptions): Promise<number> {
  const timers = {
    startTimer: (ms: number, fired: () => void) => setTimeout(fired, ms),
    stopTimer: (timer: object) => clearTimeout(timer as NodeJS.Timeout),
  };
  // No turn is over before its time: what is counted does not depend on how fast this machine is.
  const limits = { atOnce: AT_ONCE, longest: 1_000_000_000, pace: { atOnce: 1, interval: 0 } };
  const queue = new DialQueue(timers, () => performance.now(), limits);
  const tls = options.tls as never;
  let dialing = 0;
  let most = 0;
  const one = () => {
    const world = new NodeWorld({ noRandomize: true, tls, queue, dialWebSocket: nodeWebSockets(tls) });
    const counting = withDial(world, (server, events): Transport => {
      let state: "waits" | "dials" | "is done" = "dials";
      const done = () => {
        if (state === "dials") dialing--;
        state = "is done";
      };
      const dials = () => {
        state = "dials";
        most = Math.max(most, ++dialing);
      };
      const queued = () => {
        state = "waits";
        events.queued();
      };
      const opened = (address?: string) => {
        if (server.transport.type === "webSocket") done();
        events.opened(address);
      };
      const begun = () => {
        dials();
        events.dialing();
      };
      const transport = world.dial(server, { ...events, queued, opened, dialing: begun });
      if (state === "dials") dials();
      const { write } = transport;
      transport.write = (...given) => {
        done();
        return write.apply(transport, given);
      };
      return transport;
    });
    return new Connection(counting, options).start();
  };
  const all = await Promise.all(Array.from({ length: COUNT }, one));
  await Promise.all(all.map((nc) => nc.close()));
  return most;
}

test("no more than the queue allows dial at once by TCP", async () => {
  const server = await startServer();
  expect(await mostAtOnce({ servers: server.url })).toBe(AT_ONCE);
});

test("nor by TLS, the handshake included", async () => {
  const authority = new Authority();
  const { certFile, keyFile } = authority.issue({ names: ["localhost"] });
  const config = { tls: { cert_file: certFile, key_file: keyFile } };
  const server = await startServer({ config });
  const options = { servers: `localhost:${server.port}`, tls: { ca: authority.cert } };
  expect(await mostAtOnce(options)).toBe(AT_ONCE);
});

test("nor by WebSocket", async () => {
  const server = await startWebSocketServer();
  expect(await mostAtOnce({ servers: server.url })).toBe(AT_ONCE);
});

test("all connections of a process share one queue", async () => {
  const server = await startServer();
  const asked = vi.spyOn(DialQueue.prototype, "ask");
  const all = await Promise.all([connect({ servers: server.url }), connect({ servers: server.url })]);
  expect(asked.mock.contexts).toHaveLength(2);
  expect(new Set(asked.mock.contexts).size).toBe(1);
  asked.mockRestore();
  await Promise.all(all.map((nc) => nc.close()));
});
