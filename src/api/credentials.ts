// Which credentials go to which server: those of the authenticators and options, and those of a server's URL.
// Nothing of this enters the chart; a foreign error stays in the cause of ours, since it could quote a secret.

import type { ClientSide } from "../effects/interpreter.js";
import { parseAddress } from "../machine/server-address.js";
import { type Auth, buildAuthenticator } from "./authenticators.js";
import { ErrorCode, NatsError } from "./errors.js";
import type { ConfiguredServer, ConnectionOptions } from "./options.js";

/**
 * The credentials for a server: what the authenticators give, overridden by what its URL says. A server learnt from
 * the cluster gets those of the first URL that has some: a cluster shares its accounts.
 */
export function credentialsFor(
  options: ConnectionOptions,
  servers: readonly ConfiguredServer[],
): ClientSide["authenticate"] {
  const authenticator = buildAuthenticator(options);
  const byName = new Map<string, Auth | undefined>();
  for (const { url, auth } of servers) {
    const address = parseAddress(url);
    if (address.ok && byName.get(address.value.name) === undefined) byName.set(address.value.name, auth);
  }
  const shared = servers.find((server) => server.auth !== undefined)?.auth;
  const merged = (auth: unknown, server: string) => {
    if (auth !== undefined && auth !== null && typeof auth !== "object") throw notAnObject(auth);
    return { ...(auth as Auth & object), ...(byName.has(server) ? byName.get(server) : shared) };
  };
  return (server, nonce) => {
    try {
      const answer: unknown = authenticator(nonce);
      return answer instanceof Promise
        ? answer.then((auth) => merged(auth, server)).catch((error: unknown) => Promise.reject(ours(error)))
        : merged(answer, server);
    } catch (error) {
      throw ours(error);
    }
  };
}

function notAnObject(value: unknown): NatsError {
  const message = `the authenticator must return an object with credentials, or nothing; got a ${typeof value}`;
  return new NatsError(message, ErrorCode.BadAuthentication);
}

function ours(error: unknown): NatsError {
  if (error instanceof NatsError) return error;
  const cause = error instanceof Error ? error : undefined;
  return new NatsError(
    "the authenticator failed; the error's cause says why",
    ErrorCode.BadAuthentication,
    cause,
  );
}
