import { describe, expect, test } from "vitest";
import { initialTransition, transition } from "xstate";
import { connectionMachine } from "../../src/machine/connection-machine.js";
import { candidates, createContext } from "../../src/machine/context.js";
import { defaultPolicy } from "../../src/machine/reconnect-policy.js";
import { begin, close, drain, info, lost, opened, refused, unreachable } from "./story.js";

const json = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe("createContext", () => {
  test("begins with the defaults, where the input says nothing else", () => {
    const context = createContext({ servers: ["a"], seed: 5, at: 99 });
    expect(context).toMatchObject({ policy: defaultPolicy, attempt: 0, socket: null, server: null, now: 99 });
  });

  test("takes what differs from the default policy", () => {
    const { policy } = createContext({ servers: ["a"], seed: 1, at: 0, policy: { timeout: 1 } });
    expect(policy).toEqual({ ...defaultPolicy, timeout: 1 });
  });

  test("any number is a seed, and the same seed gives the same context", () => {
    for (const seed of [0, -1, 1.5, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
      const input = { servers: ["a", "b", "c", "d"], seed, at: 0 };
      expect(createContext(input)).toEqual(createContext(input));
      expect(Number.isInteger(createContext(input).random)).toBe(true);
    }
  });

  test.each([
    [[], "no server"],
    [["a", "nats://user:s3cret@b"], "credentials"],
    [["http://a"], "scheme"],
  ])("refuses %j without quoting it", (servers, problem) => {
    const create = () => createContext({ servers, seed: 1, at: 0 });
    expect(create).toThrow(problem);
    expect(create).not.toThrow("s3cret");
  });
});

describe("the context is plain JSON", () => {
  const moments = {
    dialing: begin(),
    waiting: begin({}, ["a"]).connects().happens(lost()),
    asking: begin({ asksForDelay: true }).happens(unreachable),
    authenticating: begin().happens(opened, info({ connectUrls: ["c"], lameDuck: true })),
    "after a refusal": begin().happens(opened, info(), refused),
    connected: begin().connects(),
    draining: begin().connects().happens(drain()),
    closed: begin().happens(unreachable).happens(close(1)),
  };

  test.each(Object.entries(moments))("it survives a round trip: %s", (_, story) => {
    expect(json(story.context)).toStrictEqual(story.context);
  });

  test("a chart that was written down and read back goes on where it was", () => {
    const event = { type: "socket.closed", attempt: 1, at: 5, failure: null } as const;
    const [snapshot] = initialTransition(connectionMachine, { servers: ["a", "b"], seed: 1, at: 0 });
    const { value, context } = json({ value: snapshot.value, context: snapshot.context });
    const restored = connectionMachine.resolveState({ value, context });
    const [one, effects] = transition(connectionMachine, snapshot, event);
    const [other, sameEffects] = transition(connectionMachine, restored, event);
    expect(other.context).toEqual(one.context);
    expect(sameEffects.map(({ type, params }) => ({ type, params }))).toEqual(
      effects.map(({ type, params }) => ({ type, params })),
    );
  });
});

test("in the first round a server that failed is no candidate; later it is", () => {
  const { context } = begin().happens(unreachable);
  expect(candidates(context).map((server) => server.host)).toEqual(["b"]);
  expect(candidates({ ...context, connectedBefore: true }).map((server) => server.host)).toEqual(["b", "a"]);
  const policy = { ...context.policy, waitOnFirstConnect: true };
  expect(candidates({ ...context, policy }).map((server) => server.host)).toEqual(["b", "a"]);
});
