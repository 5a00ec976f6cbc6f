// @well-known-components/nats-component: a component with a life, which publishes and subscribes.

import { createRequire } from "node:module";
import { outage, outlived, say, started, until, url } from "./steps.mjs";

const { createNatsComponent, decodeJson, encodeJson } = createRequire(import.meta.url)(
  "@well-known-components/nats-component",
);

const quiet = () => {};
const statuses = new Set();
const logger = {
  debug: quiet,
  info: (_, status) => statuses.add(status?.type),
  warn: quiet,
  error: quiet,
  log: quiet,
};
const nats = await createNatsComponent({
  config: { requireString: async () => url },
  logs: { getLogger: () => logger },
});
nats.events.on("connected", () => say("connected"));
await nats.start();
started();

const heard = [];
const subscription = nats.subscribe("peer.*.connect", (error, { subject, data }) => {
  heard.push([error, subject, decodeJson(data)]);
});
nats.publish("peer.837.connect", encodeJson({ id: 1 }));
await until(() => heard.length === 1);
say("heard", heard);
await outage();

await until(() => {
  nats.publish("peer.838.connect", encodeJson({ id: 2 }));
  return heard.some(([, subject]) => subject === "peer.838.connect");
});
say("heard", heard.at(-1));
say(
  "statuses",
  ["disconnect", "reconnecting", "reconnect"].map((type) => statuses.has(type)),
);
subscription.unsubscribe();
outlived();
await nats.stop();
