// Requests and round trips, by a client library. Both ends of a request are in this process, on two connections.

import type { Library } from "../library.js";
import { payload, SUBJECT } from "../messages.js";
import { Stopwatch } from "../stopwatch.js";
import type { Sample, Task } from "../task.js";
import { connected } from "./connected.js";

/** Requests, `count` of them under way at any time. */
export async function requests(library: Library, task: Task): Promise<Sample> {
  const responder = await connected(library, task);
  const requester = await connected(library, task);
  const data = payload(task.size);
  responder.subscribe(SUBJECT, { callback: (_, message) => void message.respond(message.data) });
  await responder.flush();
  const ask = async (total: number) => {
    let left = total;
    const one = async () => {
      while (left > 0) {
        left -= 1;
        const answer = await requester.request(SUBJECT, data);
        if (answer.data.length !== task.size) throw new Error(`an answer of ${answer.data.length} bytes`);
      }
    };
    await Promise.all(Array.from({ length: task.count }, one));
  };
  await ask(task.warmup);
  const stopwatch = new Stopwatch();
  await ask(task.operations);
  const sample = stopwatch.stop(task.operations);
  await requester.close();
  await responder.close();
  return sample;
}

/** `flush`, one after the other. */
export async function flush(library: Library, task: Task): Promise<Sample> {
  const client = await connected(library, task);
  for (let i = 0; i < task.warmup; i += 1) await client.flush();
  const stopwatch = new Stopwatch();
  for (let i = 0; i < task.operations; i += 1) await client.flush();
  const sample = stopwatch.stop(task.operations);
  await client.close();
  return sample;
}
