// @nats-io/kv: a bucket, its history, and a watch that outlives the outage.

import { Kvm } from "@nats-io/kv";
import { connect } from "@nats-io/transport-node";
import { outage, outlived, say, started, until, untilDone, url } from "./steps.mjs";

const nc = await connect({ servers: url, maxReconnectAttempts: -1 });
const kv = await new Kvm(nc).create("config", { history: 5 });
started();

const watched = [];
const watch = await kv.watch();
const watching = (async () => {
  for await (const { key, operation, revision } of watch) watched.push(`${key} ${operation} ${revision}`);
})();
say("put", await kv.put("color", "blue"));
say("update", await kv.update("color", "red", 1));
say(
  "conflict",
  await kv.update("color", "green", 1).catch(({ name, code, message }) => [name, code, message]),
);
say("create", await kv.create("color", "black").catch(({ name }) => name));
say("get", (await kv.get("color")).string(), await kv.get("none"));
await kv.delete("color");
await until(() => watched.length === 3);
await outage();

await untilDone(() => kv.put("size", "large"));
await until(() => watched.some((line) => line.startsWith("size")));
const history = [];
for await (const { operation, revision } of await kv.history({ key: "color" }))
  history.push(`${operation} ${revision}`);
say("history", history);
say("watched", watched.slice(0, 3), watched.at(-1).split(" ").slice(0, 2));
watch.stop();
await watching;
outlived();
await nc.drain();
