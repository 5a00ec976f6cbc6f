// The WebSocket of the runtime itself: Node has one since 22, and Node 20 behind a flag. The client runs as a process of its
// own, where no package `ws` is to be found: so it is Node's that is used, or the error that says what to install.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../scripts/packed.mjs";
import { runtime } from "../../scripts/runtimes.mjs";
import { Authority } from "../harness/certificates.js";
import { servers } from "../harness/versions.js";
import { startWebSocketServer, type WebSocketServer } from "../harness/web-socket-server.js";

let folder: string;
let server: WebSocketServer | undefined;
let child: ChildProcess | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "web-socket-"));
  await build({
    entryPoints: ["test/integration/web-socket/program.ts"],
    outfile: join(folder, "program.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["ws"],
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  child?.kill("SIGKILL");
  await server?.server.stop();
});

interface Where {
  /** The Node that runs it. */
  readonly node?: string;
  /** The folder that it is in: with or without packages. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the program; each call gives the next line that it tells, and `no more` at the end, with what was wrong. */
function started(
  flag: string,
  url: string,
  { node = process.execPath, cwd = folder, env = {} }: Where = {},
): () => Promise<unknown> {
  const running = spawn(node, [flag, "program.mjs", url], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_OPTIONS: "", NODE_NO_WARNINGS: "1", NODE_PATH: "", ...env },
  });
  child = running;
  let stderr = "";
  running.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const lines = createInterface({ input: running.stdout })[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await lines.next();
    return done === true ? `no more${stderr}` : JSON.parse(value);
  };
}

describe.each(servers)("Node's own WebSocket and nats-server $label", ({ path }) => {
  it("carries messages, back pressure and an outage, and does not keep the process alive", async () => {
    server = await startWebSocketServer({ path });
    const next = started("--experimental-websocket", server.url);
    expect(await next()).toEqual({ answer: "hello!", next: 100, wrong: 0, poured: 200 });
    await server.server.kill();
    expect(await next()).toEqual({ lost: true });
    await server.restart();
    expect(await next()).toEqual({ next: 200, wrong: 0 });
    expect(await next()).toBe("no more");
    const running = child as ChildProcess;
    if (running.exitCode === null) await once(running, "exit");
    expect(running.exitCode).toBe(0);
  });

  it("is missed where there is none and the package ws is not installed: the error says so", async () => {
    server = await startWebSocketServer({ path });
    const next = started("--no-experimental-websocket", server.url);
    expect(await next()).toEqual({
      code: "UNKNOWN_ERROR",
      message: `${server.url.replace("ws://", "")}: ws:// and wss:// with this version of Node needs the package ws: npm install ws`,
    });
  });

  it("says where nobody listens that it may be so", async () => {
    server = await startWebSocketServer({ path });
    await server.server.stop();
    const next = started("--experimental-websocket", server.url);
    expect(await next()).toEqual({
      code: "CONNECTION_REFUSED",
      message: expect.stringContaining(server.url.replace("ws://", "")),
    });
  });
});

describe.each(servers)(
  "NODE_TLS_REJECT_UNAUTHORIZED=0, and wss:// to nats-server $label, on Node 22",
  ({ path }) => {
    const certificate = new Authority().issue();
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: "0" };

    it("does not stop the client from checking the certificate", async () => {
      const { path: node } = await runtime("node-22");
      server = await startWebSocketServer({ path, certificate });
      await mkdir(join(root, ".cache"), { recursive: true });
      // In the repository the package ws is found.
      const cwd = await mkdtemp(join(root, ".cache", "web-socket-"));
      try {
        await copyFile(join(folder, "program.mjs"), join(cwd, "program.mjs"));
        const next = started("--no-deprecation", server.url, { node, cwd, env });
        expect(await next()).toEqual({
          code: "TLS",
          message: expect.stringContaining("signed by an authority that is not trusted"),
        });
      } finally {
        await rm(cwd, { recursive: true });
      }
    });

    it("needs the package ws for that, and says so where it is not installed", async () => {
      const { path: node } = await runtime("node-22");
      server = await startWebSocketServer({ path, certificate });
      const next = started("--no-deprecation", server.url, { node, env });
      expect(await next()).toEqual({
        code: "UNKNOWN_ERROR",
        message: expect.stringMatching(/: NODE_TLS_REJECT_UNAUTHORIZED is 0, .* install the package ws/),
      });
    });
  },
);
