// How long a client of a three-node cluster is without a server when the one it is connected to is killed (kill -9):
// from the kill to the first message that gets through another node. Ours and both reference clients, in turn.
//
// The connection is about 100 ms old when its server dies. The reference clients wait until `reconnectTimeWait` (2 s) has
// passed since a dial, so that with an older connection they are faster than here; ours never waits for a free server.
//
// Run it with `npm run bench:failover`. The median of five rounds is printed for each.

import { setTimeout as sleep } from "node:timers/promises";
import { connect as nats3 } from "@nats-io/transport-node";
import { connect as nats2 } from "nats";
import { connect as ours } from "../src/index.js";
import { oldestServer, startCluster } from "../test/harness/nats-server.js";

const ROUNDS = 5;

/** What a contender must be able to do. */
interface Client {
  publish(subject: string, payload: string): void;
  subscribe(
    subject: string,
    opts: { callback: (error: unknown, msg: { string(): string }) => void },
  ): unknown;
  flush(): Promise<void>;
  close(): Promise<void>;
  getServer(): string;
}

const contenders: Readonly<Record<string, (options: { servers: string[] }) => Promise<Client>>> = {
  "nats-statechart": (options) => ours(options) as Promise<Client>,
  "nats 2.29.3": (options) => nats2(options) as Promise<unknown> as Promise<Client>,
  "@nats-io/transport-node 3.4.0": (options) => nats3(options) as Promise<unknown> as Promise<Client>,
};

/** Milliseconds from the kill to the first message through another node. */
async function outage(connect: (options: { servers: string[] }) => Promise<Client>): Promise<number> {
  const cluster = await startCluster(3, { path: process.env["NATS_SERVER"] ?? (await oldestServer()) });
  const nc = await connect({ servers: cluster.urls });
  let through: (at: number) => void = () => {};
  const message = new Promise<number>((resolve) => {
    through = resolve;
  });
  nc.subscribe("alive", {
    callback: (_error, msg) => {
      if (msg.string() === "after") through(performance.now());
    },
  });
  await nc.flush();
  await sleep(100);
  const killed = performance.now();
  await cluster.nodeAt(nc.getServer()).kill();
  const publishing = setInterval(() => nc.publish("alive", "after"), 1);
  const took = (await message) - killed;
  clearInterval(publishing);
  await nc.close();
  await cluster.stop();
  return took;
}

const results: Record<string, number[]> = {};
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, connect] of Object.entries(contenders)) {
    results[name] = [...(results[name] ?? []), await outage(connect)];
  }
}
for (const [name, times] of Object.entries(results)) {
  const sorted = [...times].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  console.log(
    `${name.padEnd(30)} ${median.toFixed(1).padStart(8)} ms   (${sorted.map((ms) => ms.toFixed(0)).join(", ")})`,
  );
}
process.exit(0);
