// What `check` finds out besides connecting: whose port it is, and which certificate is shown there. The servers are sockets of
// the test; with real servers: test/integration/cli-check.test.ts.

import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createSecureContext, TLSSocket, type TLSSocketOptions } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import { certificateAt, lookUp, neighbourAt } from "../../src/cli/check/probes.js";
import { parseAddress, type ServerAddress } from "../../src/machine/server-address.js";
import { Authority } from "../harness/certificates.js";

const open: Server[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const server of open.splice(0)) server.close();
});

function address(text: string): ServerAddress {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

/** Listens, and does that with each socket: also told is how many came before. */
async function listening(accept: (socket: Socket, before: number) => unknown): Promise<ServerAddress> {
  let count = 0;
  const server = createServer((socket) => {
    socket.on("error", () => {});
    accept(socket, count++);
  }).listen(0, "127.0.0.1");
  open.push(server);
  await once(server, "listening");
  return address(`localhost:${(server.address() as AddressInfo).port}`);
}

const authority = new Authority("the authority");
const issued = authority.issue({ commonName: "the server", names: ["localhost", "127.0.0.1"] });
const secure = (socket: Socket, more: TLSSocketOptions = {}) =>
  new TLSSocket(socket, { isServer: true, key: issued.key, cert: issued.cert, ...more }).on(
    "error",
    () => {},
  );

/** A server of TLS: the first connection within it is ended, unless there is a greeting; the next are answered like that. */
const secured = (answer: string, greeting = "") => {
  let within = 0;
  return listening((socket) => {
    const inner = secure(socket);
    inner.once("secure", () => {
      if (greeting !== "") inner.write(greeting);
      else if (within++ === 0) inner.end();
      else inner.once("data", () => inner.end(answer));
    });
  });
};

const HTTP = "HTTP/1.1 200 OK\r\n\r\n";

describe("who listens on a port", () => {
  it.each([
    ["HTTP", `${HTTP}<p>hello`, { speaks: "http", overTls: false, isMonitor: false }],
    ["the monitoring page", `${HTTP}<a href=varz>`, { speaks: "http", overTls: false, isMonitor: true }],
    ["something else", "220 mail.example ESMTP HTTP/\r\n", { speaks: "nothing" }],
    ["nothing", "", { speaks: "nothing" }],
  ])("is asked in plain text: %s", async (_what, answer, speaks) => {
    const asked: string[] = [];
    const there = await listening((socket) =>
      socket.once("data", (data) => {
        asked.push(data.toString("latin1"));
        socket.end(answer);
      }),
    );
    expect(await neighbourAt(there)).toEqual(speaks);
    expect(asked).toContain(
      `GET / HTTP/1.1\r\nHost: ${there.name}\r\nConnection: close\r\nAccept: */*\r\n\r\n`,
    );
  });

  it.each([
    ["HTTPS", `${HTTP}<p>hello`, { speaks: "http", overTls: true, isMonitor: false }],
    ["the monitoring page", `${HTTP}<a href=varz>`, { speaks: "http", overTls: true, isMonitor: true }],
    ["something else", "220 mail.example ESMTP HTTP/\r\n", { speaks: "tls" }],
    ["nothing", "", { speaks: "tls" }],
  ])("is asked within TLS: %s", async (_what, answer, speaks) => {
    expect(await neighbourAt(await secured(answer))).toEqual(speaks);
  });

  it("may be a nats-server that wants TLS before its greeting: there is no more to wait for", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    expect(await neighbourAt(await secured("", 'INFO {"server_id":"N"}\r\n'))).toEqual({
      speaks: "nats over tls",
    });
  });

  it.each([
    ["the first 4,096 bytes", `${HTTP}${"x".repeat(4_096 - HTTP.length)}`],
    ["more than these", `${HTTP}${"x".repeat(10_000)}`],
  ])("is known from %s: no end is waited for", async (_what, answer) => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const there = await listening((socket, before) => {
      if (before === 0) socket.write(answer);
      else socket.end(answer);
    });
    expect(await neighbourAt(there)).toMatchObject({ speaks: "http", overTls: false });
  });

  it("is known from all that is said until the end", async () => {
    const there = await listening((socket) => {
      socket.write(HTTP);
      socket.once("data", () => setImmediate(() => socket.end("<a href=varz>")));
    });
    expect(await neighbourAt(there)).toMatchObject({ speaks: "http", isMonitor: true });
  });

  it("may be nobody", async () => {
    const there = await listening(() => {});
    open.pop()?.close();
    expect(await neighbourAt(there)).toEqual({ speaks: "nothing" });
  });
});

describe("the certificate that is shown", () => {
  const { fingerprint256 } = new X509Certificate(issued.cert);
  const INFO = "INFO {}\r\n";
  /** A server of TLS behind a greeting, which comes in two pieces. */
  const behindGreeting = (more?: TLSSocketOptions) =>
    listening((socket) => {
      socket.write(INFO.slice(0, 4));
      setImmediate(() => socket.write(INFO.slice(4), () => void secure(socket, more)));
    });

  it("is told, before a greeting and behind it, and trusted by nobody", async () => {
    const shown = {
      subject: "CN=the server",
      issuer: "CN=the authority",
      root: "CN=the authority",
      names: "DNS:localhost, IP Address:127.0.0.1",
      fingerprint: fingerprint256,
    };
    expect(await certificateAt(await listening((socket) => secure(socket)), true)).toMatchObject(shown);
    expect(await certificateAt(await behindGreeting(), false)).toMatchObject(shown);
  });

  it("is the one for the name that is called", async () => {
    const { cert, key } = authority.issue({ commonName: "by name" });
    const SNICallback: TLSSocketOptions["SNICallback"] = (name, done) =>
      done(null, name === "localhost" ? createSecureContext({ cert, key }) : undefined);
    const there = await behindGreeting({ SNICallback });
    expect(await certificateAt(there, false)).toMatchObject({ subject: "CN=by name" });
    const byAddress = { ...there, host: "127.0.0.1" };
    expect(await certificateAt(byAddress, false)).toMatchObject({ subject: "CN=the server" });
  });

  it.each<[string, (socket: Socket) => unknown, boolean]>([
    ["ends instead of a greeting", (socket) => socket.end("INFO"), false],
    ["ends behind its greeting", (socket) => socket.end(INFO), false],
    ["speaks no TLS", (socket) => socket.end(INFO), true],
  ])("is none where the server %s", async (_what, accept, handshakeFirst) => {
    expect(await certificateAt(await listening(accept), handshakeFirst)).toBeNull();
  });

  it("is none where nobody listens", async () => {
    const there = await listening(() => {});
    open.pop()?.close();
    expect(await certificateAt(there, true)).toBeNull();
  });
});

describe("the addresses of a host", () => {
  it("are looked up, unless it is one", async () => {
    expect(await lookUp(address("127.0.0.1"), 1_000)).toBeNull();
    expect(await lookUp(address("[::1]:4222"), 1_000)).toBeNull();
    const found = await lookUp(address("localhost"), 10_000);
    expect(found).toEqual({ ms: expect.any(Number), addresses: expect.any(Array) });
    expect(JSON.stringify(found)).toMatch(/"(127\.0\.0\.1|::1)"/);
    expect(found?.ms).toBeLessThan(10_000);
  });

  it("are none where the name cannot be one: the platform says so", async () => {
    const tooLong = { ...address("localhost"), host: `${"x".repeat(64)}.invalid` };
    expect(await lookUp(tooLong, 10_000)).toEqual({ ms: expect.any(Number), code: "ENOTFOUND" });
  });
});
