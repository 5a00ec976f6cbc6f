// WebSocket in Node, with real servers: the same client over ws://, by the package `ws`. wss:// and what the URL decides
// of TLS: websocket-tls.test.ts; Node's own WebSocket: websocket-runtime.test.ts; browsers: browser.test.ts.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createUser } from "@nats-io/nkeys";
import { afterEach, describe, expect, it } from "vitest";
import {
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  ErrorCode,
  headers,
  type NatsConnection,
  nkeyAuthenticator,
  type Status,
} from "../../src/index.js";
import { lossOf } from "../harness/losses.js";
import { Operator } from "../harness/operator.js";
import { refused } from "../harness/refused.js";
import { relay } from "../harness/relay.js";
import { servers } from "../harness/versions.js";
import { nextStatus, sleep } from "../harness/waiting.js";
import {
  startWebSocketPair,
  startWebSocketServer,
  type WebSocketServer,
  type WebSocketServerOptions,
} from "../harness/web-socket-server.js";

describe.each(servers)("WebSocket to nats-server $label", ({ path }) => {
  const open: NatsConnection[] = [];
  const running: WebSocketServer[] = [];

  afterEach(async () => {
    await Promise.all(open.splice(0).map((nc) => nc.close()));
    await Promise.all(running.splice(0).map(({ server }) => server.stop()));
  });

  async function started(options: WebSocketServerOptions = {}): Promise<WebSocketServer> {
    const one = await startWebSocketServer({ path, ...options });
    running.push(one);
    return one;
  }

  async function connected(options: ConnectionOptions): Promise<NatsConnection> {
    const nc = await connect({ reconnectTimeWait: 50, reconnectJitter: 0, ...options });
    open.push(nc);
    return nc;
  }

  describe("while all is well", () => {
    it("publishes, subscribes and answers requests, with headers", async () => {
      const { url } = await started();
      const nc = await connected({ servers: url });
      nc.subscribe("ask", {
        callback: (_error, msg) =>
          void msg.respond(`${msg.string()}!`, { headers: msg.headers ?? headers() }),
      });
      const sent = headers();
      sent.set("Trace", "1");
      const answer = await nc.request("ask", "hello", { headers: sent, timeout: 5_000 });
      expect([answer.string(), answer.headers?.get("Trace")]).toEqual(["hello!", "1"]);
      expect(nc.getServer()).toBe(url.replace("ws://", ""));
    });

    it("talks to clients over TCP, in both directions", async () => {
      const { url, server } = await started();
      const web = await connected({ servers: url });
      const tcp = await connected({ servers: server.url });
      const received: string[] = [];
      for (const [nc, name] of [
        [web, "web"],
        [tcp, "tcp"],
      ] as const) {
        nc.subscribe("all", { callback: (_error, msg) => void received.push(`${name} ${msg.string()}`) });
        await nc.flush();
      }
      web.publish("all", "from web");
      await web.flush();
      tcp.publish("all", "from tcp");
      await tcp.flush();
      await web.flush();
      await tcp.flush();
      expect(received.sort()).toEqual(["tcp from tcp", "tcp from web", "web from tcp", "web from web"]);
    });

    it("carries the largest message the server takes, and every byte of it", async () => {
      const { url } = await started();
      const nc = await connected({ servers: url });
      const payload = new Uint8Array(nc.info?.max_payload ?? 0).map((_, index) => index % 251);
      expect(payload.length).toBe(1_048_576);
      const sub = nc.subscribe("big", { max: 1 });
      nc.publish("big", payload);
      for await (const msg of sub) expect(Buffer.compare(msg.data, payload)).toBe(0);
      expect(sub.getProcessed()).toBe(1);
    });

    it("keeps the order of 50,000 messages of many sizes", async () => {
      const { url } = await started();
      const nc = await connected({ servers: url });
      let wrong = 0;
      let next = 0;
      nc.subscribe("row", {
        callback: (_error, msg) => {
          if (msg.data.length < 8 || Number(msg.string().split(" ")[0]) !== next) wrong++;
          next++;
        },
      });
      for (let i = 0; i < 50_000; i++) nc.publish("row", `${i} ${"x".repeat(8 + (i % 300))}`);
      await nc.flush();
      expect([wrong, next]).toEqual([0, 50_000]);
    });

    it("reports how long a round trip takes, and what it knows of the server", async () => {
      const { webSocketPort } = await started();
      // Each way takes so long, and a timer of Node may be a millisecond early.
      const way = await relay(webSocketPort, { delay: 30 });
      const nc = await connected({ servers: `ws://127.0.0.1:${way.port}` });
      expect(await nc.rtt()).toBeGreaterThanOrEqual(2 * 29);
      expect(nc.getServers()).toMatchObject([{ hostname: "127.0.0.1", port: way.port, didConnect: true }]);
      await nc.close();
      await way.close();
    });

    it("hands over at close what was published before", async () => {
      const { url, server } = await started();
      const witness = await connected({ servers: server.url });
      const received: string[] = [];
      const sub = witness.subscribe("last", { max: 100 });
      const reading = (async () => {
        for await (const msg of sub) received.push(msg.string());
      })();
      await witness.flush();
      const nc = await connect({ servers: url });
      for (let i = 0; i < 100; i++) nc.publish("last", `${i}`);
      await nc.close();
      await reading;
      expect(received).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
    });

    it("drains: all that arrived is processed, all that was published is out", async () => {
      const { url } = await started();
      const witness = await connected({ servers: url });
      const nc = await connected({ servers: url });
      const sub = nc.subscribe("work");
      const answers = witness.subscribe("done", { max: 10 });
      await Promise.all([nc.flush(), witness.flush()]);
      for (let i = 0; i < 10; i++) witness.publish("work", `${i}`);
      await witness.flush();
      const working = (async () => {
        for await (const msg of sub) {
          nc.publish("done", msg.string());
          await sleep(1);
        }
      })();
      await nc.drain();
      await working;
      const done: string[] = [];
      for await (const msg of answers) done.push(msg.string());
      expect(done).toEqual(Array.from({ length: 10 }, (_, i) => `${i}`));
    });
  });

  describe("in an outage", () => {
    it("delivers all that was published meanwhile, in order, and answers requests made meanwhile", async () => {
      const one = await started();
      const nc = await connected({ servers: one.url, maxReconnectAttempts: -1 });
      const received: number[] = [];
      nc.subscribe("numbers", { callback: (_error, msg) => void received.push(Number(msg.string())) });
      nc.subscribe("ask", { callback: (_error, msg) => void msg.respond("answer") });
      await nc.flush();
      const lost = nextStatus(nc, "disconnect");
      await one.server.kill();
      await lost;
      for (let i = 0; i < 1_000; i++) nc.publish("numbers", `${i}`);
      const answer = nc.request("ask", "", { timeout: 20_000 });
      expect(received).toEqual([]);
      await one.restart();
      expect((await answer).string()).toBe("answer");
      await nc.flush();
      expect(received).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
    });

    it("refuses what the reconnect buffer has no room for, and delivers what it accepted", async () => {
      const one = await started();
      const nc = await connected({
        servers: one.url,
        maxReconnectAttempts: -1,
        reconnectBufferSize: 100_000,
      });
      let received = 0;
      nc.subscribe("big", { callback: () => void received++ });
      await nc.flush();
      const lost = nextStatus(nc, "disconnect");
      await one.server.kill();
      await lost;
      let accepted = 0;
      const publishing = () => {
        for (; accepted < 1_000; accepted++) nc.publish("big", new Uint8Array(9_000));
      };
      expect(publishing).toThrow(expect.objectContaining({ code: ErrorCode.ReconnectBufferExceeded }));
      expect(accepted).toBe(Math.floor(100_000 / (9_000 + "PUB big 9000\r\n\r\n".length)));
      await one.restart();
      await nc.flush();
      expect(received).toBe(accepted);
    });

    it("reports the same statuses as over TCP", async () => {
      const one = await started();
      const storyOf = async (url: string) => {
        const seen: string[] = [];
        const onStatus = ({ type }: Status) => void (type === "error" || seen.push(type));
        const nc = await connected({ servers: url, maxReconnectAttempts: -1, onStatus });
        const back = nextStatus(nc, "reconnect");
        await one.restart();
        await back;
        await nc.close();
        // How often it is dialed in vain depends on how long the restart takes.
        return seen.filter((type, index) => type !== seen[index - 1]);
      };
      const overTcp = await storyOf(one.server.url);
      expect(overTcp).toContain("disconnect");
      expect(await storyOf(one.url)).toEqual(overTcp);
    });

    it("closes with the last error when the server stays away for maxReconnectAttempts", async () => {
      const one = await started();
      const nc = await connected({ servers: one.url, reconnectTimeWait: 10, maxReconnectAttempts: 3 });
      await one.server.kill();
      expect(await nc.closed()).toMatchObject({
        code: ErrorCode.ConnectionRefused,
        message: expect.stringContaining("nothing accepts connections there"),
      });
    });

    it("finds a stale connection by its PINGs, lets go of it, and comes back", async () => {
      const one = await started();
      const nc = await connected({
        servers: one.url,
        pingInterval: 50,
        timeout: 500,
        maxReconnectAttempts: -1,
      });
      const stale = nextStatus(nc, "staleConnection");
      await one.server.freeze();
      await stale;
      nc.publish("a", "kept");
      const back = nextStatus(nc, "reconnect");
      one.server.resume();
      await back;
      await nc.flush();
    });

    it("gives up an attempt that is not answered, within the option timeout", async () => {
      const one = await started();
      await one.server.freeze();
      const error = await refused({ servers: one.url, timeout: 200 });
      expect(error).toMatchObject({
        code: ErrorCode.Timeout,
        message: expect.stringContaining("the WebSocket was not opened within 200 ms"),
      });
    });

    it("says in the error how the server closed the WebSocket", async () => {
      const one = await started();
      const nc = await connected({ servers: one.url, reconnect: false });
      await one.server.stop();
      expect(await nc.closed()).toMatchObject({
        code: ErrorCode.Disconnect,
        message: expect.stringMatching(/the WebSocket was closed with code \d{4} \(.+\)/),
      });
    });
  });

  describe("back pressure", () => {
    it("holds back while the server does not read: ready() waits, and nothing is lost", async () => {
      const one = await started();
      const nc = await connected({ servers: one.url });
      const payload = new Uint8Array(100_000);
      let received = 0;
      const witness = await connected({ servers: one.url });
      witness.subscribe("flood", { callback: () => void received++ });
      await witness.flush();
      await one.server.freeze();
      for (let i = 0; i < 300; i++) nc.publish("flood", payload);
      let isReady = false;
      const ready = nc.ready().then(() => {
        isReady = true;
      });
      // What the kernel and the WebSocket take is a fraction of it: until they take no more.
      let before: number;
      do {
        before = nc.pendingBytes;
        await sleep(50);
      } while (nc.pendingBytes < before);
      expect(nc.pendingBytes).toBeGreaterThan(5_000_000);
      expect(isReady).toBe(false);
      one.server.resume();
      await ready;
      expect(nc.pendingBytes).toBeLessThanOrEqual(1_048_576);
      await nc.flush();
      await witness.flush();
      expect(received).toBe(300);
    });
  });

  it.each(["WebSocket", "TCP"])("tells at close what the server has not confirmed, by %s", async (by) => {
    const one = await started();
    const nc = await connected({ servers: by === "WebSocket" ? one.url : one.server.url });
    await one.server.freeze();
    for (let i = 0; i < 300; i++) nc.publish("flood", new Uint8Array(100_000));
    await nc.close();
    expect(lossOf(await nc.closed())).toEqual({
      code: ErrorCode.Disconnect,
      message: "the connection is closed; 300 published messages were sent, but no server confirmed them",
      unsent: undefined,
      unconfirmed: { messages: 300, bytes: 300 * ("PUB flood 100000\r\n\r\n".length + 100_000) },
    });
    one.server.resume();
  });

  describe("in a cluster", () => {
    const config = `lame_duck_duration: "30s"\nlame_duck_grace_period: "1s"`;

    it("learns the websocket listeners of the other servers, and goes there when one dies", async () => {
      const pair = await startWebSocketPair({ path, config });
      running.push(...pair);
      const [first, second] = pair as [WebSocketServer, WebSocketServer];
      const nc = await connected({ servers: first.url });
      const learnt = `127.0.0.1:${second.webSocketPort}`;
      await expect.poll(() => nc.getServers().map(({ listen }) => listen)).toContain(learnt);
      const received: string[] = [];
      nc.subscribe("a", { callback: (_error, msg) => void received.push(msg.string()) });
      await nc.flush();
      const lost = nextStatus(nc, "disconnect");
      const back = nextStatus(nc, "reconnect");
      await first.server.kill();
      await lost;
      nc.publish("a", "kept");
      await back;
      await nc.flush();
      expect(nc.getServer()).toBe(learnt);
      expect(received).toEqual(["kept"]);
    });

    it("moves to another server in lame duck mode, with onLameDuck: migrate", async () => {
      const pair = await startWebSocketPair({ path, config });
      running.push(...pair);
      const seen: string[] = [];
      const nc = await connected({
        servers: pair.map(({ url }) => url),
        onLameDuck: "migrate",
        onStatus: ({ type }) => void (type === "update" || seen.push(type)),
      });
      const left = nc.getServer();
      const [from] = pair.filter(({ webSocketPort }) => left.endsWith(`:${webSocketPort}`));
      const received: string[] = [];
      nc.subscribe("a", { callback: (_error, msg) => void received.push(msg.string()) });
      await nc.flush();
      const moved = nextStatus(nc, "reconnect");
      seen.length = 0;
      from?.server.lameDuck();
      await moved;
      expect(nc.getServer()).not.toBe(left);
      expect(seen).toEqual(["ldm", "reconnecting", "reconnect"]);
      nc.publish("a", "there");
      await expect.poll(() => received).toContain("there");
      // Until the old server has forgotten the subscription, it may come by way of both; once that is gone, it does not.
      await from?.server.ended();
      nc.publish("a", "once");
      await nc.flush();
      expect(received.filter((one) => one === "there").length).toBeLessThanOrEqual(2);
      expect(received.filter((one) => one !== "there")).toEqual(["once"]);
    });
  });

  describe("beside TCP in one pool", () => {
    it("gives back servers as setServers takes them, and refuses one port for both", async () => {
      const { url, webSocketPort, server } = await started();
      const nc = await connected({ servers: [url, server.url], noRandomize: true });
      const given = nc.getServers().map(({ src }) => src);
      expect(given).toEqual([`${url}/`, `127.0.0.1:${server.port}`]);
      nc.setServers(given);
      expect(
        nc
          .getServers()
          .map(({ src }) => src)
          .sort(),
      ).toEqual(given.toSorted());
      const both = [`nats://127.0.0.1:${webSocketPort}`, url];
      const error = expect.objectContaining({ code: ErrorCode.InvalidOption });
      expect(() => nc.setServers(both)).toThrow(error);
      expect((await refused({ servers: both })).message).toContain("both for TCP and for WebSocket");
    });

    it("goes to the WebSocket where TCP does not get through, and back", async () => {
      const one = await started();
      const tcp = await started();
      const servers = [tcp.server.url, one.url];
      const nc = await connected({ servers, noRandomize: true, maxReconnectAttempts: -1 });
      const received: string[] = [];
      nc.subscribe("a", { callback: (_error, msg) => void received.push(msg.string()) });
      await nc.flush();
      expect(nc.getServer()).toBe(tcp.server.url.replace("nats://", ""));
      const toWeb = nextStatus(nc, "reconnect");
      await tcp.server.kill();
      await toWeb;
      nc.publish("a", "by WebSocket");
      await nc.flush();
      expect(nc.getServer()).toBe(one.url.replace("ws://", ""));
      await tcp.restart();
      const toTcp = nextStatus(nc, "reconnect");
      await one.server.kill();
      await toTcp;
      nc.publish("a", "by TCP");
      await nc.flush();
      expect(received).toEqual(["by WebSocket", "by TCP"]);
    });
  });

  describe("credentials", () => {
    const config = `authorization { users: [ { user: "ann", password: "s3cret" } ] }`;

    it("are taken from the URL, and kept out of every name", async () => {
      const { url } = await started({ config });
      const seen: Status[] = [];
      const servers = url.replace("ws://", "ws://ann:s3cret@");
      const nc = await connected({ servers, record: true, onStatus: (status) => seen.push(status) });
      await nc.flush();
      expect(JSON.stringify([seen, nc.getServers(), nc.recording()])).not.toContain("s3cret");
    });

    it("that are wrong are told as over TCP", async () => {
      const { url, server } = await started({ config });
      const wrong = { user: "ann", pass: "wrong" };
      const byTcp = await refused({ servers: server.url, ...wrong });
      expect(byTcp.code).toBe(ErrorCode.AuthorizationViolation);
      const byWebSocket = await refused({ servers: url, ...wrong });
      expect([byWebSocket.code, byWebSocket.message]).toEqual([byTcp.code, byTcp.message]);
    });

    it("may be an nkey", async () => {
      const key = createUser();
      const { url } = await started({
        config: `authorization { users: [ { nkey: ${key.getPublicKey()} } ] }`,
      });
      const nc = await connected({ servers: url, authenticator: nkeyAuthenticator(key.getSeed()) });
      await nc.flush();
      expect((await refused({ servers: url })).code).toBe(ErrorCode.AuthorizationViolation);
    });

    it("may be a JWT of an operator's account", async () => {
      const operator = new Operator();
      const account = operator.account("A");
      const { url } = await started({ config: operator.config() });
      const nc = await connected({ servers: url, authenticator: credsAuthenticator(account.user().creds) });
      await nc.flush();
      expect((await refused({ servers: url })).code).toBe(ErrorCode.AuthorizationViolation);
    });
  });

  describe("where no WebSocket is", () => {
    it("says that the port is another one", async () => {
      const { server } = await started();
      const error = await refused({ servers: `ws://127.0.0.1:${server.port}` });
      expect(error).toMatchObject({ code: ErrorCode.ConnectionRefused });
      expect(error.message).toContain(`127.0.0.1:${server.port}: what listens there is no WebSocket server`);
    });

    it("says what HTTP server answered instead", async () => {
      const site = createServer((_request, response) => response.writeHead(404).end()).listen(0, "127.0.0.1");
      await once(site, "listening");
      const { port } = site.address() as AddressInfo;
      const error = await refused({ servers: `ws://127.0.0.1:${port}/nats` });
      expect(error).toMatchObject({ code: ErrorCode.ConnectionRefused });
      expect(error.message).toContain(`127.0.0.1:${port}/nats: the server answered with the HTTP status 404`);
      await new Promise((resolve) => site.close(resolve));
    });
  });
});
