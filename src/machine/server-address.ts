// Server URLs: from what a user or an INFO writes to host, port and scheme. Pure, and without credentials:
// a URL that carries some is split by the caller first (splitCredentials), since no secret may enter the chart.

/** How a server is reached: by TCP, or by WebSocket. `tls` is true where the URL asks for TLS (`tls://`, `wss://`). */
export type ServerTransport =
  | { readonly type: "tcp"; readonly tls: boolean }
  | {
      readonly type: "webSocket";
      readonly tls: boolean;
      /** The path of the URL, `/` where it has none. */
      readonly path: string;
    };

/** Where a server listens. */
export interface ServerAddress {
  /**
   * `host:port`, with an IPv6 address in brackets, and the path of a WebSocket URL that has one: the server's name in
   * statuses, errors and the pool.
   */
  readonly name: string;
  /** Host name or IP address, without brackets. */
  readonly host: string;
  /** TCP port, 1 to 65535. */
  readonly port: number;
  /** How it is reached. */
  readonly transport: ServerTransport;
  /** True where `host` is an IP address, not a name. */
  readonly isAddress: boolean;
}

/** Result of reading a URL: the value, or a sentence that says what is wrong. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };

/** What a URL begins with, and the port where it names none. */
const schemes: Readonly<
  Record<string, { readonly port: number; readonly tls: boolean; readonly webSocket: boolean }>
> = {
  nats: { port: 4222, tls: false, webSocket: false },
  // The name that other clients and docker know it by.
  tcp: { port: 4222, tls: false, webSocket: false },
  tls: { port: 4222, tls: true, webSocket: false },
  ws: { port: 80, tls: false, webSocket: true },
  wss: { port: 443, tls: true, webSocket: true },
};
const SHAPE =
  "allowed are host, host:port, [ipv6]:port, nats://host:port, tls://host:port, ws://host:port/path and wss://host:port/path";

/** Characters of a URL without its credentials. What browsers and proxies take is not much longer. */
const MAX_URL = 2_048;
/** Characters of a host name, and of what stands between two of its dots (RFC 1035, section 2.3.4). */
const MAX_HOST = 253;
const MAX_LABEL = 63;

/** A name, or an IPv4 address, in canonical form, with a port: nearly all that a cluster names. */
const PLAIN =
  /^(?:((?:[a-z\d_-]{1,63}\.)*[a-z][a-z\d_-]{0,62})|((?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!:)|(?=:))){4})):([1-9]\d{0,4})$/;

/** Splits `scheme://user:pass@host:port` into the part without credentials and the (still encoded) credentials. */
export function splitCredentials(url: string): { readonly url: string; readonly credentials: string | null } {
  const trimmed = url.trim();
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(trimmed)?.[0] ?? "";
  const rest = trimmed.slice(scheme.length);
  const at = rest.lastIndexOf("@");
  // A WebSocket URL may have a path: what stands before an @ in it are no credentials. parseAddress refuses it.
  const isInPath = /^wss?:/i.test(scheme) && rest.slice(0, Math.max(at, 0)).includes("/");
  if (at === -1 || isInPath) return { url: trimmed, credentials: null };
  return { url: scheme + rest.slice(at + 1), credentials: rest.slice(0, at) };
}

/**
 * Reads a server URL of at most 2,048 characters. Its host name has at most 253, and 63 between two dots. A problem never quotes
 * the URL: it could hold a password in the wrong place.
 */
export function parseAddress(url: string): Parsed<ServerAddress> {
  return plainAddress(url) ?? anyAddress(url.trim());
}

/** The address of a URL that needs no more than a look. Undefined for any other, which may be a good one all the same. */
function plainAddress(url: string): Parsed<ServerAddress> | undefined {
  const found = url.length > MAX_HOST || url.includes("xn--") ? null : PLAIN.exec(url);
  if (found === null) return undefined;
  const [, name, address = "", port] = found;
  if (Number(port) > 65_535) return undefined;
  const transport = { type: "tcp", tls: false } as const;
  return { ok: true, value: addressOf(name ?? address, Number(port), transport) };
}

function anyAddress(url: string): Parsed<ServerAddress> {
  if (url.length > MAX_URL) return bad(`has more than ${MAX_URL} characters`);
  const mistyped = problemOfScheme(url);
  if (mistyped !== null) return { ok: false, problem: mistyped };
  const match = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/?#]*)(\/[^?#]*)?$/i.exec(url);
  const name = match?.[1]?.toLowerCase() ?? "nats";
  const scheme = Object.hasOwn(schemes, name) ? schemes[name] : undefined;
  const path = match?.[3] ?? "/";
  if (match !== null && scheme === undefined) return bad(`has the scheme ${name}://`);
  if (match === null || scheme === undefined || (path !== "/" && !scheme.webSocket))
    return bad("has a path, a query or a fragment");
  const authority = match[2] ?? "";
  if (authority.includes("@") || path.includes("@"))
    return bad("carries credentials in a place where they are not allowed");
  const split = splitPort(authority, scheme.port);
  if (split === null) return bad("has no valid host and port");
  if (split.host === "") return bad("has no host");
  const host = isTooLong(split.host) ? split.host : canonicalHost(split.host);
  if (host === null) return bad("has a host with characters that no host name has");
  if (isTooLong(host))
    return bad(
      `has a host name of more than ${MAX_HOST} characters, or of more than ${MAX_LABEL} between two dots`,
    );
  if (split.port < 1 || split.port > 65_535) return bad("has a port that is not between 1 and 65535");
  const { tls, webSocket } = scheme;
  const transport = webSocket
    ? ({ type: "webSocket", tls, path: canonicalPath(path) } as const)
    : ({ type: "tcp", tls } as const);
  return { ok: true, value: addressOf(host, split.port, transport) };
}

function addressOf(host: string, port: number, transport: ServerTransport): ServerAddress {
  const isV6 = host.includes(":");
  const listens = isV6 ? `[${host}]:${port}` : `${host}:${port}`;
  const hasPath = transport.type === "webSocket" && transport.path !== "/";
  return {
    name: hasPath ? listens + transport.path : listens,
    host,
    port,
    transport,
    isAddress: isV6 || /^\d+\.\d+\.\d+\.\d+$/.test(host),
  };
}

/** True for what no name server knows. The dot at the end of a name does not count. Looked at before anything else is. */
function isTooLong(host: string): boolean {
  const name = host.endsWith(".") ? host.slice(0, -1) : host;
  return name.length > MAX_HOST || name.split(".").some((label) => label.length > MAX_LABEL);
}

/**
 * What is wrong with the beginning of a URL such as `tls:/host`: read as a host, it would be reached without TLS. A host may be called
 * so, and have a port. Null where nothing is wrong.
 */
export function problemOfScheme(url: string): string | null {
  const text = url.trim();
  const isMistyped = /^(nats|tcp|tls|wss?)\s*[:;/\\]/i.test(text) && !/^[a-z]+:(\/\/|\d+$)/i.test(text);
  return isMistyped ? bad("begins with a scheme that is not followed by ://").problem : null;
}

function bad(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem: `the server URL ${problem}; ${SHAPE}` };
}

/** The path with what may not stand there percent-encoded, and without `.` and `..`. */
function canonicalPath(path: string): string {
  return new URL(`http://host${path}`).pathname;
}

/** The URL that a WebSocket to that server is opened with. Without credentials: they go into CONNECT. */
export function webSocketUrl({
  host,
  port,
  transport,
}: Pick<ServerAddress, "host" | "port" | "transport">): string {
  const path = transport.type === "webSocket" ? transport.path : "/";
  return `${transport.tls ? "wss" : "ws"}://${host.includes(":") ? `[${host}]` : host}:${port}${path}`;
}

function splitPort(
  authority: string,
  defaultPort: number,
): { readonly host: string; readonly port: number } | null {
  const bracketed = /^\[([0-9a-f.]*:[0-9a-f:.]*)\](?::(\d{1,6}))?$/i.exec(authority);
  if (bracketed !== null) return { host: bracketed[1] ?? "", port: Number(bracketed[2] ?? defaultPort) };
  if (/^[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*$/i.test(authority)) return { host: authority, port: defaultPort };
  const plain = /^([^:]*)(?::(\d{1,6}))?$/.exec(authority);
  return plain === null ? null : { host: plain[1] ?? "", port: Number(plain[2] ?? defaultPort) };
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
