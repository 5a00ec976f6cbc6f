// Promises and gates: `connect` and `closed` settle once, and what is published waits behind a gate until it may go.

import type { Rule } from "./rule.js";

export const connectSettlesOnce: Rule = {
  sentence: "connect is settled once: by the first connection, or else at the end; never after that",
  watch: () => {
    let settled = 0;
    return ({ event, from, to, effects }) => {
      for (const effect of effects) {
        if (effect.type !== "settleConnect") continue;
        settled++;
        const { failure } = effect.params;
        if (to === "connected" && failure !== null) return "a connection stands, but connect is rejected";
        if (to !== "connected" && to !== "closed") return `connect is settled in ${to}`;
        // A user's close or drain without a reason of its own: see test/machine/findings.test.ts.
        const byUser = event?.type === "user.close" || event?.type === "user.drain";
        if (to === "closed" && failure === null && !byUser) return "connect is resolved by a closed connection";
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
      if (found !== (closes ? 1 : 0)) return `settleClosed comes ${found} times on the way from ${from} to ${to}`;
      if (closes && effects.at(-1)?.type !== "settleClosed") return "settleClosed is not the last effect";
      if (settled && effects.length > 0) return "there are effects after settleClosed";
      settled ||= closes;
      return undefined;
    };
  },
};

export const gateOpensAfterAuthentication: Rule = {
  sentence: "releaseOutbound comes with the PONG to CONNECT, right after resubscribe; holdOutbound with the loss",
  watch: () => {
    let open = false;
    let connectSent = false;
    return ({ event, possible, from, to, effects }) => {
      let previous = "";
      for (const effect of effects) {
        switch (effect.type) {
          case "openSocket":
            if (open) return "a server is dialed while what is published is not held";
            connectSent = false;
            break;
          case "sendConnect":
            connectSent = true;
            break;
          case "resubscribe":
            if (open) return "resubscribe comes after the gate was opened";
            break;
          case "releaseOutbound":
            if (open) return "releaseOutbound, but nothing was held";
            if (previous !== "resubscribe") return "releaseOutbound does not follow resubscribe";
            if (!connectSent || !possible || event?.type !== "server.pong") return "releaseOutbound before the PONG";
            open = true;
            break;
          case "holdOutbound":
            if (!open) return "holdOutbound, but nothing was released";
            if (from !== "connected") return `holdOutbound in ${from}`;
            open = false;
            break;
          default:
            break;
        }
        previous = effect.type;
      }
      const stands = to === "connected" || to.startsWith("draining");
      if (to !== "closed" && open !== stands) return `the gate is ${open ? "open" : "shut"} in ${to}`;
      return undefined;
    };
  },
};

export const drainsInOrder: Rule = {
  sentence: "a drain of a connection drains subscriptions, then publishers, each once",
  watch: () => {
    let asked = 0;
    return ({ from, to, effects }) => {
      for (const { type } of effects) {
        if (type === "drainSubscriptions" && (asked !== 0 || from !== "connected")) return "drainSubscriptions again";
        if (type === "flushOutbound" && asked !== 1) return "flushOutbound before drainSubscriptions, or again";
        if (type === "drainSubscriptions" || type === "flushOutbound") asked++;
      }
      const due = to === "draining.subscriptions" ? 1 : to === "draining.publishers" ? 2 : asked;
      return asked === due ? undefined : `${asked} steps of the drain were asked for in ${to}`;
    };
  },
};

const byItself = /\.(dialing|greeting|securing|authenticating|asking)$|^connected$/;

export const closesForAReason: Rule = {
  sentence: "the chart closes only for a user, a drain, a server that refused twice, reconnect: false, or an empty pool",
  watch: (policy) => ({ event, from, to, after }) => {
    if (to !== "closed" || from === "closed" || from.startsWith("draining")) return undefined;
    if (event?.type === "user.close") return undefined;
    if (event?.type === "user.drain") return from === "connected" ? "a drain closes at once" : undefined;
    if (!byItself.test(from)) return `it closes in ${from}`;
    const { context } = after;
    if (context.refusedTwice && !policy.ignoreAuthErrorAbort && event?.type === "server.error") return undefined;
    if (context.connectedBefore && !policy.reconnect) return undefined;
    const firstRound = !context.connectedBefore && !policy.waitOnFirstConnect;
    const left = context.pool.filter(({ failures }) => !firstRound || failures === 0);
    if (context.failure === null) return "it gives up without a failure";
    return left.length === 0 ? undefined : `it gives up although ${left.map(({ name }) => name).join(", ")} is left`;
  },
};
