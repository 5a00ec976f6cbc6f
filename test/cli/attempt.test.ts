// One connection as `check` watches it: what the server says of itself, its certificate, the round trips, and how it ends. The
// servers are sockets of the test; what it means: findings.test.ts.

import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import { attempt } from "../../src/cli/check/attempt.js";
import { Authority } from "../harness/certificates.js";

const open: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const server of open.splice(0)) server.close();
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A server that does that with each socket. Returns its URL. */
async function listening(accept: (socket: Socket) => unknown): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    sockets.push(socket);
    accept(socket);
  }).listen(0, "127.0.0.1");
  open.push(server);
  await once(server, "listening");
  return `nats://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const least = { server_id: "N", server_name: "n", version: "2.10.0", max_payload: 1_048_576 };
const greeting = (more: object = {}) => `INFO ${JSON.stringify({ ...least, ...more })}\r\n`;

/** Answers that many PINGs. */
function answering(socket: Socket, pings = Number.POSITIVE_INFINITY): Socket {
  let left = pings;
  return socket.on("data", (data) => {
    for (const _ of data.toString("latin1").matchAll(/PING\r\n/g)) if (left-- > 0) socket.write("PONG\r\n");
  });
}

describe("an attempt", () => {
  it("tells all that a server says of itself", async () => {
    const said = {
      cluster: "c",
      jetstream: true,
      tls_required: true,
      tls_available: true,
      tls_verify: true,
      auth_required: true,
      nonce: "abc",
      ldm: true,
      client_id: 7,
      client_ip: "192.0.2.7",
      connect_urls: ["192.0.2.1:4222"],
    };
    const { info } = await attempt(await listening((socket) => socket.end(greeting(said))), { timeout: 500 });
    expect(info).toEqual({
      serverName: "n",
      serverId: "N",
      version: "2.10.0",
      maxPayload: 1_048_576,
      cluster: "c",
      jetstream: true,
      tlsRequired: true,
      tlsAvailable: true,
      tlsVerify: true,
      authRequired: true,
      challenges: true,
      lameDuck: true,
      clientId: 7,
      clientIp: "192.0.2.7",
      connectUrls: ["192.0.2.1:4222"],
    });
  });

  it("takes what a server does not say for no", async () => {
    const { info } = await attempt(await listening((socket) => socket.end(greeting({ cluster: "" }))), {
      timeout: 500,
    });
    expect(info).toMatchObject({
      cluster: null,
      jetstream: false,
      tlsRequired: false,
      tlsAvailable: false,
      tlsVerify: false,
      authRequired: false,
      challenges: false,
      lameDuck: false,
      clientIp: null,
      connectUrls: [],
    });
  });

  it("measures five round trips, and leaves the server", async () => {
    const left: Promise<unknown>[] = [];
    const url = await listening((socket) => {
      left.push(once(socket, "close"));
      socket.write(greeting());
      answering(socket);
    });
    const begun = performance.now();
    const seen = await attempt(url, { timeout: 2_000 });
    const took = performance.now() - begun;
    expect(seen).toMatchObject({ failure: null, tls: null, secured: null });
    expect(seen.roundTrips).toHaveLength(5);
    for (const ms of [...seen.roundTrips, seen.opened, seen.greeted, seen.accepted]) {
      expect(ms).toBeGreaterThan(0);
      expect(ms).toBeLessThan(took);
    }
    expect(left).toHaveLength(1);
    await left[0];
  });

  it("measures each round trip by itself", async () => {
    const now = performance.now.bind(performance);
    let later = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now() + later);
    const url = await listening((socket) => {
      socket.write(greeting());
      socket.on("data", () => {
        later += 10_000;
      });
      answering(socket);
    });
    const { roundTrips } = await attempt(url, { timeout: 60_000 });
    expect(roundTrips.map((ms) => Math.floor(ms / 10_000))).toEqual([1, 1, 1, 1, 1]);
  });

  it("tells of a server that falls silent behind its first PONG", async () => {
    const url = await listening((socket) => {
      socket.write(greeting());
      answering(socket, 1);
    });
    const { accepted, roundTrips, failure } = await attempt(url, { timeout: 1_000 });
    expect(accepted).toBeGreaterThan(0);
    expect(roundTrips).toEqual([]);
    expect(failure).toEqual({
      step: "authenticating",
      code: "TIMEOUT",
      message: "no answer to PING within 1000 ms",
      complaint: null,
      cause: null,
    });
  });

  it("tells what TLS was agreed on, and whose certificate it was, up to the authority", async () => {
    const authority = new Authority("the authority");
    const { key, cert } = authority.issue({ commonName: "the server", names: ["127.0.0.1"] });
    const chain = `${cert}\n${authority.cert}`;
    const url = await listening((socket) =>
      socket.write(greeting({ tls_required: true }), () => {
        answering(new TLSSocket(socket, { isServer: true, key, cert: chain })).on("error", () => {});
      }),
    );
    const seen = await attempt(url, { timeout: 2_000, tls: { ca: authority.cert } });
    expect(seen).toMatchObject({
      failure: null,
      tls: {
        protocol: "TLSv1.3",
        cipher: expect.stringMatching(/^TLS_/),
        certificate: { subject: "CN=the server", issuer: "CN=the authority", root: "CN=the authority" },
      },
    });
    expect(seen.secured).toBeGreaterThan(0);
  });
});
