// Runs a program on the packed package in the surroundings that programs have: the test runners jest (Node and jsdom) and vitest, the
// package managers pnpm (nothing hoisted) and yarn (Plug'n'Play), and the permission model of Node. The program connects to a
// nats-server with an nkey, makes a request with headers, and drains. Below pnpm and yarn it runs on the packages that take the
// place of others, too. Run it by hand after `npm run build`: `npm run surroundings`, `-- NAME...` for some of them. It installs the tools.

import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createUser } from "@nats-io/nkeys";
import { Authority } from "../test/harness/certificates.ts";
import { startServer } from "../test/harness/nats-server.ts";
import { startWebSocketServer } from "../test/harness/web-socket-server.ts";
import { inPlace } from "./in-place.mjs";
import { serveTarballs } from "./local-registry.mjs";
import { natsServers } from "./nats-servers.mjs";
import { inTemporaryFolder, pack, packed, QUICKLY, root } from "./packed.mjs";
import { runtime } from "./runtimes.mjs";

const run = promisify(execFile);
const PATIENCE = 300_000;

/** The tools, apart from the project, in versions that were looked at: a newer one is tried by changing its number here. */
const TOOLS = {
  jest: "30.5.2",
  "jest-environment-jsdom": "30.5.2",
  vitest: "4.1.12",
  "pnpm-10": "npm:pnpm@10.34.8",
  "pnpm-12": "npm:pnpm@12.23.0",
  "@yarnpkg/cli-dist": "4.18.1",
};

/** What the program is, whatever it runs on and in. */
const EXERCISE = `async function exercise({ connect, headers, nkeyAuthenticator }) {
  const { NATS_URL, NATS_CA, NATS_SEED } = process.env;
  const nc = await connect({
    servers: NATS_URL,
    ...(NATS_CA === undefined ? {} : { tls: { ca: NATS_CA } }),
    authenticator: nkeyAuthenticator(new TextEncoder().encode(NATS_SEED)),
  });
  nc.subscribe("greet", {
    callback: (error, msg) => {
      const own = headers();
      own.set("to", msg.headers.get("from"));
      msg.respond(msg.data, { headers: own });
    },
  });
  const own = headers();
  own.set("from", "ann");
  const answer = await nc.request("greet", new TextEncoder().encode("hello"), { headers: own, timeout: 10_000 });
  await nc.drain();
  return [answer.string(), answer.headers.get("to"), nc.isClosed()].join(" ");
}`;
const EXPECTED = "hello ann true";

/** The program as a file, as ESM and as CommonJS. */
const programs = (name) => ({
  "program.mjs": `import * as client from "${name}";\n${EXERCISE}\nconsole.log(await exercise(client));\n`,
  "program.cjs": `const client = require("${name}");\n${EXERCISE}\nexercise(client).then(console.log);\n`,
});

/** The program as a test of a consumer. */
const test = (imports) =>
  `${imports}\n${EXERCISE}\ntest("it runs", async () => expect(await exercise(client)).toBe("${EXPECTED}"), 30_000);\n`;

let failed = 0;
const chosen = process.argv.slice(2);

async function check(what, work) {
  if (chosen.length > 0 && !chosen.some((name) => what.includes(name))) return;
  try {
    await work();
    console.log(`ok      ${what}`);
  } catch (error) {
    failed++;
    const said = [error.message, error.stdout, error.stderr].filter(Boolean).join("\n");
    console.log(`NOT OK  ${what}\n${said.slice(0, 4_000).replace(/^/gm, "        ")}`);
  }
}

/** A project of that name, with these files; an object becomes JSON. */
async function project(folder, name, files) {
  const path = join(folder, name);
  await mkdir(path);
  for (const [file, content] of Object.entries(files)) {
    await writeFile(join(path, file), typeof content === "string" ? content : JSON.stringify(content));
  }
  return path;
}

async function npmInstall(cwd, ...args) {
  await run("npm", ["install", ...QUICKLY, ...args], { cwd, timeout: PATIENCE });
}

/** Runs a program; what it prints must be what is expected, and it must end. */
async function prints(expected, [path, ...args], options) {
  const { stdout } = await run(path, args, { timeout: 60_000, ...options });
  if (stdout.trim() !== expected) throw new Error(`${args.at(-1)} prints ${JSON.stringify(stdout)}`);
}

await inTemporaryFolder(async (folder) => {
  const main = await pack(folder);
  const { name } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const tarballs = [main];
  for (const one of inPlace) {
    tarballs.push((await packed(join(root, one.folder), folder)).tarball);
  }
  const tools = await project(folder, "tools", { "package.json": { private: true, dependencies: TOOLS } });
  await npmInstall(tools);
  const tool = (path) => join(tools, "node_modules", path);

  const { path } = (await natsServers()).at(-1);
  const user = createUser();
  const config = { authorization: { users: [{ nkey: user.getPublicKey() }] } };
  const authority = new Authority();
  const { certFile, keyFile } = authority.issue();
  const plain = await startWebSocketServer({ path, config });
  const secured = await startServer({
    path,
    config: { ...config, tls: { cert_file: certFile, key_file: keyFile, timeout: 5 } },
  });
  const registry = await serveTarballs(tarballs);
  const seed = { NATS_SEED: new TextDecoder().decode(user.getSeed()) };
  const env = { ...process.env, ...seed, NATS_URL: plain.server.url };

  try {
    await testRunners({ folder, main, name, tool, env, webSocketUrl: plain.url });
    await packageManagers({ folder, name, tool, env, registry });
    await permissions({ folder, main, name, env, secured, authority });
  } finally {
    registry.close();
    await plain.server.kill();
    await secured.kill();
  }
});

/** The tools are not installed in the project: what they bring along would be found there. */
async function testRunners({ folder, main, name, tool, env, webSocketUrl }) {
  const cwd = await project(folder, "tested", {
    "package.json": { name: "user", private: true },
    "required.test.cjs": test(`const client = require("${name}");`),
    "imported.test.mjs": test(`import * as client from "${name}";`),
    // What docs/browsers.md says of jsdom.
    "setup.cjs":
      'const { TextDecoder, TextEncoder } = require("node:util"); Object.assign(globalThis, { TextDecoder, TextEncoder });',
  });
  await npmInstall(cwd, main);
  const jest = (file, { testEnvironment = "node", setupFiles = [], ...own } = {}) => {
    const config = {
      rootDir: cwd,
      testEnvironment,
      setupFiles,
      testMatch: [`<rootDir>/${file}`],
      transform: {},
      moduleFileExtensions: ["js", "mjs", "cjs", "json"],
    };
    const flags = file.endsWith(".mjs") ? ["--experimental-vm-modules", "--no-warnings"] : [];
    const args = [...flags, tool("jest/bin/jest.js"), "--ci", "--config", JSON.stringify(config)];
    return run(process.execPath, args, { cwd, env: { ...env, ...own }, timeout: 60_000 });
  };
  const jsdom = {
    testEnvironment: tool("jest-environment-jsdom"),
    setupFiles: ["<rootDir>/setup.cjs"],
    NATS_URL: webSocketUrl,
  };
  for (const [how, file] of Object.entries({
    required: "required.test.cjs",
    imported: "imported.test.mjs",
  })) {
    await check(`jest, in Node, the client ${how}`, () => jest(file));
    await check(`jest, in jsdom, the client ${how}`, () => jest(file, jsdom));
  }
  await check("vitest", () => {
    const args = [tool("vitest/vitest.mjs"), "run", "--globals", "imported.test.mjs"];
    return run(process.execPath, args, { cwd, env, timeout: 60_000 });
  });
}

/** Each way: the files that set it up, what package.json says of the packages in place, the command, and what starts a program. */
function waysToInstall(tool, registry) {
  const pnpm10 = [process.execPath, tool("pnpm-10/bin/pnpm.cjs")];
  const yarn = [process.execPath, tool("@yarnpkg/cli-dist/bin/yarn.js")];
  return {
    "pnpm 10, strict": {
      files: () => ({ ".npmrc": `registry=${registry}\nnode-linker=isolated\nhoist=false\n` }),
      line: (overrides) => ({ pnpm: { overrides } }),
      command: pnpm10,
      start: [process.execPath],
    },
    "pnpm 12, strict": {
      files: (overrides) => ({
        ".npmrc": `registry=${registry}\n`,
        "pnpm-workspace.yaml": { nodeLinker: "isolated", hoist: false, overrides },
      }),
      line: () => ({}),
      command: [tool("pnpm-12/pnpm")],
      start: [process.execPath],
    },
    "yarn 4, Plug'n'Play": {
      files: () => ({
        ".yarnrc.yml": {
          nodeLinker: "pnp",
          pnpMode: "strict",
          pnpFallbackMode: "none",
          npmRegistryServer: registry,
          unsafeHttpWhitelist: ["127.0.0.1"],
          enableGlobalCache: false,
          enableTelemetry: false,
          enableImmutableInstalls: false,
        },
        "yarn.lock": "",
      }),
      line: (resolutions) => ({ resolutions }),
      command: yarn,
      start: [...yarn, "node"],
    },
  };
}

async function packageManagers({ folder, name, tool, env, registry }) {
  const packages = [{ imported: name, installed: name, overrides: {} }];
  for (const { name: installed, takesPlaceOf: imported, folder: from } of inPlace) {
    const { version } = JSON.parse(await readFile(join(root, from, "package.json"), "utf8"));
    packages.push({ imported, installed, overrides: { [imported]: `npm:${installed}@^${version}` } });
  }
  let count = 0;
  for (const [way, { files, line, command, start }] of Object.entries(waysToInstall(tool, registry.url))) {
    for (const { imported, installed, overrides } of packages) {
      const what = imported === installed ? installed : `${installed} in the place of ${imported}`;
      await check(`${way}: ${what}`, async () => {
        const cwd = await project(folder, `managed-${count++}`, {
          "package.json": {
            name: "user",
            private: true,
            dependencies: { [imported]: "*" },
            ...line(overrides),
          },
          ...files(overrides),
          ...programs(imported),
          "installed.cjs": `console.log(require("${imported}/package.json").name);`,
          "strict.cjs": `try { require("xstate"); } catch ({ code }) { console.log(code); }`,
        });
        // Caches and settings of whoever runs this stay out of it.
        const home = {
          HOME: cwd,
          XDG_CACHE_HOME: join(cwd, ".cache"),
          XDG_CONFIG_HOME: join(cwd, ".config"),
          XDG_DATA_HOME: join(cwd, ".data"),
        };
        const options = { cwd, env: { ...env, ...home } };
        const [program, ...args] = command;
        await run(program, [...args, "install"], { ...options, timeout: PATIENCE });
        await prints(installed, [...start, "installed.cjs"], options);
        await prints("MODULE_NOT_FOUND", [...start, "strict.cjs"], options);
        for (const file of Object.keys(programs(imported))) await prints(EXPECTED, [...start, file], options);
      });
    }
  }
}

/** Nothing may be read but the project. From Node 25 on the network wants a permission too. */
async function permissions({ folder, main, name, env, secured, authority }) {
  const cwd = await project(folder, "permitted", {
    "package.json": { name: "user", private: true },
    ...programs(name),
    "refused.cjs": `try { require("node:fs").readFileSync(${JSON.stringify(main)}); } catch ({ code }) { console.log(code); }`,
  });
  await npmInstall(cwd, main);
  const places = {
    "by address": { NATS_URL: env.NATS_URL },
    "by name": { NATS_URL: env.NATS_URL.replace("127.0.0.1", "localhost") },
    "by TLS": { NATS_URL: secured.url, NATS_CA: authority.cert },
  };
  for (const version of [20, 22, 24, 26]) {
    const permitted = [
      version < 22 ? "--experimental-permission" : "--permission",
      `--allow-fs-read=${cwd}/*`,
      ...(version < 25 ? [] : ["--allow-net"]),
    ];
    for (const [how, own] of Object.entries(places)) {
      await check(`the permission model of Node ${version}, ${how}`, async () => {
        const { path } = await runtime(`node-${version}`);
        const options = { cwd, env: { ...env, ...own } };
        await prints("ERR_ACCESS_DENIED", [path, ...permitted, join(cwd, "refused.cjs")], options);
        for (const file of Object.keys(programs(name)))
          await prints(EXPECTED, [path, ...permitted, join(cwd, file)], options);
      });
    }
  }
}

process.exitCode = failed === 0 ? 0 : 1;
