// A TCP server that does as told: for servers that say nothing, too little, or nonsense. No NATS is spoken here but
// what a test writes; where behaviour depends on a server, tests use real ones.

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** A fake server that listens. */
export interface FakeServer {
  readonly port: number;
  /** Every socket it accepted, oldest first. */
  readonly sockets: readonly Socket[];
  /** How many sockets it accepted. */
  readonly connections: number;
  /** Resolves when it has accepted that many. */
  connectionCount(count: number): Promise<void>;
  /** Resolves when no socket is open: the client has let go of all. */
  emptied(): Promise<void>;
  close(): Promise<void>;
}

/** The INFO line of an ordinary server, with changes. */
export function info(changes: Record<string, unknown> = {}): string {
  const plain = {
    server_id: "FAKE",
    server_name: "fake",
    version: "2.10.0",
    proto: 1,
    host: "127.0.0.1",
    port: 4222,
    headers: true,
    max_payload: 1_048_576,
    client_id: 1,
    go: "go1",
  };
  return `INFO ${JSON.stringify({ ...plain, ...changes })}\r\n`;
}

/** Listens on a free loopback port and treats each connection as told. */
export async function fakeServer(onConnection: (socket: Socket) => void): Promise<FakeServer> {
  const sockets: Socket[] = [];
  const waiting = new Set<() => void>();
  const changed = () => {
    for (const look of [...waiting]) look();
  };
  const open = () => sockets.filter((socket) => !socket.destroyed);
  /** Waits until it is so, for ten seconds. `what` says what was waited for where it was not, and what was seen instead. */
  const until = (isSo: () => boolean, what: () => string) =>
    new Promise<void>((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(giveUp);
        waiting.delete(look);
        settle();
      };
      const look = () => isSo() && end(resolve);
      const giveUp = setTimeout(() => end(() => reject(new Error(`waited for ${what()}`))), 10_000);
      waiting.add(look);
      look();
    });
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.on("close", changed);
    socket.resume();
    changed();
    onConnection(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    get connections() {
      return sockets.length;
    },
    connectionCount: (count) =>
      until(
        () => sockets.length >= count,
        () => `${count} connections; there were ${sockets.length}`,
      ),
    emptied: () =>
      until(
        () => open().length === 0,
        () => `the client to let go of every socket; ${open().length} of ${sockets.length} are open`,
      ),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
