// A service that answers requests, in as many processes as you like, and that loses none when one of them is told to
// stop: SIGTERM drains. Run two, ask them, stop one. How draining works: docs/guide/draining.md.
//
// npm install nats-statechart

import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "nats-statechart";

const nc = await connect({
  servers: process.env.NATS_URL ?? "127.0.0.1:4222",
  name: "greeter",
  maxReconnectAttempts: -1, // a service waits for its server, however long that takes
});

// One of the queue group gets each request.
const requests = nc.subscribe("greet.*", { queue: "greeters" });
let answered = 0;

async function serve(): Promise<void> {
  for await (const msg of requests) {
    await sleep(2); // the work: a query, say
    msg.respond(`Hello, ${msg.subject.slice("greet.".length)}!`);
    answered++;
  }
}

process.once("SIGTERM", () => {
  console.log("stopping");
  // No more requests from the server; the loop works off what has arrived; the answers go out; the connection closes.
  // Where that cannot be finished, drain rejects, and closed() below tells why.
  nc.drain().catch(() => {});
});

console.log("ready");
await serve();
const error = await nc.closed();
console.log(`answered ${answered} requests`);
if (error) {
  console.error(error.message);
  process.exitCode = 1;
}
