// The public surface of nats-statechart in Node: what exports.ts lists, and `connect` over TCP, TLS and WebSocket.
// Bundlers for browsers take browser.ts instead.

export { connect } from "./api/connect.js";
export * from "./exports.js";
