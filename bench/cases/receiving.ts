// Receiving, by a client library. The messages come from the flooder, another process.

import type { Client, Library } from "../library.js";
import { SUBJECT, subjects } from "../messages.js";
import { Stopwatch } from "../stopwatch.js";
import type { Sample, Task } from "../task.js";
import { connected } from "./connected.js";
import { Tally } from "./tally.js";

async function receive(client: Client, task: Task, tally: Tally): Promise<Sample> {
  const encoder = new TextEncoder();
  const publish = (subject: string, order: string) => client.publish(subject, encoder.encode(order));
  await client.flush();
  await tally.receive(publish, task.warmup);
  const stopwatch = new Stopwatch();
  await tally.receive(publish, task.operations);
  const sample = stopwatch.stop(task.operations);
  await client.flush();
  tally.check();
  await client.close();
  return sample;
}

/** One subscription for each subject, with a callback. */
export async function subscribe(library: Library, task: Task): Promise<Sample> {
  const client = await connected(library, task);
  const tally = new Tally(task);
  const callback = (_: Error | null, message: Parameters<typeof tally.count>[0]) => tally.count(message);
  for (const subject of subjects(task.count)) client.subscribe(subject, { callback });
  return await receive(client, task, tally);
}

/** Many subscriptions to one subject: one message becomes many. */
export async function fanOut(library: Library, task: Task): Promise<Sample> {
  const client = await connected(library, task);
  const tally = new Tally(task);
  const callback = (_: Error | null, message: Parameters<typeof tally.count>[0]) => tally.count(message);
  for (let i = 0; i < task.count; i += 1) client.subscribe(SUBJECT, { callback });
  return await receive(client, task, tally);
}

/** `for await`. */
export async function iterate(library: Library, task: Task): Promise<Sample> {
  const client = await connected(library, task);
  const tally = new Tally(task);
  const subscription = client.subscribe(SUBJECT);
  void (async () => {
    for await (const message of subscription) tally.count(message);
  })();
  return await receive(client, task, tally);
}
