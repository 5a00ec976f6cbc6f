// No secret leaves the interpreter. Secrets of every kind are planted, a connection goes through success, refusal,
// expiry and bad input, and everything that anybody could see of it is searched for them.

import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { createUser } from "nkeys.js";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import {
  type AsyncAuthenticator,
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  jwtAuthenticator,
  type NatsConnection,
  NatsError,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "../../src/index.js";
import { Authority, encryptedKey } from "../harness/certificates.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { Operator } from "../harness/operator.js";
import { servers } from "../harness/versions.js";
import { nextStatus } from "../harness/waiting.js";

/** A secret that nothing else looks like; with characters that URLs and JSON write otherwise. */
const secret = (kind: string) => `${kind}/${randomBytes(12).toString("hex")} "é`;
/** One that is a number. */
const secretNumber = () => 1e15 + Number.parseInt(randomBytes(6).toString("hex"), 16);

/** Letters of a secret that are enough to recognise it: an error message may quote only its beginning. */
const WINDOW = 12;

/** How bytes may be written where somebody prints them. */
function spellings(bytes: Buffer): string[] {
  const text = bytes.toString();
  return [
    text,
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
    bytes.toString("base64").slice(0, -4),
    bytes.toString("hex"),
    bytes.toString("hex").replace(/..(?=.)/g, "$& "),
    [...bytes].join(", "),
    [...bytes].join(","),
  ];
}

/** Everything that was planted: what each is, and what would betray it. */
class Planted {
  readonly #signs = new Map<string, string>();

  /** Plants a secret. */
  add<T extends string | Uint8Array | number>(what: string, value: T): T {
    const bytes = Buffer.from(typeof value === "number" ? `${value}` : (value as string));
    for (let start = 0; start + WINDOW <= bytes.length; start += WINDOW) {
      for (const sign of spellings(bytes.subarray(start, start + WINDOW))) this.#signs.set(sign, what);
    }
    return value;
  }

  /** A JWT is secret but for its header, which all have in common. */
  addJwt(what: string, jwt: string): string {
    for (const part of jwt.split(".").slice(1)) this.add(what, part);
    return jwt;
  }

  addPem(what: string, pem: string): string {
    // The first line holds what all keys of the kind have in common.
    this.add(what, pem.split("\n").slice(2, -2).join("\n"));
    return pem;
  }

  addCreds(what: string, creds: Uint8Array): Uint8Array {
    const [, jwt = "", seed = ""] = /(eyJ\S+).*(SU\w+)/s.exec(Buffer.from(creds).toString()) ?? [];
    this.addJwt(`${what}: jwt`, jwt);
    this.add(`${what}: seed`, seed);
    return creds;
  }

  /** What was planted and is found in there. */
  foundIn(text: string): string[] {
    const flat = text.replace(/\s+/g, " ");
    return [...new Set([...this.#signs].filter(([sign]) => flat.includes(sign)).map(([, what]) => what))];
  }
}

/** All that can be seen of a value. */
function everything(value: unknown): string {
  const limits = { maxArrayLength: null, maxStringLength: null, breakLength: Number.POSITIVE_INFINITY };
  const seen = [
    inspect(value, { depth: 10, ...limits }),
    inspect(value, { depth: 10, showHidden: true, getters: true, showProxy: true, ...limits }),
    inspect(value, { depth: 10, customInspect: false, ...limits }),
  ];
  if (value instanceof Error) {
    seen.push(String(value), value.stack ?? "", everything(value.cause), JSON.stringify(value));
    seen.push(
      everything((value as { attempts?: unknown }).attempts),
      everything((value as { recording?: unknown }).recording),
    );
  }
  return seen.join("\n");
}

describe.each(servers)("with nats-server $label", ({ path }) => {
  const planted = new Planted();
  /** What could be seen, each with where. */
  const visible = new Set<string>();
  const see = (where: string, value: unknown) => void visible.add(`${where}: ${everything(value)}`);
  /** Is large: looked at once in each test. */
  let lastActor: unknown;
  const open: NatsConnection[] = [];
  const running: TestServer[] = [];

  afterEach(async () => {
    vi.restoreAllMocks();
    await Promise.all(open.splice(0).map((nc) => nc.close()));
    await Promise.all(running.splice(0).map((server) => server.stop()));
    visible.clear();
  });

  /** Connects with everything that shows anything, waits for `until`, closes, and has seen it all. Rejects where that fails. */
  async function lives(
    options: ConnectionOptions,
    until?: (nc: NatsConnection) => Promise<unknown>,
  ): Promise<void> {
    const error = await seenOf(options, until);
    if (error !== undefined) throw error;
  }

  /** As `lives`, of a connection that cannot be made: rejects where it can. */
  async function fails(options: ConnectionOptions): Promise<void> {
    expect(await seenOf(options)).toBeInstanceOf(NatsError);
  }

  async function seenOf(
    options: ConnectionOptions,
    until?: (nc: NatsConnection) => Promise<unknown>,
  ): Promise<unknown> {
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, "write").mockImplementation((chunk) => {
        see("output", `${chunk}`);
        return true;
      });
    }
    for (const method of ["log", "error", "warn", "info", "debug"] as const) {
      vi.spyOn(console, method).mockImplementation((...args) => see("console", args));
    }
    let actor: unknown;
    try {
      const nc = await connect({
        reconnectTimeWait: 10,
        reconnectJitter: 0,
        reconnectJitterTLS: 1,
        timeout: 2_000,
        debug: true,
        record: true,
        ...options,
        onStatus: (status) => see("status", status),
        inspect: (event) => {
          const { event: told, snapshot, actorRef } = event as unknown as Record<string, unknown>;
          see("event", told);
          visible.add(`snapshot: ${JSON.stringify(snapshot)}`);
          actor = actorRef;
        },
      });
      open.push(nc);
      const statuses = (async () => {
        for await (const status of nc.status()) see("nc.status()", status);
      })();
      await nc.flush();
      await until?.(nc);
      see("connection", nc);
      see("info", nc.info);
      see("server", nc.getServer());
      visible.add(`recording: ${JSON.stringify(nc.recording())}`);
      await nc.close();
      see("closed", await nc.closed());
      await statuses;
      return undefined;
    } catch (error) {
      see("error", error);
      return error;
    } finally {
      vi.restoreAllMocks();
      lastActor = actor;
      const persisted = (actor as { getPersistedSnapshot(): unknown } | undefined)?.getPersistedSnapshot();
      visible.add(`persisted snapshot: ${JSON.stringify(persisted)}`);
    }
  }

  function nothingIsFound(): void {
    visible.add(`actor: ${inspect(lastActor, { depth: 5, getters: true })}`);
    const all = [...visible];
    for (const sign of [
      /^snapshot: .*"connected"/,
      /^console: .*CONNECT/,
      /^recording: /,
      /^error: NatsError/,
    ]) {
      expect(all.some((text) => sign.test(text))).toBe(true);
    }
    const found = all.flatMap((text) =>
      planted.foundIn(text).map((what) => `${what} in ${text.split(":")[0]}`),
    );
    expect([...new Set(found)]).toEqual([]);
  }

  async function server(config: Readonly<Record<string, unknown>>): Promise<TestServer> {
    const one = await startServer({ path, config });
    running.push(one);
    return one;
  }

  const users = (...all: readonly (readonly [user: string, password: string])[]) => ({
    authorization: { users: all.map(([user, password]) => ({ user, password })) },
  });
  const reconnected = async (nc: NatsConnection) => {
    const back = nextStatus(nc, "reconnect");
    await nc.reconnect();
    await back;
    await nc.flush();
  };

  let password: string;
  let wrong: string;
  beforeAll(() => {
    password = planted.add("password", secret("pw"));
    wrong = planted.add("wrong password", secret("wrong"));
  });

  it("finds what is to be seen: the search itself works", () => {
    const creds = planted.addCreds("creds", new Operator().account("A").user().creds);
    const key = planted.addPem("key", new Authority().issue().key);
    const number = planted.add("number", secretNumber());
    const { jwt, seed } = new Operator().account("A").user();
    planted.addJwt("jwt", jwt);
    planted.add("seed", seed);
    const cause = Object.assign(new Error("x"), { creds, deep: { deeper: [{ deepest: seed }] } });
    const error = new Error(`bad ${key}`, { cause });
    Object.defineProperty(error, "recording", { value: { jwt, number: { number } } });
    const expected = ["creds: jwt", "creds: seed", "jwt", "key", "number", "seed"];
    expect(planted.foundIn(everything(error)).sort()).toEqual(expected);
    expect(planted.foundIn(encodeURIComponent(password))).toEqual(["password"]);
    expect(planted.foundIn(JSON.stringify(password))).toEqual(["password"]);
    expect(planted.foundIn(`Received type string ('${password.slice(0, 25)}...')`)).toEqual(["password"]);
  });

  it("shows no password or token, whether they are accepted, refused or changed", async () => {
    const next = planted.add("next password", secret("next"));
    const token = planted.add("token", secret("token"));
    const byPassword = await server(users(["user", password]));
    const { port } = byPassword;
    const byToken = await server({ authorization: { token } });
    await lives({ port, user: "user", pass: password }, reconnected);
    await fails({ port, user: "user", pass: wrong });
    await lives({ port: byToken.port, token }, reconnected);
    await fails({ port: byToken.port, token: wrong });
    await fails({ port: byToken.port, authenticator: tokenAuthenticator(async () => wrong) });
    let given = password;
    await lives(
      { port, authenticator: usernamePasswordAuthenticator("user", async () => given) },
      async (nc) => {
        given = next;
        const back = nextStatus(nc, "reconnect");
        await byPassword.reload(users(["user", next]));
        await back;
        await byPassword.reload(users(["user", password]));
        expect(await nc.closed()).toMatchObject({ code: "AUTHORIZATION_VIOLATION" });
      },
    );
    nothingIsFound();
  });

  it("shows nothing of the credentials in a URL", async () => {
    const user = planted.add("user of the URL", secret("user"));
    const token = planted.add("token of the URL", secret("token"));
    const [userIn, passIn, tokenIn] = [user, password, token].map(encodeURIComponent);
    const { port } = await server(users([user, password]));
    const byToken = await server({ authorization: { token } });
    await lives({ servers: `nats://${userIn}:${passIn}@127.0.0.1:${port}` }, reconnected);
    await fails({ servers: `nats://${userIn}:${encodeURIComponent(wrong)}@127.0.0.1:${port}` });
    await lives({ servers: `nats://${tokenIn}@127.0.0.1:${byToken.port}` }, reconnected);
    await fails({ servers: `nats://${encodeURIComponent(wrong)}@127.0.0.1:${byToken.port}` });
    // URLs that make no sense.
    await fails({ servers: `nats://${user}:${password}@127.0.0.1:${port}/${token}` });
    await fails({ servers: `nats://${user}:${password}@127.0.0.1:99999` });
    await fails({ servers: `http://${userIn}:${passIn}@127.0.0.1` });
    await fails({ servers: `nats://127.0.0.1:${port}@${passIn}` });
    await fails({ servers: `nats://127.0.0.1:${passIn}` });
    nothingIsFound();
  });

  it("shows no seed and no signature", async () => {
    const key = createUser();
    const seed = planted.add("seed", key.getSeed());
    const { port } = await server({ authorization: { users: [{ nkey: key.getPublicKey() }] } });
    const signs = nkeyAuthenticator(seed);
    const signing: AsyncAuthenticator = async (nonce) => {
      const auth = (await signs(nonce)) as { nkey: string; sig: string };
      planted.add("signature", auth.sig);
      return auth;
    };
    await lives({ port, authenticator: signing }, reconnected);
    await fails({
      port,
      authenticator: nkeyAuthenticator(planted.add("unknown seed", createUser().getSeed())),
    });
    const text = Buffer.from(seed).toString();
    for (const bad of [text.slice(0, -1), text.replace(/.$/, "1"), text.toLowerCase(), `${text}${text}`]) {
      await fails({ port, authenticator: nkeyAuthenticator(Buffer.from(bad)) });
    }
    await fails({ port, authenticator: nkeyAuthenticator(text as never) });
    nothingIsFound();
  });

  it("shows no JWT and no credentials file, through expiry, renewal and revocation", async () => {
    const operator = new Operator();
    const account = operator.account("A");
    const one = await server(operator.config());
    const { port } = one;
    const key = createUser();
    const first = account.user({ expiresIn: 2_000 }, key);
    const second = account.user({}, key);
    for (const user of [first, second]) planted.addCreds("creds", user.creds);
    let creds = first.creds;
    await lives({ port, authenticator: credsAuthenticator(async () => creds) }, async (nc) => {
      const [expired, back] = [nextStatus(nc, "error"), nextStatus(nc, "reconnect")];
      creds = second.creds;
      expect((await expired).data).toBe("AUTHENTICATION_EXPIRED");
      await back;
      account.revoke(second);
      await one.reload(operator.config());
      expect(await nc.closed()).toMatchObject({ code: "AUTHORIZATION_VIOLATION" });
    });
    const gone = account.user({ expiresIn: -10_000 });
    planted.addCreds("expired creds", gone.creds);
    await fails({ port, authenticator: credsAuthenticator(gone.creds) });
    await fails({ port, authenticator: jwtAuthenticator(gone.jwt) });
    const bearer = planted.addJwt("bearer token", account.user({ bearer: true }).jwt);
    await lives({ port, authenticator: jwtAuthenticator(bearer) }, reconnected);
    const text = Buffer.from(second.creds).toString();
    const bad = [
      text.replaceAll("-----", "==="),
      text.replaceAll(".", " "),
      text.slice(0, -120),
      text.replace(/SU./, "SX"),
    ];
    for (const content of bad) await fails({ port, authenticator: credsAuthenticator(Buffer.from(content)) });
    await fails({ port, authenticator: credsAuthenticator(text as never) });
    await fails({ port, authenticator: jwtAuthenticator(`${second.jwt}\n${second.jwt}`, second.seed) });
    await fails({ port, authenticator: jwtAuthenticator(second.creds as never) });
    nothingIsFound();
  });

  it("shows no key, passphrase or PFX of TLS", async () => {
    const authority = new Authority();
    const own = authority.issue();
    const client = authority.issue({ commonName: "client" });
    const { port } = await server({
      tls: { cert_file: own.certFile, key_file: own.keyFile, ca_file: authority.certFile, verify: true },
    });
    const { cert, certFile, keyFile } = client;
    const key = planted.addPem("key", client.key);
    const passphrase = planted.add("passphrase", secret("passphrase"));
    const locked = planted.addPem("encrypted key", encryptedKey(key, passphrase));
    const number = planted.add("number", secretNumber());
    const other = planted.addPem("other key", authority.issue().key);
    const stranger = new Authority("stranger").issue();
    planted.addPem("stranger's key", stranger.key);
    const ca = authority.cert;
    await lives({ port, tls: { ca, cert, key } }, reconnected);
    await lives({ port, tls: { ca, certFile, keyFile } });
    await lives({ port, tls: { ca, cert, key: locked, passphrase } }, reconnected);
    for (const tls of [
      { cert: stranger.cert, key: stranger.key },
      { cert, key: other },
      { cert, key: locked },
      { cert, key: locked, passphrase: wrong },
      { cert, key: locked, passphrase: number },
      { cert, key: number },
      { cert, key: { pem: key } },
      { cert, key: key.slice(0, 150) },
      { cert, key: key.replace("PRIVATE", "PUBLIC") },
      { cert: key, key: cert },
      { cert, key, ca: key },
      { pfx: passphrase },
      { pfx: locked, passphrase: number },
      { ticketKeys: passphrase },
      { cert, keyFile: certFile },
      { certFile: keyFile, keyFile },
    ]) {
      await fails({ port, tls: { ca, ...tls } as never });
    }
    await fails({ port, tls: { ca: stranger.cert, cert, key } });
    nothingIsFound();
  });

  it("shows nothing of what an authenticator returns that makes no sense, or is said twice", async () => {
    const { port } = await server(users(["user", password]));
    const number = planted.add("number", secretNumber());
    const answers: unknown[] = [
      password,
      number,
      [password],
      { user: "user", pass: number },
      { user: "user", pass: { password } },
      { user: "user", password },
      { user: "user", pass: wrong, secret: password, token: number },
    ];
    for (const answer of answers) {
      await fails({ port, authenticator: (() => answer) as never });
      await fails({ port, authenticator: (async () => answer) as never });
    }
    await lives({
      port,
      authenticator: [
        usernamePasswordAuthenticator("user", wrong),
        async () => ({ pass: password }) as never,
      ],
    });
    // Options that make no sense.
    for (const options of [
      { pass: number },
      { token: [password] },
      { user: { password } },
      { authenticator: password },
      { tls: password },
    ]) {
      await fails({ port, ...options } as never);
    }
    nothingIsFound();
  });
});
