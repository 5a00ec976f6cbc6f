// What dialing.test.ts runs in a network of its own: a nats-server, perhaps a name server, and a client that connects, once
// for each entry of the task. It tells how each attempt ended, a line of JSON each.

import { setTimeout as sleep } from "node:timers/promises";
import { NodeWorld } from "../../../src/effects/node/node-world.js";
import { type ConnectionOptions, connect, type NatsError } from "../../../src/index.js";
import { startNameServer, type Zone } from "../../harness/name-server.js";
import { startServer } from "../../harness/nats-server.js";

/** What is to be done. */
export interface Task {
  /** The nats-server to start on port 4222 of every address, and its configuration besides. Default: none. */
  readonly server?: { readonly path: string; readonly config?: string };
  /** Default: no name server in this network. */
  readonly zone?: Zone;
  readonly attempts: readonly (ConnectionOptions & { readonly isAborted?: true })[];
}

/** How an attempt ended. */
export interface Ended {
  /** The address that the transport told; null where it told none. */
  readonly reached?: string | null;
  /** The address that the server saw: in such a network that is the one that was dialed. */
  readonly seen?: unknown;
  readonly code?: string;
  readonly message?: string;
  /** What of the client still keeps the process alive. */
  readonly left: readonly string[];
}

const { server, zone, attempts } = JSON.parse(process.argv[2] ?? "{}") as Task;
const tell = (ended: Ended) => console.log(JSON.stringify(ended));

let reached: string | undefined;
const { dial } = NodeWorld.prototype;
NodeWorld.prototype.dial = function (to, events) {
  const opened = (address?: string) => {
    reached = address;
    events.opened(address);
  };
  return dial.call(this, to, { ...events, opened });
};

/** Sockets, lookups and timers, but those that are about to end. The server that this process runs is none of them. */
async function left(): Promise<readonly string[]> {
  await sleep(20);
  return process
    .getActiveResourcesInfo()
    .filter((name) => /^(TCPSocketWrap|TCPConnectWrap|GetAddrInfoReqWrap|QueryReqWrap|Timeout)$/.test(name));
}

async function attempt({ isAborted, ...options }: Task["attempts"][number]): Promise<void> {
  const abort = new AbortController();
  const onStatus = () => setImmediate(() => abort.abort());
  try {
    const nc = await connect({ ...options, ...(isAborted ? { signal: abort.signal, onStatus } : {}) });
    const seen = nc.info?.client_ip;
    await nc.close();
    tell({ reached: reached ?? null, seen, left: await left() });
  } catch (error) {
    const { code, message } = error as NatsError;
    tell({ code, message, left: await left() });
  }
}

if (zone !== undefined) await startNameServer(zone);
const running =
  server === undefined
    ? undefined
    : await startServer({ ...server, port: 4222, config: `${server.config ?? ""}\nlisten: "0.0.0.0:4222"` });
for (const one of attempts) await attempt(one);
await running?.kill();
