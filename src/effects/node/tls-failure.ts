// Why TLS failed, in words that say what to do. The error of the platform is the cause.

import { isIP } from "node:net";
import { printable } from "../wire/control-characters.js";

/** A failure of TLS. The code is that of the client, the platform's error is the cause. */
export class TlsFailure extends Error {
  override readonly name = "TlsFailure";
  readonly code = "TLS";
}

const unknownAuthority =
  "the certificate is signed by an authority that is not trusted: name it with tls.ca or tls.caFile";
const notTls =
  "the server does not speak TLS at this point: check tls.handshakeFirst and the server's TLS settings; or it refused the connection before TLS, because of a limit";
const noCommonVersion =
  "client and server have no version of TLS in common: check tls.minVersion and tls.maxVersion";
const unacceptable = "the server does not accept the client certificate";
const noClientCertificate =
  "the server demands a client certificate: give tls.cert and tls.key, or certFile and keyFile";

/** What the platform calls it, and what to tell. */
const known: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  CERT_SIGNATURE_FAILURE:
    "the certificate is not signed by the authority that is trusted, but by another of the same name: check tls.ca or tls.caFile",
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  CERT_NOT_YET_VALID: "the server's certificate is not valid yet",
  ERR_SSL_WRONG_VERSION_NUMBER: notTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: notTls,
  ERR_SSL_UNSUPPORTED_PROTOCOL: noCommonVersion,
  ERR_SSL_NO_PROTOCOLS_AVAILABLE: "tls.minVersion and tls.maxVersion leave no version of TLS",
  ERR_SSL_NO_CIPHER_MATCH: "tls.ciphers names no cipher that is known",
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: "tls.key does not belong to tls.cert",
  ECONNRESET: "the server closed the connection during the TLS handshake",
  EPIPE: "the server closed the connection during the TLS handshake",
};

/** What the server says before it closes (alerts, RFC 8446), and what to tell. */
const alerts: Readonly<Record<string, string>> = {
  CERTIFICATE_REQUIRED: noClientCertificate,
  BAD_CERTIFICATE: unacceptable,
  CERTIFICATE_UNKNOWN: unacceptable,
  UNSUPPORTED_CERTIFICATE: unacceptable,
  CERTIFICATE_EXPIRED: "the client certificate has expired",
  CERTIFICATE_REVOKED: "the client certificate was revoked",
  UNKNOWN_CA: "the server does not trust the authority of the client certificate",
  PROTOCOL_VERSION: noCommonVersion,
  HANDSHAKE_FAILURE: "the server refused the handshake: check tls.ciphers and the server's TLS settings",
};

/** Alerts by which one server or another says that the client showed no certificate. */
const missesCertificate = new Set(["CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "HANDSHAKE_FAILURE"]);

/**
 * The failure for an error of the platform, during the handshake or after it.
 * @param offersCertificate true where the client has a certificate to show
 */
export function tlsFailure(error: Error, offersCertificate: boolean): TlsFailure {
  if (error instanceof TlsFailure) return error;
  return new TlsFailure(sentence(error, offersCertificate), { cause: error });
}

/** The failure of a handshake that the other side ended without a word. */
export function closedInHandshake(): TlsFailure {
  return new TlsFailure("the server closed the connection during the TLS handshake");
}

/** Characters of a server's error that are shown. */
const MOST_SHOWN = 200;

/**
 * The failure of a handshake before which the server refused the client in the clear; undefined where it did not. Who said
 * that is unknown: so it is told as a part of this failure, and means nothing else.
 * @param heard what the server said in the clear
 */
export function refusedInTheClear(heard: string, error: Error | null): TlsFailure | undefined {
  const said = /^\s*-ERR[ \t]*([^\r\n]*)/i.exec(heard)?.[1];
  if (said === undefined) return undefined;
  const shown = printable(said.trim().replace(/^'|'$/g, "")).slice(0, MOST_SHOWN);
  const message = `the server sent an error where TLS was to begin: "${shown}" (it came unencrypted, so anybody on the way may have said it)`;
  const cause = error instanceof TlsFailure ? error.cause : error;
  return new TlsFailure(message, cause instanceof Error ? { cause } : undefined);
}

function sentence(error: Error, offersCertificate: boolean): string {
  const { code = "", reason } = error as NodeJS.ErrnoException & { reason?: unknown };
  // OpenSSL's own text is full of addresses and line numbers; the reason is what a person can read.
  const given = typeof reason === "string" ? reason : error.message.trim();
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return `the server's certificate is for another name: ${given}${byAddress(error)}`;
  const alert = /^ERR_SSL_.*_ALERT_(\w+)$/.exec(code)?.[1];
  if (alert === undefined) return known[code] ?? given;
  if (!offersCertificate && missesCertificate.has(alert)) return noClientCertificate;
  return alerts[alert] ?? `the server refused the handshake: ${given}`;
}

/** What to do where a server is named by its address, and its certificate has none. */
function byAddress(error: Error): string {
  const { host, cert } = error as { host?: unknown; cert?: { subjectaltname?: unknown } };
  const names = cert?.subjectaltname;
  if (typeof host !== "string" || isIP(host) === 0) return "";
  if (typeof names === "string" && names.includes("IP Address:")) return "";
  const given = typeof names === "string" ? ` (${printable(names).slice(0, MOST_SHOWN)})` : "";
  return `; it has names but no address: write in servers a name that it has${given}, or set tls.servername`;
}

/** True for errors by which TLS fails after the handshake: in TLS 1.3 the server refuses a client certificate only then. */
export function isTlsError(error: Error): boolean {
  return /^(ERR_SSL_|ERR_TLS_|CERT_)/.test((error as NodeJS.ErrnoException).code ?? "");
}
