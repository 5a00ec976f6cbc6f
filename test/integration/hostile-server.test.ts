// Servers that say nothing, say nonsense, or stop in the middle: never a crash, a hang or growing memory, and always
// an error that names the server and the step.

import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import {
  type ConnectionOptions,
  connect,
  ErrorCode,
  type NatsConnection,
  type NatsError,
  type Status,
} from "../../src/index.js";
import { type FakeServer, fakeServer, info } from "../harness/fake-server.js";
import { leftovers, nothingLeft } from "../harness/leftovers.js";
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
  const error: NatsError = await connect({ ...options, onStatus: (status) => statuses.push(status) }).then(
    (nc) => {
      open.push(nc);
      throw new Error("connect was not rejected");
    },
    (reason) => reason,
  );
  expect(statuses.map((status) => status.type)).toEqual(["reconnecting", "error", "close"]);
  expect(statuses.at(-1)?.error).toMatchObject({ code: error.code });
  return error;
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
    const seen: string[] = [];
    const nc = await connect({ port: server.port, onStatus: ({ type }) => void seen.push(type) });
    open.push(nc);
    await nc.flush();
    await nc.flush();
    expect(seen).toEqual(["reconnecting"]);
    expect(server.connections).toBe(1);
  });

  /** A connection to a server that says that once a subscription is there, and all statuses until it has been heard. */
  async function hearing(said: string, options: ConnectionOptions = {}): Promise<[NatsConnection, Status[]]> {
    server = await fakeServer((socket) => {
      socket.write(info());
      socket.on("data", (data) => {
        if (data.includes("SUB heard")) socket.write(`${said}MSG heard 1 0\r\n\r\n`);
        for (const _ of data.toString().matchAll(/PING\r\n/g)) socket.write("PONG\r\n");
      });
    });
    const seen: Status[] = [];
    const nc = await connect({ port: server.port, ...options, onStatus: (status) => seen.push(status) });
    open.push(nc);
    for await (const _ of nc.subscribe("heard", { max: 1 })) break;
    return [nc, seen];
  }

  it("names servers that nobody can dial, hears of them, and knows those that somebody can", async () => {
    const connect_urls = ["é".repeat(500_000), `${"a.".repeat(127)}a:1`, "b.example:1"];
    const [nc] = await hearing(info({ connect_urls }));
    expect(nc.getServers().map(({ listen }) => listen)).toEqual([`127.0.0.1:${server.port}`, "b.example:1"]);
    expect(nc.info?.connect_urls).toEqual([`${"a.".repeat(127)}a:1`, "b.example:1"]);
  });

  it("repeats a short password a hundred thousand times goes on, and nothing is seen of it", async () => {
    const text = "abcd ".repeat(180_000);
    const [nc] = await hearing(info({ server_name: text, x: ["abcd", text.slice(0, 5_000)] }), {
      user: "u",
      pass: "abcd",
    });
    expect(nc.info?.server_name).toMatch(/^(\*\*\* )+\*{0,3}… \(cut off: 900000 characters\)$/);
    expect(JSON.stringify([nc.info, nc.recording?.()])).not.toContain("abcd");
  });

  it("complains at length is quoted in part, and it is said that it was cut", async () => {
    const subject = "s".repeat(5_000);
    const [nc, seen] = await hearing(`-ERR 'Permissions Violation for Publish to "${subject}"'\r\n`);
    const told = seen.find(({ type }) => type === "error");
    expect(told?.error?.message).toMatch(
      /^Permissions Violation for Publish to "s+… \(cut off: 5039 characters\)$/,
    );
    expect(told?.permissionContext?.subject).toBe(`${"s".repeat(1_024)}… (cut off: 5000 characters)`);
    expect(nc.isClosed()).toBe(false);
  });

  it("says the same INFO again and again is heard once, until something happens on which it depends", async () => {
    const same = info({ connect_urls: ["a.example:1", "b.example:1"] });
    server = await fakeServer((socket) => {
      socket.write(same);
      socket.on("data", (data) => {
        for (const _ of data.toString().matchAll(/PING\r\n/g)) socket.write(`${same.repeat(100)}PONG\r\n`);
      });
    });
    const nc = await connect({ port: server.port, record: true });
    open.push(nc);
    const heard = () => nc.recording?.()?.events.filter(({ type }) => type === "server.info").length ?? 0;
    await nc.flush();
    await nc.flush();
    const before = heard();
    expect(before).toBeLessThan(110);
    await nc.flush();
    expect(heard()).toBe(before);
    // The user names other servers: those of the cluster are news once more.
    nc.setServers([`127.0.0.1:${server.port}`]);
    expect(nc.getServers()).toHaveLength(1);
    await nc.flush();
    expect(heard()).toBeGreaterThan(before);
    expect(nc.getServers()).toHaveLength(3);
    expect(nc.info?.connect_urls).toEqual(["a.example:1", "b.example:1"]);
  });
});

describe("a server that says far too much", () => {
  /** A connection whose chart is watched: how many events of each kind it was told. */
  async function watched(port: number, options: Parameters<typeof connect>[0] = {}) {
    const told = new Map<string, number>();
    const nc = await connect({
      port,
      reconnect: false,
      ...options,
      inspect: (event) => {
        if (event.type !== "@xstate.event") return;
        const { type } = event.event;
        told.set(type, (told.get(type) ?? 0) + 1);
      },
    });
    open.push(nc);
    return { nc, told };
  }

  const COUNT = 50_000;

  it("PINGs: each is answered, the chart is told of each read, and messages arrive behind them", async () => {
    let pongs = "";
    server = await accepting((socket) => {
      socket.on("data", (data) => {
        pongs += data.toString();
        if (/SUB end 1\r\n/.test(data.toString()))
          socket.write(`${"PING\r\n".repeat(COUNT)}MSG end 1 2\r\nhi\r\n`);
      });
    });
    const { nc, told } = await watched(server.port);
    await new Promise<void>((resolve) => void nc.subscribe("end", { callback: () => resolve() }));
    await expect.poll(() => pongs.match(/PONG\r\n/g)?.length).toBe(COUNT);
    expect(told.get("server.ping")).toBeLessThan(COUNT / 100);
    expect(nc.pendingBytes).toBe(0);
  });

  it("PINGs, and reads no PONG: what it is owed is counted, and paid once it reads", async () => {
    let pongs = 0;
    const count = 20 * COUNT;
    server = await accepting((socket) => {
      socket.removeAllListeners("data");
      socket.pause();
      socket.write("PING\r\n".repeat(count));
    });
    const { nc } = await watched(server.port);
    const [socket] = server.sockets;
    // More than the kernels hold between them.
    await expect.poll(() => nc.pendingBytes, { timeout: 20_000 }).toBeGreaterThan(1_000_000);
    socket?.on("data", (data) => {
      pongs += data.toString().match(/G/g)?.length ?? 0;
    });
    socket?.resume();
    await expect.poll(() => pongs, { timeout: 20_000 }).toBe(count);
    await expect.poll(() => nc.pendingBytes).toBe(0);
  });

  it("errors: each is a status, and other work comes in between", async () => {
    const errors = Array.from(
      { length: COUNT / 5 },
      (_, i) => `-ERR 'Permissions Violation for Publish to "x.${i}"'\r\n`,
    );
    server = await accepting((socket) => {
      socket.on("data", (data) => {
        if (/SUB end 1\r\n/.test(data.toString())) socket.write(`${errors.join("")}MSG end 1 2\r\nhi\r\n`);
      });
    });
    const subjects: (string | undefined)[] = [];
    const turns: number[] = [];
    let inTurn = 0;
    const { nc, told } = await watched(server.port, {
      onStatus: ({ type, permissionContext }) => {
        if (type !== "error") return;
        subjects.push(permissionContext?.subject);
        inTurn += 1;
        if (inTurn > 1) return;
        setImmediate(() => {
          turns.push(inTurn);
          inTurn = 0;
        });
      },
    });
    await new Promise<void>((resolve) => void nc.subscribe("end", { callback: () => resolve() }));
    expect(subjects).toEqual(errors.map((_, i) => `x.${i}`));
    expect(told.get("server.error")).toBeLessThan(errors.length / 5);
    // What is read, and what was held in the turn before.
    expect(Math.max(...turns)).toBeLessThanOrEqual(200);
  });

  it("errors, and closes: the end is told behind the last of them", async () => {
    const errors = Array.from(
      { length: 1_000 },
      (_, i) => `-ERR 'Permissions Violation for Publish to "x.${i}"'\r\n`,
    );
    server = await accepting((socket) => void socket.end(errors.join("")));
    const types: string[] = [];
    const { nc } = await watched(server.port, { onStatus: ({ type }) => types.push(type) });
    await nc.closed();
    expect(types.filter((type) => type === "error")).toHaveLength(errors.length);
    expect(types.slice(-2)).toEqual(["disconnect", "close"]);
  });

  it("and the user closes in the middle: nothing more is told, and no timer is left", async () => {
    server = await accepting((socket) => void socket.write(`-ERR 'Invalid Subject'\r\n`.repeat(COUNT / 5)));
    const types: string[] = [];
    const { nc } = await watched(server.port, {
      onStatus: ({ type }) => {
        types.push(type);
        if (types.filter((one) => one === "error").length === 150) void nc.close();
      },
    });
    await nc.closed();
    expect(leftovers()).toEqual(nothingLeft);
    expect(types.filter((type) => type === "error").length).toBeLessThan(300);
    expect(types.at(-1)).toBe("close");
    const told = types.length;
    await server.emptied();
    expect(types).toHaveLength(told);
  });

  it("anything at all is alive, though it answers no PING", async () => {
    server = await fakeServer((socket) => {
      socket.write(info());
      socket.once("data", () => socket.write("PONG\r\n"));
      // One line for each PING: not the answer to it.
      socket.on("data", (data) => {
        for (const _ of data.toString().matchAll(/^PING\r\n/gm)) socket.write("+OK\r\n");
      });
    });
    const pings: (number | undefined)[] = [];
    const { nc } = await watched(server.port, {
      pingInterval: 20,
      maxPingOut: 2,
      onStatus: ({ type, pendingPings }) => void (type === "pingTimer" && pings.push(pendingPings)),
    });
    await expect.poll(() => pings.length).toBeGreaterThan(8);
    expect(pings.filter((pending) => pending === undefined || pending > 2)).toEqual([]);
    expect(nc.isClosed()).toBe(false);
  });
});
