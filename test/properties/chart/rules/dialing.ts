// Dialing: which server, how soon, how often. Kept by counting what the effects say, not by what the chart remembers.

import { serverInUse } from "../../../../src/machine/context.js";
import { linksOf, serverOf } from "../../../../src/machine/link.js";
import { originFor } from "../../../../src/machine/origin.js";
import type { Policy } from "../../../../src/machine/reconnect-policy.js";
import { isRefusal } from "../../../../src/machine/server-error.js";
import type { PoolServer, ServerPool } from "../../../../src/machine/server-pool.js";
import type { Milliseconds } from "../../../../src/machine/units.js";
import { isMigrating, isOver } from "../chart.js";
import type { Scene } from "../told.js";
import {
  asServer,
  establishes,
  failedServer,
  givenUpServer,
  isExhausted,
  isOf,
  isOfRefuser,
  isSameServer,
  leftServer,
  lostServer,
  type Rule,
} from "./rule.js";

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
    "no server is dialed sooner than the policy allows, none that left the pool, and none waits while one is eligible, but where twenty were dialed a moment ago",
  watch: (policy) => {
    const dialed = new Map<string, Dialed>();
    /** What the user's function chose, and when it may be dialed: not sooner, and not later. */
    let chosen: {
      readonly server: string;
      readonly least: Milliseconds;
      readonly most: Milliseconds;
    } | null = null;
    /** The server whose attempt or connection ended last: the user is asked how long not to dial it. */
    let endedLast = "";
    /** The servers that were dialed, in order, and the one that would be next by what the user's function was told. */
    let dials: readonly string[] = [];
    let firstAsked: string | undefined;
    let busyUntil = Number.NEGATIVE_INFINITY;
    let moveBeganAt = 0;
    let connectedBefore = false;
    return (scene) => {
      const { event, at, possible, effects, to, before, after } = scene;
      const { pool } = after.context;
      if (possible && event?.type === "delay.chosen") {
        const last = dialed.get(endedLast);
        if (last !== undefined) {
          const ended = { at: last.at, least: event.ms, most: event.ms };
          for (const name of namesOf(endedLast, pool)) dialed.set(name, ended);
        }
      }
      // Who is first now, nobody was told.
      if (event?.type === "server.info" && before?.context.pool !== pool) firstAsked = undefined;
      if (possible && event?.type === "server.chosen") {
        // Where nobody was told who is first, the client chooses: it waits for that server, or dials it at once.
        const dial = effects.find((effect) => effect.type === "openSocket");
        const server = event.server ?? firstAsked ?? after.context.chosen?.server ?? dial?.params.server.name;
        const last = dialed.get(server ?? "");
        const soonest = at + event.ms;
        const least = last === undefined ? soonest : Math.max(soonest, last.at + last.least);
        const most = last === undefined ? soonest : Math.max(soonest, last.at + last.most);
        chosen = server === undefined ? null : { server, least, most };
      }
      if (event?.type === "user.setServers" && event.servers.length > 0) {
        chosen = null;
        // Who is first of these, nobody was told.
        firstAsked = undefined;
        if (before?.context.pool !== pool)
          for (const name of [...dialed.keys()]) if (!event.kept.includes(name)) dialed.delete(name);
      }
      const turnOf = before?.context.next;
      if (event?.type === "dial.begun" && turnOf?.queued === true && turnOf.id === event.attempt) {
        const name = serverOf(turnOf);
        if (has(pool, name)) dialed.set(name, { at, ...waitOf(policy) });
      }
      // The server that was being dialed when the one that was to be left broke down is free again.
      const lost = lostServer(scene);
      const dropped = before?.context.next ?? null;
      if (lost !== null && dropped !== null) dialed.delete(serverOf(dropped));
      // A server that left the pool and came back in the middle of its attempt: when that began is forgotten.
      const failed = failedServer(scene);
      if (failed !== null && !dialed.has(failed))
        dialed.set(failed, { at: Number.MIN_SAFE_INTEGER, least: 0, most: 0 });
      endedLast = failed ?? lost ?? endedLast;
      const ended = failed ?? lost;
      if (ended !== null) share(ended, before?.context.pool ?? [], dialed);
      const givenUp = givenUpServer(scene);
      if (givenUp !== null) {
        // Other servers are wanted, or other ones first.
        if (event?.type === "user.reconnect") share(givenUp, before?.context.pool ?? [], dialed);
      }
      if (
        event?.type === "user.reconnect" &&
        effects.some(({ type }) => type === "openSocket" || type === "askNextServer")
      ) {
        if (lost === null && isWaived(scene, dialed)) dialed.clear();
        chosen = null;
      }
      // A server that was moved away from is left alone like one that was dialed in the course of the move.
      if (!isMigrating(scene.from) && isMigrating(to)) moveBeganAt = at;
      const left = leftServer(scene);
      if (left !== null) {
        const { least, most } = waitOf(policy);
        dialed.set(left, { at: moveBeganAt, least, most: at - moveBeganAt + most });
        share(left, before?.context.pool ?? [], dialed);
      }
      for (const name of dialed.keys()) if (!has(pool, name)) dialed.delete(name);
      dials = dials.filter((name) => has(pool, name));
      connectedBefore ||= to === "connected";
      const firstRound = !connectedBefore && !policy.waitOnFirstConnect;
      const { live } = after.context;
      const isCandidate = (server: PoolServer) =>
        server.name === chosen?.server &&
        !(firstRound && server.failures > 0) &&
        !(live !== null && isSameServer(asServer(live), server));
      const choice = pool.some(isCandidate) ? chosen : null;
      for (const effect of effects) {
        if (effect.type === "openSocket") {
          const { name } = effect.params.server;
          if (!has(pool, name)) return `${name} is dialed, but not in the pool`;
          if (choice === null) {
            const problem = checkDial(name, scene, dialed, firstRound, dials);
            if (problem !== undefined) return problem;
          } else if (name !== choice.server || at < choice.least) {
            return `${name} is dialed at ${at}, but ${choice.server} was chosen for ${choice.least}`;
          }
          dialed.set(name, { at, ...waitOf(policy) });
          busyUntil = busyWith(busyUntil, at, policy);
          dials = [...dials, name];
          chosen = null;
        } else if (effect.type === "askNextServer") {
          firstAsked = effect.params.pool[0]?.name;
          if (firstAsked === undefined) continue;
          const problem = checkDial(firstAsked, scene, dialed, firstRound, dials);
          if (problem !== undefined) return `asked, but ${problem}`;
        } else if (effect.type === "startTimer" && effect.params.timer === "reconnect") {
          const { ms } = effect.params;
          if (choice !== null) {
            const inTime = at + ms >= choice.least && at + ms <= choice.most;
            if (!inTime)
              return `it waits ${ms} ms for ${choice.server}, chosen for ${choice.least} to ${choice.most}`;
            continue;
          }
          const mayBeDialed = pool.filter(({ failures }) => !(firstRound && failures > 0));
          const problem = checkWait(mayBeDialed, dialed, at, ms, heldBack(busyUntil, at, policy));
          if (problem !== undefined) return problem;
        }
      }
      return undefined;
    };
  },
};

/** The names of that server in the pool. */
function namesOf(server: string, pool: ServerPool): readonly string[] {
  const one = pool.find(({ name }) => name === server);
  return one === undefined
    ? [server]
    : pool.filter((other) => isSameServer(one, other)).map(({ name }) => name);
}

/** What is the same server under another name is left alone as long. */
function share(server: string, pool: ServerPool, dialed: Map<string, Dialed>): void {
  const last = dialed.get(server);
  for (const name of namesOf(server, pool)) {
    if (last === undefined) dialed.delete(name);
    else dialed.set(name, last);
  }
}

/** True where the user does not want to wait, and nobody is out of the backoff: it is over then for all. */
function isWaived({ at, after, before }: Scene, dialed: ReadonlyMap<string, Dialed>): boolean {
  const { pool } = after.context;
  const { next } = after.context;
  const isReset = pool.every(
    ({ name, lastAttemptAt }) => lastAttemptAt === null || name === next?.destination.name,
  );
  const firstRound = before?.context.connectedBefore === false && !after.context.policy.waitOnFirstConnect;
  const isSurelyReady = ({ name, failures }: PoolServer) => {
    const last = dialed.get(name);
    return !(firstRound && failures > 0) && (last === undefined || last.at + last.most <= at);
  };
  return isReset && !pool.some(isSurelyReady);
}

function checkDial(
  name: string,
  scene: Scene,
  dialed: ReadonlyMap<string, Dialed>,
  firstRound: boolean,
  dials: readonly string[],
): string | undefined {
  const { at, before, after } = scene;
  const { pool, live } = after.context;
  const inUse = live === null ? null : asServer(live);
  const last = dialed.get(name);
  const chosen = pool.find((server) => server.name === name);
  if (chosen === undefined) return `${name} is not in the pool`;
  if (inUse !== null && isSameServer(inUse, chosen)) return `${name} is dialed while it is in use`;
  if (last !== undefined && at < last.at + last.least) return `${name} is dialed too soon`;
  if (firstRound && chosen.failures > 0) return `${name} is dialed again`;
  // Those that are surely out of their wait, in the order of the queue.
  const eligible = pool.filter((server) => {
    const other = dialed.get(server.name);
    if (inUse !== null && isSameServer(inUse, server)) return false;
    if (firstRound && server.failures > 0) return false;
    return other === undefined || other.at + other.most <= at;
  });
  const lost = (lostServer(scene) ?? before?.context.lastInUse?.server) || null;
  const mayBeDialed = pool.filter((server) => inUse === null || !isSameServer(inUse, server));
  const dialedLast = [...dials].reverse().find((one) => has(mayBeDialed, one));
  const rank = (server: PoolServer) => rankOf(server, pool, lost, dialedLast);
  const ahead = pool.slice(0, pool.indexOf(chosen));
  const sooner = eligible.find(
    (server) => rank(server) < rank(chosen) || (rank(server) === rank(chosen) && ahead.includes(server)),
  );
  return sooner === undefined ? undefined : `${name} is dialed before ${sooner.name}`;
}

/** Who goes first by experience: the less, the sooner. */
function rankOf(
  { name, learnt, didConnect, failures, address, serverId }: PoolServer,
  pool: ServerPool,
  lost: string | null,
  dialedLast: string | undefined,
): number {
  const isKnown = !learnt || didConnect;
  if (isKnown && failures === 0) {
    const left = pool.find((server) => server.name === lost);
    const isLost = left !== undefined && isSameServer(left, { name, address, serverId });
    return didConnect && !isLost ? 0 : 1;
  }
  // Then those that are known and those that are not, in turn.
  const before = pool.find((server) => server.name === dialedLast);
  const strangersTurn = before !== undefined && (!before.learnt || before.didConnect);
  return isKnown === strangersTurn ? 3 : 2;
}

/** So many servers may be dialed at once; each counts for an interval, in which no other one takes its place. */
const AT_ONCE = 20;
const intervalOf = ({ reconnectTimeWait }: Policy): Milliseconds =>
  Math.min(50, Math.floor(reconnectTimeWait / 40));

/** Until when the dials so far may count at the latest, with one that is made now: beyond twenty, jitter is added. */
function busyWith(busyUntil: Milliseconds, at: Milliseconds, policy: Policy): Milliseconds {
  const until = Math.max(busyUntil, at) + intervalOf(policy);
  return heldBack(until, at, policy) > 0 ? until + policy.reconnectJitter : until;
}

/** How long the dials so far may keep the next one waiting; 0 or less where they do not. */
const heldBack = (busyUntil: Milliseconds, at: Milliseconds, policy: Policy): Milliseconds =>
  intervalOf(policy) === 0 ? 0 : busyUntil - (AT_ONCE - 1) * intervalOf(policy) - at;

function checkWait(
  pool: ServerPool,
  dialed: ReadonlyMap<string, Dialed>,
  at: Milliseconds,
  ms: Milliseconds,
  pace: Milliseconds,
): string | undefined {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  for (const { name } of pool) {
    const last = dialed.get(name);
    const isEligible = last === undefined || last.at + last.most <= at;
    if (isEligible && pace <= 0) return `it waits, although ${name} is eligible`;
    least = Math.min(least, isEligible ? 0 : last.at + last.least - at);
    most = Math.min(most, isEligible ? 0 : last.at + last.most - at);
  }
  most = Math.max(most, pace);
  return ms >= least && ms <= most ? undefined : `it waits ${ms} ms, not between ${least} and ${most}`;
}

export const queueIsKept: Rule = {
  judgesAlone: true,
  sentence: "the pool is a queue: a failed or lost server goes to the back or leaves, and nobody else moves",
  watch: () => (scene) => {
    const { before, after, event, possible, from } = scene;
    if (before === null || before.context.pool === after.context.pool) return undefined;
    const was = before.context.pool.map(({ name }) => name);
    const is = after.context.pool.map(({ name }) => name);
    if (event?.type === "user.setServers") {
      const due = event.servers.length === 0 ? was : event.servers;
      return [...is].sort().join() === [...due].sort().join() ? undefined : `the pool is ${is.join()}`;
    }
    const failed = failedServer(scene);
    const ended = failed ?? lostServer(scene) ?? leftServer(scene) ?? givenUpServer(scene);
    if (ended !== null) {
      // What is the same server under another name goes with it.
      const same = namesOf(ended, before.context.pool).filter((name) => name !== ended && was.includes(name));
      const others = [...was.filter((name) => name !== ended && !same.includes(name))];
      const behind = is.length === was.length || !was.includes(ended) ? same : [];
      const mayGo = failed === null ? !was.includes(ended) : !isMigrating(from) || !was.includes(failed);
      const isGone = is.join() === was.filter((name) => name !== ended).join() && mayGo;
      const isLast = is.join() === [...others, ...behind, ended].join();
      return isLast || isGone ? undefined : `the pool was ${was.join()} and is ${is.join()}`;
    }
    if (possible && event?.type === "server.info") return learns(scene, was, is);
    return was.join() === is.join() ? undefined : `the pool changes from ${was.join()} to ${is.join()}`;
  },
};

function learns({ before, event }: Scene, was: readonly string[], is: readonly string[]): string | undefined {
  if (event?.type !== "server.info" || before === null) return undefined;
  const { connectUrls } = event.info;
  const { policy } = before.context;
  const inUse = linksOf(before.context).map(serverOf);
  const stay = was.filter((name) => is.includes(name));
  const join = is.filter((name) => !was.includes(name));
  if (is.join() !== [...stay, ...join].join()) return "an INFO changed the order of the pool";
  if (policy.ignoreClusterUpdates || connectUrls.length === 0) {
    return was.join() === is.join() ? undefined : "the pool changed, but the cluster is to be ignored";
  }
  const link = linksOf(before.context).find(({ id }) => id === event.attempt);
  const origin = link && originFor(before.context.origins, before.context.pool, link.destination);
  if (origin === undefined || link === undefined)
    return was.join() === is.join() ? undefined : "the pool changed, but who says so is of another list";
  if (isOfRefuser(before.context, link))
    return was.join() === is.join() ? undefined : "the pool changed, but who says so refused the client";
  const leaves = ({ name, learnt, vouched, origin: id }: PoolServer) => {
    const isClaim = vouched && !link.secured;
    return learnt && id === origin.id && !isClaim && !inUse.includes(name) && !connectUrls.includes(name);
  };
  // It does not leave the client without any.
  const wouldBeEmpty = join.length === 0 && before.context.pool.every(leaves);
  for (const server of before.context.pool) {
    const isDue = leaves(server) && !wouldBeEmpty;
    if (isDue === is.includes(server.name)) return `${server.name} should ${isDue ? "leave" : "stay"}`;
  }
  const unknown = join.find((name) => !connectUrls.includes(name));
  return unknown === undefined ? undefined : `${unknown} joins, but the cluster does not name it`;
}

export const attemptsAreCounted: Rule = {
  sentence:
    "failures in a row are counted for each server but in a move, and at maxReconnectAttempts it leaves the pool",
  watch: (policy) => {
    const failures = new Map<string, number>();
    const { maxReconnectAttempts } = policy;
    const limit = maxReconnectAttempts === -1 ? Number.POSITIVE_INFINITY : Math.max(1, maxReconnectAttempts);
    return (scene) => {
      const { before, after, from } = scene;
      const { context } = after;
      if (before !== null && before.context.pool === context.pool) return undefined;
      // A move that fails costs no attempt: a connection stands.
      const failed = isMigrating(scene.from) ? null : failedServer(scene);
      const count = failed === null ? 0 : (failures.get(failed) ?? 0) + 1;
      if (failed !== null) failures.set(failed, count);
      if (establishes(scene)) {
        if (from.startsWith("connecting")) failures.clear();
        failures.delete(serverInUse(context));
      }
      const { event } = scene;
      for (const name of [...failures.keys()]) {
        const isNew =
          event?.type === "user.setServers" && event.servers.length > 0 && !event.kept.includes(name);
        if (isNew || !has(context.pool, name)) failures.delete(name);
      }
      for (const server of context.pool) {
        const counted = failures.get(server.name) ?? 0;
        if (server.failures !== counted)
          return `${server.name} failed ${counted} times, not ${server.failures}`;
        if (context.connectedBefore && counted >= limit)
          return `${server.name} failed ${counted} times and stays`;
      }
      const left =
        failed !== null && before !== null && has(before.context.pool, failed) && !has(context.pool, failed);
      if (!left) return undefined;
      // A learnt server that refuses twice is what another rule is about.
      const isLearnt = before?.context.pool.some(({ name, learnt }) => learnt && name === failed) === true;
      if (event?.type === "server.error" && isRefusal(event.error) && isLearnt) return undefined;
      if (!context.connectedBefore) return `${failed} left before a connection stood`;
      return count >= limit ? undefined : `${failed} left after ${count} failures`;
    };
  },
};

// Before CONNECT nothing was offered that could be refused; in a drain a refusal is news.
const hasSentConnect = /\.(authenticating|subscribing|cuttingOver)$/;

export const refusedTwiceCloses: Rule = {
  sentence:
    "the same server refusing the same credentials twice in a row closes the connection, and nothing less does",
  watch: (policy) => {
    const refusals = new Map<string, string>();
    return (scene) => {
      const { event, from, to, before, after } = scene;
      if (establishes(scene)) {
        if (from.startsWith("connecting")) refusals.clear();
        refusals.delete(serverInUse(after.context));
      }
      let twice = false;
      const { live = null, next = null } = before?.context ?? {};
      const refuses =
        isOf(scene, next) && hasSentConnect.test(from)
          ? next
          : isOf(scene, live) && !from.startsWith("draining.")
            ? live
            : null;
      if (refuses !== null && event?.type === "server.error" && isRefusal(event.error)) {
        const server = serverOf(refuses);
        const refusal = `${event.error.kind} ${event.credentialsVersion}`;
        // One that was learnt is not what the user named: it leaves the pool.
        const isLearnt = has(before?.context.pool.filter(({ learnt }) => learnt) ?? [], server);
        twice = refusals.get(server) === refusal && !policy.ignoreAuthErrorAbort;
        if (twice && isLearnt && refuses === next) {
          if (live === null && has(after.context.pool, server)) return `${server} refused twice, and stays`;
          twice = false;
        }
        refusals.set(server, refusal);
      }
      for (const name of [...refusals.keys()]) {
        const isNew =
          event?.type === "user.setServers" && event.servers.length > 0 && !event.kept.includes(name);
        if (isNew || !has(after.context.pool, name)) refusals.delete(name);
      }
      const closes = isOver(to) && !isOver(from) && event?.type === "server.error";
      // While another connection is established, a refusal only ends the move away from it.
      const byNext = refuses !== null && refuses === next;
      if (live !== null && byNext) return closes ? "a move closes it" : undefined;
      if (twice && byNext && !closes) return "a server refused twice, and the chart goes on";
      if (!closes || twice || isExhausted(scene)) return undefined;
      return lostServer(scene) !== null && !policy.reconnect ? undefined : "no server refused twice";
    };
  },
};
