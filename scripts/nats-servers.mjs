// The nats-servers that the tests run against: the old one that Debian stable has, and the newest one.
//
// As a command it makes sure that both are there and prints them; as a module it returns them. What is missing is
// downloaded by apt into .servers/ and unpacked there: nothing is installed, no service starts, root is not needed.
// NATS_SERVERS="/path/one:/path/two" names servers to use instead, and then nothing is looked for.

import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

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
  const [stable, newest] = found.every(Boolean) ? found : await locked(() => download(found));
  return described([stable, newest]);
}

/** The one that is meant by NATS_SERVER or is on PATH or was downloaded before. */
async function stableServer() {
  if (process.env.NATS_SERVER) return serverAt(process.env.NATS_SERVER);
  const paths = (process.env.PATH ?? "").split(delimiter).map((path) => join(path, "nats-server"));
  for (const path of [...paths, unpacked("stable")]) if (await isExecutable(path)) return serverAt(path);
  return undefined;
}

async function newestServer() {
  const path = unpacked("newest");
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

async function isExecutable(path) {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

const unpacked = (flavour) => join(folder, flavour, "usr", "sbin", "nats-server");

/** Downloads those that were not found; what another process brought in the meantime is taken. */
async function download(found) {
  const stable = found[0] ?? (await stableServer()) ?? (await unpack("stable", await stableSuite()));
  const newest = found[1] ?? (await newestServer()) ?? (await unpack("newest", "unstable"));
  return [stable, newest];
}

/** Debian's name of the release that this machine runs. */
async function stableSuite() {
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  return /^VERSION_CODENAME=(\w+)/m.exec(release)?.[1] ?? "stable";
}

/**
 * Unpacks Debian's package of nats-server into .servers/FLAVOUR, by an apt with lists of its own: the system's are
 * neither read, as a fresh machine has none, nor changed, as unstable has no business there.
 */
async function unpack(flavour, suite) {
  const scratch = join(folder, `new-${flavour}-${process.pid}`);
  try {
    await Promise.all(
      ["lists/partial", "archives/partial", "unpacked"].map((path) =>
        mkdir(join(scratch, path), { recursive: true }),
      ),
    );
    const sources = join(scratch, "sources.list");
    await writeFile(sources, `deb ${await mirror()} ${suite} main\n`);
    const settings = {
      "Dir::Etc::sourcelist": sources,
      "Dir::Etc::sourceparts": "/dev/null",
      // Without this, preferences of the machine could hold the package back.
      "Dir::Etc::preferencesparts": "/dev/null",
      "Dir::State::lists": join(scratch, "lists"),
      "Dir::Cache": scratch,
      "Dir::Cache::pkgcache": "",
      "Dir::Cache::srcpkgcache": "",
      // Root's apt would drop to a user who cannot write here.
      "APT::Sandbox::User": "root",
      "Acquire::Languages": "none",
      "Acquire::Retries": "3",
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
    await run("apt-get", [...options, "-q", "update"], { cwd: scratch });
    await run("apt-get", [...options, "-q", "download", "nats-server"], { cwd: scratch });
    const archive = (await readdir(scratch)).find((file) => file.endsWith(".deb"));
    if (archive === undefined) throw new Error("apt-get download left no package");
    await run("dpkg", ["-x", join(scratch, archive), join(scratch, "unpacked")]);
    await serverAt(join(scratch, "unpacked", "usr", "sbin", "nats-server"));
    await rm(join(folder, flavour), { recursive: true, force: true });
    await rename(join(scratch, "unpacked"), join(folder, flavour));
    return await serverAt(unpacked(flavour));
  } catch (error) {
    throw new Error(
      `no nats-server from Debian's ${suite} could be had: ${error.stderr || error.message}\n${HELP}`,
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The mirror that this machine's apt takes its release from. */
async function mirror() {
  const { stdout } = await run("apt-get", ["indextargets", "--format", "$(REPO_URI) $(RELEASE)"]);
  const suites = [await stableSuite(), "stable"];
  const found = stdout.split("\n").find((line) => suites.includes(line.split(" ")[1] ?? ""));
  if (found === undefined) throw new Error(`apt-get is set up with no mirror of ${suites.join(" or ")}`);
  return found.split(" ")[0];
}

/** Runs work while no other process does; a lock whose owner has died is taken over. */
async function locked(work) {
  await mkdir(folder, { recursive: true });
  const lock = join(folder, "lock");
  for (let tries = 0; ; tries++) {
    try {
      const file = await open(lock, "wx");
      await file.writeFile(String(process.pid));
      await file.close();
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      if (tries > 600) throw new Error(`${lock} has been held for two minutes: is another download stuck?`);
      if (await isAbandoned(lock)) await rm(lock, { force: true });
      else await sleep(200);
    }
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

async function isAbandoned(lock) {
  const owner = Number(await readFile(lock, "utf8").catch(() => ""));
  // Just created and not yet written, or gone again: look once more.
  if (!Number.isInteger(owner) || owner === 0) return false;
  try {
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
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
