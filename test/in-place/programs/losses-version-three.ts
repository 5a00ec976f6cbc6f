// A program of the client's third version, whose server takes a message and dies before it has confirmed it. It drains at its end.

import { connect } from "@nats-io/transport-node";

const print = (...values: unknown[]) => console.log(...values);
const { NATS_URL = "", UNCONFIRMED } = process.env;
const options = {
  servers: NATS_URL,
  maxReconnectAttempts: -1,
  reconnectTimeWait: 50,
  pingInterval: 600_000,
  ...(UNCONFIRMED === undefined ? {} : { unconfirmed: UNCONFIRMED }),
};
const nc = await connect(options);
let back = () => {};
const isBack = new Promise<void>((resolve) => {
  back = resolve;
});
void (async () => {
  for await (const { type } of nc.status()) if (type === "reconnect") back();
})();

const frozen = new Promise((resolve) => process.once("SIGUSR2", resolve));
print("connected");
await frozen;
nc.publish("taken");
// The socket has it by then: bytes go out at the end of the turn.
setTimeout(() => print("published"), 50);
await isBack;
await nc.drain().then(
  () => print("drain resolved"),
  ({ name }) => print("drain", name),
);
print("closed", (await nc.closed())?.name ?? "well");
