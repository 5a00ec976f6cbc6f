// The life of a connection, and what it and a subscription weigh, by a client library.

import type { Client, Library } from "../library.js";
import { subjects } from "../messages.js";
import { memoryInUse, Stopwatch } from "../stopwatch.js";
import type { Sample, Task } from "../task.js";
import { connected } from "./connected.js";

async function connectAll(library: Library, task: Task, connections: number): Promise<Client[]> {
  const clients: Client[] = [];
  for (let i = 0; i < connections; i += 1) clients.push(await connected(library, task));
  return clients;
}

async function closeAll(clients: readonly Client[]): Promise<void> {
  for (const client of clients) await client.close();
}

/** Connections, one after the other; closing them is not measured. */
export async function connect(library: Library, task: Task): Promise<Sample> {
  await closeAll(await connectAll(library, task, task.warmup));
  const stopwatch = new Stopwatch();
  const clients = await connectAll(library, task, task.operations);
  const sample = stopwatch.stop(task.operations);
  await closeAll(clients);
  return sample;
}

/** Kills the server; the time until another one has all subscriptions. */
export async function reconnect(library: Library, task: Task): Promise<Sample> {
  const client = await connected(library, task);
  const all = subjects(task.count);
  let arrived: () => void = () => {};
  for (const subject of all) client.subscribe(subject, { callback: () => arrived() });
  await client.flush();
  const reconnected = (async () => {
    for await (const status of client.status()) if (status.type === "reconnect") return;
    throw new Error("the connection was closed instead of made again");
  })();
  // Ten milliseconds are measured: whether what came before is collected within them would be a matter of luck.
  memoryInUse();
  const stopwatch = new Stopwatch();
  process.kill(task.serverPid, "SIGKILL");
  await reconnected;
  await client.flush();
  const sample = stopwatch.stop(1);
  // Not measured: that the first and the last subscription are there.
  for (const subject of [all[0], all.at(-1)] as string[]) {
    const message = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    client.publish(subject, new Uint8Array(0));
    await message;
  }
  await client.close();
  return sample;
}

/** Connections that stay open. */
export async function connectionMemory(library: Library, task: Task): Promise<Sample> {
  await closeAll(await connectAll(library, task, task.warmup));
  const before = memoryInUse();
  const stopwatch = new Stopwatch();
  const clients = await connectAll(library, task, task.operations);
  const sample = stopwatch.stop(task.operations);
  const after = memoryInUse();
  await closeAll(clients);
  return { ...sample, rssBytes: after.rss - before.rss, heapBytes: after.heap - before.heap };
}

/** Subscriptions of one connection, each to a subject of its own, with one callback for all. */
export async function subscriptionMemory(library: Library, task: Task): Promise<Sample> {
  const client = await connected(library, task);
  const callback = () => {};
  const subscribeAll = async (total: number, prefix: string) => {
    for (let i = 0; i < total; i += 1) client.subscribe(`${prefix}.${i}`, { callback });
    await client.flush();
  };
  await subscribeAll(task.warmup, "warmup");
  const before = memoryInUse();
  const stopwatch = new Stopwatch();
  await subscribeAll(task.operations, "orders");
  const sample = stopwatch.stop(task.operations);
  const after = memoryInUse();
  await client.close();
  return { ...sample, rssBytes: after.rss - before.rss, heapBytes: after.heap - before.heap };
}
