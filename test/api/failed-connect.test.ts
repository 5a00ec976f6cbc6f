// What a `connect` that failed says: who called it, which servers were tried, and why each could not be used.

import { describe, expect, it } from "vitest";
import { connect as connectInBrowser } from "../../src/browser.js";
import { type ConnectionOptions, connect, ErrorCode, type NatsError } from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";

/** Ports at which nobody listens, as servers. */
const dead = (...ports: number[]) => ports.map((port) => `10.9.9.9:${port}`);
const refused = (port: number) => `10.9.9.9:${port}: nothing accepts connections there`;

const rejection = (promise: Promise<unknown>): Promise<NatsError> =>
  promise.then(
    () => expect.unreachable("it connects"),
    (error: NatsError) => error,
  );

/** The error of a `connect` that lets time pass by itself. */
const failure = (options: ConnectionOptions, world = new Simulation()) =>
  rejection(world.connect({ noRandomize: true, ...options }));

describe("the stack of a failed connect", () => {
  it("names who called it, unless noAsyncTraces is true", async () => {
    for (const noAsyncTraces of [false, true]) {
      const world = new Simulation();
      const servers = dead(1);
      const dialedFromHere = () => world.dial({ servers, noAsyncTraces });
      const connectedFromHere = () => world.connect({ servers, noAsyncTraces });
      const dialed = rejection(dialedFromHere());
      const connected = rejection(connectedFromHere());
      await world.advance(60_000);
      const seen = [(await dialed).stack, (await connected).stack].map((stack = "") => [
        stack.includes("dialedFromHere"),
        stack.includes("connectedFromHere"),
        /^Error: connect called$/m.test(stack),
        stack.startsWith(`NatsError: ${refused(1)}`),
      ]);
      expect(seen).toEqual([
        [!noAsyncTraces, false, !noAsyncTraces, true],
        [false, !noAsyncTraces, !noAsyncTraces, true],
      ]);
    }
  });

  it("names who called it where its signal ends it", async () => {
    const world = new Simulation();
    const controller = new AbortController();
    const { signal } = controller;
    const calledFromHere = () => world.dial({ servers: dead(1), waitOnFirstConnect: true, signal });
    const dialed = rejection(calledFromHere());
    await world.advance(1_000);
    controller.abort();
    expect((await world.until(dialed)).stack).toContain("calledFromHere");
  });

  it.each<readonly [string, () => ConnectionOptions]>([
    ["an option of a wrong type", () => ({ timeout: -1 })],
    ["a URL that makes no sense", () => ({ servers: ["http://a"] })],
    ["a signal that is aborted", () => ({ signal: AbortSignal.abort() })],
  ])("names who called it with %s", async (_what, options) => {
    const calledFromHere = () => connect(options());
    const inBrowser = () => connectInBrowser(options());
    expect((await rejection(calledFromHere())).stack).toContain("calledFromHere");
    expect((await rejection(inBrowser())).stack).toContain("inBrowser");
  });
});

describe("the message of a failed connect", () => {
  it("is that of the failure where there is one server, however often it was tried", async () => {
    expect((await failure({ servers: dead(1) })).message).toBe(refused(1));
    const world = new Simulation();
    const servers = world.cluster(1, { users: [{ token: "t" }] }).urls;
    const error = await failure({ servers, token: "wrong", waitOnFirstConnect: true }, world);
    expect([error.attempts?.length, "recording" in error]).toEqual([2, false]);
    expect(error.message).toBe("Authorization Violation");
  });

  it("names every server with its failure, that of the code first", async () => {
    const world = new Simulation();
    const [strict = ""] = world.cluster(1, { users: [{ token: "t" }] }).urls;
    const name = strict.replace("nats://", "");
    const refusal = await failure({ servers: [...dead(1, 2), strict], token: "wrong" }, world);
    expect(refusal.code).toBe(ErrorCode.AuthorizationViolation);
    expect(refusal.message).toBe(
      `none of 3 servers can be used: ${name}: Authorization Violation; ${refused(2)}; ${refused(1)}`,
    );
    const other = await failure({ servers: [strict, ...dead(1)], token: "wrong" }, world);
    expect(other.code).toBe(ErrorCode.ConnectionRefused);
    expect(other.message).toBe(
      `none of 2 servers can be used: ${refused(1)}; ${name}: Authorization Violation`,
    );
  });

  it("says of a server whose name begins another's which of them it is", async () => {
    const world = new Simulation();
    const servers = world.cluster(1, { users: [{ token: "t" }] }).urls;
    const long = await failure({ servers: [...servers, "10.0.1.1:42222"], token: "wrong" }, world);
    expect(long.message).toContain("; 10.0.1.1:4222: Authorization Violation");
    expect(long.message).toContain(": 10.0.1.1:42222: nothing accepts connections there;");
  });

  it("names five servers at most, and says how many more there were", async () => {
    const five = await failure({ servers: dead(1, 2, 3, 4, 5) });
    expect(five.message).toBe(`none of 5 servers can be used: ${[5, 4, 3, 2, 1].map(refused).join("; ")}`);
    const seven = await failure({ servers: dead(1, 2, 3, 4, 5, 6, 7) });
    expect(seven.message).toBe(
      `none of 7 servers can be used: ${[7, 6, 5, 4, 3].map(refused).join("; ")}; and 2 more`,
    );
    expect(seven.attempts).toHaveLength(7);
  });

  it("names a server once, with its last failure", async () => {
    const world = new Simulation();
    const cluster = world.cluster(1, { users: [{ token: "t" }] });
    cluster.node(0).crash();
    const options = {
      servers: [...cluster.urls, ...dead(1)],
      noRandomize: true,
      token: "wrong",
      waitOnFirstConnect: true,
    };
    const dialed = rejection(world.dial(options));
    await world.advance(10_000);
    cluster.node(0).start();
    const error = await world.until(dialed);
    expect(error.attempts?.filter(({ server }) => server === "10.9.9.9:1").length).toBeGreaterThan(2);
    expect(error.message).toBe(
      `none of 2 servers can be used: 10.0.1.1:4222: Authorization Violation; ${refused(1)}`,
    );
  });

  it("says what was tried before its signal ended it, or before no server was chosen", async () => {
    const world = new Simulation();
    const controller = new AbortController();
    const { signal } = controller;
    const dialed = rejection(world.dial({ servers: dead(1), waitOnFirstConnect: true, signal }));
    await world.advance(10_000);
    controller.abort(new Error("enough"));
    const error = await world.until(dialed);
    expect(error.message).toBe(`connect was aborted by its signal; before that, ${refused(1)}`);
    expect(error).toMatchObject({ code: ErrorCode.Cancelled, cause: new Error("enough") });

    let choices = 0;
    const reconnectToServer = () => {
      if (choices++ === 0) return null;
      throw new Error("no idea");
    };
    expect(await failure({ servers: dead(1), waitOnFirstConnect: true, reconnectToServer })).toMatchObject({
      message: `the function reconnectToServer failed; the error's cause says why; before that, ${refused(1)}`,
      code: "UNKNOWN_ERROR",
      cause: new Error("no idea"),
    });
  });

  it("is that of the server that reconnectToServer chose, of several on one host", async () => {
    const chosen = dead(2)[0];
    const reconnectToServer: ConnectionOptions["reconnectToServer"] = (pool) =>
      pool.find(({ listen }) => listen === chosen) ?? null;
    const { attempts = [], message } = await failure({ servers: dead(1, 2, 3), reconnectToServer });
    expect(attempts[0]?.server).toBe(chosen);
    expect(message).toContain(refused(2));
  });

  it("says nothing of servers where none was tried", async () => {
    const world = new Simulation();
    const controller = new AbortController();
    const dialed = rejection(world.dial({ servers: dead(1), signal: controller.signal }));
    controller.abort();
    expect((await world.until(dialed)).message).toBe("connect was aborted by its signal");
  });
});
