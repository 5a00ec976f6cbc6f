// The public surface of nats-statechart in browsers, workers and other runtimes with a WebSocket of their own. No Node
// module is behind it. Bundlers take it by the condition "browser"; by name it is `nats-statechart/browser`.
//
// The same as index.ts but for `connect`, which speaks WebSocket only. Guide: docs/browsers.md.

export { connect } from "./api/connect-by-web-socket.js";
export * from "./exports.js";
