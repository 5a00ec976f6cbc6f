// A loopback relay in front of a server, for what the network does to bytes: cut them up, hold them back, add to them.

import { once } from "node:events";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";

/** A relay that listens. */
export interface Relay {
  readonly port: number;
  close(): Promise<void>;
}

/** What becomes of bytes on their way: hand on by `send` what is to arrive, when it is to arrive. */
export type Passage = (chunk: Buffer, send: (chunk: Uint8Array) => void) => void;

/** What a relay does with each connection; a function makes the passages, so that each may remember something. */
export interface RelayOptions {
  readonly fromServer?: () => Passage;
  readonly fromClient?: () => Passage;
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
}

const straight: Passage = (chunk, send) => send(chunk);

/** Listens on a free loopback port and relays each connection to that port on 127.0.0.1. */
export async function relay(port: number, options: RelayOptions = {}): Promise<Relay> {
  const { fromServer = () => straight, fromClient = () => straight, host = "127.0.0.1" } = options;
  const sockets = new Set<Socket>();
  const pass = (from: Socket, to: Socket, passage: Passage) => {
    sockets.add(from);
    from.setNoDelay(true);
    from.on("data", (chunk) => passage(chunk, (bytes) => void (to.writable && to.write(bytes))));
    from.on("error", () => {});
    from.on("close", () => {
      sockets.delete(from);
      to.end();
    });
  };
  const server = createServer((client) => {
    const upstream = dial(port, "127.0.0.1");
    pass(client, upstream, fromClient());
    pass(upstream, client, fromServer());
  }).listen(0, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Cuts what passes into pieces of these sizes, over and over; each arrives on its own, in a turn of its own. */
export function inPieces(...sizes: readonly number[]): () => Passage {
  return () => {
    const waiting: (() => void)[] = [];
    let at = 0;
    const next = () => {
      waiting.shift()?.();
      if (waiting.length > 0) setImmediate(next);
    };
    return (chunk, send) => {
      if (waiting.length === 0) setImmediate(next);
      for (let start = 0; start < chunk.length; ) {
        const piece = chunk.subarray(start, start + (sizes[at++ % sizes.length] ?? 1));
        waiting.push(() => send(piece));
        start += piece.length;
      }
    };
  };
}
