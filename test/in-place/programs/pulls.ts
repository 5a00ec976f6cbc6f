// A program that pulls messages in an outage, and again after it.

import { connect, consumerOpts, deferred } from "nats";

const print = (...values: unknown[]) => console.log(...values);
const nc = await connect({
  servers: process.env["NATS_URL"] ?? "",
  maxReconnectAttempts: -1,
  reconnectTimeWait: 50,
});
const lost = deferred<void>();
const back = deferred<void>();
void (async () => {
  for await (const { type } of nc.status()) {
    if (type === "disconnect") lost.resolve();
    if (type === "reconnect") back.resolve();
  }
})();
const jsm = await nc.jetstreamManager();
await jsm.streams.add({ name: "WORK", subjects: ["work"] });
const js = nc.jetstream();
for (let n = 1; n <= 10; n++) await js.publish("work", `${n}`);
const sub = await js.pullSubscribe("work", consumerOpts().durable("worker").manualAck().ackExplicit());
await nc.flush();
print("ready");

await lost;
for (let n = 1; n <= 3; n++) sub.pull({ batch: 1, expires: 60_000 });
print("pulled");
await back;
sub.pull({ batch: 2, expires: 60_000 });
let received = 0;
for await (const msg of sub) {
  msg.ack();
  if (++received === 2) break;
}
const { delivered } = await jsm.consumers.info("WORK", "worker");
print("delivered", delivered.consumer_seq);
await nc.close();
