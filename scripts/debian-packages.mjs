// Packages of any release of Debian, unpacked into a folder of the repository: nothing is installed, no service starts, root is
// not needed. Who takes what: nats-servers.mjs, chromium.mjs, busybox.mjs, fuzz-libraries.mjs.

import { execFile } from "node:child_process";
import { access, constants, mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Debian's name of the release that this machine runs. */
export async function stableSuite() {
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  return /^VERSION_CODENAME=(\w+)/m.exec(release)?.[1] ?? "stable";
}

/**
 * Unpacks packages of that release into `folder`, by an apt with lists of its own: the system's are neither read, as a
 * fresh machine has none, nor changed, as another release has no business there. A folder that was there is replaced.
 * @param {string} folder
 * @param {string} suite such as `unstable`
 * @param {readonly string[]} packages
 * @param {(unpacked: string) => Promise<unknown>} check throws where what was unpacked does not serve
 * @param {RegExp} [leftOut] with it, all that the packages depend on is unpacked too, but for those whose names match
 */
export async function unpackPackages(folder, suite, packages, check, leftOut) {
  // What apt downloads into it must not depend on where the caller stands.
  const scratch = resolve(dirname(folder), `new-${basename(folder)}-${process.pid}`);
  try {
    await Promise.all(
      ["lists/partial", "archives/partial", "unpacked"].map((path) =>
        mkdir(join(scratch, path), { recursive: true }),
      ),
    );
    const sources = join(scratch, "sources.list");
    await writeFile(sources, `deb ${await mirror()} ${suite} main\n`);
    const installed = join(scratch, "installed");
    await writeFile(installed, "");
    const settings = {
      "Dir::Etc::sourcelist": sources,
      "Dir::Etc::sourceparts": "/dev/null",
      // Without this, preferences of the machine could hold the package back.
      "Dir::Etc::preferencesparts": "/dev/null",
      "Dir::State::lists": join(scratch, "lists"),
      // As if nothing were installed: else what this machine has would be left out.
      "Dir::State::status": installed,
      "Dir::Cache": scratch,
      "Dir::Cache::pkgcache": "",
      "Dir::Cache::srcpkgcache": "",
      // Root's apt would drop to a user who cannot write here.
      "APT::Sandbox::User": "root",
      "Acquire::Languages": "none",
      "Acquire::Retries": "3",
      // Nothing of the system is changed, so nobody has to wait.
      "Debug::NoLocking": "true",
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
    await run("apt-get", [...options, "-q", "update"], { cwd: scratch });
    const getting =
      leftOut === undefined
        ? ["download", ...packages]
        : ["install", "--download-only", "--no-install-recommends", "--yes", ...packages];
    await run("apt-get", [...options, "-q", ...getting], { cwd: scratch });
    const archives = await archivesIn(leftOut === undefined ? scratch : join(scratch, "archives"));
    if (archives.length < packages.length)
      throw new Error(`apt-get download left ${archives.length} packages`);
    for (const archive of archives.filter((path) => leftOut?.test(basename(path)) !== true))
      await run("dpkg", ["-x", archive, join(scratch, "unpacked")]);
    await check(join(scratch, "unpacked"));
    await rm(folder, { recursive: true, force: true });
    await rename(join(scratch, "unpacked"), folder);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function archivesIn(folder) {
  const files = await readdir(folder);
  return files.filter((file) => file.endsWith(".deb")).map((file) => join(folder, file));
}

/** Whether a program is there. */
export function isExecutable(path) {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The mirror that this machine's apt takes its release from. */
async function mirror() {
  const { stdout } = await run("apt-get", ["indextargets", "--format", "$(REPO_URI) $(RELEASE)"]);
  const suites = [await stableSuite(), "stable"];
  const found = stdout.split("\n").find((line) => suites.includes(line.split(" ")[1] ?? ""));
  if (found === undefined) throw new Error(`apt-get is set up with no mirror of ${suites.join(" or ")}`);
  return found.split(" ")[0];
}

/**
 * Runs work while no other process does that has the same folder; a lock whose owner has died is taken over.
 * @template T
 * @param {string} folder made where it is missing
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function locked(folder, work) {
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
