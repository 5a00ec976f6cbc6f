// INFO: from the server's JSON to what the client keeps (`nc.info`) and what the chart needs of it.
//
// A server may send anything: what is not of the expected kind is replaced by its default, what is too long is cut, and only JSON
// that is no object, or a nonce that nobody can sign, is a protocol violation. Each INFO is read once: as it is kept, it is masked.

import type { ServerSummary } from "../machine/events.js";
import { MAX_TEXT, type Masked, shortened } from "./shortened.js";
import { ProtocolViolation } from "./wire/protocol-violation.js";

/**
 * What a server says of itself in INFO. Source: the NATS protocol, and `ServerInfo` of `nats` 2.29.3.
 *
 * The client cuts texts of more than 1,024 characters. It keeps at most 1,000 `connect_urls`, and leaves those out that are too long to
 * be dialed. Of fields that it does not know, it keeps 16 KiB in all. What is cut says so in its place.
 */
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
const FIELDS: ReadonlySet<string> = new Set(
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

/** Servers of a cluster that are kept, and that the chart is told of. No cluster has as many; a server that lies must not fill the pool. */
const MAX_SERVERS = 1_000;
/** Characters of one of them: a host of 253, brackets or a scheme, and a port. */
const MAX_SERVER = 270;
/** Characters of all of them. */
const MAX_SERVERS_TEXT = 131_072;
/** Characters of a challenge. That of nats-server has 15. */
const MAX_NONCE = 1_024;
/** Characters, numbers and names of all fields that the client does not know, and of a known one that is no plain text. */
const MAX_UNKNOWN = 16_384;
const MAX_KNOWN = 2 * MAX_TEXT;
/** How deep one value may lie in another. */
const MAX_DEPTH = 8;

/** Takes secrets out of an INFO. */
export interface InfoMask {
  readonly text: Masked;
  /** The `connect_urls` without those that hold a secret. They are dialed: one with a mask in it leads nowhere. */
  servers(urls: readonly string[]): readonly string[];
}

const nothingToMask: InfoMask = { text: (text) => text, servers: (urls) => urls };

/**
 * Reads the JSON of an INFO line: as it is kept, with all its texts and numbers masked and bounded. The names of known fields are no
 * news: they stay, whatever the secret is.
 * @throws ProtocolViolation where it is no JSON object, or has a nonce of more than 1,024 characters
 */
export function parseInfo(json: string, mask: InfoMask = nothingToMask): ServerInfo {
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch {
    throw new ProtocolViolation("INFO is not followed by valid JSON");
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new ProtocolViolation("INFO is not followed by a JSON object");
  }
  const { connect_urls: urls, ...others } = given as Record<string, unknown>;
  if (typeof others["nonce"] === "string" && others["nonce"].length > MAX_NONCE)
    throw new ProtocolViolation(`INFO has a nonce of more than ${MAX_NONCE} characters`);
  const info = keptFields(others, mask.text);
  const text = (name: string) => (typeof info[name] === "string" ? (info[name] as string) : "");
  const number = (name: string, otherwise: number) => {
    const value = info[name];
    return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : otherwise;
  };
  const { nonce, ...rest } = info;
  // No literal with something behind `...rest`: for each of those V8 makes a hidden class (as far as Node 20).
  return Object.assign(
    rest,
    {
      server_id: text("server_id"),
      server_name: text("server_name"),
      version: text("version"),
      host: text("host"),
      go: text("go"),
      port: number("port", 0),
      proto: number("proto", 0),
      client_id: number("client_id", 0),
      max_payload: number("max_payload", DEFAULT_MAX_PAYLOAD),
    },
    typeof nonce === "string" ? { nonce } : {},
    Array.isArray(urls) ? { connect_urls: [...mask.servers(keptServers(urls))] } : {},
  );
}

/** The names of servers that somebody could dial, as many as are kept. */
function keptServers(urls: readonly unknown[]): readonly string[] {
  const kept: string[] = [];
  let left = MAX_SERVERS_TEXT;
  for (const url of urls) {
    if (typeof url !== "string" || url.length > MAX_SERVER) continue;
    left -= url.length;
    if (left < 0 || kept.length === MAX_SERVERS) break;
    kept.push(url);
  }
  return kept;
}

/** What may still be kept. */
interface Budget {
  left: number;
}

function keptFields(given: Readonly<Record<string, unknown>>, masked: Masked): Record<string, unknown> {
  const all = Object.entries(given);
  const known = all
    .filter(([name]) => FIELDS.has(name))
    .map(([name, value]) => [name, kept(value, masked, { left: MAX_KNOWN }, 1)]);
  const unknown = Object.fromEntries(all.filter(([name]) => !FIELDS.has(name)));
  const others = keptObject(unknown, masked, { left: MAX_UNKNOWN }, 0);
  return Object.fromEntries([...known, ...Object.entries(others)]);
}

/** The value as far as the budget goes, masked. A text stands in the place of what is left out. */
function kept(value: unknown, masked: Masked, budget: Budget, depth: number): unknown {
  budget.left -= 1;
  if (typeof value === "number") return masked(`${value}`) === `${value}` ? value : 0;
  if (typeof value === "string") return keptText(value, masked, budget);
  if (typeof value !== "object" || value === null) return value;
  if (depth === MAX_DEPTH) return "… (left out: too deep)";
  return Array.isArray(value)
    ? keptArray(value, masked, budget, depth)
    : keptObject(value as Record<string, unknown>, masked, budget, depth);
}

function keptArray(all: readonly unknown[], masked: Masked, budget: Budget, depth: number): unknown[] {
  const items: unknown[] = [];
  for (const item of all) {
    if (budget.left <= 0) return [...items, leftOut(all.length - items.length)];
    items.push(kept(item, masked, budget, depth + 1));
  }
  return items;
}

function keptObject(
  given: Readonly<Record<string, unknown>>,
  masked: Masked,
  budget: Budget,
  depth: number,
): Record<string, unknown> {
  const all = Object.entries(given);
  const fields: [string, unknown][] = [];
  for (const [name, value] of all) {
    if (budget.left <= 0) {
      fields.push(["…", leftOut(all.length - fields.length)]);
      break;
    }
    fields.push([keptText(name, masked, budget), kept(value, masked, budget, depth + 1)]);
  }
  return Object.fromEntries(fields);
}

function keptText(text: string, masked: Masked, budget: Budget): string {
  const shown = shortened(text, masked, Math.min(MAX_TEXT, Math.max(0, budget.left)));
  budget.left -= Math.min(text.length, MAX_TEXT);
  return shown;
}

const leftOut = (count: number) => `… (left out: ${count} more)`;

/** What the chart needs of an INFO. */
export function summaryOf(info: ServerInfo): ServerSummary {
  return {
    serverId: info.server_id,
    serverName: info.server_name,
    version: info.version,
    tlsRequired: info.tls_required === true,
    tlsAvailable: info.tls_available === true,
    lameDuck: info.ldm === true,
    connectUrls: [...(info.connect_urls ?? [])],
  };
}
