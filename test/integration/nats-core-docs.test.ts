// The examples of docs/jetstream.md, as a reader pastes them: each is run against a nats-server with JetStream, and prints
// what it should. That they compile against the package is checked by scripts/check-package.mjs.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { servers } from "../harness/versions.js";
import { startJetStream } from "../nats-core/clients.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

/** The programs of the page, by the name in their first line. */
const examples = new Map<string, string>();
const page = await readFile(join(root, "docs/jetstream.md"), "utf8");
for (const [, code = "", name = ""] of page.matchAll(/^```ts\n(\/\/ ([\w-]+\.ts)\n[\s\S]*?)^```$/gm)) {
  examples.set(name, code);
}

/** What each prints. */
const printed: Readonly<Record<string, readonly string[]>> = {
  "worker.ts": Array.from({ length: 10 }, (_, i) => `${i + 1} order ${i + 1}`),
  "settings.ts": ["colour PUT blue", "colour PUT green", "done PUT yes"],
  "objects.ts": ["10485760 bytes in 80 chunks", "10485760 bytes back"],
  "service.ts": ["6", "sums 1.0.0"],
};

describe("docs/jetstream.md", () => {
  let folder = "";
  // In the repository, so that the packages are found.
  beforeAll(async () => {
    await mkdir(join(root, ".cache"), { recursive: true });
    folder = await mkdtemp(join(root, ".cache", "docs-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** The program as JavaScript, with this client for the packed one. */
  async function built(name: string, url: string): Promise<string> {
    const source = join(folder, name);
    await writeFile(source, (examples.get(name) ?? "").replaceAll("127.0.0.1:4222", url));
    const outfile = join(folder, name.replace(".ts", ".mjs"));
    const alias = {
      "nats-statechart/nats-core": join(root, "src/nats-core/index.ts"),
      "nats-statechart": join(root, "src/index.ts"),
    };
    const options = { bundle: true, platform: "node", format: "esm", target: "node20" } as const;
    await build({ ...options, entryPoints: [source], outfile, alias, packages: "external" });
    return outfile;
  }

  it("has the examples that are run here", () => {
    expect([...examples.keys()].sort()).toEqual(Object.keys(printed).sort());
  });

  it.each(servers.flatMap((server) => Object.keys(printed).map((name) => ({ ...server, name }))))(
    "$name runs on nats-server $label",
    async ({ path, name }) => {
      await using server = await startJetStream(path);
      const program = await built(name, server.url);
      const { stdout, stderr } = await run(process.execPath, [program], { cwd: folder, timeout: 60_000 });
      expect({ lines: stdout.trim().split("\n"), stderr }).toEqual({ lines: printed[name], stderr: "" });
    },
    60_000,
  );
});
