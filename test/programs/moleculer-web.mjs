// moleculer-web: a gateway for HTTP in one broker, the service behind it in another, NATS between them.

import { createRequire } from "node:module";
import { outage, outlived, say, started, untilDone, url } from "./steps.mjs";

const require = createRequire(import.meta.url);
const { ServiceBroker } = require("moleculer");

const options = { transporter: { type: "NATS", options: { url } }, logger: false, requestTimeout: 2_000 };
const gateway = new ServiceBroker({ ...options, nodeID: "gateway" });
const serving = new ServiceBroker({ ...options, nodeID: "serving" });
const api = gateway.createService({
  name: "api",
  mixins: [require("moleculer-web")],
  settings: {
    port: 0,
    ip: "127.0.0.1",
    routes: [{ path: "/api", aliases: { "GET hello/:name": "greeter.hello" } }],
  },
});
serving.createService({
  name: "greeter",
  actions: {
    hello: { params: { name: "string" }, handler: ({ params }) => ({ text: `Hello ${params.name}` }) },
  },
});
await Promise.all([gateway.start(), serving.start()]);
await gateway.waitForServices("greeter");
started();

async function get(path) {
  const response = await fetch(`http://127.0.0.1:${api.server.address().port}${path}`, {
    headers: { connection: "close" },
  });
  return [response.status, await response.json()];
}
say(await get("/api/hello/Ann"));
say((await get("/api/none"))[0]);
await outage();

say(
  await untilDone(async () => {
    const answer = await get("/api/hello/Bob");
    if (answer[0] !== 200) throw new Error(`it answers ${answer}`);
    return answer;
  }),
);
outlived();
await gateway.stop();
await serving.stop();
