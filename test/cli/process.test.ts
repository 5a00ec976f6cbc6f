// The tool in a process that a test stands for: what goes where, how signals stop it, and when it ends.

import { once } from "node:events";
import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { version } from "../../src/api/version.js";
import { type Host, runIn } from "../../src/cli/process.js";
import { startEmbeddedServer } from "../../src/testing/index.js";
import { scratchFile } from "../harness/certificates.js";
import { steering, steers } from "./steering.js";

/** What is printed on a stream; each write is taken when `take` is called, with its error where there is one. */
class Stream extends Writable {
  printed = "";
  isTTY = false;
  readonly #take: (taken: (error?: Error) => void) => void;

  constructor(take: (taken: (error?: Error) => void) => void = (taken) => taken()) {
    super({ decodeStrings: false });
    this.#take = take;
  }

  override _write(text: string, _encoding: string, taken: (error?: Error | null) => void): void {
    this.printed += text;
    this.emit("printed");
    this.#take(taken);
  }

  /** Resolves when that was printed. */
  async until(text: string): Promise<void> {
    while (!this.printed.includes(text)) await once(this, "printed");
  }
}

/** A process that runs the tool: its exit codes, the first of which ends a real one. */
function started(args: readonly string[], { stdout = new Stream(), env = {} as Host["env"] } = {}) {
  const stderr = new Stream();
  const heard = new Map<string, () => void>();
  const codes: number[] = [];
  let end: (code: number) => void = () => {};
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });
  const done = runIn({
    argv: ["node", "nats-statechart", ...args],
    env,
    stdout,
    stderr,
    on: (signal, listener) => heard.set(signal, listener),
    exit: (code) => {
      codes.push(code);
      end(code);
    },
  });
  return { stdout, stderr, heard, codes, ended, done };
}

describe("the process of the tool", () => {
  it("ends with the exit code of the command; what it printed ends with a line end", async () => {
    const tool = started(["--version"]);
    expect(await tool.ended).toBe(0);
    expect([tool.stdout.printed, tool.stderr.printed]).toEqual([`${version}\n`, ""]);
    const help = started(["--help"]);
    expect(await help.ended).toBe(0);
    expect(help.stdout.printed).toMatch(/[^\n]\n$/);
    const wrong = started(["replay"]);
    expect(await wrong.ended).toBe(2);
    expect([wrong.stdout.printed, wrong.stderr.printed]).toEqual([
      "",
      "nats-statechart replay: replay takes one file (see nats-statechart replay --help)\n",
    ]);
  });

  it("does not end before stdout has taken everything", async () => {
    let take = () => {};
    const stdout = new Stream((taken) => {
      take = taken;
    });
    const tool = started(["--version"], { stdout });
    await tool.done;
    expect(tool.codes).toEqual([]);
    const last = once(stdout, "printed");
    take();
    await last;
    expect(tool.codes).toEqual([]);
    take();
    expect(await tool.ended).toBe(0);
  });

  it("says nothing on stderr that steers a terminal or has credentials in a URL", async () => {
    const nats = `nats://me:s3cret@host/${steering}`;
    const file = scratchFile(
      "recording.json",
      JSON.stringify({ version: 5, input: {}, from: null, [nats]: 1 }),
    );
    const tool = started(["replay", file]);
    expect(await tool.ended).toBe(1);
    expect(tool.stderr.printed).toContain("nats-statechart replay: ");
    expect(tool.stderr.printed).not.toContain("s3cret");
    expect(steers(tool.stderr.printed)).toBe(false);
  });

  it("prints in colours on a terminal, and where the environment wants them", async () => {
    await using server = await startEmbeddedServer();
    const printed = async (isTTY: boolean, env: Host["env"] = {}) => {
      const stdout = Object.assign(new Stream(), { isTTY });
      expect(await started(["check", server.url], { stdout, env }).ended).toBe(0);
      return stdout.printed;
    };
    const colour = "\u001b[";
    expect(await printed(true)).toContain(colour);
    expect(await printed(false, { FORCE_COLOR: "1" })).toContain(colour);
    expect(await printed(false)).not.toContain(colour);
    expect(await printed(false)).toMatch(/ {2}ok /);
  });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "stops in good order at the first %s, at once at the second",
    async (signal) => {
      await using server = await startEmbeddedServer();
      const tool = started(["inspect", server.url]);
      await tool.stdout.until("Ctrl-C ends it");
      expect([...tool.heard.keys()]).toEqual(["SIGINT", "SIGTERM"]);
      tool.heard.get(signal)?.();
      expect(tool.codes).toEqual([]);
      tool.heard.get(signal)?.();
      expect(await tool.ended).toBe(signal === "SIGINT" ? 130 : 143);
      await tool.done;
      expect(tool.stdout.printed).toMatch(/\ndraining\n.* close {2}.*\nclosed\n$/);
    },
  );
});

describe("output that cannot be written", () => {
  const failing = (code: string) => new Stream((taken) => taken(Object.assign(new Error(code), { code })));

  it("fails and says so, once", async () => {
    const tool = started(["--version"], { stdout: failing("ENOSPC") });
    expect(await tool.ended).toBe(1);
    await tool.done;
    expect(tool.stderr.printed).toBe("nats-statechart: the output could not be written (ENOSPC)\n");
    expect(tool.codes.filter((code) => code !== 1)).toEqual([]);
  });

  it("ends the tool at once, also while the command goes on", async () => {
    await using server = await startEmbeddedServer();
    const tool = started(["inspect", server.url]);
    await tool.stdout.until("Ctrl-C ends it");
    // As a stream does: without a listener this throws, and ends a real process with a stack.
    const fails = () => tool.stdout.emit("error", Object.assign(new Error("EPIPE"), { code: "EPIPE" }));
    try {
      expect(fails).not.toThrow();
      expect(await tool.ended).toBe(0);
    } finally {
      tool.heard.get("SIGINT")?.();
      await tool.done;
    }
  });

  it("is no failure where nobody reads on", async () => {
    const tool = started(["--version"], { stdout: failing("EPIPE") });
    expect(await tool.ended).toBe(0);
    expect(tool.stderr.printed).toBe("");
  });
});
