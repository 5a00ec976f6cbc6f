// The door between a model server and the network it is on: virtual (virtual-network.ts), or real
// (src/testing/embedded-server.ts).

/** A certificate that every client trusts: the names and addresses that it carries. */
export type Certificate = readonly string[];

/** A client's socket, as the server sees it. */
export interface ServerSocket {
  /** Who is on the other side: the client's address, or its name in a simulation. */
  readonly client: string;
  /** The port on the client's side; in a simulation the number of the client's socket. */
  readonly port: number;
  /** Sends bytes, in order. */
  write(bytes: Uint8Array): void;
  /** Sends what was written, then closes. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

/** What the server does with what comes from a socket. */
export interface ServerPeer {
  data(bytes: Uint8Array): void;
  /**
   * The client begins TLS. Returns the names and addresses that the server's certificate carries, or null where the server does
   * not go along. Only in a simulation: TLS itself is not modelled.
   */
  secure(): Certificate | null;
  /** The client has closed or is gone. */
  closed(): void;
}

/** What a host does with a new connection. */
export type Accept = (socket: ServerSocket) => ServerPeer;
