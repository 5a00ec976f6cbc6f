// The client's own torture test: a seed makes a plan, the plan is carried out in a simulated world, and what must
// always hold is looked at all the time and once more in the peace that follows.
//
// What must hold: nothing that was accepted is lost but on a wire that broke, and that is told, by number; a client that resends loses
// nothing, and only what is unconfirmed comes twice. No message of a queue group is lost without a reason, all else is sent and
// delivered once and in order, every promise settles, memory stays within its bounds, a dead connection is noticed, the client
// comes back when the trouble is over, and nothing is left running after its end. A secret in a URL goes to the servers that it was
// given for, and to no other. Where it is checked: delivery-law.ts, receipts.ts, ledger.ts, queue-groups.ts, secrets-law.ts and
// simulated-client.ts.

import {
  aFunction,
  type Check,
  check,
  checkOptions,
  type Fields,
  seed,
} from "../effects/simulated/checks.js";
import { Faults } from "../effects/simulated/faults.js";
import { NotSettled } from "../effects/simulated/virtual-time.js";
import { printable } from "../effects/wire/control-characters.js";
import { brand } from "../machine/brand.js";
import type { Milliseconds } from "../machine/units.js";
import type { DeliveryLaw } from "./delivery-law.js";
import { drawPlan, type PlanSize, planSizes } from "./draw-plan.js";
import type { Act, Plan } from "./plan.js";
import { SimulatedClient } from "./simulated-client.js";
import { Simulation } from "./simulation.js";
import { foreignServers } from "./sites.js";
import { type SimulationEvent, Stage } from "./stage.js";

/** Options of a run. */
export interface SimulateOptions extends PlanSize {
  /** Decides everything. */
  readonly seed: number;
  /** What to do, where it is not to be drawn from the seed. */
  readonly plan?: Plan;
  /** Called with each event as it happens. */
  readonly onEvent?: (event: SimulationEvent) => void;
}

const aPlan: Check = [(value) => typeof value === "object" && value !== null, "a plan"];
const fields: Fields<SimulateOptions> = { ...planSizes, seed, plan: aPlan, onEvent: aFunction };

/** What a run came to. */
export interface SimulationReport {
  readonly seed: number;
  readonly plan: Plan;
  /** What happened, in order. */
  readonly events: readonly SimulationEvent[];
  readonly counts: {
    /** Milliseconds of virtual time. */
    readonly elapsed: Milliseconds;
    /** Events of the virtual clock. */
    readonly steps: number;
    /** Clients, with those that took another's place. */
    readonly clients: number;
    /** Messages accepted. */
    readonly accepted: number;
    /** Of these, what was told as unconfirmed or as unsent. */
    readonly told: number;
    /** Of these, what no server has read. */
    readonly missing: number;
    /** Messages that were sent again, counted each time. */
    readonly resent: number;
    /** Messages that servers have read more than once. */
    readonly doubled: number;
    /** Messages that clients sent to themselves and got. */
    readonly delivered: number;
    /** Messages of queue groups that reached the member that a server had chosen. */
    readonly worked: number;
    /** Messages of queue groups that did not, for a reason that is known. */
    readonly lost: number;
    /** Sockets that were dialed. */
    readonly dialed: number;
  };
  /** How often there was something to judge, for each of the checks that need an occasion, by a name for the occasion. */
  readonly premises: Readonly<Record<string, number>>;
}

/** A run in which something that must hold did not. */
export class SimulationFailure extends Error {
  override readonly name = "SimulationFailure";
  readonly seed: number;
  readonly plan: Plan;
  /** What must hold and did not, as a sentence. */
  readonly broken: string;
  readonly events: readonly SimulationEvent[];

  constructor(plan: Plan, broken: string, events: readonly SimulationEvent[], cause: unknown) {
    const last = events.slice(-15).map(lineOf).join("\n");
    const again = `simulate({ seed: ${plan.seed} }), in the repository npm run simulate -- --seed ${plan.seed}`;
    super(`seed ${plan.seed}: ${broken}\nreplay it: ${again}\n${last}`, { cause });
    this.seed = plan.seed;
    this.plan = plan;
    this.broken = broken;
    this.events = events;
  }
}

brand(SimulationFailure, "SimulationFailure");

/** An event as one line of text. */
export function lineOf({ at, who, what }: SimulationEvent): string {
  return `${(at / 1_000).toFixed(4).padStart(14)} s  ${who.padEnd(8)} ${what}`;
}

/** After this a client that is told that all is well and does not come back is stuck. */
function patience(plan: Plan): Milliseconds {
  const foreign = plan.entries.some(({ act }) => act.type === "mislead") ? foreignServers.length : 0;
  const servers = plan.servers + (plan.other?.servers ?? 0) + foreign + 2;
  const spans = plan.clients.map(({ options, delay }) => {
    const { pingInterval, maxPingOut, reconnectTimeWait, reconnectJitter, timeout, drainTimeout } = options;
    const stale = pingInterval * (maxPingOut + 2);
    const attempt = Math.max(delay ?? 0, reconnectTimeWait + reconnectJitter) + timeout;
    return stale + 3 * servers * attempt + drainTimeout;
  });
  return Math.max(...spans) + 300_000;
}

/**
 * Makes a run.
 * @throws SimulationFailure (as a rejection) where something that must hold does not; it names the seed
 * @throws TypeError or RangeError (as a rejection) where an option is not known, or has a value that makes no sense
 */
export async function simulate(options: SimulateOptions): Promise<SimulationReport> {
  checkOptions("simulate", options, fields);
  check("seed", options.seed, seed);
  const plan = options.plan ?? drawPlan(options.seed, options);
  const { latency, ...pipe } = plan.network;
  const simulation = new Simulation({ seed: plan.seed, latency, pipe: () => pipe });
  const stage = new Stage(plan, simulation, options.onEvent);
  const run = new Run(stage);
  try {
    await run.trouble();
    await run.peace();
    await run.end();
  } catch (error) {
    throw new SimulationFailure(
      plan,
      printable(error instanceof Error ? error.message : String(error)),
      stage.events,
      error,
    );
  }
  const ledgers = [...stage.registry.ledgers.values()];
  const sum = (of: (deliveries: DeliveryLaw) => number) =>
    ledgers.reduce((before, { deliveries }) => before + of(deliveries), 0);
  return {
    seed: plan.seed,
    plan,
    events: stage.events,
    counts: {
      elapsed: simulation.time.elapsed(),
      steps: simulation.time.steps,
      clients: ledgers.length,
      accepted: sum(({ accepted }) => accepted),
      told: sum(({ told }) => told),
      missing: sum(({ lost }) => lost),
      resent: sum(({ resent }) => resent),
      doubled: sum(({ doubled }) => doubled),
      delivered: run.delivered,
      worked: stage.groups.received,
      lost: Object.values(stage.groups.lost).reduce((before, count) => before + count, 0),
      dialed: ledgers.reduce((before, { socket }) => before + socket, 0),
    },
    premises: stage.premises.held,
  };
}

/** A client that ends by itself leaves its place empty for this part of the time: at most so many come after it. */
const PLACES = 30;

const NOT_BACK = "does not come back, though all is well";

/** After this, nothing is on its way any more. */
const SETTLING: Milliseconds = 10_000;

const LAST_WORDS = {
  type: "publish",
  to: "nobody",
  count: 3,
  size: 10,
  headers: false,
  flush: false,
} as const;

class Run {
  readonly #stage: Stage;
  /** Those of each cluster. */
  readonly #faults: readonly Faults[];
  /** The clients that live, by their place. */
  readonly #clients: SimulatedClient[];
  readonly #all: SimulatedClient[] = [];
  /** How long a client's place stays empty. */
  readonly #pause: Milliseconds[];
  #isEnding = false;

  constructor(stage: Stage) {
    this.#stage = stage;
    const { simulation, sites, plan } = stage;
    const names = () => this.#clients.map(({ name }) => name);
    this.#faults = sites.clusters.map(
      (cluster) => new Faults(simulation.time, simulation.network, cluster, names),
    );
    this.#pause = plan.clients.map(() => plan.duration / PLACES);
    stage.ended = (name) => this.#replace(name);
    this.#clients = plan.clients.map((_, place) => this.#make(place, 1));
  }

  get delivered(): number {
    return this.#all.reduce((sum, client) => sum + client.delivered, 0);
  }

  /** Everything that the plan says. */
  async trouble(): Promise<void> {
    const { plan, simulation } = this.#stage;
    for (const client of this.#clients) client.start();
    for (const { at, act, site = 0 } of plan.entries) {
      simulation.time.startTimer(at, () => {
        if (isAct(act)) {
          const place = act.client % this.#clients.length;
          if (act.type === "close" || act.type === "drain") this.#pause[place] = act.ms;
          this.#clients[place]?.act(act);
        } else if (!this.#stage.isPeaceful) {
          this.#stage.note("world", `${site === 0 ? "" : "in the other cluster "}${JSON.stringify(act)}`);
          this.#faults[site % this.#faults.length]?.inject(act);
        }
      });
    }
    await simulation.advance(plan.duration);
  }

  /** All is well again: every client must come back, or be closed with an error that says why. */
  async peace(): Promise<void> {
    const { simulation, plan } = this.#stage;
    this.#stage.note("world", "peace");
    this.#stage.isPeaceful = true;
    for (const faults of this.#faults) faults.heal();
    const limit = patience(plan);
    await simulation.advance(Math.max(...this.#pause) + 1);
    const end = simulation.time.now() + limit;
    for (;;) {
      const results = await Promise.all(this.#clients.map((client) => this.#isBack(client, end)));
      if (results.every(Boolean)) break;
      if (simulation.time.now() > end)
        throw new Error("a client neither comes back nor ends, though all is well");
      await simulation.advance(1_000);
    }
    // What others sent is still on its way.
    await simulation.advance(SETTLING);
    for (const client of this.#clients) if (client.isConnected) client.check();
  }

  /** Every client ends. */
  async end(): Promise<void> {
    const { simulation, plan } = this.#stage;
    this.#isEnding = true;
    const live = this.#clients.filter((client) => !client.isOver);
    const ends = live.map((client, place) => {
      const drains = (plan.seed + place) % 2 === 0 && client.isConnected && !client.connection.isDraining();
      const ended = drains ? client.drain() : client.close();
      // What is published while a client drains is to arrive as well.
      if (drains) client.act({ ...LAST_WORDS, client: place });
      const end = simulation.until(ended, patience(plan));
      return this.#patiently(client, "does not end, though it was told to", end);
    });
    await Promise.all(ends);
    await simulation.advance(600_000);
    for (const client of this.#all) client.checkOver();
    this.#stage.checkForeigners();
  }

  /** Resolves when a flush succeeds, or the client is closed. */
  async #isBack(client: SimulatedClient, end: number): Promise<boolean> {
    const { time } = this.#stage.simulation;
    const left = () => Math.max(1, end - time.now());
    const ended = client.connection.closed().then(() => true);
    if (!client.isConnected && !client.isOver) {
      const connected = new Promise<boolean>((resolve) => {
        const look = () =>
          client.isConnected || client.isOver ? resolve(true) : time.startTimer(1_000, look);
        look();
      });
      await this.#patiently(client, NOT_BACK, time.until(Promise.race([connected, ended]), left()));
    }
    if (client.isOver) return true;
    const flushed = client.flush().then(
      () => true,
      () => false,
    );
    return this.#patiently(client, NOT_BACK, time.until(Promise.race([flushed, ended]), left()));
  }

  #patiently<T>(client: SimulatedClient, broken: string, promise: Promise<T>): Promise<T> {
    return promise.catch((error: unknown) => {
      if (!(error instanceof NotSettled)) throw error;
      throw new Error(`${client.name} ${broken}, within ${error.limit} ms of virtual time`, { cause: error });
    });
  }

  #make(place: number, generation: number): SimulatedClient {
    const { plan } = this.#stage;
    const name = generation === 1 ? `c${place}` : `c${place}-${generation}`;
    const client = new SimulatedClient(this.#stage, name, plan.clients[place] as Plan["clients"][number]);
    this.#all.push(client);
    return client;
  }

  #replace(name: string): void {
    const place = this.#clients.findIndex((client) => client.name === name);
    if (place < 0 || this.#isEnding || this.#stage.isPeaceful) return;
    const generation = Number(name.split("-")[1] ?? 1) + 1;
    const { plan, simulation } = this.#stage;
    const pause = this.#pause[place] ?? 0;
    this.#pause[place] = plan.duration / PLACES;
    simulation.time.startTimer(pause, () => {
      if (this.#isEnding) return;
      const next = this.#make(place, generation);
      this.#clients[place] = next;
      next.start();
    });
  }
}

const acts: Readonly<Record<Act["type"], true>> = {
  publish: true,
  request: true,
  gather: true,
  subscribe: true,
  move: true,
  keep: true,
  flush: true,
  rtt: true,
  ready: true,
  reconnect: true,
  close: true,
  drain: true,
};

function isAct(act: Plan["entries"][number]["act"]): act is Act {
  return Object.hasOwn(acts, act.type);
}
