// The nats-servers that the tests run against: the old one that Debian stable has, and the newest one.
//
// As a command it makes sure that both are there and prints them; as a module it returns them. What is missing is
// downloaded by apt into .servers/ and unpacked there: nothing is installed, no service starts, root is not needed.
// NATS_SERVERS="/path/one:/path/two" names servers to use instead, and then nothing is looked for.

import { execFile } from "node:child_process";
import { basename, delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isExecutable, locked, stableSuite, unpackPackages } from "./debian-packages.mjs";

/** @typedef {{ label: string, path: string, version: string }} NatsServer */

const run = promisify(execFile);
const folder = fileURLToPath(new URL("../.servers", import.meta.url));

const HELP = `
What to do: get two nats-servers, an older and a newer one (https://docs.nats.io, "Installing a NATS Server"), and
name them:   NATS_SERVERS=/path/to/one/nats-server${delimiter}/path/to/another/nats-server npm test
One path is enough to run the tests with one server. On Debian, with apt-get and dpkg, this is done for you.`;

/**
 * The servers to test against, oldest first; downloads what is missing.
 * Fast when they are there, and safe in several processes at once.
 * @returns {Promise<NatsServer[]>}
 * @throws {Error} where one of them cannot be had: tests must fail then, not pass with less
 */
export async function natsServers() {
  const named = process.env.NATS_SERVERS;
  if (named !== undefined && named.trim() !== "") {
    const paths = named.split(delimiter).map((path) => path.trim());
    return described(await Promise.all(paths.filter((path) => path !== "").map(serverAt)));
  }
  const found = await Promise.all([stableServer(), newestServer()]);
  const [stable, newest] = found.every(Boolean) ? found : await locked(folder, () => download(found));
  return described([stable, newest]);
}

/** The one that NATS_SERVER names, or that was downloaded before. One on PATH is not asked: it is there by chance. */
async function stableServer() {
  return process.env.NATS_SERVER ? serverAt(process.env.NATS_SERVER) : downloaded("stable");
}

const newestServer = () => downloaded("newest");

async function downloaded(flavour) {
  const path = unpacked(flavour);
  return (await isExecutable(path)) ? serverAt(path) : undefined;
}

async function serverAt(path) {
  try {
    const { stdout } = await run(path, ["--version"]);
    const version = /v(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1];
    if (version !== undefined) return { path, version };
    throw new Error(`it says ${JSON.stringify(stdout)}`);
  } catch (error) {
    throw new Error(`${path} is not a nats-server that runs here: ${error.message}\n${HELP}`);
  }
}

/** Servers with the label that tests are named by, "2.9"; with all digits where two would be named alike. */
function described(servers) {
  const short = (version) => version.split(".").slice(0, 2).join(".");
  const sorted = [...servers].sort((a, b) => a.version.localeCompare(b.version, "en", { numeric: true }));
  return sorted.map(({ path, version }) => {
    const alike = sorted.filter((other) => short(other.version) === short(version)).length > 1;
    return { label: alike ? version : short(version), path, version };
  });
}

const unpacked = (flavour) => join(folder, flavour, "usr", "sbin", "nats-server");

/** Downloads those that were not found; what another process brought in the meantime is taken. */
async function download(found) {
  const stable = found[0] ?? (await stableServer()) ?? (await unpack("stable", await stableSuite()));
  const newest = found[1] ?? (await newestServer()) ?? (await unpack("newest", "unstable"));
  return [stable, newest];
}

/** Unpacks Debian's package of nats-server into .servers/FLAVOUR. */
async function unpack(flavour, suite) {
  const program = (unpacked) => join(unpacked, "usr", "sbin", "nats-server");
  try {
    const target = join(folder, flavour);
    await unpackPackages(target, suite, ["nats-server"], (unpacked) => serverAt(program(unpacked)));
    return await serverAt(program(target));
  } catch (error) {
    throw new Error(
      `no nats-server from Debian's ${suite} could be had: ${error.stderr || error.message}\n${HELP}`,
    );
  }
}

// A program that this is bundled into has its own name.
const isProgram = basename(process.argv[1] ?? "") === "nats-servers.mjs";
if (isProgram && process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    for (const { label, version, path } of await natsServers()) console.log(`${label}\t${version}\t${path}`);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
