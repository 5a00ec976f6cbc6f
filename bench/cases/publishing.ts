// Publishing, by a client library.

import type { Client, Library, OwnHeaders } from "../library.js";
import { HEADERS, payload, subjects } from "../messages.js";
import { memoryInUse, peakRss, Stopwatch } from "../stopwatch.js";
import type { Sample, Task } from "../task.js";
import { connected } from "./connected.js";

/** New headers, as an application makes them for each message. */
function newHeaders(library: Library): OwnHeaders {
  const headers = library.headers();
  for (const [key, value] of HEADERS) headers.set(key, value);
  return headers as OwnHeaders;
}

/** Publishes, and flushes after each burst, so that all that was published has reached the server. */
async function publishAll(library: Library, client: Client, task: Task, messages: number): Promise<void> {
  const { count, size, burst, headers } = task;
  const to = subjects(count);
  const data = payload(size);
  let next = 0;
  for (let left = messages; left > 0; left -= burst) {
    const end = Math.min(left, burst);
    for (let i = 0; i < end; i += 1) {
      const subject = to[next] as string;
      next = next + 1 === to.length ? 0 : next + 1;
      if (headers) client.publish(subject, data, { headers: newHeaders(library) });
      else client.publish(subject, data);
    }
    await client.flush();
  }
}

export async function publish(library: Library, task: Task): Promise<Sample> {
  const client = await connected(library, task);
  await publishAll(library, client, task, task.warmup);
  const stopwatch = new Stopwatch();
  await publishAll(library, client, task, task.operations);
  const sample = stopwatch.stop(task.operations);
  await client.close();
  return sample;
}

/** Publishes in one go, without giving the event loop a chance: how much memory does what waits take? */
export async function publishUnawaited(library: Library, task: Task): Promise<Sample> {
  const client = await connected(library, task);
  await publishAll(library, client, task, task.warmup);
  const [subject] = subjects(1) as [string];
  const data = payload(task.size);
  const before = memoryInUse();
  const stopwatch = new Stopwatch();
  for (let i = 0; i < task.operations; i += 1) client.publish(subject, data);
  await client.flush();
  const sample = stopwatch.stop(task.operations);
  await client.close();
  return { ...sample, rssBytes: peakRss() - before.rss };
}
