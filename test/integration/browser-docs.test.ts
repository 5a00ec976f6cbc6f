// The programs of docs/browsers.md, as a reader pastes them: in a page of a real Chromium, or in Node, against a real server.

import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { bundleForBrowser } from "../../scripts/browser-bundle.mjs";
import { openChromium } from "../harness/chromium.js";
import { servers } from "../harness/versions.js";
import {
  type WebSocketServer as NatsWebSocketServer,
  startWebSocketServer,
} from "../harness/web-socket-server.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { path } = servers[0] as (typeof servers)[number];
const programs = new Map<string, string>();
const text = await readFile(join(root, "docs/browsers.md"), "utf8");
for (const [, code = "", name = ""] of text.matchAll(/^```ts\n(\/\/ ([\w-]+\.ts)\n[\s\S]*?)^```$/gm))
  programs.set(name, code);

describe("docs/browsers.md", () => {
  let folder = "";
  let browser: Browser;
  let server: NatsWebSocketServer;
  let guarded: NatsWebSocketServer;
  let bundle = "";
  const site = createServer((request, response) => {
    const answers: Record<string, readonly [type: string, body: string]> = {
      "/": [
        "text/html",
        `<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>`,
      ],
      "/page.js": ["text/javascript", bundle],
      "/nats-token": ["text/plain", "short-lived"],
    };
    const [type, body] = answers[request.url ?? ""] ?? ["text/plain", "nothing"];
    response.writeHead(200, { "content-type": type }).end(body);
  });
  const relay = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  const told: string[] = [];
  relay.on("connection", (socket) => socket.on("message", (data) => told.push(String(data))));

  beforeAll(async () => {
    // In the repository, so that the packages are found.
    await mkdir(join(root, ".cache"), { recursive: true });
    folder = await mkdtemp(join(root, ".cache", "browser-docs-"));
    [browser, server, guarded] = await Promise.all([
      openChromium(),
      startWebSocketServer({ path }),
      startWebSocketServer({ path, config: `authorization { token: "short-lived" }` }),
    ]);
    site.listen(0, "127.0.0.1");
    await once(site, "listening");
  });
  afterAll(async () => {
    await browser?.close();
    site.closeAllConnections();
    site.close();
    for (const socket of relay.clients) socket.terminate();
    relay.close();
    await Promise.all([server, guarded].map((one) => one?.server.stop()));
    await rm(folder, { recursive: true, force: true });
  });

  /** The program, with the addresses of this test, as a file. */
  async function written(name: string, to: NatsWebSocketServer): Promise<string> {
    const { port } = relay.address() as AddressInfo;
    const file = join(folder, name);
    const code = (programs.get(name) ?? "")
      .replaceAll("ws://127.0.0.1:8080", to.url)
      .replaceAll("nats://127.0.0.1:4222", to.server.url)
      .replaceAll("127.0.0.1:8088", `127.0.0.1:${port}`);
    await writeFile(file, code);
    return file;
  }

  /** What it prints in a page until it has printed that line, and what is still to happen has happened. */
  async function inPage(
    name: string,
    to: NatsWebSocketServer,
    last: string,
    happened: () => boolean = () => true,
  ): Promise<string[]> {
    const alias = { "nats-statechart": join(root, "src/browser.ts") };
    bundle = (await bundleForBrowser(await written(name, to), alias)).code;
    const page = await browser.newPage();
    const lines: string[] = [];
    page.on("console", (message) => lines.push(message.text()));
    page.on("pageerror", (error) => lines.push(String(error)));
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
    await expect.poll(() => lines, { timeout: 10_000 }).toContain(last);
    await expect.poll(happened, { timeout: 10_000 }).toBe(true);
    await page.close();
    return lines;
  }

  it("has the programs that are run here, and no other", () => {
    expect([...programs.keys()].sort()).toEqual(["login.ts", "node.ts", "page.ts", "watched.ts"]);
  });

  it("page.ts chats in a page", async () => {
    expect(await inPage("page.ts", server, "chat: hello")).toEqual(["reconnecting", "chat: hello"]);
  });

  it("login.ts fetches its token", async () => {
    const line = `logged in to ${guarded.url.replace("ws://", "")}`;
    expect(await inPage("login.ts", guarded, line)).toEqual([line]);
  });

  it("watched.ts tells the inspector what its chart does", async () => {
    const line = `watched: ${server.url.replace("ws://", "")}`;
    // The inspector's own socket may open after the connection: the page stays until it has told.
    const isTold = () => told.some((message) => message.includes('"connected"'));
    expect(await inPage("watched.ts", server, line, isTold)).toEqual([line]);
  });

  it("node.ts connects in Node", async () => {
    const outfile = join(folder, "node.mjs");
    await build({
      entryPoints: [await written("node.ts", server)],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      packages: "external",
      alias: { "nats-statechart": join(root, "src/index.ts") },
    });
    const { stdout } = await promisify(execFile)(process.execPath, [outfile]);
    expect(stdout.trim()).toBe(server.server.url.replace("nats://", ""));
  });
});
