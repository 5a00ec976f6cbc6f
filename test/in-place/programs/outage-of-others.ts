// A program that was written for the reference, and goes on through an outage of its server without a thought: what it calls
// there neither throws nor waits for ever, and what it hears is what it knows.

import { connect, Events, headers, NatsError } from "nats";

const print = (...values: unknown[]) => console.log(...values);
const { NATS_URL = "", END = "drain" } = process.env;
const nc = await connect({
  servers: NATS_URL,
  maxReconnectAttempts: -1,
  reconnectTimeWait: 20,
  timeout: 0,
  pingInterval: 0,
});
const heard = new Set<string>();
let lost = () => {};
let back = () => {};
const isLost = new Promise<void>((resolve) => {
  lost = resolve;
});
const isBack = new Promise<void>((resolve) => {
  back = resolve;
});
void (async () => {
  for await (const { type } of nc.status()) {
    heard.add(type);
    if (type === Events.Disconnect) lost();
    if (type === Events.Reconnect) back();
  }
})();

nc.subscribe("service", { queue: "", max: 0, callback: (_error, msg) => msg.respond(msg.data) });
const answered = await nc.request("service", "a", { timeout: 0, headers: headers() });
print("answered", answered.string());
await nc.flush();
print("connected");
await isLost;
const half = new Uint8Array(512 * 1024);
// Twice what is kept for the next server.
for (let n = 0; n < 32; n++) nc.publish("telemetry", half);
print("published");
print(
  "flush",
  await nc.flush().then(
    () => "resolved",
    (error: unknown) => (error instanceof NatsError ? error.code : "?"),
  ),
);
print("restart");
if (END === "away") {
  await nc.close();
  print(END);
  process.exit(0);
}
await isBack;
print("errors", heard.has(Events.Error));
await nc.flush();
print("flushed");
if (END === "kill") {
  const gone = new Promise<void>((resolve) => {
    lost = resolve;
  });
  print("kill");
  await gone;
  nc.publish("kept", "for nobody");
}
if (END === "close") await nc.close();
else await nc.drain();
print(END);
process.exit(0);
