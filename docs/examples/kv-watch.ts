// A program that follows its settings: it reads those of a key-value bucket and hears of each change, until SIGTERM.
// The official key-value package runs on our connection. More of it: docs/jetstream.md.
//
// npm install nats-statechart @nats-io/nats-core @nats-io/jetstream @nats-io/kv; it wants `nats-server -js`

import { Kvm } from "@nats-io/kv";
import { connect } from "nats-statechart";
import { asNatsCore } from "nats-statechart/nats-core";

const nc = await connect({
  servers: process.env.NATS_URL ?? "127.0.0.1:4222",
  name: "settings",
  maxReconnectAttempts: -1,
});
const bucket = await new Kvm(asNatsCore(nc)).create("settings");
const settings = new Map<string, string>();

// First what is there, then each change as it is made; in order, and each once, through reconnects too.
const changes = await bucket.watch();

process.once("SIGTERM", () => {
  changes.stop();
});

console.log("watching");
for await (const entry of changes) {
  if (entry.operation === "PUT") settings.set(entry.key, entry.string());
  else settings.delete(entry.key);
  console.log(`${entry.operation} ${entry.key}: ${JSON.stringify(Object.fromEntries(settings))}`);
}

// Outages may have cost requests for more changes. The watch has asked again: there is nothing to do.
await nc.drain().catch((error: Error) => console.log(error.message));
console.log("stopped");
