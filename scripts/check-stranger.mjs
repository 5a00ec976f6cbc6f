// The path of a stranger: the section "Quick start" of README.md, done from top to bottom in an empty folder. Its commands are
// typed as they stand there, its files are pasted as they stand there, and what they print is what their comments say.
//
// Instead of the registry's package it installs the packed one, and instead of port 4222 it takes a free one. The files are
// run against each real nats-server, and against the embedded one. `--readme FILE` takes another page, to see it fail.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { natsServers } from "./nats-servers.mjs";
import { inTemporaryFolder, pack, QUICKLY, root } from "./packed.mjs";

const run = promisify(execFile);
const SECTION = "Quick start";
const PORT = /\b4222\b/g;
/** No command and no program of a quick start takes longer, here with other work beside it. */
const PATIENCE = 120_000;

/** The blocks of that section, in their order: commands to type, and files to paste. */
function steps(page) {
  const section = page.split(/^## /m).find((one) => one.startsWith(`${SECTION}\n`));
  if (section === undefined) throw new Error(`there is no section "${SECTION}"`);
  return [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => {
    if (language === "sh") return { commands: text.trim().split("\n") };
    const name = /^\/\/ ([\w-]+\.\w+)\n/.exec(text)?.[1];
    if (name === undefined) throw new Error(`a block of the quick start does not name its file:\n${text}`);
    return { name, text };
  });
}

/** What a file prints, by its own comments: `console.log(…); // this`. */
function promised(text) {
  const lines = [...text.matchAll(/console\.log\(.*\);? \/\/ (.+)$/gm)].map(([, line]) => line);
  if (lines.length === 0) throw new Error(`it does not say what it prints:\n${text}`);
  return lines;
}

/** The words of a command, npm's packages replaced by the packed one and by the versions that this repository uses. */
async function words(command, tarball) {
  const { name, devDependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const [program, ...args] = command.split(" ");
  const install = program === "npm" && args[0] === "install";
  const known = args.map((arg) => {
    if (install && arg === name) return tarball;
    return install && devDependencies[arg] !== undefined ? `${arg}@${devDependencies[arg]}` : arg;
  });
  return [program, ...known, ...(install ? QUICKLY : [])];
}

async function type(command, project, tarball) {
  const [program, ...args] = await words(command, tarball);
  // As a stranger has it: a project around this one, or npm's settings for a script, are not there.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^npm_(?!config_)/.test(key)),
  );
  try {
    return (await run(program, args, { cwd: project, env, timeout: PATIENCE, killSignal: "SIGKILL" })).stdout;
  } catch (error) {
    const said = [error.stdout, error.stderr].filter(Boolean).join("\n") || error.message;
    throw new Error(`$ ${command}\n${said}`);
  }
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

/** Starts a server; resolves with it when it has said that it listens. */
async function started(program, args, isReady, options) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const said = [];
  const ready = new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        said.push(line);
        if (isReady(line)) resolve();
      });
    }
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`${program} ended: ${said.join("\n")}`)));
  });
  try {
    await ready;
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  return child;
}

async function stop(child) {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

/** Types a command that runs a file, and compares what it prints with what the file promises. */
async function runFile(command, text, project, tarball) {
  const printed = (await type(command, project, tarball)).trimEnd().split("\n");
  const expected = promised(text);
  if (printed.join("\n") !== expected.join("\n"))
    throw new Error(`$ ${command}\nprints:   ${printed.join("\n")}\npromised: ${expected.join("\n")}`);
}

/** Goes the whole way; returns what it has run. */
async function walk(page, project, tarball) {
  const port = await freePort();
  const files = new Map();
  const runs = [];
  for (const { commands = [], name, text } of steps(page)) {
    if (name !== undefined) {
      files.set(name, text);
      await writeFile(join(project, name), text.replace(PORT, `${port}`));
    }
    for (const command of commands) {
      const file = /^node ([\w-]+)\.(\w+)$/.exec(command);
      if (file === null) {
        await type(command, project, tarball);
        console.log(`ok      $ ${command}`);
        continue;
      }
      // hello.mjs is what the compiler makes of hello.mts.
      const source = `${file[1]}.${file[2]}`;
      const written = files.get(source) ?? files.get(source.replace(/js$/, "ts"));
      if (written === undefined) throw new Error(`$ ${command}: the quick start has no such file`);
      runs.push({ command, source, written: written.replace(PORT, `${port}`) });
    }
  }
  const servers = runs.filter(({ written }) => written.includes("startEmbeddedServer"));
  const clients = runs.filter((one) => !servers.includes(one));
  for (const kind of [/\.mjs$/, /\.js$/]) {
    if (!clients.some(({ source }) => kind.test(source)))
      throw new Error(`nothing is run that is like ${kind}`);
  }
  if (servers.length !== 1) throw new Error("it starts no embedded server");

  for (const { label, path } of await natsServers()) {
    const isReady = (line) => line.includes("Server is ready");
    const server = await started(path, ["-a", "127.0.0.1", "-p", `${port}`], isReady);
    try {
      for (const { command, written } of clients) {
        await runFile(command, written, project, tarball);
        console.log(`ok      $ ${command}   # nats-server ${label}`);
      }
    } finally {
      await stop(server);
    }
  }
  const [{ command, source, written }] = servers;
  const says = promised(written)[0];
  const server = await started(process.execPath, [source], (line) => line === says, { cwd: project });
  console.log(`ok      $ ${command}`);
  try {
    for (const { command, written } of clients) {
      await runFile(command, written, project, tarball);
      console.log(`ok      $ ${command}   # embedded server`);
    }
  } finally {
    await stop(server);
  }
}

const option = process.argv.indexOf("--readme");
const file = option === -1 ? join(root, "README.md") : resolve(process.argv[option + 1] ?? "");
try {
  await inTemporaryFolder(async (folder) => {
    const tarball = await pack(folder);
    const project = join(folder, "stranger");
    await mkdir(project);
    await walk(await readFile(file, "utf8"), project, tarball);
  });
  console.log("a stranger gets from an empty folder to an answer");
} catch (error) {
  console.error(`NOT OK  ${error.message}`);
  process.exitCode = 1;
}
