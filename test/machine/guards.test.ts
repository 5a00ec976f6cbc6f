// The chart's questions, asked one by one: each says no to what comes from elsewhere, and to an event of another kind.

import { describe, expect, test } from "vitest";
import type { ConnectionContext } from "../../src/machine/context.js";
import type { ConnectionEvent } from "../../src/machine/events.js";
import { guards } from "../../src/machine/guards.js";
import type { Policy } from "../../src/machine/reconnect-policy.js";
import { begin, chosen, delay, error, fires, type Happening, info, lost } from "./story.js";

type Guard = keyof typeof guards;

/** A connection that stands (attempt 2 of socket 2), and would do whatever it is asked for. */
function standing(more: Partial<ConnectionContext> = {}, policy: Partial<Policy> = {}): ConnectionContext {
  const { context } = begin().connects().happens(lost()).connects();
  const asked = { ...context.policy, onLameDuck: "migrate", tls: "required", ...policy } as const;
  return { ...context, pingsOut: 9, policy: asked, ...more };
}
const at = (happening: Happening, attempt = 2) => ({ at: 0, attempt, ...happening }) as ConnectionEvent;
const ask = (guard: Guard, event: ConnectionEvent, context = standing()) => guards[guard]({ context, event });

const refusal = error("Authorization Violation");
const questions: readonly (readonly [Guard, Happening])[] = [
  ["isCurrent", lost()],
  ["isTimeToMigrate", info({ lameDuck: true })],
  ["attemptTimedOut", fires("attempt")],
  ["waitIsOver", fires("reconnect")],
  ["pingIsDue", fires("ping")],
  ["isStale", fires("ping")],
  ["drainTimedOut", fires("drain")],
  ["isAnswer", delay(1)],
  ["isChoice", chosen(null)],
  ["isChoice", { type: "choice.failed", failure: { code: "X", message: "x" } }],
  ["tlsIsImpossible", info()],
  ["tlsIsNext", info({ tlsAvailable: true })],
  ["tlsIsNext", info({ tlsRequired: true })],
  ["isGreeted", { type: "socket.secured" }],
  ["isFatal", refusal],
  ["isRefusal", refusal],
];

describe("a question about an event", () => {
  test.each(questions)(
    "%s: yes to what comes from its own attempt, no to that of another",
    (guard, event) => {
      expect(ask(guard, at(event))).toBe(true);
      for (const attempt of [0, 1, 3]) expect(ask(guard, at(event, attempt))).toBe(false);
    },
  );

  const anyKind: readonly Guard[] = ["isCurrent", "isGreeted"];
  test.each(questions.filter(([guard]) => !anyKind.includes(guard)))(
    "%s: no to an event of another kind, whatever else is in it",
    (guard, event) => {
      expect(ask(guard, { ...at(event), type: "server.ping" } as ConnectionEvent)).toBe(false);
    },
  );

  test("of no attempt at all is none of the current socket", () => {
    const leaves = { type: "user.drain", at: 0, unsent: 0 } as const;
    expect(ask("isCurrent", leaves)).toBe(false);
    expect(
      ask(
        "isOld",
        leaves,
        standing({ leaving: { socket: 2, server: "a:4222", secured: false, info: null } }),
      ),
    ).toBe(false);
  });
});

describe("timers", () => {
  test("those of an attempt go by its number, those of a connection by its socket", () => {
    const waiting = standing({ attempt: 5 });
    for (const timer of ["attempt", "reconnect"] as const) {
      const guard = timer === "attempt" ? "attemptTimedOut" : "waitIsOver";
      expect([ask(guard, at(fires(timer), 5), waiting), ask(guard, at(fires(timer), 2), waiting)]).toEqual([
        true,
        false,
      ]);
    }
    for (const timer of ["ping", "drain"] as const) {
      const guard = timer === "ping" ? "pingIsDue" : "drainTimedOut";
      expect([ask(guard, at(fires(timer), 5), waiting), ask(guard, at(fires(timer), 2), waiting)]).toEqual([
        false,
        true,
      ]);
    }
  });

  test("one is not taken for another, whatever its number", () => {
    const answers = (["attempt", "reconnect", "ping", "drain"] as const).map((timer) =>
      (["attemptTimedOut", "waitIsOver", "pingIsDue", "isStale", "drainTimedOut"] as const).filter((guard) =>
        ask(guard, at(fires(timer))),
      ),
    );
    expect(answers).toEqual([
      ["attemptTimedOut"],
      ["waitIsOver"],
      ["pingIsDue", "isStale"],
      ["drainTimedOut"],
    ]);
  });

  test("a connection is stale from maxPingOut unanswered PINGs on", () => {
    const out = (pingsOut: number) => ask("isStale", at(fires("ping")), standing({ pingsOut }));
    expect([out(1), out(2), out(3)]).toEqual([false, true, true]);
  });
});

describe("TLS", () => {
  const asked = (
    guard: Guard,
    tls: ConnectionContext["policy"]["tls"],
    says: Parameters<typeof info>[0],
    more: Partial<ConnectionContext> = {},
  ) => ask(guard, at(info(says)), standing(more, { tls }));
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

  test("comes first only with that policy, and for the current socket", () => {
    const first = (tls: "first" | "required", attempt: number) =>
      ask("tlsComesFirst", at({ type: "socket.opened" }, attempt), standing({}, { tls }));
    expect([first("first", 2), first("first", 1), first("required", 2)]).toEqual([true, false, false]);
  });

  test("a server that has not greeted is not greeted", () => {
    expect(ask("isGreeted", at({ type: "socket.secured" }), standing({ info: null }))).toBe(false);
  });
});

describe("lame duck mode", () => {
  const lameDuck = at(info({ lameDuck: true }));

  test("is no time to move where the server is not in it, or the user does not want it", () => {
    expect(ask("isTimeToMigrate", at(info({ lameDuck: false })))).toBe(false);
    expect(ask("isTimeToMigrate", lameDuck, standing({}, { onLameDuck: "notify" }))).toBe(false);
    expect(ask("isTimeToMigrate", lameDuck)).toBe(true);
  });
});

describe("-ERR", () => {
  test("that concerns one subject is not fatal, and what concerns no credentials is no refusal", () => {
    expect(ask("isFatal", at(error("Invalid Subject")))).toBe(false);
    expect(ask("isFatal", at(error("Stale Connection")))).toBe(true);
    expect(ask("isRefusal", at(error("Stale Connection")))).toBe(false);
  });
});
