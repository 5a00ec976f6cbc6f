// The servers that a user names, in options and in `setServers`: read, checked, and apart from the credentials of their URLs.
// What the chart makes of a URL: src/machine/server-address.ts.

import { parseAddress, type ServerTransport, splitCredentials } from "../machine/server-address.js";
import type { Auth } from "./authenticators.js";
import { ErrorCode, NatsError } from "./errors.js";
import type { NoOption, OptionsFor } from "./option-table.js";

/** A server that is configured, and the credentials of its URL. */
export interface ConfiguredServer {
  /** `host:port`. */
  readonly name: string;
  readonly url: string;
  readonly auth: Auth | undefined;
}

const DEFAULT_SERVER = "127.0.0.1:4222";

/** The configured servers, each with the credentials of its URL. */
export function configuredServers(options: OptionsFor<"servers">): readonly ConfiguredServer[] {
  const { servers, port, ...rest } = options;
  rest satisfies NoOption;
  if (port !== undefined) return readServers([`127.0.0.1:${port}`]);
  const given = typeof servers === "string" ? [servers] : (servers ?? []);
  return readServers(given.length === 0 ? [DEFAULT_SERVER] : given);
}

/**
 * Reads server URLs.
 * @throws NatsError `INVALID_OPTION` that says what is wrong, and never quotes the URL
 */
export function readServers(given: readonly string[]): readonly ConfiguredServer[] {
  const byName = new Map<string, ServerTransport["type"]>();
  return given.map((server) => {
    const { url, credentials } = splitCredentials(server);
    const address = parseAddress(url);
    if (!address.ok) throw new NatsError(`the option "servers": ${address.problem}`, ErrorCode.InvalidOption);
    const { name, transport } = address.value;
    const other = byName.get(name);
    if (other !== undefined && other !== transport.type) {
      const message = `the option "servers" names ${name} both for TCP and for WebSocket: they cannot share a port`;
      throw new NatsError(message, ErrorCode.InvalidOption);
    }
    byName.set(name, transport.type);
    const auth = credentials === null ? undefined : authOf(credentials);
    return { name, url, auth };
  });
}

function authOf(credentials: string): Auth {
  const decoded = (text: string) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  const colon = credentials.indexOf(":");
  if (colon === -1) return { auth_token: decoded(credentials) };
  return { user: decoded(credentials.slice(0, colon)), pass: decoded(credentials.slice(colon + 1)) };
}
