// A program of `nats` whose server dies and comes back, with what the package in its place adds: numbers go into a stream, and come
// out by an ordered push consumer, by a consumer of the simplified API, and by a key-value watch, each once and in order.

import { AckPolicy, connect, consumerOpts, deferred, type JsMsg, StringCodec } from "nats-statechart-nats";

const COUNT = 200;
const print = (...values: unknown[]) => console.log(...values);
const text = StringCodec();
const statuses: string[] = [];
const lost = deferred<void>();
const nc = await connect({
  servers: process.env["NATS_URL"] ?? "",
  maxReconnectAttempts: -1,
  reconnectTimeWait: 50,
  reconnectJitter: 20,
  onStatus: ({ type }) => {
    statuses.push(type);
    if (type === "disconnect") lost.resolve();
  },
});
const js = nc.jetstream({ timeout: 1_000 });
const jsm = await nc.jetstreamManager();
await jsm.streams.add({ name: "NUMBERS", subjects: ["numbers"] });
await jsm.consumers.add("NUMBERS", { durable_name: "worker", ack_policy: AckPolicy.Explicit });

/** Publishes until the server has acknowledged it: with a message id the stream stores it once. */
async function publish(n: number): Promise<void> {
  for (;;) {
    const isStored = await js.publish("numbers", `${n}`, { msgID: `${n}` }).then(
      () => true,
      () => false,
    );
    if (isStored) return;
  }
}

/** Reads numbers until all were there; what each was, where one came again only once. */
async function read(messages: AsyncIterable<JsMsg>): Promise<readonly number[]> {
  const seen: number[] = [];
  for await (const msg of messages) {
    const n = Number(text.decode(msg.data));
    if (seen.at(-1) !== n && !seen.includes(n)) seen.push(n);
    msg.ack();
    if (seen.length === COUNT) break;
  }
  return seen;
}

const inOrder = (seen: readonly number[]) =>
  seen.length === COUNT && seen.every((n, index) => n === index + 1);
const heartbeats = consumerOpts().orderedConsumer().idleHeartbeat(500);
const ordered = js.subscribe("numbers", heartbeats).then(read);
const consumed = js.consumers.get("NUMBERS", "worker").then(async (worker) => {
  const messages = await worker.consume({ expires: 2_000 });
  return read(messages);
});
const kv = await js.views.kv("latest");
const watch = await kv.watch();
const watched = (async () => {
  for await (const entry of watch) if (entry.string() === "last") return entry.key;
  return undefined;
})();

const core = deferred<string>();
nc.subscribe("kept", { callback: (_error, msg) => core.resolve(msg.string()) });
const kept = lost.then(() => {
  nc.publish("kept", "published in the outage");
  print("outage", nc.pendingBytes > 0, nc.info?.max_payload);
});

for (let n = 1; n <= COUNT; n++) {
  await publish(n);
  if (n === 50) print("ready");
}
await kept;
print("core", await core);
await kv.put("key", "last");
print("watched", await watched);
print("ordered", inOrder(await ordered));
print("consumed", inOrder(await consumed));
print(
  "statuses",
  ["disconnect", "reconnect"].every((type) => statuses.includes(type)),
);
print("stats", nc.outboundStats().waiting.messages);
await nc.drain();
