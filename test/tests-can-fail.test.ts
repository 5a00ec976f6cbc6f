// What a machine can see of a test that cannot fail, checked by writing such: biome.json must report each of these tests, and
// none of their good twins.

import { beforeAll, describe, expect, it } from "vitest";
import { linted } from "./harness/linted.js";

/** What stands in a test: what is wrong there, and what the linter says of it. */
type Bad = readonly [source: string, said: RegExp];

const swallowed = /^Look at the error/;
const known = /^Nothing is tested here: this is known/;
const never = /^A count, a length or a time is never less/;
const unheard = /^Await it: nobody hears/;
const asleep = /^(Await what happens|Do not use the global variable set)/;
const conditional = /^Unexpected conditional expect/;

const bad: readonly Bad[] = [
  ["try { await work(); } catch {}", swallowed],
  ["try { await work(); } catch (error) {}", swallowed],
  ["try { await work(); } catch { await work(); }", swallowed],
  ["await work().catch(() => {});", swallowed],
  ["await work().catch(() => undefined);", swallowed],
  ["await work().catch(async () => 1);", swallowed],
  ["expect(true).toBe(true);", known],
  ['expect("text").toMatch(/t/);', known],
  ["expect(1).toBe(await work());", known],
  ["expect(await work() >= 0).toBe(true);", known],
  ["expect(await work()).toBeGreaterThanOrEqual(0);", never],
  ["expect(await work()).toBeGreaterThan(-1);", never],
  ["expect(await work());", /^Nothing is tested here: expect\(\) has no matcher/],
  ['expect(work()).rejects.toThrow("x");', unheard],
  ["expect(work()).rejects.toThrow();", unheard],
  ["expect(work()).resolves.toBe(1);", unheard],
  ["expect(work()).resolves.not.toBe(1);", unheard],
  ["expect.poll(work).toBe(1);", unheard],
  ["expect(new Set([await work()])).toEqual(new Set([1]));", /^A set hides what is there twice/],
  ["if (await work() > 1) expect(await work()).toBe(2);", conditional],
  ["try { await work(); } catch (error) { expect(error).toBe(1); }", conditional],
  ["setTimeout(work, 1);", asleep],
  ['await import("node:timers/promises");', asleep],
];

const good: readonly string[] = [
  "try { await work(); } catch (error) { if (!(error instanceof RangeError)) throw error; }",
  "const code = await work().catch((error) => error.code); expect(code).toBe(1);",
  "expect(await work()).toBeGreaterThan(0);",
  "expect(await work()).toBeGreaterThanOrEqual(1);",
  'await expect(work()).rejects.toThrow("x");',
  "await expect.poll(work).toBe(1);",
  "expect(await work()).toEqual([1, 1]);",
  "for (const one of [1, 2]) expect(await work()).toBe(one);",
  "setImmediate(work);",
];

const body = (source: string) =>
  `import { expect, it } from "vitest";\nimport { work } from "./work.js";\nit("works", async () => {\n  ${source}\n});`;

const fileOf = (kind: "bad" | "good", index: number) => `test/api/${kind}-${index}.test.ts`;

describe("the rules for tests", () => {
  let found: Awaited<ReturnType<typeof linted>>;

  /** What is said of a file, but of unused names. */
  const saidOf = (path: string) =>
    (found.get(path) ?? [])
      .filter(({ category }) => !category.includes("noUnused"))
      .map(({ message }) => message);

  beforeAll(async () => {
    const skipped = 'import { it } from "vitest";\nit.only("a", () => {});';
    const sleeping = `import { sleep } from "../harness/waiting.js";\n${body("await sleep(1);")}`;
    const files: [string, string][] = [
      ...bad.map(([source], index): [string, string] => [fileOf("bad", index), body(source)]),
      ...good.map((source, index): [string, string] => [fileOf("good", index), body(source)]),
      ["test/api/focused.test.ts", skipped],
      ["test/api/sleeping.test.ts", sleeping],
      ["test/integration/sleeping.test.ts", sleeping],
      ["src/api/caught.ts", "export const load = (work: () => Promise<void>) => work().catch(() => {});"],
    ];
    found = await linted(new Map(files));
  });

  it.each(bad.map(([source, said], index) => [source, said, index] as const))(
    "report %s",
    (_source, said, index) => {
      expect(saidOf(fileOf("bad", index))).toEqual([expect.stringMatching(said)]);
    },
  );

  it.each(good.map((source, index) => [source, index] as const))("allow %s", (_source, index) => {
    expect(saidOf(fileOf("good", index))).toEqual([]);
  });

  it("report a test that keeps others from being run", () => {
    expect(found.get("test/api/focused.test.ts")?.map(({ category }) => category)).toEqual([
      "lint/suspicious/noFocusedTests",
    ]);
  });

  it("forbid to sleep where no network is, and nowhere else", () => {
    expect(saidOf("test/api/sleeping.test.ts")).toEqual([expect.stringMatching(asleep)]);
    expect(saidOf("test/integration/sleeping.test.ts")).toEqual([]);
  });

  it("are for tests only", () => {
    expect(found.get("src/api/caught.ts")).toEqual([]);
  });
});
