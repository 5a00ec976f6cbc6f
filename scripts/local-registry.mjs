// A registry on loopback for packages that are not published yet: it serves tarballs that `npm pack` made, and sends whoever
// asks for anything else on to the registry that npm is set to. So what a user writes can be tried as it is, with npm, pnpm and yarn.
//
//   node scripts/local-registry.mjs TARBALL...   prints its URL, and serves until it is ended

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { basename, resolve } from "node:path";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";

/**
 * Serves tarballs as the packages that they hold.
 * @param tarballs their paths
 * @returns the URL, and what ends it
 */
export async function serveTarballs(tarballs) {
  const upstream = execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).trim();
  const packages = new Map();
  for (const path of tarballs) {
    const bytes = await readFile(path);
    const json = execFileSync("tar", ["-xzOf", resolve(path), "package/package.json"], { encoding: "utf8" });
    packages.set(JSON.parse(json).name, { manifest: JSON.parse(json), bytes, file: basename(path) });
  }
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "/").slice(1);
    const found = packages.get(path);
    const tarball = [...packages.values()].find(({ file }) => path === `-/${file}`);
    if (tarball !== undefined) return void response.end(tarball.bytes);
    if (found === undefined) {
      response.writeHead(302, { location: new URL((request.url ?? "/").slice(1), upstream).href });
      return void response.end();
    }
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(described(found, `http://${request.headers.host}`)));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", () => listening()));
  const { port } = server.address();
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => server.close(),
  };
}

/** What a registry says of a package with one version. */
function described({ manifest, bytes, file }, url) {
  const { name, version } = manifest;
  const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  const shasum = createHash("sha1").update(bytes).digest("hex");
  const dist = { tarball: `${url}/-/${file}`, integrity, shasum };
  return {
    name,
    "dist-tags": { latest: version },
    versions: { [version]: { ...manifest, dist } },
    time: { [version]: new Date(0).toISOString() },
  };
}

// A program that this is bundled into has its own name.
const isProgram = basename(argv[1] ?? "") === "local-registry.mjs";
if (isProgram && argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serveTarballs(argv.slice(2));
  console.log(url);
}
