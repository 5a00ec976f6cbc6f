// Promises and gates: `connect` and `closed` settle once, and what is published waits behind a gate until it may go.

import { isMigrating, isStanding } from "../chart.js";
import type { Rule } from "./rule.js";

export const connectSettlesOnce: Rule = {
  sentence: "connect is settled once: by the first connection, or else at the end; never after that",
  watch: () => {
    let settled = 0;
    return ({ from, to, effects }) => {
      for (const effect of effects) {
        if (effect.type !== "settleConnect") continue;
        settled++;
        const { failure } = effect.params;
        if (to === "connected" && failure !== null) return "a connection stands, but connect is rejected";
        if (to !== "connected" && to !== "closed") return `connect is settled in ${to}`;
        if (to === "closed" && failure === null) return "connect is resolved by a closed connection";
      }
      if (settled > 1) return `connect is settled ${settled} times`;
      if (settled === 0 && to === "closed") return "connect is never settled";
      if (settled === 0 && to === "connected") return "a connection stands, but connect is not settled";
      return settled === 1 && from === "" ? "connect is settled before anything happened" : undefined;
    };
  },
};

export const closedSettlesLast: Rule = {
  sentence: "settleClosed comes once, in the scene that closes, and is the last effect of all",
  watch: () => {
    let settled = false;
    return ({ from, to, effects }) => {
      const closes = to === "closed" && from !== "closed";
      const found = effects.filter(({ type }) => type === "settleClosed").length;
      if (found !== (closes ? 1 : 0))
        return `settleClosed comes ${found} times on the way from ${from} to ${to}`;
      if (closes && effects.at(-1)?.type !== "settleClosed") return "settleClosed is not the last effect";
      if (settled && effects.length > 0) return "there are effects after settleClosed";
      settled ||= closes;
      return undefined;
    };
  },
};

export const gateOpensAfterAuthentication: Rule = {
  sentence:
    "what is published goes to a server that accepted the credentials and has the subscriptions; it is held from the loss on",
  watch: () => {
    /** The socket that what is published flows into; null while it is held. */
    let open: number | null = null;
    const accepted = new Set<number>();
    const subscribed = new Set<number>();
    return ({ event, possible, from, to, effects, after }) => {
      if (possible && event?.type === "server.pong") accepted.add(event.attempt);
      for (const effect of effects) {
        switch (effect.type) {
          case "resubscribe":
            if (!accepted.has(effect.params.attempt)) return "resubscribe before the PONG to CONNECT";
            if (open === effect.params.attempt) return "resubscribe after what was published";
            subscribed.add(effect.params.attempt);
            break;
          case "releaseOutbound":
            if (open !== null) return "releaseOutbound, but nothing was held";
            if (!subscribed.has(effect.params.attempt)) return "releaseOutbound does not follow resubscribe";
            open = effect.params.attempt;
            break;
          case "holdOutbound":
            if (from !== "connected" && !isMigrating(from)) return `holdOutbound in ${from}`;
            if (open === null && from !== "migrating.handingOver")
              return "holdOutbound, but nothing was released";
            open = null;
            break;
          case "pauseOutbound":
            if (to !== "migrating.handingOver") return `pauseOutbound on the way to ${to}`;
            if (open === null) return "pauseOutbound, but nothing was released";
            open = null;
            break;
          default:
            break;
        }
      }
      if (to === "closed") return undefined;
      const { socket, leaving } = after.context;
      const handsOver = to === "migrating.handingOver" || !isStanding(to);
      const due = handsOver ? null : (leaving?.socket ?? socket);
      return open === due ? undefined : `what is published goes to socket ${open} in ${to}, not ${due}`;
    };
  },
};

export const drainsInOrder: Rule = {
  sentence: "a drain of a connection drains subscriptions, then publishers, each once",
  watch: () => {
    let asked = 0;
    return ({ from, to, effects }) => {
      for (const { type } of effects) {
        if (type === "drainSubscriptions" && (asked !== 0 || !isStanding(from)))
          return "drainSubscriptions again";
        if (type === "flushOutbound" && asked !== 1)
          return "flushOutbound before drainSubscriptions, or again";
        if (type === "drainSubscriptions" || type === "flushOutbound") asked++;
      }
      const due = to === "draining.subscriptions" ? 1 : to === "draining.publishers" ? 2 : asked;
      return asked === due ? undefined : `${asked} steps of the drain were asked for in ${to}`;
    };
  },
};

const byItself = /\.(dialing|greeting|securing|authenticating|asking|choosing)$|^connected$|^migrating/;

export const closesForAReason: Rule = {
  judgesAlone: true,
  sentence:
    "the chart closes only for a user, a drain, a server that refused twice, reconnect: false, or an empty pool",
  watch:
    (policy) =>
    ({ event, from, to, after }) => {
      if (to !== "closed" || from === "closed" || from.startsWith("draining")) return undefined;
      if (event?.type === "user.close" || event?.type === "choice.failed") return undefined;
      if (event?.type === "user.drain") return isStanding(from) ? "a drain closes at once" : undefined;
      // Other servers may end a wait, but not where all of them have had their try.
      if (!byItself.test(from) && event?.type !== "user.setServers") return `it closes in ${from}`;
      const { context } = after;
      if (context.failure === null) return "it gives up without a failure";
      if (context.refusedTwice && !policy.ignoreAuthErrorAbort && event?.type === "server.error")
        return undefined;
      if (context.connectedBefore && !policy.reconnect) return undefined;
      const firstRound = !context.connectedBefore && !policy.waitOnFirstConnect;
      const left = context.pool.filter(({ failures }) => !firstRound || failures === 0);
      return left.length === 0
        ? undefined
        : `it gives up although ${left.map(({ name }) => name).join(", ")} is left`;
    },
};
