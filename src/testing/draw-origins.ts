// What a plan has of origins: other clusters, names, TLS and credentials in URLs, and somebody who misleads clients about all
// of them. It is added to a plan that is drawn already (draw-plan.ts), by a chance of its own: that plan stays what it was.

import type { Random } from "../effects/simulated/random.js";
import type { Milliseconds } from "../machine/units.js";
import type { Act, ClientPlan, Plan, PlanEntry, ServerListPlan, SitePlan } from "./plan.js";
import { foreignServers, namesOf } from "./sites.js";

/** Adds them to a plan, or not. */
export function withOrigins(plan: Plan, random: Random): Plan {
  if (random.chance(0.35)) return plan;
  const known = random.chance(0.3) ? "byName" : "byAddress";
  const tls = random.chance(0.5) ? (plan.server.tls ?? "none") : random.pick(TLS);
  const other = random.chance(0.4) ? drawSite(random, tls) : undefined;
  const site = { servers: plan.servers, known } as const;
  const names = namesOf(site) + (other === undefined ? 0 : namesOf(other));
  const draw = new Draw(random, plan, names, other);
  const entries = [
    ...plan.entries.map((entry) => draw.changed(entry)),
    ...Array.from({ length: random.below(3) }, () => draw.move()).flat(),
    ...Array.from({ length: random.below(5) }, () => draw.mislead()).flat(),
  ].sort((one, next) => one.at - next.at);
  return {
    ...plan,
    server: { ...plan.server, tls },
    known,
    ...(other === undefined ? {} : { other }),
    clients: plan.clients.map((client) => draw.client(client)),
    entries,
  };
}

const TLS: readonly SitePlan["tls"][] = ["offered", "required"];

function drawSite(random: Random, tls: SitePlan["tls"]): SitePlan {
  return {
    servers: random.between(1, 3),
    tls: random.chance(0.6) ? tls : random.pick(["none", ...TLS]),
    known: random.chance(0.3) ? "byName" : "byAddress",
  };
}

class Draw {
  readonly #random: Random;
  readonly #plan: Plan;
  /** How many servers clients are told of. */
  readonly #names: number;
  readonly #other: SitePlan | undefined;
  readonly #moment: Milliseconds;

  constructor(random: Random, plan: Plan, names: number, other: SitePlan | undefined) {
    this.#random = random;
    this.#plan = plan;
    this.#names = names;
    this.#other = other;
    this.#moment = plan.duration / 100;
  }

  client(client: ClientPlan): ClientPlan {
    const { count, ...list } = this.#list();
    const allowNonTls = this.#random.chance(0.15);
    return { ...client, options: { ...client.options, allowNonTls }, knows: count, list };
  }

  /** The entry, where all clusters and names are known. */
  changed(entry: PlanEntry): PlanEntry {
    const { act } = entry;
    if (act.type === "move") return { ...entry, act: { ...act, ...this.#list() } };
    return this.#other !== undefined && "node" in act ? { ...entry, site: this.#random.below(2) } : entry;
  }

  /** A client is given other servers, or its own once more; then its server may name others, and it may be lost. */
  move(at = this.#sometime()): readonly PlanEntry[] {
    const random = this.#random;
    const client = this.#client();
    const list: Act = random.chance(0.3)
      ? { type: "keep", client }
      : { type: "move", client, ...this.#list() };
    const site = this.#site();
    const soon = at + this.#span(0.05, 1);
    const later = soon + this.#span(0.05, 1);
    const ms = this.#span(0.5, 10);
    const trouble: readonly PlanEntry[] = random.chance(0.4)
      ? [
          {
            at: soon,
            act: random.chance(0.5) ? { type: "join" } : { type: "leave", node: random.below(4) },
            site,
          },
          { at: later, act: { type: "crash", node: random.below(4), ms }, site: this.#site() },
          { at: later, act: { type: "reconnect", client } },
        ]
      : [];
    return [{ at, act: list }, ...trouble];
  }

  /** Somebody misleads clients, and clients look for a server meanwhile. */
  mislead(): readonly PlanEntry[] {
    const random = this.#random;
    const site = this.#site();
    const at = this.#sometime();
    const ms = this.#span(0.1, 10);
    const node = random.below(4);
    const lie = {
      type: "mislead",
      by: random.chance(0.8) ? "path" : "server",
      connectUrls: this.#named(),
      lameDuck: random.chance(0.2),
      tls: random.pick(["honest", "honest", "honest", "required", "none", "none"] as const),
      cuts: random.chance(0.3),
      ms,
    } as const;
    // Whoever stands in the way of one server may stand in the way of all.
    const befallen = random.chance(0.5) ? [node] : [0, 1, 2, 3];
    const lies = befallen.map((one): PlanEntry => ({ at, act: { ...lie, node: one }, site }));
    const during = () => Math.round(at + random.next() * ms);
    const looking = (): PlanEntry =>
      random.chance(0.5)
        ? { at: during(), act: { type: "reconnect", client: this.#client() } }
        : { at: during(), act: { type: "crash", node, ms: this.#span(0.1, 5) }, site };
    const changing = random.chance(0.3) ? this.move(during()) : [];
    return [...lies, ...Array.from({ length: random.between(1, 4) }, looking), ...changing];
  }

  /** Foreign hosts, among others. */
  #named(): readonly string[] {
    const random = this.#random;
    const sites = this.#other === undefined ? 1 : 2;
    const one = () =>
      random.chance(0.75)
        ? random.pick(foreignServers)
        : `10.0.${random.between(1, sites)}.${random.between(1, 4)}:4222`;
    return Array.from({ length: random.below(4) }, one);
  }

  #list(): ServerListPlan {
    const random = this.#random;
    return {
      from: random.below(this.#names),
      count: random.between(1, this.#names),
      tls: random.chance(0.4),
      secrets: random.pick(["none", "first", "all", "all"] as const),
    };
  }

  #site(): number {
    return this.#other === undefined ? 0 : this.#random.below(2);
  }

  #client(): number {
    return this.#random.below(this.#plan.clients.length);
  }

  #sometime(): Milliseconds {
    return Math.round(this.#random.next() * this.#plan.duration);
  }

  /** A time span around a moment. */
  #span(least: number, most: number): Milliseconds {
    return Math.max(1, Math.round(this.#random.scaled(this.#moment * least, this.#moment * most)));
  }
}
