// @instana/collector: traces what is published, requested and consumed, and sends it to an agent, which is imitated here.

import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { outage, outlived, say, started, until, untilDone, url } from "./steps.mjs";

const require = createRequire(import.meta.url);
const spans = [];
const agent = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  if (request.url.endsWith(".discovery")) {
    response.end(JSON.stringify({ agentUuid: "agent", pid: process.pid }));
    return;
  }
  if (request.url.includes("/traces.")) {
    const sent = JSON.parse(body);
    spans.push(...(sent.spans ?? sent));
  }
  response.end(request.url === "/" ? JSON.stringify({ version: "1.1.999" }) : "[]");
});
agent.listen(0, "127.0.0.1");
await once(agent, "listening");
Object.assign(process.env, {
  INSTANA_AGENT_HOST: "127.0.0.1",
  INSTANA_AGENT_PORT: String(agent.address().port),
  INSTANA_LOG_LEVEL: "error",
});
const instana = require("@instana/collector")();
const { connect, StringCodec } = require("nats");
const { decode, encode } = StringCodec();
const nc = await connect({ servers: url, maxReconnectAttempts: -1 });
await until(() => instana.isConnected());
started();

/** Does the work within a span, as a request to a program would make one. */
async function traced(work) {
  await instana.sdk.async.startEntrySpan("program");
  await work();
  instana.sdk.async.completeEntrySpan();
}

/** The spans of NATS, those of the receiver with the one that it belongs to. */
async function told(count) {
  const found = () => spans.filter(({ n }) => n === "nats");
  await until(() => found().length >= count);
  const lines = found().map(({ k, p, data: { nats } }) => {
    const sender = spans.find(({ s }) => s === p);
    return [
      k === 2 ? "exit" : "entry",
      nats.sort,
      nats.subject,
      nats.address === url,
      sender?.n ?? "none",
    ].join(" ");
  });
  spans.length = 0;
  return lines.sort();
}

const heard = [];
nc.subscribe("orders", { callback: (_, msg) => void heard.push(decode(msg.data)) });
nc.subscribe("greet", { callback: (_, msg) => void msg.respond(encode(`Hello ${decode(msg.data)}`)) });
await nc.flush();
await traced(async () => nc.publish("orders", encode("first")));
await until(() => heard.length === 1);
say("publish", await told(2));
await traced(async () => say(decode((await nc.request("greet", encode("Ann"))).data)));
say("request", await told(2));
await outage();

await untilDone(() => nc.request("greet", encode("again"), { timeout: 1_000 }));
spans.length = 0;
await traced(async () => nc.publish("orders", encode("second")));
await until(() => heard.length === 2);
say(
  "publish",
  (await told(2)).filter((line) => line.includes("orders")),
);
outlived();
await nc.drain();
agent.closeAllConnections();
agent.close();
