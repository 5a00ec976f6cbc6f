// The values of the package, by their names: those of @nats-io/transport-node, with `connect` and `wsconnect` of ours. The
// build makes index.js, and the modules below lib, from it (scripts/in-place.mjs).

import type { NatsConnection } from "@nats-io/nats-core";
import { hasWsProtocol, InvalidArgumentError, wsUrlParseFn } from "@nats-io/nats-core/internal";
import * as own from "nats-statechart";
import { asNatsCore } from "nats-statechart/nats-core";
import { coreError } from "../../../src/nats-core/errors.js";
import { tellingLikeReference } from "../../nats/src/losses.js";

async function connectAsCore(options: own.ConnectionOptions): Promise<NatsConnection> {
  try {
    return asNatsCore(tellingLikeReference(await own.connect(options), options));
  } catch (error) {
    throw coreError(error);
  }
}

const values: Readonly<Record<string, unknown>> = {
  /** As `connect` of the reference: over TCP and TLS, with the errors of nats-core. */
  async connect(options: own.ConnectionOptions = {}): Promise<NatsConnection> {
    if (hasWsProtocol(options as Parameters<typeof hasWsProtocol>[0])) {
      throw InvalidArgumentError.format("servers", "are WebSocket URLs: use 'wsconnect'");
    }
    return connectAsCore(options);
  },
  /** As `wsconnect` of the reference: by WebSocket. */
  async wsconnect(options: own.ConnectionOptions = {}): Promise<NatsConnection> {
    const { servers, port = 443, ...rest } = options;
    if (options.tls) throw InvalidArgumentError.format("tls", "cannot be configured on W3C WebSockets");
    const given = servers === undefined || servers.length === 0 ? `127.0.0.1:${port}` : servers;
    return connectAsCore({ ...rest, servers: [given].flat().map((url) => wsUrlParseFn(url)) });
  },
};

/**
 * A module of the reference as this package gives it.
 * @param theirs what the module of the reference exports
 * @returns the same names, each with our value where there is one
 */
export function inPlaceOf(theirs: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const names = Object.keys(theirs);
  return Object.fromEntries(names.map((name) => [name, values[name] ?? theirs[name]]));
}
