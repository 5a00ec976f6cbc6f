// Passwords, tokens and nkeys with real servers: who is let in, who is refused, and what becomes of it. For JWTs, see
// operator.test.ts; for certificates as credentials, tls.test.ts.

import { connect as theirConnect } from "nats";
import { createUser, fromSeed } from "nkeys.js";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  type Auth,
  type ConnectionOptions,
  connect,
  ErrorCode,
  type NatsConnection,
  NatsError,
  nkeyAuthenticator,
  type Status,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "../../src/index.js";
import { type FakeServer, fakeServer, info } from "../harness/fake-server.js";
import { startCluster, startServer, type TestServer } from "../harness/nats-server.js";
import { textsIn } from "../harness/texts.js";
import { servers } from "../harness/versions.js";
import { nextStatus, Statuses } from "../harness/waiting.js";
import { offeredIn } from "../harness/witness.js";

// What a server's configuration holds of "s3cret-bcrypt" and "t0ken-bcrypt".
const passwordHash = "$2a$04$abcdefghijklmnopqrstuuA18rMSq5Qyl77tTPYQWbrRrbDwQsxQe";
const tokenHash = "$2a$04$zyxwvutsrqponmlkjihgfegFDFseNf6AvKh5pwGb858Hu4dmjKaIq";
const odd = 'p:a@s/s w%rd"é';

const key = createUser();
const seed = key.getSeed();
const later = <T>(value: T) => new Promise<T>((resolve) => setTimeout(resolve, 5, value));

const open: NatsConnection[] = [];
const running: TestServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((nc) => nc.close()));
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

async function rejection(options: ConnectionOptions): Promise<NatsError> {
  const error: unknown = await connect(options).then(
    async (nc) => {
      await nc.close();
      return new Error("it connected");
    },
    (reason) => reason,
  );
  if (error instanceof NatsError) return error;
  throw error;
}

async function theirCode(options: object): Promise<unknown> {
  return theirConnect(options).then(
    async (nc) => {
      await nc.close();
      return undefined;
    },
    (error) => error.code,
  );
}

/** A connection, and its statuses as they come. */
async function watched(options: ConnectionOptions): Promise<{ nc: NatsConnection; seen: Status[] }> {
  const seen: Status[] = [];
  const fast = { reconnectTimeWait: 10, reconnectJitter: 0 };
  const nc = await connect({ ...fast, ...options, onStatus: (status) => void seen.push(status) });
  open.push(nc);
  return { nc, seen };
}

const users = (...all: readonly (readonly [user: string, password: string])[]) => ({
  authorization: { users: all.map(([user, password]) => ({ user, password })) },
});

describe.each(servers)("nats-server $label", ({ path }) => {
  let byPassword: TestServer;
  let byToken: TestServer;
  let byTokenHash: TestServer;
  let byKey: TestServer;
  const started = (config: object) =>
    startServer({ path, monitor: true, config: config as Record<string, unknown> });

  /** A server for one test. */
  async function server(config: object): Promise<TestServer> {
    const one = await started(config);
    running.push(one);
    return one;
  }

  beforeAll(async () => {
    [byPassword, byToken, byTokenHash, byKey] = await Promise.all([
      started(users(["plain", "s3cret"], ["hashed", passwordHash], [odd, odd], ["mute", ""])),
      started({ authorization: { token: odd } }),
      started({ authorization: { token: tokenHash } }),
      started({ authorization: { users: [{ nkey: key.getPublicKey() }] } }),
    ]);
    return () => Promise.all([byPassword, byToken, byTokenHash, byKey].map((one) => one.stop()));
  });

  const encoded = encodeURIComponent(odd);
  it.each<[string, ConnectionOptions, string?]>([
    ["the options user and pass", { user: "plain", pass: "s3cret" }],
    [
      "a password that the server knows by its bcrypt hash",
      { user: "hashed", pass: "s3cret-bcrypt" },
      "hashed",
    ],
    ["user and password of odd characters", { user: odd, pass: odd }, odd],
    ["an authenticator", { authenticator: usernamePasswordAuthenticator("plain", "s3cret") }],
    [
      "an authenticator with functions",
      {
        authenticator: usernamePasswordAuthenticator(
          () => "plain",
          () => "s3cret",
        ),
      },
    ],
    [
      "an authenticator with promises",
      { authenticator: usernamePasswordAuthenticator("plain", () => later("s3cret")) },
    ],
    ["a function of the user's own", { authenticator: () => ({ user: "plain", pass: "s3cret" }) }],
    [
      "an async function of the user's own",
      { authenticator: () => later({ user: "plain", pass: "s3cret" }) },
    ],
    [
      "a thenable",
      {
        authenticator: () =>
          // biome-ignore lint/suspicious/noThenProperty: a thenable is what this is about
          ({ then: (use: (auth: Auth) => void) => use({ user: "plain", pass: "s3cret" }) }) as never,
      },
    ],
    [
      "a list, of which the last wins",
      {
        authenticator: [
          usernamePasswordAuthenticator("plain", "wrong"),
          async () => ({ pass: "s3cret" }) as Auth,
        ],
      },
    ],
    [
      "a list with nothing in between",
      { authenticator: [() => undefined, usernamePasswordAuthenticator("plain", "s3cret"), () => {}] },
    ],
    [
      "an authenticator for the user, the options for the rest",
      { authenticator: () => ({ user: "nobody" }), user: "plain", pass: "s3cret" },
    ],
  ])("lets in by password, given by %s", async (_what, options, user = "plain") => {
    const { nc } = await watched({ port: byPassword.port, ...options });
    await nc.flush();
    const { connections } = (await byPassword.monitor("connz?auth=true")) as {
      connections: Record<string, unknown>[];
    };
    expect(connections.find(({ cid }) => cid === nc.info?.client_id)).toMatchObject({
      authorized_user: user,
    });
  });

  it.each<[string, string, string?]>([
    ["user and password", "nats://plain:s3cret@"],
    ["user and password without a scheme", "plain:s3cret@"],
    ["user and password of odd characters", `nats://${encoded}:${encoded}@`, odd],
    ["user and an empty password", "nats://mute:@", "mute"],
  ])("lets in by %s in the URL", async (_what, prefix, user = "plain") => {
    const { nc, seen } = await watched({
      servers: `${prefix}127.0.0.1:${byPassword.port}`,
      user: "nobody",
      pass: "no",
    });
    const { connections } = (await byPassword.monitor("connz?auth=true")) as {
      connections: Record<string, unknown>[];
    };
    expect(connections.find(({ cid }) => cid === nc.info?.client_id)).toMatchObject({
      authorized_user: user,
    });
    expect(nc.getServer()).toBe(`127.0.0.1:${byPassword.port}`);
    expect(seen.map(({ server: name }) => name)).toEqual([`127.0.0.1:${byPassword.port}`]);
  });

  it.each<[string, ConnectionOptions]>([
    ["the option token", { token: odd }],
    ["an authenticator", { authenticator: tokenAuthenticator(odd) }],
    ["an authenticator with a function", { authenticator: tokenAuthenticator(() => odd) }],
    ["an authenticator with a promise", { authenticator: tokenAuthenticator(() => later(odd)) }],
    ["a function of the user's own", { authenticator: () => ({ auth_token: odd }) }],
    ["the URL", { servers: `nats://${encoded}@` }],
  ])("lets in by token, given by %s", async (_what, { servers: prefix, ...options }) => {
    const where =
      prefix === undefined ? { port: byToken.port } : { servers: `${prefix}127.0.0.1:${byToken.port}` };
    const { nc } = await watched({ ...where, ...options });
    await nc.flush();
  });

  it("lets in by a token that it knows by its bcrypt hash", async () => {
    const { nc } = await watched({ port: byTokenHash.port, token: "t0ken-bcrypt" });
    await nc.flush();
  });

  it.each<[string, ConnectionOptions]>([
    ["a seed", { authenticator: nkeyAuthenticator(seed) }],
    ["a seed as in a file", { authenticator: nkeyAuthenticator(Buffer.from(`\n${Buffer.from(seed)}\n`)) }],
    ["a function that gives a seed", { authenticator: nkeyAuthenticator(() => seed) }],
    ["a promise of a seed", { authenticator: nkeyAuthenticator(() => later(seed)) }],
    [
      "a function of the user's own that signs",
      {
        authenticator: (nonce = "") => {
          const pair = fromSeed(seed);
          const sig = Buffer.from(pair.sign(Buffer.from(nonce))).toString("base64");
          return { nkey: pair.getPublicKey(), sig };
        },
      },
    ],
  ])("lets in by nkey, with %s", async (_what, options) => {
    const { nc } = await watched({ port: byKey.port, ...options });
    const back = nextStatus(nc, "reconnect");
    // Another connection has another nonce.
    await nc.reconnect();
    await back;
    await nc.flush();
  });

  it.each<[string, () => TestServer, ConnectionOptions]>([
    ["a wrong password", () => byPassword, { user: "plain", pass: "wrong" }],
    ["a wrong password where it knows a hash", () => byPassword, { user: "hashed", pass: passwordHash }],
    ["an unknown user", () => byPassword, { user: "nobody", pass: "s3cret" }],
    ["no password", () => byPassword, { user: "plain" }],
    ["no credentials", () => byPassword, {}],
    ["a wrong token", () => byToken, { token: "wrong" }],
    ["a password instead of a token", () => byToken, { user: "plain", pass: odd }],
    ["an unknown nkey", () => byKey, { authenticator: nkeyAuthenticator(createUser().getSeed()) }],
    [
      "an nkey without a signature",
      () => byKey,
      { authenticator: () => ({ nkey: key.getPublicKey(), sig: "" }) },
    ],
    [
      "a signature of something else",
      () => byKey,
      { authenticator: () => nkeyAuthenticator(seed)("another nonce") },
    ],
  ])("refuses %s", async (_what, to, options) => {
    const { port } = to();
    const error = await rejection({ port, ...options });
    expect(error).toMatchObject({
      code: ErrorCode.AuthorizationViolation,
      message: "Authorization Violation",
    });
    expect(error.isAuthError()).toBe(true);
    expect(error.attempts?.map(({ server: name, step }) => [name, step])).toEqual([
      [`127.0.0.1:${port}`, "authenticating"],
    ]);
    expect(await theirCode({ port, ...options })).toBe(error.code);
  });

  it("gives each server the credentials of its URL, and the rest those of the options", async () => {
    const [a, b, c] = await Promise.all([
      server(users(["a", "1"])),
      server(users(["b", "2"])),
      server(users(["c", "3"])),
    ]);
    const urls = [`a:1@127.0.0.1:${a.port}`, `b:2@127.0.0.1:${b.port}`, `127.0.0.1:${c.port}`];
    const { nc, seen } = await watched({
      servers: urls,
      noRandomize: true,
      user: "c",
      pass: "3",
      // Who was dialed is in its backoff for longer than the test: each server has its turn.
      reconnectTimeWait: 600_000,
    });
    const names = [nc.getServer()];
    for (let moves = 0; moves < 2; moves++) {
      const back = nextStatus(nc, "reconnect");
      await nc.reconnect();
      await back;
      names.push(nc.getServer());
    }
    const [nameA, nameB, nameC] = [a, b, c].map(({ port }) => `127.0.0.1:${port}`);
    expect(names).toEqual([nameA, nameB, nameC]);
    expect(seen.filter(({ type }) => type === "error")).toEqual([]);
  });

  it("gives servers that it learns from a cluster the credentials of the URL", async () => {
    const cluster = await startCluster(3, { path, config: users(["plain", "s3cret"]) });
    running.push(...cluster.nodes);
    const [first] = cluster.nodes;
    const { nc } = await watched({ servers: `nats://plain:s3cret@127.0.0.1:${first?.port}` });
    const back = nextStatus(nc, "reconnect");
    await first?.kill();
    await back;
    expect(nc.getServer()).not.toBe(`127.0.0.1:${first?.port}`);
    await nc.flush();
  });

  it("is asked with the credentials of the moment at every attempt", async () => {
    const one = await server(users(["plain", "first"]));
    let pass = "first";
    let asked = 0;
    const { nc, seen } = await watched({
      port: one.port,
      authenticator: usernamePasswordAuthenticator("plain", () => {
        asked++;
        return later(pass);
      }),
    });
    const back = nextStatus(nc, "reconnect");
    pass = "second";
    await one.reload(users(["plain", "second"]));
    await back;
    await nc.flush();
    expect(asked).toBe(2);
    expect(seen.filter(({ type }) => type === "error").map(({ data }) => data)).toEqual([
      ErrorCode.AuthorizationViolation,
    ]);
  });

  it("closes the connection by refusing the same credentials twice", async () => {
    const one = await server(users(["plain", "first"]));
    const { nc, seen } = await watched({
      port: one.port,
      user: "plain",
      pass: "first",
      maxReconnectAttempts: -1,
    });
    await one.reload(users(["plain", "second"]));
    expect(await nc.closed()).toMatchObject({ code: ErrorCode.AuthorizationViolation });
    // While connected, and then at the next attempt.
    expect(seen.filter(({ type }) => type === "error").map(({ step }) => step)).toEqual([
      "connected",
      "authenticating",
    ]);
  });

  it("closes the connection by refusing the same credentials of each URL twice", async () => {
    const [a, b] = await Promise.all([server(users(["a", "1"])), server(users(["b", "2"]))]);
    const { nc, seen } = await watched({
      servers: [`a:1@127.0.0.1:${a.port}`, `b:2@127.0.0.1:${b.port}`],
      noRandomize: true,
      maxReconnectAttempts: 20,
    });
    await b.reload(users(["c", "3"]));
    await a.reload(users(["c", "3"]));
    expect(await nc.closed()).toMatchObject({ code: ErrorCode.AuthorizationViolation });
    expect(seen.filter(({ step }) => step === "authenticating").map(({ server: name }) => name)).toEqual(
      [b, a, b].map(({ port }) => `127.0.0.1:${port}`),
    );
  });

  it("does not close it while other credentials are offered each time", async () => {
    const one = await server(users(["plain", "first"]));
    let asked = 0;
    const passwords = ["first", "wrong", "also wrong", "still wrong", "second"];
    const { nc } = await watched({
      port: one.port,
      authenticator: () => ({ user: "plain", pass: passwords[asked++] }),
    });
    const back = nextStatus(nc, "reconnect");
    await one.reload(users(["plain", "second"]));
    await back;
    await nc.flush();
    expect(asked).toBe(5);
  });

  it("does not close it where ignoreAuthErrorAbort is set, until maxReconnectAttempts", async () => {
    const one = await server(users(["plain", "first"]));
    const { nc, seen } = await watched({
      port: one.port,
      user: "plain",
      pass: "first",
      ignoreAuthErrorAbort: true,
      maxReconnectAttempts: 5,
    });
    await one.reload(users(["plain", "second"]));
    expect(await nc.closed()).toMatchObject({ code: ErrorCode.AuthorizationViolation });
    expect(seen.filter(({ step }) => step === "authenticating")).toHaveLength(5);
  });

  it("may refuse the first of two servers' credentials: the second is tried", async () => {
    const one = await server(users(["other", "s3cret"]));
    const { nc, seen } = await watched({
      servers: [`127.0.0.1:${one.port}`, `127.0.0.1:${byPassword.port}`],
      noRandomize: true,
      user: "plain",
      pass: "s3cret",
    });
    expect(nc.getServer()).toBe(`127.0.0.1:${byPassword.port}`);
    expect(seen.map(({ type }) => type)).toEqual(["reconnecting", "error", "reconnecting"]);
  });

  it("is waited for by waitOnFirstConnect, with new credentials each time", async () => {
    let asked = 0;
    const { nc } = await watched({
      port: byPassword.port,
      waitOnFirstConnect: true,
      authenticator: () => ({ user: "plain", pass: ++asked < 4 ? `wrong ${asked}` : "s3cret" }),
    });
    await nc.flush();
    expect(asked).toBe(4);
  });

  it("ends an attempt whose authenticator is too slow for it, says so, and tells the authenticator to stop", async () => {
    const one = await server({ authorization: { token: "t", timeout: 0.1 } });
    const aborted: unknown[] = [];
    const authenticator = (_nonce?: string, signal?: AbortSignal) =>
      new Promise<Auth>((_resolve, reject) => {
        signal?.addEventListener("abort", () => {
          aborted.push(signal.reason);
          reject(signal.reason);
        });
      });
    const error = await rejection({ port: one.port, authenticator });
    expect(error.code).toBe(ErrorCode.AuthenticationTimeout);
    expect(error.isAuthTimeout()).toBe(true);
    expect(error.message).toBe(
      `127.0.0.1:${one.port} waited for the credentials and gave up (Authentication Timeout): its own limit is the setting authorization { timeout }, 2 s by default`,
    );
    expect(aborted).toEqual([expect.objectContaining({ name: "AbortError" })]);
  });

  it("does not wait for credentials as long as the client would, where its configuration does not say how long", async () => {
    const error = await rejection({ port: byToken.port, authenticator: () => new Promise<Auth>(() => {}) });
    expect(error).toMatchObject({
      code: ErrorCode.AuthenticationTimeout,
      message: expect.stringContaining("waited for the credentials and gave up"),
    });
    expect(error.attempts?.map(({ step }) => step)).toEqual(["authenticating"]);
  });

  it("is reconnected to when a vault that was down answers again", async () => {
    let isDown = false;
    const { nc, seen } = await watched({
      port: byPassword.port,
      maxReconnectAttempts: -1,
      authenticator: async () => {
        if (isDown) throw new Error("the vault is down");
        return { user: "plain", pass: "s3cret" };
      },
    });
    isDown = true;
    const [failed, back] = [nextStatus(nc, "error"), nextStatus(nc, "reconnect")];
    await nc.reconnect();
    await failed;
    isDown = false;
    await back;
    await nc.flush();
    const errors = seen.filter(({ type }) => type === "error");
    expect(errors[0]).toMatchObject({
      data: ErrorCode.BadAuthentication,
      step: "authenticating",
      error: {
        message: expect.stringContaining("the authenticator failed"),
        cause: { message: "the vault is down" },
      },
    });
  });

  it("accepts what it does not ask for", async () => {
    const one = await server({});
    const { nc } = await watched({
      port: one.port,
      user: "somebody",
      pass: "something",
      authenticator: nkeyAuthenticator(seed),
    });
    await nc.flush();
  });
});

describe("an authenticator", () => {
  let server: FakeServer;
  const received: string[] = [];
  afterEach(() => server.close());

  async function listening(): Promise<number> {
    server = await fakeServer((socket) => {
      socket.write(info({ auth_required: true, nonce: "nonce" }));
      socket.on("data", (chunk) => received.push(chunk.toString()));
    });
    return server.port;
  }

  const problem = new Error("the vault is closed");
  it.each<[string, () => unknown, object]>([
    [
      "throws",
      () => {
        throw problem;
      },
      { message: "the authenticator failed; the error's cause says why", cause: problem },
    ],
    [
      "rejects",
      () => Promise.reject(problem),
      { message: "the authenticator failed; the error's cause says why", cause: problem },
    ],
    [
      "throws no Error",
      () => {
        throw "s3cret";
      },
      { message: expect.not.stringContaining("s3cret") },
    ],
    [
      "rejects with nothing",
      () => Promise.reject(),
      { message: expect.stringContaining("the authenticator failed") },
    ],
    [
      "returns a string",
      () => "s3cret",
      { message: expect.stringContaining("must be an object, not string") },
    ],
    [
      "promises a number",
      async () => 4711,
      { message: expect.stringContaining("must be an object, not number") },
    ],
    [
      "returns a password that is no string",
      () => ({ user: "u", pass: 4711 }),
      { message: expect.stringContaining('"pass" must be a string, not number') },
    ],
    [
      "promises a token that is an object",
      async () => ({ auth_token: {} }),
      { message: expect.stringContaining('"auth_token" must be a string, not object') },
    ],
    [
      "returns what cannot be looked at",
      () => ({
        get pass() {
          throw problem;
        },
      }),
      { cause: problem },
    ],
  ])("that %s fails the attempt, and nothing is sent", async (_what, authenticator, expected) => {
    received.length = 0;
    const error = await rejection({ port: await listening(), authenticator: authenticator as never });
    expect(error).toMatchObject({ code: ErrorCode.BadAuthentication, ...expected });
    expect(textsIn(error).join("\n")).not.toMatch(/s3cret|4711/);
    await server.emptied();
    expect(received).toEqual([]);
  });

  it("that never answers is given up after the timeout of the attempt, and blamed for it", async () => {
    const port = await listening();
    const error = await rejection({ port, timeout: 50, authenticator: () => new Promise<Auth>(() => {}) });
    expect(error).toMatchObject({
      code: ErrorCode.Timeout,
      message: expect.stringContaining("authenticator"),
    });
    await server.emptied();
  });

  it("that answers too late changes nothing any more: not the attempt that is made by then", async () => {
    received.length = 0;
    const answers: ((auth: Auth) => void)[] = [];
    const statuses = new Statuses();
    const controller = new AbortController();
    const attempts = rejection({
      port: await listening(),
      timeout: 600,
      waitOnFirstConnect: true,
      reconnectTimeWait: 1,
      reconnectJitter: 0,
      signal: controller.signal,
      onStatus: statuses.add,
      authenticator: () => new Promise<Auth>((resolve) => void answers.push(resolve)),
    });
    await statuses.until("the end of the first attempt", ({ type }) => type === "error");
    answers[0]?.({ user: "late" });
    await expect.poll(() => answers.length).toBe(2);
    answers[1]?.({ user: "in time" });
    await expect.poll(() => offeredIn(received.join(""))).toEqual([{ user: "in time" }]);
    controller.abort();
    expect((await attempts).code).toBe(ErrorCode.Cancelled);
    await server.emptied();
    expect(offeredIn(received.join(""))).toEqual([{ user: "in time" }]);
  });

  it("gets the nonce of the server", async () => {
    const nonces: unknown[] = [];
    const port = await listening();
    await rejection({
      port,
      timeout: 50,
      authenticator: (nonce) => {
        nonces.push(nonce);
        return { user: "u" };
      },
    });
    expect(nonces).toEqual(["nonce"]);
  });
});
