// Sockets at the relay of an inspector that no browser and no `ws` would make: refused and not ended, reset, or talking something
// else. What is said by others: local-inspector-server.test.ts.

import { once } from "node:events";
import { connect as dial, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LocalInspector, serveRelay } from "../../src/inspector/relay.js";
import { openPage } from "../cli/page.js";

let relay: LocalInspector;
beforeEach(async () => {
  relay = await serveRelay({ port: 0, host: "127.0.0.1", answer: (_, response) => response.end("here") });
});
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await relay.close();
});

/** A socket that was upgraded to WebSocket, and is never closed from here. */
async function upgraded(path: string, host = new URL(relay.url).host): Promise<Socket> {
  const raw = dial({ port: Number(new URL(relay.url).port), host: "127.0.0.1", allowHalfOpen: true });
  sockets.push(raw);
  raw.on("error", () => {});
  const lines = [`GET ${path} HTTP/1.1`, `host: ${host}`, "connection: upgrade", "upgrade: websocket"];
  const key = Buffer.alloc(16).toString("base64");
  raw.write([...lines, "sec-websocket-version: 13", `sec-websocket-key: ${key}`, "\r\n"].join("\r\n"));
  await once(raw, "data");
  return raw.resume();
}

describe("who is refused a WebSocket", () => {
  it("is let go, though it does not end itself", async () => {
    const raw = await upgraded("/page", "evil.example");
    // What is written to a socket that its server has let go is answered by a reset.
    for (let turn = 0; turn < 2_000 && !raw.destroyed; turn++) {
      raw.write("?");
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(raw.destroyed).toBe(true);
    await relay.close();
    await expect(fetch(relay.url)).rejects.toThrow("fetch failed");
  });

  it("may be gone before it is told", async () => {
    for (let count = 0; count < 50; count++) {
      const raw = dial(Number(new URL(relay.url).port), "127.0.0.1");
      const lines = ["GET / HTTP/1.1", "host: evil.example", "connection: upgrade", "upgrade: websocket"];
      raw.write([...lines, "\r\n"].join("\r\n"), () => raw.resetAndDestroy());
      await once(raw, "close");
    }
    // An exception that nobody catches would end the process, and fails the run of the tests.
    expect((await fetch(relay.url)).status).toBe(200);
  });
});

describe("who speaks something else than WebSocket", () => {
  it("is ended at once, as client and as page, and not for a large message", async () => {
    const page = await openPage(relay.url);
    for (const path of ["/", "/page"]) {
      const raw = await upgraded(path);
      // A frame without a mask, of an operation that does not exist.
      raw.write(Buffer.from([0x8b, 0x00]));
      await once(raw, "end");
    }
    await page.until(({ messages }) => messages.length === 2);
    expect(page.messages).toEqual([{ type: "backlog.over" }, { type: "client.left" }]);
    page.close();
  });
});
