// Which command is run, and what is said where none is, or where it fails. As a process: usage.test.ts.

import { describe, expect, it } from "vitest";
import { version } from "../../src/api/version.js";
import { chart } from "../../src/cli/chart.js";
import { check } from "../../src/cli/check.js";
import { dispatch } from "../../src/cli/dispatch.js";
import { inspect } from "../../src/cli/inspect.js";
import { replayCommand } from "../../src/cli/replay.js";
import { plainPaint, type Terminal } from "../../src/cli/terminal.js";
import { scratchFile } from "../harness/certificates.js";
import { outage } from "./recordings.js";

/** What a call printed, and its exit code. */
async function called(args: readonly string[], more: Partial<Terminal> = {}) {
  const printed: Record<"out" | "err", string[]> = { out: [], err: [] };
  const code = await dispatch(args, {
    out: (text) => void printed.out.push(text),
    err: (text) => void printed.err.push(text),
    paint: plainPaint,
    env: {},
    stopped: new AbortController().signal,
    ...more,
  });
  return { code, out: printed.out.join("\n"), err: printed.err.join("\n") };
}

const well = (out: string) => ({ code: 0, out, err: "" });

describe("the tool", () => {
  it("tells its version", async () => {
    for (const option of ["--version", "-v"]) expect(await called([option])).toEqual(well(version));
  });

  it("tells of itself where it is asked to, and on stderr where it is called without a command", async () => {
    const { out } = await called(["--help"]);
    expect(out).toContain("Usage: nats-statechart COMMAND");
    for (const command of ["check", "inspect", "replay", "chart"]) expect(out).toContain(`\n  ${command} `);
    for (const args of [["--help"], ["-h"], ["help"]]) expect(await called(args)).toEqual(well(out));
    expect(await called([])).toEqual({ code: 2, out: "", err: out });
  });

  it.each([
    ["check", check],
    ["inspect", inspect],
    ["replay", replayCommand],
    ["chart", chart],
  ])("tells of %s alone, whatever else is said, and does nothing", async (name, { help }) => {
    for (const args of [
      ["help", name],
      [name, "--help"],
      [name, "-h"],
      [name, "--frobnicate", "-h"],
    ])
      expect(await called(args)).toEqual(well(help));
  });

  it("runs the command with what follows its name", async () => {
    const file = scratchFile("outage.json", JSON.stringify(outage));
    const { code, out, err } = await called(["replay", file, "--json"]);
    expect([code, err]).toEqual([0, ""]);
    expect(JSON.parse(out).steps).toHaveLength(outage.events.length + 1);
  });

  it("names the commands that there are where it is given another, and does not repeat that", async () => {
    const known = "the commands are check, inspect, replay, chart (see --help)";
    for (const args of [["nats://me:s3cret@host"], ["help", "frobnicate"], ["constructor"], ["a-"]])
      expect(await called(args)).toEqual({
        code: 2,
        out: "",
        err: `nats-statechart: there is no such command; ${known}`,
      });
    expect(await called(["--s3cret", "check"])).toMatchObject({
      code: 2,
      err: `nats-statechart: there is no such option; ${known}`,
    });
  });

  it("says which command was called wrongly, and where to read more", async () => {
    expect(await called(["replay"])).toEqual({
      code: 2,
      out: "",
      err: "nats-statechart replay: replay takes one file (see nats-statechart replay --help)",
    });
  });

  it("says why a command could not do its work", async () => {
    expect(await called(["replay", "/nowhere/outage.json"])).toEqual({
      code: 1,
      out: "",
      err: "nats-statechart replay: the file cannot be read (ENOENT)",
    });
  });

  it.each([
    ["an error", new TypeError("oh dear"), /^nats-statechart chart: a bug: TypeError: oh dear\n {4}at /],
    ["an error without a stack", { message: "oh dear" }, /^nats-statechart chart: a bug: \[object Object\]$/],
    ["nothing", undefined, /^nats-statechart chart: a bug: undefined$/],
  ])("calls it a bug where a command throws %s", async (_what, thrown, said) => {
    const out = () => {
      throw thrown;
    };
    const { code, err } = await called(["chart"], { out });
    expect(code).toBe(1);
    expect(err).toMatch(said);
  });
});
