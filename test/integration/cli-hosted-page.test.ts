// The page that frames the hosted inspector, in a real Chromium; a stand-in for the inspector says, as the hosted one does,
// when it is ready, and shows what it is told. Who may talk to the relay: cli-inspect.test.ts.

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Frame, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { WebSocket } from "ws";
import { serveHostedInspector } from "../../src/cli/hosted-inspector.js";
import type { LocalInspector } from "../../src/inspector/serve.js";
import { openChromium } from "../harness/chromium.js";

/** Lists the ids of what it is told; ready when somebody says so. */
const STAND_IN = `<!doctype html><title>stand-in</title><ol></ol><script>
  addEventListener("message", ({ data }) => {
    const item = document.createElement("li");
    item.textContent = data.sessionId ?? data.type;
    document.querySelector("ol").append(item);
  });
  window.ready = () => parent.postMessage({ type: "@statelyai.connected" }, "*");
</script>`;

let browser: Browser;
let standIn: Server;
let inspector: LocalInspector;
let page: Page;
const sockets: WebSocket[] = [];

beforeAll(async () => {
  browser = await openChromium();
  standIn = createServer((_, response) => {
    response.setHeader("content-type", "text/html").end(STAND_IN);
  }).listen(0, "127.0.0.1");
  await once(standIn, "listening");
});
afterAll(async () => {
  await browser?.close();
  standIn?.closeAllConnections();
  standIn?.close();
});

beforeEach(async () => {
  // By another name, so that it is another origin, as the hosted one is.
  const { port } = standIn.address() as AddressInfo;
  inspector = await serveHostedInspector({ inspector: `http://localhost:${port}/?a="b"` });
  page = await browser.newPage();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await page.close();
  await inspector.close();
});

/** A process that is inspected. */
async function sender(): Promise<(sessionId: string, type?: string) => void> {
  const socket = new WebSocket(inspector.relayUrl);
  sockets.push(socket);
  await once(socket, "open");
  return (sessionId, type = "@xstate.snapshot") => socket.send(JSON.stringify({ type, sessionId }));
}

async function opened(): Promise<Frame> {
  await page.goto(inspector.url);
  const frame = page.frames().find((one) => one.url().startsWith("http://localhost"));
  if (frame === undefined) throw new Error("the inspector is not framed");
  await frame.waitForFunction("window.ready !== undefined");
  return frame;
}

const isReady = (frame: Frame) => frame.evaluate("window.ready()");
const told = (frame: Frame) => frame.locator("li").allTextContents();
const toldAll = (frame: Frame, count: number) =>
  frame.waitForFunction(`document.querySelectorAll("li").length >= ${count}`);

it("hands on what was said before it was opened, before the inspector was ready, and after", async () => {
  const send = await sender();
  send("before", "@xstate.actor");
  send("before");
  const frame = await opened();
  send("meanwhile");
  send("nothing", "no.inspection");
  // What a page has not been told by now it is told when the inspector is ready: nothing may come twice.
  await isReady(frame);
  send("after");
  await toldAll(frame, 4);
  expect(await told(frame)).toEqual(["before", "before", "meanwhile", "after"]);
});

it("is told to a second page too", async () => {
  const send = await sender();
  const frame = await opened();
  await isReady(frame);
  send("one");
  await toldAll(frame, 1);
  await page.reload();
  const again = page.frames().find((one) => one.url().startsWith("http://localhost"));
  if (again === undefined) throw new Error("the inspector is not framed");
  await again.waitForFunction("window.ready !== undefined");
  await isReady(again);
  await toldAll(again, 1);
  expect(await told(again)).toEqual(["one"]);
});

it("believes nobody else who says that the inspector is ready", async () => {
  const send = await sender();
  send("one");
  const frame = await opened();
  await page.evaluate(`postMessage({ type: "@statelyai.connected" }, "*")`);
  await page.evaluate("new Promise((resolve) => setTimeout(resolve, 0))");
  expect(await told(frame)).toEqual([]);
  await isReady(frame);
  await toldAll(frame, 1);
  expect(await told(frame)).toEqual(["one"]);
});
