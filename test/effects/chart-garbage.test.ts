// What the events of a chart leave in the old generation of the heap: bytes, never time.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { bundled } from "../harness/bundle.js";
import { programFolder, usePrograms } from "../harness/program.js";

usePrograms();

const program = fileURLToPath(new URL("../harness/chart-garbage-program.ts", import.meta.url));

test("a PING, an -ERR or an INFO, read and told to the chart, leaves a few hundred bytes at most that live until a full collection", async () => {
  const file = await bundled(program, programFolder());
  const flags = ["--expose-gc", "--max-semi-space-size=2"];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, file]);
  const { ping, error, info, reading } = JSON.parse(stdout) as Readonly<Record<string, number>>;
  expect(ping).toBeLessThan(180);
  expect(error).toBeLessThan(300);
  expect(info).toBeLessThan(700);
  expect(reading).toBeLessThan(200);
});
