// Many connections of one process that share the queue in which they dial, in virtual time. Timeouts are shorter than the queue
// is long: nobody's attempt may end by that. With real sockets: test/integration/herd.test.ts.

import { expect, it } from "vitest";
import { Connection } from "../../src/api/connection.js";
import type { NatsConnection } from "../../src/api/nats-connection.js";
import type { ConnectionOptions } from "../../src/api/options.js";
import { type DialLimits, DialQueue, type Turn } from "../../src/effects/node/dial-queue.js";
import { type Transport, type World, withDial } from "../../src/effects/world.js";
import { Simulation } from "../../src/testing/simulation.js";

const COUNT = 80;
const limits: DialLimits = { atOnce: 20, longest: 500, pace: { atOnce: 10, interval: 20 } };

interface Dial {
  readonly client: string;
  readonly at: number;
}

/** A process with many connections, and when it dialed. */
class Process {
  readonly dials: Dial[] = [];
  readonly errors: string[] = [];
  readonly simulation = new Simulation();
  readonly #queue = new DialQueue(this.simulation.time, () => this.simulation.time.elapsed(), limits);
  #clients = 0;

  connect(options: ConnectionOptions): Promise<NatsConnection> {
    const name = `c${this.#clients++}`;
    const dialed = () => void this.dials.push({ client: name, at: this.simulation.time.elapsed() });
    const world = this.simulation.world(name, { dialed });
    const onStatus: ConnectionOptions["onStatus"] = ({ type, error }) => {
      if (type === "error") this.errors.push(`${error?.code}`);
    };
    return new Connection(this.#queued(world), { name, onStatus, ...options }).start();
  }

  connectAll(options: ConnectionOptions): Promise<NatsConnection[]> {
    return this.simulation.until(Promise.all(Array.from({ length: COUNT }, () => this.connect(options))));
  }

  /** A world whose dials wait for their turn, as those of Node's do. */
  #queued(world: World): World {
    return withDial(world, (server, events, offered) => {
      let transport: Transport | undefined;
      const turn: Turn = this.#queue.ask(server.name, events, () => {
        const closed = (error: Error | null) => {
          turn.end();
          events.closed(error);
        };
        transport = world.dial(server, { ...events, closed }, offered);
      });
      return {
        get isOpen() {
          return transport?.isOpen ?? false;
        },
        write: (...given) => {
          turn.end();
          return transport?.write(...given) ?? false;
        },
        secure: (...given) => transport?.secure(...given),
        end: () => (transport === undefined ? events.closed(null) : transport.end()),
        destroy: () => {
          turn.end();
          transport?.destroy();
        },
      };
    });
  }
}

function mostWithin(dials: readonly Dial[], ms: number): number {
  return Math.max(...dials.map(({ at }) => dials.filter((one) => one.at >= at && one.at < at + ms).length));
}

it("many that connect at once all do, one after another, although the last one waits longer than its timeout", async () => {
  const process = new Process();
  const cluster = process.simulation.cluster();
  await process.connectAll({ servers: cluster.urls, timeout: 200 });
  expect(process.errors).toEqual([]);
  expect(process.dials).toHaveLength(COUNT);
  expect(process.dials.at(-1)?.at).toBeGreaterThan(1_000);
  expect(mostWithin(process.dials, 100)).toBeLessThanOrEqual(limits.pace.atOnce + 100 / limits.pace.interval);
});

it("many whose server is away for a while dial it one after another, each no sooner than its backoff ends, and all come back", async () => {
  const process = new Process();
  const { simulation } = process;
  const cluster = simulation.cluster();
  const options = { servers: cluster.urls, timeout: 200, maxReconnectAttempts: -1, reconnectTimeWait: 1_000 };
  const all = await process.connectAll(options);
  await simulation.advance(10_000);
  const before = process.dials.length;
  cluster.node(0).crash();
  await simulation.advance(9_000);
  cluster.node(0).start();
  await simulation.until(Promise.all(all.map((nc) => nc.flush())));

  const dials = process.dials.slice(before);
  expect(dials.length).toBeGreaterThan(2 * COUNT);
  expect(mostWithin(dials, 100)).toBeLessThanOrEqual(limits.pace.atOnce + 100 / limits.pace.interval);
  for (let client = 0; client < COUNT; client++) {
    const times = dials.filter((one) => one.client === `c${client}`).map(({ at }) => at);
    for (const [index, at] of times.slice(1).entries())
      expect(at - (times[index] as number)).toBeGreaterThanOrEqual(options.reconnectTimeWait - 1);
  }
  expect(process.errors).toContain("CONNECTION_REFUSED");
  expect(process.errors).not.toContain("TIMEOUT");
});

it("many that dial a host which says nothing keep nobody from another server, and each has its full timeout", async () => {
  const process = new Process();
  const { simulation } = process;
  const [dead, alive] = [simulation.cluster(), simulation.cluster()];
  dead.node(0).powerOff();
  const failures = Array.from({ length: COUNT }, () =>
    process.connect({ servers: dead.urls, timeout: 20_000 }).catch(({ code }) => `${code}`),
  );
  await simulation.advance(600);
  const asked = simulation.time.elapsed();
  const started = process.dials.length;
  expect(started).toBeLessThan(COUNT);
  await simulation.until(
    Promise.all(Array.from({ length: 5 }, () => process.connect({ servers: alive.urls, timeout: 100 }))),
  );
  expect(simulation.time.elapsed() - asked).toBeLessThan(limits.longest + 400);

  const codes = await simulation.until(Promise.all(failures));
  expect(codes).toEqual(Array(COUNT).fill("TIMEOUT"));
});

it("one that is closed while its dial waits ends at once, and is never dialed", async () => {
  const process = new Process();
  const { simulation } = process;
  const dead = simulation.cluster();
  dead.node(0).powerOff();
  const others = Array.from({ length: limits.atOnce }, () =>
    process.connect({ servers: dead.urls }).catch(({ code }) => `${code}`),
  );
  const leaving = new AbortController();
  const late = process.connect({ servers: dead.urls, signal: leaving.signal }).catch(({ code }) => code);
  leaving.abort();
  expect(await simulation.until(late, 1)).toBe("CANCELLED");
  await simulation.advance(30_000);
  expect(process.dials.map(({ client }) => client)).not.toContain(`c${limits.atOnce}`);
  expect(await Promise.all(others)).toEqual(Array(limits.atOnce).fill("TIMEOUT"));
});
