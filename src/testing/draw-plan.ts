// From a seed to a plan: what a run of the simulation does is decided here, all of it before the run begins.

import { type Fields, from, someMilliseconds } from "../effects/simulated/checks.js";
import type { Fault } from "../effects/simulated/fault.js";
import { type Handshake, strangeGreetings } from "../effects/simulated/handshakes.js";
import { Random } from "../effects/simulated/random.js";
import type { Milliseconds } from "../machine/units.js";
import { withOrigins } from "./draw-origins.js";
import { withScenes } from "./draw-scenes.js";
import type { Act, ClientPlan, CredentialsPlan, Plan, PlanEntry } from "./plan.js";

/** How large a run is; what is not given is drawn. */
export interface PlanSize {
  /** Servers at first. Default 1 to 4. */
  readonly servers?: number;
  /** Clients. Default 1 to 3. */
  readonly clients?: number;
  /** Milliseconds of trouble. Default a week to three weeks, and for one run in three less: 10 seconds to a week. */
  readonly duration?: Milliseconds;
  /** What clients do. Default 10 to 60. */
  readonly acts?: number;
  /** What befalls them. Default 2 to 14. */
  readonly faults?: number;
}

/** What each of them may be. */
export const planSizes: Fields<PlanSize> = {
  servers: from(1),
  clients: from(1),
  duration: someMilliseconds,
  acts: from(0),
  faults: from(0),
};

const MINUTE: Milliseconds = 60_000;
const WEEK: Milliseconds = 7 * 24 * 60 * MINUTE;

/** Bytes of a burst of messages, at most. */
const MOST_AT_ONCE = 200_000;

/** The plan of a seed. */
export function drawPlan(seed: number, size: PlanSize = {}): Plan {
  const random = new Random(seed);
  const servers = size.servers ?? random.pick([1, 1, 2, 3, 3, 4]);
  const clients = size.clients ?? random.pick([1, 2, 2, 3]);
  const duration = size.duration ?? drawDuration(random);
  const acts = size.acts ?? random.between(10, 60);
  const faults = size.faults ?? random.between(2, 14);
  const network = drawNetwork(random);
  const chances = {
    random,
    worse: new Random(~seed),
    leaving: new Random(seed ^ 0x2545_f491),
    resending: new Random(seed ^ 0x1b87_3593),
  };
  const draw = new Draw(chances, servers, clients, duration, network.latency[1]);
  const entries = [
    ...Array.from({ length: acts }, () => draw.work()).flat(),
    ...Array.from({ length: faults }, () => draw.trouble()).flat(),
  ].sort((one, other) => one.at - other.at);
  const plan: Plan = {
    seed,
    servers,
    server: draw.server(),
    network,
    clients: Array.from({ length: clients }, () => draw.client()),
    duration,
    entries,
  };
  // A run that is to be calm has nobody who misleads.
  if (faults === 0) return plan;
  return withScenes(withOrigins(plan, new Random(seed ^ 0x5bd1_e995)), new Random(seed ^ 0x3c6e_f372));
}

/** Chance, in parts: what one of them decides does not shift what the others do. */
interface Chances {
  readonly random: Random;
  /** Decides what makes a fault worse. */
  readonly worse: Random;
  /** Decides which members leave their queue group while a client moves. */
  readonly leaving: Random;
  /** Decides which clients resend what is unconfirmed. */
  readonly resending: Random;
}

/** How long a client that moves stays subscribed with the old server, and somewhat more. */
const OVERLAP: Milliseconds = 400;

class Draw {
  readonly #random: Random;
  readonly #worse: Random;
  readonly #leaving: Random;
  readonly #resending: Random;
  readonly #servers: number;
  readonly #clients: number;
  readonly #duration: Milliseconds;
  /** What a moment is in a run of that length: so that a long run has not more events than a short one. */
  readonly #moment: Milliseconds;

  /** A time in which some packets come and go, whatever the network. */
  readonly #talk: Milliseconds;

  constructor(
    { random, worse, leaving, resending }: Chances,
    servers: number,
    clients: number,
    duration: Milliseconds,
    latency: Milliseconds,
  ) {
    this.#random = random;
    this.#worse = worse;
    this.#leaving = leaving;
    this.#resending = resending;
    this.#servers = servers;
    this.#clients = clients;
    this.#duration = duration;
    this.#moment = duration / 100;
    this.#talk = Math.ceil(latency * 20);
  }

  sometime(act: Act | Fault): PlanEntry {
    return { at: Math.round(this.#random.next() * this.#duration), act };
  }

  /** What a client does; and after an end, what it should not do any more. */
  work(): readonly PlanEntry[] {
    const first = this.sometime(this.act());
    const { at, act } = first;
    if (act.type !== "drain" && act.type !== "close") return [first];
    const { client } = act;
    const late: Act = {
      type: "publish",
      client,
      to: "self",
      count: 3,
      size: 10,
      headers: false,
      flush: true,
    };
    return [first, { at: at + this.#random.below(Math.ceil(this.#talk / 5)), act: late }];
  }

  /** A fault, and what clients do about that time, when it hurts most. */
  trouble(): readonly PlanEntry[] {
    const random = this.#random;
    const fault = this.sometime(this.fault());
    const near = (act: Act): PlanEntry => ({
      at: Math.max(
        0,
        Math.round(fault.at + (random.chance(0.5) ? -1 : 1) * random.scaled(0.1, this.#moment)),
      ),
      act,
    });
    const act = () => (random.chance(0.1) ? this.#end() : this.act());
    const acts = Array.from({ length: random.below(5) }, () => near(act()));
    return [fault, ...this.#cutWhileMoving(fault), ...this.#leaveWhileMoving(fault), ...acts];
  }

  /** While a client moves away from a lame duck, a member of a queue group leaves it, and others give it work to do. */
  #leaveWhileMoving({ at, act }: PlanEntry): readonly PlanEntry[] {
    const random = this.#leaving;
    if (act.type !== "lameDuck" || random.chance(0.2)) return [];
    const client = random.below(this.#clients);
    const ahead = random.between(1, Math.ceil(this.#talk));
    const leaves = at + Math.round(random.next() * (this.#talk / 2 + OVERLAP));
    const joins = Math.max(0, at - ahead);
    const end = random.pick([
      "unsubscribe",
      "unsubscribe",
      "drain",
      "limit",
      "break",
      "inCallback",
      "abort",
      "timeout",
      "never",
    ] as const);
    const subscribe: Act = {
      type: "subscribe",
      client,
      to: "work",
      max: random.chance(0.3) ? random.between(5, 50) : null,
      iterates: end === "break" || random.chance(0.3),
      ms: leaves - joins,
      end,
    };
    const work = (): PlanEntry => ({
      at: Math.max(0, leaves + Math.round((random.next() - 0.3) * OVERLAP)),
      act: {
        type: "publish",
        client: random.below(this.#clients),
        to: "work",
        count: random.between(1, 20),
        size: 10,
        headers: false,
        flush: random.chance(0.1),
      },
    });
    return [{ at: joins, act: subscribe }, ...Array.from({ length: random.between(2, 8) }, work)];
  }

  /** While a client moves away from a lame duck it may lose that one too, and every other server, without a word. */
  #cutWhileMoving({ at, act }: PlanEntry): readonly PlanEntry[] {
    const random = this.#worse;
    if (act.type !== "lameDuck" || random.chance(0.3)) return [];
    const soon = Math.ceil(this.#talk * random.scaled(0.05, 0.4));
    const ms = this.#span(2, 30, random);
    return [{ at: at + soon, act: { type: "cut", client: random.below(this.#clients), node: null, ms } }];
  }

  /** A time span around a moment. */
  #span(least: number, most: number, random = this.#random): Milliseconds {
    return Math.max(1, Math.round(random.scaled(this.#moment * least, this.#moment * most)));
  }

  #client(): number {
    return this.#random.below(this.#clients);
  }

  #server(): number {
    return this.#random.below(this.#servers);
  }

  #size(): number {
    const random = this.#random;
    return random.chance(0.75) ? random.below(100) : Math.round(random.scaled(100, 100_000));
  }

  act(): Act {
    const random = this.#random;
    const client = this.#client();
    const dice = random.next();
    if (dice < 0.5) {
      const to = random.pick(["self", "self", "self", "all", "all", "work", "nobody"] as const);
      const size = this.#size();
      const most = Math.max(1, Math.floor(MOST_AT_ONCE / Math.max(1, size)));
      const count = Math.min(most, random.chance(0.8) ? random.between(1, 8) : random.between(10, 60));
      const [headers, flush] = [random.chance(0.2), random.chance(0.2)];
      return { type: "publish", client, to, count, size, headers, flush };
    }
    if (dice < 0.64) {
      const timeout = random.chance(0.5) ? 1_000 : this.#span(0.01, 5);
      const to = random.pick(["ask", "ask", "nobody", "silent"] as const);
      const abort = random.chance(0.1) ? this.#span(0.01, 1) : null;
      return { type: "request", client, to, timeout, noMux: random.chance(0.3), abort };
    }
    if (dice < 0.68) {
      return { type: "gather", client, maxWait: this.#span(0.01, 3), noMux: random.chance(0.5) };
    }
    if (dice < 0.82) {
      return {
        type: "subscribe",
        client,
        to: random.pick(["all", "work", "silent"] as const),
        max: random.chance(0.3) ? random.between(1, 10) : null,
        iterates: random.chance(0.5),
        ms: this.#span(0.1, 30),
        end: random.pick(["unsubscribe", "drain", "limit", "break", "inCallback", "abort", "never"] as const),
      };
    }
    if (dice < 0.84) {
      return { type: "move", client, from: this.#server(), count: random.between(1, this.#servers) };
    }
    if (dice < 0.96) {
      return { type: random.pick(["flush", "flush", "rtt", "ready", "reconnect"] as const), client };
    }
    return this.#end();
  }

  #end(): Act {
    const type = this.#random.pick(["close", "drain"] as const);
    return { type, client: this.#client(), ms: this.#span(1, 10) };
  }

  fault(): Fault {
    const random = this.#random;
    const node = this.#server();
    const client = this.#client();
    const ms = this.#span(0.05, 15);
    const bandwidth = random.scaled(1, 1_000);
    const latency = random.scaled(10, 3_000);
    const kinds: readonly (() => Fault)[] = [
      () => ({ type: "crash", node, ms }),
      () => ({ type: "crash", node, ms }),
      () => ({ type: "powerOff", node, ms }),
      () => ({ type: "pause", node, ms }),
      () => ({ type: "cut", client, node: random.chance(0.5) ? null : node, ms }),
      () => ({ type: "vanish", client, direction: random.pick(["both", "toServer", "toClient"] as const) }),
      () => ({ type: "reset", client }),
      () => ({ type: "lameDuck", node, grace: this.#span(0.05, 2), ms }),
      () => ({ type: "greet", node, handshake: this.#handshake(), ms }),
      () => ({ type: "say", client, text: this.#nonsense() }),
      () => ({ type: "expel", client, error: this.#error() }),
      () => ({ type: "slow", client, node, latency, bandwidth, ms }),
      () => ({ type: "isolate", node, ms }),
      () => ({ type: "join" }),
      () => ({ type: "leave", node }),
      () => ({ type: "lockOut", ms }),
    ];
    return random.pick(kinds)();
  }

  #handshake(): Handshake {
    const random = this.#random;
    return random.pick<() => Handshake>([
      () => ({ type: "silent" }),
      () => ({ type: "late", ms: this.#span(0.01, 2) }),
      () => ({ type: "other", text: random.pick(strangeGreetings) }),
      () => ({ type: "closing" }),
      () => ({ type: "mute" }),
      () => ({ type: "refusing", error: this.#error() }),
      () => ({ type: "eager" }),
      () => ({ type: "tlsLie" }),
    ])();
  }

  #error(): string {
    return this.#random.pick([
      "Authorization Violation",
      "User Authentication Expired",
      "Authentication Timeout",
      "maximum connections exceeded",
      "Stale Connection",
      "Slow Consumer",
      "Unknown Protocol Operation",
      "Secure Connection - TLS Required",
      "something that no server ever said",
    ]);
  }

  #nonsense(): string {
    return this.#random.pick([
      ...strangeGreetings,
      "-ERR 'Permissions Violation for Publish to \"nobody.x\"'\r\n",
      "-ERR 'Invalid Subject'\r\n",
      "-ERR 'something that no server ever said'\r\n",
      "PING\r\nPING\r\n",
      "+OK\r\n",
      "MSG nobody.x 999999 5\r\nhello\r\n",
      "MSG all.x 999999 2147483648\r\n",
      "MSG",
    ]);
  }

  client(): ClientPlan {
    const random = this.#random;
    const jitter = random.chance(0.3) ? 0 : this.#span(0.01, 0.5);
    const options = {
      pingInterval: this.#span(0.5, 8) + this.#talk,
      maxPingOut: random.between(1, 3),
      reconnectTimeWait: this.#span(1, 8),
      reconnectJitter: jitter,
      timeout: this.#span(0.1, 2) + this.#talk,
      drainTimeout: this.#span(0.1, 5) + 1_000,
      reconnectBufferSize: random.pick([8 * 1024 * 1024, 8 * 1024 * 1024, 8 * 1024 * 1024, -1, 2_000, 0]),
      maxReconnectAttempts: random.pick([-1, -1, -1, 10, 3]),
      reconnect: random.chance(0.95),
      waitOnFirstConnect: random.chance(0.7),
      noRandomize: random.chance(0.3),
      ignoreClusterUpdates: random.chance(0.1),
      ignoreAuthErrorAbort: random.chance(0.7),
      verbose: random.chance(0.1),
      onLameDuck: random.pick(["notify", "migrate"] as const),
    } as const;
    // What is resent must be kept, and this one keeps nothing.
    const resends = this.#resending.chance(0.4) && options.reconnectBufferSize !== 0;
    return {
      options: { ...options, unconfirmed: resends ? "resend" : "report" },
      delay: random.chance(0.1) ? this.#span(1, 8) : null,
      chooses: random.chance(0.1) ? this.#span(0.3, 3) : null,
      records: random.chance(0.1),
      credentials: this.#credentials(),
      knows: random.between(1, this.#servers),
    };
  }

  #credentials(): CredentialsPlan {
    const random = this.#random;
    const dice = random.next();
    if (dice < 0.5) return { type: "none" };
    if (dice < 0.7) return { type: "constant" };
    const fails = random.chance(0.5) ? 0 : 0.3;
    return {
      type: "issued",
      ms: this.#span(2, 50),
      takes: random.chance(0.5) ? 0 : this.#span(0.01, 1),
      fails,
    };
  }

  server(): Plan["server"] {
    const random = this.#random;
    return {
      version: random.pick(["2.9.10", "2.15.1"]),
      pingInterval: this.#span(0.5, 10) + this.#talk,
      maxPingsOut: random.between(1, 3),
      tls: random.chance(0.85) ? "none" : random.pick(["offered", "required"] as const),
    };
  }
}

/** In a short run latency is much of a moment, and so packets cross each other; in a long one it is next to nothing. */
function drawDuration(random: Random): Milliseconds {
  return Math.round(random.chance(1 / 3) ? random.scaled(10_000, WEEK) : random.scaled(WEEK, 3 * WEEK));
}

function drawNetwork(random: Random): Plan["network"] {
  const least = random.scaled(0.4, 20);
  return {
    latency: [least, least * random.scaled(1.1, 10)],
    window: Math.round(random.scaled(1_000, 200_000)),
    highWater: Math.round(random.scaled(1_000, 50_000)),
    pieces: random.pick([1, 2, 4, 10]),
  };
}
