// The CONNECT command: what the client tells the server about itself. Built here and written to the socket at
// once: it holds the credentials, which no other part of the client ever sees.

/** What stands in the place of what may not be seen. */
export const MASK = "***";

/** Credentials as the CONNECT command carries them. */
export interface Credentials {
  readonly user?: string | undefined;
  readonly pass?: string | undefined;
  readonly auth_token?: string | undefined;
  readonly nkey?: string | undefined;
  readonly sig?: string | undefined;
  readonly jwt?: string | undefined;
}

/** The options that go into CONNECT. */
export interface ConnectFields {
  readonly name?: string | undefined;
  readonly verbose: boolean;
  readonly pedantic: boolean;
  readonly noEcho: boolean;
  readonly tls: boolean;
  readonly version: string;
}

/** CONNECT, and what may be seen of it. */
export interface ConnectCommand {
  /** What is sent. */
  readonly text: string;
  /** The same with a mask for each field of the credentials. */
  readonly shown: string;
}

/** The CONNECT line and the PING that asks whether it was accepted. */
export function connectCommand(
  fields: ConnectFields,
  serverHasHeaders: boolean,
  credentials: Credentials,
): ConnectCommand {
  const { name, verbose, pedantic, noEcho, tls, version } = fields;
  // These and no others: what else a user's authenticator answers is not for the wire, nor for JSON.
  const { user, pass, auth_token, nkey, sig, jwt } = credentials;
  const offered = { user, pass, auth_token, nkey, sig, jwt };
  const options = {
    protocol: 1,
    lang: "nats-statechart",
    version,
    verbose,
    pedantic,
    name,
    ...(noEcho ? { echo: false } : {}),
    ...(tls ? { tls_required: true } : {}),
    ...(serverHasHeaders ? { headers: true, no_responders: true } : {}),
  };
  // What is shown is built of what may be: nothing that is sent has to be found and taken out.
  const masks = Object.entries(offered).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, MASK]],
  );
  const line = (first: object) => `CONNECT ${JSON.stringify({ ...first, ...options })}\r\nPING\r\n`;
  return { text: line(offered), shown: line(Object.fromEntries(masks)) };
}

interface Remembered {
  /** As JSON, to be compared. */
  readonly text: string;
  readonly version: number;
}

/** Servers whose credentials are remembered: those that were offered any last. */
const MOST_REMEMBERED = 1_000;

/** Tells whether a server is offered the same credentials as the last time. */
export class CredentialsVersions {
  /** By server, the one that was offered any last at the end. */
  readonly #last = new Map<string, Remembered>();
  #lastVersion = 0;

  /** Credentials are offered to that server: they get another version when they differ from the time before. Signatures always differ. */
  offer(server: string, { user, pass, auth_token, nkey, jwt }: Credentials): void {
    const text = JSON.stringify([user, pass, auth_token, nkey, jwt]);
    const last = this.#last.get(server);
    this.#last.delete(server);
    this.#last.set(server, last?.text === text ? last : { text, version: ++this.#lastVersion });
    // Names of servers may come and go for ever. One that is forgotten gets a new version: it counts as others.
    const [oldest] = this.#last.keys();
    if (this.#last.size > MOST_REMEMBERED && oldest !== undefined) this.#last.delete(oldest);
  }

  /** The version of the credentials that this server was offered last; 0 before the first. */
  of(server: string): number {
    return this.#last.get(server)?.version ?? 0;
  }

  /** The credentials that this server was offered last; none before the first. */
  last(server: string): Credentials {
    const { text = "[]" } = this.#last.get(server) ?? {};
    const [user, pass, auth_token, nkey, jwt] = (JSON.parse(text) as (string | null)[]).map(
      (one) => one ?? undefined,
    );
    return { user, pass, auth_token, nkey, jwt };
  }

  /** The user names other servers: of all but those that stay, what they were offered is forgotten. */
  keepOnly(servers: readonly string[]): void {
    for (const server of this.#last.keys()) if (!servers.includes(server)) this.#last.delete(server);
  }
}
