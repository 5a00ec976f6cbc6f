// Who the client is: functions that answer a server's challenge with user and password, token, nkey or JWT.
//
// Names and results are those of nats@2.29.3. Beyond it, a part may be given by a function that returns a promise,
// so that a secret can come from a vault; the answer is then a promise too. Errors say what is wrong with a secret
// and never quote it, nor keep a cause that does: what nkeys.js throws can name a character of the seed.

import { encode as base64, fromSeed, NKeysErrorCode } from "#nkeys";
import { isBytes } from "../effects/wire/bytes.js";
import { textEncoder } from "./codec.js";
import { problemOfLength, sectionsOf } from "./credentials-file.js";
import { ErrorCode, NatsError } from "./errors.js";

/** No credentials: the server lets everybody in, or knows the client by its certificate. */
// biome-ignore lint/suspicious/noConfusingVoidType: as in the reference, a function without a result is an authenticator
export type NoAuth = void;

/** A token that the server knows. */
export interface TokenAuth {
  auth_token: string;
}

/** A user, and a password if the server wants one. */
export interface UserPass {
  user: string;
  pass?: string | undefined;
}

/** The public key of a user, and the signature of the server's nonce in base 64. */
export interface NKeyAuth {
  nkey: string;
  sig: string;
}

/** A user's JWT; with public key and signature unless it is a bearer token. */
export interface JwtAuth {
  jwt: string;
  nkey?: string;
  sig?: string;
}

/** Credentials of whatever kind, as the specification writes them: the fields of CONNECT. */
export interface AnyAuth {
  user?: string | undefined;
  pass?: string | undefined;
  auth_token?: string | undefined;
  nkey?: string | undefined;
  sig?: string | undefined;
  jwt?: string | undefined;
}

/** What an authenticator answers (`Auth` of nats@2.29.3; the fields of CONNECT in the NATS protocol). */
export type Auth = NoAuth | AnyAuth | TokenAuth | UserPass | NKeyAuth | JwtAuth;

/**
 * Answers a server's challenge, once for each attempt to connect.
 * @param nonce What the server wants signed; absent where it wants no signature.
 * @param signal For one that takes its time: see {@link AsyncAuthenticator}.
 * @returns The credentials.
 */
export type Authenticator = (nonce?: string, signal?: AbortSignal) => Auth;

/**
 * An authenticator that may take its time: wherever one is wanted, so may be this. Beyond the reference.
 *
 * The client waits as long as the option `timeout` allows. The server waits for as long as its own setting
 * `authorization { timeout }` allows, which is 2 seconds by default. One call is in flight at most: the client calls the
 * authenticator for the next attempt when the call for the attempt before has settled.
 * @param nonce What the server wants signed; absent where it wants no signature.
 * @param signal Aborted when the attempt is over and the client does not use the answer: the attempt or the server ran out
 * of time, the socket was closed, or the user closed the connection. Pass it on to `fetch`, for example. An authenticator
 * that does not heed it keeps the next attempt waiting.
 * @returns The credentials, or a promise of them.
 */
export type AsyncAuthenticator = (nonce?: string, signal?: AbortSignal) => Auth | Promise<Auth>;

/** A value, or a function asked for it at each attempt. */
export type Lazy<T> = T | (() => T);

/** A value, or a function asked for it at each attempt that may take its time. Beyond the reference. */
export type LazyAsync<T> = T | (() => T | Promise<T>);

/** The options that {@link buildAuthenticator} looks at (`ConnectionOptions` of nats@2.29.3). */
export interface AuthOptions {
  authenticator?: AsyncAuthenticator | AsyncAuthenticator[] | undefined;
  user?: string | undefined;
  pass?: string | undefined;
  token?: string | undefined;
}

/**
 * One authenticator for everything that the options say: `authenticator`, then `token`, then `user` and `pass`.
 * All are asked, in this order; what a later one says wins. Without any of them it answers `undefined`.
 * @throws NatsError `NOT_FUNC` where `authenticator` is neither a function nor an array of functions (the
 * reference connects without credentials then).
 */
export function buildAuthenticator(
  opts: Omit<AuthOptions, "authenticator"> & { authenticator?: Authenticator | Authenticator[] | undefined },
): Authenticator;
export function buildAuthenticator(opts: AuthOptions): AsyncAuthenticator;
export function buildAuthenticator(opts: AuthOptions): AsyncAuthenticator {
  const given = opts.authenticator ?? [];
  const all = Array.isArray(given) ? [...given] : [given];
  if (all.some((one) => typeof one !== "function")) {
    throw new NatsError(
      'The option "authenticator" must be a function or an array of functions',
      ErrorCode.NotFunction,
    );
  }
  if (opts.token) all.push(tokenAuthenticator(opts.token));
  if (opts.user) all.push(usernamePasswordAuthenticator(opts.user, opts.pass));
  if (all.length === 0) return () => undefined;
  return (nonce, signal) =>
    all.reduce<MaybePromise<object>>(
      (before, one) =>
        chain(before, (merged) => {
          // Nobody waits any more: those that were not called yet need not be.
          signal?.throwIfAborted();
          return chain(one(nonce, signal), (auth) => ({ ...merged, ...checkedAuth(auth) }));
        }),
      {},
    ) as MaybePromise<Auth>;
}

/**
 * Answers with a user, and a password if one is given.
 * The answer throws NatsError `BAD_AUTHENTICATION` where a function returns something other than a string.
 */
export function usernamePasswordAuthenticator(
  user: Lazy<string>,
  pass?: Lazy<string>,
): (nonce?: string) => UserPass;
export function usernamePasswordAuthenticator(
  user: LazyAsync<string>,
  pass?: LazyAsync<string>,
): AsyncAuthenticator;
export function usernamePasswordAuthenticator(
  user: LazyAsync<string>,
  pass?: LazyAsync<string>,
): AsyncAuthenticator {
  return () =>
    chain(asked(user), (u) =>
      chain(
        asked(pass),
        (p): UserPass => ({ user: text("user", u), pass: p === undefined ? p : text("password", p) }),
      ),
    );
}

/**
 * Answers with a token.
 * The answer throws NatsError `BAD_AUTHENTICATION` where a function returns something other than a string.
 */
export function tokenAuthenticator(token: Lazy<string>): (nonce?: string) => TokenAuth;
export function tokenAuthenticator(token: LazyAsync<string>): AsyncAuthenticator;
export function tokenAuthenticator(token: LazyAsync<string>): AsyncAuthenticator {
  return () => chain(asked(token), (value): TokenAuth => ({ auth_token: text("token", value) }));
}

/**
 * Answers with the public key of an nkey seed and the signature of the nonce. Without a seed both are empty, without
 * a nonce the signature is.
 * @param seed The seed (`SU…`) as bytes; white space around it, as at the end of a file, is ignored.
 * The answer throws NatsError `BAD_AUTHENTICATION` for a seed that cannot sign.
 */
export function nkeyAuthenticator(seed?: Lazy<Uint8Array>): (nonce?: string) => NKeyAuth;
export function nkeyAuthenticator(seed?: LazyAsync<Uint8Array>): AsyncAuthenticator;
export function nkeyAuthenticator(seed?: LazyAsync<Uint8Array>): AsyncAuthenticator {
  return (nonce) => chain(asked(seed), (value) => signed(value, nonce, ErrorCode.BadAuthentication));
}

/**
 * Answers with a user's JWT and, where a seed is given, its public key and the signature of the nonce.
 * @param jwt The JWT, without anything around it. A token of another kind passes: an auth callout may take it.
 * The answer throws NatsError `BAD_AUTHENTICATION` for what cannot be a JWT (a path, the content of a credentials
 * file), or a seed that cannot sign.
 */
export function jwtAuthenticator(jwt: Lazy<string>, seed?: Lazy<Uint8Array>): (nonce?: string) => JwtAuth;
export function jwtAuthenticator(jwt: LazyAsync<string>, seed?: LazyAsync<Uint8Array>): AsyncAuthenticator;
export function jwtAuthenticator(jwt: LazyAsync<string>, seed?: LazyAsync<Uint8Array>): AsyncAuthenticator {
  return (nonce) =>
    chain(asked(jwt), (token) =>
      chain(
        asked(seed),
        (key): JwtAuth => ({
          jwt: checkedJwt(token, ErrorCode.BadAuthentication),
          ...signed(key, nonce, ErrorCode.BadAuthentication),
        }),
      ),
    );
}

/**
 * Answers with the JWT of a credentials file, its public key and the signature of the nonce.
 * @param creds The content of the file: a JWT, then a seed, each between its BEGIN and END lines. A function is
 * asked once for each answer, so that both belong together (the reference asks twice).
 * The answer throws NatsError `BAD_CREDS` that says which part is missing or malformed.
 */
export function credsAuthenticator(creds: Lazy<Uint8Array>): (nonce?: string) => JwtAuth;
export function credsAuthenticator(creds: LazyAsync<Uint8Array>): AsyncAuthenticator;
export function credsAuthenticator(creds: LazyAsync<Uint8Array>): AsyncAuthenticator {
  return (nonce) =>
    chain(asked(creds), (content): JwtAuth => {
      const [jwt, seed] = sections(content);
      if (jwt === undefined)
        throw unusable(
          "credentials",
          "they hold no user JWT between BEGIN and END lines",
          ErrorCode.BadCreds,
        );
      if (seed === undefined)
        throw unusable(
          "credentials",
          "they hold no nkey seed between BEGIN and END lines after the JWT",
          ErrorCode.BadCreds,
        );
      return {
        jwt: checkedJwt(jwt, ErrorCode.BadCreds),
        ...signed(textEncoder.encode(seed), nonce, ErrorCode.BadCreds),
      };
    });
}

type MaybePromise<T> = T | Promise<T>;

/** Goes on with a value at once, or with a promised one when it comes. */
function chain<A, B>(value: MaybePromise<A>, next: (value: A) => MaybePromise<B>): MaybePromise<B> {
  return isThenable(value) ? Promise.resolve(value).then(next) : next(value);
}

function isThenable<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

function asked<T extends string | Uint8Array | undefined>(lazy: LazyAsync<T>): MaybePromise<T> {
  return typeof lazy === "function" ? lazy() : lazy;
}

function checkedAuth(auth: unknown): object {
  if (auth === undefined || auth === null) return {};
  if (typeof auth === "object") return auth;
  throw unusable(
    "answer of an authenticator",
    `it must be an object, not ${typeof auth}`,
    ErrorCode.BadAuthentication,
  );
}

function text(what: string, value: unknown): string {
  if (typeof value !== "string")
    throw unusable(what, `it must be a string, not ${typeof value}`, ErrorCode.BadAuthentication);
  const tooLong = problemOfLength(value.length, "characters");
  if (tooLong !== undefined) throw unusable(what, `it has ${tooLong}`, ErrorCode.BadAuthentication);
  return value;
}

function checkedJwt(value: unknown, code: ErrorCode): string {
  if (typeof value !== "string") throw unusable("JWT", `it must be a string, not ${typeof value}`, code);
  const tooLong = problemOfLength(value.length, "characters");
  if (tooLong !== undefined) throw unusable("JWT", `it has ${tooLong}`, code);
  // White space around it is what a file brings along; inside, and for slashes and the like, it is something else.
  const jwt = value.trim();
  if (!/^[\w.=-]+$/.test(jwt)) throw unusable("JWT", "it is empty or has characters that no JWT has", code);
  return jwt;
}

/** Public key and signature. Works on a copy of the seed, which is wiped. */
function signed(seed: unknown, nonce: string | undefined, code: ErrorCode): NKeyAuth {
  if (seed === undefined || seed === null) return { nkey: "", sig: "" };
  if (!isBytes(seed)) {
    throw unusable(
      "nkey seed",
      `it must be a Uint8Array, not ${typeof seed}; for a string: new TextEncoder().encode(seed)`,
      code,
    );
  }
  const tooLong = problemOfLength(seed.length, "bytes");
  if (tooLong !== undefined) throw unusable("nkey seed", `it has ${tooLong}`, code);
  const copy = trimmedCopy(seed);
  try {
    const pair = fromSeed(copy);
    // A copy, as of the seed: the package takes no bytes of another realm, which the encoder gives where jsdom is around.
    const sig = nonce ? base64(pair.sign(Uint8Array.from(textEncoder.encode(nonce)))) : "";
    return { nkey: pair.getPublicKey(), sig };
  } catch (error) {
    throw unusable("nkey seed", reasonOf(error), code);
  } finally {
    copy.fill(0);
  }
}

function trimmedCopy(bytes: Uint8Array): Uint8Array {
  let start = 0;
  let end = bytes.length;
  while (start < end && (bytes[start] ?? 0) <= 0x20) start++;
  while (end > start && (bytes[end - 1] ?? 0) <= 0x20) end--;
  return Uint8Array.from(bytes.subarray(start, end));
}

/** Why nkeys.js did not take a seed, in words that hold nothing of it. */
function reasonOf(error: unknown): string {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case NKeysErrorCode.InvalidChecksum:
      return "its checksum does not match, so a character is missing or wrong";
    case NKeysErrorCode.InvalidSeed:
    case NKeysErrorCode.InvalidPrefixByte:
      return "it is a key of another kind; a user's seed begins with SU";
    case NKeysErrorCode.InvalidCurveOperation:
      return "it is a curve key (SX…), which cannot sign; a user's seed begins with SU";
    default:
      return "it is not the base 32 text of a key";
  }
}

/** The texts of a credentials file. */
function sections(content: unknown): readonly string[] {
  if (!isBytes(content)) {
    throw unusable(
      "credentials",
      `they must be a Uint8Array, the content of the file, not ${typeof content}`,
      ErrorCode.BadCreds,
    );
  }
  const tooLong = problemOfLength(content.length, "bytes");
  if (tooLong !== undefined) throw unusable("credentials", `they have ${tooLong}`, ErrorCode.BadCreds);
  return sectionsOf(content);
}

/** Errors whose message is the client's own, so that it holds no secret. */
const ours = new WeakSet<NatsError>();

/** An error for credentials, in the client's own words. @internal */
export function ownError(message: string, code: ErrorCode): NatsError {
  const error = new NatsError(message, code);
  ours.add(error);
  return error;
}

/** True where the client itself made the error: not where a user's function threw one of the same class. @internal */
export function isOurs(error: NatsError): boolean {
  return ours.has(error);
}

function unusable(what: string, problem: string, code: ErrorCode): NatsError {
  return ownError(`The ${what} cannot be used: ${problem}`, code);
}
