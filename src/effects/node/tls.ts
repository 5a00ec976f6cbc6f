// TLS by node:tls: from the user's options and an open socket to a secured one, or a failure that says what to do. node:tls is
// loaded with the first connection that is to be secured (late-parts.ts), and handed in.

import { X509Certificate } from "node:crypto";
import { isIP, isIPv6, type Socket } from "node:net";
import type { ConnectionOptions, checkServerIdentity, TLSSocket } from "node:tls";
import type { Destination } from "../../machine/origin.js";
import type { Material } from "./certificates.js";
import { closedInHandshake, TlsFailure } from "./tls-failure.js";
import type { TlsOptions } from "./tls-options.js";

/** What of node:tls is used. */
export type NodeTls = Pick<typeof import("node:tls"), "connect" | "checkServerIdentity">;

type IdentityCheck = typeof checkServerIdentity;

/** How a handshake ends: one of the two is called, once, while the event that decided it is being handled. */
export interface HandshakeEvents {
  secured(socket: TLSSocket): void;
  failed(error: Error): void;
}

/** Runs the handshake over an open socket, which it takes over. */
export function handshake(
  tls: NodeTls,
  socket: Socket,
  server: Destination,
  options: TlsOptions,
  material: Material,
  events: HandshakeEvents,
): void {
  const { timeout } = options;
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const ends = (tell: () => void) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    tell();
  };
  const failed = (error: Error) => ends(() => events.failed(error));
  try {
    const secured = tls.connect({ ...connectionOptions(tls, server, options), ...material, socket });
    secured.on("error", failed);
    secured.on("close", () => failed(closedInHandshake()));
    secured.on("secureConnect", () => ends(() => events.secured(secured)));
    if (timeout === undefined) return;
    // Not the socket's own timeout, which begins anew with every byte that arrives.
    timer = setTimeout(
      () => failed(new TlsFailure(`no TLS handshake within ${timeout} ms (tls.timeout)`)),
      timeout,
    );
  } catch (error) {
    failed(badOption(error as NodeJS.ErrnoException, options));
  }
}

/** What goes to `node:tls`; an option that is undefined must not take the place of a default there. */
export function connectionOptions(tls: NodeTls, server: Destination, options: TlsOptions): ConnectionOptions {
  const { handshakeFirst: _, certFile: _c, keyFile: _k, caFile: _a, timeout: _t, ...given } = options;
  const name = server.tlsName ?? server.host;
  const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return {
    // The name of a server that is known by its address only must not be sent: SNI knows no addresses.
    ...(isIP(name) === 0 ? { servername: name } : { host: name }),
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says, as in the reference.
    rejectUnauthorized: true,
    ...defined,
    checkServerIdentity: guarded(options.checkServerIdentity ?? checkOf(tls, server)),
  };
}

/** The check of the certificate's name. Where it may carry another one, that is as good. */
function checkOf(tls: NodeTls, { otherTlsName }: Destination): IdentityCheck {
  const check = identityCheck(tls);
  if (otherTlsName === null) return check;
  return (name, certificate) => {
    const problem = check(name, certificate);
    return problem === undefined ? undefined : check(otherTlsName, certificate) && problem;
  };
}

/**
 * As Node does it. Where Node says no for an IPv6 address, OpenSSL decides: `checkServerIdentity` of Node 22.23 takes such
 * an address for a host name, and so refuses every certificate for it.
 */
export function identityCheck({ checkServerIdentity }: NodeTls): IdentityCheck {
  return (name, certificate) => {
    const problem = checkServerIdentity(name, certificate);
    if (problem === undefined || !isIPv6(name)) return problem;
    return new X509Certificate(certificate.raw).checkIP(name) === undefined ? problem : undefined;
  };
}

/** The user's function, made safe: what it throws would end the process. */
function guarded(check: IdentityCheck): IdentityCheck {
  return (name, certificate) => {
    try {
      const problem: unknown = check(name, certificate);
      if (problem === undefined || problem === null || problem === false) return undefined;
      return problem instanceof Error
        ? problem
        : new TlsFailure("tls.checkServerIdentity refused the certificate");
    } catch (error) {
      return new TlsFailure("tls.checkServerIdentity failed; the error's cause says why", { cause: error });
    }
  };
}

/** What `connect` throws is about the options. An error for a wrong argument quotes it, be it a secret: that is cut off. */
export function badOption(error: NodeJS.ErrnoException, { pfx }: TlsOptions): Error {
  const { code = "", message } = error;
  if (/^ERR_INVALID_ARG/.test(code)) {
    return new TlsFailure(message.replace(/\.? Received .*$/s, "").replaceAll("options.", "tls."));
  }
  if (/^ERR_O?SSL_/.test(code)) return error;
  const problem =
    pfx === undefined ? "the tls options cannot be used" : "tls.pfx cannot be opened with tls.passphrase";
  return new TlsFailure(`${problem}: ${message.split("\n")[0]}`, { cause: error });
}
