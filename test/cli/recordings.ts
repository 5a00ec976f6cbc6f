// A recording made by hand: connected, lost, connected again, drained. Plain data for the tests of `replay`.

import { type ConnectionEvent, type Recording, replay } from "../../src/machine/index.js";

const at = 1_700_000_000_000;

const info = (serverName: string): ConnectionEvent => ({
  type: "server.info",
  attempt: serverName === "n0" ? 1 : 2,
  at: at + (serverName === "n0" ? 4 : 2_104),
  info: {
    serverId: serverName,
    serverName,
    version: "2.10.0",
    tlsRequired: false,
    tlsAvailable: false,
    lameDuck: false,
    connectUrls: [],
  },
});

const failure = { code: "ECONNRESET", message: "a:4222: the connection was reset" };

/** Two servers, an outage, and a drain. */
export const outage: Recording = {
  version: 5,
  input: { servers: ["a:4222", "b:4222"], seed: 1, at, policy: { noRandomize: true } },
  from: null,
  events: [
    { type: "socket.opened", attempt: 1, at: at + 2 },
    info("n0"),
    { type: "server.pong", attempt: 1, at: at + 6 },
    { type: "socket.closed", attempt: 1, at: at + 2_100, failure, halfClosed: false },
    { type: "socket.opened", attempt: 2, at: at + 2_102 },
    info("n1"),
    { type: "server.pong", attempt: 2, at: at + 2_106 },
    { type: "server.pong", attempt: 2, at: at + 2_108 },
    { type: "user.drain", at: at + 3_000 },
    { type: "subscriptions.drained", attempt: 0, at: at + 3_001 },
    { type: "outbound.flushed", attempt: 2, at: at + 3_002 },
    { type: "socket.closed", attempt: 2, at: at + 3_004, failure: null, halfClosed: false },
  ],
};

// A recording that the chart does not follow to its end would test nothing.
const end = replay(outage).at(-1)?.state;
if (end !== "closed") throw new Error(`the recording ends in ${JSON.stringify(end)}`);
