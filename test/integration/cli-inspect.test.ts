// `nats-statechart inspect` as its user has it: it stays connected to a real server, tells a page what happens, and ends in good
// order at Ctrl-C. What the page makes of it is not tested here; the relay of the hosted inspector is.

import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect as dial } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { HOSTED } from "../../src/cli/hosted-inspector.js";
import { addressIn, openPage } from "../cli/page.js";
import { run, start, useInspector } from "../cli/tool.js";
import { scratchFolder, startServer, type TestServer } from "../harness/nats-server.js";
import { answered, freePorts } from "../harness/ports.js";
import { servers } from "../harness/versions.js";

useInspector();

const started: TestServer[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()));
});

async function server(options: Parameters<typeof startServer>[0]): Promise<TestServer> {
  const one = await startServer(options);
  started.push(one);
  return one;
}

describe.each(servers)("inspect with nats-server $label", ({ path }) => {
  it.each([
    ["hosted", []],
    ["local", ["--local"]],
  ])("shows an outage to the page of the %s inspector, and drains at Ctrl-C", async (_which, args) => {
    const one = await server({ path, monitor: true });
    const tool = start(["inspect", one.url, ...args]);
    const page = await openPage(addressIn(await tool.printed("connected to")));
    await page.until(({ states }) => states().at(-1) === "connected");
    await one.kill();
    await page.until(({ states }) => "reconnecting" in Object(states().at(-1)));
    await one.start();
    await page.until(({ states }) => states().at(-1) === "connected");
    tool.child.kill("SIGINT");
    await page.until(({ states }) => states().at(-1) === "closed");
    const { code, stdout, stderr } = await tool.ended();
    expect([code, stderr]).toEqual([0, ""]);
    for (const word of ["disconnect", "reconnect", "draining", "closed"])
      expect(stdout).toMatch(new RegExp(`\\b${word}\\b`));
    expect(page.states().map((state) => JSON.stringify(state))).toContain('{"draining":"subscriptions"}');
    const chart = page.messages.find(({ definition }) => definition?.includes('"id":"connection"'));
    expect(chart?.definition).not.toContain("[Object]");
    await answered(
      () => "no connection is left at the server",
      async () => (await one.monitor("connz"))["num_connections"] === 0 || undefined,
    );
  });

  it("says so and fails where the credentials are refused", async () => {
    const { port } = await server({ path, config: { authorization: { user: "me", password: "s3cret" } } });
    const { code, stdout, stderr } = await run(["inspect", `nats://me:wr0ng@127.0.0.1:${port}`]);
    expect(code).toBe(1);
    expect(stderr).toContain("nats-statechart inspect: ");
    expect(stderr).toContain("Authorization Violation");
    expect(stdout + stderr).not.toMatch(/wr0ng|s3cret/);
  });
});

it("inspect says so and fails where the server takes the credentials no more", async () => {
  const authorization = (password: string) => ({ authorization: { user: "me", password } });
  const one = await server({ config: authorization("s3cret") });
  const tool = start(["inspect", `nats://me:s3cret@127.0.0.1:${one.port}`]);
  await tool.printed("connected to");
  await one.reload(authorization("other"));
  const { code, stdout, stderr } = await tool.ended();
  expect(code).toBe(1);
  expect(stderr).toContain("Authorization Violation");
  expect(stdout + stderr).not.toContain("s3cret");
});

describe("inspect --open", () => {
  it("opens the page in a browser, or says that none could be opened", async () => {
    const [port] = await freePorts(1);
    const args = ["inspect", `127.0.0.1:${port}`, "--open"];
    const folder = join(scratchFolder(), "browser");
    await mkdir(folder);
    const [browser, seen] = [join(folder, "xdg-open"), join(folder, "seen")];
    await writeFile(browser, `#!/bin/sh\necho "$1" > "${seen}.new" && /bin/mv "${seen}.new" "${seen}"\n`, {
      mode: 0o755,
    });
    const tool = start(args, { PATH: folder });
    const url = addressIn(await tool.printed("Inspector: "));
    const opened = await answered(
      () => "a browser was opened",
      async () => (existsSync(seen) ? readFile(seen, "utf8") : undefined),
    );
    expect(opened.trim()).toBe(url);
    tool.child.kill("SIGINT");
    expect(await tool.ended()).toMatchObject({ code: 0, stderr: "" });

    const without = start(args, { PATH: "/nowhere" });
    await without.printed("nothing accepts connections");
    without.child.kill("SIGINT");
    expect((await without.ended()).stderr).toContain("open the page yourself");
  });
});

describe("inspect without a server", () => {
  it.each(["SIGINT", "SIGTERM"] as const)("shows what it waits for, until %s", async (signal) => {
    const [port] = await freePorts(1);
    const tool = start(["inspect", `127.0.0.1:${port}`]);
    const page = await openPage(addressIn(await tool.printed("nothing accepts connections")));
    await page.until(({ states }) =>
      states().some((state) => JSON.stringify(state) === '{"connecting":"backingOff"}'),
    );
    tool.child.kill(signal);
    expect(await tool.ended()).toMatchObject({ code: 0, stderr: "" });
  });

  it("fails and says why where its port is taken", async () => {
    const one = await server({});
    for (const args of [[], ["--local"]]) {
      const { code, stderr } = await run(["inspect", one.url, "--port", `${one.port}`, ...args]);
      expect(code).toBe(1);
      expect(stderr).toContain(`port ${one.port} is taken`);
    }
  });
});

describe("a WebSocket that is refused", () => {
  /** Asks for an upgrade under a foreign name, and resets the connection before it is told no. */
  const askAndReset = (url: string) =>
    new Promise<void>((resolve) => {
      const socket = dial(Number(new URL(url).port), "127.0.0.1");
      const headers = ["host: evil.example", "connection: upgrade", "upgrade: websocket"];
      socket.on("error", () => {});
      socket.on("close", () => resolve());
      socket.write(`GET /page HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`, () => socket.resetAndDestroy());
    });

  it.each([
    ["hosted", []],
    ["local", ["--local"]],
  ])("and reset does not end the %s inspector", async (_which, args) => {
    const [port] = await freePorts(1);
    const tool = start(["inspect", `127.0.0.1:${port}`, ...args]);
    const url = addressIn(await tool.printed("Inspector: "));
    for (let count = 0; count < 100; count++) await askAndReset(url);
    expect((await fetch(url)).status).toBe(200);
    tool.child.kill("SIGINT");
    expect(await tool.ended()).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("the page for the hosted inspector", () => {
  /** The answer to a GET with that Host header. */
  const get = (url: string, host: string, path = "/") =>
    new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const { port } = new URL(url);
      request({ host: "127.0.0.1", port, path, headers: { host } }, (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode, text }));
      })
        .on("error", reject)
        .end();
    });

  const upgraded = (url: string, origin?: string) =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(url, origin === undefined ? {} : { origin });
      socket.on("open", () => {
        socket.terminate();
        resolve("open");
      });
      socket.on("error", (error) => resolve(error.message));
    });

  it("frames the inspector, and is for the browser of this machine only", async () => {
    const [port] = await freePorts(1);
    const tool = start(["inspect", `127.0.0.1:${port}`]);
    const url = addressIn(await tool.printed("Inspector: "));
    const { host } = new URL(url);
    const { status, text } = await get(url, host);
    expect(status).toBe(200);
    expect(text).toContain(`src="${HOSTED}"`);
    expect((await get(url, host, "/other")).status).toBe(404);
    expect((await get(url, "evil.example")).status).toBe(403);
    const relay = url.replace("http:", "ws:");
    expect(await upgraded(`${relay}page`, `http://${host}`)).toBe("open");
    expect(await upgraded(relay)).toBe("open");
    expect(await upgraded(relay, "http://localhost:5173")).toBe("open");
    expect(await upgraded(`${relay}page`, "http://localhost:5173")).toContain("403");
    expect(await upgraded(relay, "http://localhost.evil.example")).toContain("403");
    expect(await upgraded(`${relay}page`, "https://evil.example")).toContain("403");
    expect(await upgraded(relay, "https://evil.example")).toContain("403");
    tool.child.kill("SIGINT");
    await tool.ended();
  });
});
