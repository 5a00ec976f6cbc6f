// A program of the client's third version: `@nats-io/transport-node` with JetStream and key-value, errors by their classes, and
// WebSocket.

import { AckPolicy, JetStreamApiError, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import {
  AuthorizationError,
  ConnectionError,
  connect,
  createInbox,
  errors,
  headers,
  InvalidArgumentError,
  InvalidSubjectError,
  NoRespondersError,
  RequestError,
  syncIterator,
  TimeoutError,
  wsconnect,
} from "@nats-io/transport-node";
import { WebSocket } from "ws";

// The reference takes the one of the platform, which Node 20 does not have.
Object.assign(globalThis, { WebSocket });

const print = (...values: unknown[]) => console.log(JSON.stringify(values));
const classes = {
  AuthorizationError,
  ConnectionError,
  InvalidArgumentError,
  InvalidSubjectError,
  JetStreamApiError,
  NoRespondersError,
  RequestError,
  TimeoutError,
};

async function failure(name: string, run: () => unknown): Promise<void> {
  const error: unknown = await Promise.resolve()
    .then(run)
    .catch((reason: unknown) => reason);
  const { cause } = error as Error;
  const of = (value: unknown) =>
    Object.entries(classes).flatMap(([name, one]) => (value instanceof one ? [name] : []));
  print(name, of(error), of(cause));
}

const { NATS_URL = "", NATS_WEBSOCKET = "" } = process.env;
const nc = await connect({ servers: NATS_URL, user: "program", pass: "secret" });
print(nc.isClosed(), nc.info?.headers, createInbox().split(".").length, Object.keys(errors).length);

const sub = nc.subscribe("greetings.*", { max: 2 });
const added = headers();
added.set("Number", "1");
nc.publish("greetings.one", "hello", { headers: added });
nc.publish("greetings.two", JSON.stringify({ n: 2 }));
for await (const msg of sub) print(msg.subject, msg.string(), msg.headers?.get("Number"));
print(sub.isClosed(), await sub.closed);
nc.subscribe("double", { callback: (_error, msg) => void msg.respond(`${2 * Number(msg.string())}`) });
print((await nc.request("double", "21")).string());
const many = await nc.requestMany("double", "4", { strategy: "count", maxMessages: 1 });
for await (const msg of many) print(msg.string());

nc.subscribe("silent", { callback: () => {} });
await failure("nobody", () => nc.request("nobody"));
await failure("silent", () => nc.request("silent", "", { timeout: 20 }));
await failure("empty subject", () => nc.publish(""));
await failure("refused", () => connect({ port: 1, reconnect: false }));
await failure("unauthorized", () =>
  connect({ servers: NATS_URL, user: "program", pass: "wrong", reconnect: false }),
);
await failure("by WebSocket", () => connect({ servers: "ws://127.0.0.1" }));

const jsm = await jetstreamManager(nc);
await jsm.streams.add({ name: "ORDERS", subjects: ["orders.>"] });
await jsm.consumers.add("ORDERS", { durable_name: "worker", ack_policy: AckPolicy.Explicit });
const js = jetstream(nc);
for (let n = 1; n <= 3; n++) print((await js.publish("orders.new", `${n}`, { msgID: `${n}` })).seq);
await failure("no stream", () => jsm.streams.info("MISSING"));
const messages = await (await js.consumers.get("ORDERS", "worker")).consume();
for await (const msg of messages) {
  print(msg.seq, msg.string(), await msg.ackAck());
  if (msg.seq === 3) break;
}
const kv = await new Kvm(nc).create("settings");
const watch = syncIterator(await kv.watch());
await kv.put("colour", "blue");
print((await watch.next())?.string(), (await kv.get("colour"))?.revision);

const browser = await wsconnect({ servers: NATS_WEBSOCKET, user: "program", pass: "secret" });
print((await browser.request("double", "8")).string());
await browser.close();
await failure("TLS options", () => wsconnect({ servers: NATS_WEBSOCKET, tls: {} }));
await nc.drain();
print(await nc.closed(), nc.isClosed());
