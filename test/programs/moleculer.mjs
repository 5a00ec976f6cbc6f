// Moleculer with its NATS transporter: two brokers, of which one serves what the other calls.

import { createRequire } from "node:module";
import { outage, outlived, say, started, until, untilDone, url } from "./steps.mjs";

const { ServiceBroker, Errors } = createRequire(import.meta.url)("moleculer");

const options = { transporter: url, logger: false, requestTimeout: 2_000, heartbeatInterval: 2 };
const serving = new ServiceBroker({ ...options, nodeID: "serving" });
const calling = new ServiceBroker({ ...options, nodeID: "calling" });
const heard = [];
serving.createService({
  name: "math",
  actions: {
    add: { params: { a: "number", b: "number" }, handler: ({ params }) => params.a + params.b },
    fail() {
      throw new Errors.MoleculerClientError("refused", 422, "REFUSED", { why: "test" });
    },
  },
  events: {
    "user.created": (ctx) => void heard.push(`created ${ctx.params.name}`),
    "user.removed": (ctx) => void heard.push(`removed ${ctx.params.name}`),
  },
});
await Promise.all([serving.start(), calling.start()]);
await calling.waitForServices("math");
started();

say("sum", await calling.call("math.add", { a: 5, b: 3 }));
say(
  "error",
  await calling
    .call("math.fail")
    .catch(({ name, code, type, data, nodeID }) => [name, code, type, data, nodeID]),
);
say("refused", await calling.call("math.add", { a: "5" }).catch(({ name, code }) => [name, code]));
await calling.emit("user.created", { name: "Ann" });
await calling.broadcast("user.removed", { name: "Bob" });
await until(() => heard.length === 2);
say("ping", typeof (await calling.ping("serving")).elapsedTime);
await outage();

say("sum", await untilDone(() => calling.call("math.add", { a: 1, b: 1 })));
await calling.emit("user.created", { name: "Cid" });
await until(() => heard.length === 3);
say("heard", heard.sort());
outlived();
await calling.stop();
await serving.stop();
