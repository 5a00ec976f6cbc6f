// A worker that processes orders from a JetStream stream, each until the server has its acknowledgement, through outages
// of the server. SIGTERM ends it between two orders. What to expect of an outage: docs/jetstream.md.
//
// npm install nats-statechart @nats-io/nats-core @nats-io/jetstream; it wants `nats-server -js`

import { AckPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "nats-statechart";
import { asNatsCore } from "nats-statechart/nats-core";

const nc = await connect({
  servers: process.env.NATS_URL ?? "127.0.0.1:4222",
  name: "order worker",
  maxReconnectAttempts: -1,
});
const core = asNatsCore(nc);

// Both are there already when the worker starts again: adding the same once more changes nothing.
const jsm = await jetstreamManager(core);
await jsm.streams.add({ name: "ORDERS", subjects: ["orders.>"] });
await jsm.consumers.add("ORDERS", {
  durable_name: "worker",
  ack_policy: AckPolicy.Explicit,
  ack_wait: 2_000_000_000, // nanoseconds: after 2 s without an acknowledgement the order comes again
});

const consumer = await jetstream(core).consumers.get("ORDERS", "worker");
// After a reconnect it asks for more at the latest when `expires` is over.
const orders = await consumer.consume({ max_messages: 20, expires: 2_000 });

process.once("SIGTERM", () => {
  // No more orders from the server: those that were handed over and are not processed are delivered again later.
  orders.close().catch(() => {});
});

console.log("ready");
for await (const order of orders) {
  // Processing must bear repetition: an order comes again where its acknowledgement was lost.
  console.log(`processed ${order.seq}: ${order.string()}`);
  try {
    await order.ackAck({ timeout: 2_000 });
  } catch {
    console.log(`not acknowledged ${order.seq}: it comes again`);
  }
}

// Outages may have cost acknowledgements and requests for more orders. JetStream makes up for both: there is nothing to do.
await nc.drain().catch((error: Error) => console.log(error.message));
console.log("stopped");
