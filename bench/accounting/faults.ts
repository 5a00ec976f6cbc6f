// The faults of a run: what they are, in words, and a series of them drawn from a seed. Pure: cluster.ts makes them happen.
//
// A fault ends before the next one begins, so that at least one node can be reached at any time, but in an outage.

import { Random } from "../../src/effects/simulated/random.js";

/** What happens to the links of the publishers. The nodes are well. */
export type LinkFault =
  /** Every link ends, by RST or FIN. What one side or both sent in the milliseconds before arrives nowhere. */
  | {
      readonly kind: "cut";
      readonly by: "reset" | "end";
      readonly swallows: Swallowed;
      readonly before: number;
    }
  /** For that long every link is cut when it is so old, the new ones too. */
  | { readonly kind: "flap"; readonly age: number; readonly lasts: number }
  /** Nothing passes on the links that are there now. New ones are well; the old ones are reset at the end. */
  | { readonly kind: "half-open"; readonly lasts: number };

/** What happens to the node that most links lead to. */
export type NodeFault =
  /** SIGSTOP and SIGCONT. What was sent to it in between arrives late. */
  | { readonly kind: "stop"; readonly lasts: number }
  /** SIGKILL and a restart. The host dies with it and tells nobody (`silent`), or its links are reset and dials refused. */
  | { readonly kind: "kill"; readonly silent: boolean; readonly lasts: number }
  /** SIGUSR2, the end by itself, and a restart so long after that. */
  | { readonly kind: "lame duck"; readonly lasts: number };

/** No node can be reached: all are killed, all are stopped, or what is sent to any of them arrives nowhere. */
export interface Outage {
  readonly kind: "outage";
  readonly by: "kill" | "stop" | "silence";
  readonly lasts: number;
}

/** Whose bytes arrive nowhere. */
export type Swallowed = "client" | "server" | "both";

/** One fault. Times are milliseconds. */
export type Fault = LinkFault | NodeFault | Outage;

/** A fault, the calm before it, and what may happen to the links while it lasts. */
export interface Episode {
  /** Milliseconds of calm before it. */
  readonly calm: number;
  readonly fault: Fault;
  /** A fault of the links beside it, so many milliseconds after its begin. */
  readonly beside?: { readonly after: number; readonly fault: LinkFault };
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

/** A fault in words. */
export function inWords(fault: Fault): string {
  switch (fault.kind) {
    case "cut": {
      const end = fault.by === "reset" ? "RST" : "FIN";
      if (fault.before === 0) return `cut by ${end}`;
      const whose = fault.swallows === "both" ? "both sides" : `the ${fault.swallows}`;
      return `cut by ${end}, with what ${whose} sent in the ${fault.before} ms before`;
    }
    case "flap":
      return `every link cut when it is ${fault.age} ms old, for ${seconds(fault.lasts)}`;
    case "half-open":
      return `half-open links, for ${seconds(fault.lasts)}`;
    case "stop":
      return `stopped for ${seconds(fault.lasts)}`;
    case "kill":
      return `killed${fault.silent ? " in silence" : ""}, back after ${seconds(fault.lasts)}`;
    case "lame duck":
      return `lame duck, back ${seconds(fault.lasts)} after its end`;
    case "outage":
      return `outage by ${fault.by}, for ${seconds(fault.lasts)}`;
    default:
      return fault satisfies never;
  }
}

/** Episodes without an end, the same for the same seed. */
export function* episodes(seed: number): Generator<Episode, never> {
  const random = new Random(seed);
  for (;;) {
    const calm = Math.round(random.scaled(50, 4_000));
    const fault = drawn(random);
    const isLong = fault.kind !== "cut" && fault.kind !== "flap";
    if (isLong && random.chance(0.4)) {
      const beside = { after: random.between(0, 3_000), fault: cut(random) };
      yield { calm, fault, beside };
    } else yield { calm, fault };
  }
}

function drawn(random: Random): Fault {
  const kind = random.pick([
    ...(["cut", "cut", "half-open", "half-open", "kill", "kill", "stop", "stop"] as const),
    ...(["lame duck", "flap", "outage"] as const),
  ]);
  switch (kind) {
    case "cut":
      return cut(random);
    case "flap":
      return { kind, age: random.pick([10, 20, 30, 50, 100, 300]), lasts: random.between(1_000, 6_000) };
    case "half-open":
      return { kind, lasts: random.between(500, 6_000) };
    case "stop":
      return { kind, lasts: random.between(300, 8_000) };
    case "kill":
      return { kind, silent: random.chance(0.5), lasts: random.between(500, 6_000) };
    case "lame duck":
      return { kind, lasts: random.between(300, 2_000) };
    case "outage":
      return { kind, by: random.pick(["kill", "stop", "silence"]), lasts: random.between(1_000, 5_000) };
    default:
      return kind satisfies never;
  }
}

function cut(random: Random): LinkFault {
  return {
    kind: "cut",
    by: random.pick(["reset", "end"]),
    swallows: random.pick(["client", "server", "both"]),
    before: random.chance(0.2) ? 0 : Math.round(random.scaled(10, 600)),
  };
}
