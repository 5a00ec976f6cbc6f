// What a recording from elsewhere must be: what the chart makes is one, and whoever has another is told the place and what is wrong.

import { describe, expect, it } from "vitest";
import type { ConnectionEvent } from "../../src/machine/events.js";
import type { Failure } from "../../src/machine/failure.js";
import { type Recording, RecordingError, replay } from "../../src/machine/index.js";
import { MOST_CAUSES, MOST_ENTRIES, MOST_EVENTS, MOST_OF_NAME } from "../../src/machine/recording-schema.js";
import { listOf, nullOr, objectOf, oneOf, optional, problemIn, text } from "../../src/machine/schema.js";
import type { ServerTransport } from "../../src/machine/server-address.js";

const input = { servers: ["a:4222"], seed: 1, at: 0 };
const whole: Recording = { version: 4, input, from: null, events: [] };
const drain: ConnectionEvent = { type: "user.drain", at: 1 };

/** What is wrong with a recording; null where it is played. */
function problemWith(recording: object): string | null {
  try {
    replay(recording as Recording);
    return null;
  } catch (error) {
    if (error instanceof RecordingError)
      return error.message.replace("this is no recording of nats-statechart: ", "");
    throw error;
  }
}

const withEvents = (...events: readonly unknown[]) => ({ ...whole, events });

describe("a recording", () => {
  it.each<[string, object, string]>([
    [
      "a field that is missing",
      withEvents(drain, { type: "server.ping", at: 1 }),
      "events[1].attempt: expected a whole number, 0 or more, found nothing",
    ],
    [
      "a field of another kind",
      withEvents({ type: "server.ping", at: 1, attempt: "1" }),
      "events[0].attempt: expected a whole number, 0 or more, found a text of 1 characters",
    ],
    [
      "half of a number",
      withEvents({ type: "server.ping", at: 1, attempt: 1.5 }),
      "events[0].attempt: expected a whole number, 0 or more, found the number 1.5",
    ],
    [
      "a field that nobody knows",
      withEvents({ ...drain, why: "tired" }),
      'events[0]: this version does not know the field "why"',
    ],
    [
      "a field that every object seems to have",
      withEvents({ ...drain, toString: 1 }),
      'events[0]: this version does not know the field "toString"',
    ],
    [
      "a type that every object seems to have",
      withEvents({ type: "constructor", at: 1 }),
      'events[0].type: this version does not know "constructor"',
    ],
    [
      "a name that is none of those known",
      withEvents({ type: "timer.fired", at: 1, attempt: 1, timer: "egg" }),
      "events[0].timer: expected attempt or reconnect or ping or drain or overlap or retire or confirm or linger, found a text of 3 characters",
    ],
    [
      "an option that is none",
      { ...whole, input: { ...input, policy: { tls: "maybe" } } },
      "input.policy.tls: expected never or offered or required or first, found a text of 5 characters",
    ],
    [
      "a number that JSON has not",
      { ...whole, input: { ...input, seed: Number.POSITIVE_INFINITY } },
      "input.seed: expected a number, found the number Infinity",
    ],
    [
      "no server",
      { ...whole, input: { ...input, servers: [] } },
      "input.servers: expected at least 1 of them, found 0",
    ],
    [
      "a link that is none",
      { ...whole, from: { value: "closed", context: { ...replay(whole)[0]?.context, next: { id: 1 } } } },
      "from.context.next.destination: expected an object, found nothing",
    ],
    [
      "a state with others within",
      { ...whole, from: { value: "connecting", context: {} } },
      'from.value: expected a state of the chart, such as { connecting: "dialing" }, found a text of 10 characters',
    ],
  ])("is refused for %s", (_what, recording, problem) => {
    expect(problemWith(recording)).toBe(problem);
  });

  it("has no more events, entries, characters of a name and causes than are sensible", () => {
    const list = (length: number): ConnectionEvent => ({
      type: "user.setServers",
      at: 1,
      servers: Array.from({ length }, (_, port) => `a:${port + 1}`),
      kept: [],
      list: 1,
    });
    const named = (length: number): ConnectionEvent => ({
      type: "socket.opened",
      at: 1,
      attempt: 1,
      address: "a".repeat(length),
    });
    const caused = (causes: number): ConnectionEvent => {
      let failure: Failure = { code: "X", message: "the first" };
      for (let count = 1; count < causes; count++)
        failure = { code: "X", message: "another", cause: failure };
      return { type: "user.close", at: 1, unconfirmed: 0, failure };
    };
    const most = withEvents(
      ...Array.from({ length: MOST_EVENTS - 3 }, () => drain),
      list(MOST_ENTRIES),
      named(MOST_OF_NAME),
      caused(MOST_CAUSES),
    );
    expect(problemWith(most)).toBeNull();
    expect(problemWith({ ...most, events: [...most.events, drain] })).toBe(
      `events: expected at most ${MOST_EVENTS} entries, found ${MOST_EVENTS + 1}`,
    );
    expect(problemWith(withEvents(list(MOST_ENTRIES + 1)))).toBe(
      `events[0].servers: expected at most ${MOST_ENTRIES} entries, found ${MOST_ENTRIES + 1}`,
    );
    expect(problemWith(withEvents(named(MOST_OF_NAME + 1)))).toContain(
      `events[0].address: expected the name of a server, of at most ${MOST_OF_NAME} characters`,
    );
    expect(problemWith(withEvents(caused(MOST_CAUSES + 1)))).toBe(
      `events[0].failure${".cause".repeat(MOST_CAUSES)}: expected at most ${MOST_CAUSES} within each other, found more`,
    );
  });

  it("is looked at once: twice as long a one takes twice as many looks", () => {
    let looks = 0;
    const watched = <T extends object>(value: T): T =>
      new Proxy(value, {
        get: (target, name) => {
          looks++;
          const found: unknown = Reflect.get(target, name);
          return typeof found === "object" && found !== null ? watched(found) : found;
        },
      });
    const looksAt = (length: number) => {
      const pings = Array.from({ length }, (_, at) => ({ type: "server.ping", attempt: 1, at }));
      looks = 0;
      // The last one ends it before it is played.
      expect(problemWith(watched(withEvents(...pings, null)))).toBe(
        `events[${length}]: expected an object, found null`,
      );
      return looks;
    };
    const few = looksAt(500);
    expect(looksAt(1_000)).toBeLessThan(2.1 * few);
  });

  it("is named with its place by an error that no text in it can steer", () => {
    const type = `\u001b[2J\u202e${"x".repeat(1_000)}`;
    const told = `?[2J?${"x".repeat(35)}...`;
    expect(problemWith(withEvents({ type, at: 1 }))).toBe(
      `events[0].type: this version does not know "${told}"`,
    );
  });
});

describe("a schema", () => {
  it("does not compile where it forgets a field, an option or a type, or takes more", () => {
    interface Two {
      readonly one: string;
      readonly other?: boolean;
    }
    // @ts-expect-error a field is forgotten
    objectOf<Failure>({ code: text });
    // @ts-expect-error a field that may be absent is forgotten
    objectOf<Two>({ one: text });
    // @ts-expect-error a field is demanded that may be absent
    objectOf<{ readonly one?: string }>({ one: text });
    // @ts-expect-error a field may not be absent
    objectOf<{ readonly one: string }>({ one: optional(text) });
    // @ts-expect-error it has no such field
    objectOf<{ readonly one: string }>({ one: text, more: text });
    // @ts-expect-error null is forgotten
    objectOf<{ readonly one: string | null }>({ one: text });
    // @ts-expect-error null is no text
    objectOf<{ readonly one: string }>({ one: nullOr(text) });
    // @ts-expect-error a name is forgotten
    oneOf<ServerTransport["type"]>({ tcp: true });
    expect(problemIn(listOf(oneOf<"a">({ a: true }), 2), ["a", "b"])).toEqual({
      place: "[1]",
      what: "expected a, found a text of 1 characters",
    });
  });
});
