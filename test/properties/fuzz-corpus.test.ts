// The inputs of the fuzzer, played again without it: its corpus, and those that once showed a fault, each by its name. The
// fuzzer itself: `npm run fuzz`.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Fuzz } from "../../fuzz/finding.js";

const folder = fileURLToPath(new URL("../../fuzz", import.meta.url));
const read = (path: string) => JSON.parse(readFileSync(`${folder}/${path}`, "utf8")) as unknown;
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

const targets = readdirSync(`${folder}/targets`).map((file) => file.replace(/\.ts$/, ""));

describe.each(targets)("the target %s", async (target) => {
  const { fuzz } = (await import(`../../fuzz/targets/${target}.ts`)) as { fuzz: Fuzz };
  const corpus = read(`corpus/${target}.json`) as string[];
  const findings = read(`findings/${target}.json`) as Record<string, string>;

  test("has nothing to say of its corpus", async () => {
    expect(corpus.length).toBeGreaterThan(0);
    for (const text of corpus) {
      try {
        await fuzz(bytesOf(text));
      } catch (error) {
        throw new Error(`with ${JSON.stringify(text)}`, { cause: error });
      }
    }
  });

  test.each(Object.entries(findings))("%s", async (_name, text) => {
    await fuzz(bytesOf(text));
  });
});
