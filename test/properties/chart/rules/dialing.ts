// Dialing: which server, how soon, how often. Kept by counting what the effects say, not by what the chart remembers.

import type { Milliseconds } from "../../../../src/machine/failure.js";
import type { Policy } from "../../../../src/machine/reconnect-policy.js";
import { isRefusal } from "../../../../src/machine/server-error.js";
import type { ServerPool } from "../../../../src/machine/server-pool.js";
import { isAttempting } from "../chart.js";
import type { Scene } from "../told.js";
import type { Rule } from "./rule.js";

/** The last time a server was dialed, and how long it is to be left alone since: not less, and not more. */
interface Dialed {
  readonly at: Milliseconds;
  readonly least: Milliseconds;
  readonly most: Milliseconds;
}

function waitOf(policy: Policy): { readonly least: Milliseconds; readonly most: Milliseconds } {
  const { reconnectTimeWait, reconnectJitter, reconnectJitterTls } = policy;
  const jitter = Math.max(reconnectJitter, reconnectJitterTls);
  return { least: reconnectTimeWait, most: reconnectTimeWait + Math.max(0, jitter - 1) };
}

const has = (pool: ServerPool, name: string) => pool.some((server) => server.name === name);

export const dialsInTime: Rule = {
  sentence:
    "no server is dialed sooner than the policy allows, none that left the pool, and none waits while one is eligible",
  watch: (policy) => {
    const dialed = new Map<string, Dialed>();
    let connectedBefore = false;
    let current = "";
    return ({ event, at, possible, from, effects, to, after }) => {
      const { pool } = after.context;
      if (possible && event?.type === "delay.chosen") {
        const last = dialed.get(current);
        if (last !== undefined) dialed.set(current, { at: last.at, least: event.ms, most: event.ms });
      }
      for (const name of dialed.keys()) if (!has(pool, name)) dialed.delete(name);
      connectedBefore ||= to === "connected";
      for (const effect of effects) {
        if (effect.type === "openSocket") {
          const { name } = effect.params.server;
          const last = dialed.get(name);
          if (!has(pool, name)) return `${name} is dialed, but not in the pool`;
          if (last !== undefined && at < last.at + last.least) return `${name} is dialed too soon`;
          const firstRound = !connectedBefore && !policy.waitOnFirstConnect;
          if (last !== undefined && firstRound) return `${name} is dialed again`;
          for (const { name: ahead } of pool) {
            if (ahead === name) break;
            const other = dialed.get(ahead);
            const eligible = other === undefined || (!firstRound && other.at + other.most <= at);
            if (eligible) return `${name} is dialed before ${ahead}`;
          }
          dialed.set(name, { at, ...waitOf(policy) });
          current = name;
        } else if (effect.type === "startTimer" && effect.params.timer === "reconnect") {
          const problem = checkWait(pool, dialed, at, effect.params.ms);
          if (problem !== undefined) return problem;
        }
      }
      return from.endsWith(".asking") && !possible && effects.length > 0 ? "it did not wait for the answer" : undefined;
    };
  },
};

function checkWait(
  pool: ServerPool,
  dialed: ReadonlyMap<string, Dialed>,
  at: Milliseconds,
  ms: Milliseconds,
): string | undefined {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  for (const { name } of pool) {
    const last = dialed.get(name);
    if (last === undefined || last.at + last.most <= at) return `it waits, although ${name} is eligible`;
    least = Math.min(least, last.at + last.least - at);
    most = Math.min(most, last.at + last.most - at);
  }
  return ms >= least && ms <= most ? undefined : `it waits ${ms} ms, not between ${least} and ${most}`;
}

/** The server whose attempt failed in this scene, or whose connection was lost; null where neither happened. */
function ended(scene: Scene): { readonly server: string; readonly failed: boolean } | null {
  const { before, after, from, to, event } = scene;
  if (before === null || before.context.socket === null) return null;
  if (before.context.socket === after.context.socket) return null;
  if (event?.type === "user.close" || event?.type === "user.drain" || from.startsWith("draining")) return null;
  if (to === "connected") return null;
  return { server: before.context.server ?? "", failed: isAttempting(from) };
}

export const queueIsKept: Rule = {
  sentence: "the pool is a queue: a failed or lost server goes to the back or leaves, and nobody else moves",
  watch: () => (scene) => {
    const { before, after, event, possible } = scene;
    if (before === null || before.context.pool === after.context.pool) return undefined;
    const was = before.context.pool.map(({ name }) => name);
    const is = after.context.pool.map(({ name }) => name);
    const end = ended(scene);
    if (end !== null) {
      const others = was.filter((name) => name !== end.server);
      const gone = is.join() === others.join();
      const last = is.join() === [...others, end.server].join();
      return last || (gone && end.failed) ? undefined : `the pool was ${was.join()} and is ${is.join()}`;
    }
    if (possible && event?.type === "server.info") return learns(scene, was, is);
    return was.join() === is.join() ? undefined : `the pool changes from ${was.join()} to ${is.join()}`;
  },
};

function learns({ before, event }: Scene, was: readonly string[], is: readonly string[]): string | undefined {
  if (event?.type !== "server.info" || before === null) return undefined;
  const { connectUrls } = event.info;
  const stay = was.filter((name) => is.includes(name));
  const join = is.filter((name) => !was.includes(name));
  if (is.join() !== [...stay, ...join].join()) return "an INFO changed the order of the pool";
  for (const { name, learnt } of before.context.pool) {
    const leaves = learnt && name !== before.context.server && !connectUrls.includes(name);
    if (leaves === is.includes(name)) return `${name} should ${leaves ? "leave" : "stay"}`;
  }
  const unknown = join.find((name) => !connectUrls.includes(name));
  return unknown === undefined ? undefined : `${unknown} joins, but the cluster does not name it`;
}

export const attemptsAreCounted: Rule = {
  sentence: "failures in a row are counted for each server, and at maxReconnectAttempts it leaves the pool",
  watch: (policy) => {
    const failures = new Map<string, number>();
    const limit = policy.maxReconnectAttempts === -1 ? Number.POSITIVE_INFINITY : Math.max(1, policy.maxReconnectAttempts);
    return (scene) => {
      const { before, after, to, from } = scene;
      if (before !== null && before.context.pool === after.context.pool) return undefined;
      const end = ended(scene);
      if (end?.failed === true) failures.set(end.server, (failures.get(end.server) ?? 0) + 1);
      if (to === "connected" && from.startsWith("connecting")) failures.clear();
      if (to === "connected") failures.delete(after.context.server ?? "");
      for (const name of failures.keys()) if (!has(after.context.pool, name)) failures.delete(name);
      for (const server of after.context.pool) {
        const counted = failures.get(server.name) ?? 0;
        if (server.failures !== counted) return `${server.name} failed ${counted} times, not ${server.failures}`;
        if (after.context.connectedBefore && counted >= limit) return `${server.name} failed ${counted} times and stays`;
      }
      if (end?.failed !== true || has(after.context.pool, end.server)) return undefined;
      if (!after.context.connectedBefore) return `${end.server} left before a connection stood`;
      const before0 = before?.context.pool.find(({ name }) => name === end.server)?.failures ?? 0;
      return before0 + 1 >= limit ? undefined : `${end.server} left after ${before0 + 1} failures`;
    };
  },
};

export const refusedTwiceCloses: Rule = {
  sentence: "the same server refusing the same credentials twice in a row closes the connection, and nothing less does",
  watch: (policy) => {
    const refusals = new Map<string, string>();
    return (scene) => {
      const { event, from, to, after } = scene;
      if (to === "connected" && from.startsWith("connecting")) refusals.clear();
      if (to === "connected") refusals.delete(after.context.server ?? "");
      let twice = false;
      const spoken = event?.type === "server.error" && event.attempt === scene.before?.context.socket;
      if (isAttempting(from) && spoken && isRefusal(event.error)) {
        const server = scene.before.context.server ?? "";
        const refusal = `${event.error.kind} ${event.credentials}`;
        twice = refusals.get(server) === refusal && !policy.ignoreAuthErrorAbort;
        refusals.set(server, refusal);
      }
      for (const name of refusals.keys()) if (!has(after.context.pool, name)) refusals.delete(name);
      if (twice && to !== "closed") return "a server refused twice, and the chart goes on";
      return after.context.refusedTwice && !twice && from !== "closed" ? "no server refused twice" : undefined;
    };
  },
};
