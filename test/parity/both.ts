// One scenario through two clients, one after the other: nats@2.29.3, the reference, and ours. What each of them
// saw comes back, to be compared: `expect(await both(...)).toEqual(same(...))`, or with what each is expected to see.
//
// The reference is used through our types: where its own differ is what the tests here are about.

import type { Socket } from "node:net";
import * as reference from "nats";
import * as ours from "../../src/index.js";
import { info } from "../harness/fake-server.js";
import { type Relay, relay } from "../harness/relay.js";
import { sleep } from "../harness/waiting.js";

/** What both export. */
export type Library = Pick<typeof ours, Extract<keyof typeof reference, keyof typeof ours>>;

/** One of the two clients, for one run of a scenario. */
export interface Client {
  readonly is: "reference" | "ours";
  readonly lib: Library;
  /** Milliseconds to wait for what ours does and the reference never does. */
  readonly patience: number;
  /** As the client's own `connect`; the connection is closed after the run. */
  connect(options?: ours.ConnectionOptions): Promise<ours.NatsConnection>;
}

/** What the two clients saw of the same scenario. */
export interface Seen<T> {
  readonly reference: T;
  readonly ours: T;
}

/** Runs a scenario through both clients. */
export async function both<T>(scenario: (client: Client) => T | Promise<T>): Promise<Seen<T>> {
  return {
    reference: await run("reference", reference as unknown as Library, scenario),
    ours: await run("ours", ours, scenario),
  };
}

/** For a scenario in which both clients see the same. */
export function same<T>(seen: T): Seen<T> {
  return { reference: seen, ours: seen };
}

async function run<T>(
  is: Client["is"],
  lib: Library,
  scenario: (client: Client) => T | Promise<T>,
): Promise<T> {
  const open: ours.NatsConnection[] = [];
  const connect: Client["connect"] = async (options) => {
    const nc = await lib.connect(options);
    open.push(nc);
    return nc;
  };
  try {
    return await scenario({ is, lib, patience: is === "ours" ? 10_000 : 300, connect });
  } finally {
    await Promise.all(open.map((nc) => nc.close()));
  }
}

/** The code of the error with which something ends; `undefined` where it does not fail. */
export async function codeOf(work: () => unknown): Promise<string | undefined> {
  return (await errorOf(work))?.code;
}

/** The error with which something ends; `undefined` where it does not fail. */
export async function errorOf(work: () => unknown): Promise<ours.NatsError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error as ours.NatsError;
  }
}

/** What an iterator gives, to its end, and the code of the error with which it ends. */
export async function read<T, R>(
  from: AsyncIterable<T>,
  as: (one: T) => R,
): Promise<{ readonly read: R[]; readonly code: string | undefined }> {
  const all: R[] = [];
  const code = await codeOf(async () => {
    for await (const one of from) all.push(as(one));
  });
  return { read: all, code };
}

export const text = (msg: ours.Msg): string => msg.string();

/** Waits for something to become true, up to ten seconds. `what` says what it is, and may say what is seen instead. */
export async function until(isSo: () => boolean, what: string | (() => string) = `${isSo}`): Promise<void> {
  for (let tries = 0; !isSo(); tries++) {
    if (tries > 1_000) throw new Error(`timed out: ${typeof what === "string" ? what : what()}`);
    await sleep(10);
  }
}

/** Lets what has happened come through: the reference hands each status on by several promises. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise(setImmediate);
}

/** The statuses of a connection from now on, as they come. */
export class Watch {
  readonly statuses: ours.Status[] = [];
  readonly ended: Promise<void>;

  constructor(nc: ours.NatsConnection) {
    this.ended = (async () => {
      for await (const status of nc.status()) this.statuses.push(status);
    })();
  }

  get types(): string[] {
    return this.statuses.map(({ type }) => type);
  }

  /** Each as the reference has it: type and data. */
  get seen(): [string, ours.Status["data"]][] {
    return this.statuses.map(({ type, data }) => [type, data]);
  }

  /** Resolves when a status of that type has come, or that many. */
  async until(type: string, count = 1): Promise<ours.Status> {
    const come = () => this.statuses.filter((status) => status.type === type);
    await until(
      () => come().length >= count,
      () => `${count} × ${type}; came: ${this.types.join(", ")}`,
    );
    return come()[count - 1] as ours.Status;
  }
}

/** A relay in front of a server that keeps what clients send, by connection. */
export interface Wire extends Relay {
  /** What each connection sent so far, as text. */
  readonly sent: string[];
  /** The CONNECT of each connection. */
  readonly connects: Record<string, unknown>[];
}

export async function wireTo(port: number, host?: string): Promise<Wire> {
  const connections: Buffer[][] = [];
  const fromClient = () => {
    const chunks: Buffer[] = [];
    connections.push(chunks);
    return (chunk: Buffer, send: (bytes: Uint8Array) => void) => {
      chunks.push(chunk);
      send(chunk);
    };
  };
  const listening = await relay(port, host === undefined ? { fromClient } : { fromClient, host });
  const sent = () => connections.map((chunks) => Buffer.concat(chunks).toString());
  return {
    ...listening,
    get sent() {
      return sent();
    },
    get connects() {
      return sent().map((all) => JSON.parse(/^CONNECT (.*)\r\n/.exec(all)?.[1] ?? "{}"));
    },
  };
}

/** What a fake server says to a client that is welcome: INFO, and a PONG to each PING, until `answers` says no. */
export function welcome(socket: Socket, changes: Record<string, unknown> = {}, answers = () => true): void {
  socket.write(info(changes));
  socket.on("data", (chunk) => {
    const pings = chunk.toString().match(/PING\r\n/g)?.length ?? 0;
    if (answers()) socket.write("PONG\r\n".repeat(pings));
  });
}
