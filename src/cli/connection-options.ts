// The arguments by which `check` and `inspect` connect: servers, credentials, TLS; from the command line and the
// environment to options of the client. Reads no file but to see that it is there: the client reads them.

import { closeSync, openSync, readSync } from "node:fs";
import { credsAuthenticator } from "../api/authenticators.js";
import { configuredServers } from "../api/configured-servers.js";
import { MAX_CREDENTIALS, problemOfLength } from "../api/credentials-file.js";
import { isNatsError } from "../api/errors.js";
import { MAX_MILLISECONDS } from "../api/milliseconds.js";
import type { ConnectionOptions } from "../api/options.js";
import { splitCredentials } from "../machine/server-address.js";
import { UsageError } from "./command.js";
import type { Environment } from "./terminal.js";

/** The options, as `parseArgs` takes them. */
export const connectionOptions = {
  creds: { type: "string" },
  user: { type: "string" },
  password: { type: "string" },
  tls: { type: "boolean" },
  "no-tls": { type: "boolean" },
  "tls-first": { type: "boolean" },
  "tls-ca": { type: "string" },
  "tls-cert": { type: "string" },
  "tls-key": { type: "string" },
  timeout: { type: "string" },
} as const;

/** The part of the help that is about them. */
export const CONNECTION_HELP = `Credentials:
  --creds FILE          a credentials file (JWT and nkey); or NATS_CREDS
  --user NAME           a user name; or NATS_USER
  --password TEXT       its password; better NATS_PASSWORD, which other users of the machine cannot see
                        A token: NATS_TOKEN. Credentials in a URL: nats://user:password@host.

TLS (used by itself where the server offers it):
  --tls                 insist on it, as each of the options below does
  --no-tls              forbid it
  --tls-first           before the first byte of the protocol (handshake_first of the server)
  --tls-ca FILE         the certificates of the authorities to trust, PEM; or NATS_CA
  --tls-cert FILE       the certificate of this client, PEM; or NATS_CERT
  --tls-key FILE        its key, PEM; or NATS_KEY

  --timeout MS          milliseconds that one attempt may take; default 5000`;

/** What was given, once parsed. */
export type Given = { readonly [Name in keyof typeof connectionOptions]?: string | boolean | undefined };

/** Which credentials a server will be offered. */
export type CredentialsKind = "none" | "creds" | "user" | "token" | "url";

/** How to connect, and what to remember of how it was asked for. */
export interface Wanted {
  /** Servers as given, perhaps with credentials: never to be printed. */
  readonly servers: readonly string[];
  /** Options of `connect`, without the servers. */
  readonly options: ConnectionOptions & { readonly timeout: number };
  /** Which credentials that server will be offered. */
  credentialsFor(server: string): CredentialsKind;
  /** When the JWT of the credentials file ends, in milliseconds since 1970; null where there is none, or no end. */
  readonly credentialsEnd: number | null;
}

/** Milliseconds that an attempt may take where nobody says. */
export const DEFAULT_TIMEOUT = 5_000;

/**
 * Reads how to connect.
 * @throws UsageError for what cannot be meant; no message quotes a value that could be a secret
 */
export function readConnection(given: Given, positionals: readonly string[], env: Environment): Wanted {
  const servers = serversOf(positionals, env);
  const credentials = credentialsOf(given, env);
  const tls = tlsOf(given, env);
  const options = {
    ...credentials.options,
    ...(tls === undefined ? {} : { tls }),
    timeout: timeoutOf(given),
  };
  return {
    servers,
    options,
    credentialsEnd: credentials.end ?? null,
    credentialsFor: (server) => (splitCredentials(server).credentials === null ? credentials.kind : "url"),
  };
}

function serversOf(positionals: readonly string[], env: Environment): readonly string[] {
  // A comma separates servers, as in other NATS tools. One in a password has to be written as %2C.
  const split = (list: string) => list.split(",").filter((server) => server.trim() !== "");
  // What was meant to name a server, such as a variable of a script, must not become this machine's.
  if (positionals.some((list) => split(list).length === 0))
    throw new UsageError("a SERVER is empty: leave it away for NATS_URL or 127.0.0.1:4222");
  const servers = (positionals.length > 0 ? positionals : [env["NATS_URL"] ?? ""]).flatMap(split);
  const chosen = servers.length > 0 ? servers : ["127.0.0.1:4222"];
  try {
    configuredServers({ servers: chosen });
  } catch (error) {
    if (!isNatsError(error)) throw error;
    throw new UsageError(error.message.replace('the option "servers": ', ""));
  }
  return chosen;
}

interface ChosenCredentials {
  readonly kind: CredentialsKind;
  readonly options: ConnectionOptions;
  readonly end?: number | null;
}

/** What the command line says counts before what the environment says. */
function credentialsOf(given: Given, env: Environment): ChosenCredentials {
  const { creds, user, password } = given;
  if (creds !== undefined && user !== undefined) throw new UsageError("give --creds or --user, not both");
  if (typeof creds === "string") return fromFile(creds, "--creds");
  if (typeof user === "string") return fromUser(user, text(password) ?? set(env["NATS_PASSWORD"]));
  if (password !== undefined && set(env["NATS_USER"]) === undefined) {
    throw new UsageError("--password needs --user");
  }
  const file = set(env["NATS_CREDS"]);
  const name = set(env["NATS_USER"]);
  const token = set(env["NATS_TOKEN"]);
  if (name !== undefined && password !== undefined) return fromUser(name, text(password));
  if (file !== undefined) return fromFile(file, "NATS_CREDS");
  if (name !== undefined) return fromUser(name, set(env["NATS_PASSWORD"]));
  if (token !== undefined) return { kind: "token", options: { token } };
  return { kind: "none", options: {} };
}

const text = (value: unknown) => (typeof value === "string" ? value : undefined);
const set = (value: string | undefined) => (value === "" ? undefined : value);

function fromUser(user: string, pass: string | undefined): ChosenCredentials {
  return { kind: "user", options: pass === undefined ? { user } : { user, pass } };
}

function fromFile(path: string, name: string): ChosenCredentials {
  const end = endOf(credentialsIn(path, name));
  // Read anew at each attempt, so that renewed credentials are used.
  const authenticator = credsAuthenticator(() => credentialsIn(path, name));
  return { kind: "creds", options: { authenticator }, end };
}

/** When the user JWT in a credentials file ends; null where it does not, or cannot be read. */
export function endOf(creds: Uint8Array): number | null {
  const lines = Buffer.from(creds).toString("latin1").split("\n");
  const payload = lines.map((line) => JWT.exec(line.trim())?.[1]).find((found) => found !== undefined);
  if (payload === undefined) return null;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    const { exp } = claims as { readonly exp?: unknown };
    return typeof exp === "number" && exp > 0 ? exp * 1_000 : null;
  } catch {
    return null;
  }
}

const JWT = /^[\w-]+\.([\w-]+)\.[\w-]+$/;

/** The content of a credentials file. @throws UsageError where it cannot be read, or is none */
function credentialsIn(path: string, name: string): Uint8Array {
  const content = beginningOf(path, name, MAX_CREDENTIALS + 1);
  const problem = problemOfLength(content.length, "bytes");
  if (problem !== undefined)
    throw new UsageError(`${name}: the file has ${problem}: it holds no credentials`);
  return content;
}

/** The first bytes of a file: of one without end, as a device is, no more. @throws UsageError where it cannot be read */
function beginningOf(path: string, name: string, most: number): Uint8Array {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const bytes = Buffer.alloc(most);
    let length = 0;
    for (let read = -1; read !== 0 && length < most; length += read)
      read = readSync(file, bytes, length, most - length, null);
    return bytes.subarray(0, length);
  } catch (error) {
    throw new UsageError(`${name}: the file cannot be read (${(error as NodeJS.ErrnoException).code})`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

const tlsFiles = [
  ["tls-ca", "NATS_CA", "caFile"],
  ["tls-cert", "NATS_CERT", "certFile"],
  ["tls-key", "NATS_KEY", "keyFile"],
] as const;

function tlsOf(given: Given, env: Environment): ConnectionOptions["tls"] {
  const isForbidden = given["no-tls"] === true;
  const wanted = (["tls", "tls-first"] as const).find((option) => given[option] === true);
  const files: Record<string, string> = {};
  for (const [option, variable, name] of tlsFiles) {
    const path = text(given[option]) ?? (isForbidden ? undefined : set(env[variable]));
    if (path === undefined) continue;
    if (isForbidden) throw new UsageError(`--no-tls and --${option} exclude each other`);
    beginningOf(path, text(given[option]) === undefined ? variable : `--${option}`, 1);
    files[name] = path;
  }
  if (isForbidden && wanted !== undefined)
    throw new UsageError(`--no-tls and --${wanted} exclude each other`);
  if (isForbidden) return null;
  if (wanted === undefined && Object.keys(files).length === 0) return undefined;
  return { ...files, ...(given["tls-first"] === true ? { handshakeFirst: true } : {}) };
}

function timeoutOf({ timeout }: Given): number {
  if (timeout === undefined) return DEFAULT_TIMEOUT;
  const ms = Number(timeout);
  if (Number.isInteger(ms) && ms > 0 && ms <= MAX_MILLISECONDS) return ms;
  throw new UsageError(`--timeout must be a whole number of milliseconds, from 1 to ${MAX_MILLISECONDS}`);
}
