// An option cannot go nowhere. The compiler sees to it, and is itself tested here: options are added to a copy of the
// sources as somebody could forget a part of them, and each must be reported. Then each option that there is reaches, at
// run time, whatever its row says. What the rows allow: options.test.ts.

import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { type Destination, destinationsOf, type OptionsFor } from "../../src/api/option-table.js";
import type { ConnectionOptions } from "../../src/api/options.js";
import { nodeSettings, settingsOf, worldWith } from "../../src/api/settings.js";
import type { World } from "../../src/effects/world.js";
import { reaching, serversOf } from "../machine/servers.js";

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

/** What is given, and beside what: the option must make a difference. */
interface Sample<Name extends keyof ConnectionOptions> {
  readonly value: NonNullable<ConnectionOptions[Name]>;
  readonly beside?: ConnectionOptions;
}

const samples: { readonly [Name in keyof Required<ConnectionOptions>]: Sample<Name> } = {
  servers: { value: "elsewhere" },
  port: { value: 1 },
  user: { value: "me" },
  pass: { value: "s3cret", beside: { user: "me" } },
  token: { value: "s3cret" },
  authenticator: { value: () => ({ user: "me" }) },
  reconnect: { value: false },
  maxReconnectAttempts: { value: 1 },
  reconnectTimeWait: { value: 1 },
  reconnectJitter: { value: 1 },
  reconnectJitterTLS: { value: 1 },
  reconnectDelayHandler: { value: () => 1 },
  timeout: { value: 1 },
  pingInterval: { value: 1 },
  maxPingOut: { value: 1 },
  name: { value: "me" },
  verbose: { value: true },
  pedantic: { value: true },
  tls: { value: {} },
  ignoreClusterUpdates: { value: true },
  inboxPrefix: { value: "inbox" },
  noEcho: { value: true },
  debug: { value: true },
  noRandomize: { value: true },
  allowNonTls: { value: true },
  waitOnFirstConnect: { value: true },
  ignoreAuthErrorAbort: { value: true },
  noAsyncTraces: { value: true },
  resolve: { value: false },
  reconnectBufferSize: { value: 1 },
  maxControlLine: { value: 256 },
  unconfirmed: { value: "resend" },
  drainTimeout: { value: 1 },
  onLameDuck: { value: "migrate" },
  reconnectToServer: { value: () => null },
  onStatus: { value: () => {} },
  signal: { value: AbortSignal.timeout(60_000) },
  record: { value: true },
  inspect: { value: () => {} },
};

/** A world of which nothing is asked here. */
const world = { now: () => 0 } as World;

/** What comes to a destination; credentials as a server is offered them. */
function arriving(to: Destination, options: ConnectionOptions): unknown {
  switch (to) {
    case "credentials": {
      const { credentials, servers } = settingsOf(options);
      credentials.replace(servers, 0);
      return credentials.of(reaching(serversOf("127.0.0.1"), "127.0.0.1:4222"), undefined);
    }
    case "world":
      return worldWith(options, world) === world;
    case "node":
      return nodeSettings(options);
    default:
      return settingsOf(options)[to];
  }
}

describe("an option that is given", () => {
  const ways = (Object.keys(samples) as (keyof ConnectionOptions)[]).flatMap((name) =>
    destinationsOf(name).map((to) => [name, to] as const),
  );

  it.each(ways)("reaches what its row says: %s the destination %s", (name, to) => {
    const { value, beside = {} }: Sample<keyof ConnectionOptions> = samples[name];
    expect(arriving(to, { ...beside, [name]: value })).not.toEqual(arriving(to, beside));
  });

  it("cannot be read elsewhere", () => {
    // @ts-expect-error: no password steers the chart
    const steering = (options: OptionsFor<"policy">) => options.pass;
    // @ts-expect-error: no socket tells statuses
    const telling = (options: OptionsFor<"node">) => options.onStatus;
    expect([steering({}), telling({})]).toEqual([undefined, undefined]);
  });
});
