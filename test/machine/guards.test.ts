// The chart's questions, asked one by one: each says no to what comes from elsewhere, and to an event of another kind.

import { describe, expect, test } from "vitest";
import type { ConnectionContext } from "../../src/machine/context.js";
import { type TimerName, timerNames } from "../../src/machine/effects.js";
import type { ConnectionEvent } from "../../src/machine/events.js";
import { guards } from "../../src/machine/guards.js";
import { inPhase, type Link, liveLink } from "../../src/machine/link.js";
import type { Policy } from "../../src/machine/reconnect-policy.js";
import {
  begin,
  chosen,
  close,
  delay,
  drained,
  error,
  fires,
  type Happening,
  info,
  lost,
  pong,
} from "./story.js";

type Guard = keyof typeof guards;

/**
 * Link 4 is in use and 5 is being made, attempts are at 6; 1 overlaps, 2 unsubscribes, 3 ends, 7 is asked whether all arrived. And
 * what had arrived is being processed. All would do what they are asked for.
 */
function established(more: Partial<Link> = {}, policy: Partial<Policy> = {}): ConnectionContext {
  const { context } = begin().connects();
  const asked = { ...context.policy, onLameDuck: "migrate", tls: "required", ...policy } as const;
  const link = { ...liveLink(context), pingsOut: 9, ...more };
  return {
    ...context,
    attempt: 6,
    live: { ...link, id: 4 },
    next: { ...inPhase(link, "authenticating"), id: 5 },
    retiring: [
      { ...inPhase(link, "overlapping"), id: 1 },
      { ...inPhase(link, "unsubscribing"), id: 2, pingsOut: 0 },
      { ...inPhase(link, "ending"), id: 3 },
      { ...inPhase(link, "confirming"), id: 7 },
    ],
    processing: true,
    policy: asked,
  };
}
const at = (happening: Happening, attempt: number) => ({ at: 0, ...happening, attempt }) as ConnectionEvent;
const ask = (guard: Guard, event: ConnectionEvent, context = established()) =>
  guards[guard]({ context, event });

const refusal = error("Authorization Violation");
const live = [4];
const next = [5];
const attempts = [6];
/** Each question, an event that it says yes to, and of which attempts. */
const questions: readonly (readonly [Guard, Happening, readonly number[]])[] = [
  ["fromNextServer", lost(), next],
  ["fromServerInUse", lost(), live],
  ["fromServerBeingLeft", lost(), [1, 2, 3, 7]],
  ["isTimeToMigrate", info({ lameDuck: true }), live],
  ["attemptTimedOut", fires("attempt"), next],
  ["backoffIsOver", fires("reconnect"), attempts],
  ["pingIsDue", fires("ping"), live],
  ["isStale", fires("ping"), live],
  ["drainTimedOut", fires("drain"), attempts],
  ["overlapIsOver", fires("overlap"), [1]],
  ["retirementTimedOut", fires("retire"), [2]],
  ["confirmationTimedOut", fires("confirm"), [7]],
  ["lingerIsOver", fires("linger"), [3]],
  ["unsubscribedThere", drained, [2]],
  ["confirmedThere", pong, [7]],
  ["isProcessed", drained, [0]],
  ["restIsProcessed", drained, [0]],
  ["restTimedOut", fires("drain"), attempts],
  ["isAnswer", delay(1), attempts],
  ["isChoice", chosen(null), attempts],
  ["isChoice", { type: "choice.failed", failure: { code: "X", message: "x" } }, attempts],
  ["tlsIsImpossible", info(), next],
  ["tlsIsNext", info({ tlsAvailable: true }), next],
  ["tlsIsNext", info({ tlsRequired: true }), next],
  ["infoHasCome", { type: "socket.secured" }, next],
  ["isFatalToAttempt", refusal, next],
  ["isFatalToConnection", refusal, live],
  ["isRefusal", refusal, live],
];

describe("a question about an event", () => {
  test.each(questions)(
    "%s: yes to what comes from its own link, no to that of another",
    (guard, event, own) => {
      const yes = [0, 1, 2, 3, 4, 5, 6, 7, 8].filter((attempt) => ask(guard, at(event, attempt)));
      expect(yes).toEqual(own);
    },
  );

  const anyKind: readonly Guard[] = [
    "fromNextServer",
    "fromServerInUse",
    "fromServerBeingLeft",
    "infoHasCome",
    "unsubscribedThere",
    "confirmedThere",
  ];
  test.each(questions.filter(([guard]) => !anyKind.includes(guard)))(
    "%s: no to an event of another kind, whatever else is in it",
    (guard, event, own) => {
      for (const attempt of own)
        expect(ask(guard, { ...at(event, attempt), type: "server.ping" } as ConnectionEvent)).toBe(false);
    },
  );

  test("of no attempt at all is about no link, also where there is none", () => {
    const leaves = { type: "user.drain", at: 0 } as const;
    const none = { ...established(), live: null, next: null, retiring: [] };
    for (const guard of ["fromNextServer", "fromServerInUse", "fromServerBeingLeft"] as const) {
      expect([ask(guard, leaves), ask(guard, leaves, none)]).toEqual([false, false]);
      expect(ask(guard, at(lost(), 4), none)).toBe(false);
    }
  });
});

describe("timers", () => {
  test("those of a link go by its id, those of no link by the number of the last attempt", () => {
    const ofWhich = (guard: Guard, timer: TimerName) =>
      [0, 1, 2, 3, 4, 5, 6, 7].filter((attempt) => ask(guard, at(fires(timer), attempt)));
    expect(ofWhich("attemptTimedOut", "attempt")).toEqual(next);
    expect(ofWhich("backoffIsOver", "reconnect")).toEqual(attempts);
    expect(ofWhich("pingIsDue", "ping")).toEqual(live);
    expect(ofWhich("drainTimedOut", "drain")).toEqual(attempts);
    expect(ofWhich("restTimedOut", "drain")).toEqual(attempts);
  });

  test("one is not taken for another, whatever its number", () => {
    const timerGuards = [
      "attemptTimedOut",
      "backoffIsOver",
      "pingIsDue",
      "isStale",
      "drainTimedOut",
      "restTimedOut",
      "overlapIsOver",
      "retirementTimedOut",
      "confirmationTimedOut",
      "lingerIsOver",
    ] as const;
    const answers = timerNames.map((timer) => [
      timer,
      timerGuards.filter((guard) => [1, 2, 3, 4, 5, 6, 7].some((id) => ask(guard, at(fires(timer), id)))),
    ]);
    expect(Object.fromEntries(answers)).toEqual({
      attempt: ["attemptTimedOut"],
      reconnect: ["backoffIsOver"],
      ping: ["pingIsDue", "isStale"],
      drain: ["drainTimedOut", "restTimedOut"],
      overlap: ["overlapIsOver"],
      retire: ["retirementTimedOut"],
      confirm: ["confirmationTimedOut"],
      linger: ["lingerIsOver"],
    });
  });

  test("a connection is stale from maxPingOut unanswered PINGs on", () => {
    const out = (pingsOut: number) => ask("isStale", at(fires("ping"), 4), established({ pingsOut }));
    expect([out(1), out(2), out(3)]).toEqual([false, true, true]);
  });
});

describe("the end", () => {
  test("all is confirmed where a close finds no message that is not", () => {
    const confirmed = (unconfirmed: number) => ask("allIsConfirmed", at(close(unconfirmed), 4));
    expect([confirmed(0), confirmed(1), confirmed(2)]).toEqual([true, false, false]);
    expect(ask("allIsConfirmed", { type: "user.drain", at: 0 })).toBe(false);
  });

  test("the subscriptions of the client are drained whatever links there are: it is told of none", () => {
    const none = { ...established(), live: null, next: null, retiring: [] };
    for (const guard of ["isProcessed", "restIsProcessed"] as const) {
      const yes = [0, 1, 2, 4, 6].filter((attempt) => ask(guard, at(drained, attempt), none));
      expect([guard, yes]).toEqual([guard, [0]]);
    }
  });

  test("nothing ends what is processed without a connection where nothing is", () => {
    const idle = { ...established(), processing: false };
    expect(ask("isProcessing", at(close(), 6))).toBe(true);
    expect(ask("isProcessing", at(close(), 6), idle)).toBe(false);
    expect(ask("restIsProcessed", at(drained, 0), idle)).toBe(false);
    expect(ask("restTimedOut", at(fires("drain"), 6), idle)).toBe(false);
    // Those of a drain over a connection do not ask for it.
    expect(ask("isProcessed", at(drained, 0), idle)).toBe(true);
    expect(ask("drainTimedOut", at(fires("drain"), 6), idle)).toBe(true);
  });

  test("nothing is left where there is no link, in whatever phase, and nothing is processed", () => {
    const left = (retiring: ConnectionContext["retiring"], processing: boolean) =>
      ask("nothingIsLeft", { type: "user.drain", at: 0 }, { ...established(), retiring, processing });
    expect([left([], false), left([], true)]).toEqual([true, false]);
    const { retiring } = established();
    expect(retiring).toHaveLength(4);
    for (const link of retiring) expect([left([link], false), left([link], true)]).toEqual([false, false]);
    expect([left(retiring, false), left(retiring, true)]).toEqual([false, false]);
  });
});

describe("TLS", () => {
  const asked = (
    guard: Guard,
    tls: ConnectionContext["policy"]["tls"],
    says: Parameters<typeof info>[0],
    more: Partial<Link> = {},
  ) => ask(guard, at(info(says), 5), established(more, { tls }));
  const none = {};
  const offered = { tlsAvailable: true };
  const required = { tlsRequired: true };

  test.each([
    ["never", none, false, false],
    ["never", offered, false, false],
    ["never", required, true, false],
    ["offered", none, false, false],
    ["offered", offered, false, true],
    ["offered", required, false, true],
    ["required", none, true, false],
    ["required", offered, false, true],
    ["required", required, false, true],
    ["first", none, true, false],
  ] as const)("%s, and the server says %j: impossible %s, next %s", (tls, says, impossible, next) => {
    expect([asked("tlsIsImpossible", tls, says), asked("tlsIsNext", tls, says)]).toEqual([impossible, next]);
  });

  test("is neither impossible nor next once the socket is secured", () => {
    const more = { secured: true };
    expect(asked("tlsIsImpossible", "required", none, more)).toBe(false);
    expect(asked("tlsIsNext", "required", required, more)).toBe(false);
  });

  test("comes first only with that policy, and for the link that is being made", () => {
    const first = (tls: "first" | "required", attempt: number) =>
      ask("tlsComesFirst", at({ type: "socket.opened" }, attempt), established({}, { tls }));
    expect([first("first", 5), first("first", 4), first("required", 5)]).toEqual([true, false, false]);
  });

  test("a server that has not greeted has said no INFO", () => {
    expect(ask("infoHasCome", at({ type: "socket.secured" }, 5), established({ info: null }))).toBe(false);
  });
});

describe("lame duck mode", () => {
  const lameDuck = at(info({ lameDuck: true }), 4);

  test("is no time to move where the server is not in it, or the user does not want it", () => {
    expect(ask("isTimeToMigrate", at(info({ lameDuck: false }), 4))).toBe(false);
    expect(ask("isTimeToMigrate", lameDuck, established({}, { onLameDuck: "notify" }))).toBe(false);
    expect(ask("isTimeToMigrate", lameDuck)).toBe(true);
  });
});

describe("-ERR", () => {
  test("that concerns one subject is not fatal, and what concerns no credentials is no refusal", () => {
    for (const [guard, id] of [
      ["isFatalToAttempt", 5],
      ["isFatalToConnection", 4],
    ] as const) {
      expect(ask(guard, at(error("Invalid Subject"), id))).toBe(false);
      expect(ask(guard, at(error("Stale Connection"), id))).toBe(true);
    }
    expect(ask("isRefusal", at(error("Stale Connection"), 4))).toBe(false);
  });

  test("is a second refusal where the same server refused the same credentials before, and the user does not go on", () => {
    const second = (event: Happening, attempt: number, policy: Partial<Policy> = {}) => {
      const context = established({}, policy);
      const refusal = { kind: "authorizationViolation", credentialsVersion: 1 };
      const pool = context.pool.map((server) => ({ ...server, refusal }));
      return ask("isSecondRefusal", at(event, attempt), { ...context, pool });
    };
    expect(second(refusal, 5)).toBe(true);
    expect(second(refusal, 4)).toBe(false);
    expect(second(refusal, 5, { ignoreAuthErrorAbort: true })).toBe(false);
    expect(second(error("Authorization Violation", 2), 5)).toBe(false);
    expect(second(error("User Authentication Expired"), 5)).toBe(false);
    expect(second(error("Stale Connection"), 5)).toBe(false);
    expect(ask("isSecondRefusal", at(refusal, 5))).toBe(false);
  });
});
