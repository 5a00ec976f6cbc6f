// A program that ends connections in many ways, and prints after each what would keep it from ending: timers, sockets, requests to
// the system. Started by left-behind.test.ts, with the ports of servers in its environment.

import { setMaxListeners } from "node:events";
import { connect } from "../../../src/index.js";
import { startEmbeddedServer } from "../../../src/testing/index.js";

/** Turns of the event loop in which what was closed may finish: no timer of the client is that short. */
const TURNS = 200;
/** The process's own: its output, and files that are read at the beginning. */
const own = /^(PipeWrap|TTYWrap|FSReqPromise|Immediate)$/;

const port = (name: string) => Number(process.env[name]);
const held = () => process.getActiveResourcesInfo().filter((what) => !own.test(what));
const turn = () => new Promise((resolve) => setImmediate(resolve));
/** Lets go of an attempt once its server has been reached, or has had time to be. */
const abortedAfter = (turns: number): AbortSignal => {
  const abort = new AbortController();
  void (async () => {
    for (let n = 0; n < turns; n++) await turn();
    abort.abort();
  })();
  return abort.signal;
};
const quietly = (promise: Promise<unknown>) => Promise.allSettled([promise]);
const long = { timeout: 600_000, pingInterval: 600_000 };

const ways: Readonly<Record<string, () => Promise<unknown>>> = {
  "a connection that was closed, with all that waited": async () => {
    const nc = await connect({ ...long, port: port("NATS") });
    const waiting = [
      nc.request("nobody.answers", "", { timeout: 600_000 }),
      nc.request("nobody.answers", "", { timeout: 600_000, noMux: true }),
      nc.flush({ timeout: 600_000 }),
    ];
    const sub = nc.subscribe("a", { timeout: 600_000 });
    const read = (async () => {
      for await (const _ of sub);
    })();
    const settled = Promise.allSettled([...waiting, read]);
    await nc.close();
    await settled;
  },
  "a connection that was drained": async () => {
    const nc = await connect({ ...long, drainTimeout: 600_000, port: port("NATS") });
    nc.subscribe("a", { callback: () => {} });
    await nc.drain();
  },
  "a connection by name": async () =>
    (await connect({ ...long, servers: `localhost:${port("NATS")}` })).close(),
  "a connection by WebSocket": async () => {
    const nc = await connect({ ...long, servers: `ws://127.0.0.1:${port("WEB_SOCKET")}` });
    nc.publish("a", new Uint8Array(1_000_000));
    await nc.close();
  },
  "an attempt that was refused": () => quietly(connect({ ...long, port: 1 })),
  "an attempt that waits for the next one": () =>
    quietly(connect({ ...long, port: 1, waitOnFirstConnect: true, signal: abortedAfter(20) })),
  "an attempt that is not greeted": () =>
    quietly(connect({ ...long, port: port("SILENT"), signal: abortedAfter(20) })),
  "an attempt by name": () =>
    quietly(connect({ ...long, servers: `localhost:${port("SILENT")}`, signal: abortedAfter(20) })),
  "an attempt by WebSocket": () =>
    quietly(connect({ ...long, servers: `ws://127.0.0.1:${port("SILENT")}`, signal: abortedAfter(20) })),
  "an attempt in the TLS handshake": () =>
    quietly(connect({ ...long, port: port("TLS"), tls: { timeout: 600_000 }, signal: abortedAfter(100) })),
  "attempts of which some wait for their turn": async () => {
    const signal = abortedAfter(5);
    setMaxListeners(0, signal);
    const attempts = Array.from({ length: 70 }, () => connect({ ...long, port: port("SILENT"), signal }));
    await Promise.allSettled(attempts);
  },
  "a connection whose server does not read": async () => {
    const nc = await connect({ ...long, port: port("UNREAD") });
    for (let n = 0; n < 20; n++) nc.publish("a", new Uint8Array(1_000_000));
    await Promise.all([nc.closed(), nc.close()]);
  },
  "an embedded server that stood still, in lame duck mode, and was stopped": async () => {
    const server = await startEmbeddedServer({ pingInterval: 600_000 });
    const nc = await connect({ ...long, port: server.port });
    server.lameDuck(600_000, 600_000);
    server.pause();
    await Promise.all([nc.close(), server.stop()]);
  },
};

for (const [what, run] of Object.entries(ways)) {
  await run();
  for (let n = 0; n < TURNS && held().length > 0; n++) await turn();
  console.log(JSON.stringify([what, held()]));
}
