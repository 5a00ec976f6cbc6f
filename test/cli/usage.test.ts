// How the command line tool is called: help, versions, exit codes, and what it says of a wrong call. As a process, as its
// user has it; no network.

import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { version } from "../../src/api/version.js";
import { run, runInto, start, useTool } from "./tool.js";

useTool();

const commands = ["check", "inspect", "replay", "chart"];

describe("the tool", () => {
  it("tells its version", async () => {
    for (const option of ["--version", "-v"]) {
      expect(await run([option])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
    }
  });

  it("tells of every command", async () => {
    const { code, stdout, stderr } = await run(["--help"]);
    expect([code, stderr]).toEqual([0, ""]);
    for (const command of commands) expect(stdout).toContain(`\n  ${command} `);
    expect(await run(["help"])).toEqual({ code, stdout, stderr });
  });

  it.each(commands)(
    "tells of %s: what it does, its options, its exit codes, and an example",
    async (command) => {
      const { code, stdout, stderr } = await run([command, "--help"]);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout.startsWith(`nats-statechart ${command}: `)).toBe(true);
      for (const part of [`Usage: nats-statechart ${command}`, "Exit codes: 0", "Example"]) {
        expect(stdout).toContain(part);
      }
      expect(await run(["help", command])).toEqual({ code, stdout, stderr });
    },
  );

  it("says how it is called where it is called without a command", async () => {
    const { code, stdout, stderr } = await run([]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("Usage: nats-statechart COMMAND");
  });

  it.each([
    [["frobnicate"], "there is no such command"],
    [["--frobnicate"], "there is no such option"],
    [["help", "frobnicate"], "there is no such command"],
    [["constructor"], "there is no such command"],
    [["nats://me:s3cret@127.0.0.1"], "there is no such command"],
    [["check", "wss://me:s3cret@127.0.0.1"], "check takes no ws:// or wss:// server"],
    [["check", "--frobnicate"], "unknown option --frobnicate"],
    [["check", "--user"], "--user needs a value"],
    [["check", "--tls=yes"], "--tls takes no value"],
    [["check", "--token=s3cret"], "NATS_TOKEN"],
    [["check", "nats://me:s3cret@host:port"], "no valid host and port"],
    [["check", "http://me:s3cret@host"], "scheme http"],
    [["check", "--timeout", "soon"], "--timeout must be"],
    [["check", "--timeout", "0"], "--timeout must be"],
    [["check", "--creds", "/nowhere/me.creds"], "--creds: the file cannot be read (ENOENT)"],
    [["check", "--tls-ca", "/nowhere/ca.pem"], "--tls-ca: the file cannot be read (ENOENT)"],
    [["check", "--timeout", "99999999999"], "from 1 to 2147483647"],
    [["check", ""], "a SERVER is empty"],
    [["check", ","], "a SERVER is empty"],
    [["inspect", "127.0.0.1", " , "], "a SERVER is empty"],
    [["check", "--tls", "--no-tls"], "exclude each other"],
    [["check", "--tls-first", "--no-tls"], "--no-tls and --tls-first exclude each other"],
    [["check", "--no-tls", "--tls-ca", "ca.pem"], "exclude each other"],
    [["check", "--user", "me", "--creds", "me.creds"], "not both"],
    [["check", "--password", "s3cret"], "--password needs --user"],
    [["inspect", "--port", "s3cret"], "--port must be"],
    [["replay"], "takes one file"],
    [["replay", "a.json", "b.json"], "takes one file"],
    [["replay", "a.json", "--local"], "go with --inspect"],
    [["replay", "a.json", "--json", "--inspect"], "exclude each other"],
    [["chart", "s3cret"], "takes options only"],
    [["chart", "--format", "png"], "must be mermaid, svg or json"],
    [["chart", "--format", "svg", "--json"], "exclude each other"],
    [["chart", "--theme", "dark"], "go with --format svg"],
    [["chart", "--format", "svg", "--theme", "pink"], "must be light or dark"],
    [["chart", "--format", "svg", "--current", "nowhere"], "must be a state: connecting, connecting."],
  ])("ends %j with 2 and says what is wrong, without a secret", async (args, text) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(text);
    expect(stderr).not.toContain("s3cret");
  });
});

describe("output that cannot be written", () => {
  it.skipIf(!existsSync("/dev/full"))("fails and says so", async () => {
    for (const args of [["--version"], ["chart", "--json"]]) {
      const { code, stderr } = await runInto("/dev/full", args);
      expect([code, stderr]).toEqual([1, "nats-statechart: the output could not be written (ENOSPC)\n"]);
    }
  });

  it("is no failure where nobody reads on", async () => {
    const tool = start(["chart", "--json"]);
    tool.child.stdout?.destroy();
    expect(await tool.ended()).toMatchObject({ code: 0, stderr: "" });
  });
});
