// @nats-io/obj: an object of many chunks, put before the outage and read after it.

import { Objm } from "@nats-io/obj";
import { connect } from "@nats-io/transport-node";
import { outage, outlived, say, started, untilDone, url } from "./steps.mjs";

const nc = await connect({ servers: url, maxReconnectAttempts: -1 });
const store = await new Objm(nc).create("files");
started();

const bytes = new Uint8Array(400_000).map((_, index) => index % 251);
const put = await store.putBlob({ name: "large", description: "many chunks" }, bytes);
say("put", put.name, put.size, put.chunks, put.digest);
await store.putBlob({ name: "small" }, new TextEncoder().encode("hello"));
say("list", (await store.list()).map(({ name }) => name).sort());
await outage();

const read = await untilDone(() => store.getBlob("large"));
say(
  "same",
  read.every((byte, index) => byte === bytes[index]),
  read.length,
);
await untilDone(() => store.delete("small"));
say("gone", await store.getBlob("small"));
outlived();
await nc.drain();
