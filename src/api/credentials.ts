// Which credentials go to which server: those of the authenticators and options, and those of a server's URL.
// Nothing of this enters the chart; a foreign error stays in the cause of ours, since it could quote a secret.

import type { Credentials } from "../effects/connect-command.js";
import type { Destination } from "../machine/origin.js";
import { originId } from "../machine/origin.js";
import {
  type AsyncAuthenticator,
  type Auth,
  type AuthOptions,
  buildAuthenticator,
  isOurs,
  ownError,
} from "./authenticators.js";
import type { ConfiguredServer } from "./configured-servers.js";
import { problemOfLength } from "./credentials-file.js";
import { withholdMessage } from "./error-causes.js";
import { ErrorCode, NatsError } from "./errors.js";
import type { OptionsFor } from "./option-table.js";

/**
 * The credentials for each server: what the authenticators give, overridden by what the URL of its origin says. A server that
 * was learnt is offered what the configured one is by way of which the client knows it; the credentials of no other URL.
 */
export class ServerCredentials {
  readonly #authenticator: AsyncAuthenticator;
  /** The credentials of URLs, by the id of the origin. */
  #ofUrls: ReadonlyMap<string, Auth> = new Map();
  /** The ids of all origins that there are, with credentials or without. */
  #origins: ReadonlySet<string> = new Set();

  constructor(options: OptionsFor<"credentials">) {
    // Only what is looked at there: another option for credentials does not compile.
    const given: Pick<AuthOptions, keyof OptionsFor<"credentials">> = options;
    this.#authenticator = buildAuthenticator(given);
  }

  /**
   * The servers are those from now on: of all others, but those with the origins that are kept, the credentials are forgotten.
   * @param list number of the list, as the chart is told
   */
  replace(servers: readonly ConfiguredServer[], list: number, kept: readonly string[] = []): void {
    const origins = new Set(kept.filter((id) => this.#origins.has(id)));
    const ofUrls = new Map([...this.#ofUrls].filter(([id]) => origins.has(id)));
    for (const { name, auth: ofUrl, sameAs } of servers) {
      const id = originId(name, list);
      origins.add(id);
      const auth = ofUrl ?? (sameAs === undefined ? undefined : this.#ofUrls.get(sameAs));
      if (auth !== undefined && !ofUrls.has(id)) ofUrls.set(id, auth);
    }
    this.#origins = origins;
    this.#ofUrls = ofUrls;
  }

  /** Whether the URL of that origin has credentials. */
  isOffered(origin: string): boolean {
    return this.#ofUrls.has(origin);
  }

  /**
   * The credentials for that server. Refused for one whose origin was replaced, also while the authenticator was asked: the
   * attempt is about to end.
   * @param signal for the authenticators: aborted where nobody waits for the answer any more
   * @throws NatsError, also as a rejection; what a user's authenticator throws is its cause
   */
  of(
    { origin }: Destination,
    nonce: string | undefined,
    signal?: AbortSignal,
  ): Credentials | Promise<Credentials> {
    try {
      this.#checkOrigin(origin);
      const answer = this.#authenticator(nonce, signal);
      if (!(answer instanceof Promise)) return this.#merged(answer, origin);
      return answer
        .then((auth) => this.#merged(auth, origin))
        .catch((error: unknown) => Promise.reject(ours(error)));
    } catch (error) {
      throw ours(error);
    }
  }

  #merged(auth: Auth, origin: string): Credentials {
    this.#checkOrigin(origin);
    return checked({ ...auth, ...this.#ofUrls.get(origin) });
  }

  #checkOrigin(origin: string): void {
    if (!this.#origins.has(origin)) throw ownError("the list of servers was replaced", ErrorCode.Cancelled);
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

/** A server that gets something other than a string, or too long a line, hangs up without a word. */
function checked(credentials: Readonly<Record<string, unknown>>): Credentials {
  for (const name of fields) {
    const problem = problemOf(credentials[name]);
    if (problem === undefined) continue;
    throw ownError(`the credentials cannot be used: "${name}" ${problem}`, ErrorCode.BadAuthentication);
  }
  return credentials;
}

function problemOf(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string") return `must be a string, not ${typeof value}`;
  const tooLong = problemOfLength(value.length, "characters");
  return tooLong === undefined ? undefined : `has ${tooLong}`;
}

/** A message that is not the client's own stays in the cause: it may quote a secret. */
function ours(error: unknown): NatsError {
  if (error instanceof NatsError && isOurs(error)) return error;
  const cause = error instanceof Error ? withholdMessage(error) : undefined;
  const code = error instanceof NatsError ? error.code : ErrorCode.BadAuthentication;
  return new NatsError("the authenticator failed; the error's cause says why", code, cause);
}
