// An operator with accounts and users for tests: keys and JWTs made when they run, and the server's configuration.
//
// A NATS JWT is an ordinary one with a signature of its own kind (`ed25519-nkey`), and what NATS wants to know in the
// claim `nats`. Who signs whom: the operator its accounts, an account its users.

import { randomUUID } from "node:crypto";
import { createAccount, createOperator, createUser, type KeyPair } from "nkeys.js";

const encoder = new TextEncoder();

/** Seconds since 1970, as JWTs count. */
const seconds = (date: number) => Math.floor(date / 1_000);
const base64url = (data: string | Uint8Array) => Buffer.from(data).toString("base64url");

interface Claims {
  readonly name: string;
  readonly sub: string;
  readonly nats: Readonly<Record<string, unknown>>;
  readonly exp?: number;
}

function signedBy(issuer: KeyPair, claims: Claims): string {
  const header = base64url(JSON.stringify({ typ: "JWT", alg: "ed25519-nkey" }));
  const all = { ...claims, iss: issuer.getPublicKey(), iat: seconds(Date.now()), jti: randomUUID() };
  const signed = `${header}.${base64url(JSON.stringify(all))}`;
  return `${signed}.${base64url(issuer.sign(encoder.encode(signed)))}`;
}

/** What a user may do. */
interface Permissions {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

/** What a user's JWT is to say. */
export interface UserWishes {
  readonly pub?: Permissions;
  readonly sub?: Permissions;
  /** Milliseconds from now until it expires; JWTs count in whole seconds. Default: never. */
  readonly expiresIn?: number;
  /** The JWT alone lets in whoever has it. Default false. */
  readonly bearer?: boolean;
}

/** A user: a key of its own, and a JWT that says what the account lets it do. */
export interface User {
  readonly publicKey: string;
  readonly seed: Uint8Array;
  readonly jwt: string;
  /** The content of its credentials file. */
  readonly creds: Uint8Array;
}

/** An account: what its users publish stays within it. */
export class Account {
  readonly name: string;
  readonly #key = createAccount();
  readonly #operator: KeyPair;
  readonly #revoked: Record<string, number> = {};

  constructor(name: string, operator: KeyPair) {
    this.name = name;
    this.#operator = operator;
  }

  get publicKey(): string {
    return this.#key.getPublicKey();
  }

  /** Its JWT, signed by the operator. */
  get jwt(): string {
    const limits = {
      subs: -1,
      data: -1,
      payload: -1,
      imports: -1,
      exports: -1,
      wildcards: true,
      conn: -1,
      leaf: -1,
    };
    const nats = { type: "account", version: 2, limits, revocations: this.#revoked };
    return signedBy(this.#operator, { name: this.name, sub: this.publicKey, nats });
  }

  /** A new user, or another JWT for one. */
  user({ pub = {}, sub = {}, expiresIn, bearer = false }: UserWishes = {}, key = createUser()): User {
    const nats = {
      type: "user",
      version: 2,
      pub,
      sub,
      subs: -1,
      data: -1,
      payload: -1,
      bearer_token: bearer,
    };
    const publicKey = key.getPublicKey();
    const exp = expiresIn === undefined ? {} : { exp: seconds(Date.now() + expiresIn) };
    const jwt = signedBy(this.#key, { name: "user", sub: publicKey, nats, ...exp });
    const seed = key.getSeed();
    return { publicKey, seed, jwt, creds: credentialsFile(jwt, seed) };
  }

  /** From now on the JWTs that this user has are worth nothing. */
  revoke({ publicKey }: User): void {
    this.#revoked[publicKey] = seconds(Date.now()) + 1;
  }
}

function credentialsFile(jwt: string, seed: Uint8Array): Uint8Array {
  return encoder.encode(`-----BEGIN NATS USER JWT-----
${jwt}
------END NATS USER JWT------

************************* IMPORTANT *************************
Keep this file to yourself.

-----BEGIN USER NKEY SEED-----
${Buffer.from(seed).toString()}
------END USER NKEY SEED------
`);
}

/** The operator of a server, who signs accounts. */
export class Operator {
  readonly #key = createOperator();
  readonly #accounts: Account[] = [];
  readonly #jwt = signedBy(this.#key, {
    name: "test operator",
    sub: this.#key.getPublicKey(),
    nats: { type: "operator", version: 2 },
  });

  account(name: string): Account {
    const account = new Account(name, this.#key);
    this.#accounts.push(account);
    return account;
  }

  /** The part of a server's configuration that makes it this operator's, with every account so far. */
  config(): Readonly<Record<string, unknown>> {
    return {
      operator: this.#jwt,
      resolver: "MEMORY",
      resolver_preload: Object.fromEntries(this.#accounts.map(({ publicKey, jwt }) => [publicKey, jwt])),
    };
  }
}
