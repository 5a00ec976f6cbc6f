// A program whose server takes messages and dies before it has confirmed them. At its end it drains, or flushes before.

import { connect, deferred, NatsError } from "nats-statechart-nats";

const print = (...values: unknown[]) => console.log(...values);
const { NATS_URL = "", UNCONFIRMED, FLUSH, AWAY, HELD } = process.env;
const lost = deferred<void>();
const back = deferred<void>();
const nc = await connect({
  servers: NATS_URL,
  maxReconnectAttempts: -1,
  reconnectTimeWait: 50,
  pingInterval: 600_000,
  drainTimeout: 500,
  ...(UNCONFIRMED === "report" ? { unconfirmed: UNCONFIRMED } : {}),
});
void (async () => {
  for await (const { type } of nc.status()) {
    if (type === "disconnect") lost.resolve();
    if (type === "reconnect") back.resolve();
  }
})();
const tried = (run: () => Promise<unknown>) =>
  run().then(
    () => "resolved",
    (error: unknown) => (error instanceof NatsError ? error.code : error),
  );

const frozen = new Promise((resolve) => process.once("SIGUSR2", resolve));
print("connected");
await frozen;
nc.publish("taken");
const flight = FLUSH === "in flight" ? tried(() => nc.flush()) : undefined;
// The socket has it by then: bytes go out at the end of the turn.
setTimeout(() => print("published"), 50);
await lost;
if (flight !== undefined) print("flush", await flight);
if (AWAY === undefined) await back;
nc.publish("later");
if (FLUSH === "afterwards") print("flush", await tried(() => nc.flush()));
if (HELD === "yes") {
  const held = nc.subscribe("held")[Symbol.asyncIterator]();
  nc.publish("held");
  // It has a message, and never comes back for the next one.
  await held.next();
}
print("drain", await tried(() => nc.drain()));
const error = await nc.closed();
print("closed", error === undefined ? "well" : error.message.replace(/;.*/, ""));
