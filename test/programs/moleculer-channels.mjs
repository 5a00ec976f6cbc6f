// @moleculer/channels with its adapter for NATS JetStream: messages with retries and a dead letter queue.

import { createRequire } from "node:module";
import { outage, outlived, say, started, until, untilDone, url } from "./steps.mjs";

const require = createRequire(import.meta.url);
const { ServiceBroker } = require("moleculer");
const { Middleware } = require("@moleculer/channels");

const adapter = {
  type: "NATS",
  options: {
    nats: {
      url,
      connectionOptions: { maxReconnectAttempts: -1 },
      streamConfig: {},
      consumerOptions: { config: { deliver_policy: "new", ack_policy: "explicit", max_ack_pending: 1 } },
    },
    maxInFlight: 10,
    maxRetries: 2,
    deadLettering: { enabled: true, queueName: "DEAD_LETTER" },
  },
};
const broker = new ServiceBroker({ logger: false, middlewares: [Middleware({ adapter })] });
const heard = [];
const dead = [];
let refusals = 0;
broker.createService({
  name: "payments",
  channels: {
    "order.created": {
      group: "payments",
      handler: ({ id }) => void heard.push(id),
    },
    "order.failed": {
      group: "payments-failed",
      handler() {
        refusals++;
        throw new Error("refused");
      },
    },
    DEAD_LETTER: { group: "graveyard", handler: ({ id }) => void dead.push(id) },
  },
});
await broker.start();
started();

await broker.sendToChannel("order.created", { id: 1 }, { headers: { a: "b" } });
await until(() => heard.includes(1));
await broker.sendToChannel("order.failed", { id: 2 });
await until(() => dead.includes(2));
say("refusals", refusals, "dead", dead);
await outage();

await untilDone(() => broker.sendToChannel("order.created", { id: 3 }));
await until(() => heard.includes(3));
say("heard", [...new Set(heard)]);
outlived();
await broker.stop();
