// Arbitraries for fast-check: disturbances of a simulated cluster, and plans for `simulate`. What fails is shrunk to the few
// things that matter. fast-check is an optional peer of this package: whoever calls these has it, and hands it in, so
// that nothing here loads it.

// biome-ignore lint/suspicious/noTsIgnore: where fast-check is installed there is no error to expect.
/** @ts-ignore where fast-check is not installed its types are missing, and nobody calls these */
import type FastCheck from "fast-check";
import { checkOptions, type Fields, from, listOf, oneOf } from "../effects/simulated/checks.js";
import type { Disturbance, Fault } from "../effects/simulated/fault.js";
import { kindsOfFaults } from "../effects/simulated/fault-checks.js";
import type { Handshake } from "../effects/simulated/handshakes.js";
import type { Milliseconds } from "../machine/units.js";
import { drawPlan, type PlanSize, planSizes } from "./draw-plan.js";
import type { Plan } from "./plan.js";

/** The module `fast-check`, version 4. */
type Fc = typeof FastCheck;

/** What `disturbances` makes. */
export interface DisturbanceOptions {
  /** Servers that are hit: how many the cluster has. Default 3. */
  readonly servers?: number;
  /** Clients that are hit: how many are connected. Default 1. */
  readonly clients?: number;
  /** Milliseconds within which all of them begin. Default 60,000. */
  readonly within?: Milliseconds;
  /** Milliseconds that each of them lasts at most; the least is 1. Default 30,000. */
  readonly lasting?: Milliseconds;
  /** How many disturbances at most; the least is none. Default 6. */
  readonly most?: number;
  /**
   * What happens. A counterexample is shrunk towards the first of them. Default: what every service meets one day, and
   * what a client with `maxReconnectAttempts: -1` always comes back from: `crash`, `powerOff`, `pause`, `reset`, `cut`,
   * `vanish`, `slow`, `lameDuck`, `isolate`, `join`, `leave`.
   */
  readonly kinds?: readonly Fault["type"][];
}

const fields: Fields<DisturbanceOptions> = {
  servers: from(1),
  clients: from(1),
  within: from(0),
  lasting: from(1),
  most: from(0),
  kinds: listOf(oneOf(...kindsOfFaults)),
};

const everyday: readonly Fault["type"][] = [
  "crash",
  "powerOff",
  "pause",
  "reset",
  "cut",
  "vanish",
  "slow",
  "lameDuck",
  "isolate",
  "join",
  "leave",
];

/** What servers say when they end a connection. */
const errors: readonly [string, ...string[]] = [
  "Stale Connection",
  "maximum connections exceeded",
  "User Authentication Expired",
];

/** What makes no sense where a server says it. */
const nonsense: readonly [string, ...string[]] = [
  "+OK\r\n",
  "PING\r\nPING\r\n",
  "-ERR 'Invalid Subject'\r\n",
  "HTTP/1.1 400 Bad Request\r\n\r\n",
  "MSG",
];

/**
 * Disturbances of a simulated cluster, for `Simulation.schedule`: a list in the order of their times. A list that fails is
 * shrunk to fewer, earlier, shorter and simpler disturbances.
 *
 * ```ts
 * await fc.assert(
 *   fc.asyncProperty(disturbances(fc, { servers: 3 }), async (trouble) => {
 *     const world = new Simulation();
 *     const nc = await world.connect({ servers: world.cluster(3).urls, maxReconnectAttempts: -1 });
 *     world.schedule(trouble);
 *     await world.advance(600_000);
 *     await world.until(nc.flush());
 *   }),
 * );
 * ```
 *
 * @param fc the module `fast-check`
 * @throws RangeError where an option leaves nothing to choose from, or is not a whole number
 * @throws TypeError where an option is not known, or is no number and no list of kinds at all
 */
export function disturbances(fc: Fc, options: DisturbanceOptions = {}): FastCheck.Arbitrary<Disturbance[]> {
  checkOptions("disturbances", options, fields);
  const { servers = 3, clients = 1, within = 60_000, lasting = 30_000, most = 6, kinds = everyday } = options;
  if (kinds.length === 0) throw new RangeError("kinds is empty: name at least one kind of fault");
  // One record for all kinds of faults: when the kind shrinks, whom it befalls and for how long can stay.
  const drawn = fc.record({
    at: fc.nat({ max: within }),
    kind: fc.nat({ max: kinds.length - 1 }),
    node: fc.nat({ max: servers - 1 }),
    client: fc.nat({ max: clients - 1 }),
    ms: fc.integer({ min: 1, max: lasting }),
    part: fc.nat({ max: PARTS }),
    which: fc.nat({ max: 99 }),
  });
  const disturbance = drawn.map(({ at, kind, ...rest }) => ({
    at,
    fault: faultOf(kinds[kind] ?? "crash", rest),
  }));
  return fc
    .array(disturbance, { maxLength: most, size: "max" })
    .map((list) => list.toSorted((one, other) => one.at - other.at));
}

/** Of how many parts of something `part` says how many. */
const PARTS = 1_000;

/** What a fault is made from; 0 is the simplest choice. */
interface Drawn {
  readonly node: number;
  readonly client: number;
  readonly ms: Milliseconds;
  readonly part: number;
  readonly which: number;
}

function pick<T>(choices: readonly [T, ...T[]], which: number): T {
  return choices[which % choices.length] ?? choices[0];
}

function faultOf(type: Fault["type"], { node, client, ms, part, which }: Drawn): Fault {
  switch (type) {
    case "crash":
    case "powerOff":
    case "pause":
    case "isolate":
      return { type, node, ms };
    case "reset":
      return { type, client };
    case "cut":
      return { type, client, node: which % 2 === 0 ? null : node, ms };
    case "vanish":
      return { type, client, direction: pick(["both", "toServer", "toClient"], which) };
    case "slow":
      return { type, client, node, latency: 10 + 3 * part, bandwidth: 1 + PARTS - part, ms };
    case "lameDuck":
      return { type, node, grace: Math.round((ms * part) / PARTS), ms };
    case "join":
      return { type };
    case "leave":
      return { type, node };
    case "lockOut":
      return { type, ms };
    case "expel":
      return { type, client, error: pick(errors, which) };
    case "say":
      return { type, client, text: pick(nonsense, which) };
    case "mislead":
      return {
        type,
        node,
        by: pick(["path", "server"], which),
        connectUrls: part === 0 ? [] : ["127.0.0.1:1"],
        lameDuck: which % 3 === 1,
        tls: pick(["honest", "required", "none"], which >> 2),
        cuts: which % 5 === 4,
        ms,
      };
    case "greet":
      return { type, node, handshake: handshakeOf(which, ms), ms };
    default:
      throw new RangeError(`${type satisfies never} is no kind of fault`);
  }
}

function handshakeOf(which: number, ms: Milliseconds): Handshake {
  const choice = Math.floor(which / 8);
  return pick<Handshake>(
    [
      { type: "silent" },
      { type: "mute" },
      { type: "closing" },
      { type: "tlsLie" },
      { type: "eager" },
      { type: "late", ms },
      { type: "refusing", error: pick(errors, choice) },
      { type: "other", text: pick(nonsense, choice) },
    ],
    which,
  );
}

/**
 * Plans for `simulate`: each has some of the entries of one that a seed makes, and shrinks to fewer.
 *
 * ```ts
 * await fc.assert(fc.asyncProperty(plans(fc), (plan) => simulate({ seed: plan.seed, plan })));
 * ```
 *
 * @param fc the module `fast-check`
 * @param size how large the runs are
 * @throws TypeError or RangeError where a size is not known, or no such number
 */
export function plans(fc: Fc, size: PlanSize = {}): FastCheck.Arbitrary<Plan> {
  checkOptions("plans", size, planSizes);
  const seeds = fc.noShrink(fc.integer({ min: 1 }));
  return seeds.chain((seed) => {
    const plan = drawPlan(seed, size);
    return fc.subarray([...plan.entries]).map((entries) => ({ ...plan, entries }));
  });
}
