// A rolling restart of a three-node cluster under a steady stream of requests: how many fail, with lame duck mode and
// with SIGTERM, ours and `nats` 2.29.3 in turn.
//
// Run it with `npm run bench:rolling-restart`.

import { setTimeout as sleep } from "node:timers/promises";
import { connect as nats2 } from "nats";
import { connect as ours } from "../src/index.js";
import { oldestServer, startCluster } from "../test/harness/nats-server.js";

interface Client {
  request(subject: string, payload: string, opts: { timeout: number }): Promise<{ string(): string }>;
  subscribe(subject: string, opts: { callback: (error: unknown, msg: Responding) => void }): unknown;
  flush(): Promise<void>;
  close(): Promise<void>;
}
interface Responding {
  readonly data: Uint8Array;
  respond(payload: Uint8Array): boolean;
}
type Connect = (servers: string[]) => Promise<Client>;

const contenders: Readonly<Record<string, Connect>> = {
  "nats-statechart": (servers) =>
    ours({ servers, onLameDuck: "migrate", maxReconnectAttempts: -1 }) as Promise<Client>,
  "nats 2.29.3": (servers) =>
    nats2({ servers, maxReconnectAttempts: -1 }) as Promise<unknown> as Promise<Client>,
};

async function run(connect: Connect, how: "lame duck" | "SIGTERM"): Promise<string> {
  const config = 'lame_duck_duration: "30s"\nlame_duck_grace_period: "1s"';
  const cluster = await startCluster(3, {
    path: process.env["NATS_SERVER"] ?? (await oldestServer()),
    config,
  });
  const [requester, responder] = [await connect(cluster.urls), await connect(cluster.urls)];
  responder.subscribe("ask", { callback: (_error, msg) => void msg.respond(msg.data) });
  await responder.flush();
  let asked = 0;
  const failures: Record<string, number> = {};
  const underWay = new Set<Promise<void>>();
  const asking = setInterval(() => {
    const failed = (error: { code?: string }) => {
      const code = error.code ?? "unknown";
      failures[code] = (failures[code] ?? 0) + 1;
    };
    const one: Promise<void> = requester
      .request("ask", `${asked++}`, { timeout: 5_000 })
      .then(() => {}, failed)
      .finally(() => underWay.delete(one));
    underWay.add(one);
  }, 2);
  await sleep(300);
  for (const node of cluster.nodes) {
    if (how === "lame duck") {
      node.lameDuck();
      await node.ended();
    } else await node.stop();
    await node.start();
    await cluster.formed();
    await sleep(1_000);
  }
  clearInterval(asking);
  await Promise.all(underWay);
  await Promise.all([requester.close(), responder.close()]);
  await cluster.stop();
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  const by = Object.entries(failures).map(([code, count]) => `${code}: ${count}`);
  return `${failed} of ${asked} failed ${by.length === 0 ? "" : `(${by.join(", ")})`}`;
}

for (const how of ["lame duck", "SIGTERM"] as const) {
  for (const [name, connect] of Object.entries(contenders)) {
    console.log(`${how.padEnd(10)} ${name.padEnd(16)} ${await run(connect, how)}`);
  }
}
process.exit(0);
