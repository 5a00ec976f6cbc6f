// What a program hears of messages that a dead server may not have read: as from the reference nothing that ends it, and a warning
// of the process; the errors of ours, if the program says what it wants by the option `unconfirmed`.

import { describe, expect, it } from "vitest";
import { startOn, useInPlace } from "../harness/in-place.js";
import { startServer } from "../harness/nats-server.js";

useInPlace();

/** Runs the program, whose server stands still, is killed and starts again. */
async function through(env: Readonly<Record<string, string>>, name = "losses") {
  const server = await startServer();
  const program = await startOn("ours", name, { NATS_URL: server.url, ...env });
  await program.printed(/^connected$/m);
  await server.freeze();
  program.child.kill("SIGUSR2");
  await program.printed(/^published$/m);
  if (env["AWAY"] === undefined) await server.restart();
  else await server.kill();
  const { code, stdout, stderr } = await program.ended();
  const warnings = stderr.split("\n").filter((line) => line.includes("NatsConnectionWarning"));
  return { code, lines: stdout.trimEnd().split("\n").slice(2), warnings };
}

describe("messages that no server confirmed", () => {
  it("are a warning, and no error, at the end of a program of the reference", async () => {
    const { code, lines, warnings } = await through({});
    expect(lines).toEqual(["drain resolved", "closed well"]);
    expect(warnings).toEqual([
      expect.stringContaining("1 published message was sent, but no server confirmed it"),
    ]);
    expect(code).toBe(0);
  });

  it("are a warning at the next flush, which vouches for what came later", async () => {
    const { code, lines, warnings } = await through({ FLUSH: "afterwards" });
    expect(lines).toEqual(["flush resolved", "drain resolved", "closed well"]);
    expect(warnings).toEqual([
      expect.stringContaining("1 published message was sent, but no server confirmed it"),
    ]);
    expect(code).toBe(0);
  });

  it("reject a flush that was in flight, as they do with the reference", async () => {
    const { code, lines, warnings } = await through({ FLUSH: "in flight" });
    expect(lines).toEqual(["flush DISCONNECT", "drain resolved", "closed well"]);
    expect(warnings).toEqual([]);
    expect(code).toBe(0);
  });

  it("and those that were never sent are a warning where the server stays away", async () => {
    const { code, lines, warnings } = await through({ AWAY: "yes" });
    expect(lines).toEqual(["drain resolved", "closed well"]);
    expect(warnings).toEqual([
      expect.stringMatching(/1 published message was not sent, and 1 published message was sent, but/),
    ]);
    expect(code).toBe(0);
  });

  it("and a loop that does not come back are a warning of a drain, which ends", async () => {
    const { code, lines, warnings } = await through({ HELD: "yes" });
    expect(lines).toEqual(["drain resolved", "closed well"]);
    expect(warnings).toEqual([expect.stringContaining("the drain did not finish within 500 ms")]);
    expect(code).toBe(0);
  });

  it("are errors for a program that gives the option unconfirmed", async () => {
    const { code, lines, warnings } = await through({ UNCONFIRMED: "report" });
    expect(lines).toEqual(["drain DISCONNECT", "closed the connection is closed"]);
    expect(warnings).toEqual([]);
    expect(code).toBe(0);
  });

  it("are a warning, and no error, at the end of a program of the client's third version", async () => {
    const { code, lines, warnings } = await through({}, "losses-version-three");
    expect(lines).toEqual(["drain resolved", "closed well"]);
    expect(warnings).toEqual([
      expect.stringContaining("1 published message was sent, but no server confirmed it"),
    ]);
    expect(code).toBe(0);
  });

  it("are errors for one that gives the option unconfirmed", async () => {
    const { code, lines, warnings } = await through({ UNCONFIRMED: "report" }, "losses-version-three");
    expect(lines).toEqual(["drain ConnectionError", "closed ConnectionError"]);
    expect(warnings).toEqual([]);
    expect(code).toBe(0);
  });
});
