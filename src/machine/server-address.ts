// Server URLs: from what a user or an INFO writes to host, port and scheme. Pure, and without credentials:
// a URL that carries some is split by the caller first (splitCredentials), since no secret may enter the chart.

/** Where a server listens. */
export interface ServerAddress {
  /** `host:port`, with an IPv6 address in brackets: the server's name in statuses, errors and the pool. */
  readonly name: string;
  /** Host name or IP address, without brackets. */
  readonly host: string;
  /** TCP port, 1 to 65535. */
  readonly port: number;
  /** True where the URL asks for TLS (`tls://`). */
  readonly tls: boolean;
  /** True where `host` is an IP address, not a name. */
  readonly isAddress: boolean;
}

/** Result of reading a URL: the value, or a sentence that says what is wrong. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };

const DEFAULT_PORT = 4222;
const SHAPE = "allowed are host, host:port, [ipv6]:port, nats://host:port and tls://host:port";

/** Splits `scheme://user:pass@host:port` into the part without credentials and the (still encoded) credentials. */
export function splitCredentials(url: string): { readonly url: string; readonly credentials: string | null } {
  const trimmed = url.trim();
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(trimmed)?.[0] ?? "";
  const rest = trimmed.slice(scheme.length);
  const at = rest.lastIndexOf("@");
  if (at === -1) return { url: trimmed, credentials: null };
  return { url: scheme + rest.slice(at + 1), credentials: rest.slice(0, at) };
}

/** Reads a server URL. A problem never quotes the URL: it could hold a password in the wrong place. */
export function parseAddress(url: string): Parsed<ServerAddress> {
  const match = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/?#]*)\/?$/i.exec(url.trim());
  if (match === null) return bad("has a path, a query or a fragment");
  const scheme = match[1]?.toLowerCase() ?? "nats";
  const authority = match[2] ?? "";
  if (scheme !== "nats" && scheme !== "tls") return bad(`has the scheme ${scheme}://`);
  if (authority.includes("@")) return bad("carries credentials in a place where they are not allowed");
  const split = splitPort(authority);
  if (split === null) return bad("has no valid host and port");
  const host = split.host === "" ? null : canonicalHost(split.host);
  if (host === null)
    return bad(split.host === "" ? "has no host" : "has a host with characters that no host name has");
  if (split.port < 1 || split.port > 65_535) return bad("has a port that is not between 1 and 65535");
  const isV6 = host.includes(":");
  const name = isV6 ? `[${host}]:${split.port}` : `${host}:${split.port}`;
  return {
    ok: true,
    value: {
      name,
      host,
      port: split.port,
      tls: scheme === "tls",
      isAddress: isV6 || /^\d+\.\d+\.\d+\.\d+$/.test(host),
    },
  };
}

function bad(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem: `the server URL ${problem}; ${SHAPE}` };
}

function splitPort(authority: string): { readonly host: string; readonly port: number } | null {
  const bracketed = /^\[([0-9a-f.]*:[0-9a-f:.]*)\](?::(\d{1,6}))?$/i.exec(authority);
  if (bracketed !== null) return { host: bracketed[1] ?? "", port: Number(bracketed[2] ?? DEFAULT_PORT) };
  if (/^[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*$/i.test(authority)) return { host: authority, port: DEFAULT_PORT };
  const plain = /^([^:]*)(?::(\d{1,6}))?$/.exec(authority);
  return plain === null ? null : { host: plain[1] ?? "", port: Number(plain[2] ?? DEFAULT_PORT) };
}

/** The host in lower case with an IPv6 address in its canonical form, or null where it can be none. */
function canonicalHost(host: string): string | null {
  const isV6 = host.includes(":");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isV6 && !/^[\p{L}\p{N}._-]+$/u.test(host)) return null;
  try {
    const { hostname } = new URL(isV6 ? `http://[${host}]` : `http://${host}`);
    return isV6 ? hostname.slice(1, -1) : hostname;
  } catch {
    return null;
  }
}
