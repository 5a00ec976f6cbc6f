import { describe, expect, test } from "vitest";
import { initialTransition, transition } from "xstate";
import { connectionMachine } from "../../src/machine/connection-machine.js";
import {
  beforeMove,
  type ConnectionContext,
  type ConnectionInput,
  candidates,
  createContext,
  destination,
  nextServer,
  serverInUse,
  serverName,
  tlsIsDemanded,
} from "../../src/machine/context.js";
import { defaultPolicy, type Policy } from "../../src/machine/reconnect-policy.js";
import { begin, close, drain, info, lost, opened, refused, unreachable } from "./story.js";

const json = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe("createContext", () => {
  test("begins with the defaults, where the input says nothing else", () => {
    const context = createContext({ servers: ["a"], seed: 5, at: 99 });
    expect(context).toMatchObject({ policy: defaultPolicy, attempt: 0, socket: null, server: null, now: 99 });
  });

  test("begins with nothing known but the pool", () => {
    const { policy, pool, random, ...rest } = createContext({ servers: ["a", "b"], seed: 5, at: 99 });
    expect(rest).toEqual({
      attempt: 0,
      socket: null,
      leaving: null,
      server: null,
      destination: null,
      chosen: null,
      secured: false,
      info: null,
      connectedBefore: false,
      pingsOut: 0,
      refusedTwice: false,
      failure: null,
      attempts: [],
      now: 99,
    });
  });

  test("says that an input is needed, and what it must be", () => {
    expect(() => createContext(undefined as unknown as ConnectionInput)).toThrow(
      "the chart needs an input: servers, seed and at",
    );
  });

  test("keeps the order of the servers only with noRandomize", () => {
    const servers = ["a", "b", "c", "d", "e"];
    const order = (seed: number, noRandomize: boolean) =>
      createContext({ servers, seed, at: 0, policy: { noRandomize } }).pool.map(({ host }) => host);
    expect(order(1, true)).toEqual(servers);
    expect(order(1, false)).not.toEqual(order(2, false));
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
    dialing: () => begin(),
    waiting: () => begin({}, ["a"]).connects().happens(lost()),
    asking: () => begin({ asksForDelay: true }).happens(unreachable),
    authenticating: () => begin().happens(opened, info({ connectUrls: ["c"], lameDuck: true })),
    "after a refusal": () => begin().happens(opened, info(), refused),
    connected: () => begin().connects(),
    draining: () => begin().connects().happens(drain()),
    closed: () => begin().happens(unreachable).happens(close(1)),
  };

  test.each(Object.entries(moments))("it survives a round trip: %s", (_, play) => {
    const { context } = play();
    expect(json(context)).toStrictEqual(context);
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

describe("what others ask of the context", () => {
  const start = () => createContext({ servers: ["a", "b"], seed: 1, at: 0, policy: { noRandomize: true } });
  const leaving = { socket: 1, server: "a:4222", secured: true, info: null };

  test("before the first attempt there is no server, and nowhere to go", () => {
    expect([serverName(start()), serverInUse(start())]).toEqual(["", ""]);
    expect(() => destination(start())).toThrow("invariant: an attempt goes somewhere");
  });

  test("the server in use is the one that is left, as long as there is one", () => {
    const context = { ...start(), server: "b:4222" };
    expect(serverInUse(context)).toBe("b:4222");
    expect(serverInUse({ ...context, leaving })).toBe("a:4222");
    expect(serverName({ ...context, leaving })).toBe("b:4222");
  });

  test("the server that is left is no candidate", () => {
    expect(candidates({ ...start(), leaving }).map(({ name }) => name)).toEqual(["b:4222"]);
  });

  test("a choice of the user comes first, at its time; one that is no candidate does not count", () => {
    const at = (chosen: ConnectionContext["chosen"]) => nextServer({ ...start(), now: 10, chosen });
    expect(at({ server: "b:4222", at: 10 })).toMatchObject({ type: "dial", server: { name: "b:4222" } });
    expect(at({ server: "b:4222", at: 11 })).toEqual({ type: "wait", ms: 1 });
    expect(at({ server: "gone:4222", at: 11 })).toMatchObject({ type: "dial", server: { name: "a:4222" } });
    expect(at(null)).toMatchObject({ type: "dial", server: { name: "a:4222" } });
  });

  test("before a move is what was known of the server that is left", () => {
    const failure = { code: "X", message: "of the new one" };
    const context = { ...start(), server: "b:4222", socket: 2, failure };
    expect(beforeMove(context)).toBe(context);
    expect(beforeMove({ ...context, leaving })).toMatchObject({ ...leaving, failure: null, leaving: null });
  });

  test("TLS is demanded by the policy or by the URL", () => {
    const to = (tls: boolean) => ({ name: "a:4222", host: "a", port: 4222, tlsName: null, tls });
    const demanded = (tls: Policy["tls"], destination: ConnectionContext["destination"]) =>
      tlsIsDemanded({ ...start(), destination, policy: { ...defaultPolicy, tls } });
    expect(demanded("offered", null)).toBe(false);
    expect(demanded("offered", to(false))).toBe(false);
    expect(demanded("offered", to(true))).toBe(true);
    expect(demanded("required", to(false))).toBe(true);
    expect(demanded("first", to(false))).toBe(true);
  });
});
