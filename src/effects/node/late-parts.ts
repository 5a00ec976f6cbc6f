// What only some connections need, loaded when it is needed. Nothing else in src loads anything late but the tool, what it alone needs
// (src/cli/late-inspect.ts): a lint rule refuses it.
//
// A failure must not stay. A module of Node is read from no file, so there is nothing to fail. A file of ours comes with the
// client: `import()` would remember for the life of the process that there was no file descriptor to read it with. So it would of a
// package, which therefore is asked for a second time, by `require`, which looks again. The names are literal: bundlers see them.

import { existsSync } from "node:fs";
// By another name: whoever bundles the client for Node often puts a `createRequire` of their own on top.
import { createRequire as requireFrom } from "node:module";
import { join } from "node:path";

/** node:tls: a tenth of the time that importing the client takes. */
export const loadTls = () => import("node:tls");

/** node:dns, for servers that have a name. */
export const loadDns = () => import("node:dns");

/** node:fs/promises, for certificates in files, and for what the system says of name servers. */
export const loadFiles = () => import("node:fs/promises");

// Bundlers take a package for one that may be missing if it is loaded in a `try`: esbuild and webpack build without it, and warn.

/**
 * The package `ws`, an optional peer.
 * @throws PackageFailure (as a rejection)
 */
export const loadWs = () =>
  loadPackage<typeof import("ws")>("ws", "WebSocket", async () => {
    try {
      return await import("ws");
    } catch (error) {
      return Promise.reject(error);
    }
  });

/** A package that could not be loaded; the cause says why. */
export class PackageFailure extends Error {
  override readonly name = "PackageFailure";
  /** True where it is not installed. Else it is there, and could not be read or run. */
  readonly isMissing: boolean;

  constructor(name: string, isMissing: boolean, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(
      isMissing
        ? `the package ${name} is not installed: npm install ${name}`
        : `the package ${name} is installed, but could not be loaded: ${why}`,
      { cause },
    );
    this.isMissing = isMissing;
  }
}

/**
 * Loads a package.
 * @param part what it is needed for. Node 22 can remember of a package whose manifest it could not read that it exports nothing.
 */
export async function loadPackage<T>(name: string, part: keyof T, imported: () => Promise<T>): Promise<T> {
  let failure: unknown;
  try {
    const loaded = await imported();
    if (part in (loaded as object)) return loaded;
    failure = new Error(`it has no ${String(part)}`);
  } catch (error) {
    failure = error;
  }
  try {
    // Not by a plain call: webpack warns of a name that it cannot read, and there is no other copy that it could bundle.
    return Reflect.apply(requireFrom(import.meta.url), undefined, [name]) as T;
  } catch {
    throw new PackageFailure(name, isNotFound(failure) && !isInstalled(name), failure);
  }
}

function isNotFound(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}

/** Whether there is a folder for it. Without file descriptors Node says "not found" of what it cannot read. */
function isInstalled(name: string): boolean {
  try {
    const folders = requireFrom(import.meta.url).resolve.paths(name) ?? [];
    return folders.some((folder) => existsSync(join(folder, name)));
  } catch {
    // In a bundle that does not know where it is.
    return false;
  }
}
