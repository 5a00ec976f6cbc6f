// What couples the machines of the chart, as code: what must hold between the state and what the chart remembers, which
// timers run, and where published messages go. The head comment of src/machine/connection-machine.ts says it in prose.
//
// Each sentence is judged from one moment alone. What must hold from one moment to the next is in test/properties/chart/rules.

import type { StateValue } from "xstate";
import {
  type ConnectionContext,
  MAX_ATTEMPT_REPORTS,
  nextServer,
  tlsIsDemanded,
} from "../../machine/context.js";
import type { TimerName } from "../../machine/effects.js";
import { type AttemptStep, attemptSteps } from "../../machine/failure.js";
import { type EndingPhase, type Link, type LinkPhase, linksOf, serverOf } from "../../machine/link.js";

/** `connecting.dialing` in its parts. */
interface Place {
  readonly state: string;
  /** Empty in a state without steps. */
  readonly step: string;
  /** True in a step of an attempt: what is done there is done over `next`. */
  readonly isAttempt: boolean;
  /** True in `connected`, `migrating` and `draining`. */
  readonly isEstablished: boolean;
  /** True in `closing` and `closed`. */
  readonly isOver: boolean;
}

interface Moment {
  readonly place: Place;
  readonly context: ConnectionContext;
  /** `live`, `next` and those of `retiring`. */
  readonly links: readonly Link[];
}

const timerOfEnding: Readonly<Record<EndingPhase, TimerName>> = {
  overlapping: "overlap",
  unsubscribing: "retire",
  confirming: "confirm",
  ending: "linger",
};

const isStep = (step: string) => (attemptSteps as readonly string[]).includes(step);
const isEnding = (phase: LinkPhase) => Object.hasOwn(timerOfEnding, phase);
/** True where the server has greeted, and nothing stands between the client and CONNECT. */
const isTalking = ({ phase }: Link) => phase !== "dialing" && phase !== "greeting" && phase !== "securing";
const failuresBefore = ({ next, attempt }: ConnectionContext) => attempt - (next === null ? 0 : 1);

/** What must hold, as sentences. Each says so of a moment; a moment in which one does not hold contradicts itself. */
const sentences: Readonly<Record<string, (moment: Moment) => boolean>> = {
  // The state and the links.
  "in a step of an attempt a link is being made, and nowhere else": ({ place, context }) =>
    place.isAttempt === (context.next !== null),
  "the phase of the link that is being made is the step": ({ place, context: { next } }) =>
    next === null || next.phase === place.step,
  "the link that is being made is that of the last attempt": ({ context: { next, attempt } }) =>
    next === null || next.id === attempt,
  "a link is in use in connected, migrating and draining, and nowhere else": ({ place, context }) =>
    place.isEstablished === (context.live !== null),
  "the link in use is live": ({ context: { live } }) => live === null || live.phase === "live",
  "a move goes to another server": ({ context: { live, next } }) =>
    live === null || next === null || serverOf(live) !== serverOf(next),
  "a link that is being left is coming to its end": ({ context: { retiring } }) =>
    retiring.every(({ phase }) => isEnding(phase)),
  "closing waits for a socket that hands over its last bytes or asks whether they arrived, and for what had arrived to be processed":
    ({ place, context: { retiring, processing } }) =>
      place.state !== "closing" ||
      (retiring.every(({ phase }) => phase === "ending" || phase === "confirming") &&
        (retiring.length > 0 || processing)),
  "what had arrived is processed without a connection only in closing, after a drain": ({
    place,
    context: { processing, leaving },
  }) => !processing || (place.state === "closing" && leaving === "drain"),
  "only in closing a server is asked whether the last bytes arrived": ({ place, context: { retiring } }) =>
    place.state === "closing" || retiring.every(({ phase }) => phase !== "confirming"),
  "in closed no link is left": ({ place, links }) => place.state !== "closed" || links.length === 0,
  "each link has a number of its own, of an attempt that was made": ({ links, context: { attempt } }) =>
    links.every(
      ({ id }, at) =>
        Number.isInteger(id) &&
        id >= 1 &&
        id <= attempt &&
        !links.some((other, of) => of < at && other.id === id),
    ),

  // The links.
  "nothing was said over a socket that is being opened": ({ context: { next } }) =>
    next?.phase !== "dialing" || (next.info === null && next.secured === isSecuredByItself(next)),
  "only a dial waits for others of the process": ({ links }) =>
    links.every(({ phase, queued }) => !queued || phase === "dialing"),
  "a server that is awaited to greet has not": ({ context: { next } }) =>
    next?.phase !== "greeting" || next.info === null,
  "a server greets before the TLS handshake, but where the handshake comes first": ({
    context: { next, policy },
  }) => next?.phase !== "securing" || (next.info === null) === (policy.tls === "first"),
  "only a TCP connection that is in the clear is being secured": ({ context: { next } }) =>
    next?.phase !== "securing" || (!next.secured && next.destination.transport.type === "tcp"),
  "CONNECT is sent to a server that has greeted": ({ links }) =>
    links.every((link) => !isTalking(link) || link.info !== null),
  "CONNECT is sent under TLS where that is demanded, and in the clear where it is declined": ({
    links,
    context: { policy },
  }) =>
    links.every(
      (link) =>
        !isTalking(link) ||
        (link.secured ? policy.tls !== "never" : !tlsIsDemanded(policy, link.destination)),
    ),
  "a WebSocket is secured by its URL, and only by that": ({ links }) =>
    links.every(
      (link) => link.destination.transport.type === "tcp" || link.secured === isSecuredByItself(link),
    ),
  "no more PINGs are unanswered than maxPingOut": ({ links, context: { policy } }) =>
    links.every(
      ({ pingsOut }) =>
        Number.isInteger(pingsOut) && pingsOut >= 0 && pingsOut <= Math.max(0, policy.maxPingOut),
    ),
  "the ping timer and fatal errors are of a link that is or was in use": ({ context: { next } }) =>
    next === null || (next.pingsOut === 0 && next.fatal === null),

  // What was.
  "a connection was established before where a link is in use, or was": ({ context }) =>
    context.connectedBefore === (context.live !== null || context.lastInUse !== null),
  "the server that was in use is remembered while none is": ({ context: { live, lastInUse } }) =>
    live === null || lastInUse === null,
  "connecting is before the first connection, the other states but the last two are after it": ({
    place,
    context: { connectedBefore },
  }) => place.isOver || connectedBefore === (place.state !== "connecting"),
  "before the first connection no link is being left": ({ context: { connectedBefore, retiring } }) =>
    connectedBefore || retiring.length === 0,
  "there is no failure while a connection is established or an attempt is made": ({
    place,
    context: { failure },
  }) => !(place.isAttempt || place.isEstablished) || failure === null,
  "between two attempts there is the failure of the first": ({ place, context: { attempt, failure } }) =>
    place.isAttempt || place.isEstablished || place.isOver || (failure !== null) === attempt > 0,
  "failed attempts are reported until the first connection is established, each once": ({
    place,
    context,
  }) => {
    const { attempts, connectedBefore } = context;
    if (connectedBefore) return attempts.length === 0;
    const failed = failuresBefore(context);
    // The last one was given up by the user.
    const isGivenUp = place.isOver && attempts.at(-1)?.attempt !== failed;
    const last = isGivenUp ? failed - 1 : failed;
    return (
      attempts.length === Math.min(Math.max(0, last), MAX_ATTEMPT_REPORTS) &&
      attempts.every((report, at) => report.attempt === last - attempts.length + 1 + at)
    );
  },

  // The user.
  "the user leaves by drain in draining, and stays before": ({ place, context: { leaving } }) =>
    place.isOver || leaving === (place.state === "draining" ? "drain" : null),
  "a connection moves only where the user wants it": ({ place, context: { policy } }) =>
    place.state !== "migrating" || policy.onLameDuck === "migrate",
  "a connection is made again only where the user wants it": ({ place, context: { policy } }) =>
    place.state !== "reconnecting" || policy.reconnect,
  "the user's choice of a server is remembered until that is out of its backoff": ({
    place,
    context: { chosen, policy },
  }) => chosen === null || (policy.asksForServer && (place.step === "backingOff" || place.isOver)),

  // The servers.
  "each server is in the pool once": ({ context: { pool } }) =>
    pool.every(({ name }, at) => !pool.some((other, of) => of < at && other.name === name)),
  "the pool is empty only at the end": ({ place, context: { pool } }) => place.isOver || pool.length > 0,
  "a server awaits the user's delay in awaitingDelay, and nowhere else": ({
    place,
    context: { pool, policy },
  }) =>
    pool.every(
      ({ wait }) =>
        wait !== null || (policy.asksForDelay && (place.step === "awaitingDelay" || place.isOver)),
    ),
  "every server is in its backoff in backingOff": ({ place, context }) =>
    place.step !== "backingOff" || nextServer(context).type === "wait",
  "a server that failed maxReconnectAttempts times has left the pool": ({
    context: { pool, policy, connectedBefore },
  }) => {
    const limit = policy.maxReconnectAttempts;
    return !connectedBefore || limit < 0 || pool.every(({ failures }) => failures < Math.max(1, limit));
  },
  "in the first round no server is dialed twice": ({ context: { pool, policy, connectedBefore } }) =>
    connectedBefore || policy.waitOnFirstConnect || pool.every(({ failures }) => failures <= 1),
  "what is known of a server has happened": ({ context: { pool, now, connectedBefore } }) =>
    pool.every(
      ({ lastAttemptAt, didConnect }) =>
        (lastAttemptAt === null || lastAttemptAt <= now) && (connectedBefore || !didConnect),
    ),
};

/** A WebSocket has its TLS from the first byte. */
function isSecuredByItself({ destination: { transport } }: Link): boolean {
  return transport.type === "webSocket" && transport.tls;
}

const checks = Object.entries(sentences);
/** All that must hold of a moment. */
export const sentencesOfMoments: readonly string[] = Object.keys(sentences);
const none: readonly string[] = [];

/**
 * What must hold between a state and what the chart remembers, and does not: a sentence for each contradiction. None in
 * any moment that the chart comes to.
 */
export function contradictionsIn(state: string | StateValue, context: ConnectionContext): readonly string[] {
  const moment = { place: placeOf(state), context, links: linksOf(context) };
  let found = none;
  for (const [sentence, holds] of checks) if (!holds(moment)) found = [...found, sentence];
  return found;
}

/** The timers that run in a state, by name and attempt. No other runs. */
export function timersIn(
  state: string | StateValue,
  context: ConnectionContext,
): readonly { readonly timer: TimerName; readonly attempt: number }[] {
  const { step, state: name } = placeOf(state);
  const { live, next, retiring, attempt, processing } = context;
  const isDraining = name === "draining";
  return [
    ...(isDraining || processing ? [{ timer: "drain" as const, attempt }] : []),
    ...(live === null || isDraining ? [] : [{ timer: "ping" as const, attempt: live.id }]),
    ...(next === null ? [] : [{ timer: "attempt" as const, attempt: next.id }]),
    ...(step === "backingOff" ? [{ timer: "reconnect" as const, attempt }] : []),
    ...retiring.map(({ id, phase }) => ({ timer: timerOfEnding[phase as EndingPhase], attempt: id })),
  ];
}

/** The link over which published messages go; null while they are kept, and at the end. */
export function outboundIn(state: string | StateValue, { live }: ConnectionContext): Link | null {
  return placeOf(state).step === ("cuttingOver" satisfies AttemptStep) ? null : live;
}

const places = new Map<string, Place>();

function placeOf(value: string | StateValue): Place {
  const text = typeof value === "string" ? value : Object.entries(value)[0]?.join(".");
  if (text === undefined) throw new Error("a chart is in some state");
  const known = places.get(text);
  if (known !== undefined) return known;
  const [state = "", step = ""] = text.split(".");
  const place = {
    state,
    step,
    isAttempt: isStep(step),
    isEstablished: state === "connected" || state === "migrating" || state === "draining",
    isOver: state === "closing" || state === "closed",
  };
  places.set(text, place);
  return place;
}
