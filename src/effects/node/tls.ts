// TLS by node:tls: from the user's options to a secured socket, or an error that says what to do.

import { readFile } from "node:fs/promises";
import { isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import type { Destination } from "../../machine/effects.js";

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
  /** Milliseconds that the handshake may take. Default: what is left of the option `timeout` of `connect`. */
  timeout?: number;
}

/** A failure of TLS. The code is that of the client, the platform's error is the cause. */
export class TlsFailure extends Error {
  readonly code = "TLS";
}

const unknownAuthority =
  "the certificate is signed by an authority that is not trusted: name it with tls.ca or tls.caFile";
const noClientCertificate =
  "the server demands a client certificate: give tls.cert and tls.key, or certFile and keyFile";
const notTls =
  "the server does not speak TLS at this point: check tls.handshakeFirst and the server's TLS settings";
const wrongKey = "tls.key does not belong to tls.cert";

/** What the platform calls it, and what to tell. */
const known: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  CERT_NOT_YET_VALID: "the server's certificate is not valid yet",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: noClientCertificate,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE:
    "the server refused the handshake; it may demand a client certificate",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "the server does not accept the client certificate",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "the server does not trust the authority of the client certificate",
  ERR_SSL_WRONG_VERSION_NUMBER: notTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: notTls,
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: wrongKey,
  ERR_OSSL_X509_KEY_TYPE_MISMATCH: wrongKey,
  ERR_OSSL_PEM_NO_START_LINE: "tls.cert, tls.key or tls.ca is not PEM",
};

/** The failure for an error of the platform, during the handshake or after it. */
export function tlsFailure(error: Error): Error {
  if (error instanceof TlsFailure) return error;
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return new TlsFailure(`the server's certificate is for another name: ${error.message}`, { cause: error });
  }
  return new TlsFailure(known[code] ?? error.message, { cause: error });
}

/** True for errors by which TLS fails after the handshake: in TLS 1.3 the server refuses a client certificate only then. */
export function isTlsError(error: Error): boolean {
  return /^(ERR_SSL_|ERR_TLS_|CERT_)/.test((error as NodeJS.ErrnoException).code ?? "");
}

type Files = { readonly [Name in "cert" | "key" | "ca"]?: Buffer };

/** Reads the files that the options name. Rejects with a TlsFailure that names the option. */
export async function readTlsFiles(options: TlsOptions): Promise<Files> {
  const read = async (name: "cert" | "key" | "ca"): Promise<Files> => {
    const path = options[`${name}File`];
    if (path === undefined) return {};
    try {
      return { [name]: await readFile(path) };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "unreadable";
      throw new TlsFailure(`tls.${name}File: the file cannot be read (${code})`, { cause: error });
    }
  };
  const [cert, key, ca] = await Promise.all([read("cert"), read("key"), read("ca")]);
  return { ...cert, ...key, ...ca };
}

/** Runs the handshake over an open socket, which it takes over. Rejects with a TlsFailure. */
export function handshake(
  socket: Socket,
  server: Destination,
  options: TlsOptions,
  files: Files,
): Promise<TLSSocket> {
  const { handshakeFirst: _, certFile: _c, keyFile: _k, caFile: _a, timeout, ...rest } = options;
  const name = server.tlsName ?? server.host;
  const expected = isIP(name) === 0 ? { servername: name } : { host: name };
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(tlsFailure(error));
    try {
      const secured = connect({ ...expected, ...rest, ...files, socket });
      if (timeout !== undefined) {
        secured.setTimeout(timeout, () =>
          failed(new TlsFailure(`no TLS handshake within ${timeout} ms (tls.timeout)`)),
        );
      }
      secured.on("error", failed);
      secured.on("close", () =>
        failed(new TlsFailure("the server closed the connection during the TLS handshake")),
      );
      secured.on("secureConnect", () => {
        secured.setTimeout(0);
        resolve(secured);
      });
    } catch (error) {
      failed(error as Error);
    }
  });
}
