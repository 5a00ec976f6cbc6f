// A health endpoint that tells the state of the connection's chart: 200 while messages flow, else 503, and in both cases
// which state it is in. It answers before the first connection too. All states: docs/chart.md.
//
// npm install nats-statechart

import { createServer } from "node:http";
import { connect, type Inspect } from "nats-statechart";

/** The chart's state, such as "connected" or { reconnecting: "dialing" }. */
let state: unknown = "not started";

const inspect: Inspect = (event) => {
  if (event.type === "@xstate.snapshot" && "value" in event.snapshot) state = event.snapshot.value;
};

/** Messages flow in two states: in `migrating` the client moves to another server while it still has the old one. */
function isHealthy(): boolean {
  const [name] = typeof state === "string" ? [state] : Object.keys(state as object);
  return name === "connected" || name === "migrating";
}

const http = createServer((request, response) => {
  const status = request.url !== "/health" ? 404 : isHealthy() ? 200 : 503;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ nats: state }));
});
http.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  const address = http.address();
  if (typeof address === "object") console.log(`listening on ${address?.port}`);
});

const nc = await connect({
  servers: process.env.NATS_URL ?? "127.0.0.1:4222",
  maxReconnectAttempts: -1,
  waitOnFirstConnect: true,
  inspect,
});

process.once("SIGTERM", () => {
  nc.drain().catch(() => {});
});

const error = await nc.closed();
http.close();
if (error) {
  console.error(error.message);
  process.exitCode = 1;
}
