// Sockets: at most one, or two while migrating, and nothing is done to one that is not there.

import type { Effect } from "../../../../src/machine/effects.js";
import type { Policy } from "../../../../src/machine/reconnect-policy.js";
import { isMigrating, isStanding } from "../chart.js";
import { establishes, type Rule } from "./rule.js";

export const oneSocket: Rule = {
  sentence:
    "at most one socket is open or being opened, two while migrating; each is closed before the next, and at the end",
  watch: () => {
    const open = new Set<number>();
    let last = 0;
    return ({ event, possible, effects, to, after }) => {
      if (possible && event?.type === "socket.closed") open.delete(event.attempt);
      for (const effect of effects) {
        if (effect.type === "openSocket") {
          const { attempt } = effect.params;
          if (open.size > (isMigrating(to) ? 1 : 0))
            return `socket ${attempt} is opened beside ${[...open].join()}`;
          if (attempt !== last + 1) return `attempt ${attempt} follows attempt ${last}`;
          open.add(attempt);
          last = attempt;
        } else if (effect.type === "closeSocket" || effect.type === "retireSocket") {
          const { attempt } = effect.params;
          if (!open.delete(attempt))
            return `socket ${attempt} is closed, but only ${[...open].join()} is open`;
        }
      }
      const { socket, leaving } = after.context;
      const known = [leaving?.socket ?? null, socket].filter((attempt) => attempt !== null);
      if (known.join() !== [...open].join())
        return `open is ${[...open].join()}, the chart knows ${known.join()}`;
      if ((leaving !== null) !== isMigrating(to)) return `a socket is being left in ${to}`;
      return to === "closed" && open.size > 0 ? `socket ${[...open].join()} is still open` : undefined;
    };
  },
};

type Phase = "opening" | "open" | "securing" | "secured";

export const sendsOverOpenSocket: Rule = {
  sentence: "a socket is written to only while it is open, and not in the middle of a TLS handshake",
  watch: () => {
    const phases = new Map<number, Phase>();
    return ({ event, possible, effects }) => {
      if (possible && event?.type === "socket.closed") phases.delete(event.attempt);
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
    case "releaseOutbound":
    case "drainSubscriptions":
    case "flushOutbound":
    case "pauseOutbound":
    case "retireSocket": {
      const phase = phases.get(effect.params.attempt);
      if (effect.type === "retireSocket") phases.delete(effect.params.attempt);
      const isOpen = phase === "open" || phase === "secured";
      return isOpen ? undefined : `${effect.type} over socket ${effect.params.attempt}, which is ${phase}`;
    }
    default:
      return undefined;
  }
}

const demandsTls = ({ tls }: Policy, serverDoes: boolean) =>
  tls === "first" || tls === "required" || serverDoes;

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
          wantsTls = demandsTls(policy, effect.params.server.tls);
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

/** The attempts of the sockets over which the chart talks the protocol in a state. */
const hasSentConnect = /\.(authenticating|subscribing|handingOver)$|^connected$|^draining/;

export const answersPings: Rule = {
  judgesAlone: true,
  sentence:
    "a PING of a server is answered by one PONG over the same socket once CONNECT was sent, nothing else is",
  watch: () => (scene) => {
    const { event, possible, before, from } = scene;
    const pongs = scene.effects.flatMap((effect) =>
      effect.type === "sendPong" ? [effect.params.attempt] : [],
    );
    if (!possible || event?.type !== "server.ping") {
      return pongs.length === 0 ? undefined : "a PONG that nobody asked for";
    }
    const isOld = event.attempt === before?.context.leaving?.socket;
    const due = isOld || hasSentConnect.test(from) ? [event.attempt] : [];
    return pongs.join() === due.join() ? undefined : `PONGs go over ${pongs.join()}, not ${due.join()}`;
  },
};

export const pingsAreBounded: Rule = {
  sentence:
    "a PING is sent when the ping timer fires, and with maxPingOut of them unanswered the connection is left",
  watch: (policy) => {
    /** PINGs that no PONG of the server in use has answered. */
    let out = 0;
    return (scene) => {
      const { event, possible, before, after, from, to, effects } = scene;
      const inUse = before?.context.leaving?.socket ?? before?.context.socket;
      const told = possible && event !== null && "attempt" in event && event.attempt === inUse ? event : null;
      // What tells of lame duck mode is alive: a move counts anew.
      const moves = told?.type === "server.info" && told.info.lameDuck && policy.onLameDuck === "migrate";
      if (!isStanding(from) || told?.type === "server.pong" || (moves && from === "connected")) out = 0;
      const sent = effects.flatMap((effect) => (effect.type === "sendPing" ? [effect.params.attempt] : []));
      // A move asks the new server for a PONG, once.
      const asked = to === "migrating.subscribing" && to !== from ? [after.context.socket] : [];
      const due = isStanding(from) && told?.type === "timer.fired" && told.timer === "ping";
      if (due && out >= policy.maxPingOut) {
        return sent.length > 0 || isStanding(to) ? "a stale connection goes on" : undefined;
      }
      const wanted = due ? [inUse, ...asked] : asked;
      if (sent.join() !== wanted.join()) return `PINGs go over ${sent.join()}, not ${wanted.join()}`;
      out = establishes(scene) ? 0 : out + (due ? 1 : 0);
      return undefined;
    };
  },
};

export const handsOverInOrder: Rule = {
  sentence:
    "a move waits until the new server has the subscriptions, and until the old one has all that was published",
  watch: () => {
    // What the PONGs that are awaited over the new socket stand for. A server answers them in their order.
    let awaited: string[] = [];
    let confirmed = false;
    return (scene) => {
      const { event, possible, effects, before, after, from, to } = scene;
      const current = event !== null && "attempt" in event && event.attempt === before?.context.socket;
      if (possible && current && event.type === "server.pong")
        confirmed = awaited.shift() === "subscriptions";
      for (const effect of effects) {
        if (effect.type === "openSocket") awaited = [];
        if (effect.type === "sendConnect") awaited.push("CONNECT");
        if (effect.type === "sendPing" && effect.params.attempt === after.context.socket)
          awaited.push(to === "migrating.subscribing" ? "subscriptions" : "alive");
        if (effect.type === "pauseOutbound" && !confirmed)
          return "the new server has not confirmed the subscriptions";
      }
      if (!isMigrating(from) || !establishes(scene)) return undefined;
      const isOld = event !== null && "attempt" in event && event.attempt === before?.context.leaving?.socket;
      const isOver = event?.type === "outbound.flushed" || event?.type === "socket.closed";
      return possible && isOld && isOver ? undefined : "it leaves the old server before that has all";
    };
  },
};
