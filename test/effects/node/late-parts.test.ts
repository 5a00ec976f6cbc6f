// Packages that are loaded late: what is told of one that cannot be. In a process without file descriptors:
// test/integration/late-parts.test.ts.

import { describe, expect, it } from "vitest";
import { loadPackage, PackageFailure } from "../../../src/effects/node/late-parts.js";

type Ws = typeof import("ws");
const failing = (code: string) => () => Promise.reject(Object.assign(new Error("it said"), { code }));
const failureOf = (name: string, code: string): Promise<unknown> =>
  loadPackage<Ws>(name, "WebSocket", failing(code)).catch((failure: unknown) => failure);

describe("a package that is loaded late", () => {
  it("is asked for once more, by require, where its import failed: that failure would stay", async () => {
    const { WebSocket } = await loadPackage<Ws>("ws", "WebSocket", failing("EMFILE"));
    expect(WebSocket).toBeTypeOf("function");
  });

  it("is asked for once more where its import gave nothing: that would stay, too", async () => {
    const { WebSocket } = await loadPackage<Ws>("ws", "WebSocket", () => Promise.resolve({} as Ws));
    expect(WebSocket).toBeTypeOf("function");
  });

  it.each(["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"])(
    "is called missing where there is none (%s), with the command that installs it",
    async (code) => {
      const failure = await failureOf("no-such-package", code);
      expect(failure).toBeInstanceOf(PackageFailure);
      expect(failure).toMatchObject({
        isMissing: true,
        message: "the package no-such-package is not installed: npm install no-such-package",
        cause: { code },
      });
    },
  );

  // Vitest is installed, and refuses to be required.
  it.each(["EMFILE", "ENFILE", "ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"])(
    "is not called missing where it is installed (%s): the cause is told",
    async (code) => {
      expect(await failureOf("vitest", code)).toMatchObject({
        isMissing: false,
        message: "the package vitest is installed, but could not be loaded: it said",
        cause: { code },
      });
    },
  );
});
