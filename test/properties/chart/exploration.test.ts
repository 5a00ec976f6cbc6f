// A try by hand comes later.
import { expect, test } from "vitest";
import { explore, type Happenings } from "./explore.js";
import { quickChart } from "./chart.js";
import { eventOf } from "./moves.js";
import { serverErrorFrom } from "../../../src/machine/server-error.js";

const happenings: (refusals: boolean, cluster: boolean) => Happenings = (refusals, cluster) => (attempt, at) => {
  const of = (type: Parameters<typeof eventOf>[0], how = 0) => eventOf(type, attempt, at, how);
  const err = (text: string, credentials = 1) => ({ type: "server.error", attempt, at, error: serverErrorFrom(text), credentials }) as const;
  return [
    of("socket.opened"), of("socket.secured"), of("socket.closed"), of("socket.closed", 1),
    of("server.info"), of("server.info", 1), of("server.info", 2), of("server.info", 4),
    ...(cluster ? [of("server.info", 256 + 16), of("server.info", 256 + 32)] : []),
    of("server.ping"), of("server.pong"),
    err("Invalid Subject"), err("Slow Consumer"),
    ...(refusals ? [err("Authorization Violation"), err("Authorization Violation", 2)] : []),
    of("protocol.violated"), of("credentials.failed"),
    of("timer.fired"), of("timer.fired", 1), of("timer.fired", 2), of("timer.fired", 3),
    of("delay.chosen"), of("delay.chosen", 2),
    of("subscriptions.drained"), of("outbound.flushed"),
    of("user.drain"), of("user.drain", 1), of("user.close"), of("user.close", 1), of("user.reconnect"),
  ];
};
test("try", () => {
  for (const [policy, servers, r, c] of [
    [{ maxReconnectAttempts: 2, maxPingOut: 1 }, ["a", "b"], false, false],
    [{ maxReconnectAttempts: 2, maxPingOut: 1 }, ["a", "b"], true, false],
    [{ maxReconnectAttempts: 2, maxPingOut: 1 }, ["a"], false, true],
    [{ maxReconnectAttempts: 2, maxPingOut: 1, asksForDelay: true, waitOnFirstConnect: true }, ["a", "b"], false, false],
    [{ maxReconnectAttempts: -1, maxPingOut: 1, asksForDelay: true, waitOnFirstConnect: true }, ["a"], true, true],
  ] as const) {
    const t = process.cpuUsage();
    let loud = 0; const distinct = new Set<string>();
    const walk = explore(quickChart, { servers, seed: 1, at: 0, policy: { noRandomize: true, ...policy } }, happenings(r, c), (e) => { if (e.effects.length) { loud++; distinct.add(e.from.id + e.to + e.event.type + e.effects.map(x=>x.type)); } });
    const u = process.cpuUsage(t);
    console.log(JSON.stringify(policy), walk.nodes.size, walk.edges, walk.depth, loud, distinct.size, new Set([...walk.nodes.values()].map(n => n.state)).size, ((u.user + u.system)/1e6).toFixed(1) + "s");
  }
  expect(1).toBe(1);
}, 300000);
