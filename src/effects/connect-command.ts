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

/** Tells whether credentials are the same as the last ones, without keeping more than is needed to compare. */
export class CredentialsCounter {
  #last: string | undefined;
  #count = 0;

  /** Number of the credentials, from 1; it grows when they differ from the time before. Signatures always differ. */
  count(credentials: Credentials): number {
    const { user, pass, auth_token, nkey, jwt } = credentials;
    const these = JSON.stringify([user, pass, auth_token, nkey, jwt]);
    if (these !== this.#last) this.#count++;
    this.#last = these;
    return this.#count;
  }

  /** The number of the last credentials; 0 before the first. */
  get current(): number {
    return this.#count;
  }
}
