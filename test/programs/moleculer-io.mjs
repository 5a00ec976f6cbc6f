// moleculer-io: a gateway for Socket.IO in one broker, the service behind it in another, NATS between them.

import { once } from "node:events";
import { createRequire } from "node:module";
import { io as dial } from "socket.io-client";
import { outage, outlived, say, started, untilDone, url } from "./steps.mjs";

const require = createRequire(import.meta.url);
const { ServiceBroker } = require("moleculer");

const options = { transporter: url, logger: false, requestTimeout: 2_000 };
const gateway = new ServiceBroker({ ...options, nodeID: "gateway" });
const serving = new ServiceBroker({ ...options, nodeID: "serving" });
const io = gateway.createService({
  name: "io",
  mixins: [require("moleculer-io")],
  settings: { port: 0, io: { namespaces: { "/": { events: { call: { whitelist: ["math.*"] } } } } } },
});
serving.createService({
  name: "math",
  actions: { add: ({ params }) => Number(params.a) + Number(params.b) },
});
await Promise.all([gateway.start(), serving.start()]);
await gateway.waitForServices("math");
const client = dial(`http://127.0.0.1:${io.io.httpServer.address().port}`, { transports: ["websocket"] });
await once(client, "connect");
started();

const call = (action, params) =>
  new Promise((resolve, reject) => {
    client.timeout(2_500).emit("call", action, params, (late, error, result) => {
      if (late || error) reject(late ?? new Error(error.name));
      else resolve(result);
    });
  });
say("sum", await untilDone(() => call("math.add", { a: 25, b: 13 })));
say("refused", await call("$node.list", {}).catch(({ message }) => message));
await outage();

say("sum", await untilDone(() => call("math.add", { a: 1, b: 2 })));
outlived();
client.close();
await gateway.stop();
await serving.stop();
