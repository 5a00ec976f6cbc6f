// The life of a connection: made, drained, closed, at any moment, with every promise settled.

import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { connect, ErrorCode, type NatsConnection, type Status } from "../../src/index.js";
import { type FakeServer, fakeServer, info } from "../harness/fake-server.js";
import { leftovers, nothingLeft } from "../harness/leftovers.js";
import { lossBy, lossOf } from "../harness/losses.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";
import { nextStatus } from "../harness/waiting.js";

describe.each(servers)("a connection to nats-server $label", ({ path }) => {
  let server: TestServer;
  const open: NatsConnection[] = [];

  beforeAll(async () => {
    server = await startServer({ path });
    return () => server.stop();
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((nc) => nc.close()));
  });

  async function connected(options: Parameters<typeof connect>[0] = {}): Promise<NatsConnection> {
    const nc = await connect({ port: server.port, ...options });
    open.push(nc);
    return nc;
  }

  it("tells about its server", async () => {
    const nc = await connected({ name: "life" });
    expect(nc.getServer()).toBe(`127.0.0.1:${server.port}`);
    expect(nc.info).toMatchObject({
      version: expect.stringMatching(/^2\./),
      max_payload: 1_048_576,
      headers: true,
    });
    expect(nc.isClosed()).toBe(false);
    expect(nc.isDraining()).toBe(false);
  });

  it("drains: what arrived is processed, what was published is sent, then it is closed", async () => {
    const publisher = await connected();
    const nc = await connected();
    const worked: string[] = [];
    const sub = nc.subscribe("work");
    const working = (async () => {
      for await (const msg of sub) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        worked.push(msg.string());
        msg.respond(`done ${msg.string()}`);
      }
    })();
    const answers: string[] = [];
    publisher.subscribe("done", { callback: (_error, msg) => void answers.push(msg.string()) });
    await Promise.all([nc.flush(), publisher.flush()]);
    for (let i = 0; i < 10; i++) publisher.publish("work", `${i}`, { reply: "done" });
    await publisher.flush();
    await nc.flush();
    await nc.drain();
    expect(nc.isClosed()).toBe(true);
    await working;
    await publisher.flush();
    const all = Array.from({ length: 10 }, (_, i) => `${i}`);
    expect(worked).toEqual(all);
    expect(answers).toEqual(all.map((one) => `done ${one}`));
    expect(await nc.closed()).toBeUndefined();
  });

  it("refuses new work while it drains, and everything once closed", async () => {
    const nc = await connected();
    const drained = nc.drain();
    expect(nc.isDraining()).toBe(true);
    expect(() => nc.subscribe("a")).toThrow(expect.objectContaining({ code: ErrorCode.ConnectionDraining }));
    await expect(nc.request("a")).rejects.toMatchObject({ code: ErrorCode.ConnectionDraining });
    await expect(nc.drain()).rejects.toMatchObject({ code: ErrorCode.ConnectionDraining });
    await expect(nc.reconnect()).rejects.toMatchObject({ code: ErrorCode.ConnectionDraining });
    await drained;
    const closed = { code: ErrorCode.ConnectionClosed };
    expect(() => nc.publish("a")).toThrow(expect.objectContaining(closed));
    expect(() => nc.subscribe("a")).toThrow(expect.objectContaining(closed));
    await expect(nc.request("a")).rejects.toMatchObject(closed);
    await expect(nc.requestMany("a")).rejects.toMatchObject(closed);
    await expect(nc.flush()).rejects.toMatchObject(closed);
    await expect(nc.rtt()).rejects.toMatchObject(closed);
    await expect(nc.drain()).rejects.toMatchObject(closed);
    await expect(nc.ready()).rejects.toMatchObject(closed);
    await expect(nc.reconnect()).rejects.toMatchObject(closed);
    await nc.close();
    expect(nc.info).toBeUndefined();
  });

  it("reports a drain that a consumer does not let finish, and closes all the same", async () => {
    const nc = await connected({ drainTimeout: 100 });
    const sub = nc.subscribe("stuck");
    const stuck = (async () => {
      for await (const _ of sub) await nc.drain();
    })();
    await nc.flush();
    nc.publish("stuck");
    await expect(stuck).rejects.toMatchObject({
      code: ErrorCode.Timeout,
      message: expect.stringMatching(/drainTimeout.*1 message was not processed.*: 1 of "stuck"$/),
    });
    expect(await nc.closed()).toMatchObject({ code: ErrorCode.Timeout });
  });

  it("hands what was published to the server before it closes", async () => {
    const other = await connected();
    let received = 0;
    other.subscribe("late", { callback: () => void received++ });
    await other.flush();
    const nc = await connected();
    for (let i = 0; i < 10_000; i++) nc.publish("late", "x".repeat(100));
    await nc.close();
    await other.flush();
    expect(received).toBe(10_000);
  });

  it("ends requests, subscriptions and statuses when it is closed", async () => {
    const nc = await connected();
    nc.subscribe("silent", { callback: () => {} });
    const sub = nc.subscribe("a");
    const iterated = (async () => {
      for await (const _ of sub) throw new Error("no message was expected");
    })();
    const statuses = (async () => {
      const seen: Status[] = [];
      for await (const status of nc.status()) seen.push(status);
      return seen;
    })();
    const request = Promise.allSettled([nc.request("silent", "", { timeout: 60_000 })]);
    await nc.flush();
    await nc.close();
    expect(await request).toMatchObject([{ reason: { code: ErrorCode.ConnectionClosed } }]);
    await iterated;
    await sub.closed;
    expect(sub.isClosed()).toBe(true);
    const nothing = { messages: 0, bytes: 0 };
    const name = nc.getServer();
    expect(await statuses).toEqual([
      { type: "close", data: name, server: name, unsent: nothing, unconfirmed: nothing },
    ]);
  });

  it("reconnects when told to, restoring everything", async () => {
    const nc = await connected({ reconnectTimeWait: 10, reconnectJitter: 0 });
    let received = 0;
    nc.subscribe("a", { callback: () => void received++ });
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { type } of nc.status()) {
        seen.push(type);
        if (type === "reconnect") return;
      }
    })();
    await nc.reconnect();
    nc.publish("a");
    await watching;
    await nc.flush();
    expect(seen).toEqual(["client initiated reconnect", "disconnect", "reconnecting", "reconnect"]);
    expect(received).toBe(1);
  });

  it("closes instead where reconnect is off", async () => {
    const nc = await connected({ reconnect: false });
    await nc.reconnect();
    expect(await nc.closed()).toMatchObject({ code: ErrorCode.Disconnect });
  });

  it("drains at the end of a scope", async () => {
    let outside: NatsConnection | undefined;
    const worked: string[] = [];
    {
      await using nc = await connect({ port: server.port });
      outside = nc;
      const sub = nc.subscribe("a");
      void (async () => {
        for await (const msg of sub) {
          await new Promise(setImmediate);
          worked.push(msg.string());
        }
      })();
      for (const text of ["1", "2", "3"]) nc.publish("a", text);
    }
    expect([outside.isClosed(), outside.isDraining()]).toEqual([true, true]);
    expect(worked).toEqual(["1", "2", "3"]);
  });

  it("tells inspectors every state", async () => {
    const states: unknown[] = [];
    const nc = await connected({
      inspect: (event) => {
        if (event.type === "@xstate.snapshot" && "value" in event.snapshot) states.push(event.snapshot.value);
      },
    });
    await nc.close();
    const texts = states.map((state) => JSON.stringify(state));
    expect(states.filter((_, index) => texts[index] !== texts[index - 1])).toEqual([
      { connecting: "dialing" },
      { connecting: "greeting" },
      { connecting: "authenticating" },
      "connected",
      "closing",
      "closed",
    ]);
  });

  it.each([
    [
      "await nc.close()",
      "const nc = await connect({ port }); await nc.request('none').catch(said); await nc.close();",
      "503",
    ],
    ["await nc.drain()", "const nc = await connect({ port }); nc.subscribe('a'); await nc.drain();", ""],
    ["a connect that failed", "await connect({ port: 1 }).catch(said);", "CONNECTION_REFUSED"],
    [
      "a connect that was aborted",
      "await connect({ port: 1, waitOnFirstConnect: true, signal: AbortSignal.timeout(50) }).catch(said);",
      "CANCELLED",
    ],
  ])("lets a script whose last line is %s exit by itself", async (_name, script, said) => {
    const contents = `import { connect } from "./src/index.ts"; const port = ${server.port};
      const said = ({ code }) => console.log(code); ${script}`;
    const bundle = `.cache/exit-${process.pid}-${server.port}.mjs`;
    await build({
      stdin: { contents, resolveDir: ".", loader: "ts" },
      bundle: true,
      platform: "node",
      format: "esm",
      packages: "external",
      outfile: bundle,
    });
    // One that does not exit is ended, and the error of that says so; what went wrong in it is in the error, too.
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [bundle], {
      timeout: 20_000,
    }).finally(() => rm(bundle));
    expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: said, stderr: "" });
  });
});

describe("an attempt that is given up", () => {
  let server: FakeServer;
  afterEach(() => server.close());

  const silent = () => {};

  it.each(["greeting", "authenticating"])(
    "by its signal while %s rejects with CANCELLED and leaves nothing behind",
    async (step) => {
      const controller = new AbortController();
      const reason = new Error("changed my mind");
      const giveUp = () => controller.abort(reason);
      server = await fakeServer((socket) => {
        if (step === "greeting") return giveUp();
        socket.write(info());
        socket.once("data", giveUp);
      });
      const attempt = connect({ port: server.port, signal: controller.signal });
      await expect(attempt).rejects.toMatchObject({ code: ErrorCode.Cancelled, cause: reason });
      expect(leftovers()).toEqual(nothingLeft);
      await server.emptied();
    },
  );

  it("by a signal that is aborted already rejects at once", async () => {
    server = await fakeServer(silent);
    await expect(connect({ port: server.port, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: ErrorCode.Cancelled,
    });
    expect(server.connections).toBe(0);
  });
});

describe("a connection that reconnects", () => {
  let server: FakeServer;
  afterEach(() => server.close());

  const steps = ["dialing", "greeting", "authenticating", "subscribing", "backingOff"] as const;

  /** Accepts the first connection, then behaves as told. */
  async function lostIn(step: (typeof steps)[number]) {
    let isThere = () => {};
    const there = new Promise<void>((resolve) => {
      isThere = resolve;
    });
    server = await fakeServer((socket) => {
      const isFirst = server === undefined || server.connections === 1;
      if (!isFirst && (step === "greeting" || step === "dialing")) return isThere();
      socket.write(info());
      let pings = 0;
      socket.on("data", (data) => {
        for (const _ of data.toString().matchAll(/PING\r\n/g)) {
          pings++;
          if (isFirst || (step === "subscribing" && pings === 1)) socket.write("PONG\r\n");
          else isThere();
        }
      });
    });
    const nc = await connect({
      port: server.port,
      reconnectTimeWait: step === "backingOff" ? 60_000 : 1,
      reconnectJitter: 0,
    });
    const reached = step === "backingOff" ? nextStatus(nc, "disconnect") : nextStatus(nc, "reconnecting");
    server.sockets[0]?.destroy();
    await reached;
    if (step !== "backingOff" && step !== "dialing") await there;
    return nc;
  }

  it.each(steps)(
    "settles every promise when it is closed while %s, and says what was not sent",
    async (step) => {
      const nc = await lostIn(step);
      nc.publish("a", "1");
      nc.publish("a", "2");
      const flushed = nc.flush();
      const asked = nc.request("b", "", { timeout: 60_000 });
      const ready = nc.ready(0);
      const settled = Promise.allSettled([flushed, asked, ready]);
      await nc.close();
      const results = await settled;
      expect(results.map((result) => result.status)).toEqual(["rejected", "rejected", "rejected"]);
      for (const result of results) {
        expect(result).toMatchObject({ reason: { code: ErrorCode.ConnectionClosed } });
      }
      expect(lossOf(await nc.closed())).toEqual({
        code: ErrorCode.Disconnect,
        message: "the connection is closed; 3 published messages were not sent",
        unsent: { messages: 3, bytes: expect.any(Number) },
        unconfirmed: undefined,
      });
      await server.emptied();
    },
  );

  it.each(steps)(
    "settles every promise when it is drained while %s, and rejects because of what was not sent",
    async (step) => {
      const nc = await lostIn(step);
      nc.publish("a", "1");
      expect(await lossBy(nc.drain())).toEqual({
        code: ErrorCode.Disconnect,
        message: "the connection is closed; 1 published message was not sent",
        unsent: { messages: 1, bytes: "PUB a 1\r\n1\r\n".length },
        unconfirmed: undefined,
      });
      await server.emptied();
    },
  );

  it("drains cleanly while it waits where nothing is left to send", async () => {
    const nc = await lostIn("backingOff");
    await nc.drain();
    expect(await nc.closed()).toBeUndefined();
  });

  it("rejects a flush whose PING was on the wire that died", async () => {
    let pings = 0;
    server = await fakeServer((socket) => {
      socket.write(info());
      socket.on("data", (data) => {
        if (!data.toString().includes("PING")) return;
        if (++pings === 1) socket.write("PONG\r\n");
        else socket.destroy();
      });
    });
    const nc = await connect({ port: server.port, maxReconnectAttempts: 1, reconnectTimeWait: 1 });
    await expect(nc.flush()).rejects.toMatchObject({ code: ErrorCode.Disconnect });
    await nc.close();
  });
});
