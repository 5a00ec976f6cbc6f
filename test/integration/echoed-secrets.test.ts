// A server that says what it was offered, over real sockets: one test for each way by which its words come out of the client.
// In every place and spelling: test/properties/echoed-secrets.test.ts.

import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { WebSocketServer } from "ws";
import { type ConnectionOptions, connect, type NatsConnection, type Status } from "../../src/index.js";
import { run, useTool } from "../cli/tool.js";
import { type FakeServer, fakeServer, info } from "../harness/fake-server.js";
import { startServer } from "../harness/nats-server.js";
import { textsIn } from "../harness/texts.js";
import { servers } from "../harness/versions.js";
import { nextStatus } from "../harness/waiting.js";

useTool();

const PASSWORD = 'pa"ss\u2028w\\rd';
const TOKEN = "eyJ0oken-that-is-long-enough-to-be-one";
const spelled = [PASSWORD, TOKEN].flatMap((secret) => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(secret),
  Buffer.from(secret).toString("base64").replace(/=+$/, ""),
]);

let server: FakeServer | undefined;
let webSockets: WebSocketServer | undefined;
const open: NatsConnection[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((nc) => nc.close()));
  await server?.close();
  webSockets?.close();
  for (const socket of webSockets?.clients ?? []) socket.terminate();
  [server, webSockets] = [undefined, undefined];
});

/** A server that greets, and answers each CONNECT as told: `said` is the JSON of it. */
async function echoing(answer: (socket: Socket, said: string) => void): Promise<number> {
  server = await fakeServer((socket) => {
    socket.write(info());
    socket.once("data", (chunk) => answer(socket, connectIn(`${chunk}`)));
  });
  return server.port;
}

const connectIn = (text: string) => /CONNECT ([^\r\n]*)\r\n/.exec(text)?.[1] ?? "";

/** All that anybody could see of a connection that is rejected, or ends by itself. */
async function seenOf(options: ConnectionOptions): Promise<{ texts: string[]; error: unknown }> {
  const seen: unknown[] = [];
  const statuses: Status[] = [];
  let error: unknown;
  try {
    const nc = await connect({
      pass: PASSWORD,
      user: "alice",
      token: TOKEN,
      reconnect: false,
      record: true,
      ...options,
      onStatus: (status) => statuses.push(status),
      inspect: (event) => {
        const { event: told, snapshot } = event as unknown as Record<string, unknown>;
        seen.push(JSON.stringify([told, snapshot]));
      },
    });
    open.push(nc);
    seen.push(nc.info);
    error = await nc.closed();
    seen.push(nc.recording(), nc.getServers());
  } catch (rejection) {
    error = rejection;
  }
  const texts = textsIn([seen, statuses, error]);
  for (const secret of spelled) expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  return { texts, error };
}

describe("what a server was offered is not seen", () => {
  it("in a rejected connect, its attempts and its recording", async () => {
    const port = await echoing((socket, said) => socket.end(`-ERR 'Authorization Violation: ${said}'\r\n`));
    const { error } = await seenOf({ port });
    expect(error).toMatchObject({
      code: "AUTHORIZATION_VIOLATION",
      message: expect.stringContaining('"pass":"***","auth_token":"***"'),
      attempts: [{ error: { message: expect.stringContaining('"pass":"***"') } }],
      recording: { events: expect.arrayContaining([expect.objectContaining({ type: "server.error" })]) },
    });
  });

  it("in the error that ends a connection", async () => {
    const port = await echoing((socket, said) => {
      socket.write("PONG\r\n");
      setImmediate(() => socket.end(`-ERR 'Stale Connection ${encodeURIComponent(said)}'\r\n`));
    });
    const { error } = await seenOf({ port });
    expect(error).toMatchObject({ message: expect.stringMatching(/^Stale Connection .*\*\*\*/) });
  });

  it("in INFO, its summary, and the servers that it names", async () => {
    const port = await echoing((socket, said) => {
      const news = { server_name: said, server_id: PASSWORD, connect_urls: [`${TOKEN}:1`, "127.0.0.1:1"] };
      socket.write(`PONG\r\n${info({ ...news, [TOKEN]: { deep: [PASSWORD] } })}`);
      setImmediate(() => socket.end());
    });
    const { texts } = await seenOf({ port });
    expect(texts.filter((text) => text === "***").length).toBeGreaterThan(0);
    expect(texts).toContain("127.0.0.1:1");
  });

  it("in the greeting over the next socket, nor in what debug prints of it", async () => {
    const heard: string[] = [];
    server = await fakeServer((socket) => {
      const [said] = heard;
      if (said !== undefined) return void socket.end(`${info({ server_name: said })}-ERR 'no ${said}'\r\n`);
      socket.write(info());
      socket.once("data", (chunk) => {
        heard.push(connectIn(`${chunk}`));
        socket.write("PONG\r\n");
        setImmediate(() => socket.end());
      });
    });
    const printed: string[] = [];
    const log = vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
    const options = { port: server.port, debug: true, reconnect: true, maxReconnectAttempts: 1 };
    const { error } = await seenOf({ ...options, reconnectTimeWait: 0 }).finally(() => log.mockRestore());
    expect(error).toMatchObject({ message: expect.stringContaining('no {"user":"alice","pass":"***"') });
    expect(printed.filter((line) => line.startsWith("< INFO") && line.includes("***"))).toHaveLength(1);
    for (const secret of spelled) expect(printed.join("\n")).not.toContain(secret);
  });

  it("in what was no protocol, be it cut off", async () => {
    for (const words of [
      (said: string) => said,
      (said: string) => `X${"x".repeat(20)}${said}`,
      () => TOKEN.slice(9),
    ]) {
      const port = await echoing((socket, said) => socket.write(`${words(said)}\r\n`));
      const { texts, error } = await seenOf({ port });
      expect(error).toMatchObject({ code: "NATS_PROTOCOL_ERR", message: expect.stringContaining("***") });
      for (let i = 0; i + 8 <= TOKEN.length; i++)
        expect(texts.join("\n")).not.toContain(TOKEN.slice(i, i + 8));
      await server?.close();
    }
  });

  it("in what a WebSocket says when it closes, cut off as it is there", async () => {
    webSockets = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await once(webSockets, "listening");
    webSockets.on("connection", (socket) => {
      socket.send(Buffer.from(info()));
      socket.once("message", (data) => socket.close(1008, connectIn(`${data}`).slice(0, 100)));
    });
    const { port } = webSockets.address() as AddressInfo;
    const { error } = await seenOf({ servers: `ws://127.0.0.1:${port}` });
    const masked = expect.stringContaining('policy violation): {"user":"alice","pass":"***"');
    expect(error).toMatchObject({ code: "DISCONNECT", message: masked, cause: { message: masked } });
  });

  it("in what the command line prints", async () => {
    const port = await echoing((socket, said) => socket.end(`-ERR 'no: ${said}'\r\n`));
    for (const more of [["--json"], []]) {
      const { stdout, stderr } = await run(["check", `127.0.0.1:${port}`, ...more], {
        NATS_USER: "alice",
        NATS_PASSWORD: PASSWORD,
      });
      expect(stdout).toContain("***");
      // In JSON a text is written as JSON once more.
      const texts = [stdout, stderr, ...(more.length === 0 ? [] : textsIn(JSON.parse(stdout)))];
      for (const secret of spelled) expect(texts.join("\n")).not.toContain(secret);
    }
  });
});

describe.each(servers)("with nats-server $label a password that is a part of names", ({ path }) => {
  it("does not keep a subscription or a request from learning that its subject is not permitted", async () => {
    const users = [
      {
        user: "u",
        password: "orders",
        permissions: { subscribe: { deny: "orders.in" }, publish: { deny: "orders.out" } },
      },
    ];
    const real = await startServer({ path, config: { authorization: { users } } });
    const nc = await connect({ port: real.port, user: "u", pass: "orders" });
    open.push(nc);
    const told = nextStatus(nc, "error");
    const denied = nc.subscribe("orders.in");
    await expect(denied[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: "PERMISSIONS_VIOLATION",
      permissionContext: { operation: "subscription", subject: "orders.in" },
    });
    expect(await told).toMatchObject({ permissionContext: { subject: "orders.in" } });
    await expect(nc.request("orders.out")).rejects.toMatchObject({ code: "PERMISSIONS_VIOLATION" });
    await nc.close();
    await real.stop();
  });
});

describe("a server of the cluster whose name contains the password", () => {
  /** The servers that a client knows, after news that came with the PONG. */
  async function known(host: string, pass: string, greeted: readonly string[], news: readonly string[]) {
    server = await fakeServer((socket) => {
      socket.write(info({ connect_urls: greeted }));
      socket.once("data", () => socket.write(`PONG\r\n${info({ connect_urls: news })}`));
    });
    const nc = await connect({ servers: `${host}:${server.port}`, user: "u", pass });
    open.push(nc);
    return nc.getServers().map(({ listen }) => listen.replace(/^(localhost|127\.0\.0\.1):.*/, "dialed"));
  }

  it.each([
    ["the name that was dialed contains it", "localhost", "local", []],
    [
      "a name that the server said before it was offered anything contains it",
      "127.0.0.1",
      "local",
      ["local-1:1"],
    ],
  ])("is known all the same where %s", async (_what, host, pass, greeted) => {
    const news = ["local-2:1", "local-3:1", "b:1"];
    expect(await known(host, pass, greeted, news)).toEqual(expect.arrayContaining(["dialed", ...news]));
  });

  it("is left out where no name that was known before contains it", async () => {
    const all = await known("127.0.0.1", "s3cret", ["a:1"], ["a:1", "s3cret.example:1", "b:1"]);
    expect(all.sort()).toEqual(["a:1", "b:1", "dialed"]);
  });
});
