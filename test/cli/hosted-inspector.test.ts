// The page that frames the hosted inspector, and whom it is served to. In a browser: test/integration/cli-hosted-page.test.ts.

import { once } from "node:events";
import { request } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type HostedInspectorOptions, serveHostedInspector } from "../../src/cli/hosted-inspector.js";
import type { LocalInspector } from "../../src/inspector/serve.js";
import { openPage } from "./page.js";

const served: LocalInspector[] = [];
afterEach(async () => {
  for (const inspector of served.splice(0)) await inspector.close();
});

async function serve(options?: HostedInspectorOptions): Promise<LocalInspector> {
  const inspector = await serveHostedInspector(options);
  served.push(inspector);
  return inspector;
}

/** What a GET with that Host header is answered. */
async function get(url: string, path: string, host: string) {
  const asked = request(new URL(path, url), { headers: { host } }).end();
  const [response] = await once(asked, "response");
  let text = "";
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, headers: response.headers, text };
}

describe("the page for the hosted inspector", () => {
  it("frames the inspector of Stately, and is framed by nobody", async () => {
    const { url } = await serve();
    const { status, headers, text } = await get(url, "/", new URL(url).host);
    expect(status).toBe(200);
    expect(text).toMatch(
      /^<!doctype html>[\s\S]*<iframe [^>]*src="https:\/\/stately\.ai\/inspect"><\/iframe>/,
    );
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": "frame-ancestors 'none'",
    });
  });

  it("frames another one where it is told to, whatever is in its address", async () => {
    const { url } = await serve({ inspector: 'http://localhost:1/?a="b"&c="d"' });
    const { text } = await get(url, "/", new URL(url).host);
    expect(text).toContain('src="http://localhost:1/?a=&quot;b&quot;&c=&quot;d&quot;"');
  });

  it("is all that is served, on this machine and under its names", async () => {
    const { url } = await serve();
    const { host, port, hostname } = new URL(url);
    expect(hostname).toBe("127.0.0.1");
    expect(await get(url, "/other", host)).toMatchObject({ status: 404, text: "" });
    expect(await get(url, "/", "evil.example")).toMatchObject({ status: 403, text: "" });
    expect(await get(url, "/", `localhost:${port}`)).toMatchObject({ status: 200 });
  });

  it("gets what was said before it opened, as much as is to be kept", async () => {
    const { url, relayUrl } = await serve({ keep: { messages: 2, text: 1_000 } });
    const early = await openPage(url);
    const process = new WebSocket(relayUrl);
    await once(process, "open");
    for (const number of [1, 2, 3])
      process.send(JSON.stringify({ type: "@xstate.snapshot", sessionId: `x:${number}`, rootId: "x" }));
    const said = (messages: typeof early.messages) => messages.flatMap(({ sessionId = [] }) => sessionId);
    await early.until(({ messages }) => said(messages).length === 3);
    const late = await openPage(url);
    await late.until(({ messages }) => messages.some(({ type }) => type === "backlog.over"));
    expect(said(late.messages)).toEqual(["x:2", "x:3"]);
    process.close();
  });

  it("is at the port that is asked for", async () => {
    const { url } = await serve();
    await served.pop()?.close();
    const again = await serve({ port: Number(new URL(url).port) });
    expect(again.url).toBe(url);
  });
});
