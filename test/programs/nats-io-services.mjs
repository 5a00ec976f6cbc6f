// @nats-io/services: a service with a group of endpoints, found and asked by a client.

import { Svcm } from "@nats-io/services";
import { connect } from "@nats-io/transport-node";
import { outage, outlived, say, started, untilDone, url } from "./steps.mjs";

const options = { servers: url, maxReconnectAttempts: -1 };
const nc = await connect(options);
const service = await new Svcm(nc).add({
  name: "max",
  version: "0.0.1",
  description: "returns the largest",
  queue: "q",
});
const math = service.addGroup("math");
math.addEndpoint("max", (error, msg) => {
  const numbers = msg.json();
  if (error || numbers.length === 0) msg?.respondError(400, "no numbers", JSON.stringify(numbers));
  else msg.respond(JSON.stringify(Math.max(...numbers)));
});
const caller = await connect(options);
started();

const ask = (numbers) => caller.request("math.max", JSON.stringify(numbers), { timeout: 1_000 });
say("max", (await untilDone(() => ask([1, 7, 3]))).json());
const refused = await ask([]);
say("refused", refused.headers?.get("Nats-Service-Error-Code"), refused.headers?.get("Nats-Service-Error"));
const client = new Svcm(caller).client();
for await (const { name, version } of await client.ping("max")) say("ping", name, version);
for await (const { endpoints } of await client.stats("max")) {
  for (const { name, subject, num_requests, num_errors } of endpoints)
    say(name, subject, num_requests, num_errors);
}
await outage();

say("max", (await untilDone(() => ask([2, 9]))).json());
for await (const { endpoints } of await client.info("max"))
  say(
    "info",
    endpoints.map(({ subject }) => subject),
  );
await service.stop();
say("stopped", service.isStopped);
outlived();
await caller.drain();
await nc.drain();
