// JetStream as programs of `nats` use it: streams, publish, push, ordered and pull consumers, the simplified API.

import {
  AckPolicy,
  connect,
  consumerOpts,
  createInbox,
  DeliverPolicy,
  deferred,
  headers,
  type JsMsg,
  NatsError,
  nanos,
  StringCodec,
} from "nats";

const print = (...values: unknown[]) => console.log(JSON.stringify(values));
const text = StringCodec();
const nc = await connect({ servers: process.env["NATS_URL"] ?? "" });
const jsm = await nc.jetstreamManager();
const js = nc.jetstream();

async function failure(run: () => Promise<unknown>): Promise<void> {
  const error: unknown = await run().catch((reason: unknown) => reason);
  if (error instanceof NatsError) print(error.name, error.code, error.isJetStreamError(), error.jsError());
  else print("no NatsError", error instanceof Error ? error.message : error);
}

const config = { name: "ORDERS", subjects: ["orders.>"] };
const created = await jsm.streams.add(config);
print(created.config.name, created.config.subjects, created.state.messages);
for (let n = 1; n <= 10; n++) {
  const added = headers();
  added.set("Number", `${n}`);
  const ack = await js.publish("orders.new", text.encode(`order ${n}`), { msgID: `${n}`, headers: added });
  print(ack.stream, ack.seq, ack.duplicate);
}
print((await js.publish("orders.new", text.encode("again"), { msgID: "1" })).duplicate);
await failure(() => js.publish("orders.new", Uint8Array.of(1), { expect: { lastSequence: 1 } }));
await failure(() => js.publish("elsewhere", Uint8Array.of(1)));
await failure(() => jsm.streams.info("MISSING"));
await failure(() => js.consumers.get("ORDERS", "missing"));

const told = (msg: JsMsg) => [msg.seq, text.decode(msg.data), msg.headers?.get("Number"), msg.info.pending];

{
  const opts = consumerOpts().durable("push").manualAck().ackExplicit().deliverTo(createInbox());
  const sub = await js.subscribe("orders.>", opts);
  for await (const msg of sub) {
    print("push", ...told(msg));
    msg.ack();
    if (msg.info.pending === 0) break;
  }
  print(sub.getProcessed(), sub.isClosed(), (await jsm.consumers.info("ORDERS", "push")).name);
}
{
  const got = deferred<void>();
  const opts = consumerOpts().deliverTo(createInbox()).ackExplicit().maxMessages(3);
  opts.callback((error, msg) => {
    print("callback", error, msg?.seq);
    if (msg?.seq === 3) got.resolve();
  });
  const sub = await js.subscribe("orders.>", opts);
  await got;
  const destroyed = sub.destroy().then(
    () => true,
    (error: unknown) => error instanceof NatsError && error.jsError(),
  );
  print("destroyed", await destroyed);
}
{
  const sub = await js.subscribe("orders.>", consumerOpts().orderedConsumer());
  for await (const msg of sub) {
    print("ordered", msg.seq, msg.info.deliverySequence);
    if (msg.seq === 10) break;
  }
}
{
  const opts = consumerOpts().durable("pull").manualAck().ackExplicit();
  const sub = await js.pullSubscribe("orders.>", opts);
  sub.pull({ batch: 3, expires: 5_000 });
  for await (const msg of sub) {
    print("pull", msg.seq, await msg.ackAck());
    if (msg.seq === 3) break;
  }
  for await (const msg of js.fetch("ORDERS", "pull", { batch: 2, expires: 5_000 })) {
    print("fetch", msg.seq, msg.redelivered);
    msg.ack();
  }
  const one = await js.pull("ORDERS", "pull", 5_000);
  print("one", one.seq, await one.ackAck(), await one.ackAck());
}
{
  const policy = {
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(30_000),
  };
  await jsm.consumers.add("ORDERS", { durable_name: "worker", ...policy });
  const consumer = await js.consumers.get("ORDERS", "worker");
  for await (const msg of await consumer.fetch({ max_messages: 3, expires: 5_000 })) {
    print("fetched", ...told(msg));
    msg.ack();
  }
  const next = await consumer.next({ expires: 5_000 });
  print("next", next?.seq, await next?.ackAck());
  const messages = await consumer.consume({ max_messages: 4 });
  for await (const msg of messages) {
    print("consumed", msg.seq);
    if (msg.seq === 10) {
      await msg.ackAck();
      break;
    }
    msg.ack();
  }
  const { ack_floor, num_pending } = await consumer.info();
  print(ack_floor.stream_seq, num_pending);
  const ordered = await js.consumers.get("ORDERS");
  for await (const msg of await ordered.consume()) {
    print("ordered", msg.seq);
    if (msg.seq === 10) break;
  }
}
const names: string[] = [];
for await (const name of jsm.streams.names()) names.push(name);
print(
  names,
  (await jsm.streams.getMessage("ORDERS", { seq: 2 })).subject,
  await jsm.streams.delete("ORDERS"),
);
await nc.drain();
