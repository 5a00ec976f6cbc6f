// nats-micro: a microservice and its caller, each with a broker of its own.

import { Microservice, NatsBroker } from "nats-micro";
import { outage, outlived, say, started, until, untilDone, url } from "./steps.mjs";

const options = { servers: url, maxReconnectAttempts: -1 };
const serving = await new NatsBroker({ name: "serving", ...options }).connect();
const calling = await new NatsBroker({ name: "calling", ...options }).connect();
const changes = [];
const service = await Microservice.create(serving, {
  name: "echo",
  description: "Echoes",
  version: "0.0.1",
  methods: {
    say: { handler: (req, res) => res.send(`${req.data}!`), subject: "echo.say" },
    fail: {
      handler: () => {
        throw new Error("refused");
      },
      subject: "echo.fail",
    },
    changed: { handler: (req) => void changes.push(req.data), subject: "$EVT.config.change" },
  },
});
started();

const ask = async (word) => (await calling.request("echo.say", word, { timeout: 1_000 })).data;
say("answer", await untilDone(() => ask("hello")));
say("error", await calling.request("echo.fail", "", { timeout: 2_000 }).catch(({ message }) => message));
for await (const { data } of calling.requestMany("$SRV.INFO.echo", "", { timeout: 2_000, limit: 1 })) {
  say("found", data.name, data.version, data.endpoints.map(({ name }) => name).sort());
}
await calling.send("$EVT.config.change", "dark");
await until(() => changes.includes("dark"));
await outage();

say("answer", await untilDone(() => ask("again")));
await calling.send("$EVT.config.change", "light");
await until(() => changes.includes("light"));
say("changes", changes);
outlived();
// One that still waits for answers at the end.
const waiting = (async () => {
  for await (const { data } of calling.requestMany("$SRV.PING", "", { timeout: 10_000, limit: -1 }))
    say(data.name);
})();
await service.stop();
await calling.disconnect();
await serving.disconnect();
await waiting;
