// Parts that are loaded late (src/effects/node/late-parts.ts) in a process that has no file descriptors when it needs them for
// the first time: it connects as soon as it has some again. On the built package, since the sources' imports are Vitest's here.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildCode } from "../../scripts/build-code.mjs";
import { root } from "../../scripts/packed.mjs";
import { bundled } from "../harness/bundle.js";
import { Authority } from "../harness/certificates.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";
import { startWebSocketServer, type WebSocketServer } from "../harness/web-socket-server.js";
import type { Outcome, Task } from "./late-parts/program.js";

const run = promisify(execFile);
const authority = new Authority();
const certificate = authority.issue();
const tls = { ca: authority.cert };
const [{ path } = { path: "" }] = servers.slice(-1);

/** Few enough to be used up in no time, enough for a Node that has just started. */
const DESCRIPTORS = 64;

let folder: string;
let program: string;
let secured: TestServer;
let webSocket: WebSocketServer;

beforeAll(async () => {
  // In the repository, so that packages are found.
  await mkdir(join(root, ".cache"), { recursive: true });
  folder = await mkdtemp(join(root, ".cache", "late-parts-"));
  const config = { tls: { cert_file: certificate.certFile, key_file: certificate.keyFile, timeout: 5 } };
  [program, secured, webSocket] = await Promise.all([
    bundled(join(root, "test/integration/late-parts/program.ts"), folder),
    startServer({ path, config }),
    startWebSocketServer({ path, certificate }),
    buildCode(folder),
  ]);
});
afterAll(async () => {
  await Promise.all([secured, webSocket?.server].map((server) => server?.stop()));
  await rm(folder, { recursive: true, force: true });
});

/** What comes of attempts in a process of its own. With few descriptors it gets as far as a socket, and not further. */
async function outcomeOf(format: Task["format"], options: Task["options"]): Promise<Outcome> {
  const entry = join(folder, format, "index.js");
  const once = { ...options, reconnect: false, timeout: 5_000 };
  const task: Task = { entry, format, options: once, left: [0, 1, 2, 3] };
  const limited = `ulimit -n ${DESCRIPTORS}; exec "$0" "$@"`;
  const args = ["-c", limited, process.execPath, program, JSON.stringify(task)];
  const { stdout } = await run("sh", args, { cwd: root });
  return JSON.parse(stdout);
}

describe.each(["esm", "cjs"] as const)("without file descriptors, and then with some (%s)", (format) => {
  it("a client connects by TLS, to a name", async () => {
    const { short, after } = await outcomeOf(format, { servers: `localhost:${secured.port}`, tls });
    // The first attempt has none at all.
    expect(short[0]).not.toBeNull();
    expect(after).toBeNull();
  });

  it("a client connects by WebSocket, by the package ws, which it never calls missing", async () => {
    const { short, after } = await outcomeOf(format, { servers: webSocket.url, tls });
    expect(short[0]).toMatch(
      /the package ws is installed, but could not be loaded: .*(EMFILE|too many open file)/,
    );
    expect(short.join()).not.toContain("npm install");
    expect(after).toBeNull();
  });
});
