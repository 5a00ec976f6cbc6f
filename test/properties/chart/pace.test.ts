// How fast a pool is dialed, for pools of every size whose servers refuse, say nothing, drop the client, or are dialed late: in
// virtual time, by the dials that the chart asks for.

import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { ConnectionEvent } from "../../../src/machine/events.js";
import { defaultPolicy, SERVERS_AT_ONCE, serverPace } from "../../../src/machine/reconnect-policy.js";
import { readyAt } from "../../../src/machine/server-pool.js";
import { Outside } from "../../../src/testing/chart/outside.js";
import { info } from "../../machine/story.js";
import { quickChart, type Snapshot, stateOf } from "./chart.js";
import { PATIENCE } from "./runs.js";

/** What becomes of a dial. */
type Fate = "refuses" | "says nothing" | "drops the client" | "is dialed late";

interface Run {
  readonly servers: number;
  readonly wait: number;
  readonly jitter: number;
  readonly seed: number;
  readonly fates: readonly Fate[];
}

interface Dial {
  readonly server: string;
  readonly at: number;
}

const START = 1_000_000;
const MOST_DIALS = 250;
const name = (at: number) => `10.0.${at >> 8}.${at & 255}:4222`;
/** Plays until there were that many dials. */
class Player {
  readonly dials: Dial[] = [];
  /** Servers that were out of their backoff while the client waited. */
  readonly keptWaiting: string[] = [];
  readonly outside = new Outside(START);
  #snapshot: Snapshot;
  #number = 0;

  constructor({ wait, jitter, seed, servers }: Run) {
    const policy = {
      reconnectTimeWait: wait,
      reconnectJitter: jitter,
      maxReconnectAttempts: -1,
      timeout: 5_000,
    };
    const { snapshot, effects } = quickChart.begin({ servers: [name(0)], seed, at: START, policy });
    this.#snapshot = snapshot;
    this.outside.carriesOut(effects);
    const rest = Array.from({ length: servers - 1 }, (_, at) => name(at + 1));
    this.#over("socket.opened")
      .#send(info({ connectUrls: rest }))
      .#over("server.pong");
    this.outside.now += 100_000;
    this.#over("socket.closed");
  }

  get #attempt() {
    return this.#snapshot.context.attempt;
  }

  #send(what: object): this {
    const event = { attempt: this.#attempt, at: this.outside.now, ...what } as ConnectionEvent;
    this.outside.happens(event);
    const { snapshot, effects } = quickChart.next(this.#snapshot, event);
    this.#snapshot = snapshot;
    for (const effect of effects) {
      if (effect.type === "openSocket")
        this.dials.push({ server: effect.params.server.name, at: this.outside.now });
      if (effect.type === "startTimer" && effect.params.timer === "reconnect")
        this.keptWaiting.push(
          ...snapshot.context.pool.filter((one) => readyAt(one) <= this.outside.now).map((one) => one.name),
        );
    }
    this.outside.carriesOut(effects);
    return this;
  }

  #over(type: ConnectionEvent["type"]): this {
    return this.#send({ type, failure: null, halfClosed: false });
  }

  #letTimerFire(): void {
    const next = this.outside.nextTimer;
    if (next === undefined) throw new Error(`nothing is pending in ${stateOf(this.#snapshot)}`);
    this.outside.now = Math.max(this.outside.now, next.dueAt);
    this.#send({ type: "timer.fired", timer: next.timer, attempt: next.attempt });
  }

  play(fates: readonly Fate[]): this {
    while (this.dials.length < MOST_DIALS) {
      if (stateOf(this.#snapshot) !== "reconnecting.dialing") {
        this.#letTimerFire();
        continue;
      }
      const fate = fates[this.#number++ % fates.length];
      switch (fate) {
        case "says nothing":
          this.#letTimerFire();
          break;
        case "drops the client":
          this.#over("socket.opened").#send(info()).#over("server.pong").#over("server.pong");
          this.#over("socket.closed");
          break;
        case "is dialed late":
          this.#over("dial.queued");
          this.outside.now += 300;
          this.#over("dial.begun").#over("socket.closed");
          break;
        default:
          this.#over("socket.closed");
      }
    }
    return this;
  }
}

const fate = fc.constantFrom<Fate>(
  "refuses",
  "refuses",
  "refuses",
  "drops the client",
  "is dialed late",
  "says nothing",
);
const run = (most: number) =>
  fc.record<Run>({
    servers: fc.integer({ min: 1, max: most }),
    wait: fc.constantFrom(2_000, 400, 60_000),
    jitter: fc.constantFrom(100, 0, 1_000),
    seed: fc.integer(),
    fates: fc.array(fate, { minLength: 1, maxLength: 40 }),
  });

test(
  "no pool is dialed faster than 20 at once and one each 50 ms, or sooner where reconnectTimeWait is short",
  () => {
    fc.assert(
      fc.property(run(300), (one) => {
        const { interval } = serverPace({ ...defaultPolicy, reconnectTimeWait: one.wait });
        const { dials } = new Player(one).play(one.fates);
        const isTooFast = ({ at: from }: Dial, first: number) =>
          dials.some(
            ({ at: to }, last) => last > first && last - first + 1 > SERVERS_AT_ONCE + (to - from) / interval,
          );
        expect(dials.filter(isTooFast)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  },
  PATIENCE,
);

test(
  "a cluster of up to 20 never waits while a server of it is out of its backoff",
  () => {
    fc.assert(
      fc.property(run(SERVERS_AT_ONCE), (one) => {
        expect(new Player(one).play(one.fates).keptWaiting).toEqual([]);
      }),
      { numRuns: 40 },
    );
  },
  PATIENCE,
);

test("every server of a big pool is dialed in its turn", () => {
  const one: Run = { servers: 200, wait: 2_000, jitter: 100, seed: 1, fates: ["refuses"] };
  const dialed = new Set(
    new Player(one)
      .play(one.fates)
      .dials.slice(1)
      .map(({ server }) => server),
  );
  expect(dialed.size).toBe(one.servers);
});
