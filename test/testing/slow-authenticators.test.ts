// Authenticators that take longer than the server or the attempt waits, on virtual time.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Auth, ConnectionOptions, NatsConnection, NatsError } from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";

const rejections: unknown[] = [];
const note = (reason: unknown) => void rejections.push(reason);

beforeEach(() => void process.on("unhandledRejection", note));
afterEach(async () => {
  await new Promise<void>((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  expect(rejections.splice(0)).toEqual([]);
});

const users = [{ user: "u", pass: "p" }];

/** A client of a server with users, whose authenticator answers after as many milliseconds as each call is given. */
function slow(
  delays: readonly number[],
  { heeds = false, ...options }: ConnectionOptions & { heeds?: boolean } = {},
) {
  const world = new Simulation();
  const cluster = world.cluster(1, { users });
  const calls: { readonly at: number; readonly signal: AbortSignal | undefined; abortedAt?: number }[] = [];
  const authenticator = async (_nonce?: string, signal?: AbortSignal): Promise<Auth> => {
    const call: (typeof calls)[number] = { at: world.now(), signal };
    const delay = delays[calls.push(call) - 1] ?? 0;
    const stopped = new Promise<never>((_resolve, reject) =>
      signal?.addEventListener("abort", () => {
        call.abortedAt = world.now();
        if (heeds) reject(signal.reason);
      }),
    );
    await Promise.race([world.sleep(delay), stopped]);
    return { user: "u", pass: "p" };
  };
  const connected: Promise<NatsConnection | NatsError> = world
    .connect({ servers: cluster.urls, authenticator, reconnectTimeWait: 100, reconnectJitter: 0, ...options })
    .catch((error) => error);
  return { world, cluster, calls, connected };
}

describe("an authenticator", () => {
  it("that answers after the server gave up: the error says who waited, and for how long it does", async () => {
    const { world, calls, connected } = slow([2_500]);
    await world.advance(5_000);
    expect(await connected).toMatchObject({
      code: "AUTHENTICATION_TIMEOUT",
      message: expect.stringMatching(
        /waited for the credentials and gave up \(Authentication Timeout\): its own limit is the setting authorization \{ timeout \}, 2 s by default$/,
      ),
    });
    expect(calls).toMatchObject([{ signal: { aborted: true } }]);
    expect((calls[0]?.abortedAt ?? 0) - (calls[0]?.at ?? 0)).toBeLessThan(2_100);
  });

  it("that answers in time is not told to stop", async () => {
    const { world, calls, connected } = slow([1_500]);
    await world.advance(3_000);
    const nc = (await connected) as NatsConnection;
    await world.until(nc.close());
    expect(calls).toMatchObject([{ signal: { aborted: false } }]);
  });

  it("that does not answer within timeout: the error says that it is the authenticator", async () => {
    const { world, calls, connected } = slow([60_000], { timeout: 1_000 });
    await world.advance(1_500);
    expect(await connected).toMatchObject({
      code: "TIMEOUT",
      message: expect.stringMatching(
        /: the authenticator did not answer within 1000 ms \(step: authenticating\)$/,
      ),
      attempts: [{ step: "authenticating" }],
    });
    expect(calls).toMatchObject([{ signal: { aborted: true } }]);
  });

  it("is called again when it has stopped, where it heeds the signal", async () => {
    const { world, calls, connected } = slow([60_000, 0], {
      timeout: 1_000,
      waitOnFirstConnect: true,
      heeds: true,
    });
    await world.advance(3_000);
    const nc = (await connected) as NatsConnection;
    expect(nc.isClosed()).toBe(false);
    expect(calls).toHaveLength(2);
    expect(calls[1]?.at).toBeGreaterThan(calls[0]?.abortedAt ?? 0);
    await world.until(nc.close());
  });

  it("is not called again before it has answered, where it does not; then its late answer is dropped", async () => {
    const statuses: string[] = [];
    const { world, cluster, calls, connected } = slow([3_500, 0], {
      timeout: 1_000,
      waitOnFirstConnect: true,
      onStatus: ({ error }) => error !== undefined && statuses.push(error.message),
    });
    await world.advance(3_400);
    expect(calls).toHaveLength(1);
    const name = cluster.nodes[0]?.address;
    expect(statuses.map((message) => message.replace(`${name}: `, ""))).toEqual([
      "the authenticator did not answer within 1000 ms (step: authenticating)",
      "the authenticator did not answer the call of an earlier attempt within 1000 ms, so it was not called again (step: authenticating)",
      "the authenticator did not answer the call of an earlier attempt within 1000 ms, so it was not called again (step: authenticating)",
    ]);
    await world.advance(1_000);
    const nc = (await connected) as NatsConnection;
    expect(nc.isClosed()).toBe(false);
    expect(calls).toHaveLength(2);
    await world.until(nc.close());
  });

  it("is told to stop where the connection is closed", async () => {
    const controller = new AbortController();
    const { world, calls, connected } = slow([1_000], { signal: controller.signal });
    await world.advance(500);
    expect(calls).toMatchObject([{ signal: { aborted: false } }]);
    controller.abort();
    expect(calls).toMatchObject([{ signal: { aborted: true } }]);
    await world.advance(10_000);
    expect(await connected).toMatchObject({ code: "CANCELLED" });
  });

  it("is told to stop where the socket breaks", async () => {
    const { world, cluster, calls, connected } = slow([1_000, 0], { waitOnFirstConnect: true });
    await world.advance(500);
    cluster.nodes[0]?.crash();
    await world.advance(500);
    expect(calls[0]).toMatchObject({ signal: { aborted: true } });
    cluster.nodes[0]?.start();
    await world.advance(5_000);
    const nc = (await connected) as NatsConnection;
    expect(nc.isClosed()).toBe(false);
    await world.until(nc.close());
  });
});
