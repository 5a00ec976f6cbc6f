// Checks the types of the packed package with the compilers that programs use: in each way of resolving modules that a version has,
// `strict` and stricter, with `skipLibCheck` off. Run it by hand after `npm run build`: it installs compilers. What attw says of the
// types, and that the client's need no other package: check-build.mjs.

import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { inTemporaryFolder, pack, QUICKLY, root } from "./packed.mjs";

const run = promisify(execFile);

const node10 = { name: "node10", module: "commonjs", moduleResolution: "node" };
const node16 = { name: "node16", module: "node16", moduleResolution: "node16" };
const nodenext = { name: "nodenext", module: "nodenext", moduleResolution: "nodenext" };
const bundler = { name: "bundler", module: "esnext", moduleResolution: "bundler" };

/** The versions, each with the types of Node that it can read, and its ways of resolving modules. */
const compilers = [
  { version: "4.9", nodeTypes: "18", ways: [node10, node16, nodenext] },
  { version: "5.4", nodeTypes: "20", ways: [node10, node16, nodenext, bundler] },
  { version: "5.9", nodeTypes: "20", ways: [node10, node16, nodenext, bundler] },
  { version: "7.0", nodeTypes: "20", ways: [node16, nodenext, bundler] },
];

/** Uses what a program uses. Types that are missing, or `any`, make it fail. */
const program = (entry) => `
import { connect, type ConnectionOptions, createInbox, headers, type InspectionEvent, JSONCodec, type Msg, type MsgHdrs, type NatsConnection, NatsError, type Status, type Subscription } from "${entry}";

export async function main(options: ConnectionOptions): Promise<readonly string[]> {
  const seen: string[] = [];
  const inspect = (event: InspectionEvent): void => void (event.type === "@xstate.event" && seen.push(event.event.type));
  const nc: NatsConnection = await connect({ ...options, inspect, onStatus: (status: Status) => void seen.push(status.type) });
  const sub: Subscription = nc.subscribe(createInbox(), { max: 1, callback: (error, msg) => void seen.push(error?.code ?? msg.subject) });
  const own: MsgHdrs = headers();
  own.set("a", "b");
  nc.publish(sub.getSubject(), JSONCodec<{ id: number }>().encode({ id: 1 }), { headers: own });
  try {
    const answer: Msg = await nc.request("a", "b", { timeout: 5 });
    for await (const one of nc.subscribe("a")) seen.push(one.string(), String(one.headers?.get("a")));
    seen.push(answer.string());
  } catch (error) {
    if (error instanceof NatsError) seen.push(error.code);
  }
  const id: string | undefined = nc.info?.server_id;
  return [...seen, ...(id === undefined ? [] : [id])];
}
// @ts-expect-error: a port is a number
export const wrong = connect({ port: "4222" });
// @ts-expect-error: it is not any
export const missing = connect().noSuchThing;
`;

const shared = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  noEmit: true,
  target: "es2022",
  lib: ["es2022"],
  types: ["node"],
};

/** Runs a compiler over the program; what it prints, and how long it took to check. */
async function compile(folder, { module, moduleResolution }, entries) {
  const files = [];
  for (const [at, entry] of entries.entries()) {
    for (const kind of module === "node16" || module === "nodenext" ? ["mts", "cts"] : ["ts"]) {
      files.push(`program-${at}.${kind}`);
      await writeFile(join(folder, files.at(-1)), program(entry));
    }
  }
  const config = { compilerOptions: { ...shared, module, moduleResolution }, files };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(folder, "node_modules/typescript/bin/tsc");
  const { stdout } = await run(process.execPath, [tsc, "-p", folder, "--extendedDiagnostics"], {
    cwd: folder,
  });
  const figure = (name) => new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(stdout)?.[1];
  return { files: figure("Files"), checked: figure("Check time") };
}

let failed = 0;
await inTemporaryFolder(async (folder) => {
  const tarball = await pack(folder);
  const { name } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  for (const { version, nodeTypes, ways } of compilers) {
    const project = join(folder, version);
    await mkdir(project);
    await writeFile(
      join(project, "package.json"),
      JSON.stringify({ name: "user", private: true, type: "module" }),
    );
    const wanted = [tarball, `typescript@~${version}.0`, `@types/node@${nodeTypes}`];
    await run("npm", ["install", ...QUICKLY, ...wanted], { cwd: project });
    for (const way of ways) {
      const what = `TypeScript ${version}, ${way.name}`;
      try {
        const { files, checked } = await compile(project, way, [name, `${name}/browser`]);
        console.log(`ok      ${what}: ${files} files, checked in ${checked}`);
      } catch (error) {
        failed++;
        const said = error.stdout || error.stderr || error.message;
        const lines = said.split("\n").filter((line) => /error|^\s/.test(line));
        console.log(`NOT OK  ${what}\n${(lines.length === 0 ? [said] : lines).slice(0, 20).join("\n")}`);
      }
    }
  }
});
process.exitCode = failed === 0 ? 0 : 1;
