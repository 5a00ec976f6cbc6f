// What one-reachable-name.test.ts runs in a network of its own: a cluster whose nodes tell addresses that lead nowhere, one name
// that leads to a node which lives, and a client. Node after node is killed, and started again. It tells what came of each loss,
// a line of JSON each.

import { connect } from "../../../src/index.js";
import { startCluster } from "../../harness/nats-server.js";
import { relay } from "../../harness/relay.js";
import { Statuses, sleep } from "../../harness/waiting.js";

/** What is to be done. */
export interface Task {
  /** The nats-server to run. */
  readonly path: string;
  readonly losses: number;
  /** Milliseconds from a reconnect to the next loss. */
  readonly apart: number;
  /** Default: that of the client. */
  readonly reconnectTimeWait?: number;
  readonly reconnectJitter?: number;
}

/** What came of the loss of a node. */
export interface Outcome {
  /** From the loss to the reconnect: the types of statuses, and the servers. */
  readonly lines: readonly string[];
  /** What the client knows. */
  readonly known: readonly string[];
  /** Milliseconds from the status `disconnect` to the status `reconnect`. */
  readonly ms: number;
}

const { path, losses, apart, ...options } = JSON.parse(process.argv[2] ?? "{}") as Task;
const cluster = await startCluster(3, {
  path,
  each: (port, place) => ({ client_advertise: `10.9.0.${200 + place}:${port}` }),
});

// The one name that can be reached. It leads to a node that lives.
let living = 0;
const way = await relay(() => cluster.nodes[living]?.port ?? 0);

const statuses = new Statuses();
const times: number[] = [];
const nc = await connect({
  ...options,
  servers: `localhost:${way.port}`,
  onStatus: (status) => {
    statuses.add(status);
    times.push(performance.now());
  },
});
for (let loss = 0; loss < losses; loss++) {
  await sleep(apart);
  const before = statuses.count;
  const node = cluster.nodes[living];
  living = (living + 1) % cluster.nodes.length;
  await node?.kill();
  await statuses.until("reconnect", ({ type }) => type === "reconnect", before);
  const since = statuses.since(before);
  const at = (type: string) =>
    times[before + since.findIndex((status) => status.type === type)] ?? Number.NaN;
  const outcome: Outcome = {
    lines: statuses.lines(before).filter((line) => !line.startsWith("update")),
    known: nc.getServers().map(({ listen }) => listen),
    ms: Math.round(at("reconnect") - at("disconnect")),
  };
  console.log(JSON.stringify(outcome));
  await node?.start();
}
await nc.close();
process.exit(0);
