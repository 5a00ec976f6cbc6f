// Connections, by a client library.

import type { Client, Library } from "../library.js";
import type { Task } from "../task.js";

/** A connection to the first server of the task; the others are there to reconnect to. */
export function connected(library: Library, { ports }: Task): Promise<Client> {
  return library.connect({ servers: ports.map((port) => `127.0.0.1:${port}`), noRandomize: true });
}
