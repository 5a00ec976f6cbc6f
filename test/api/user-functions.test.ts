// What becomes of an exception in a function of the user's: none vanishes, none ends the connection, but where the docs say so.

import { describe, expect, it } from "vitest";
import {
  type ConnectionOptions,
  ErrorCode,
  type NatsConnection,
  type NatsError,
  type ReconnectToServerHandler,
  type Server,
  type Status,
} from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";
import { uncaughtIn } from "../harness/uncaught.js";

const MINUTE = 60_000;

/** Throws that, whatever it is asked. */
const throwing = (error: Error) => () => {
  throw error;
};

describe("what is thrown becomes an uncaught exception, and the connection goes on:", () => {
  const bug = new Error("the user's bug");

  it.each<readonly [string, ConnectionOptions, (nc: NatsConnection) => void]>([
    ["by onStatus", { onStatus: throwing(bug) }, () => {}],
    ["by inspect", { inspect: throwing(bug) }, () => {}],
    ["by next of an observer", { inspect: { next: throwing(bug) } }, () => {}],
    ["by reconnectDelayHandler", { reconnectDelayHandler: throwing(bug) }, () => {}],
    [
      "by the callback of a subscription",
      {},
      (nc) => {
        nc.subscribe("a", { callback: throwing(bug) });
        nc.publish("a");
      },
    ],
    [
      "by the callback of a subscription that is told of its timeout",
      {},
      (nc) => void nc.subscribe("nobody", { callback: throwing(bug), timeout: 10 }),
    ],
    [
      "by a codec in the callback of a subscription",
      {},
      (nc) => {
        const decoder = { decode: throwing(bug) };
        nc.subscribe("a", { callback: (_error, msg) => void [msg.data].map(decoder.decode) });
        nc.publish("a");
      },
    ],
  ])("%s", async (_what, options, uses) => {
    const world = new Simulation();
    const cluster = world.cluster();
    const thrown = await uncaughtIn(async () => {
      const nc = await world.connect({ servers: cluster.urls, ...options });
      uses(nc);
      await world.advance(1_000);
      cluster.node(0).crash();
      cluster.node(0).start();
      await world.advance(MINUTE);
      // It is connected again, and messages flow.
      await world.until(nc.flush());
      await world.until(nc.close());
    });
    expect(thrown.length).toBeGreaterThan(0);
    expect(thrown.filter((error) => error !== bug)).toEqual([]);
    expect(world.running).toEqual({ timers: 0, sockets: 0 });
  });
});

describe("what is thrown is the cause of the error that is told:", () => {
  const bug = new Error("the user's bug");

  it.each<readonly [string, ConnectionOptions]>([
    ["by an authenticator", { authenticator: throwing(bug) }],
    ["by an authenticator, as a rejection", { authenticator: () => Promise.reject(bug) }],
    ["by the second authenticator", { authenticator: [() => ({ user: "u" }), throwing(bug)] }],
    ["by reconnectToServer", { reconnectToServer: throwing(bug) }],
  ])("%s", async (_what, options) => {
    const world = new Simulation();
    const statuses: Status[] = [];
    const error = await world
      .connect({
        servers: world.cluster().urls,
        onStatus: (status) => void statuses.push(status),
        ...options,
      })
      .then(
        () => expect.unreachable("it connects"),
        (failure: NatsError) => failure,
      );
    expect(error.cause).toBe(bug);
    expect(world.running).toEqual({ timers: 0, sockets: 0 });
  });
});

describe("a time that is none", () => {
  const wait = 2_000;
  const options = { reconnectTimeWait: wait, reconnectJitter: 0, maxReconnectAttempts: -1 };

  /** How often the only server is dialed in a minute in which it is down, and what was thrown meanwhile. */
  async function dialsOfAMinute(given: ConnectionOptions) {
    const world = new Simulation();
    const cluster = world.cluster();
    let dials = 0;
    let isConnected = false;
    const { reconnectToServer } = given;
    const errors: NatsError[] = [];
    const thrown = await uncaughtIn(async () => {
      const nc = await world.connect({
        ...options,
        ...given,
        // Asked for the first server as well, which is not what is looked at.
        ...(reconnectToServer === undefined
          ? {}
          : {
              reconnectToServer: (...asked: Parameters<ReconnectToServerHandler>) =>
                isConnected ? reconnectToServer(...asked) : null,
            }),
        servers: cluster.urls,
        onStatus: ({ type, error }) => {
          if (type === "reconnecting") dials++;
          if (type === "close" && error !== undefined) errors.push(error);
        },
      });
      dials = 0;
      isConnected = true;
      cluster.node(0).crash();
      await world.advance(MINUTE);
      await world.until(nc.close());
    });
    return { dials, thrown: thrown as readonly NatsError[], errors };
  }

  it.each<readonly [string, () => unknown]>([
    ["NaN", () => Number.NaN],
    ["a negative number", () => -1],
    ["Infinity", () => Number.POSITIVE_INFINITY],
    ["a string", () => "5"],
    ["nothing", () => undefined],
    ["a promise", () => Promise.resolve(5)],
  ])("given by reconnectDelayHandler is told, and reconnectTimeWait holds: %s", async (_what, handler) => {
    const reconnectDelayHandler = handler as () => number;
    const { dials, thrown } = await dialsOfAMinute({ reconnectDelayHandler });
    const { dials: expected } = await dialsOfAMinute({});
    expect(dials).toBe(expected);
    expect(thrown.length).toBeGreaterThan(0);
    for (const error of thrown) expect(error.message).toContain('"reconnectDelayHandler" must be');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, "5", Promise.resolve(5)])(
    "given by reconnectToServer as delay ends the connection with an error: %s",
    async (delay) => {
      const reconnectToServer = ([server]: readonly Server[]) => ({ server, delay }) as never;
      const { dials, errors } = await dialsOfAMinute({ reconnectToServer });
      expect(dials).toBe(0);
      const message = expect.stringContaining('"reconnectToServer" must be');
      expect(errors).toMatchObject([{ cause: { code: ErrorCode.InvalidOption, message } }]);
    },
  );

  it.each([-1, 0, undefined])(
    "given by reconnectToServer as delay is none, and reconnectTimeWait holds: %s",
    async (delay) => {
      const reconnectToServer = ([server]: readonly Server[]) => ({ server, delay }) as never;
      const { dials, errors } = await dialsOfAMinute({ reconnectToServer });
      expect([dials, errors]).toEqual([(await dialsOfAMinute({})).dials, []]);
    },
  );

  it("is no time that is longer than a timer can wait: reconnectDelayHandler may give a month", async () => {
    const { dials, thrown } = await dialsOfAMinute({ reconnectDelayHandler: () => 3e9 });
    expect([dials, thrown]).toEqual([0, []]);
  });
});

describe("an authenticator", () => {
  it("that answers when its attempt is over offers nothing: the credentials before and after it count as the same", async () => {
    const world = new Simulation();
    const cluster = world.cluster(1, { users: [{ user: "ann", pass: "s3cret" }] });
    let calls = 0;
    const refused = world.connect({
      servers: cluster.urls,
      waitOnFirstConnect: true,
      maxReconnectAttempts: -1,
      timeout: 1_000,
      authenticator: async () => {
        if (calls++ % 2 === 1) return { user: "ann", pass: "wrong" };
        await world.sleep(3_000);
        return { user: "ann", pass: "s3cret" };
      },
    });
    const error = await world.until(
      refused.catch((reason: NatsError) => reason),
      MINUTE,
    );
    expect(error).toMatchObject({ code: ErrorCode.AuthorizationViolation });
    expect(calls).toBe(4);
  });
});
