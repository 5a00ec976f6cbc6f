// A program that drains its connection while a loop works on messages of a push consumer: each is worked on and acknowledged.

import { connect, consumerOpts, createInbox, delay } from "nats";

const COUNT = 5;
const print = (...values: unknown[]) => console.log(...values);
const servers = process.env["NATS_URL"] ?? "";
const nc = await connect({ servers });
const jsm = await nc.jetstreamManager();
await jsm.streams.add({ name: "WORK", subjects: ["work"] });
const js = nc.jetstream();
for (let n = 1; n <= COUNT; n++) await js.publish("work", `${n}`);

const opts = consumerOpts().durable("worker").deliverTo(createInbox()).manualAck().ackExplicit();
const sub = await js.subscribe("work", opts);
while (sub.getReceived() < COUNT) await delay(5);
let drained: Promise<void> | undefined;
for await (const msg of sub) {
  drained ??= nc.drain().then(() => print("drained"));
  await delay(20);
  print("worked on", msg.seq);
  msg.ack();
}
print("the loop ended", sub.isClosed());
await drained;

const again = await connect({ servers });
const { ack_floor, num_ack_pending } = await (await again.jetstreamManager()).consumers.info(
  "WORK",
  "worker",
);
print("acknowledged", ack_floor.stream_seq, num_ack_pending);
await again.close();
