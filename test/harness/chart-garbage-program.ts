// A program that prints how many bytes of old space each event through a live chart takes until the next full collection, by event;
// and the same of an INFO that is read.
// It must run with --expose-gc and a small young generation.

import { getHeapSpaceStatistics } from "node:v8";
import { LiveChart } from "../../src/effects/live-chart.js";
import { parseInfo } from "../../src/effects/server-info.js";
import type { ConnectionEvent } from "../../src/machine/events.js";

const EVENTS = 4_000;
const ROUNDS = 6;

const chart = new LiveChart(
  { carryOut: () => {}, brokeDown: console.error },
  { servers: ["127.0.0.1:4222"], seed: 1, at: 0 },
  {},
);
const about = { attempt: 1, at: 1 } as const;
const infoOf = (connectUrls: readonly string[]): ConnectionEvent => ({
  type: "server.info",
  ...about,
  info: {
    serverId: "S",
    serverName: "S",
    version: "2.10.0",
    tlsRequired: false,
    tlsAvailable: false,
    lameDuck: false,
    connectUrls,
  },
});
const kinds: Readonly<Record<string, (n: number) => ConnectionEvent>> = {
  ping: () => ({ type: "server.ping", ...about, count: 2 }),
  error: (n) => ({
    type: "server.error",
    ...about,
    credentialsVersion: 0,
    error: { kind: "other", code: "X", message: `text ${n}` },
  }),
  info: (n) => infoOf(["127.0.0.1:4223", `127.0.0.1:${5_000 + (n % 500)}`]),
};

function oldBytes(): number {
  const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) =>
    /^(old|map|large_object)/.test(name),
  );
  return spaces.reduce((sum, { space_used_size: used }) => sum + used, 0);
}

/** The most that a round grew by: in one where a full collection happens it shrinks. */
function growth(happens: (n: number) => void): number {
  const round = () => {
    const before = oldBytes();
    for (let n = 0; n < EVENTS; n += 1) happens(n);
    return (oldBytes() - before) / EVENTS;
  };
  round();
  round();
  globalThis.gc?.();
  return Math.round(Math.max(...Array.from({ length: ROUNDS }, round)));
}

chart.start();
chart.send({ type: "socket.opened", ...about });
chart.send(infoOf([]));
chart.send({ type: "server.pong", ...about });
if (!chart.snapshot.matches("connected")) throw new Error("the chart is not connected");
const growths = Object.entries(kinds).map(([kind, event]) => [kind, growth((n) => chart.send(event(n)))]);
const reading = growth((n) =>
  parseInfo(`{"server_id":"S","version":"2.10.0","headers":true,"client_id":${n}}`),
);
console.log(JSON.stringify({ ...Object.fromEntries(growths), reading }));
