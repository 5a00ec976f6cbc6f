// Mistakes about links: their sockets, their timers, and what is said over them.

import { assign } from "xstate";
import type { Effect } from "../../../../src/machine/effects.js";
import { inPhase, linkIn } from "../../../../src/machine/link.js";
import type { Snapshot } from "../chart.js";
import { sabotaged } from "../chart.js";
import type { RuleName } from "../rules/index.js";
import {
  type Asked,
  acting,
  always,
  changed,
  extra,
  guarding,
  has,
  is,
  lost,
  type Mistake,
  never,
  nothing,
  overLive,
  remembering,
  twice,
  without,
} from "./mistake.js";

export const mistakesOfLinks = {
  noMomentContradictsItself: [
    [
      "forgets to enter a step, so that the step and the phase disagree",
      acting({ enterStep: assign({}) }),
      /does not hold: .*the phase of the link/,
    ],
    [
      "forgets to begin to end a link, so that it closes with one that is in use",
      acting({ recordDrained: assign({ failure: null }) }),
      /does not hold: .*a link is in use in connected/,
    ],
    [
      "remembers a failure while a connection is established",
      remembering(({ failure, live }) => (live === null ? {} : { failure: failure ?? lost })),
      /does not hold: there is no failure/,
    ],
  ],
  socketsAreLinks: [
    ["forgets to close the socket of a failed attempt", without("closeSocket"), /there are the sockets/],
    ["opens a socket twice", twice("openSocket"), /attempt 1 follows attempt 1/],
    [
      "gives up a move without closing its socket",
      acting({ dropNext: assign({ next: null }) }),
      /there are the sockets/,
    ],
    ["forgets to forget a link that is closed", acting({ noteClosed: assign({}) }), /there are the sockets/],
    [
      "completes a move, and forgets the link that it leaves",
      acting({
        completeMove: assign(({ context: { next } }: Asked) => ({
          live: next === null ? null : inPhase(next, "live"),
          next: null,
        })),
      }),
      /there are the sockets/,
    ],
    ["closes a socket that is closed", twice("closeSocket"), /is closed, but there are/],
    ["is over while a socket is open", guarding({ nothingIsLeft: always }), /is still open/],
  ],
  onlyOneIsInUse: [
    [
      "keeps the server that it moves away from, and uses the new one, too",
      without("startTimer", { timer: "overlap" }),
      /neither in use, nor being made/,
    ],
    [
      "dials while it dials",
      sabotaged((effects) =>
        effects.flatMap((effect): readonly Effect[] => {
          if (effect.type !== "openSocket") return [effect];
          const { attempt } = effect.params;
          return [effect, { ...effect, params: { ...effect.params, attempt: attempt + 1 } }];
        }),
      ),
      /is made while socket/,
    ],
    [
      "gives up a move without closing its socket",
      acting({ dropNext: assign({ next: null }) }),
      /is being made, not undefined/,
    ],
    [
      "forgets to close the socket of a connection that is lost",
      without("closeSocket"),
      /is in use, not undefined/,
    ],
  ],
  sendsOverOpenSocket: [
    ["starts TLS twice", twice("upgradeToTls"), /upgradeToTls over socket \d+, which is securing/],
    [
      "greets the server before the socket is open",
      extra({ type: "sendPing", params: { attempt: 1 } }, (effects) => has("openSocket", effects)),
      /sendPing over socket 1, which is opening/,
    ],
  ],
  credentialsUnderTls: [
    ["declines TLS that is offered", guarding({ tlsIsNext: never }), /in the clear/],
    ["does without TLS that is demanded", guarding({ tlsIsImpossible: never }), /in the clear/],
    ["sends CONNECT twice", twice("sendConnect"), /sent twice/],
    [
      "sends CONNECT over another socket",
      changed("sendConnect", ({ attempt }) => ({ attempt: attempt + 1 })),
      /another socket than the last/,
    ],
    [
      "sends CONNECT to whoever listens",
      sabotaged((effects, { context: { attempt } }) =>
        has("openSocket", effects) ? [...effects, { type: "sendConnect", params: { attempt } }] : effects,
      ),
      /before INFO/,
    ],
  ],
  answersPings: [
    ["forgets to answer a PING", without("sendPong"), /PONGs go over none, not/],
    ["answers a PING twice", twice("sendPong"), /PONGs go over (\d+), \1, not \1/],
    [
      "answers one of several PINGs",
      sabotaged((effects) =>
        effects.map((effect) =>
          effect.type === "sendPong" ? { ...effect, params: { ...effect.params, count: 1 } } : effect,
        ),
      ),
      /not as many PONGs/,
    ],
    [
      "sends a PONG of its own accord",
      sabotaged((effects, { context: { attempt } }) =>
        has("sendConnect", effects)
          ? [...effects, { type: "sendPong", params: { attempt, count: 1 } }]
          : effects,
      ),
      /nobody asked for/,
    ],
  ],
  pingsAreBounded: [
    [
      "counts a PING as unanswered though bytes have arrived since",
      acting({
        countPing: assign(({ context: { live } }: Asked) =>
          live === null ? {} : { live: { ...live, pingsOut: live.pingsOut + 1 } },
        ),
      }),
      /PINGs are out, not/,
    ],
    ["never finds a connection stale", guarding({ isStale: never }), /a stale connection goes on/],
    ["forgets to send a PING", without("sendPing"), /PINGs go over , not/],
    [
      "takes the PONG of another server for that of the one in use",
      guarding({ fromServerInUse: ({ event }: Asked) => event.type === "server.pong" }),
      /PINGs are out, not/,
    ],
  ],
  handsOverInOrder: [
    [
      "hands over before the new server has the subscriptions",
      sabotaged((effects, { value }) =>
        is("subscribing", { value } as Snapshot) && has("resubscribe", effects)
          ? [...effects, { type: "pauseOutbound", params: { attempt: 2, from: 1 } } as const]
          : effects,
      ),
      /has not confirmed the subscriptions/,
    ],
    [
      "takes what any server says for the word of the old one",
      guarding({ fromServerInUse: ({ context }: Asked) => context.live !== null }),
      /before that has all/,
    ],
  ],
  leavesInOrder: [
    [
      "never ends the subscriptions with a server that is being left",
      guarding({ overlapIsOver: never }),
      /its overlap is over/,
    ],
    ["ends the socket while the overlap lasts", twice("endSocket"), /socket .* ends/],
    [
      "ends a server that is being left before that has confirmed the UNSUBs",
      guarding({
        overlapIsOver: never,
        retirementTimedOut: ({ context, event }: Asked) =>
          event.type === "timer.fired" && linkIn(context, event)?.phase === "overlapping",
      }),
      /^socket \d+ ends$/,
    ],
    [
      "does not notice that all of the old server has arrived",
      guarding({ unsubscribedThere: never }),
      /socket none ends, not/,
    ],
    ["lets a socket linger for ever", guarding({ lingerIsOver: never }), /its linger is over/],
    ["forgets that a socket is half closed", acting({ endHalfClosed: nothing }), /socket none ends, not/],
    [
      "ends the subscriptions as soon as the new server is in use",
      sabotaged((effects, { context: { retiring } }) =>
        has("startTimer", effects, { timer: "overlap" })
          ? [...effects, { type: "unsubscribe", params: { attempt: retiring.at(-1)?.id ?? 0 } }]
          : effects,
      ),
      /UNSUB over socket \d+ before/,
    ],
    [
      "asks a server for what was published before the user leaves",
      sabotaged((effects, { context: { live } }) =>
        has("resolveConnect", effects)
          ? [...effects, { type: "confirmOutbound", params: { attempt: live?.id ?? 0 } }]
          : effects,
      ),
      /is asked for what was published/,
    ],
    [
      "asks nobody for what was published when the user leaves",
      guarding({ allIsConfirmed: always }),
      /nobody asks whether/,
    ],
    [
      "ends the socket in use when a connection is established",
      overLive("endSocket", "releaseOutbound"),
      /^socket \d+ ends$/,
    ],
  ],
  timersBelongToLinks: [
    [
      "forgets to start the linger timer",
      without("startTimer", { timer: "linger" }),
      /linger .* does not run/,
    ],
    ["forgets to stop the linger timer", without("stopTimer", { timer: "linger" }), /these run in/],
    [
      "stops the overlap timer of the wrong link",
      sabotaged((effects) =>
        effects.map((effect) =>
          effect.type === "stopTimer" && effect.params.timer === "overlap"
            ? { ...effect, params: { ...effect.params, attempt: effect.params.attempt + 1 } }
            : effect,
        ),
      ),
      /these run in|does not run/,
    ],
    [
      "forgets to stop the attempt timer",
      without("stopTimer", { timer: "attempt" }),
      /is started while it runs|these run in/,
    ],
    ["forgets to stop the reconnect timer", without("stopTimer", { timer: "reconnect" }), /these run in/],
    ["forgets to stop the ping timer", without("stopTimer", { timer: "ping" }), /these run in/],
    ["forgets to stop the drain timer", without("stopTimer", { timer: "drain" }), /these run in/],
    ["forgets to start the drain timer", without("startTimer", { timer: "drain" }), /drain .* does not run/],
    ["stops each timer twice", twice("stopTimer"), /is stopped, and does not run/],
    ["starts each timer twice", twice("startTimer"), /is started while it runs/],
    [
      "lets each timer run a moment longer",
      changed("startTimer", (params) => ({ ...params, ms: params.ms + 1 })),
      /runs for \d+ ms/,
    ],
  ],
  somethingWakesTheChart: [
    [
      "forgets to start the ping timer",
      without("startTimer", { timer: "ping" }),
      /nothing is pending in connected/,
    ],
    [
      "forgets to ask the user's function",
      without("askReconnectDelay"),
      /nothing is pending in .*awaitingDelay/,
    ],
    ["asks the user's function twice", twice("askReconnectDelay"), /asked again before/],
  ],
} satisfies Partial<Record<RuleName, readonly Mistake[]>>;
