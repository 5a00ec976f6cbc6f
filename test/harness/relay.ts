// A loopback relay in front of a server, for what the network does to bytes: cut them up, hold them back, add to them,
// swallow them; and for what it does to connections: reset them, or lose one end of them without a word to the other.
//
// Servers that misbehave by themselves are fake-server.ts; those that die or stop are nats-server.ts.

import { once } from "node:events";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";

/** A relay that listens. */
export interface Relay {
  readonly port: number;
  /** Every connection it relayed, oldest first. */
  readonly links: readonly Link[];
  close(): Promise<void>;
}

/** One connection through a relay, and what can become of it. */
export interface Link {
  /** Which one of the relay it is, from 1 on. */
  readonly number: number;
  /** False from the moment that the client's end of it is closed. */
  readonly isOpen: boolean;
  /** The client gets RST, as where a machine has died and come back; the server sees the end. */
  reset(): void;
  /** Both sides see an end in good order (FIN), and nothing passes any more. */
  end(): void;
  /** From now on nothing that this side sends arrives. Nobody is told. */
  swallow(from: "client" | "server"): void;
  /** The server sees the end. The client is never told, and what it sends arrives nowhere: half open. */
  loseServer(): void;
}

/** What becomes of bytes on their way: hand on by `send` what is to arrive, when it is to arrive. */
export type Passage = (chunk: Buffer, send: (chunk: Uint8Array) => void) => void;

/** What a relay does with each connection; a function makes the passages, so that each may remember something. */
export interface RelayOptions {
  readonly fromServer?: (link: Link) => Passage;
  readonly fromClient?: (link: Link) => Passage;
  /** Milliseconds by which all is late, the end too. Default 0. */
  readonly delay?: number;
  /** Port to listen on: that of an earlier relay, where clients are to find it again. Default: a free one. */
  readonly port?: number;
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
}

const straight: Passage = (chunk, send) => send(chunk);

/** Listens on a loopback port and relays each connection to that port on 127.0.0.1, or to what a function says then. */
export async function relay(target: number | (() => number), options: RelayOptions = {}): Promise<Relay> {
  const {
    fromServer = () => straight,
    fromClient = () => straight,
    delay = 0,
    port = 0,
    host = "127.0.0.1",
  } = options;
  const sockets = new Set<Socket>();
  const links: Link[] = [];
  const later = (run: () => void) => (delay === 0 ? run() : void setTimeout(run, delay));
  const server = createServer((client) => {
    const upstream = dial(typeof target === "number" ? target : target(), "127.0.0.1");
    const swallowed = new Set<Socket>();
    const link: Link = {
      number: links.length + 1,
      get isOpen() {
        return !client.destroyed;
      },
      reset: () => {
        // What `resetAndDestroy` does too, but for the FIN that it sends first: the client would often see just that.
        Object.assign(client, { resetAndClosing: true }).destroy();
        upstream.destroy();
      },
      end: () => {
        swallowed.add(client).add(upstream);
        client.end();
        upstream.end();
      },
      swallow: (from) => void swallowed.add(from === "client" ? client : upstream),
      loseServer: () => {
        swallowed.add(client).add(upstream);
        upstream.destroy();
      },
    };
    links.push(link);
    const pass = (from: Socket, to: Socket, passage: Passage) => {
      const send = (bytes: Uint8Array) => {
        if (to.writable && !swallowed.has(from)) to.write(bytes);
      };
      sockets.add(from);
      from.setNoDelay(true);
      from.on("data", (chunk) => later(() => swallowed.has(from) || passage(chunk, send)));
      from.on("error", () => {});
      from.on("close", () => {
        sockets.delete(from);
        // The end of one that is swallowed is swallowed too; except that nobody is left to relay for without the client.
        later(() => (from === client || !swallowed.has(from)) && to.end());
      });
    };
    pass(client, upstream, fromClient(link));
    pass(upstream, client, fromServer(link));
  }).listen(port, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    links,
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
