// Mistakes about what a user is told and promised, about the end, and about what must change nothing.

import { assign } from "xstate";
import type { Effect } from "../../../../src/machine/effects.js";
import type { Snapshot } from "../chart.js";
import { misremembering, sabotaged } from "../chart.js";
import type { RuleName } from "../rules/index.js";
import {
  type Asked,
  acting,
  always,
  changed,
  changing,
  dialing,
  extra,
  guarding,
  has,
  is,
  leave,
  lost,
  type Mistake,
  making,
  overLive,
  remembering,
  taking,
  twice,
  without,
  withoutStatus,
} from "./mistake.js";

export const mistakesOfPromises = {
  statusesObeyTheirGrammar: [
    ["forgets to report that it dials", without("notifyStatus"), /CONNECTED in first|error in first/],
    [
      "reports a reconnect that was none",
      extra(
        { type: "notifyStatus", params: { status: { type: "reconnect", server: "a:4222" } } },
        (effects) => has("resolveConnect", effects),
      ),
      /reconnect in made|reconnect in established/,
    ],
    [
      "finds a connection stale without a word of its PINGs",
      withoutStatus("pingTimer"),
      /staleConnection without a pingTimer/,
    ],
  ],
  statusesNameTheirServer: [
    [
      "names another server",
      sabotaged((effects) =>
        effects.map((effect) =>
          effect.type === "notifyStatus" && effect.params.status.type === "disconnect"
            ? { ...effect, params: { status: { ...effect.params.status, server: "x:4222" } } }
            : effect,
        ),
      ),
      /disconnect names x:4222, not/,
    ],
    [
      "dials another server than it reports",
      dialing((server) => ({ ...server, name: "x:4222" })),
      /x:4222 is dialed, but/,
    ],
  ],
  endsAreReported: [
    ["fails in silence", without("notifyStatus"), /the first status is undefined/],
    ["loses a connection in silence", withoutStatus("disconnect"), /a loss that nobody hears of/],
    [
      "reports a failure in another step",
      changed("notifyStatus", ({ status }) => ({
        status: status.type === "error" ? { ...status, step: "greeting" } : status,
      })),
      /not in greeting/,
    ],
    [
      "forgets why an attempt failed",
      remembering(({ failure }) => (failure === null ? {} : { failure: lost })),
      /it is forgotten/,
    ],
  ],
  gateOpensAfterAuthentication: [
    [
      "sends what was published before the subscriptions",
      sabotaged((effects) =>
        [...effects].sort(
          (one, other) => Number(one.type === "resubscribe") - Number(other.type === "resubscribe"),
        ),
      ),
      /does not follow resubscribe/,
    ],
    ["forgets to hold what is published", without("holdOutbound"), /what is published goes to socket/],
    [
      "forgets to release what was published",
      without("releaseOutbound"),
      /what is published goes to socket null/,
    ],
    [
      "releases what was published as soon as CONNECT is sent",
      sabotaged((effects) =>
        effects.flatMap((effect): readonly Effect[] => {
          if (effect.type === "releaseOutbound" || effect.type === "resubscribe") return [];
          if (effect.type !== "sendConnect") return [effect];
          const { params } = effect;
          return [effect, { type: "resubscribe", params }, { type: "releaseOutbound", params }];
        }),
      ),
      /before the PONG to CONNECT/,
    ],
    [
      "subscribes once more behind what was published",
      overLive("resubscribe", "releaseOutbound"),
      /after what was published/,
    ],
    ["releases what is released", twice("releaseOutbound"), /releaseOutbound, but nothing was held/],
    [
      "holds what is published in a drain",
      extra({ type: "holdOutbound", params: undefined }, (effects) => has("finishOutbound", effects)),
      /holdOutbound in draining/,
    ],
    ["holds what is held", twice("holdOutbound"), /holdOutbound, but nothing was released/],
    [
      "pauses what is published as soon as it is released",
      sabotaged((effects, { context: { attempt } }) =>
        has("resolveConnect", effects)
          ? [...effects, { type: "pauseOutbound", params: { attempt, from: attempt } }]
          : effects,
      ),
      /pauseOutbound on the way to connected/,
    ],
    ["pauses what is paused", twice("pauseOutbound"), /pauseOutbound, but nothing was released/],
    [
      "unsubscribes from the server in use",
      overLive("unsubscribe", "releaseOutbound"),
      /the server in use is unsubscribed from/,
    ],
  ],
  drainsInOrder: [
    [
      "drains the publishers twice",
      twice("finishOutbound"),
      /finishOutbound before drainSubscriptions, or again/,
    ],
    ["forgets to drain the subscriptions", without("drainSubscriptions"), /0 steps of the drain/],
    ["drains the subscriptions twice", twice("drainSubscriptions"), /drainSubscriptions again/],
    ["forgets to drain the publishers", without("finishOutbound"), /1 steps of the drain/],
  ],
  connectSettlesOnce: [
    ["resolves connect twice", twice("resolveConnect"), /settled 2 times/],
    ["forgets to resolve connect", without("resolveConnect"), /is established, but connect is not settled/],
    ["forgets to reject connect", without("rejectConnect"), /never settled/],
    [
      "resolves connect as soon as CONNECT is sent",
      extra({ type: "resolveConnect", params: undefined }, (effects) => has("sendConnect", effects)),
      /connect is resolved in/,
    ],
    [
      "rejects connect while it dials",
      extra({ type: "rejectConnect", params: { failure: lost, attempts: [] } }, (effects) =>
        has("openSocket", effects),
      ),
      /connect is rejected in/,
    ],
  ],
  closedSettlesLast: [
    [
      "settles closed twice",
      twice("settleClosed"),
      /settleClosed, settleClosed comes|settlePending, settleClosed, settleClosed comes/,
    ],
    ["forgets to settle closed", without("settleClosed"), /not .*settleClosed/],
    ["forgets to settle what is pending", without("settlePending"), /not settlePending/],
    [
      "reports something after the end",
      extra({ type: "holdOutbound", params: undefined }, (effects) => has("settleClosed", effects)),
      /holdOutbound is the last effect/,
    ],
    [
      "stops a timer after the end",
      extra(
        { type: "stopTimer", params: { timer: "ping", attempt: 1 } },
        (effects, snapshot) => is("closed", snapshot) && !has("settleClosed", effects),
      ),
      /after settleClosed/,
    ],
  ],
  closingHastens: [
    [
      "subscribes at the end once more",
      extra({ type: "resubscribe", params: { attempt: 1 } }, (_, snapshot) => is("closing", snapshot)),
      /resubscribe in closing/,
    ],
    [
      "goes on where the user wants to reconnect after all",
      making((made, event, before, first) =>
        is("closing", before) && event.type === "user.reconnect" ? first : made,
      ),
      /it goes on in/,
    ],
  ],
  closesForAReason: [
    [
      "gives up at once",
      guarding({ reconnectIsOff: ({ context }: Asked) => context.attempt > 0 }),
      /although .* is left/,
    ],
    [
      "gives up although a server is left",
      guarding({ noServerIsLeft: ({ context }: Asked) => context.attempt > 1 }),
      /although .* is left/,
    ],
    [
      "takes a drain for a close",
      taking((event) => (event.type === "user.drain" ? leave(event) : null)),
      /a drain closes at once/,
    ],
    [
      "ends when the backoff is over",
      taking((event) => (event.type === "timer.fired" && event.timer === "reconnect" ? leave(event) : null)),
      /it closes in .*backingOff/,
    ],
    [
      "forgets why it gives up",
      misremembering(({ value, context }) => ({
        ...context,
        failure: value === "closed" || value === "closing" ? null : context.failure,
      })),
      /gives up without a failure/,
    ],
  ],
  closedIsAbsorbing: [
    [
      "stops a timer after the end",
      extra({ type: "stopTimer", params: { timer: "ping", attempt: 1 } }, (_, snapshot) =>
        is("closed", snapshot),
      ),
      /it led to stopTimer/,
    ],
    [
      "never is done",
      making(({ snapshot, effects }) => ({
        effects,
        snapshot: changing(snapshot, { status: "active" } as Partial<Snapshot>),
      })),
      /is not done/,
    ],
    [
      "begins anew after the end",
      making((made, _event, before, first) => (is("closed", before) ? { ...first, effects: [] } : made)),
      /it changed the state/,
    ],
    [
      "looks at the clock after the end",
      misremembering(({ value, context }) => ({
        ...context,
        now: context.now + (value === "closed" ? 1 : 0),
      })),
      /it changed the context/,
    ],
  ],
  staleChangesNothing: [
    [
      "listens to sockets of earlier attempts",
      guarding({
        dialSucceeded: ({ context: { next }, event }: Asked) =>
          next !== null && event.type === "socket.opened",
      }),
      /socket.opened of attempt/,
    ],
    ["listens to every timer", guarding({ backoffIsOver: always }), /timer.fired of attempt/],
    [
      "takes any answer",
      guarding({ isAnswer: ({ event }: { event: { type: string } }) => event.type === "delay.chosen" }),
      /delay.chosen of attempt/,
    ],
  ],
  reconnectActsAtOnce: [
    [
      "gives up the attempt of the moment, and leaves the other servers in their backoff",
      acting({ hasten: assign({ next: null, chosen: null }) }),
      /nobody is dialed/,
    ],
    [
      "lets go of a drain where the user wants to reconnect",
      making((made, event, before, first) =>
        event.type === "user.reconnect" && is("draining", before) ? first : made,
      ),
      /it led to/,
    ],
  ],
  allIsPlainJson: [
    ["remembers a date", remembering(() => ({ now: new Date(0) })), /context.now is an instance of a class/],
    [
      "remembers a number that JSON does not know",
      remembering(() => ({ random: Number.NaN })),
      /context.random is NaN/,
    ],
    [
      "asks for something with a function",
      sabotaged((effects) =>
        effects.map((effect) => ({ ...effect, params: { status: always } }) as unknown as Effect),
      ),
      /status is of type function/,
    ],
  ],
  noUnknownField: [
    ["remembers a password", remembering(() => ({ password: "s3cret" })), /the context has a field password/],
    [
      "sends a token along",
      sabotaged((effects) =>
        effects.map(
          (effect) => ({ ...effect, params: { ...effect.params, token: "s3cret" } }) as unknown as Effect,
        ),
      ),
      /has a field token/,
    ],
    [
      "remembers a password with each server",
      remembering(({ pool }) => ({ pool: pool.map((one) => ({ ...one, password: "s3cret" })) })),
      /the context has a field password/,
    ],
  ],
} satisfies Partial<Record<RuleName, readonly Mistake[]>>;
