// Sockets: one for each link, at most one in use and one that is being made, and nothing is done to one that is not there.

import { tlsIsDemanded } from "../../../../src/machine/context.js";
import type { Effect } from "../../../../src/machine/effects.js";
import { linkIn, linksOf } from "../../../../src/machine/link.js";
import { isMigrating, isOver } from "../chart.js";
import type { Scene } from "../told.js";
import { attemptsOf, establishes, isOf, type Rule } from "./rule.js";

const named = (attempts: Iterable<number>) => [...attempts].join(", ") || "none";

export const socketsAreLinks: Rule = {
  sentence:
    "a socket exists exactly as long as its link: from openSocket to closeSocket, or to the event that it is closed",
  watch: () => {
    const sockets = new Set<number>();
    let last = 0;
    return ({ event, possible, effects, to, after }) => {
      const gone =
        possible && event?.type === "socket.closed" && !event.halfClosed && sockets.delete(event.attempt)
          ? event.attempt
          : null;
      for (const effect of effects) {
        if (effect.type === "openSocket") {
          const { attempt } = effect.params;
          if (attempt !== last + 1) return `attempt ${attempt} follows attempt ${last}`;
          sockets.add(attempt);
          last = attempt;
        } else if (effect.type === "closeSocket") {
          const { attempt } = effect.params;
          // The end of an attempt closes its socket, also where that is closed already.
          if (!sockets.delete(attempt) && attempt !== gone)
            return `socket ${attempt} is closed, but there are ${named(sockets)}`;
        }
      }
      const links = linksOf(after.context);
      if (links.length !== sockets.size || !links.every(({ id }) => sockets.has(id)))
        return `there are the sockets ${named(sockets)}, and the links ${named(links.map(({ id }) => id))}`;
      return to === "closed" && sockets.size > 0 ? `socket ${named(sockets)} is still open` : undefined;
    };
  },
};

export const onlyOneIsInUse: Rule = {
  sentence: "at most one socket is in use and at most one is being made; each of the others is being left",
  watch: () => {
    const sockets = new Set<number>();
    const left = new Set<number>();
    let made: number | null = null;
    let inUse: number | null = null;
    const isGone = (attempt: number) => {
      sockets.delete(attempt);
      left.delete(attempt);
      if (made === attempt) made = null;
      if (inUse === attempt) inUse = null;
    };
    const isLeft = (attempt: number) => {
      left.add(attempt);
      if (made === attempt) made = null;
      if (inUse === attempt) inUse = null;
    };
    return ({ event, possible, effects, after }) => {
      if (possible && event?.type === "socket.closed" && !event.halfClosed) isGone(event.attempt);
      for (const effect of effects) {
        switch (effect.type) {
          case "openSocket":
            if (made !== null) return `socket ${effect.params.attempt} is made while socket ${made} still is`;
            made = effect.params.attempt;
            sockets.add(made);
            break;
          case "releaseOutbound":
            // The old server may be released again, where a move is given up.
            if (effect.params.attempt !== made) break;
            inUse = made;
            made = null;
            break;
          case "closeSocket":
            isGone(effect.params.attempt);
            break;
          case "endSocket":
            isLeft(effect.params.attempt);
            break;
          case "startTimer":
            if (effect.params.timer === "overlap") isLeft(effect.params.attempt);
            break;
          case "confirmOutbound":
            isLeft(effect.params.attempt);
            break;
          default:
            break;
        }
      }
      for (const attempt of sockets) {
        if (attempt === made || attempt === inUse || left.has(attempt)) continue;
        return `socket ${attempt} is neither in use, nor being made, nor being left`;
      }
      const { live, next } = after.context;
      if ((next?.id ?? null) !== made) return `socket ${made} is being made, not ${next?.id}`;
      return (live?.id ?? null) === inUse ? undefined : `socket ${inUse} is in use, not ${live?.id}`;
    };
  },
};

type Phase = "opening" | "open" | "securing" | "secured" | "ending";

export const sendsOverOpenSocket: Rule = {
  sentence:
    "a socket is written to only while it is open: not in the middle of a TLS handshake, and not while it ends",
  watch: () => {
    const phases = new Map<number, Phase>();
    return ({ event, possible, effects }) => {
      if (possible && event?.type === "socket.closed") {
        if (event.halfClosed) phases.set(event.attempt, "open");
        else phases.delete(event.attempt);
      }
      if (possible && event?.type === "socket.opened") phases.set(event.attempt, "open");
      if (possible && event?.type === "socket.secured") phases.set(event.attempt, "secured");
      for (const effect of effects) {
        const problem = carryOut(effect, phases);
        if (problem !== undefined) return problem;
      }
      return undefined;
    };
  },
};

function carryOut(effect: Effect, phases: Map<number, Phase>): string | undefined {
  switch (effect.type) {
    case "openSocket":
      phases.set(effect.params.attempt, "opening");
      return undefined;
    case "closeSocket":
      phases.delete(effect.params.attempt);
      return undefined;
    case "upgradeToTls": {
      const phase = phases.get(effect.params.attempt);
      if (phase !== "open") return `upgradeToTls over socket ${effect.params.attempt}, which is ${phase}`;
      phases.set(effect.params.attempt, "securing");
      return undefined;
    }
    case "sendConnect":
    case "sendPing":
    case "sendPong":
    case "resubscribe":
    case "unsubscribe":
    case "releaseOutbound":
    case "finishOutbound":
    case "confirmOutbound":
    case "pauseOutbound":
    case "endSocket": {
      const { attempt } = effect.params;
      const phase = phases.get(attempt);
      if (effect.type === "endSocket") phases.set(attempt, "ending");
      const isOpen = phase === "open" || phase === "secured";
      return isOpen ? undefined : `${effect.type} over socket ${attempt}, which is ${phase}`;
    }
    default:
      return undefined;
  }
}

export const credentialsUnderTls: Rule = {
  sentence:
    "credentials go out once for each socket, after INFO, and under TLS where anyone demands or offers it",
  watch: (policy) => {
    let attempt = 0;
    let wantsTls = false;
    let greeted = false;
    let secured = false;
    let sent = false;
    return ({ event, possible, effects }) => {
      const current = possible && event !== null && "attempt" in event && event.attempt === attempt;
      if (current && event.type === "socket.secured") secured = true;
      if (current && event.type === "server.info" && !sent) {
        greeted = true;
        const { tlsAvailable, tlsRequired } = event.info;
        if (tlsRequired || (tlsAvailable && policy.tls !== "never")) wantsTls = true;
      }
      for (const effect of effects) {
        if (effect.type === "openSocket") {
          ({ attempt } = effect.params);
          wantsTls = tlsIsDemanded(policy, effect.params.server);
          greeted = secured = sent = false;
        }
        if (effect.type !== "sendConnect") continue;
        if (effect.params.attempt !== attempt) return "CONNECT is sent over another socket than the last";
        if (sent) return "CONNECT is sent twice";
        if (!greeted) return "CONNECT is sent before INFO";
        if (wantsTls && !secured) return "the credentials are sent in the clear";
        sent = true;
      }
      return undefined;
    };
  },
};

/** True where CONNECT was sent over the socket that the event is of, and nothing ended it. */
function isTalkedTo({ event, before }: Scene): boolean {
  const link = event === null || before === null ? undefined : linkIn(before.context, event);
  return link !== undefined && !/^(dialing|greeting|securing|ending)$/.test(link.phase);
}

export const answersPings: Rule = {
  judgesAlone: true,
  sentence:
    "each PING of a server is answered by one PONG over the same socket once CONNECT was sent, nothing else is",
  watch: () => (scene) => {
    const { event, possible, effects } = scene;
    const pongs = attemptsOf(effects, "sendPong");
    if (!possible || event?.type !== "server.ping") {
      return pongs.length === 0 ? undefined : "a PONG that nobody asked for";
    }
    const due = isTalkedTo(scene) ? [event.attempt] : [];
    if (pongs.join() !== due.join()) return `PONGs go over ${named(pongs)}, not ${named(due)}`;
    const { count = 1 } = event;
    const answers = effects.every((effect) => effect.type !== "sendPong" || effect.params.count === count);
    return answers ? undefined : `not as many PONGs as the ${count} PINGs`;
  },
};

export const pingsAreBounded: Rule = {
  sentence:
    "a PING is sent when the ping timer fires, and with maxPingOut of them unanswered the connection is left",
  watch: (policy) => {
    /** PINGs of the ping timer that no PONG of the server in use has answered. */
    let out = 0;
    return (scene) => {
      const { event, possible, before, after, from, to, effects } = scene;
      const inUse = before?.context.live ?? null;
      // In a drain nobody asks.
      const asks = inUse !== null && !from.startsWith("draining.");
      const told = possible && isOf(scene, inUse) ? event : null;
      // What tells of lame duck mode is alive: a move counts anew.
      const moves = told?.type === "server.info" && told.info.lameDuck && policy.onLameDuck === "migrate";
      // Whatever has arrived says that the server is alive.
      const heard = told?.type === "timer.fired" && told.timer === "ping" && told.heard === true;
      if (!asks || heard || told?.type === "server.pong" || (moves && from === "connected")) out = 0;
      const sent = attemptsOf(effects, "sendPing");
      // A server that takes the place of another is asked for a PONG, once.
      const asked = to.endsWith(".subscribing") && to !== from ? [after.context.next?.id] : [];
      const due = asks && told?.type === "timer.fired" && told.timer === "ping";
      if (due && out >= policy.maxPingOut) {
        return sent.length > 0 || after.context.live !== null ? "a stale connection goes on" : undefined;
      }
      const wanted = due ? [inUse.id, ...asked] : asked;
      if (sent.join() !== wanted.join()) return `PINGs go over ${sent.join()}, not ${wanted.join()}`;
      out = establishes(scene) ? 0 : out + (due ? 1 : 0);
      const counted = after.context.live?.pingsOut ?? 0;
      return to === "connected" && counted !== out ? `${counted} PINGs are out, not ${out}` : undefined;
    };
  },
};

export const handsOverInOrder: Rule = {
  sentence:
    "what was kept waits until the new server has the subscriptions; a move, until the old one has all that was published",
  watch: () => {
    // What the PONGs that are awaited over the new socket stand for. A server answers them in their order.
    let awaited: string[] = [];
    let confirmed = false;
    return (scene) => {
      const { event, possible, effects, before, after, from, to } = scene;
      const ofNext = isOf(scene, before?.context.next);
      if (possible && ofNext && event?.type === "server.pong")
        confirmed = awaited.shift() === "subscriptions";
      for (const effect of effects) {
        if (effect.type === "openSocket") awaited = [];
        if (effect.type === "sendConnect") awaited.push("CONNECT");
        if (effect.type === "sendPing" && effect.params.attempt === after.context.next?.id)
          awaited.push(to.endsWith(".subscribing") ? "subscriptions" : "alive");
        const isHandedOver = effect.type === "releaseOutbound" && from.startsWith("reconnecting.");
        if ((isHandedOver || effect.type === "pauseOutbound") && !confirmed)
          return "the new server has not confirmed the subscriptions";
      }
      if (!isMigrating(from) || !establishes(scene)) return undefined;
      const isFlushed = event?.type === "outbound.flushed" && ofNext;
      const isGone = event?.type === "socket.closed" && isOf(scene, before?.context.live);
      return possible && (isFlushed || isGone) ? undefined : "it leaves the old server before that has all";
    };
  },
};

export const leavesInOrder: Rule = {
  sentence:
    "a server that is being left keeps its subscriptions for the overlap, confirms their end or the last messages or is waited for no longer, takes the last bytes, and is gone",
  watch: () => {
    /** What each socket that is being left waits for: the timer that bounds it. */
    const leaving = new Map<number, "overlap" | "retire" | "confirm" | "linger">();
    return (scene) => {
      const { event, possible, effects, from, to } = scene;
      const attempt = event !== null && "attempt" in event ? event.attempt : 0;
      const was = possible ? leaving.get(attempt) : undefined;
      const isOverdue = was !== undefined && event?.type === "timer.fired" && event.timer === was;
      const inUse = scene.before?.context.live ?? null;
      const isClosed = possible && event?.type === "socket.closed";
      if (isClosed && !event.halfClosed) leaving.delete(attempt);
      for (const effect of effects) {
        switch (effect.type) {
          case "unsubscribe":
            if (!isOverdue || was !== "overlap" || effect.params.attempt !== attempt)
              return `UNSUB over socket ${effect.params.attempt} before the overlap is over`;
            leaving.set(attempt, "retire");
            break;
          case "confirmOutbound":
            if (
              effect.params.attempt !== inUse?.id ||
              event?.type !== "user.close" ||
              event.unconfirmed === 0
            )
              return `socket ${effect.params.attempt} is asked for what was published`;
            leaving.set(effect.params.attempt, "confirm");
            break;
          case "endSocket":
            leaving.set(effect.params.attempt, "linger");
            break;
          case "closeSocket":
            leaving.delete(effect.params.attempt);
            break;
          case "startTimer":
            if (effect.params.timer === "overlap") leaving.set(effect.params.attempt, "overlap");
            break;
          default:
            break;
        }
      }
      if (isOverdue && leaving.get(attempt) === was)
        return `socket ${attempt} waits on, though its ${was} is over`;
      const ends = attemptsOf(effects, "endSocket");
      const isConfirmed =
        (was === "retire" && (isOverdue || event?.type === "subscriptions.drained")) ||
        (was === "confirm" && (isOverdue || event?.type === "outbound.flushed"));
      const isHalfClosed = isClosed && event.halfClosed && (was !== undefined || isOf(scene, inUse));
      if (isConfirmed || isHalfClosed)
        return ends.join() === `${attempt}` ? undefined : `socket ${named(ends)} ends, not ${attempt}`;
      // The end of the connection ends the socket in use.
      const due = inUse !== null && isOver(to) && !isOver(from) ? [inUse.id] : [];
      if (event?.type === "user.close" && due.length > 0 && event.unconfirmed > 0)
        return leaving.get(due[0] as number) === "confirm"
          ? undefined
          : "nobody asks whether all has arrived";
      return ends.every((one) => due.includes(one)) ? undefined : `socket ${named(ends)} ends`;
    };
  },
};
