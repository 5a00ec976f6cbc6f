// TLS that fails: each reason is an error of its own, which says what to do, and none ends the process.

import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { connect as theirConnect } from "nats";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { connect, ErrorCode, type NatsConnection, NatsError, type TlsOptions } from "../../src/index.js";
import { Authority, type Certificate, encryptedKey, scratchFile } from "../harness/certificates.js";
import { type FakeServer, fakeServer, info } from "../harness/fake-server.js";
import { leftovers, nothingLeft } from "../harness/leftovers.js";
import { scratchFolder, startServer, type TestServer } from "../harness/nats-server.js";
import { type Relay, relay } from "../harness/relay.js";
import { servers } from "../harness/versions.js";

const authority = new Authority();
const stranger = new Authority("a stranger");
const namesake = new Authority();
const ca = authority.cert;
const hourAgo = new Date(Date.now() - 3_600_000);
const minuteAgo = new Date(Date.now() - 60_000);
const inAMinute = new Date(Date.now() + 60_000);
const client = authority.issue({ commonName: "client" });
const { cert, key } = client;

function tlsConfig({ certFile, keyFile }: Certificate, more: Readonly<Record<string, unknown>> = {}) {
  return { tls: { cert_file: certFile, key_file: keyFile, timeout: 5, ...more } };
}

type Options = NonNullable<Parameters<typeof connect>[0]>;

async function rejection(options: Options): Promise<NatsError> {
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

/** The code that the platform has for it, at the end of the causes. */
function platformCode(error: unknown): unknown {
  const { cause, code } = error as { cause?: unknown; code?: unknown };
  return cause === undefined ? code : platformCode(cause);
}

/** The code with which nats@2.29.3 rejects. */
async function theirCode(options: object): Promise<unknown> {
  return theirConnect({ ...options, reconnect: false }).then(
    async (nc) => {
      await nc.close();
      return undefined;
    },
    (error) => error.code,
  );
}

describe.each(servers)("TLS with nats-server $label fails", ({ path }) => {
  const kinds = {
    plain: {},
    good: tlsConfig(authority.issue()),
    verifying: tlsConfig(authority.issue(), { verify: true, ca_file: authority.certFile }),
    expired: tlsConfig(authority.issue({ from: hourAgo, until: minuteAgo })),
    future: tlsConfig(authority.issue({ from: inAMinute })),
    elsewhere: tlsConfig(authority.issue({ names: ["nats.example"] })),
    onlyAddress: tlsConfig(authority.issue({ names: ["127.0.0.1"] })),
    onlyName: tlsConfig(authority.issue({ names: ["localhost"] })),
  };
  const started = {} as Record<keyof typeof kinds, TestServer>;

  beforeAll(async () => {
    const starting = Object.entries(kinds).map(async ([kind, config]) => {
      started[kind as keyof typeof kinds] = await startServer({ path, config });
    });
    await Promise.all(starting);
    return () => Promise.all(Object.values(started).map((server) => server.stop()));
  });

  const noOffer = ErrorCode.ServerOptionNotAvailable;
  it.each<[string, keyof typeof kinds, Options, string, string]>([
    ["the server has no TLS", "plain", { tls: {} }, noOffer, "does not offer it"],
    [
      "the server has no TLS and the URL wants it",
      "plain",
      { servers: "tls://127.0.0.1" },
      noOffer,
      "does not offer it",
    ],
    [
      "the server requires it and the client forbids it",
      "good",
      { tls: null },
      noOffer,
      "the option tls is null",
    ],
  ])("where %s", async (_what, kind, { servers: url, ...options }, code, message) => {
    const { port } = started[kind];
    const error = await rejection(url === undefined ? { port, ...options } : { servers: `${url}:${port}` });
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(error.message).toContain(`127.0.0.1:${port}`);
  });

  const sameName = "another of the same name";
  const untrusted = "an authority that is not trusted: name it with tls.ca or tls.caFile";
  const otherName = "the server's certificate is for another name";
  const notTls = "does not speak TLS at this point: check tls.handshakeFirst";
  it.each<[string, keyof typeof kinds, TlsOptions | undefined, string, host?: string]>([
    ["the authority is unknown", "good", { ca: stranger.cert }, untrusted],
    ["the authority is unknown and no option names one", "good", undefined, untrusted],
    ["the authority has the name of another", "good", { ca: namesake.cert }, sameName],
    ["the certificate has expired", "expired", { ca }, "certificate has expired"],
    ["the certificate is not valid yet", "future", { ca }, "certificate is not valid yet"],
    [
      "the certificate is for another name",
      "elsewhere",
      { ca },
      `${otherName}: Host: localhost. is not`,
      "localhost",
    ],
    ["the certificate is for another address", "elsewhere", { ca }, `${otherName}: IP: 127.0.0.1 is not`],
    ["the certificate names the address but not the name", "onlyAddress", { ca }, otherName, "localhost"],
    ["TLS comes first and the server has none", "plain", { ca, handshakeFirst: true }, notTls],
    ["TLS comes first and the server begins with INFO", "good", { ca, handshakeFirst: true }, notTls],
    [
      "TLS comes first and INFO is there before the authority is read from its file",
      "good",
      { caFile: authority.certFile, handshakeFirst: true },
      notTls,
    ],
  ])("where %s", async (_what, kind, tls, message, host = "127.0.0.1") => {
    const options = { servers: `${host}:${started[kind].port}`, ...(tls === undefined ? {} : { tls }) };
    const error = await rejection(options);
    expect(error).toMatchObject({ code: ErrorCode.Tls, message: expect.stringContaining(message) });
    expect(error.message).toContain(`${host}:${started[kind].port}: `);
    expect(error.attempts?.map(({ step }) => step)).toEqual(["securing"]);
    // Their code is the platform's, which is at the end of our causes.
    expect(platformCode(error)).toBe(await theirCode(options));
  });

  it("where the certificate names the name but not the address (nats@2.29.3 asks for localhost then)", async () => {
    const options = { port: started.onlyName.port, tls: { ca } };
    expect((await rejection(options)).message).toContain(`${otherName}: IP: 127.0.0.1 is not`);
    expect(await theirCode(options)).toBeUndefined();
  });

  it("where it is met by an address that the certificate does not have, and says which name it has", async () => {
    const named = await rejection({ port: started.onlyName.port, tls: { ca } });
    expect(named.message).toContain(
      "it has names but no address: write in servers a name that it has (DNS:localhost), or set tls.servername",
    );
    // Another address is another server: there a name would be a guess.
    const addressed = await startServer({
      path,
      config: tlsConfig(authority.issue({ names: ["127.0.0.9"] })),
    });
    const other = await rejection({ port: addressed.port, tls: { ca } });
    await addressed.stop();
    expect(other.message).toContain(otherName);
    expect(other.message).not.toContain("write in servers");
    const byName = await rejection({ servers: `localhost:${started.elsewhere.port}`, tls: { ca } });
    expect(byName.message).not.toContain("write in servers");
    for (const options of [
      { servers: `localhost:${started.onlyName.port}`, tls: { ca } },
      { port: started.onlyName.port, tls: { ca, servername: "localhost" } },
    ]) {
      await (await connect(options)).close();
    }
  });

  it("where the server turns the client away in the clear: the failure carries its words, and is no refusal", async () => {
    const limited = await startServer({ path, config: { ...kinds.good, max_connections: 1 } });
    // Whoever looked whether the server is there may still be counted.
    const patient = { waitOnFirstConnect: true, reconnectTimeWait: 5, reconnectJitterTLS: 0 };
    const nc = await connect({ port: limited.port, tls: { ca }, ...patient });
    const error = await rejection({ port: limited.port, tls: { ca } });
    await nc.close();
    await limited.stop();
    expect(error).toMatchObject({
      code: ErrorCode.Tls,
      // Its words come right behind INFO. Where they come when the handshake has begun, Node keeps them to itself.
      message: expect.stringMatching(
        /: the server (sent an error where TLS was to begin: "maximum connections exceeded" \(it came unencrypted, so anybody on the way may have said it\)|does not speak TLS .*; or it refused the connection before TLS, because of a limit)$/,
      ),
    });
    expect(error.isAuthError()).toBe(false);
    expect(error.attempts?.map(({ step }) => step)).toEqual(["securing"]);
  });

  it("where options that are undefined stand beside a wrong certificate", async () => {
    const nothing = { checkServerIdentity: undefined, rejectUnauthorized: undefined, servername: undefined };
    const error = await rejection({ port: started.elsewhere.port, tls: { ca, ...nothing } });
    expect(error.message).toContain(`${otherName}: IP: 127.0.0.1 is not`);
  });

  const demands =
    "the server demands a client certificate: give tls.cert and tls.key, or certFile and keyFile";
  it.each([
    ["key", { key }],
    ["certificate", { cert }],
  ])("at once where the client has a %s only, whatever the server demands", async (_what, half) => {
    for (const { port } of [started.verifying, started.plain]) {
      const error = await rejection({ port, tls: { ca, ...half } });
      expect(error).toMatchObject({
        code: ErrorCode.InvalidOption,
        message: expect.stringContaining("is missing"),
      });
    }
  });

  const foreign = stranger.issue({ commonName: "client" });
  const aged = authority.issue({ from: hourAgo, until: minuteAgo });
  it.each<[string, TlsOptions, string | RegExp]>([
    ["the client has no certificate", {}, demands],
    [
      "the client's authority is unknown",
      foreign,
      /does not (accept|trust the authority of) the client certificate/,
    ],
    [
      "the client's certificate has expired",
      aged,
      /does not accept the client certificate|client certificate has expired/,
    ],
  ])("where the server demands a client certificate and %s", async (_what, given, message) => {
    const { cert: shown, key: kept } = given;
    const pair = {
      ...(shown === undefined ? {} : { cert: shown }),
      ...(kept === undefined ? {} : { key: kept }),
    };
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const error = await rejection({ port: started.verifying.port, tls: { ca, maxVersion, ...pair } });
      expect(error).toMatchObject({ code: ErrorCode.Tls, message: expect.stringMatching(message) });
    }
  });

  it.each<[string, TlsOptions, string | RegExp]>([
    [
      "versions that the server does not speak",
      { minVersion: "TLSv1.1", maxVersion: "TLSv1.1" },
      // A newer Node leaves out TLS 1.1 by itself.
      /no version of TLS in common|leave no version of TLS/,
    ],
    [
      "versions that exclude each other",
      { minVersion: "TLSv1.3", maxVersion: "TLSv1.2" },
      "leave no version of TLS",
    ],
    ["a version that is none", { minVersion: "TLSv9" as "TLSv1.3" }, "TLSv9"],
    ["ciphers that are none", { ciphers: "NONSENSE" }, "tls.ciphers names no cipher that is known"],
    ["a number for the ciphers", { ciphers: 42 as never }, '"tls.ciphers" property must be of type string'],
    ["protocols that are none", { ALPNProtocols: 42 as never }, "the tls options cannot be used"],
  ])("for %s", async (_what, tls, message) => {
    const error = await rejection({ port: started.good.port, tls: { ca, ...tls } });
    expect(error).toMatchObject({ code: ErrorCode.Tls, message: expect.stringMatching(message) });
  });

  const otherKey = authority.issue().key;
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({
    type: "pkcs8",
    format: "pem",
  });
  const locked = encryptedKey(key, "sesame");
  const missing = `${scratchFolder()}/missing.pem`;
  const text = scratchFile("text.pem", "this is no certificate");
  const broken = cert.replace(/\n.{8}/, "\n########");
  it.each<[string, object, string]>([
    ["a key of another certificate", { cert, key: otherKey }, "tls.key does not belong to tls.cert"],
    ["a key of another type", { cert, key: rsa }, "tls.key does not belong to tls.cert"],
    [
      "the file of a key of another certificate",
      { cert, keyFile: scratchFile("k.pem", otherKey) },
      "tls.keyFile does not belong to tls.cert",
    ],
    [
      "an encrypted key without its passphrase",
      { cert, key: locked },
      "tls.key is encrypted: give tls.passphrase",
    ],
    [
      "an encrypted key with another passphrase",
      { cert, key: locked, passphrase: "mustard" },
      "tls.key cannot be opened with tls.passphrase",
    ],
    [
      "a passphrase that is no string",
      { cert, key: locked, passphrase: 4711 },
      "tls.passphrase must be a string",
    ],
    ["a key that is not PEM", { cert, key: "SUSESAME" }, "tls.key is not a private key in PEM"],
    [
      "a key that is damaged",
      { cert, key: key.replace(/\n.{8}/, "\n########") },
      "tls.key is not a private key in PEM",
    ],
    ["a certificate as a key", { cert, key: cert }, "tls.key is not a private key in PEM"],
    ["a key that is a number", { cert, key: 4711 }, "tls.key must be a private key in PEM"],
    ["a certificate that is not PEM", { cert: "sesame", key }, "tls.cert is not a certificate in PEM"],
    ["a certificate that is damaged", { cert: broken, key }, "tls.cert is not a certificate in PEM"],
    ["a key as a certificate", { cert: key, key }, "tls.cert is not a certificate in PEM"],
    [
      "a certificate that is an object",
      { cert: { pem: cert }, key },
      "tls.cert must be a certificate in PEM",
    ],
    ["an authority that is not PEM", { ca: "sesame" }, "tls.ca is not a certificate in PEM"],
    ["an authority that is empty", { ca: "" }, "tls.ca is not a certificate in PEM"],
    ["an authority that is a number", { ca: 4711 }, "tls.ca must be a certificate in PEM"],
    ["a file that holds no authority", { caFile: text }, "tls.caFile is not a certificate in PEM"],
    [
      "a file of an authority that is absent",
      { caFile: missing },
      "tls.caFile: the file cannot be read (ENOENT)",
    ],
    [
      "a file of a certificate that is absent",
      { certFile: missing, key },
      "tls.certFile: the file cannot be read (ENOENT)",
    ],
    [
      "a file of a key that is absent",
      { cert, keyFile: missing },
      "tls.keyFile: the file cannot be read (ENOENT)",
    ],
    [
      "a folder instead of a file",
      { caFile: scratchFolder() },
      "tls.caFile: the file cannot be read (EISDIR)",
    ],
    ["a path that is a number", { caFile: 3 }, "tls.caFile must be the path of a file"],
    ["a path that is empty", { cert, keyFile: "" }, "tls.keyFile must be the path of a file"],
    ["a PFX that is none", { pfx: "sesame" }, "tls.pfx cannot be opened with tls.passphrase"],
  ])("for %s", async (_what, tls, message) => {
    const error = await rejection({ port: started.verifying.port, tls: { ca, ...tls } as TlsOptions });
    expect(error).toMatchObject({ code: ErrorCode.Tls, message: expect.stringContaining(message) });
  });

  it.each<[string, NonNullable<TlsOptions["checkServerIdentity"]>, string]>([
    ["returns an error", () => new Error("not the pinned certificate"), "not the pinned certificate"],
    ["returns something else", () => "no" as never, "tls.checkServerIdentity refused the certificate"],
    [
      "throws",
      () => {
        throw new Error("cannot look");
      },
      "tls.checkServerIdentity failed",
    ],
    ["is no function", 42 as never, "tls.checkServerIdentity failed"],
  ])("where checkServerIdentity %s", async (_what, checkServerIdentity, message) => {
    const error = await rejection({ port: started.good.port, tls: { ca, checkServerIdentity } });
    expect(error).toMatchObject({ code: ErrorCode.Tls, message: expect.stringContaining(message) });
  });

  it("whatever NODE_TLS_REJECT_UNAUTHORIZED says, as with nats@2.29.3", async () => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    try {
      const options = { port: started.good.port, tls: {} };
      const error = await rejection(options);
      expect(error.message).toContain(untrusted);
      expect(await theirCode(options)).toBe(platformCode(error));
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it("at one server, and works at the next", async () => {
    const nc = await connect({
      servers: [`127.0.0.1:${started.expired.port}`, `127.0.0.1:${started.good.port}`],
      noRandomize: true,
      tls: { ca },
    });
    expect(nc.getServer()).toBe(`127.0.0.1:${started.good.port}`);
    await nc.close();
  });
});

describe("a TLS handshake", () => {
  let server: FakeServer;
  let front: Relay | undefined;
  afterEach(async () => {
    await server.close();
    await front?.close();
    front = undefined;
  });

  /** Greets, wants TLS, and answers the client's first message as told. */
  async function tlsServer(answer: (socket: Socket, hello: Buffer) => void): Promise<FakeServer> {
    server = await fakeServer((socket) => {
      socket.write(info({ tls_required: true }));
      socket.once("data", (hello) => answer(socket, hello));
    });
    return server;
  }

  it("that takes longer than tls.timeout fails, and leaves no socket behind", async () => {
    const { port } = await tlsServer(() => {});
    const error = await rejection({ port, tls: { ca, timeout: 50 } });
    expect(error).toMatchObject({
      code: ErrorCode.Tls,
      message: expect.stringContaining("within 50 ms (tls.timeout)"),
    });
    expect(leftovers()).toEqual(nothingLeft);
    await server.emptied();
  });

  it("that takes longer than tls.timeout fails, also when bytes trickle in", async () => {
    let trickle: NodeJS.Timeout | undefined;
    const { port } = await tlsServer((socket) => {
      // A record of 8 KiB is announced, and comes at a byte a time.
      socket.write(Uint8Array.of(0x16, 3, 3, 0x20, 0));
      trickle = setInterval(() => socket.write(Uint8Array.of(0)), 5);
    });
    const error = await rejection({ port, timeout: 5_000, tls: { ca, timeout: 100 } });
    clearInterval(trickle);
    expect(error.code).toBe(ErrorCode.Tls);
    await server.emptied();
  });

  it("that never ends is ended by the timeout of the attempt", async () => {
    const { port } = await tlsServer(() => {});
    const error = await rejection({ port, timeout: 100, tls: { ca } });
    expect(error.code).toBe(ErrorCode.Timeout);
    expect(error.message).toContain("the TLS handshake did not finish within 100 ms");
    await server.emptied();
  });

  it.each<[string, (socket: Socket) => void, string]>([
    ["ends the connection", (socket) => socket.end(), "closed the connection during the TLS handshake"],
    [
      "resets the connection",
      (socket) => socket.resetAndDestroy(),
      "closed the connection during the TLS handshake",
    ],
    ["goes on in the open", (socket) => socket.write("PONG\r\n"), "does not speak TLS at this point"],
    ["sends nonsense", (socket) => socket.write(new Uint8Array(64)), "does not speak TLS at this point"],
  ])("in which the server %s fails", async (_what, answer, message) => {
    const { port } = await tlsServer(answer);
    const error = await rejection({ port, timeout: 5_000, tls: { ca } });
    expect(error).toMatchObject({ code: ErrorCode.Tls, message: expect.stringContaining(message) });
    await server.emptied();
  });

  it.each([
    ["together with INFO", 0],
    ["a moment after INFO", 20],
  ])(
    "that the server refuses in the clear %s carries its words, bounded and printable, and refuses no credentials",
    async (_when, ms) => {
      const words = `-ERR 'Authorization Violation \x1b[2J${"x".repeat(1_000)}'\r\n`;
      const pipe = `${scratchFolder()}/ca-${ms}.pipe`;
      execFileSync("mkfifo", [pipe]);
      server = await fakeServer((socket) => {
        socket.write(info({ tls_required: true }) + (ms === 0 ? words : ""));
        if (ms > 0) setTimeout(() => socket.write(words), ms);
        setTimeout(() => void writeFile(pipe, ca), 3 * ms);
        setTimeout(() => socket.end(), 4 * ms + 1);
      });
      const error = await rejection({ port: server.port, timeout: 5_000, tls: { caFile: pipe } });
      expect(error).toMatchObject({
        code: ErrorCode.Tls,
        message: expect.stringMatching(
          /the server sent an error where TLS was to begin: "Authorization Violation \\x1b\[2Jx{1,180}" \(it came unencrypted/,
        ),
      });
      expect(error.message.length).toBeLessThan(400);
      expect(error.isAuthError()).toBe(false);
    },
  );

  it("does not begin with what the server said in the open while a file was read", async () => {
    // A pipe instead of a file: it is read when the test wants it to be.
    const pipe = `${scratchFolder()}/ca.pipe`;
    execFileSync("mkfifo", [pipe]);
    server = await fakeServer((socket) => {
      socket.write(info({ tls_required: true }));
      setTimeout(() => socket.write("-ERR 'Authorization Violation'\r\n"), 20);
      setTimeout(() => void writeFile(pipe, ca), 50);
    });
    const error = await rejection({ port: server.port, timeout: 5_000, tls: { caFile: pipe } });
    expect(error).toMatchObject({
      code: ErrorCode.Tls,
      message: expect.stringContaining("sent an error where TLS was to begin"),
      cause: { cause: { code: "ERR_SSL_WRONG_VERSION_NUMBER" } },
    });
  });

  it.each([
    ["localhost", { ca, servername: undefined }, "localhost"],
    ["localhost", { ca, servername: "nats.example" }, "nats.example"],
    ["127.0.0.1", { ca }, false],
  ])("with %s names the server as it should, or as tls.servername says", async (host, tls, name) => {
    const { cert: own, key: ownKey } = authority.issue({ names: ["localhost", "127.0.0.1", "nats.example"] });
    const named: unknown[] = [];
    const secure = createTlsServer({ cert: own, key: ownKey }, (socket) => {
      named.push(socket.servername);
      socket.on("error", () => {});
      socket.on("data", () => socket.write("PONG\r\n"));
    });
    const { port } = await tlsServer((socket, hello) => {
      socket.pause();
      socket.unshift(hello);
      secure.emit("connection", socket);
    });
    const nc = await connect({ servers: `${host}:${port}`, tls });
    await nc.close();
    secure.close();
    expect(named).toEqual([name]);
  });

  it("fails at once where the server closes before it begins", async () => {
    const pipe = `${scratchFolder()}/ca-closed.pipe`;
    execFileSync("mkfifo", [pipe]);
    server = await fakeServer((socket) => {
      socket.write(info({ tls_required: true }));
      setTimeout(() => socket.end(), 5);
    });
    const error = await rejection({ port: server.port, timeout: 20_000, tls: { caFile: pipe } });
    await writeFile(pipe, ca);
    expect(error).toMatchObject({
      code: ErrorCode.Tls,
      message: expect.stringContaining("the server closed the connection during the TLS handshake"),
    });
  });

  it("can be given up in its middle, and leaves nothing behind", async () => {
    const controller = new AbortController();
    const { port } = await tlsServer(() => controller.abort());
    const tls = { ca, timeout: 60_000 };
    await expect(connect({ port, tls, signal: controller.signal })).rejects.toMatchObject({
      code: ErrorCode.Cancelled,
    });
    await server.emptied();
    await expect.poll(leftovers).toEqual(nothingLeft);
  });

  it("whose end comes together with what breaks the connection fails at once", async () => {
    // TLS 1.2, where the server has the last word: its Finished and a broken record arrive in one piece.
    const { cert: own, key: ownKey } = authority.issue();
    const secure = createTlsServer({ cert: own, key: ownKey, maxVersion: "TLSv1.2" });
    await tlsServer((socket, hello) => {
      socket.pause();
      socket.unshift(hello);
      secure.emit("connection", socket);
    });
    let flights = 0;
    front = await relay(server.port, {
      fromServer: () => (chunk, send) => {
        // INFO, the server's certificate, and then its Finished.
        flights++;
        send(flights === 3 ? Buffer.concat([chunk, Buffer.from("PONG\r\n this is no record")]) : chunk);
      },
    });
    const error = await rejection({ port: front.port, timeout: 10_000, tls: { ca } });
    secure.close();
    expect(error.code).toBe(ErrorCode.Tls);
    expect(flights).toBe(3);
  });
});

describe.each(servers.filter(({ label }) => label !== "2.9"))(
  "a nats-server $label that wants TLS first, met without tls.handshakeFirst",
  ({ path }) => {
    const hint = "; it may want TLS before INFO (handshake_first): then set tls.handshakeFirst";

    it.each<[string, number, Options, string, string]>([
      ["closes without a word", 0.2, {}, ErrorCode.Disconnect, "closed the connection (step: greeting)"],
      ["says nothing", 5, { timeout: 200 }, ErrorCode.Timeout, "no INFO within 200 ms (step: greeting)"],
      [
        "says nothing to a client that forbids TLS",
        5,
        { timeout: 200, tls: null },
        ErrorCode.Timeout,
        "no INFO within 200 ms (step: greeting)",
      ],
    ])("%s: the failure says what it may want", async (_what, timeout, options, code, message) => {
      const { tls } = tlsConfig(authority.issue(), { handshake_first: true, timeout });
      const server = await startServer({ path, config: { tls } });
      const error = await rejection({ port: server.port, ...options });
      await server.stop();
      expect(error.code).toBe(code);
      expect(error.message.endsWith(message + hint)).toBe(true);
    });
  },
);

describe("a connection over TLS", () => {
  const open: NatsConnection[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((nc) => nc.close()));
  });

  it.each(servers)("whose bytes are damaged is replaced (nats-server $label)", async ({ path }) => {
    const server = await startServer({ path, config: tlsConfig(authority.issue()) });
    let damaging = false;
    const front = await relay(server.port, {
      fromServer: () => (chunk, send) => {
        const copy = Buffer.from(chunk);
        if (damaging) copy[copy.length - 1] = ~(copy.at(-1) ?? 0) & 0xff;
        damaging = false;
        send(copy);
      },
    });
    const nc = await connect({ port: front.port, tls: { ca }, reconnectTimeWait: 10, reconnectJitterTLS: 0 });
    open.push(nc);
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { type } of nc.status()) {
        seen.push(type);
        if (type === "reconnect") return;
      }
    })();
    damaging = true;
    await expect(nc.flush()).rejects.toMatchObject({ code: ErrorCode.Disconnect });
    await watching;
    await nc.flush();
    expect(seen).toEqual(["disconnect", "reconnecting", "reconnect"]);
    await nc.close();
    await front.close();
    await server.stop();
  });
});
