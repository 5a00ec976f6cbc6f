// The guides in docs/guide, as a reader pastes them: every block of TypeScript is a program that names its file in its first
// line. Each compiles under strict settings, runs against a real nats-server, and prints what the block of text after it
// says. Against the packed package they compile in scripts/check-package.mjs.

import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createUser } from "nkeys.js";
import { describe, expect, it } from "vitest";
import { Authority } from "../harness/certificates.js";
import { type ServerOptions, startServer } from "../harness/nats-server.js";
import { Operator } from "../harness/operator.js";
import { compilerSays, programFolder, start, usePrograms } from "../harness/program.js";
import { servers } from "../harness/versions.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const guides = join(root, "docs/guide");
const { path } = servers.at(-1) as (typeof servers)[number];

/** A block of a guide, and what the page says that it prints. */
interface Block {
  readonly page: string;
  readonly name: string;
  readonly code: string;
  readonly prints: string;
}

/** The blocks of a page. @throws Error where one does not name its file, or is not followed by what it prints */
function blocksOf(page: string, markdown: string): Block[] {
  return [...markdown.matchAll(/^```ts\n([\s\S]*?)^```\n/gm)].map((match) => {
    const [whole, code = ""] = match;
    const name = /^\/\/ ([\w-]+\.ts)\n/.exec(code)?.[1];
    const prints = /^\n```text\n([\s\S]*?)^```$/m.exec(markdown.slice(match.index + whole.length));
    if (name === undefined || prints?.index !== 0) {
      throw new Error(`${page}: a block has no name, or does not say what it prints:\n${code}`);
    }
    return { page, name, code, prints: prints[1] ?? "" };
  });
}

const pages = (await readdir(guides)).filter((name) => name.endsWith(".md"));
const blocks = (
  await Promise.all(pages.map(async (page) => blocksOf(page, await readFile(join(guides, page), "utf8"))))
).flat();

const PASSWORD = "only for this test";
const password = { authorization: { user: "orders", password: PASSWORD } };

usePrograms();

describe("docs/guide", () => {
  it("has blocks in every guide but the lists and that of other packages, each with a name of its own", () => {
    const without = pages.filter((page) => !blocks.some((block) => block.page === page));
    // What imports `nats` is compiled where that is ours: scripts/check-in-place.mjs.
    expect(without.sort()).toEqual(["examples.md", "in-place-of-nats.md", "index.md"]);
    expect(new Set(blocks.map(({ name }) => name)).size).toBe(blocks.length);
  });

  it("has blocks that compile under strict settings", async () => {
    const folder = await mkdtemp(join(root, ".cache/guides-"));
    try {
      for (const { name, code } of blocks) await writeFile(join(folder, name), code);
      const config = { extends: join(root, "docs/examples/tsconfig.json"), include: ["*.ts"] };
      await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
      await writeFile(join(folder, "package.json"), '{ "type": "module" }');
      expect(await compilerSays(folder)).toBe("");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  /** What the server of a block is started with, and files that its reader has. */
  const scenes: Readonly<Record<string, () => Promise<ServerOptions> | ServerOptions>> = {
    "user-and-password.ts": () => ({ config: password }),
    "vault.ts": () => ({ config: password }),
    "refused.ts": () => ({ config: password }),
    "nkey.ts": async () => {
      const user = createUser();
      await writeFile(join(programFolder(), "user.nk"), user.getSeed());
      return { config: { authorization: { users: [{ nkey: user.getPublicKey() }] } } };
    },
    "credentials-file.ts": async () => {
      const operator = new Operator();
      const account = operator.account("A");
      await writeFile(join(programFolder(), "user.creds"), account.user().creds);
      return { config: operator.config() };
    },
    "tls.ts": () => secured(false),
    "client-certificate.ts": () => secured(true),
    "unknown-authority.ts": () => secured(false),
  };

  async function secured(verify: boolean): Promise<ServerOptions> {
    const authority = new Authority();
    const { certFile, keyFile } = authority.issue();
    const client = authority.issue({ commonName: "client" });
    await writeFile(join(programFolder(), "ca.pem"), authority.cert);
    await writeFile(join(programFolder(), "client.pem"), client.cert);
    await writeFile(join(programFolder(), "client-key.pem"), client.key);
    const tls = { cert_file: certFile, key_file: keyFile, ca_file: authority.certFile, verify };
    return { config: { tls } };
  }

  it.each(blocks.map((block) => [block.page, block.name, block] as const))(
    "%s: %s prints what the page says",
    async (_page, name, { code, prints }) => {
      const server = await startServer({ path, ...(await scenes[name]?.()) });
      const here = (text: string) => text.replaceAll("127.0.0.1:4222", `127.0.0.1:${server.port}`);
      const file = join(programFolder(), name);
      await writeFile(file, here(code));
      const program = await start(file, { NATS_PASSWORD: PASSWORD });
      const ran = await program.ended();
      expect(ran).toEqual({ code: 0, stdout: here(prints), stderr: "" });
      await server.stop();
    },
  );

  it("has a scene for blocks that are there", () => {
    const names = blocks.map(({ name }) => name);
    expect(Object.keys(scenes).filter((name) => !names.includes(name))).toEqual([]);
  });
});
