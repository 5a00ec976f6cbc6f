// The events with which a connection to 10.0.0.1:4222 stands: for tests of who is told of them.

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
