// Accounts of an operator with real servers: users are let in by JWT and seed, or by credentials file, until these expire or
// are revoked. Keys and JWTs are made here; the server holds the accounts in its memory resolver.

import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect as theirConnect, credsAuthenticator as theirCreds } from "nats";
import { createUser } from "nkeys.js";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  type AsyncAuthenticator,
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  ErrorCode,
  jwtAuthenticator,
  type NatsConnection,
  NatsError,
  nkeyAuthenticator,
  type Status,
} from "../../src/index.js";
import { scratchFile } from "../harness/certificates.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { type Account, Operator } from "../harness/operator.js";
import { textsIn } from "../harness/texts.js";
import { servers } from "../harness/versions.js";
import { nextStatus } from "../harness/waiting.js";
import { useWitnesses, witness } from "../harness/witness.js";

useWitnesses();

const encoder = new TextEncoder();
const later = <T>(value: T) => new Promise<T>((resolve) => setTimeout(resolve, 5, value));
const open: NatsConnection[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((nc) => nc.close()));
});

async function watched(options: ConnectionOptions): Promise<{ nc: NatsConnection; seen: Status[] }> {
  const seen: Status[] = [];
  const fast = { reconnectTimeWait: 10, reconnectJitter: 0 };
  const nc = await connect({ ...fast, ...options, onStatus: (status) => void seen.push(status) });
  open.push(nc);
  return { nc, seen };
}

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

const errorsIn = (seen: readonly Status[]) =>
  seen.filter(({ type }) => type === "error").map(({ data, step }) => [data, step]);

describe.each(servers)("an operator's nats-server $label", ({ path }) => {
  let server: TestServer;
  let operator: Operator;
  let account: Account;
  let other: Account;

  beforeAll(async () => {
    operator = new Operator();
    account = operator.account("A");
    other = operator.account("B");
    server = await startServer({ path, config: operator.config() });
    return () => server.stop();
  });

  it.each<[string, () => AsyncAuthenticator]>([
    [
      "JWT and seed",
      () => {
        const { jwt, seed } = account.user();
        return jwtAuthenticator(jwt, seed);
      },
    ],
    [
      "functions that give JWT and seed",
      () => {
        const { jwt, seed } = account.user();
        return jwtAuthenticator(
          () => jwt,
          () => seed,
        );
      },
    ],
    [
      "promises of JWT and seed",
      () => {
        const { jwt, seed } = account.user();
        return jwtAuthenticator(
          () => later(jwt),
          () => later(seed),
        );
      },
    ],
    ["a bearer token", () => jwtAuthenticator(account.user({ bearer: true }).jwt)],
    ["a credentials file", () => credsAuthenticator(account.user().creds)],
    [
      "a credentials file of Windows",
      () => {
        const text = Buffer.from(account.user().creds).toString().replaceAll("\n", "\r\n");
        return credsAuthenticator(encoder.encode(text));
      },
    ],
    [
      "a function that reads a credentials file",
      () => {
        const file = scratchFile("user.creds", account.user().creds);
        return credsAuthenticator(() => readFile(file));
      },
    ],
    [
      "a function of the user's own",
      () => {
        const { jwt, seed } = account.user();
        return async (nonce) => ({ jwt, ...(await nkeyAuthenticator(seed)(nonce)) });
      },
    ],
  ])("lets a user in by %s", async (_what, authenticator) => {
    const { nc } = await watched({ port: server.port, authenticator: authenticator() });
    const back = nextStatus(nc, "reconnect");
    await nc.reconnect();
    await back;
    await nc.flush();
  });

  it("keeps accounts apart", async () => {
    const join = async (one: Account) =>
      (await watched({ port: server.port, authenticator: credsAuthenticator(one.user().creds) })).nc;
    const [inA, alsoInA, inB] = [await join(account), await join(account), await join(other)];
    const received: string[] = [];
    for (const nc of [alsoInA, inB]) {
      nc.subscribe("news", { callback: (_error, msg) => void received.push(msg.string()) });
      await nc.flush();
    }
    inA.publish("news", "of A");
    inB.publish("news", "of B");
    await Promise.all([inA.flush(), inB.flush()]);
    await Promise.all([alsoInA.flush(), inB.flush()]);
    expect(received.sort()).toEqual(["of A", "of B"]);
  });

  it.each<[string, () => AsyncAuthenticator | undefined]>([
    ["without credentials", () => undefined],
    ["with a JWT but no seed", () => jwtAuthenticator(account.user().jwt)],
    ["with another user's seed", () => jwtAuthenticator(account.user().jwt, createUser().getSeed())],
    ["with a seed but no JWT", () => nkeyAuthenticator(account.user().seed)],
    [
      "of an account that the operator does not know",
      () => credsAuthenticator(new Operator().account("X").user().creds),
    ],
    ["whose JWT has expired", () => credsAuthenticator(account.user({ expiresIn: -10_000 }).creds)],
    [
      "whose JWT was changed",
      () => {
        const { jwt, seed } = account.user();
        const [header = "", , signature = ""] = jwt.split(".");
        const [, claims = ""] = account.user({ bearer: true }).jwt.split(".");
        return jwtAuthenticator([header, claims, signature].join("."), seed);
      },
    ],
  ])("refuses a user %s", async (_what, make) => {
    const authenticator = make();
    const options = { port: server.port, ...(authenticator === undefined ? {} : { authenticator }) };
    const error = await rejection(options);
    expect(error).toMatchObject({
      code: ErrorCode.AuthorizationViolation,
      message: "Authorization Violation",
    });
  });

  it("refuses an expired user as nats@2.29.3 sees it", async () => {
    const { creds } = account.user({ expiresIn: -10_000 });
    await expect(theirConnect({ port: server.port, authenticator: theirCreds(creds) })).rejects.toMatchObject(
      { code: ErrorCode.AuthorizationViolation },
    );
  });

  it("sends a user away whose JWT expires, and takes it back with the next one", async () => {
    const key = createUser();
    // The next one is there from the start, as if it had been renewed in time.
    const [first, next] = [account.user({ expiresIn: 2_000 }, key), account.user({}, key)];
    const file = scratchFile("renewed.creds", first.creds);
    const way = await witness(server.port);
    const { nc, seen } = await watched({
      port: way.port,
      authenticator: credsAuthenticator(() => readFile(file)),
    });
    const received: string[] = [];
    nc.subscribe("a", { callback: (_error, msg) => void received.push(msg.string()) });
    await nc.flush();
    const [expired, lost, back] = ["error", "disconnect", "reconnect"].map((type) => nextStatus(nc, type));
    writeFileSync(file, next.creds);
    expect((await expired)?.error?.isAuthError()).toBe(true);
    await lost;
    nc.publish("a", "kept");
    await back;
    await nc.flush();
    expect(errorsIn(seen)).toEqual([[ErrorCode.AuthenticationExpired, "connected"]]);
    expect(received).toEqual(["kept"]);
    // In the second in which it expires, the server would take the first one once more.
    expect(way.offered.map(({ jwt }) => jwt)).toEqual([first.jwt, next.jwt]);
  });

  it("sends a user away whose JWT expires, and closes the connection where there is no next one", async () => {
    const { creds } = account.user({ expiresIn: 2_000 });
    const { nc, seen } = await watched({
      port: server.port,
      authenticator: credsAuthenticator(creds),
      maxReconnectAttempts: -1,
    });
    const error = (await nc.closed()) as NatsError;
    expect(error.isAuthError()).toBe(true);
    // Until the second is over in which the JWT expires, the server may let it in and send it away once more.
    const errors = errorsIn(seen);
    expect(errors[0]).toEqual([ErrorCode.AuthenticationExpired, "connected"]);
    // The last two are the same refusal of the same credentials.
    expect(errors.slice(-2).map(([code]) => code)).toEqual([error.code, error.code]);
    // The client learns of it before what was kept goes out.
    expect(errors.at(-1)?.[1]).toMatch(/^(authenticating|subscribing)$/);
  });

  it("sends a user away whose JWT is revoked", async () => {
    const user = account.user();
    const { nc, seen } = await watched({ port: server.port, authenticator: credsAuthenticator(user.creds) });
    account.revoke(user);
    await server.reload(operator.config());
    expect(await nc.closed()).toMatchObject({ code: ErrorCode.AuthorizationViolation });
    expect(seen.find(({ type }) => type === "error")).toMatchObject({
      step: "connected",
      error: { code: ErrorCode.AuthorizationViolation, message: "User Authentication Revoked" },
    });
  });

  const { jwt, seed, creds } = new Operator().account("X").user();
  const text = Buffer.from(creds).toString();
  const seedText = Buffer.from(seed).toString();
  const damaged = `${seedText.slice(0, 20)}${seedText[20] === "A" ? "B" : "A"}${seedText.slice(21)}`;
  const account1 = new Operator().account("Y");
  const bytes = (content: string) => encoder.encode(content);
  it.each<[string, string, AsyncAuthenticator, string]>([
    ["credentials that are empty", ErrorCode.BadCreds, credsAuthenticator(bytes("")), "no user JWT"],
    ["credentials that are a JWT only", ErrorCode.BadCreds, credsAuthenticator(bytes(jwt)), "no user JWT"],
    [
      "credentials without a seed",
      ErrorCode.BadCreds,
      credsAuthenticator(bytes(text.split("*****")[0] ?? "")),
      "no nkey seed",
    ],
    [
      "credentials with a damaged seed",
      ErrorCode.BadCreds,
      credsAuthenticator(bytes(text.replace(seedText, damaged))),
      "checksum",
    ],
    [
      "credentials with a JWT that is none",
      ErrorCode.BadCreds,
      credsAuthenticator(bytes(text.replace(jwt, "not a jwt"))),
      "JWT",
    ],
    [
      "credentials that are a string",
      ErrorCode.BadCreds,
      credsAuthenticator(text as never),
      "must be a Uint8Array",
    ],
    [
      "a seed that is damaged",
      ErrorCode.BadAuthentication,
      jwtAuthenticator(jwt, bytes(damaged)),
      "checksum",
    ],
    [
      "a seed that is a public key",
      ErrorCode.BadAuthentication,
      nkeyAuthenticator(bytes(account1.publicKey)),
      "begins with SU",
    ],
    [
      "a seed that is nothing of the kind",
      ErrorCode.BadAuthentication,
      nkeyAuthenticator(bytes("hunter2")),
      "nkey seed",
    ],
    [
      "a seed that is a string",
      ErrorCode.BadAuthentication,
      nkeyAuthenticator(seedText as never),
      "must be a Uint8Array",
    ],
    ["a JWT that is empty", ErrorCode.BadAuthentication, jwtAuthenticator("", seed), "JWT"],
    ["a JWT that is a path", ErrorCode.BadAuthentication, jwtAuthenticator("/etc/user.jwt", seed), "JWT"],
    [
      "a JWT that is bytes",
      ErrorCode.BadAuthentication,
      jwtAuthenticator(bytes(jwt) as never, seed),
      "must be a string",
    ],
  ])("is never asked by a client that has %s", async (_what, code, authenticator, message) => {
    const way = await witness(server.port);
    const error = await rejection({ port: way.port, authenticator });
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(error.attempts?.map(({ step }) => step)).toEqual(["authenticating"]);
    expect(way.received()).toBe("");
    const told = textsIn(error).join("\n");
    for (const secret of [jwt, seedText, damaged, "hunter2"]) expect(told).not.toContain(secret);
  });
});
