// Key-value, object store and services as programs of `nats` use them.

import { connect, type KvEntry, NatsError, ServiceErrorCodeHeader, StringCodec } from "nats";

const print = (...values: unknown[]) => console.log(JSON.stringify(values));
const text = StringCodec();
const nc = await connect({ servers: process.env["NATS_URL"] ?? "" });
const js = nc.jetstream();

const kv = await js.views.kv("settings", { history: 5 });
const watch = await kv.watch();
const watched = (async () => {
  const entries: unknown[] = [];
  for await (const entry of watch) {
    entries.push([entry.key, entry.operation, entry.revision, text.decode(entry.value)]);
    if (entry.key === "done") break;
  }
  return entries;
})();
const told = (entry: KvEntry | null) => entry && [entry.key, entry.revision, entry.operation, entry.string()];
print(
  await kv.put("colour", text.encode("blue")),
  await kv.update("colour", "green", 1),
  told(await kv.get("colour")),
);
const error: unknown = await kv.create("colour", "red").catch((reason: unknown) => reason);
print(error instanceof NatsError, error instanceof NatsError && [error.code, error.jsError()?.err_code]);
await kv.delete("colour");
await kv.put("done", "yes");
print(await watched);
const keys: string[] = [];
for await (const key of await kv.keys()) keys.push(key);
const revisions: unknown[] = [];
for await (const entry of await kv.history({ key: "colour" }))
  revisions.push([entry.revision, entry.operation]);
const status = await kv.status();
print(keys, revisions, status.bucket, status.history, status.values, await kv.destroy());

const store = await js.views.os("files");
const stored = await store.putBlob({ name: "large", description: "sevens" }, new Uint8Array(300_000).fill(7));
print(stored.name, stored.size, stored.chunks, stored.digest);
const blob = await store.getBlob("large");
print(
  blob?.length,
  blob?.every((byte) => byte === 7),
  (await store.list()).map(({ name }) => name),
);
print((await store.delete("large")).success, await store.get("large"), await store.destroy());

const service = await nc.services.add({ name: "sums", version: "1.0.0", description: "adds" });
service.addGroup("sums").addEndpoint("add", (_error, msg) => {
  const numbers = msg.json<number[]>();
  if (!Array.isArray(numbers)) msg.respondError(400, "no list");
  else msg.respond(JSON.stringify(numbers.reduce((sum, one) => sum + one, 0)));
});
print((await nc.request("sums.add", "[1,2,3]")).string());
print((await nc.request("sums.add", "1")).headers?.get(ServiceErrorCodeHeader));
const client = nc.services.client();
for await (const { name, version } of await client.ping()) print("ping", name, version);
for await (const { endpoints } of await client.info("sums"))
  print(
    "info",
    endpoints.map(({ subject }) => subject),
  );
for await (const { endpoints } of await client.stats("sums")) {
  print(
    "stats",
    endpoints?.map(({ name, num_requests, num_errors }) => [name, num_requests, num_errors]),
  );
}
print(await service.stop(), service.isStopped);
await nc.drain();
