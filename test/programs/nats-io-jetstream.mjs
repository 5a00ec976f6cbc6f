// @nats-io/jetstream: a stream, a durable consumer that keeps consuming through the outage, an ordered one that reads it all.

import { AckPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { outage, outlived, say, started, until, untilDone, url } from "./steps.mjs";

const nc = await connect({ servers: url, maxReconnectAttempts: -1 });
const jsm = await jetstreamManager(nc);
started();

await jsm.streams.add({ name: "ORDERS", subjects: ["orders.>"] });
await jsm.consumers.add("ORDERS", { durable_name: "shipping", ack_policy: AckPolicy.Explicit });
const js = jetstream(nc);
const { seq, duplicate } = await js.publish("orders.new", "first", { msgID: "1" });
say("published", seq, duplicate);
say("again", (await js.publish("orders.new", "first", { msgID: "1" })).duplicate);
await js.publish("orders.new", "second");

const consumer = await js.consumers.get("ORDERS", "shipping");
for await (const msg of await consumer.fetch({ max_messages: 1 })) {
  say("fetched", msg.subject, msg.string(), await msg.ackAck());
}
const shipped = [];
const messages = await consumer.consume();
const consuming = (async () => {
  for await (const msg of messages) {
    shipped.push(msg.string());
    msg.ack();
  }
})();
await until(() => shipped.includes("second"));
await outage();

await untilDone(() => js.publish("orders.new", "third", { msgID: "3", timeout: 1_000 }));
await until(() => shipped.includes("third"));
say("shipped", shipped);
await messages.close();
await consuming;
const all = [];
const ordered = await js.consumers.get("ORDERS");
for await (const msg of await ordered.consume()) {
  all.push(msg.string());
  if (msg.info.pending === 0) break;
}
say("all", all);
outlived();
await nc.drain();
