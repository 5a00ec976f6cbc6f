// Servers that say nothing, say nonsense, or stop in the middle: never a crash, a hang or growing memory, and always
// an error that names the server and the step.

import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { connect, ErrorCode, type NatsConnection, type NatsError, type Status } from "../../src/index.js";
import { type FakeServer, fakeServer, info } from "../harness/fake-server.js";
import { nextStatus } from "../harness/waiting.js";

let server: FakeServer;
const open: NatsConnection[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((nc) => nc.close()));
  await server.close();
});

/** A server that greets, answers every PING, and does as told once it has accepted a CONNECT. */
function accepting(then: (socket: Socket) => void, greeting = info()): Promise<FakeServer> {
  return fakeServer((socket) => {
    socket.write(greeting);
    socket.once("data", () => setImmediate(() => then(socket)));
    socket.on("data", (data) => {
      for (const _ of data.toString().matchAll(/PING\r\n/g)) socket.write("PONG\r\n");
    });
  });
}

async function rejection(options: Parameters<typeof connect>[0]): Promise<NatsError> {
  const statuses: Status[] = [];
  try {
    open.push(await connect({ ...options, onStatus: (status) => statuses.push(status) }));
  } catch (error) {
    expect(statuses.map((status) => status.type)).toEqual(["reconnecting", "error", "close"]);
    expect(statuses.at(-1)?.error).toMatchObject({ code: (error as NatsError).code });
    return error as NatsError;
  }
  throw new Error("connect was not rejected");
}

describe("connect to a server that", () => {
  it("accepts and says nothing rejects with TIMEOUT, naming server and step", async () => {
    server = await fakeServer(() => {});
    const error = await rejection({ port: server.port, timeout: 100 });
    expect(error.code).toBe(ErrorCode.Timeout);
    expect(error.message).toContain(`127.0.0.1:${server.port}`);
    expect(error.message).toContain("greeting");
    expect(error.attempts).toEqual([
      {
        server: `127.0.0.1:${server.port}`,
        step: "greeting",
        error: expect.objectContaining({ code: "TIMEOUT" }),
        at: expect.any(Number),
      },
    ]);
  });

  it("sends INFO and then nothing rejects with TIMEOUT, naming server and step", async () => {
    server = await fakeServer((socket) => void socket.write(info()));
    const error = await rejection({ port: server.port, timeout: 100 });
    expect(error.code).toBe(ErrorCode.Timeout);
    expect(error.attempts?.[0]?.step).toBe("authenticating");
  });

  it("sends half an INFO and then nothing rejects with TIMEOUT", async () => {
    server = await fakeServer((socket) => void socket.write('INFO {"server_id":'));
    const error = await rejection({ port: server.port, timeout: 100 });
    expect(error.code).toBe(ErrorCode.Timeout);
    expect(error.attempts?.[0]?.step).toBe("greeting");
  });

  it.each([
    ["another protocol", "HTTP/1.1 400 Bad Request\r\n\r\n"],
    ["garbage", "\u0000\u0001\u0002"],
    ["an INFO that is no JSON", "INFO {nonsense}\r\n"],
    ["an INFO that is no object", "INFO 42\r\n"],
    ["a PONG as its first line", "PONG\r\n"],
    ["a message as its first line", "MSG a 1 2\r\nhi\r\n"],
    ["an endless line", `INFO ${"x".repeat(2_000_000)}`],
  ])("speaks %s rejects with a protocol error", async (_what, bytes) => {
    server = await fakeServer((socket) => void socket.write(bytes));
    const error = await rejection({ port: server.port, timeout: 5_000 });
    expect(error.code).toBe(ErrorCode.ProtocolError);
    expect(error.message).toContain(`127.0.0.1:${server.port}`);
    expect(error.attempts?.[0]?.step).toBe("greeting");
  });

  it("closes at once rejects with DISCONNECT", async () => {
    server = await fakeServer((socket) => void socket.end());
    const error = await rejection({ port: server.port, timeout: 5_000 });
    expect(error.code).toBe(ErrorCode.Disconnect);
  });

  it("turns the client away rejects with what it said", async () => {
    server = await fakeServer((socket) => void socket.end("-ERR 'Maximum Connections Exceeded'\r\n"));
    const error = await rejection({ port: server.port, timeout: 5_000 });
    expect(error.message).toBe("Maximum Connections Exceeded");
  });
});

describe("a connection whose server", () => {
  it.each([
    ["sends garbage", "nonsense\r\n"],
    ["sends a negative length", "MSG a 1 -5\r\n"],
    ["sends a length that is no number", "MSG a 1 many\r\n"],
    ["sends an enormous length", "MSG a 1 99999999999999\r\n"],
    ["sends more headers than message", "HMSG a 1 20 10\r\nNATS/1.0\r\n\r\n"],
    ["sends a payload without an end", "MSG a 1 2\r\nhi!!\r\n"],
  ])("%s reports a protocol error and reconnects", async (_what, bytes) => {
    let connections = 0;
    server = await accepting((socket) => {
      if (++connections === 1) socket.write(bytes);
    });
    const seen: Status[] = [];
    let reconnected: () => void = () => {};
    const back = new Promise<void>((resolve) => {
      reconnected = resolve;
    });
    const nc = await connect({
      port: server.port,
      reconnectTimeWait: 20,
      onStatus: (status) => {
        seen.push(status);
        if (status.type === "reconnect") reconnected();
      },
    });
    open.push(nc);
    await back;
    expect(seen.map((status) => status.type)).toEqual([
      "reconnecting",
      "error",
      "disconnect",
      "reconnecting",
      "reconnect",
    ]);
    expect(seen[1]?.data).toBe(ErrorCode.ProtocolError);
    expect(seen[1]?.error?.message).toContain("does not speak the NATS protocol");
  });

  it("sends half a message and falls silent is found stale and replaced", async () => {
    let connections = 0;
    server = await accepting((socket) => {
      if (++connections > 1) return;
      socket.removeAllListeners("data");
      socket.write("MSG a 1 100\r\nhalf");
    });
    const nc = await connect({ port: server.port, pingInterval: 20, maxPingOut: 1, reconnectTimeWait: 20 });
    open.push(nc);
    await nextStatus(nc, "staleConnection");
    await nextStatus(nc, "reconnect");
  });

  it("answers PINGs nobody sent, and messages for nobody, goes on", async () => {
    server = await accepting((socket) => {
      socket.write("PONG\r\nPONG\r\nMSG nobody 99 2\r\nhi\r\n+OK\r\n");
    });
    const nc = await connect({ port: server.port });
    open.push(nc);
    await nc.flush();
    expect(nc.isClosed()).toBe(false);
  });
});
