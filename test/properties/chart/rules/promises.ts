// Promises and gates: `connect` and `closed` settle once, and what is published waits behind a gate until it may go.

import type { Effect } from "../../../../src/machine/effects.js";
import { linkIn } from "../../../../src/machine/link.js";
import { isRefusal } from "../../../../src/machine/server-error.js";
import { outboundIn } from "../../../../src/testing/chart/contradictions.js";
import { isEstablished, isMigrating, isOver } from "../chart.js";
import { isExhausted, type Rule } from "./rule.js";

export const connectSettlesOnce: Rule = {
  sentence: "connect is settled once: resolved by the first connection, or else rejected at the end",
  watch: () => {
    let settled = 0;
    return ({ to, effects }) => {
      for (const { type } of effects) {
        if (type !== "resolveConnect" && type !== "rejectConnect") continue;
        settled++;
        if (type === "resolveConnect" && to !== "connected") return `connect is resolved in ${to}`;
        if (type === "rejectConnect" && !isOver(to)) return `connect is rejected in ${to}`;
      }
      if (settled > 1) return `connect is settled ${settled} times`;
      if (settled === 0 && isOver(to)) return "connect is never settled";
      return settled === 0 && to === "connected"
        ? "a connection is established, but connect is not settled"
        : undefined;
    };
  },
};

export const closedSettlesLast: Rule = {
  sentence:
    "settlePending comes once, where the end begins, and settleClosed once, in the scene that closes: the last effect of all",
  watch: () => {
    let settled = false;
    return ({ from, to, effects }) => {
      const marks = effects.map(({ type }) => type).filter((type) => /^settle/.test(type));
      const due = [
        ...(isOver(to) && !isOver(from) ? ["settlePending"] : []),
        ...(to === "closed" && from !== "closed" ? ["settleClosed"] : []),
      ];
      if (marks.join() !== due.join())
        return `${marks.join(", ") || "nothing"} comes on the way from ${from} to ${to}, not ${due.join(", ")}`;
      const last = effects.at(-1)?.type;
      if (due.length > 0 && last !== due.at(-1)) return `${last} is the last effect`;
      if (settled && effects.length > 0) return "there are effects after settleClosed";
      settled ||= to === "closed";
      return undefined;
    };
  },
};

export const closingHastens: Rule = {
  sentence:
    "closing is left when the last socket is closed, and nothing begins in it but the end of a socket whose messages are confirmed: it takes no longer than a confirm and a linger timer",
  judgesAlone: true,
  watch: () => (scene) => {
    const { event, from, to, effects, possible, before } = scene;
    if (from !== "closing") return undefined;
    if (!isOver(to)) return `it goes on in ${to}`;
    const link = event === null || before === null ? undefined : linkIn(before.context, event);
    const begins = ({ type, params }: Effect) => {
      if (type === "closeSocket" || type === "stopTimer" || type === "settleClosed") return false;
      const isLast =
        type === "endSocket" || type === "sendPong" || (type === "startTimer" && params.timer === "linger");
      return !(isLast && link?.phase === "confirming" && params.attempt === link.id);
    };
    const begun = effects.find(begins);
    return possible && begun !== undefined ? `${begun.type} in closing` : undefined;
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
            if (open === null && from !== "migrating.cuttingOver")
              return "holdOutbound, but nothing was released";
            open = null;
            break;
          case "pauseOutbound":
            if (to !== "migrating.cuttingOver") return `pauseOutbound on the way to ${to}`;
            if (open === null) return "pauseOutbound, but nothing was released";
            open = null;
            break;
          case "unsubscribe":
            if (open === effect.params.attempt) return "the server in use is unsubscribed from";
            break;
          default:
            break;
        }
      }
      if (isOver(to)) return undefined;
      const due = outboundIn(to, after.context)?.id ?? null;
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
        if (
          type === "drainSubscriptions" &&
          (asked !== 0 || !(isEstablished(from) || from.startsWith("reconnecting.")))
        )
          return "drainSubscriptions again";
        if (type === "finishOutbound" && asked !== 1)
          return "finishOutbound before drainSubscriptions, or again";
        if (type === "drainSubscriptions" || type === "finishOutbound") asked++;
      }
      const due = to === "draining.subscriptions" ? 1 : to === "draining.publishers" ? 2 : asked;
      return asked === due ? undefined : `${asked} steps of the drain were asked for in ${to}`;
    };
  },
};

const byItself =
  /\.(dialing|greeting|securing|authenticating|subscribing|awaitingDelay|awaitingServerChoice)$|^connected$|^migrating/;

export const closesForAReason: Rule = {
  judgesAlone: true,
  sentence:
    "the connection ends only for a user, a drain, a server that refused twice, reconnect: false, or an empty pool",
  watch: (policy) => (scene) => {
    const { event, from, to, after } = scene;
    if (!isOver(to) || isOver(from) || from.startsWith("draining")) return undefined;
    if (event?.type === "user.close" || event?.type === "choice.failed") return undefined;
    if (event?.type === "user.drain") return isEstablished(from) ? "a drain closes at once" : undefined;
    // Other servers may end a backoff, but not where all of them have had their try.
    if (!byItself.test(from) && event?.type !== "user.setServers") return `it closes in ${from}`;
    const { context } = after;
    if (context.failure === null) return "it gives up without a failure";
    // Whether it was the second refusal: refusedTwiceCloses.
    if (
      /\.(authenticating|subscribing)$/.test(from) &&
      event?.type === "server.error" &&
      isRefusal(event.error)
    )
      return undefined;
    if (context.connectedBefore && !policy.reconnect) return undefined;
    if (isExhausted(scene)) return undefined;
    return `it gives up although ${context.pool.map(({ name }) => name).join(", ")} is left`;
  },
};
