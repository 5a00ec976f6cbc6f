import { describe, expect, test } from "vitest";
import { initialTransition, transition } from "xstate";
import { connectionMachine } from "../../src/machine/connection-machine.js";
import {
  type ConnectionContext,
  type ConnectionInput,
  candidates,
  createContext,
  nextServer,
  serverInUse,
  tlsIsDemanded,
  whereabouts,
} from "../../src/machine/context.js";
import {
  inPhase,
  type Link,
  linkIn,
  linksOf,
  liveLink,
  newLink,
  nextLink,
  withLink,
} from "../../src/machine/link.js";
import type { TlsDemand } from "../../src/machine/origin.js";
import { defaultPolicy, type Policy } from "../../src/machine/reconnect-policy.js";
import { reaching, serversOf } from "./servers.js";
import { begin, close, drain, halfClosed, info, lost, opened, refused, unreachable } from "./story.js";

const json = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe("createContext", () => {
  test("begins with the defaults, where the input says nothing else", () => {
    const context = createContext({ servers: ["a"], seed: 5, at: 99 });
    expect(context).toMatchObject({ policy: defaultPolicy, attempt: 0, live: null, next: null, now: 99 });
  });

  test("begins with nothing known but the pool", () => {
    const { policy, pool, origins, random, ...rest } = createContext({
      servers: ["a", "b"],
      seed: 5,
      at: 99,
    });
    expect(rest).toEqual({
      spokeTls: [],
      list: 0,
      attempt: 0,
      live: null,
      next: null,
      retiring: [],
      lastInUse: null,
      chosen: null,
      dialsUntil: 99,
      leaving: null,
      processing: false,
      connectedBefore: false,
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

  test.each(["seed", "at"] as const)("says that it needs a number as %s", (name) => {
    const input = { servers: ["a"], seed: 1, at: 0 };
    for (const wrong of [undefined, "1", Number.NaN]) {
      const say = () => createContext({ ...input, [name]: wrong } as unknown as ConnectionInput);
      expect(say).toThrow(`the input needs a number as ${name}`);
    }
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
    backingOff: () => begin({}, ["a"]).connects().happens(lost()),
    awaitingDelay: () => begin({ asksForDelay: true }).happens(unreachable),
    authenticating: () => begin().happens(opened, info({ connectUrls: ["c"], lameDuck: true })),
    "after a refusal": () => begin().happens(opened, info(), refused),
    connected: () => begin().connects(),
    migrating: () =>
      begin({ onLameDuck: "migrate" })
        .connects()
        .happens(info({ lameDuck: true })),
    "leaving a half closed socket": () => begin().connects().happens(halfClosed()),
    draining: () => begin().connects().happens(drain),
    "processing what had arrived": () => begin().connects().happens(lost(), drain),
    "processing it after a loss": () => begin().connects().happens(drain, lost()),
    "asking whether all arrived": () => begin().connects().happens(close(1)),
    closing: () => begin().connects().happens(close()),
    closed: () => begin().happens(unreachable).happens(close(1)),
  };

  test.each(Object.entries(moments))("it survives a round trip: %s", (_, play) => {
    const { context } = play();
    expect(json(context)).toStrictEqual(context);
  });

  test("a chart that was written down and read back goes on where it was", () => {
    const event = { type: "socket.closed", attempt: 1, at: 5, failure: null, halfClosed: false } as const;
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
  const link = (id: number, host: string): Link =>
    newLink(id, reaching(serversOf(host), `${host}:4222`), { begunAt: 0, patience: 20_000 });
  const live = inPhase(link(1, "a"), "live");
  const next = link(2, "b");
  const retiring = [inPhase(link(3, "c"), "overlapping"), inPhase(link(4, "d"), "ending")];

  test("before the first attempt there is no server, and no link", () => {
    expect(serverInUse(start())).toBe("");
    expect(linksOf(start())).toEqual([]);
    expect(() => liveLink(start())).toThrow("invariant: a link is in use");
    expect(() => nextLink(start())).toThrow("invariant: a link is being made");
  });

  test("the server in use is that of the live link, or else the last in use, or else the one being dialed", () => {
    const lastInUse = { server: "z:4222", until: 5 };
    expect(serverInUse({ ...start(), live, next, retiring, lastInUse })).toBe("a:4222");
    expect(serverInUse({ ...start(), next, lastInUse })).toBe("z:4222");
    expect(serverInUse({ ...start(), next })).toBe("b:4222");
  });

  test("there is a link for each socket: in use, being made, or being left", () => {
    expect(linksOf({ ...start(), live, next, retiring })).toEqual([live, next, ...retiring]);
    expect([liveLink({ live }), nextLink({ next })]).toEqual([live, next]);
  });

  test("an event is about the link of its attempt, or about none", () => {
    const context = { ...start(), live, next, retiring };
    for (const one of linksOf(context))
      expect(linkIn(context, { type: "server.ping", attempt: one.id, at: 0 })).toBe(one);
    expect(linkIn(context, { type: "server.ping", attempt: 9, at: 0 })).toBeUndefined();
    expect(linkIn(context, { type: "user.reconnect", at: 0 })).toBeUndefined();
  });

  test("another value for a link takes the place that the link has", () => {
    const context = { ...start(), live, next, retiring };
    expect(withLink(context, { ...live, pingsOut: 1 })).toEqual({ live: { ...live, pingsOut: 1 } });
    expect(withLink(context, { ...next, secured: true })).toEqual({ next: { ...next, secured: true } });
    const [three, four] = retiring as [Link, Link];
    expect(withLink(context, inPhase(three, "unsubscribing"))).toEqual({
      retiring: [inPhase(three, "unsubscribing"), four],
    });
  });

  test("a link is in a step of its attempt, or in a state of the connection", () => {
    expect(whereabouts(start(), next)).toBe("dialing");
    expect(whereabouts(start(), live)).toBe("connected");
    expect(whereabouts({ ...start(), leaving: "drain" }, live)).toBe("draining");
  });

  test("the server in use is no candidate, and one that is being left is", () => {
    const names = (context: ConnectionContext) => candidates(context).map(({ name }) => name);
    expect(names({ ...start(), live })).toEqual(["b:4222"]);
    expect(names({ ...start(), retiring: [live] })).toEqual(["a:4222", "b:4222"]);
  });

  test("a choice of the user comes first, at its time; one that is no candidate does not count", () => {
    const at = (chosen: ConnectionContext["chosen"]) => nextServer({ ...start(), now: 10, chosen });
    expect(at({ server: "b:4222", at: 10 })).toMatchObject({ type: "dial", server: { name: "b:4222" } });
    expect(at({ server: "b:4222", at: 11 })).toEqual({ type: "wait", ms: 1 });
    expect(at({ server: "gone:4222", at: 11 })).toMatchObject({ type: "dial", server: { name: "a:4222" } });
    expect(at(null)).toMatchObject({ type: "dial", server: { name: "a:4222" } });
  });

  test("TLS is demanded by the policy, or by the origin, whatever its reason", () => {
    const demanded = (tls: Policy["tls"], byOrigin: TlsDemand) =>
      tlsIsDemanded({ ...defaultPolicy, tls }, { ...next.destination, tls: byOrigin });
    expect(demanded("never", null)).toBe(false);
    expect(demanded("offered", null)).toBe(false);
    for (const reason of ["url", "list", "before"] as const) expect(demanded("offered", reason)).toBe(true);
    expect(demanded("required", null)).toBe(true);
    expect(demanded("first", null)).toBe(true);
  });
});
