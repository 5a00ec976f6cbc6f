// WebSocket and TLS, with real servers: over wss:// TLS is the socket's from its first byte, over ws:// there is none, and
// INFO changes neither. Certificates are made here. The rest over ws://: websocket.test.ts.

import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ConnectionOptions, connect, ErrorCode, type NatsConnection } from "../../src/index.js";
import { Authority, encryptedKey } from "../harness/certificates.js";
import { refused } from "../harness/refused.js";
import { servers } from "../harness/versions.js";
import { nextStatus } from "../harness/waiting.js";
import { startWebSocketServer, type WebSocketServer } from "../harness/web-socket-server.js";

const authority = new Authority();
const ca = authority.cert;
const open: NatsConnection[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((nc) => nc.close()));
});

async function connected(options: ConnectionOptions): Promise<NatsConnection> {
  const nc = await connect({ reconnectTimeWait: 50, reconnectJitterTLS: 10, ...options });
  open.push(nc);
  return nc;
}

describe.each(servers)("wss:// to nats-server $label", ({ path }) => {
  const client = authority.issue({ commonName: "client" });
  /** With a certificate; demands one of clients too; without TLS. */
  let secured: WebSocketServer;
  let verifying: WebSocketServer;
  let plain: WebSocketServer;

  beforeAll(async () => {
    const certificate = authority.issue();
    [secured, verifying, plain] = await Promise.all([
      startWebSocketServer({ path, certificate }),
      startWebSocketServer({ path, certificate, tls: `verify: true, ca_file: "${authority.certFile}"` }),
      startWebSocketServer({ path }),
    ]);
  });
  afterAll(() => Promise.all([secured, verifying, plain].map(({ server }) => server.stop())));

  it.each([
    ["an authority", () => ({ ca })],
    ["a file with an authority", () => ({ caFile: authority.certFile })],
    ["no check of the certificate", () => ({ rejectUnauthorized: false })],
    ["handshakeFirst, which it is anyway", () => ({ ca, handshakeFirst: true })],
  ])("connects with %s, and has one handshake", async (_what, tls) => {
    const nc = await connected({ servers: secured.url, tls: tls(), record: true });
    await nc.flush();
    const types = nc.recording()?.events.map(({ type }) => type);
    expect(types?.slice(0, 3)).toEqual(["socket.opened", "server.info", "server.pong"]);
    expect(types).not.toContain("socket.secured");
  });

  it("checks the name that the URL calls", async () => {
    const nc = await connected({ servers: secured.url.replace("127.0.0.1", "localhost"), tls: { ca } });
    expect(nc.getServer()).toBe(`localhost:${secured.webSocketPort}`);
    const other = await startWebSocketServer({
      path,
      certificate: authority.issue({ names: ["else.where"] }),
    });
    const error = await refused({ servers: other.url, tls: { ca } });
    expect(error).toMatchObject({ code: "TLS", message: expect.stringContaining("for another name") });
    await other.server.stop();
  });

  it("keeps what is published in an outage, as without TLS", async () => {
    const nc = await connected({ servers: secured.url, tls: { ca }, maxReconnectAttempts: -1 });
    const received: string[] = [];
    nc.subscribe("a", { callback: (_error, msg) => void received.push(msg.string()) });
    await nc.flush();
    const lost = nextStatus(nc, "disconnect");
    await secured.server.kill();
    await lost;
    for (let i = 0; i < 100; i++) nc.publish("a", `${i}`);
    await secured.restart();
    await nc.flush();
    expect(received).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
  });

  it("shows the client certificate that the server demands", async () => {
    const { cert, key } = client;
    const nc = await connected({ servers: verifying.url, tls: { ca, cert, key } });
    await nc.flush();
    const encrypted = { ca, cert, key: encryptedKey(key, "open sesame"), passphrase: "open sesame" };
    await connected({ servers: verifying.url, tls: encrypted });
  });

  it.each([
    ["no authority is named", () => secured, {}, "signed by an authority that is not trusted"],
    ["the server demands a client certificate", () => verifying, { ca }, "demands a client certificate"],
    [
      "a file is not there",
      () => secured,
      { caFile: "/no/such/file" },
      "tls.caFile: the file cannot be read",
    ],
    ["the server has no TLS there", () => plain, { ca }, "the server does not speak TLS at this port"],
  ])("says so where %s", async (_what, server, tls, why) => {
    const url = server().url.replace("ws://", "wss://");
    const error = await refused({ servers: url, tls });
    expect(error).toMatchObject({ code: "TLS", message: expect.stringContaining(why) });
  });

  it("says so where the certificate cannot be checked and no option tls is given", async () => {
    const error = await refused({ servers: secured.url });
    expect(error).toMatchObject({ code: "TLS", message: expect.stringContaining("name it with tls.ca") });
  });

  it("is refused by tls: null, which forbids TLS", async () => {
    const error = await refused({ servers: secured.url, tls: null });
    expect(error.message).toMatch(/asks for TLS, but the option tls is null/);
    expect(error.code).toBe(ErrorCode.ServerOptionNotAvailable);
  });

  it("does not begin over ws://, whatever the options or INFO say", async () => {
    const error = await refused({ servers: plain.url, tls: { ca } });
    expect(error).toMatchObject({
      code: ErrorCode.ServerOptionNotAvailable,
      message: expect.stringContaining("begins with ws://: wss:// is the one with TLS"),
    });
    const nc = await connected({ servers: plain.url, tls: null });
    await nc.flush();
  });

  it("does not begin over ws:// where the TCP listener of the same server demands TLS", async () => {
    const { certFile, keyFile } = authority.issue();
    const config = `tls { cert_file: "${certFile}", key_file: "${keyFile}", timeout: 5 }`;
    const both = await startWebSocketServer({ path, config });
    const nc = await connected({ servers: both.url });
    await nc.flush();
    await nc.close();
    const tcp = await connected({ servers: both.server.url, tls: { ca } });
    await tcp.flush();
    expect(tcp.info?.tls_required).toBe(true);
    await both.server.stop();
  });
});

it("asks for a WebSocket without compression, also under TLS", async () => {
  const { cert, key } = authority.issue();
  const extensions: unknown[] = [];
  const server = createServer({ cert, key }).on("upgrade", ({ headers }, socket) => {
    extensions.push(headers["sec-websocket-extensions"]);
    socket.destroy();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  await refused({ servers: `wss://127.0.0.1:${port}`, tls: { ca } });
  server.close();
  expect(extensions).toEqual([undefined]);
});
