// What late-answers.test.ts runs: a service that is shut down in good order while handlers that are `async` work. Each answers
// when the connection has ended, as one does that takes longer than the drain.

import { Svcm } from "@nats-io/services";
import { connect } from "../../../src/index.js";
import { asNatsCore } from "../../../src/nats-core/index.js";

const nc = await connect({ servers: process.env["NATS_URL"] ?? "" });
const core = asNatsCore(nc);

async function answerLate(name: string, respond: () => boolean): Promise<void> {
  console.log(`${name} was asked`);
  await nc.closed();
  console.log(`${name} answered: ${respond()}`);
}

nc.subscribe("callback", {
  callback: (_error, msg) => void answerLate("callback", () => msg.respond("late")),
});
nc.subscribe("connection", {
  callback: (_error, msg) => void answerLate("connection", () => nc.respondMessage(msg)),
});
core.subscribe("core", {
  callback: (_error, msg) => void answerLate("core", () => core.respondMessage(msg)),
});
// The published package brings an older nats-core, whose types are not those of 3.4.
const service = await new Svcm(core as never).add({ name: "late", version: "1.0.0" });
service.addEndpoint("service", (_error, msg) => void answerLate("service", () => msg.respond("late")));
nc.subscribe("now", {
  callback: (_error, msg) => void console.log(`${msg.string()} was answered: ${msg.respond()}`),
});
await nc.flush();

process.once("SIGTERM", () => void nc.drain());
console.log("ready");
