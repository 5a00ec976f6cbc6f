// A service as the README writes it, which is told by its environment where its server is and who listens to its end. Run by
// ../integration/unheard-end.test.ts.

import { connect, type NatsConnection } from "../../src/index.js";

const { SERVER = "", LISTENS_TO = "" } = process.env as { readonly [name: string]: string | undefined };

const nc: NatsConnection = await connect({
  servers: SERVER,
  maxReconnectAttempts: 1,
  reconnectTimeWait: 10,
  reconnectJitter: 0,
  ...(LISTENS_TO === "onStatus" ? { onStatus: () => {} } : {}),
});
nc.subscribe("greet.*", {
  callback: (_err, msg) => void msg.respond(`Hello, ${msg.subject.split(".")[1]}!`),
});
if (LISTENS_TO === "closed") void nc.closed();
if (LISTENS_TO === "status") void nc.status();
await nc.flush();
console.log("serves");
