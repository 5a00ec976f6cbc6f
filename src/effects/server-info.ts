// INFO: from the server's JSON to what the client keeps (`nc.info`) and what the chart needs of it.
//
// A server may send anything: what is not of the expected kind is replaced by its default, and only JSON that is
// no object is a protocol violation.

import type { ServerSummary } from "../machine/events.js";
import { ProtocolViolation } from "./wire/parser.js";

/** What a server says of itself in INFO. Source: the NATS protocol, and `ServerInfo` of `nats` 2.29.3. */
export interface ServerInfo {
  /** Unique id of the server process. */
  server_id: string;
  /** Name of the server; its id where none is configured. */
  server_name: string;
  /** Version of nats-server. */
  version: string;
  /** Version of the protocol: 1 knows INFO after the greeting. */
  proto: number;
  /** Address on which the server listens. */
  host: string;
  /** Port on which the server listens. */
  port: number;
  /** True where the server knows headers. */
  headers?: boolean;
  /** Largest payload with headers, in bytes, that the server accepts. */
  max_payload: number;
  /** True where JetStream is enabled. */
  jetstream?: boolean;
  /** True where the server wants credentials. */
  auth_required?: boolean;
  /** True where the server wants TLS. */
  tls_required?: boolean;
  /** True where the server offers TLS. */
  tls_available?: boolean;
  /** True where the server wants a client certificate. */
  tls_verify?: boolean;
  /** The server's number for this client. */
  client_id: number;
  /** The client's IP address as the server sees it. */
  client_ip?: string;
  /** Name of the cluster. */
  cluster?: string;
  /** Where the other servers of the cluster accept clients, as `host:port`. */
  connect_urls?: string[];
  /** True where the server is in lame duck mode: it is about to shut down. */
  ldm?: boolean;
  /** Commit from which the server was built. */
  git_commit?: string;
  /** Version of Go with which the server was built. */
  go: string;
  /** Challenge to be signed by a client with an nkey. */
  nonce?: string;
}

/** The names of all fields. */
export const INFO_FIELDS: ReadonlySet<string> = new Set(
  Object.keys({
    server_id: true,
    server_name: true,
    version: true,
    proto: true,
    host: true,
    port: true,
    headers: true,
    max_payload: true,
    jetstream: true,
    auth_required: true,
    tls_required: true,
    tls_available: true,
    tls_verify: true,
    client_id: true,
    client_ip: true,
    cluster: true,
    connect_urls: true,
    ldm: true,
    git_commit: true,
    go: true,
    nonce: true,
  } satisfies Record<keyof ServerInfo, true>),
);

/** `max_payload` where a server does not name one: the default of nats-server, in bytes. */
const DEFAULT_MAX_PAYLOAD = 1_048_576;

/**
 * Reads the JSON of an INFO line.
 * @throws ProtocolViolation where it is no JSON object
 */
export function parseInfo(json: string): ServerInfo {
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch {
    throw new ProtocolViolation("INFO is not followed by valid JSON");
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new ProtocolViolation("INFO is not followed by a JSON object");
  }
  const info = given as Record<string, unknown>;
  const text = (name: string) => (typeof info[name] === "string" ? (info[name] as string) : "");
  const number = (name: string, otherwise: number) => {
    const value = info[name];
    return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : otherwise;
  };
  const { connect_urls: urls, nonce, ...rest } = info;
  return {
    ...rest,
    server_id: text("server_id"),
    server_name: text("server_name"),
    version: text("version"),
    host: text("host"),
    go: text("go"),
    port: number("port", 0),
    proto: number("proto", 0),
    client_id: number("client_id", 0),
    max_payload: number("max_payload", DEFAULT_MAX_PAYLOAD),
    ...(typeof nonce === "string" ? { nonce } : {}),
    ...(Array.isArray(urls)
      ? { connect_urls: urls.filter((url): url is string => typeof url === "string") }
      : {}),
  };
}

/** Servers of a cluster that the chart is told of. No cluster has as many; a server that lies must not fill the pool. */
const MOST_SERVERS = 1_000;

/** What the chart needs of an INFO. */
export function summaryOf(info: ServerInfo): ServerSummary {
  return {
    serverId: info.server_id,
    serverName: info.server_name,
    version: info.version,
    tlsRequired: info.tls_required === true,
    tlsAvailable: info.tls_available === true,
    lameDuck: info.ldm === true,
    connectUrls: (info.connect_urls ?? []).slice(0, MOST_SERVERS),
  };
}
