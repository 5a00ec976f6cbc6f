// What the user says about TLS.

import type { ConnectionOptions } from "node:tls";

/** Options of TLS: values or files, and whatever `node:tls` takes. Source: `TlsOptions` of `nats` 2.29.3. */
export interface TlsOptions extends Omit<ConnectionOptions, "host" | "port" | "socket" | "path"> {
  /** TLS before the first byte of the protocol; the server must be configured with `handshake_first`. Default false. */
  handshakeFirst?: boolean;
  /** File with the client certificate, PEM. Read at each attempt, so that a renewed one is used. */
  certFile?: string;
  /** File with the key of the client certificate, PEM. */
  keyFile?: string;
  /** File with the certificates of the authorities to trust, PEM. */
  caFile?: string;
  /**
   * Milliseconds that the handshake may take: above 0 and at most 2,147,483,647, else `INVALID_OPTION`. Default: what is left of the
   * option `timeout` of `connect`.
   */
  timeout?: number;
}

/** True where the options give a certificate for the client. */
export function offersCertificate({ cert, certFile, key, keyFile, pfx, secureContext }: TlsOptions): boolean {
  const isPair = (cert ?? certFile) !== undefined && (key ?? keyFile) !== undefined;
  return isPair || pfx !== undefined || secureContext !== undefined;
}
