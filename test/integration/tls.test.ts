// TLS with real servers: what works. What fails, and how it says so: tls-failures.test.ts. Certificates are made here.

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { connect, type NatsConnection, type TlsOptions } from "../../src/index.js";
import { Authority, type Certificate, encryptedKey, scratchFile } from "../harness/certificates.js";
import { startCluster, startServer, type TestServer } from "../harness/nats-server.js";
import { inPieces, type Relay, type RelayOptions, relay } from "../harness/relay.js";
import { type NatsServer, servers } from "../harness/versions.js";
import { nextStatus } from "../harness/waiting.js";

const authority = new Authority();
const ca = authority.cert;

/** The TLS block of a server's configuration. */
function tlsConfig({ certFile, keyFile }: Certificate, more: Readonly<Record<string, unknown>> = {}) {
  return { tls: { cert_file: certFile, key_file: keyFile, timeout: 5, ...more } };
}

const open: NatsConnection[] = [];
const relays: Relay[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((nc) => nc.close()));
  await Promise.all(relays.splice(0).map((one) => one.close()));
});

async function connected(options: Parameters<typeof connect>[0]): Promise<NatsConnection> {
  const nc = await connect({ reconnectTimeWait: 50, reconnectJitterTLS: 10, ...options });
  open.push(nc);
  return nc;
}

async function relayed(port: number, options: RelayOptions): Promise<number> {
  const one = await relay(port, options);
  relays.push(one);
  return one.port;
}

/** What the server says of the TLS of a connection; undefined where there is none. */
async function seenBy(server: TestServer, nc: NatsConnection) {
  const { connections } = (await server.monitor("connz")) as { connections: Record<string, unknown>[] };
  const seen = connections.find(({ cid }) => cid === nc.info?.client_id);
  return { version: seen?.["tls_version"], cipher: seen?.["tls_cipher_suite"] };
}

describe.each(servers)("TLS with nats-server $label", ({ path }) => {
  /** Requires TLS; offers it; demands client certificates too. */
  let required: TestServer;
  let offering: TestServer;
  let verifying: TestServer;
  const client = authority.issue({ commonName: "client" });

  beforeAll(async () => {
    const cert = authority.issue();
    const start = (config: Record<string, unknown>) => startServer({ path, monitor: true, config });
    [required, offering, verifying] = await Promise.all([
      start(tlsConfig(cert)),
      start({ ...tlsConfig(cert), allow_non_tls: true }),
      start(tlsConfig(cert, { verify: true, ca_file: authority.certFile })),
    ]);
    return () => Promise.all([required, offering, verifying].map((server) => server.stop()));
  });

  it.each([
    ["a name", "localhost"],
    ["a name in capitals", "LOCALHOST"],
    ["an IPv4 address", "127.0.0.1"],
    ["a tls:// URL", "tls://localhost"],
    ["a nats:// URL", "nats://localhost"],
  ])("is upgraded to after INFO, for a server called by %s", async (_what, host) => {
    const nc = await connected({ servers: `${host}:${required.port}`, tls: { ca } });
    expect(await seenBy(required, nc)).toEqual({ version: "1.3", cipher: expect.any(String) });
    expect((await nc.info)?.tls_required).toBe(true);
  });

  it("works over IPv6, where the certificate names the address", async () => {
    const port = await relayed(required.port, { host: "::1" });
    const nc = await connected({ servers: `[::1]:${port}`, tls: { ca } });
    expect((await seenBy(required, nc)).version).toBe("1.3");
  });

  it("is used where the server offers it, and not where the client forbids it", async () => {
    const secure = await connected({ port: offering.port, tls: { ca } });
    expect(await seenBy(offering, secure)).toMatchObject({ version: "1.3" });
    const plain = await connected({ port: offering.port, tls: null });
    expect(await seenBy(offering, plain)).toEqual({ version: undefined, cipher: undefined });
  });

  it("is used without a word about it, where the system trusts the authority", async () => {
    const ports = [required.port, offering.port];
    const contents = `import { connect } from "./src/index.ts";
      for (const port of ${JSON.stringify(ports)}) await (await connect({ port, name: "child" })).close();`;
    const bundle = `.cache/system-authority-${process.pid}-${required.port}.mjs`;
    await build({
      stdin: { contents, resolveDir: ".", loader: "ts" },
      bundle: true,
      platform: "node",
      format: "esm",
      packages: "external",
      outfile: bundle,
    });
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: authority.certFile };
    await promisify(execFile)(process.execPath, [bundle], { env });
    for (const server of [required, offering]) {
      const { connections } = (await server.monitor("connz?state=closed")) as { connections: object[] };
      expect(connections).toContainEqual(expect.objectContaining({ name: "child", tls_version: "1.3" }));
    }
  });

  const { cert, key, certFile, keyFile } = client;
  const { certFile: caFile } = authority;
  it.each<[string, TlsOptions]>([
    ["strings", { ca, cert, key }],
    ["buffers", { ca: Buffer.from(ca), cert: Buffer.from(cert), key: Buffer.from(key) }],
    ["lists", { ca: [new Authority("another").cert, ca], cert: [cert], key: [key] }],
    ["files", { caFile, certFile, keyFile }],
    ["files, which win over values", { ca: "no", cert: "no", key: "no", caFile, certFile, keyFile }],
    ["files and values", { ca, certFile, key }],
    ["an encrypted key", { ca, cert, key: encryptedKey(key, "sesame"), passphrase: "sesame" }],
    [
      "an encrypted key with its own passphrase",
      { ca, cert, key: [{ pem: encryptedKey(key, "a"), passphrase: "a" }] },
    ],
    [
      "an encrypted key in a file",
      { ca, certFile, keyFile: scratchFile("enc.pem", encryptedKey(key, "a")), passphrase: "a" },
    ],
    ["a chain", { ca, cert: cert + ca, key }],
    ["a secure context", { secureContext: createSecureContext({ ca, cert, key }) }],
  ])("takes authority, client certificate and key as %s", async (_what, tls) => {
    const nc = await connected({ port: verifying.port, tls });
    await nc.flush();
    expect((await seenBy(verifying, nc)).version).toBe("1.3");
  });

  it("names the user by its certificate alone, where the server maps certificates to users", async () => {
    const config = {
      ...tlsConfig(authority.issue(), { verify_and_map: true, ca_file: caFile }),
      authorization: { users: [{ user: "CN=client", permissions: { publish: "a" } }] },
    };
    const server = await startServer({ path, config });
    const nc = await connected({ port: server.port, tls: { ca, cert, key } });
    await nc.flush();
    const stranger = authority.issue({ commonName: "stranger" });
    await expect(
      connect({ port: server.port, tls: { ca, cert: stranger.cert, key: stranger.key } }),
    ).rejects.toMatchObject({ code: "AUTHORIZATION_VIOLATION" });
    await nc.close();
    await server.stop();
  });

  it("reads files anew at each attempt: a new authority and a new client certificate are used", async () => {
    const files = {
      caFile: scratchFile("ca.pem", ca),
      certFile: scratchFile("c.pem", cert),
      keyFile: scratchFile("k.pem", key),
    };
    const server = await startServer({
      path,
      config: tlsConfig(authority.issue(), { verify: true, ca_file: caFile }),
    });
    const nc = await connected({ port: server.port, tls: files, maxReconnectAttempts: -1 });
    const back = nextStatus(nc, "reconnect");
    const renewed = new Authority("renewed");
    const renewedClient = renewed.issue();
    writeFileSync(files.caFile, renewed.cert);
    writeFileSync(files.certFile, renewedClient.cert);
    writeFileSync(files.keyFile, renewedClient.key);
    await server.reload(tlsConfig(renewed.issue(), { verify: true, ca_file: renewed.certFile }));
    await server.restart();
    await back;
    await nc.flush();
    await nc.close();
    await server.stop();
  });

  it("reconnects over TLS, with what was published meanwhile", async () => {
    const server = await startServer({ path, config: tlsConfig(authority.issue()) });
    const nc = await connected({ port: server.port, tls: { ca }, maxReconnectAttempts: -1 });
    const received: string[] = [];
    nc.subscribe("a", { callback: (_error, msg) => void received.push(msg.string()) });
    await nc.flush();
    const [lost, back] = [nextStatus(nc, "disconnect"), nextStatus(nc, "reconnect")];
    await server.kill();
    await lost;
    nc.publish("a", "kept");
    await server.restart();
    await back;
    await nc.flush();
    expect(received).toEqual(["kept"]);
    await nc.close();
    await server.stop();
  });

  it("asks checkServerIdentity, with the name that was dialed and the certificate", async () => {
    const asked: unknown[] = [];
    const checkServerIdentity: TlsOptions["checkServerIdentity"] = (name, certificate) => {
      asked.push([name, certificate.subject.CN]);
      return undefined;
    };
    await connected({ port: required.port, tls: { ca, checkServerIdentity } });
    await connected({ servers: `localhost:${required.port}`, tls: { ca, checkServerIdentity } });
    expect(asked).toEqual([
      ["127.0.0.1", "test"],
      ["localhost", "test"],
    ]);
  });

  it("accepts any certificate where rejectUnauthorized is false", async () => {
    const server = await startServer({
      path,
      config: tlsConfig(new Authority("unknown").issue({ names: ["x"] })),
    });
    const nc = await connected({ port: server.port, tls: { rejectUnauthorized: false } });
    await nc.flush();
    await nc.close();
    await server.stop();
  });

  it("takes every other option of node:tls", async () => {
    const old = await connected({ port: required.port, tls: { ca, maxVersion: "TLSv1.2" } });
    expect((await seenBy(required, old)).version).toBe("1.2");
    const ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
    const chosen = await connected({ port: required.port, tls: { ca, maxVersion: "TLSv1.2", ciphers } });
    expect((await seenBy(required, chosen)).cipher).toBe("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    const named = await startServer({
      path,
      config: tlsConfig(authority.issue({ names: ["nats.example"] })),
    });
    const nc = await connected({ port: named.port, tls: { ca, servername: "nats.example" } });
    await nc.flush();
    await nc.close();
    await named.stop();
  });

  it("knows servers that it learnt from a cluster by the name it dialed first", async () => {
    const cluster = await startCluster(3, {
      path,
      config: tlsConfig(authority.issue({ names: ["localhost"] })),
    });
    const [first] = cluster.nodes;
    const nc = await connected({ servers: `localhost:${first?.port}`, tls: { ca } });
    const back = nextStatus(nc, "reconnect");
    await first?.kill();
    await back;
    await nc.flush();
    expect(nc.getServer()).toMatch(/^127\.0\.0\.1:/);
    await nc.close();
    await cluster.stop();
  });

  it.each([
    ["one by one", inPieces(1)],
    ["in odd pieces", inPieces(1, 2, 3, 5, 8, 1_000)],
  ])("does not mind when bytes arrive %s", async (_how, pieces) => {
    const port = await relayed(verifying.port, { fromServer: pieces, fromClient: pieces });
    const nc = await connected({ port, tls: { ca, cert, key } });
    const sub = nc.subscribe("echo");
    const payload = Uint8Array.from({ length: 20_000 }, (_, at) => at % 251);
    nc.publish("echo", payload);
    nc.publish("echo", "end");
    const received: Uint8Array[] = [];
    for await (const msg of sub) {
      if (msg.string() === "end") break;
      received.push(msg.data);
    }
    expect(received).toEqual([Buffer.from(payload)]);
  });

  it("carries megabytes both ways", async () => {
    const nc = await connected({ port: required.port, tls: { ca } });
    let bytes = 0;
    const sub = nc.subscribe("big", {
      max: 40,
      callback: (_error, msg) => {
        bytes += msg.data.length;
      },
    });
    for (let i = 0; i < 40; i++) {
      nc.publish("big", new Uint8Array(1_000_000));
      await nc.ready();
    }
    await sub.closed;
    expect(bytes).toBe(40_000_000);
  });

  it("throws away what came with INFO over the open wire", async () => {
    const injected = "MSG injected 1 4\r\nevil\r\n-ERR 'Authorization Violation'\r\nPONG\r\n";
    let isFirst = true;
    const port = await relayed(required.port, {
      fromServer: () => (chunk, send) => {
        send(isFirst ? Buffer.concat([chunk, Buffer.from(injected)]) : chunk);
        isFirst = false;
      },
    });
    const nc = await connected({ port, tls: { ca } });
    const received: string[] = [];
    nc.subscribe(">", { callback: (_error, msg) => void received.push(msg.subject) });
    await nc.flush();
    expect(received).toEqual([]);
  });
});

/** Since 2.10. */
function knowsHandshakeFirst({ version }: NatsServer): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 10);
}

describe.each(servers.filter(knowsHandshakeFirst))("handshake first with nats-server $label", ({ path }) => {
  let server: TestServer;

  beforeAll(async () => {
    const config = tlsConfig(authority.issue(), { handshake_first: true });
    server = await startServer({ path, monitor: true, config });
    return () => server.stop();
  });

  it("is done before the first byte of the protocol", async () => {
    const bytes: Buffer[] = [];
    const port = await relayed(server.port, {
      fromServer: () => (chunk, send) => {
        bytes.push(chunk);
        send(chunk);
      },
    });
    const nc = await connected({ port, tls: { ca, handshakeFirst: true } });
    await nc.flush();
    expect(Buffer.concat(bytes).includes("INFO")).toBe(false);
    expect((await seenBy(server, nc)).version).toBe("1.3");
  });

  it("does not mind when bytes arrive one by one", async () => {
    const port = await relayed(server.port, { fromServer: inPieces(1), fromClient: inPieces(1) });
    const nc = await connected({ port, tls: { ca, handshakeFirst: true } });
    await nc.flush();
  });

  it("is done again at a reconnect", async () => {
    const nc = await connected({ port: server.port, tls: { ca, handshakeFirst: true } });
    const back = nextStatus(nc, "reconnect");
    await nc.reconnect();
    await back;
    await nc.flush();
    expect((await seenBy(server, nc)).version).toBe("1.3");
  });
});
