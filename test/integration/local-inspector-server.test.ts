// The server of the local inspector: what it serves, whom it refuses, what it relays. The page that it serves is an
// empty one here; the real one in a browser: local-inspector.test.ts.

import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import * as lateParts from "../../src/effects/node/late-parts.js";
import { PackageFailure } from "../../src/effects/node/late-parts.js";
import { MAX_MESSAGE_BYTES } from "../../src/inspector/relay.js";
import { type LocalInspector, serveLocalInspector } from "../../src/inspector/serve.js";

const FILES = ["index.html", "inspector.js", "inspector.css", "layout.js", "icon.svg"];
let folder: string;
let inspector: LocalInspector;
const sockets: WebSocket[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "inspector-server-"));
  for (const name of FILES) await writeFile(join(folder, name), `this is ${name}`);
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  inspector = await serveLocalInspector({ page: folder });
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const socket of sockets.splice(0)) socket.terminate();
  await inspector.close();
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

async function ask(path: string, headers: OutgoingHttpHeaders = {}, method = "GET"): Promise<Answer> {
  const asked = request(new URL(path, inspector.url), { method, headers });
  asked.end();
  const [response] = await once(asked, "response");
  let text = "";
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, headers: response.headers, text };
}

/** A WebSocket that stands; rejects with the status where it is refused. */
async function socket(path: string, headers: OutgoingHttpHeaders = {}): Promise<WebSocket> {
  const made = new WebSocket(new URL(path, inspector.relayUrl), { headers });
  sockets.push(made);
  await once(made, "open");
  return made;
}

/** A page: what it hears, after the backlog; `next` waits for one more. */
async function page(): Promise<{ readonly heard: string[]; next(): Promise<string> }> {
  const made = new WebSocket(new URL("/page", inspector.relayUrl));
  sockets.push(made);
  const heard: string[] = [];
  const waiting: (() => void)[] = [];
  let read = 0;
  made.on("message", (data) => {
    heard.push(String(data));
    waiting.shift()?.();
  });
  const next = async () => {
    if (heard.length <= read) await new Promise<void>((resolve) => waiting.push(resolve));
    return heard[read++] ?? "";
  };
  while (!(await next()).includes("backlog.over"));
  return { heard, next };
}

const snapshot = (number: number) =>
  JSON.stringify({ type: "@xstate.snapshot", sessionId: "x:0", rootId: "x:0", number });

describe("what it serves", () => {
  it.each([
    ["/", "text/html; charset=utf-8", "this is index.html"],
    ["/inspector.js", "text/javascript; charset=utf-8", "this is inspector.js"],
    ["/inspector.css", "text/css; charset=utf-8", "this is inspector.css"],
    ["/icon.svg?x=1", "image/svg+xml", "this is icon.svg"],
    ["/icon.svg", "image/svg+xml", "this is icon.svg"],
  ])("%s", async (path, type, text) => {
    const answer = await ask(path);
    expect([answer.status, answer.headers["content-type"], answer.text]).toEqual([200, type, text]);
  });

  it("nothing else, and only to those who read", async () => {
    expect((await ask("/../package.json")).status).toBe(404);
    expect((await ask("/%2e%2e/package.json")).status).toBe(404);
    expect((await ask("/constructor")).status).toBe(404);
    expect(await ask("/", {}, "POST")).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
    expect(await ask("/", {}, "HEAD")).toMatchObject({ status: 200, text: "" });
  });

  it("under a policy that lets the page talk to nobody else", async () => {
    for (const [path, method] of [["/"], ["/inspector.js"], ["/nowhere"], ["/", "POST"]] as const) {
      const { headers } = await ask(path, {}, method);
      expect(headers["content-security-policy"]).toMatch(/^default-src 'self';/);
      expect(headers["content-security-policy"]).not.toMatch(/unsafe|https?:|\*/);
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
    }
  });
});

describe("whom it refuses", () => {
  it("a page elsewhere that calls it by a name of its own", async () => {
    expect((await ask("/", { host: "evil.example" })).status).toBe(403);
    await expect(socket("/page", { host: "evil.example" })).rejects.toThrow("403");
    await expect(socket("/", { host: "evil.example:80" })).rejects.toThrow("403");
    const { port } = new URL(inspector.url);
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
      expect((await ask("/", { host })).status).toBe(200);
    }
  });

  it("a page elsewhere that opens a WebSocket, to listen or to send", async () => {
    for (const origin of [
      "https://evil.example",
      "null",
      "http://127.0.0.1.evil.example",
      "http://127.0.0.1:1",
    ]) {
      await expect(socket("/page", { origin })).rejects.toThrow("403");
    }
    await expect(socket("/", { origin: "https://evil.example" })).rejects.toThrow("403");
    await socket("/page", { origin: inspector.url.slice(0, -1) });
    // A web application in development sends from another port of this machine.
    await socket("/", { origin: "http://localhost:5173" });
  });
});

describe("what it relays", () => {
  it("tells every page what a client says, and whose word it is", async () => {
    const pages = [await page(), await page()];
    const client = await socket("/");
    client.send(snapshot(1));
    for (const one of pages) expect(await one.next()).toBe(`{"client":1,"message":${snapshot(1)}}`);
    const second = await socket("/anything");
    second.send(snapshot(2));
    for (const one of pages)
      expect(JSON.parse(await one.next())).toMatchObject({ client: 2, message: { number: 2 } });
    client.send(snapshot(3));
    for (const one of pages)
      expect(JSON.parse(await one.next())).toMatchObject({ client: 1, message: { number: 3 } });
    client.close();
    for (const one of pages)
      expect(JSON.parse(await one.next())).toEqual({ client: 1, message: { type: "client.left" } });
  });

  it("tells a page that opens late what was said before", async () => {
    const early = await page();
    const client = await socket("/");
    for (let number = 0; number < 3; number++) client.send(snapshot(number));
    for (let number = 0; number < 3; number++) await early.next();
    const late = await page();
    expect(late.heard.slice(0, 3)).toEqual(early.heard.slice(1, 4));
  });

  it("does not let a page go for what was said before it opened, however much that is", async () => {
    const client = await socket("/");
    const told = await page();
    // Of each machine 8 MiB are kept: of six, more than a page may leave unread.
    const text = "x".repeat(2 * 1024 * 1024);
    const machines = 6;
    for (let number = 0; number < 3 * machines; number++) {
      const session = `x:${number % machines}`;
      client.send(
        JSON.stringify({ type: "@xstate.snapshot", sessionId: session, rootId: session, number, text }),
      );
      await told.next();
    }
    const late = new WebSocket(new URL("/page", inspector.relayUrl));
    sockets.push(late);
    let heard = 0;
    late.on("message", () => heard++);
    await once(late, "open");
    late.pause();
    client.send(snapshot(1));
    await told.next();
    const gone = new AbortController();
    late.on("close", () => gone.abort(new Error("the page was let go")));
    late.resume();
    while (heard < 3 * machines + 2) await once(late, "message", { signal: gone.signal });
    expect(late.readyState).toBe(WebSocket.OPEN);
  });

  it("lets a page go that leaves too much unread, and keeps no message from the pages behind it", async () => {
    const client = await socket("/");
    const before = await page();
    const idle = await socket("/page");
    const behind = await page();
    idle.pause();
    // More than may be left unread, and than the system keeps.
    const text = "x".repeat(2 * 1024 * 1024);
    for (let number = 0; number < 30; number++) {
      client.send(
        JSON.stringify({ type: "@xstate.snapshot", sessionId: "x:0", rootId: "x:0", number, text }),
      );
      await before.next();
    }
    const closed = once(idle, "close");
    idle.resume();
    await closed;
    client.send(snapshot(30));
    while (!(await behind.next()).includes('"number":30')) {}
    const numbers = behind.heard.map((said) => JSON.parse(said).message.number);
    expect(numbers.filter((number) => number !== undefined)).toEqual(Array.from({ length: 31 }, (_, n) => n));
  });

  it("tells a page that opens late as much as it is told to keep", async () => {
    await inspector.close();
    inspector = await serveLocalInspector({ page: folder, keep: { messages: 1, text: 1_000 } });
    const early = await page();
    const client = await socket("/");
    for (const number of [1, 2]) client.send(snapshot(number));
    for (const _ of [1, 2]) await early.next();
    expect((await page()).heard).toEqual([
      `{"client":1,"message":${snapshot(2)}}`,
      '{"client":0,"message":{"type":"backlog.over"}}',
    ]);
  });

  it("passes on nothing that is no inspection message, and goes on", async () => {
    const one = await page();
    const client = await socket("/");
    for (const text of ["{", "null", "[]", '{"type":"other"}', '{"type":3}']) client.send(text);
    client.send(snapshot(7));
    expect(JSON.parse(await one.next()).message.number).toBe(7);
  });

  it("cuts a message that is too large for a page, and says so; the next one arrives", async () => {
    const one = await page();
    const client = await socket("/");
    const context = { failure: "x".repeat(5 * 1024 * 1024) };
    client.send(
      JSON.stringify({ type: "@xstate.snapshot", sessionId: "x:0", snapshot: { value: "a", context } }),
    );
    const { message } = JSON.parse(await one.next());
    expect(message).toMatchObject({ sessionId: "x:0", snapshot: { value: "a" }, cut: expect.any(Number) });
    expect(message.snapshot.context.failure).toContain(`cut: it has ${5 * 1024 * 1024} characters`);
    client.send(snapshot(7));
    expect(JSON.parse(await one.next()).message.number).toBe(7);
  });

  it("ends a client whose message is larger than can be read, says why, and ends nobody else", async () => {
    const one = await page();
    const client = await socket("/");
    const other = await socket("/");
    client.send("x".repeat(MAX_MESSAGE_BYTES + 1));
    const [code] = await once(client, "close");
    expect(code).toBe(1009);
    expect(JSON.parse(await one.next()).message).toEqual({
      type: "client.left",
      why: "one of its messages had more than 64 MiB",
    });
    other.send(snapshot(1));
    expect(JSON.parse(await one.next()).client).toBe(2);
  });

  it("tells a page nothing of what another page says", async () => {
    const one = await page();
    const other = await socket("/page");
    other.send(snapshot(666));
    const client = await socket("/");
    client.send(snapshot(1));
    expect(JSON.parse(await one.next()).message.number).toBe(1);
  });
});

describe("starting and ending", () => {
  it("ends with every socket, and lets its port go", async () => {
    const { port } = new URL(inspector.url);
    const client = await socket("/");
    // A relay that is not ended would answer, and its end be waited for in vain.
    const closed = Promise.race([
      once(client, "close").then(() => true),
      once(client, "pong").then(() => false),
    ]);
    const ended = inspector.close();
    client.ping();
    expect(await closed).toBe(true);
    await ended;
    inspector = await serveLocalInspector({ page: folder, port: Number(port) });
    expect(new URL(inspector.url).port).toBe(port);
  });

  it("says which port is taken", async () => {
    const port = Number(new URL(inspector.url).port);
    await expect(serveLocalInspector({ page: folder, port })).rejects.toMatchObject({
      code: "EADDRINUSE",
      port,
    });
  });

  it("listens on another address of this machine where it is told to", async () => {
    const other = await serveLocalInspector({ page: folder, host: "::1" });
    expect(other.url).toMatch(/^http:\/\/\[::1\]:\d+\/$/);
    expect((await fetch(other.url)).status).toBe(200);
    await other.close();
  });

  it("says what to install where ws is missing", async () => {
    vi.spyOn(lateParts, "loadWs").mockRejectedValue(new PackageFailure("ws", true, new Error("not found")));
    await expect(serveLocalInspector({ page: folder })).rejects.toThrow("npm install ws");
  });

  it("says what is wrong with ws where it is installed", async () => {
    const cause = new Error("EMFILE: too many open files");
    vi.spyOn(lateParts, "loadWs").mockRejectedValue(new PackageFailure("ws", false, cause));
    const message = "the package ws is installed, but could not be loaded: EMFILE: too many open files";
    await expect(serveLocalInspector({ page: folder })).rejects.toMatchObject({ message, cause });
  });
});
