// The client in a real Chromium, with real servers: a page that imports it, connects by WebSocket, outlives a restart of the
// server, and shows its chart in the local inspector. What runs in the page: web-socket/page.ts. No request leaves loopback.

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createUser } from "@nats-io/nkeys";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type BundledFile, bundleForBrowser } from "../../scripts/browser-bundle.mjs";
import { buildInspectorPage } from "../../scripts/inspector-page.mjs";
import * as browserEntry from "../../src/browser.js";
import * as nodeEntry from "../../src/index.js";
import { connect, type Msg, type NatsConnection } from "../../src/index.js";
import { serveLocalInspector } from "../../src/inspector/serve.js";
import { openChromium } from "../harness/chromium.js";
import { freePorts } from "../harness/ports.js";
import { servers } from "../harness/versions.js";
import {
  startWebSocketServer,
  type WebSocketServer,
  type WebSocketServerOptions,
} from "../harness/web-socket-server.js";
import type { Driver } from "./web-socket/page.js";

/** The page allows itself nothing but its own script, and WebSockets. */
const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'; script-src 'self'; connect-src ws://127.0.0.1:*",
};

let browser: Browser;
let bundle: Awaited<ReturnType<typeof bundleForBrowser>>;
const site = createServer((request, response) => {
  if (request.url === "/page.js") {
    response.writeHead(200, { "content-type": "text/javascript" }).end(bundle.code);
  } else if (request.url === "/") {
    const html = `<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>`;
    response.writeHead(200, HEADERS).end(html);
  } else response.writeHead(404).end();
});

beforeAll(async () => {
  [browser, bundle] = await Promise.all([
    openChromium(),
    bundleForBrowser("test/integration/web-socket/page.ts"),
  ]);
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
});
afterAll(async () => {
  await browser?.close();
  site.closeAllConnections();
  site.close();
});

describe("the browser entry", () => {
  const imported = (inputs: Readonly<Record<string, BundledFile>>) =>
    Object.values(inputs)
      .flatMap(({ imports }) => imports)
      .filter(({ external, path }) => external === true && path !== "<runtime>");

  it("holds no module of Node, and no package that is for Node only", () => {
    expect(imported(bundle.inputs)).toEqual([]);
    const files = Object.keys(bundle.inputs);
    expect(files).toContain("src/browser.ts");
    expect(files.filter((file) => /^node:|effects\/node\/|node_modules\/ws\//.test(file))).toEqual([]);
    // tweetnacl asks for Node's crypto where there is no other, and tells bundlers to leave it out: an empty file.
    const empty = files.filter((file) => file.startsWith("(disabled):"));
    expect(empty).toEqual(["(disabled):crypto"]);
  });

  it("is needed: the entry for Node cannot be bundled for a browser", async () => {
    await expect(bundleForBrowser("src/index.ts")).rejects.toThrow(/Could not resolve "node:/);
  });

  it.each(["nkeys.js", "nkeys.js/nkeys.mjs"])(
    "signs by @nats-io/nkeys, since %s asks for modules of Node without telling bundlers that it can do without",
    async (nkeys) => {
      await expect(bundleForBrowser("src/browser.ts", { "#nkeys": nkeys })).rejects.toThrow(
        /Could not resolve "(util|crypto)"/,
      );
    },
  );

  it("exports the same names as the entry for Node", () => {
    expect(Object.keys(browserEntry).sort()).toEqual(Object.keys(nodeEntry).sort());
  });
});

describe.each(servers)("a page and nats-server $label", ({ path }) => {
  let context: BrowserContext;
  let page: Page;
  const requests: string[] = [];
  const uncaught: string[] = [];
  const open: NatsConnection[] = [];
  const running: WebSocketServer[] = [];

  beforeEach(async () => {
    requests.length = 0;
    uncaught.length = 0;
    context = await browser.newContext();
    context.on("page", (opened) => {
      opened.on("request", (request) => requests.push(request.url()));
      opened.on("websocket", (socket) => requests.push(socket.url()));
      opened.on("pageerror", (error) => uncaught.push(String(error)));
    });
    page = await context.newPage();
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
    await page.waitForFunction("globalThis.driver !== undefined");
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((nc) => nc.close()));
    await context.close();
    await Promise.all(running.splice(0).map(({ server }) => server.stop()));
    expect(uncaught).toEqual([]);
    expect(requests.length).toBeGreaterThan(0);
    expect(requests.filter((url) => !/^(data:|(http|ws):\/\/127\.0\.0\.1:)/.test(url))).toEqual([]);
  });

  async function started(options: WebSocketServerOptions = {}): Promise<WebSocketServer> {
    const one = await startWebSocketServer({ path, ...options });
    running.push(one);
    return one;
  }

  async function overTcp(one: WebSocketServer): Promise<NatsConnection> {
    const nc = await connect({ servers: one.server.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
    open.push(nc);
    return nc;
  }

  /** Calls a function of the driver in the page. */
  function run<Name extends keyof Driver>(
    name: Name,
    ...args: Parameters<Driver[Name]>
  ): Promise<Awaited<ReturnType<Driver[Name]>>> {
    const call = ([wanted, given]: [string, unknown[]]) => {
      const { driver } = globalThis as unknown as { driver: Record<string, (...all: unknown[]) => unknown> };
      return driver[wanted]?.(...given);
    };
    return page.evaluate(call as never, [name, args]) as Promise<Awaited<ReturnType<Driver[Name]>>>;
  }

  it("connects, exchanges messages with a client over TCP, and closes", async () => {
    const one = await started();
    const nc = await overTcp(one);
    expect(await run("connect", { servers: one.url })).toBe(`127.0.0.1:${one.webSocketPort}`);
    expect((await nc.request("ask", "who", { timeout: 5_000 })).string()).toBe("who!");
    nc.subscribe("time", { callback: (_error, msg) => void msg.respond("noon") });
    await nc.flush();
    expect(await run("request", "time", "")).toBe("noon");
    await run("publish", 0, 3);
    await run("flush");
    expect(await run("received")).toEqual(["0", "1", "2"]);
    expect(await run("everyByte")).toBe(true);
    expect(await run("encoded")).toEqual({ a: [1] });
    let arrived = 0;
    nc.subscribe("pour", { callback: () => void arrived++ });
    await nc.flush();
    expect(await run("close", 16 * 65_536)).toBeNull();
    await expect.poll(() => arrived).toBe(16);
    await expect(nc.request("ask", "who")).rejects.toMatchObject({ code: "503" });
  });

  it("outlives a kill and restart of the server: what it published meanwhile arrives, in order", async () => {
    const one = await started();
    await run("connect", { servers: one.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
    await run("publish", 0, 10);
    await run("flush");
    await one.server.kill();
    await expect.poll(() => run("statuses")).toContain("disconnect");
    await run("publish", 10, 990);
    const answer = run("request", "ask", "still there");
    expect(await run("received")).toHaveLength(10);
    await one.restart();
    expect(await answer).toBe("still there!");
    await run("flush");
    expect(await run("received")).toEqual(Array.from({ length: 1_000 }, (_, index) => `${index}`));
    expect(await run("statuses")).toContain("reconnect");
  });

  it("shows its chart in the local inspector, through the outage", async () => {
    const one = await started();
    const folder = await mkdtemp(join(tmpdir(), "inspector-page-"));
    await buildInspectorPage(folder);
    const inspector = await serveLocalInspector({ page: folder });
    try {
      await run(
        "connect",
        { servers: one.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 },
        inspector.relayUrl,
      );
      const chart = await context.newPage();
      await chart.goto(inspector.url);
      const shows = async (state: string) => {
        await chart.locator("#state", { hasText: new RegExp(`^${state}`) }).waitFor();
        await chart.locator(`.lit[data-state="connection.${state}"]`).waitFor();
      };
      await shows("connected");
      await one.server.kill();
      await shows("reconnecting");
      await one.restart();
      await shows("connected");
      expect(requests).toContain(inspector.relayUrl);
    } finally {
      await inspector.close();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("pours 32 MiB with ready(), and loses none of it", async () => {
    const one = await started();
    const nc = await overTcp(one);
    let arrived = 0;
    const callback = (_error: unknown, { data }: Msg) => {
      arrived += data.length;
    };
    nc.subscribe("pour", { callback });
    await nc.flush();
    await run("connect", { servers: one.url });
    await run("pour", 512);
    await expect.poll(() => arrived).toBe(512 * 65_536);
  });

  it("drains", async () => {
    const one = await started();
    await run("connect", { servers: one.url });
    await run("publish", 0, 100);
    await run("drain");
    expect(await run("received")).toEqual(Array.from({ length: 100 }, (_, index) => `${index}`));
  });

  it("signs a server's challenge with an nkey", async () => {
    const key = createUser();
    const { url } = await started({ config: `authorization { users: [ { nkey: ${key.getPublicKey()} } ] }` });
    expect(await run("connectWithSeed", url, new TextDecoder().decode(key.getSeed()))).toContain(
      "127.0.0.1:",
    );
    expect(await run("refusal", { servers: url })).toMatchObject({ code: "AUTHORIZATION_VIOLATION" });
  });

  it("publishes to JetStream and consumes from it, by the official package", async () => {
    const folder = await mkdtemp(join(tmpdir(), "jetstream-"));
    const { url, server } = await started({ config: `jetstream { store_dir: "${folder}" }` });
    await run("connect", { servers: url });
    expect(await run("jetStream", 20)).toEqual(Array.from({ length: 20 }, (_, index) => `${index}`));
    await run("close");
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("takes servers without a scheme, and the option port, as WebSocket servers", async () => {
    const { webSocketPort } = await started();
    expect(await run("connect", { servers: `127.0.0.1:${webSocketPort}` })).toBe(
      `127.0.0.1:${webSocketPort}`,
    );
    await run("close");
    expect(await run("connect", { port: webSocketPort })).toBe(`127.0.0.1:${webSocketPort}`);
    expect(await run("setServers", ["127.0.0.1:1", "ws://127.0.0.1:2/nats"])).toBeNull();
    expect((await run("servers")).toSorted()).toEqual(["127.0.0.1:1", "127.0.0.1:2/nats"]);
    expect(await run("setServers", ["nats://127.0.0.1:1"])).toMatchObject({ code: "INVALID_OPTION" });
  });

  it.each([
    ["a TCP server", { servers: "nats://127.0.0.1:4222" }, "a browser has no TCP for nats://"],
    ["a TLS server", { servers: ["tls://127.0.0.1:4222"] }, "wss://host:port"],
    ["TLS files", { tls: { caFile: "ca.pem" } }, "tls.caFile: TLS cannot be configured here"],
    ["name lookups of its own", { resolve: true }, '"resolve" is for Node'],
    ["a query, which may hold a secret", { servers: "ws://127.0.0.1/?token=a" }, "a query or a fragment"],
  ])("refuses %s, and says why", async (_what, options, why) => {
    const refusal = await run("refusal", options);
    expect(refusal).toMatchObject({ code: "INVALID_OPTION" });
    expect(refusal.message).toContain(why);
  });

  it("says what may be wrong where nobody listens: a browser does not", async () => {
    const [port] = await freePorts(1);
    const refusal = await run("refusal", { servers: `ws://127.0.0.1:${port}` });
    expect(refusal).toMatchObject({ code: "CONNECTION_REFUSED" });
    expect(refusal.message).toContain(`127.0.0.1:${port}: no WebSocket could be opened; nothing listens`);
  });
});
