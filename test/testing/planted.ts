// Mistakes that are planted in a client, and plans in which the simulation finds them. Each test demands the words of one check: without that
// check, nothing is found, or something else.

import { expect, it, onTestFinished, vi } from "vitest";
import type { Connection } from "../../src/api/connection.js";
import type { ConnectionOptions } from "../../src/api/options.js";
import { SimulatedWorld } from "../../src/effects/simulated/world.js";
import { decodeText } from "../../src/effects/wire/text.js";
import type { Transport } from "../../src/effects/world.js";
import { drawPlan } from "../../src/testing/draw-plan.js";
import {
  type Act,
  type ClientPlan,
  type Fault,
  type Plan,
  type PlanEntry,
  simulate,
} from "../../src/testing/index.js";
import { firstFailure } from "./first-failure.js";

const encoder = new TextEncoder();

/** What is wrong with a client, how to make it so, what the simulation says, and in which plan; default: in the first seeds. */
export type Mistake = readonly [what: string, plant: () => unknown, broken: RegExp, plan?: Plan | number];

/** So many seeds are looked at where nothing else is said. */
const SEEDS = 40;

/** The tests of mistakes: each is found, and its plan finds nothing in the client as it is. */
export function found(mistakes: readonly Mistake[]): void {
  it.each(mistakes.map((mistake) => [mistake[0], mistake] as const))(
    "%s",
    { timeout: 120_000 },
    async (_, mistake) => {
      const [what, plant, broken, plan = SEEDS] = mistake;
      onTestFinished(() => void vi.restoreAllMocks());
      if (typeof plan !== "number") await simulate({ seed: plan.seed, plan });
      const planted = (await plant()) as { simulate?: typeof simulate } | undefined;
      const run = planted?.simulate ?? simulate;
      const failure =
        typeof plan === "number"
          ? await firstFailure(plan, {}, run)
          : await run({ seed: plan.seed, plan }).then(
              () => undefined,
              (error: unknown) => error as { seed: number; broken: string },
            );
      if (process.env["NATS_SIMULATION_TELLS"] !== undefined)
        console.info(what, failure?.seed, failure?.broken);
      expect(failure?.broken).toMatch(broken);
    },
  );
}

/** A client whose class is another one; with modules of its own, which are put away behind the test. */
export async function withClass(change: (right: typeof Connection) => typeof Connection): Promise<unknown> {
  const path = "../../src/api/connection.js";
  onTestFinished(() => {
    vi.doUnmock(path);
    vi.resetModules();
  });
  vi.resetModules();
  vi.doMock(path, async (original) => {
    const right = await original<{ readonly Connection: typeof Connection }>();
    return { ...right, Connection: change(right.Connection) };
  });
  return import("../../src/testing/index.js");
}

/** A client that takes its options for others. */
export function withOptions(change: (options: ConnectionOptions) => ConnectionOptions): Promise<unknown> {
  return withClass(
    (right) =>
      class extends right {
        constructor(...[world, options]: ConstructorParameters<typeof Connection>) {
          super(world, { ...options, ...change(options) });
        }
      },
  );
}

/** A client whose sockets are others. */
export function withTransport(
  change: (inner: Transport, world: SimulatedWorld, socket: number) => Partial<Transport>,
): void {
  const { dial } = SimulatedWorld.prototype;
  let socket = 0;
  vi.spyOn(SimulatedWorld.prototype, "dial").mockImplementation(function (this: SimulatedWorld, ...to) {
    const inner = dial.apply(this, to);
    const changed = Object.entries(change(inner, this, ++socket)).map(([name, value]) => [name, { value }]);
    return Object.create(inner, Object.fromEntries(changed)) as Transport;
  });
}

/** A client that says something else than it should. */
export function withWords(change: (text: string, socket: number) => string): void {
  withTransport((inner, _, socket) => ({
    write: (bytes, written) => {
      const text = decodeText(bytes, 0, bytes.length);
      const changed = change(text, socket);
      if (changed === text) return inner.write(bytes, written);
      if (changed !== "") return inner.write(encoder.encode(changed), written);
      written?.();
      return true;
    },
  }));
}

const { options, list: _, ...drawn } = drawPlan(1, { clients: 1 }).clients[0] as ClientPlan;

/** A client that nothing disturbs. */
export const calm: ClientPlan = {
  ...drawn,
  options: {
    ...options,
    pingInterval: 5_000,
    maxPingOut: 2,
    reconnectTimeWait: 2_000,
    reconnectJitter: 0,
    timeout: 5_000,
    drainTimeout: 30_000,
    reconnectBufferSize: 8 * 1024 * 1024,
    maxReconnectAttempts: -1,
    reconnect: true,
    waitOnFirstConnect: true,
    noRandomize: true,
    ignoreClusterUpdates: false,
    ignoreAuthErrorAbort: true,
    verbose: false,
    onLameDuck: "notify",
    unconfirmed: "report",
  },
  delay: null,
  chooses: null,
  records: false,
  credentials: { type: "none" },
  knows: 4,
};

/** A client with other options. */
export const with_ = (
  changes: Partial<ClientPlan["options"]>,
  client: Partial<ClientPlan> = {},
): ClientPlan => ({
  ...calm,
  ...client,
  options: { ...calm.options, ...changes },
});

/** A plan of one's own: a minute, of which something happens at some times. */
export function planOf(
  clients: readonly ClientPlan[],
  entries: readonly (readonly [at: number, act: Act | Fault])[],
  more: Partial<Plan> = {},
): Plan {
  return {
    ...drawPlan(2, { servers: 1, clients: 1, duration: 60_000, acts: 0, faults: 0 }),
    server: { version: "2.15.1", pingInterval: 60_000, maxPingsOut: 2, tls: "none" },
    network: { latency: [2, 4], window: 100_000, highWater: 50_000, pieces: 1 },
    clients,
    entries: entries.map(([at, act]): PlanEntry => ({ at, act })),
    ...more,
  };
}

/** Publishes so many messages. */
export const publish = (
  to: "self" | "all" | "work" | "nobody",
  count = 3,
  more: Partial<Act & { type: "publish" }> = {},
): Act => ({
  type: "publish",
  client: 0,
  to,
  count,
  size: 10,
  headers: false,
  flush: false,
  ...more,
});
