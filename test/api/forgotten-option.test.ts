// An option cannot be forgotten: the compiler sees to it, and is itself tested here. Options are added to a copy of the
// sources as somebody could forget a part of them, and each must be reported. That those that there are reach what their
// rows say: option-table.test.ts.

import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { Destination } from "../../src/api/option-table.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The files in which the options of a destination are taken, and one more is missed. */
const takenIn: { readonly [To in Destination]: readonly string[] } = {
  servers: ["configured-servers.ts"],
  credentials: ["credentials.ts"],
  policy: ["settings.ts"],
  handlers: ["settings.ts"],
  connect: ["settings.ts"],
  outbound: ["settings.ts"],
  requests: ["settings.ts"],
  statuses: ["settings.ts"],
  connecting: ["settings.ts"],
  watching: ["settings.ts"],
  world: ["settings.ts"],
  node: ["settings.ts", "connect-by-web-socket.ts"],
};
const all = Object.keys(takenIn) as Destination[];

/** What the compiler says of those files of the client where lines are added to the options, and to their table. */
async function compiled(
  files: readonly string[],
  options: readonly string[],
  rows: readonly string[],
): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), "options-"));
  try {
    for (const name of ["package.json", "tsconfig.json", "src/api", "src/effects", "src/machine"]) {
      await cp(join(root, name), join(folder, name), { recursive: true });
    }
    await symlink(join(root, "node_modules"), join(folder, "node_modules"));
    await insert(join(folder, "src/api/options.ts"), "export interface ConnectionOptions {\n", options);
    await insert(join(folder, "src/api/option-table.ts"), "const table = {\n", rows);
    const project = {
      extends: "./tsconfig.json",
      include: [],
      files: files.map((name) => `src/api/${name}`),
    };
    await writeFile(join(folder, "tsconfig.client.json"), JSON.stringify(project));
    const tsc = join(root, "node_modules", ".bin", "tsc");
    const output = await new Promise<string>((resolve) => {
      // It ends with an error: there are some.
      execFile(tsc, ["-p", "tsconfig.client.json", "--pretty", "false"], { cwd: folder }, (_, stdout) =>
        resolve(stdout),
      );
    });
    // An error is a line, and those below it that are indented.
    return output.split(/\n(?! )/).filter((error) => error !== "");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function insert(file: string, after: string, lines: readonly string[]): Promise<void> {
  const source = await readFile(file, "utf8");
  expect(source).toContain(after);
  await writeFile(file, source.replace(after, `${after}${lines.join("\n")}\n`));
}

describe("an option that is forgotten", () => {
  let errors: readonly string[];
  const table = "src/api/option-table.ts";
  const reported = (file: string, what: RegExp) =>
    errors.filter((error) => error.startsWith(`${file}(`) && what.test(error));

  beforeAll(async () => {
    const found = await Promise.all([
      compiled(
        ["connect.ts", "connect-by-web-socket.ts"],
        ["withoutRow?: boolean;", ...all.map((to) => `to_${to}?: boolean;`)],
        all.map((to) => `to_${to}: { to: ["${to}"], ...flag },`),
      ),
      compiled(
        ["option-table.ts"],
        ["ledNowhere?: boolean; leftOpen?: boolean;"],
        ["ledNowhere: { to: [], ...flag },", "leftOpen: { ...flag },"],
      ),
    ]);
    errors = found.flat();
  }, 120_000);

  it("in the table does not compile", () => {
    expect(reported(table, /'withoutRow' is missing in type .* but required in type/)).toHaveLength(1);
  });

  it("by its row, which leads nowhere, does not compile", () => {
    expect(reported(table, /Type 'readonly \[\]' is not assignable .*\n.*requires 1/)).toHaveLength(1);
    expect(
      reported(table, /^[^\n]*Property 'to' is missing in type .* but required in type 'Row'/),
    ).toHaveLength(1);
  });

  it.each(all.flatMap((to) => takenIn[to].map((file) => [to, file] as const)))(
    "where its row leads (%s) does not compile in %s",
    (to, file) => {
      expect(reported(`src/api/${file}`, new RegExp(`\\bto_${to}\\b`))).not.toEqual([]);
    },
  );

  it("is all that the compiler complains of", () => {
    const named = /withoutRow|\bto_[a-z]+\b|option-table\.ts/;
    expect(errors.filter((error) => !named.test(error))).toEqual([]);
  });
});
