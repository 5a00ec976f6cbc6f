// Who may connect to a model server, for how long, and what they may do.

import type { Milliseconds } from "../../machine/units.js";
import { type Check, check, checkOptions, type Fields, listOf, milliseconds, text } from "./checks.js";
import { covers } from "./subject-matching.js";

/** Subjects that are allowed (default: all) and denied (default: none). Patterns may have wildcards. */
export interface Subjects {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

/** Somebody with credentials: a user name and password, or a token. */
export interface User {
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** Milliseconds since the epoch: from then on the credentials are refused, and a connection that used them ends. */
  readonly expiresAt?: Milliseconds;
  /** Default: everything. */
  readonly publish?: Subjects;
  /** Default: everything. */
  readonly subscribe?: Subjects;
}

const subjects: Fields<Subjects> = { allow: listOf(text), deny: listOf(text) };
const anObject: Check = [(value) => typeof value === "object" && value !== null, "an object"];
const users: Fields<User> = {
  user: text,
  pass: text,
  token: text,
  expiresAt: milliseconds,
  publish: anObject,
  subscribe: anObject,
};

/** Checks who may connect. @throws TypeError, or RangeError for a number */
export function checkUsers(given: readonly User[]): void {
  check("users", given, listOf(anObject));
  for (const user of given) {
    checkOptions("a user", user, users);
    for (const may of ["publish", "subscribe"] as const)
      if (user[may] !== undefined) checkOptions(`${may} of a user`, user[may], subjects);
  }
}

/** What CONNECT says. A model server looks at this much of it. */
export interface ConnectRequest {
  readonly verbose?: boolean;
  readonly pedantic?: boolean;
  readonly echo?: boolean;
  readonly headers?: boolean;
  readonly no_responders?: boolean;
  readonly protocol?: number;
  readonly name?: string;
  readonly user?: string;
  readonly pass?: string;
  readonly auth_token?: string;
}

const is = (type: "boolean" | "string") => (value: unknown) => typeof value === type;
const allowed: Readonly<Record<keyof ConnectRequest, (value: unknown) => boolean>> = {
  verbose: is("boolean"),
  pedantic: is("boolean"),
  echo: is("boolean"),
  headers: is("boolean"),
  no_responders: is("boolean"),
  protocol: Number.isInteger,
  name: is("string"),
  user: is("string"),
  pass: is("string"),
  auth_token: is("string"),
};

/**
 * Reads what CONNECT says, as nats-server does: null says nothing, as a field and as the whole. Undefined where it is no
 * JSON, no object, or has a field of another kind.
 */
export function readConnectRequest(json: string): ConnectRequest | undefined {
  let said: object;
  try {
    said = JSON.parse(json) ?? {};
  } catch {
    return undefined;
  }
  if (typeof said !== "object" || Array.isArray(said)) return undefined;
  const given = Object.entries(said).filter(
    ([name, value]) => Object.hasOwn(allowed, name) && value !== null,
  );
  const isRight = given.every(([name, value]) => allowed[name as keyof ConnectRequest](value));
  return isRight ? Object.fromEntries(given) : undefined;
}

/** The user that the credentials in a CONNECT belong to; undefined where they are refused. */
export function findUser(
  users: readonly User[],
  request: ConnectRequest,
  now: Milliseconds,
): User | undefined {
  return users.find(({ user, pass, token, expiresAt }) => {
    if (expiresAt !== undefined && expiresAt <= now) return false;
    return token === undefined
      ? user === request.user && pass === request.pass
      : token === request.auth_token;
  });
}

/** Whether the subject is among them. */
export function permits(subjects: Subjects | undefined, subject: string): boolean {
  if (subjects === undefined) return true;
  const { allow, deny = [] } = subjects;
  if (allow !== undefined && !allow.some((pattern) => covers(pattern, subject))) return false;
  return !deny.some((pattern) => covers(pattern, subject));
}
