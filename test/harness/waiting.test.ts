// What the helpers say that wait: where what is awaited does not come, the error names it, and what came instead.

import { spawn } from "node:child_process";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { NatsConnection, Status } from "../../src/index.js";
import { type Followed, followed } from "./followed.js";
import { answered } from "./ports.js";
import { nextStatus, Statuses } from "./waiting.js";

const server = "127.0.0.1:4222";
const status = (type: string, more: object = {}) => ({ type, server, ...more }) as Status;

afterEach(() => {
  vi.useRealTimers();
});

/** A connection that tells these, and is then closed or goes on. */
function telling(statuses: readonly Status[], end: "closes" | "goes on"): NatsConnection {
  async function* all() {
    yield* statuses;
    if (end === "goes on") await new Promise(() => {});
  }
  return { status: all } as unknown as NatsConnection;
}

describe("nextStatus", () => {
  it("is the first of that type, and in that step where one is named", async () => {
    const all = [
      status("error", { step: "dialing" }),
      status("reconnect"),
      status("error", { step: "connected" }),
    ];
    expect(await nextStatus(telling(all, "goes on"), "reconnect")).toBe(all[1]);
    expect(await nextStatus(telling(all, "goes on"), "error", "connected")).toBe(all[2]);
  });

  it("says which status was awaited and which came, where the connection closes before", async () => {
    const all = [
      status("disconnect"),
      status("error", { error: new Error("nobody there") }),
      status("close"),
    ];
    await expect(nextStatus(telling(all, "closes"), "reconnect", "live")).rejects.toThrow(
      `the connection closed before the status reconnect (live), after these:\ndisconnect ${server}\nerror ${server} nobody there\nclose ${server}`,
    );
    await expect(nextStatus(telling([], "closes"), "ldm")).rejects.toThrow("ldm, after no status at all");
  });

  it("says the same where none comes", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const waiting = expect(
      nextStatus(telling([status("disconnect")], "goes on"), "reconnect"),
    ).rejects.toThrow(`timed out: the status reconnect, after these:\ndisconnect ${server}`);
    await new Promise(setImmediate);
    vi.runOnlyPendingTimers();
    await waiting;
  });
});

describe("Statuses", () => {
  it("says which one was awaited and which came since, where none comes", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const statuses = new Statuses();
    statuses.add(status("disconnect"));
    const waiting = expect(statuses.at("reconnect", 4223, 1)).rejects.toThrow(
      `timed out: reconnect at port 4223, after these:\nreconnect ${server}`,
    );
    statuses.add(status("reconnect"));
    vi.runOnlyPendingTimers();
    await waiting;
  });
});

describe("answered", () => {
  it("gives the first answer, and says what there was instead where none comes", async () => {
    let asked = 0;
    const ask = async () => (++asked < 3 ? undefined : asked);
    expect(await answered(() => "never", ask)).toBe(3);
    await expect(
      answered(
        () => `four; there were ${asked}`,
        async () => undefined,
        0,
      ),
    ).rejects.toThrow("timed out: four; there were 3");
  });
});

describe("a process that is followed", () => {
  const running = new Set<Followed["child"]>();
  afterEach(() => {
    for (const child of running) child.kill("SIGKILL");
  });

  const run = (script: string) =>
    followed(spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "pipe"] }), running);

  it("says what it printed on both ways where it ends before the line that was awaited", async () => {
    const program = run(`console.log("begun"); console.error("the reason"); process.exitCode = 3;`);
    const failed = program.printed(/ready/);
    await expect(failed).rejects.toThrow(/^it ended with 3 and never printed \/ready\/; it printed\nbegun\n/);
    await expect(failed).rejects.toThrow("and on stderr\nthe reason");
  });

  it("says the same where it goes on without it", async () => {
    const program = run(`console.log("begun"); console.error("no luck"); setInterval(() => {}, 1_000);`);
    await program.printed(/begun/);
    const failed = program.printed(/ready/, 50);
    await expect(failed).rejects.toThrow(/^it runs, and has not printed \/ready\/; it printed\nbegun\n/);
  });
});
