// Which credentials go to which server: those of the authenticators and options, and those of a server's URL.
// Nothing of this enters the chart; a foreign error stays in the cause of ours, since it could quote a secret.

import type { Credentials } from "../effects/connect-command.js";
import {
  type AsyncAuthenticator,
  type Auth,
  type AuthOptions,
  buildAuthenticator,
  isOurs,
  ownError,
} from "./authenticators.js";
import type { ConfiguredServer } from "./configured-servers.js";
import { ErrorCode, NatsError } from "./errors.js";
import type { OptionsFor } from "./option-table.js";

/**
 * The credentials for each server: what the authenticators give, overridden by what its URL says. A server learnt from
 * the cluster gets those of the first URL that has some: a cluster shares its accounts.
 */
export class ServerCredentials {
  readonly #authenticator: AsyncAuthenticator;
  readonly #byName = new Map<string, Auth | undefined>();
  #shared: Auth | undefined;

  constructor(options: OptionsFor<"credentials">) {
    // Only what is looked at there: another option for credentials does not compile.
    const given: Pick<AuthOptions, keyof OptionsFor<"credentials">> = options;
    this.#authenticator = buildAuthenticator(given);
  }

  /** Remembers the credentials of these URLs. */
  add(servers: readonly ConfiguredServer[]): void {
    for (const { name, auth } of servers) {
      this.#byName.set(name, auth ?? this.#byName.get(name));
      this.#shared ??= auth;
    }
  }

  /**
   * The credentials for that server.
   * @param signal for the authenticators: aborted where nobody waits for the answer any more
   * @throws NatsError, also as a rejection; what a user's authenticator throws is its cause
   */
  of(server: string, nonce: string | undefined, signal?: AbortSignal): Credentials | Promise<Credentials> {
    try {
      const answer = this.#authenticator(nonce, signal);
      if (!(answer instanceof Promise)) return this.#merged(answer, server);
      return answer
        .then((auth) => this.#merged(auth, server))
        .catch((error: unknown) => Promise.reject(ours(error)));
    } catch (error) {
      throw ours(error);
    }
  }

  #merged(auth: Auth, server: string): Credentials {
    const ofUrl = this.#byName.has(server) ? this.#byName.get(server) : this.#shared;
    return checked({ ...auth, ...ofUrl });
  }
}

const fields = Object.keys({
  user: true,
  pass: true,
  auth_token: true,
  nkey: true,
  sig: true,
  jwt: true,
} satisfies Record<keyof Credentials, true>);

/** A server that gets something other than a string hangs up without a word. */
function checked(credentials: Readonly<Record<string, unknown>>): Credentials {
  for (const name of fields) {
    const type = typeof credentials[name];
    if (type === "string" || type === "undefined") continue;
    const message = `the credentials cannot be used: "${name}" must be a string, not ${type}`;
    throw ownError(message, ErrorCode.BadAuthentication);
  }
  return credentials;
}

/** A message that is not the client's own stays in the cause: it may quote a secret. */
function ours(error: unknown): NatsError {
  if (error instanceof NatsError && isOurs(error)) return error;
  const cause = error instanceof Error ? error : undefined;
  const code = error instanceof NatsError ? error.code : ErrorCode.BadAuthentication;
  return new NatsError("the authenticator failed; the error's cause says why", code, cause);
}
