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
