// The events with which a connection to 10.0.0.1:4222 stands, and the chart alone that gets them: for tests of who is told of them.

import { createActor } from "xstate";
import { inspection } from "../../src/api/inspection.js";
import type { Inspect } from "../../src/effects/inspect.js";
import { connectionMachine } from "../../src/machine/connection-machine.js";
import type { ConnectionEvent } from "../../src/machine/events.js";

/** What its server says of itself: it knows two others. */
const summary = {
  serverId: "NA",
  serverName: "a",
  version: "2.10.0",
  tlsRequired: false,
  tlsAvailable: false,
  lameDuck: false,
  connectUrls: ["10.0.0.1:4222", "10.0.0.2:4222", "10.0.0.3:4222"],
};

export const greeted = [
  { type: "socket.opened", attempt: 1, at: 1 },
  { type: "server.info", attempt: 1, at: 2, info: summary },
  { type: "server.pong", attempt: 1, at: 3 },
] as const;

/** A chart that gets these events, and what observes it. Whoever runs it stops it. */
export function inspected(inspect: Inspect, events: readonly ConnectionEvent[] = greeted) {
  const input = { servers: ["10.0.0.1:4222"], seed: 1, at: 0 };
  const options = { id: "connection", input, inspect: inspection(inspect) };
  const actor = createActor(connectionMachine, options).start();
  for (const event of events) actor.send(event);
  return actor;
}
