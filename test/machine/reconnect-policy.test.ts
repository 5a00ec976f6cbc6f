import { describe, expect, test } from "vitest";
import { backoff, defaultPolicy, nextRandom, shuffled } from "../../src/machine/reconnect-policy.js";

// Source: the documentation of the reference client's options.
test("the defaults are those of the reference client", () => {
  expect(defaultPolicy).toEqual({
    reconnect: true,
    maxReconnectAttempts: 10,
    reconnectTimeWait: 2_000,
    reconnectJitter: 100,
    reconnectJitterTls: 1_000,
    asksForDelay: false,
    asksForServer: false,
    waitOnFirstConnect: false,
    ignoreAuthErrorAbort: false,
    ignoreClusterUpdates: false,
    noRandomize: false,
    timeout: 20_000,
    pingInterval: 120_000,
    maxPingOut: 2,
    drainTimeout: 30_000,
    tls: "offered",
    allowNonTls: false,
    onLameDuck: "notify",
  });
});

describe("nextRandom", () => {
  // A recording of yesterday must replay to the same delays: the numbers are part of its format.
  test.each([
    [0, 0.26642920868471265, 1831565813],
    [1, 0.6270739405881613, 1831565814],
    [-1, 0.8964226141106337, 1831565812],
    [2147483647, 0.4290980885270983, -315917836],
    [123456789, 0.2577907438389957, 1955022602],
  ])("gives the numbers of mulberry32 from the state %i", (state, value, next) => {
    expect(nextRandom(state)).toEqual([value, next]);
  });

  test("stays within [0, 1), spreads, and depends on nothing but its state", () => {
    let state = 42;
    let sum = 0;
    for (let draw = 0; draw < 10_000; draw++) {
      const [value, next] = nextRandom(state);
      expect(nextRandom(state)).toEqual([value, next]);
      expect(value >= 0 && value < 1 && Number.isInteger(next)).toBe(true);
      sum += value;
      state = next;
    }
    expect(sum / 10_000).toBeCloseTo(0.5, 1);
  });

  test("does not repeat a state soon", () => {
    const seen = new Set<number>();
    let state = 0;
    for (let draw = 0; draw < 10_000; draw++) {
      seen.add(state);
      [, state] = nextRandom(state);
    }
    expect(seen.size).toBe(10_000);
  });
});

describe("shuffled", () => {
  test("keeps every item, and leaves its argument alone", () => {
    const items = Object.freeze([1, 2, 3, 4, 5]);
    const [result] = shuffled(items, 9);
    expect([...result].sort()).toEqual(items);
  });

  test("gives the same order for the same state, and says where the generator is", () => {
    expect(shuffled([1, 2, 3, 4, 5], 1)).toEqual([[5, 3, 2, 1, 4], -1263671339]);
  });

  test("nothing and one item need no randomness", () => {
    expect(shuffled([], 5)).toEqual([[], 5]);
    expect(shuffled(["a"], 5)).toEqual([["a"], 5]);
  });

  test("every order is about equally likely", () => {
    const counts = new Map<string, number>();
    let state = 1;
    for (let round = 0; round < 6_000; round++) {
      const [result, next] = shuffled(["a", "b", "c"], state);
      state = next;
      counts.set(result.join(""), (counts.get(result.join("")) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});

describe("backoff", () => {
  test("the wait plus whole milliseconds below the jitter", () => {
    const policy = { ...defaultPolicy, reconnectTimeWait: 50, reconnectJitter: 10, reconnectJitterTls: 0 };
    const seen = new Set<number>();
    let state = 3;
    for (let draw = 0; draw < 500; draw++) {
      const [wait, next] = backoff(policy, { secured: false, failures: draw }, state);
      seen.add(wait);
      state = next;
    }
    expect([...seen].sort((one, other) => one - other)).toEqual([50, 51, 52, 53, 54, 55, 56, 57, 58, 59]);
    expect(backoff(policy, { secured: true, failures: 0 }, state)[0]).toBe(50);
  });

  test("no jitter, no randomness in the wait", () => {
    const policy = { ...defaultPolicy, reconnectJitter: 0 };
    expect(backoff(policy, { secured: false, failures: 0 }, 1)[0]).toBe(2_000);
  });
});
