// The ceiling: a socket that writes prepared bytes and counts those that come. No encoder, no parser, no messages.

import { once } from "node:events";
import {
  deliverySize,
  ORDER_SUBJECT,
  order,
  PreparedMessages,
  publication,
  SUBJECT,
  subjects,
} from "../messages.js";
import { RawSocket } from "../raw-socket.js";
import { memoryInUse, Stopwatch } from "../stopwatch.js";
import type { Cases, Sample, Task } from "../task.js";

const connect = ({ ports }: Task) => RawSocket.connect(ports[0] as number);

async function publish(task: Task): Promise<Sample> {
  const raw = await connect(task);
  const prepared = new PreparedMessages(subjects(task.count), task.size, task.headers);
  const publishAll = async (messages: number) => {
    for (let left = messages; left > 0; left -= task.burst) {
      for (const piece of prepared.pieces(Math.min(left, task.burst))) await raw.write(piece);
      await raw.flush();
    }
  };
  await publishAll(task.warmup);
  const stopwatch = new Stopwatch();
  await publishAll(task.operations);
  const sample = stopwatch.stop(task.operations);
  raw.close();
  return sample;
}

/** Counts bytes, and says when as many are there as wanted. */
class Counter {
  #bytes = 0;
  #wanted = 0;
  #arrived: () => void = () => {};

  readonly count = (chunk: Buffer): void => {
    this.#bytes += chunk.length;
    if (this.#bytes >= this.#wanted) this.#arrived();
  };

  expect(bytes: number): Promise<void> {
    this.#wanted = this.#bytes + bytes;
    return new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }

  /** The server may have said PING in between, once: it does so about two seconds after a client has come. */
  check(): void {
    const surplus = this.#bytes - this.#wanted;
    if (surplus !== 0 && surplus !== "PING\r\n".length)
      throw new Error(`${this.#bytes} bytes instead of ${this.#wanted}`);
  }
}

/** All subscriptions have numbers of four digits, so that every delivery has the same size. */
const FIRST_SID = 1000;

async function receive(task: Task): Promise<Sample> {
  const isFanOut = task.case === "fan-out";
  const raw = await connect(task);
  const counter = new Counter();
  const to = isFanOut ? Array.from({ length: task.count }, () => SUBJECT) : subjects(task.count);
  await raw.write(to.map((subject, n) => `SUB ${subject} ${FIRST_SID + n}\r\n`).join(""));
  await raw.flush();
  raw.received = counter.count;
  const size = deliverySize(to[0] as string, FIRST_SID, task.size, task.headers);
  const receiveAll = async (deliveries: number) => {
    for (let left = deliveries; left > 0; left -= task.burst) {
      const wanted = Math.min(left, task.burst);
      const arrived = counter.expect(wanted * size);
      const text = order(task, wanted / (isFanOut ? task.count : 1));
      raw.socket.write(`PUB ${ORDER_SUBJECT} ${text.length}\r\n${text}\r\n`);
      await arrived;
    }
  };
  await receiveAll(task.warmup);
  const stopwatch = new Stopwatch();
  await receiveAll(task.operations);
  const sample = stopwatch.stop(task.operations);
  counter.check();
  raw.close();
  return sample;
}

/** Ping-pong through the server: both ends count bytes and write prepared ones. */
async function requests(task: Task): Promise<Sample> {
  const responder = await connect(task);
  const requester = await connect(task);
  const inbox = "_INBOX.0123456789012345678901.0123456789012345678901";
  await responder.write(`SUB ${SUBJECT} 1\r\n`);
  await responder.flush();
  await requester.write(`SUB ${inbox} 1\r\n`);
  await requester.flush();
  const request = publication(SUBJECT, task.size, false, inbox);
  const answer = publication(inbox, task.size, false);
  const manyRequests = Buffer.concat(Array.from({ length: task.count }, () => request));
  const manyAnswers = Buffer.concat(Array.from({ length: task.count }, () => answer));
  const requestSize = deliverySize(SUBJECT, 1, task.size, false, inbox);
  const answerSize = deliverySize(inbox, 1, task.size, false);
  let asked = 0;
  responder.received = (chunk) => {
    asked += chunk.length;
    const messages = Math.floor(asked / requestSize);
    asked -= messages * requestSize;
    responder.socket.write(manyAnswers.subarray(0, messages * answer.length));
  };
  const ask = (total: number) =>
    new Promise<void>((resolve) => {
      let answered = 0;
      let toAsk = total - Math.min(total, task.count);
      let toHear = total;
      requester.received = (chunk) => {
        answered += chunk.length;
        const messages = Math.floor(answered / answerSize);
        answered -= messages * answerSize;
        toHear -= messages;
        const more = Math.min(messages, toAsk);
        toAsk -= more;
        if (more > 0) requester.socket.write(manyRequests.subarray(0, more * request.length));
        if (toHear <= 0) resolve();
      };
      requester.socket.write(manyRequests.subarray(0, (total - toAsk) * request.length));
    });
  await ask(task.warmup);
  const stopwatch = new Stopwatch();
  await ask(task.operations);
  const sample = stopwatch.stop(task.operations);
  requester.close();
  responder.close();
  return sample;
}

async function flush(task: Task): Promise<Sample> {
  const raw = await connect(task);
  for (let i = 0; i < task.warmup; i += 1) await raw.flush();
  const stopwatch = new Stopwatch();
  for (let i = 0; i < task.operations; i += 1) await raw.flush();
  const sample = stopwatch.stop(task.operations);
  raw.close();
  return sample;
}

async function connectAll(task: Task, connections: number): Promise<RawSocket[]> {
  const sockets: RawSocket[] = [];
  for (let i = 0; i < connections; i += 1) sockets.push(await connect(task));
  return sockets;
}

async function connecting(task: Task): Promise<Sample> {
  for (const raw of await connectAll(task, task.warmup)) raw.close();
  const stopwatch = new Stopwatch();
  const sockets = await connectAll(task, task.operations);
  const sample = stopwatch.stop(task.operations);
  for (const raw of sockets) raw.close();
  return sample;
}

async function connectionMemory(task: Task): Promise<Sample> {
  for (const raw of await connectAll(task, task.warmup)) raw.close();
  const before = memoryInUse();
  const stopwatch = new Stopwatch();
  const sockets = await connectAll(task, task.operations);
  const sample = stopwatch.stop(task.operations);
  const after = memoryInUse();
  for (const raw of sockets) raw.close();
  return { ...sample, rssBytes: after.rss - before.rss, heapBytes: after.heap - before.heap };
}

async function reconnect(task: Task): Promise<Sample> {
  const lines = subjects(task.count)
    .map((subject, n) => `SUB ${subject} ${n + 1}\r\n`)
    .join("");
  const raw = await connect(task);
  await raw.write(lines);
  await raw.flush();
  const lost = once(raw.socket, "close");
  memoryInUse();
  const stopwatch = new Stopwatch();
  process.kill(task.serverPid, "SIGKILL");
  await lost;
  const again = await RawSocket.connect(task.ports[1] as number);
  await again.write(lines);
  await again.flush();
  const sample = stopwatch.stop(1);
  again.close();
  return sample;
}

export const cases: Cases = {
  publish,
  "publish-subjects": publish,
  subscribe: receive,
  iterate: receive,
  "subscribe-subjects": receive,
  "fan-out": receive,
  request: requests,
  requests,
  flush,
  connect: connecting,
  reconnect,
  "connection-memory": connectionMemory,
};
