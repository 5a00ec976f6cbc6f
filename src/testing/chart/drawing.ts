// What stories of a connection are drawn from: servers, policies, inputs and moves. The choices that come first are the
// most ordinary, so that a story shrinks by leaving out moves and by making the rest more ordinary.
//
// Of these only `policies` is public; recordings.ts makes whole stories, and the tests of the chart theirs.

// biome-ignore lint/suspicious/noTsIgnore: where fast-check is installed there is no error to expect.
/** @ts-ignore where fast-check is not installed its types are missing, and nobody calls these */
import type FastCheck from "fast-check";
import type { ConnectionInput } from "../../machine/context.js";
import type { Policy, TlsPolicy } from "../../machine/reconnect-policy.js";
import { hosts, type Move, pauses } from "./moves.js";

/** The module `fast-check`, version 4. */
export type Fc = typeof FastCheck;

/** The configured servers: one to five, mostly few, some of them with the scheme `tls://`. */
export function serverLists(fc: Fc): FastCheck.Arbitrary<string[]> {
  const [a, b, c, d, e] = hosts;
  const servers = fc.constantFrom<string>(a, b, `tls://${c}`, d, `nats://${e}`);
  const upTo = (maxLength: number) => fc.uniqueArray(servers, { minLength: 1, maxLength, size: "max" });
  return fc.oneof({ weight: 2, arbitrary: upTo(1) }, { weight: 2, arbitrary: upTo(2) }, upTo(5));
}

function mostly<T>(fc: Fc, usual: T, ...others: T[]): FastCheck.Arbitrary<T> {
  const weighted = others.map((other) => ({ weight: 1, arbitrary: fc.constant(other) }));
  const often = { weight: 4 * others.length, arbitrary: fc.constant(usual) };
  return fc.oneof({ withCrossShrink: true }, often, ...weighted);
}

/**
 * What a user can say about reconnecting, for the input of `connectionMachine`: any of its fields but `pingInterval` and
 * `drainTimeout`, with times small and large. Shrinks to none, which is the default policy.
 *
 * @param fc the module `fast-check`
 */
export function policies(fc: Fc): FastCheck.Arbitrary<Partial<Policy>> {
  return fc.record(
    {
      reconnect: mostly(fc, true, false),
      maxReconnectAttempts: fc.constantFrom(10, -1, 0, 1, 2, 3),
      reconnectTimeWait: fc.constantFrom(2_000, 0, 10),
      reconnectJitter: fc.constantFrom(0, 100, 1_000),
      reconnectJitterTls: fc.constantFrom(0, 1_000),
      asksForDelay: fc.boolean(),
      asksForServer: mostly(fc, false, true),
      waitOnFirstConnect: mostly(fc, true, false),
      ignoreAuthErrorAbort: fc.boolean(),
      ignoreClusterUpdates: fc.boolean(),
      noRandomize: fc.boolean(),
      timeout: fc.constantFrom(20_000, 100),
      maxPingOut: fc.nat({ max: 2 }),
      onLameDuck: mostly<Policy["onLameDuck"]>(fc, "migrate", "notify"),
      tls: mostly<TlsPolicy>(fc, "offered", "never", "required", "first"),
    },
    { requiredKeys: [] },
  );
}

/** What a connection starts from. */
export function inputs(fc: Fc): FastCheck.Arbitrary<ConnectionInput> {
  return fc.record({
    servers: serverLists(fc),
    seed: fc.integer(),
    at: fc.constantFrom(0, 1_700_000_000_000),
    policy: policies(fc),
  });
}

/** How the outside behaves: most of the time as it is asked to, or at every second move as it never could. */
export type Mood = "fair" | "foul";

function kinds(fc: Fc, mood: Mood): FastCheck.Arbitrary<Move["kind"]> {
  const nonsense = mood === "fair" ? 6 : 45;
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 60, arbitrary: fc.constant("answer" as const) },
    { weight: 10, arbitrary: fc.constant("timer" as const) },
    { weight: 14, arbitrary: fc.constant("news" as const) },
    { weight: 5, arbitrary: fc.constant("user" as const) },
    { weight: nonsense, arbitrary: fc.constant("stale" as const) },
    { weight: nonsense, arbitrary: fc.constant("anything" as const) },
  );
}

/** A move of the outside. */
export function moves(fc: Fc, mood: Mood = "fair"): FastCheck.Arbitrary<Move> {
  return fc.record({
    kind: kinds(fc, mood),
    which: fc.nat({ max: 63 }),
    how: fc.nat({ max: 511 }),
    pause: fc.nat({ max: pauses.length - 1 }),
  });
}
