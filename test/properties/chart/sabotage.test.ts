// Rules that cannot be broken prove nothing. Here the chart gets a mistake, and the rule that forbids it finds a story.

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assign } from "xstate";
import { connectionMachine } from "../../../src/machine/connection-machine.js";
import type { ConnectionContext } from "../../../src/machine/context.js";
import type { Effect, EffectName } from "../../../src/machine/effects.js";
import type { ConnectionEvent } from "../../../src/machine/events.js";
import { inPhase, linkIn } from "../../../src/machine/link.js";
import type { Destination, Origin } from "../../../src/machine/origin.js";
import { isRefusal } from "../../../src/machine/server-error.js";
import { stories } from "./arbitraries.js";
import { type Chart, misremembering, quick, type Snapshot, sabotaged } from "./chart.js";
import { brokenIn, type RuleName, ruleNames, rules } from "./rules/index.js";
import type { Told } from "./told.js";

/** Looks for a story that breaks the rule, and shrinks it. */
function findBroken(chart: Chart, rule: RuleName): Told | undefined {
  const broken = fc.check(
    fc.property(stories({ chart }), (story) => brokenIn(story, [rule]) === undefined),
    { numRuns: 8_000, seed: 1 },
  );
  return broken.counterexample?.[0];
}

interface Asked {
  readonly context: ConnectionContext;
  readonly event: ConnectionEvent;
}

const lost = { code: "DISCONNECT", message: "lost" };
const always = () => true;
const nothing = () => {};
const never = () => false;
const without = (name: EffectName, params: Partial<Record<string, unknown>> = {}) =>
  sabotaged((effects) => effects.filter((effect) => !matches(effect, name, params)));
const twice = (name: EffectName, params: Partial<Record<string, unknown>> = {}) =>
  sabotaged((effects) =>
    effects.flatMap((effect) => (matches(effect, name, params) ? [effect, effect] : [effect])),
  );
const extra = (effect: Effect, when: (effects: readonly Effect[], snapshot: Snapshot) => boolean) =>
  sabotaged((effects, snapshot) => (when(effects, snapshot) ? [...effects, effect] : effects));
const guarding = (guards: object) => quick(connectionMachine.provide({ guards } as never) as never);
/** A chart that does something else where it should remember, or emit an effect that depends. */
const acting = (actions: object) => quick(connectionMachine.provide({ actions } as never) as never);
const remembering = (more: (context: Snapshot["context"]) => object) =>
  misremembering(({ context }) => ({ ...context, ...more(context) }));

/** A chart that dials servers in another way. */
const dialing = (change: (server: Destination, origins: readonly Origin[]) => Destination) =>
  sabotaged((effects, { context: { origins } }) =>
    effects.map((effect) =>
      effect.type === "openSocket"
        ? { ...effect, params: { ...effect.params, server: change(effect.params.server, origins) } }
        : effect,
    ),
  );

function matches(effect: Effect, name: EffectName, params: Partial<Record<string, unknown>>): boolean {
  if (effect.type !== name) return false;
  const given: Readonly<Record<string, unknown>> = { ...effect.params };
  return Object.entries(params).every(([key, value]) => given[key] === value);
}

const is = (state: string, { value }: Snapshot) => JSON.stringify(value).includes(state);
const has = (name: EffectName, effects: readonly Effect[]) => effects.some(({ type }) => type === name);

const mistakes: readonly (readonly [rule: RuleName, mistake: string, chart: Chart])[] = [
  [
    "noMomentContradictsItself",
    "forgets to enter a step, so that the step and the phase disagree",
    acting({ enterStep: assign({}) }),
  ],
  [
    "noMomentContradictsItself",
    "forgets to begin to end a link, so that it closes with one that is in use",
    acting({ recordDrained: assign({ failure: null }) }),
  ],
  [
    "noMomentContradictsItself",
    "remembers a failure while a connection is established",
    remembering(({ failure, live }) => (live === null ? {} : { failure: failure ?? lost })),
  ],
  ["socketsAreLinks", "forgets to close the socket of a failed attempt", without("closeSocket")],
  ["socketsAreLinks", "opens a socket twice", twice("openSocket")],
  [
    "socketsAreLinks",
    "gives up a move without closing its socket",
    acting({ dropNext: assign({ next: null }) }),
  ],
  ["socketsAreLinks", "forgets to forget a link that is closed", acting({ noteClosed: assign({}) })],
  [
    "socketsAreLinks",
    "completes a move, and forgets the link that it leaves",
    acting({
      completeMove: assign(({ context: { next } }: Asked) => ({
        live: next === null ? null : inPhase(next, "live"),
        next: null,
      })),
    }),
  ],
  [
    "onlyOneIsInUse",
    "keeps the server that it moves away from, and uses the new one, too",
    without("startTimer", { timer: "overlap" }),
  ],
  [
    "onlyOneIsInUse",
    "dials while it dials",
    sabotaged((effects) =>
      effects.flatMap((effect): readonly Effect[] => {
        if (effect.type !== "openSocket") return [effect];
        const { attempt } = effect.params;
        return [effect, { ...effect, params: { ...effect.params, attempt: attempt + 1 } }];
      }),
    ),
  ],
  ["sendsOverOpenSocket", "starts TLS twice", twice("upgradeToTls")],
  [
    "sendsOverOpenSocket",
    "greets the server before the socket is open",
    extra({ type: "sendPing", params: { attempt: 1 } }, (effects) => has("openSocket", effects)),
  ],
  ["credentialsUnderTls", "declines TLS that is offered", guarding({ tlsIsNext: never })],
  ["credentialsUnderTls", "does without TLS that is demanded", guarding({ tlsIsImpossible: never })],
  ["credentialsUnderTls", "sends CONNECT twice", twice("sendConnect")],
  ["answersPings", "forgets to answer a PING", without("sendPong")],
  ["answersPings", "answers a PING twice", twice("sendPong")],
  [
    "answersPings",
    "answers one of several PINGs",
    sabotaged((effects) =>
      effects.map((effect) =>
        effect.type === "sendPong" ? { ...effect, params: { ...effect.params, count: 1 } } : effect,
      ),
    ),
  ],
  [
    "pingsAreBounded",
    "counts a PING as unanswered though bytes have arrived since",
    acting({
      countPing: assign(({ context: { live } }: Asked) =>
        live === null ? {} : { live: { ...live, pingsOut: live.pingsOut + 1 } },
      ),
    }),
  ],
  ["pingsAreBounded", "never finds a connection stale", guarding({ isStale: never })],
  ["pingsAreBounded", "forgets to send a PING", without("sendPing")],
  [
    "pingsAreBounded",
    "takes the PONG of another server for that of the one in use",
    guarding({ fromServerInUse: ({ event }: Asked) => event.type === "server.pong" }),
  ],
  [
    "handsOverInOrder",
    "hands over before the new server has the subscriptions",
    sabotaged((effects, { value }) =>
      is("subscribing", { value } as Snapshot) && has("resubscribe", effects)
        ? [...effects, { type: "pauseOutbound", params: { attempt: 2, from: 1 } } as const]
        : effects,
    ),
  ],
  [
    "handsOverInOrder",
    "takes what any server says for the word of the old one",
    guarding({ fromServerInUse: ({ context }: Asked) => context.live !== null }),
  ],
  [
    "leavesInOrder",
    "never ends the subscriptions with a server that is being left",
    guarding({ overlapIsOver: never }),
  ],
  ["leavesInOrder", "ends the socket while the overlap lasts", twice("endSocket")],
  [
    "leavesInOrder",
    "ends a server that is being left before that has confirmed the UNSUBs",
    guarding({
      overlapIsOver: never,
      retirementTimedOut: ({ context, event }: Asked) =>
        event.type === "timer.fired" && linkIn(context, event)?.phase === "overlapping",
    }),
  ],
  [
    "leavesInOrder",
    "does not notice that all of the old server has arrived",
    guarding({ unsubscribedThere: never }),
  ],
  ["leavesInOrder", "lets a socket linger for ever", guarding({ lingerIsOver: never })],
  ["leavesInOrder", "forgets that a socket is half closed", acting({ endHalfClosed: nothing })],
  ["timersBelongToLinks", "forgets to start the linger timer", without("startTimer", { timer: "linger" })],
  ["timersBelongToLinks", "forgets to stop the linger timer", without("stopTimer", { timer: "linger" })],
  [
    "timersBelongToLinks",
    "stops the overlap timer of the wrong link",
    sabotaged((effects) =>
      effects.map((effect) =>
        effect.type === "stopTimer" && effect.params.timer === "overlap"
          ? { ...effect, params: { ...effect.params, attempt: effect.params.attempt + 1 } }
          : effect,
      ),
    ),
  ],
  ["timersBelongToLinks", "forgets to stop the attempt timer", without("stopTimer", { timer: "attempt" })],
  [
    "timersBelongToLinks",
    "forgets to stop the reconnect timer",
    without("stopTimer", { timer: "reconnect" }),
  ],
  ["timersBelongToLinks", "forgets to stop the ping timer", without("stopTimer", { timer: "ping" })],
  ["timersBelongToLinks", "forgets to stop the drain timer", without("stopTimer", { timer: "drain" })],
  ["timersBelongToLinks", "forgets to start the drain timer", without("startTimer", { timer: "drain" })],
  ["somethingWakesTheChart", "forgets to start the ping timer", without("startTimer", { timer: "ping" })],
  ["somethingWakesTheChart", "forgets to ask the user's function", without("askReconnectDelay")],
  ["somethingWakesTheChart", "asks the user's function twice", twice("askReconnectDelay")],
  [
    "isReachedAsItsOriginSays",
    "dials a server that was named in the clear by its own name",
    dialing((server) => ({ ...server, tlsName: null })),
  ],
  [
    "isReachedAsItsOriginSays",
    "dials without TLS where the list asks for it",
    dialing((server) => ({ ...server, tls: null, transport: { ...server.transport, tls: false } })),
  ],
  [
    "isReachedAsItsOriginSays",
    "offers each server the credentials of the first origin",
    dialing((server, [first]) => ({ ...server, origin: first?.id ?? "" })),
  ],
  [
    "isReachedAsItsOriginSays",
    "forgets that TLS was spoken",
    remembering(({ origins }) => ({ origins: origins.map((one) => ({ ...one, spokeTls: false })) })),
  ],
  [
    "isReachedAsItsOriginSays",
    "takes all that servers say for what is said inside TLS",
    remembering(({ pool }) => ({ pool: pool.map((one) => ({ ...one, vouched: one.learnt })) })),
  ],
  ["dialsInTime", "waits although a server is eligible", guarding({ delayIsUnknown: never })],
  [
    "dialsInTime",
    "waits too long",
    sabotaged((effects) =>
      effects.map((effect) =>
        effect.type === "startTimer" && effect.params.timer === "reconnect"
          ? { ...effect, params: { ...effect.params, ms: effect.params.ms + 2_000 } }
          : effect,
      ),
    ),
  ],
  [
    "dialsInTime",
    "takes the time in which a dial waited for its turn for a part of the backoff",
    acting({
      noteDialed: assign(({ context: { next }, event: { at } }: Asked) => ({
        next: next === null ? null : { ...next, queued: false, begunAt: at },
      })),
    }),
  ],
  [
    "dialsInTime",
    "forgets when it dialed",
    remembering(({ pool }) => ({ pool: pool.map((one) => ({ ...one, wait: 0 })) })),
  ],
  ["queueIsKept", "turns the queue round", remembering(({ pool }) => ({ pool: [...pool].reverse() }))],
  [
    "attemptsAreCounted",
    "does not count",
    remembering(({ pool }) => ({ pool: pool.map((one) => ({ ...one, failures: 0 })) })),
  ],
  ["refusedTwiceCloses", "does not notice a second refusal", guarding({ isSecondRefusal: never })],
  [
    "refusedTwiceCloses",
    "takes a first refusal for the second",
    guarding({
      isSecondRefusal: ({ event }: Asked) => event.type === "server.error" && isRefusal(event.error),
    }),
  ],
  ["statusesObeyTheirGrammar", "forgets to report that it dials", without("notifyStatus")],
  [
    "statusesObeyTheirGrammar",
    "reports a reconnect that was none",
    extra({ type: "notifyStatus", params: { status: { type: "reconnect", server: "a:4222" } } }, (effects) =>
      has("resolveConnect", effects),
    ),
  ],
  [
    "statusesNameTheirServer",
    "names another server",
    sabotaged((effects) =>
      effects.map((effect) =>
        effect.type === "notifyStatus" && effect.params.status.type === "disconnect"
          ? { ...effect, params: { status: { ...effect.params.status, server: "x:4222" } } }
          : effect,
      ),
    ),
  ],
  ["endsAreReported", "fails in silence", without("notifyStatus")],
  [
    "gateOpensAfterAuthentication",
    "sends what was published before the subscriptions",
    sabotaged((effects) =>
      [...effects].sort(
        (one, other) => Number(one.type === "resubscribe") - Number(other.type === "resubscribe"),
      ),
    ),
  ],
  ["gateOpensAfterAuthentication", "forgets to hold what is published", without("holdOutbound")],
  ["gateOpensAfterAuthentication", "forgets to release what was published", without("releaseOutbound")],
  [
    "gateOpensAfterAuthentication",
    "releases what was published as soon as CONNECT is sent",
    sabotaged((effects) =>
      effects.flatMap((effect): readonly Effect[] => {
        if (effect.type === "releaseOutbound" || effect.type === "resubscribe") return [];
        if (effect.type !== "sendConnect") return [effect];
        const { params } = effect;
        return [effect, { type: "resubscribe", params }, { type: "releaseOutbound", params }];
      }),
    ),
  ],
  ["drainsInOrder", "drains the publishers twice", twice("finishOutbound")],
  ["drainsInOrder", "forgets to drain the subscriptions", without("drainSubscriptions")],
  ["connectSettlesOnce", "resolves connect twice", twice("resolveConnect")],
  ["connectSettlesOnce", "forgets to resolve connect", without("resolveConnect")],
  ["connectSettlesOnce", "forgets to reject connect", without("rejectConnect")],
  ["closedSettlesLast", "settles closed twice", twice("settleClosed")],
  ["closedSettlesLast", "forgets to settle closed", without("settleClosed")],
  ["closedSettlesLast", "forgets to settle what is pending", without("settlePending")],
  [
    "closedSettlesLast",
    "reports something after the end",
    extra({ type: "holdOutbound", params: undefined }, (effects) => has("settleClosed", effects)),
  ],
  [
    "closingHastens",
    "subscribes at the end once more",
    extra({ type: "resubscribe", params: { attempt: 1 } }, (_, snapshot) => is("closing", snapshot)),
  ],
  ["closesForAReason", "gives up at once", guarding({ reconnectIsOff: always })],
  ["closesForAReason", "gives up although a server is left", guarding({ noServerIsLeft: always })],
  [
    "closedIsAbsorbing",
    "stops a timer after the end",
    extra({ type: "stopTimer", params: { timer: "ping", attempt: 1 } }, (_, snapshot) =>
      is("closed", snapshot),
    ),
  ],
  [
    "staleChangesNothing",
    "listens to sockets of earlier attempts",
    guarding({
      dialSucceeded: ({ context: { next }, event }: Asked) => next !== null && event.type === "socket.opened",
    }),
  ],
  ["staleChangesNothing", "listens to every timer", guarding({ backoffIsOver: always })],
  [
    "staleChangesNothing",
    "takes any answer",
    guarding({ isAnswer: ({ event }: { event: { type: string } }) => event.type === "delay.chosen" }),
  ],
  [
    "reconnectActsAtOnce",
    "gives up the attempt of the moment, and leaves the other servers in their backoff",
    acting({ hasten: assign({ next: null, chosen: null }) }),
  ],
  ["allIsPlainJson", "remembers a date", remembering(() => ({ now: new Date(0) }))],
  [
    "allIsPlainJson",
    "remembers a number that JSON does not know",
    remembering(() => ({ random: Number.NaN })),
  ],
  [
    "allIsPlainJson",
    "asks for something with a function",
    sabotaged((effects) =>
      effects.map((effect) => ({ ...effect, params: { status: always } }) as unknown as Effect),
    ),
  ],
  ["noUnknownField", "remembers a password", remembering(() => ({ password: "s3cret" }))],
  [
    "noUnknownField",
    "sends a token along",
    sabotaged((effects) =>
      effects.map(
        (effect) => ({ ...effect, params: { ...effect.params, token: "s3cret" } }) as unknown as Effect,
      ),
    ),
  ],
];

describe("a chart that", () => {
  test.each(mistakes)("(%s) %s is found out", (rule, _, chart) => {
    expect(findBroken(chart, rule), rules[rule].sentence).toBeDefined();
  });
});

test("every rule has a mistake that it finds", () => {
  const tried = new Set(mistakes.map(([rule]) => rule));
  expect(ruleNames.filter((rule) => !tried.has(rule))).toEqual([]);
});

test("a mistake deep in a story is shrunk to the few events that lead there", () => {
  const told = findBroken(without("stopTimer", { timer: "drain" }), "timersBelongToLinks");
  // Open, INFO, PONG, drain, and one event that ends the drain; what the teller adds after that is not the story's.
  expect(
    told?.events
      .slice(0, 5)
      .map(({ type }) => type)
      .slice(0, 4),
  ).toEqual(["socket.opened", "server.info", "server.pong", "user.drain"]);
  expect(told?.events.length).toBeLessThanOrEqual(8);
  expect(told?.input.servers).toEqual(["a:4222"]);
  expect(told?.input.policy).toEqual({});
});
