// What an observer of `connect({ inspect })` sees: everything XState tells of the chart, and with whom the chart speaks.
// Server, timers, user and message path appear as actors beside it, so that the Stately inspector draws a sequence
// diagram in which events arrive and effects leave as arrows. Nothing here runs without `inspect`; the chart knows none
// of it (src/machine). How to look: docs/inspector.md.

import type { InspectionEvent } from "xstate";
import type { Inspect } from "../effects/inspect.js";
import type { EffectName } from "../machine/effects.js";
import type { ConnectionEvent } from "../machine/events.js";
import { isHarmless } from "../machine/server-error.js";
import type { Milliseconds } from "../machine/units.js";
import { throwUncaught } from "./uncaught.js";

/** Whom the chart speaks with, and what a reader of the sequence diagram is told of each. */
const peers = {
  server: "The nats-server of the attempt: what its socket says, and what is said to it.",
  timers:
    "The timers of the connection: attempt, reconnect, ping and drain; overlap, retire and linger of a server that is being left.",
  user: "The application: its calls, its functions, its promises, its statuses.",
  messages:
    "The message path: subscriptions, and the buffer of what is published. Messages pass there, unseen.",
} as const;

type Peer = keyof typeof peers;

/** Who makes each event happen. */
const comesFrom: { readonly [Type in ConnectionEvent["type"]]: Peer } = {
  "dial.queued": "server",
  "dial.begun": "server",
  "socket.opened": "server",
  "socket.secured": "server",
  "socket.closed": "server",
  "server.info": "server",
  "server.ping": "server",
  "server.pong": "server",
  "server.error": "server",
  "protocol.violated": "server",
  "timer.fired": "timers",
  "credentials.failed": "user",
  "delay.chosen": "user",
  "server.chosen": "user",
  "choice.failed": "user",
  "user.setServers": "user",
  "user.drain": "user",
  "user.close": "user",
  "user.reconnect": "user",
  "subscriptions.drained": "messages",
  "outbound.flushed": "messages",
};

/** Whom each effect asks. */
const goesTo: { readonly [Name in EffectName]: Peer } = {
  openSocket: "server",
  upgradeToTls: "server",
  closeSocket: "server",
  endSocket: "server",
  sendConnect: "server",
  sendPing: "server",
  sendPong: "server",
  resubscribe: "server",
  unsubscribe: "server",
  startTimer: "timers",
  stopTimer: "timers",
  askReconnectDelay: "user",
  askNextServer: "user",
  notifyStatus: "user",
  resolveConnect: "user",
  rejectConnect: "user",
  settlePending: "user",
  settleClosed: "user",
  holdOutbound: "messages",
  pauseOutbound: "messages",
  releaseOutbound: "messages",
  drainSubscriptions: "messages",
  finishOutbound: "messages",
  confirmOutbound: "messages",
};

/**
 * A server may say PING, or refuse a publish by the same -ERR, thousands of times a second. Neither moves the chart: of
 * those that are alike, only the first within this time is told.
 */
const REPEAT: Milliseconds = 1_000;

type Chart = InspectionEvent["actorRef"];

/** An actor that only receives and sends arrows. It has what inspectors read of an actor, and does nothing. */
function peerOf(chart: Chart, id: Peer) {
  return {
    id,
    sessionId: `${chart.sessionId}.${id}`,
    _parent: chart,
    logic: { config: { id, description: peers[id] } },
    send: () => {},
    getSnapshot: () => ({ status: "active" }),
  };
}

/** What is left out of a repeated event; undefined where an event is always told. */
function repeated({ type, ...event }: ConnectionEvent): string | undefined {
  if (type === "server.ping") return type;
  if ("error" in event && isHarmless(event.error)) return event.error.message;
  return undefined;
}

/**
 * The observer that `createActor` gets for the user's. What that one throws is an uncaught exception, as from every
 * function of a user: the connection goes on.
 */
export function inspection(inspect: Inspect): (event: InspectionEvent) => void {
  const told = new Map<Peer, Chart>();
  const lastTold = new Map<ConnectionEvent["type"], { readonly what: string; readonly at: Milliseconds }>();
  /** The events that XState has queued or works on, oldest first: whether each is a repeat. Its snapshot ends each. */
  const repeats: boolean[] = [];

  const tell = (event: InspectionEvent) => {
    try {
      if (typeof inspect === "function") inspect(event);
      else inspect.next?.(event);
    } catch (error) {
      throwUncaught(error);
    }
  };
  const isRepeat = (event: ConnectionEvent): boolean => {
    const what = repeated(event);
    if (what === undefined) return false;
    const last = lastTold.get(event.type);
    if (last?.what === what && event.at - last.at < REPEAT) return true;
    lastTold.set(event.type, { what, at: event.at });
    return false;
  };

  return (event) => {
    const { rootId, actorRef } = event;
    switch (event.type) {
      case "@xstate.actor":
        tell(event);
        for (const id of Object.keys(peers) as Peer[]) {
          const peer = peerOf(actorRef, id);
          told.set(id, peer);
          tell({ type: "@xstate.actor", rootId, actorRef: peer });
        }
        return;
      case "@xstate.event": {
        const happened = event.event as ConnectionEvent;
        const isLeftOut = isRepeat(happened);
        repeats.push(isLeftOut);
        if (!isLeftOut) tell({ ...event, sourceRef: told.get(comesFrom[happened.type]) });
        return;
      }
      case "@xstate.action": {
        if (repeats[0] === true) return;
        tell(event);
        const { type, params } = event.action;
        const peer = told.get(goesTo[type as EffectName]);
        if (peer === undefined) return;
        const effect = { type, ...(params as object | undefined) };
        tell({ type: "@xstate.event", rootId, actorRef: peer, sourceRef: actorRef, event: effect });
        return;
      }
      case "@xstate.snapshot":
        if (repeats.shift() !== true) tell(event);
        return;
      default:
        if (repeats[0] !== true) tell(event);
    }
  };
}
