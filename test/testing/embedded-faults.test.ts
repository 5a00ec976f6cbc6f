// What an embedded server does to its clients when it is told to. What it can do as a server: integration tests.

import { once } from "node:events";
import { connect as dial } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { connect, ErrorCode, type NatsConnection } from "../../src/index.js";
import { type EmbeddedServer, startEmbeddedServer } from "../../src/testing/index.js";
import { nextStatus } from "../harness/waiting.js";

let server: EmbeddedServer;
let nc: NatsConnection | undefined;

afterEach(async () => {
  await nc?.close();
  await server.stop();
});

/** What a server says first to somebody who says nothing. */
async function firstWords({ port, host }: EmbeddedServer): Promise<string> {
  const socket = dial(port, host).setEncoding("utf8");
  const [words] = await once(socket, "data");
  socket.destroy();
  return words;
}

/** Lets what is due happen: sockets, timers of no time. */
async function turnsOfTheLoop(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe("an embedded server", () => {
  it("expels its clients with an error, and lets them in again", async () => {
    server = await startEmbeddedServer();
    nc = await connect({ servers: server.url, reconnectTimeWait: 10 });
    const told = nextStatus(nc, "error");
    const back = nextStatus(nc, "reconnect");
    server.expel("User Authentication Expired");
    expect((await told).error).toMatchObject({ code: ErrorCode.AuthenticationExpired });
    await back;
    expect(server.clients).toBe(1);
  });

  it("greets the next client strangely, and the one after it as it should", async () => {
    server = await startEmbeddedServer();
    server.greetNext({ type: "silent" }, { type: "other", text: "HTTP/1.1 400 Bad Request\r\n\r\n" });
    const options = { servers: server.url, timeout: 200 };
    await expect(connect(options)).rejects.toMatchObject({ code: ErrorCode.Timeout });
    await expect(connect(options)).rejects.toThrow("does not speak the NATS protocol");
    nc = await connect({ servers: server.url });
    await nc.flush();
  });

  it("stays on its port through a crash, and starting what runs changes nothing", async () => {
    server = await startEmbeddedServer();
    nc = await connect({ servers: server.url, reconnectTimeWait: 10, maxReconnectAttempts: -1 });
    const { port } = server;
    const lost = nextStatus(nc, "disconnect");
    await server.kill();
    await lost;
    expect(server.clients).toBe(0);
    const back = nextStatus(nc, "reconnect");
    await server.start();
    await server.start();
    await back;
    expect(server.port).toBe(port);
    await nc.flush();
  });

  it.each([
    ["stopped", () => server.stop()],
    ["killed", () => server.kill()],
  ] as const)(
    "that stood still and was %s speaks again once it is started: its timers, too",
    async (_how, ends) => {
      server = await startEmbeddedServer();
      server.pause();
      await ends();
      await server.start();
      nc = await connect({ servers: server.url });
      await nc.flush();
      server.greetNext({ type: "late", ms: 1 });
      expect(await firstWords(server)).toContain("INFO {");
    },
  );

  it("that is not running cannot be made to stand still: once it is started, it speaks", async () => {
    server = await startEmbeddedServer();
    await server.stop();
    server.pause();
    await server.start();
    server.greetNext({ type: "late", ms: 1 });
    expect(await firstWords(server)).toContain("INFO {");
  });

  it("that stands still takes connections and says nothing, until it goes on", async () => {
    server = await startEmbeddedServer();
    nc = await connect({ servers: server.url });
    server.pause();
    const socket = dial(server.port, server.host).setEncoding("utf8");
    const gone = dial(server.port, server.host);
    await Promise.all([once(socket, "connect"), once(gone, "connect")]);
    const words: string[] = [];
    socket.on("data", (text: string) => void words.push(text));
    const flushed = nc.flush();
    // What the process takes now, it has been given before: the connections above, and the PING of the flush.
    await turnsOfTheLoop(20);
    expect([words, server.clients]).toEqual([[], 1]);
    gone.destroy();
    await once(gone, "close");
    server.resume();
    await flushed;
    if (words.length === 0) await once(socket, "data");
    expect(words.join("")).toContain("INFO {");
    socket.write("PING\r\n");
    expect(await once(socket, "data")).toEqual(["PONG\r\n"]);
    // It has seen them: not once more after another pause.
    expect(server.clients).toBe(2);
    server.pause();
    server.resume();
    socket.write("PING\r\n");
    expect(await once(socket, "data")).toEqual(["PONG\r\n"]);
    expect(server.clients).toBe(2);
    socket.destroy();
  });

  it("that stands still and resets its connections has no client of them when it goes on", async () => {
    server = await startEmbeddedServer();
    server.pause();
    const socket = dial(server.port, server.host);
    const closed = new Promise((resolve) => socket.on("close", resolve).on("error", () => {}));
    await once(socket, "connect");
    await turnsOfTheLoop(20);
    server.reset();
    await closed;
    server.resume();
    nc = await connect({ servers: server.url });
    expect(server.clients).toBe(1);
  });

  it("in lame duck mode takes no new client, and takes them once it was started anew", async () => {
    server = await startEmbeddedServer();
    nc = await connect({ servers: server.url, reconnect: false });
    const told = nextStatus(nc, "ldm");
    server.lameDuck(60_000, 60_000);
    await told;
    await nc.flush();
    await expect(connect({ servers: server.url })).rejects.toMatchObject({
      code: ErrorCode.ConnectionRefused,
    });
    await server.stop();
    await server.start();
    nc = await connect({ servers: server.url });
    expect(nc.info?.ldm ?? false).toBe(false);
  });

  it("in lame duck mode closes the connections when their time has come", async () => {
    server = await startEmbeddedServer();
    nc = await connect({ servers: server.url, reconnect: false });
    server.lameDuck(1, 1);
    expect(await nc.closed()).toMatchObject({ code: ErrorCode.Disconnect });
    expect(server.clients).toBe(0);
  });

  it("in lame duck mode closes the first connection after the grace, and the others over the duration", async () => {
    server = await startEmbeddedServer();
    const sockets = [dial(server.port, server.host), dial(server.port, server.host)];
    for (const socket of sockets) await once(socket, "data");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    try {
      server.lameDuck(60_000, 10_000);
      const clientsAfter = (ms: number) => {
        vi.advanceTimersByTime(ms);
        return server.clients;
      };
      expect([clientsAfter(59_999), clientsAfter(1), clientsAfter(4_999), clientsAfter(1)]).toEqual([
        2, 1, 1, 0,
      ]);
    } finally {
      vi.useRealTimers();
      for (const socket of sockets) socket.destroy();
    }
  });

  it("waits longer than a timer can, for credentials that are good for a month and for PINGs", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
    try {
      const DAY = 24 * 3_600_000;
      const users = [{ token: "t", expiresAt: Date.now() + 30 * DAY }];
      server = await startEmbeddedServer({ users, pingInterval: 40 * DAY });
      const socket = dial(server.port, server.host).setEncoding("utf8");
      const answer = async (says: string) => {
        socket.write(says);
        return (await once(socket, "data"))[0];
      };
      await once(socket, "data");
      expect(await answer('CONNECT {"verbose":false,"auth_token":"t"}\r\nPING\r\n')).toBe("PONG\r\n");
      vi.advanceTimersByTime(29 * DAY);
      expect(await answer("PING\r\n")).toBe("PONG\r\n");
      const end = once(socket, "data");
      vi.advanceTimersByTime(DAY);
      expect(await end).toEqual(["-ERR 'User Authentication Expired'\r\n"]);
      await once(socket, "close");
    } finally {
      vi.useRealTimers();
    }
  });

  it("that stands still has no timer that fires; what was due comes when it goes on", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    try {
      server = await startEmbeddedServer({ pingInterval: 1_000 });
      const socket = dial(server.port, server.host).setEncoding("utf8");
      await once(socket, "data");
      socket.write('CONNECT {"verbose":false}\r\nPING\r\n');
      expect((await once(socket, "data"))[0]).toBe("PONG\r\n");
      const words: string[] = [];
      socket.on("data", (text: string) => void words.push(text));
      server.pause();
      vi.advanceTimersByTime(10_000);
      await turnsOfTheLoop(20);
      expect(words).toEqual([]);
      server.resume();
      await once(socket, "data");
      expect(words).toEqual(["PING\r\n"]);
      socket.destroy();
    } finally {
      vi.useRealTimers();
    }
  });

  it("resets its connections when it is killed, and ends them in good order when it is stopped", async () => {
    for (const [end, expected] of [
      ["kill", "ECONNRESET"],
      ["stop", "end"],
    ] as const) {
      server = await startEmbeddedServer();
      const socket = dial(server.port, server.host).resume();
      await once(socket, "data");
      const seen = new Promise((resolve) => {
        socket.on("error", ({ code }: NodeJS.ErrnoException) => resolve(code));
        socket.on("end", () => resolve("end"));
      });
      await server[end]();
      expect(await seen).toBe(expected);
    }
  });

  it("that is stopped gives up a client that does not end its side", async () => {
    server = await startEmbeddedServer();
    const socket = dial({ port: server.port, host: server.host, allowHalfOpen: true }).resume();
    await once(socket, "data");
    await server.stop();
    expect([socket.writable, server.clients]).toEqual([true, 0]);
    socket.destroy();
  });

  it("knows no client any more whose connection was reset", async () => {
    server = await startEmbeddedServer();
    const socket = dial(server.port, server.host).resume();
    await once(socket, "data");
    expect(server.clients).toBe(1);
    socket.resetAndDestroy();
    await vi.waitFor(() => expect(server.clients).toBe(0));
  });

  it("leaves nothing to come when it is stopped", async () => {
    server = await startEmbeddedServer();
    const socket = dial(server.port, server.host).resume();
    await once(socket, "data");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      await server.stop();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("goes on where a client says CONNECT with what is no object", async () => {
    server = await startEmbeddedServer();
    for (const json of ["null", "1", '"x"', "[]"]) {
      const socket = dial(server.port, server.host).resume();
      socket.end(`CONNECT ${json}\r\nPING\r\n`);
      await once(socket, "close");
    }
    nc = await connect({ servers: server.url });
    await nc.flush();
  });
});
