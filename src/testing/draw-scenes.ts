// Scenes of a few seconds that chance alone would hardly bring about, and without which some checks would have nothing to judge
// (premises.ts): trouble in the middle of a drain, a move with much to hear in it, and their like. They are added to a plan that is drawn
// already (draw-plan.ts), by a chance of their own: that plan stays what it was.

import type { Fault } from "../effects/simulated/fault.js";
import type { Random } from "../effects/simulated/random.js";
import type { Milliseconds } from "../machine/units.js";
import type { Act, Plan, PlanEntry } from "./plan.js";

type Publish = Act & { readonly type: "publish" };

/** Places of servers in a cluster: so many at most are drawn, and some may join. */
const PLACES = [0, 1, 2, 3, 4];

/** How long a client that moves hears from both servers, and somewhat more. */
const OVERLAP: Milliseconds = 400;

/** Adds some of them to a plan, or none. */
export function withScenes(plan: Plan, random: Random): Plan {
  const draw = new Draw(random, plan);
  const { other } = plan;
  const scenes: readonly (readonly [chance: number, scene: () => readonly PlanEntry[]])[] = [
    [0.3, () => draw.drainInTrouble()],
    [0.3, () => draw.move()],
    [0.1, () => draw.givesUpAsking()],
    [0.1, () => draw.leavesWithoutRoom()],
    [other === undefined ? 0 : 0.7, () => draw.withoutHeaders()],
  ];
  const added = scenes.flatMap(([chance, scene]) => (random.chance(chance) ? scene() : []));
  const entries = [...plan.entries, ...added].sort((one, next) => one.at - next.at);
  return other !== undefined && random.chance(0.5)
    ? { ...plan, entries, other: { ...other, headers: false } }
    : { ...plan, entries };
}

class Draw {
  readonly #random: Random;
  readonly #plan: Plan;
  /** A packet takes so long at most. */
  readonly #way: Milliseconds;

  constructor(random: Random, plan: Plan) {
    this.#random = random;
    this.#plan = plan;
    this.#way = plan.network.latency[1];
  }

  /** A client drains behind some messages, and before a server has said that it has them, something is in the way. */
  drainInTrouble(): readonly PlanEntry[] {
    const random = this.#random;
    const client = this.#client();
    const at = this.#sometime();
    // It asks the server twice: when its subscriptions are drained, and then for what was published meanwhile.
    const trouble = at + random.next() * this.#way * 4;
    const late = at + random.next() * this.#way * 2;
    const ms = this.#soon(20);
    const faults: readonly (() => readonly PlanEntry[])[] = [
      () => [this.#at(trouble, { type: "cut", client, node: null, ms })],
      () => [this.#at(trouble, { type: "reset", client })],
      () => [this.#at(late - 1, { type: "vanish", client, direction: "toServer" })],
      () => [this.#at(trouble, { type: "vanish", client, direction: "toServer" })],
      () => this.#everywhere(trouble, (node) => ({ type: "powerOff", node, ms })),
      () => this.#everywhere(trouble, (node) => ({ type: "crash", node, ms })),
      () => this.#everywhere(at, (node) => ({ type: "lameDuck", node, grace: this.#soon(2), ms })),
    ];
    return [
      this.#at(at - 1, this.#publish(client, "self", random.between(1, 20), random.below(2_000))),
      this.#at(at, { type: "drain", client, ms: this.#soon(50) }),
      this.#at(late, this.#publish(client, "nobody", random.between(1, 20), random.below(2_000))),
      ...random.pick(faults)(),
    ];
  }

  /** All servers but one enter lame duck mode, and stay for long enough to leave them. Meanwhile everybody talks. */
  move(): readonly PlanEntry[] {
    const random = this.#random;
    const at = this.#sometime();
    const time = this.#way * 20 + OVERLAP;
    const grace = this.#soon(20) + time;
    const staying = random.below(PLACES.length);
    const isLeaving = ({ act }: PlanEntry) => !("node" in act) || act.node !== staying;
    const lameDuck = (node: number): Fault => ({ type: "lameDuck", node, grace, ms: grace * 3 });
    const leaving = this.#everywhere(at, lameDuck).filter(isLeaving);
    // Whoever hears late from the old server, and at once from the new one, hears of some messages twice, and of some in another order.
    const late = (client: number, node: number): Fault => ({
      type: "slow",
      client,
      node,
      latency: this.#way * 5 + OVERLAP / 3,
      bandwidth: 1_000,
      ms: Math.ceil(time * 2),
    });
    const isSlow = random.chance(0.7);
    const lost = this.#plan.clients.map((_, client): PlanEntry => {
      return this.#at(at + random.next() * this.#way * 12, { type: "reset", client });
    });
    const slow = this.#plan.clients.flatMap((_, client) =>
      this.#everywhere(at - 1, (node) => late(client, node)).filter(isLeaving),
    );
    return [
      this.#at(at - this.#soon(1) - 100, { type: "join" }),
      ...leaving,
      ...(isSlow ? slow : []),
      ...(random.chance(0.3) ? lost : []),
      ...this.#leaving(at - this.#way * 4, at + random.next() * time),
      ...Array.from({ length: 50 }, () => {
        const to = random.pick(["all", "all", "all", "self", "work"] as const);
        const when = at + random.next() * time;
        return this.#at(when, this.#publish(this.#client(), to, random.between(1, 3), random.below(100)));
      }),
    ];
  }

  /** A member of a queue group joins and ends, and at its end there is work for it. */
  #leaving(joins: Milliseconds, ends: Milliseconds): readonly PlanEntry[] {
    const random = this.#random;
    const member: Act = {
      type: "subscribe",
      client: this.#client(),
      to: "work",
      max: null,
      iterates: false,
      ms: Math.ceil(ends - joins),
      end: "unsubscribe",
    };
    const work = () =>
      this.#at(ends + (random.next() - 0.5) * this.#way * 3, this.#publish(this.#client(), "work", 5, 10));
    return [this.#at(joins, member), ...Array.from({ length: 10 }, work)];
  }

  /** A request is lost with its connection, and given up before there is another one. */
  givesUpAsking(): readonly PlanEntry[] {
    const random = this.#random;
    const client = this.#client();
    const at = this.#sometime();
    const timeout = Math.ceil(this.#way * random.scaled(2, 10));
    const ask: Act = {
      type: "request",
      client,
      to: "silent",
      timeout,
      noMux: random.chance(0.3),
      abort: null,
    };
    const outage = this.#everywhere(at + random.next() * this.#way * 2, (node) => ({
      type: random.chance(0.5) ? "crash" : "powerOff",
      node,
      ms: timeout * 2,
    }));
    return [this.#at(at, ask), ...outage];
  }

  /** A member of a queue group ends while the way to the server is blocked by other messages, and there is work for it. */
  leavesWithoutRoom(): readonly PlanEntry[] {
    const random = this.#random;
    const client = this.#client();
    const at = this.#sometime();
    const [time, ms] = [this.#way * 20, Math.ceil(this.#way * 40)];
    const slow = (node: number): Fault => ({
      type: "slow",
      client,
      node,
      latency: this.#way,
      bandwidth: 1,
      ms,
    });
    const subscribe: Act = {
      type: "subscribe",
      client,
      to: "work",
      max: null,
      iterates: false,
      ms: Math.ceil(time * 1.5),
      end: "unsubscribe",
    };
    return [
      this.#at(at, subscribe),
      ...this.#everywhere(at + time, slow),
      ...(random.chance(0.4)
        ? [this.#at(at + time * (1 + random.next()), { type: "expel", client, error: "Slow Consumer" })]
        : []),
      this.#at(at + time, this.#publish(client, "nobody", 5, 50_000)),
      ...Array.from({ length: 20 }, () =>
        this.#at(at + time * (1.5 + random.next()), this.#publish(this.#client(), "work", 2, 10)),
      ),
    ];
  }

  /** While the first cluster is gone, messages with headers wait for whoever is there. */
  withoutHeaders(): readonly PlanEntry[] {
    const random = this.#random;
    const at = this.#sometime();
    const ms = this.#soon(100);
    const outage = PLACES.map((node): PlanEntry => ({ at, act: { type: "crash", node, ms }, site: 0 }));
    const publish = (): PlanEntry => {
      const act = this.#publish(this.#client(), "self", random.between(1, 3), 20);
      return this.#at(at + random.next() * this.#way * 8, { ...act, headers: true });
    };
    return [...outage, ...Array.from({ length: 6 }, publish)];
  }

  #publish(client: number, to: Publish["to"], count: number, size: number): Publish {
    return { type: "publish", client, to, count, size, headers: false, flush: false };
  }

  #at(at: Milliseconds, act: Act | Fault): PlanEntry {
    return { at: Math.max(0, Math.round(at)), act };
  }

  /** A fault of each server, in all clusters. */
  #everywhere(at: Milliseconds, fault: (node: number) => Fault): readonly PlanEntry[] {
    const sites = this.#plan.other === undefined ? [0] : [0, 1];
    return sites.flatMap((site) => PLACES.map((node) => ({ ...this.#at(at, fault(node)), site })));
  }

  #client(): number {
    return this.#random.below(this.#plan.clients.length);
  }

  #sometime(): Milliseconds {
    return this.#random.next() * this.#plan.duration;
  }

  /** Some hundredths of the run, at most. */
  #soon(most: number): Milliseconds {
    return Math.ceil(this.#random.scaled(this.#plan.duration / 1_000, (this.#plan.duration / 100) * most));
  }
}
