// `connect`: from options to a connection.

import { NodeWorld } from "../effects/node/node-world.js";
import { nodeWebSockets } from "../effects/web-socket/node-web-sockets.js";
import { Connection } from "./connection.js";
import type { NatsConnection } from "./nats-connection.js";
import { checkOptions } from "./option-table.js";
import type { ConnectionOptions } from "./options.js";
import { nodeSettings, worldWith } from "./settings.js";
import { throwIfAborted } from "./signal.js";

/**
 * Connects to a NATS server.
 * @returns the connection, when it stands: the server has answered, the credentials are accepted
 * @throws NatsError (as a rejection) `INVALID_OPTION` or `NOT_FUNC` for options that make no sense, at once; else why the
 * last attempt failed (`TIMEOUT`, `CONNECTION_REFUSED`, `AUTHORIZATION_VIOLATION`, ...), with a message that names every
 * server that was tried, and `attempts`: one entry for each attempt; `CANCELLED` where the signal was aborted
 */
export async function connect(opts: ConnectionOptions = {}): Promise<NatsConnection> {
  checkOptions(opts);
  throwIfAborted(opts.signal, "connect");
  const settings = nodeSettings(opts);
  const world = new NodeWorld({ ...settings, dialWebSocket: nodeWebSockets(settings.tls) });
  return new Connection(worldWith(opts, world), { ...opts }).start();
}
