// The CONNECT command: what the client tells the server about itself. Built here and written to the socket at
// once: it holds the credentials, which no other part of the client ever sees.

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

/** The CONNECT line and the PING that asks whether it was accepted. */
export function connectCommand(
  fields: ConnectFields,
  serverHasHeaders: boolean,
  credentials: Credentials,
): string {
  const { name, verbose, pedantic, noEcho, tls, version } = fields;
  const options = {
    protocol: 1,
    lang: "nats-statechart",
    version,
    verbose,
    pedantic,
    ...(name === undefined ? {} : { name }),
    ...(noEcho ? { echo: false } : {}),
    ...(tls ? { tls_required: true } : {}),
    ...(serverHasHeaders ? { headers: true, no_responders: true } : {}),
  };
  return `CONNECT ${JSON.stringify({ ...credentials, ...options })}\r\nPING\r\n`;
}

interface Offered {
  readonly text: string;
  readonly count: number;
}

/** Tells whether a server is offered the same credentials as the last time, without keeping more than is needed. */
export class CredentialsCounter {
  readonly #last = new Map<string, Offered>();

  /** Credentials are offered to that server: their number there grows when they differ from the time before. Signatures always differ. */
  offer(server: string, { user, pass, auth_token, nkey, jwt }: Credentials): void {
    const text = JSON.stringify([user, pass, auth_token, nkey, jwt]);
    const last = this.#last.get(server);
    if (text !== last?.text) this.#last.set(server, { text, count: (last?.count ?? 0) + 1 });
  }

  /** The number of the credentials that this server was offered last; 0 before the first. */
  of(server: string): number {
    return this.#last.get(server)?.count ?? 0;
  }
}
