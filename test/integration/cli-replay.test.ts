// `nats-statechart replay` as its user has it: a real outage, recorded, written to a file, and told again in the terminal, as
// JSON, and to an inspector. What is refused: test/cli/recording-file.test.ts.

import { beforeAll, describe, expect, it } from "vitest";
import { stateName } from "../../src/cli/story.js";
import { connect } from "../../src/index.js";
import { type Recording, replay } from "../../src/machine/index.js";
import { addressIn, openPage } from "../cli/page.js";
import { outage } from "../cli/recordings.js";
import { steering, steers } from "../cli/steering.js";
import { run, start, useInspector } from "../cli/tool.js";
import { scratchFile } from "../harness/certificates.js";
import { startServer } from "../harness/nats-server.js";
import { nextStatus } from "../harness/waiting.js";

useInspector();

let recording: Recording;
let file: string;

/** The states of the recording, one after the other, as the chart itself gives them. */
const states = () => replay(recording).map(({ state }) => stateName(state));
const changes = () => states().filter((state, index, all) => state !== all[index - 1]);

beforeAll(async () => {
  const server = await startServer();
  const nc = await connect({
    port: server.port,
    record: true,
    reconnectTimeWait: 20,
    maxReconnectAttempts: -1,
  });
  const lost = nextStatus(nc, "disconnect");
  await server.kill();
  await lost;
  const back = nextStatus(nc, "reconnect");
  await server.start();
  await back;
  await nc.drain();
  await server.stop();
  const recorded = nc.recording();
  if (recorded === undefined) throw new Error("nothing was recorded");
  recording = recorded;
  file = scratchFile("outage.json", JSON.stringify(recorded));
});

describe("replay of a real outage", () => {
  it("tells every step in the terminal", async () => {
    const { code, stdout, stderr } = await run(["replay", file]);
    expect([code, stderr]).toEqual([0, ""]);
    const steps = stdout.split("\n").filter((line) => /^ +\d+\.\d{3} s {2}/.test(line));
    expect(steps.map((line) => line.split(/ {2}(?:->|in) /)[1])).toEqual(states());
    expect(changes()).toContain("reconnecting.dialing");
    expect(states().at(-1)).toBe("closed");
    expect(stdout).toContain("openSocket");
    expect(stdout).not.toContain("\u001b");
  });

  it("tells every step as JSON, from stdin too", async () => {
    const { code, stdout } = await run(["replay", file, "--json"]);
    expect(code).toBe(0);
    const told = JSON.parse(stdout);
    expect(told.version).toBe(1);
    expect(told.steps.map(({ state }: { state: string }) => state)).toEqual(states());
    expect(told.steps.slice(1).map(({ event }: { event: unknown }) => event)).toEqual(recording.events);
    expect(told.steps.map(({ effects }: { effects: unknown }) => effects)).toEqual(
      replay(JSON.parse(JSON.stringify(recording))).map(({ effects }) => JSON.parse(JSON.stringify(effects))),
    );
    expect(await run(["replay", "-", "--json"], {}, JSON.stringify(recording))).toMatchObject({
      code,
      stdout,
    });
  });

  it("colours only where it is told to", async () => {
    expect((await run(["replay", file], { FORCE_COLOR: "1" })).stdout).toContain("\u001b[32m");
    expect((await run(["replay", file], { FORCE_COLOR: "1", NO_COLOR: "1" })).stdout).not.toContain("\u001b");
  });

  it.each([
    ["hosted", []],
    ["local", ["--local"]],
  ])("sends it to the %s inspector", async (_which, args) => {
    const tool = start(["replay", file, "--inspect", ...args]);
    const page = await openPage(addressIn(await tool.printed("events sent")));
    await page.until(({ states }) => states().at(-1) === "closed");
    expect(page.states().map((state) => stateName(state as never))).toEqual(changes());
    const chart = page.messages.find(({ definition }) => definition?.includes('"id":"connection"'));
    expect(chart?.definition).not.toContain("[Object]");
    tool.child.kill("SIGINT");
    expect(await tool.ended()).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("replay of a recording as long as one can be", () => {
  it.each([
    ["hosted", []],
    ["local", ["--local"]],
  ])("shows a page of the %s inspector all of it, from its beginning", async (_which, args) => {
    const greeted = outage.events.slice(0, 3);
    const at = (greeted.at(-1)?.at ?? 0) + 1_000;
    // One in a second: more often they are left out.
    const pings = Array.from({ length: 1_990 }, (_, index) => ({
      type: "server.ping" as const,
      attempt: 1,
      at: at + index * 1_000,
    }));
    const long = { ...outage, events: [...greeted, ...pings] };
    const tool = start(["replay", scratchFile("long.json", JSON.stringify(long)), "--inspect", ...args]);
    const page = await openPage(addressIn(await tool.printed("events sent")));
    const steps = () => page.messages.filter(({ type, snapshot }) => type === "@xstate.snapshot" && snapshot);
    await page.until(() => steps().length === 1 + long.events.length);
    expect(steps()[0]?.event?.type).toBe("xstate.init");
    tool.child.kill("SIGINT");
    expect(await tool.ended()).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("replay of a recording with more than a page takes at once", () => {
  it.each([
    ["hosted", []],
    ["local", ["--local"]],
  ])("shows a page of the %s inspector every step, and says what is cut", async (_which, args) => {
    const message = "x".repeat(5 * 1024 * 1024);
    const events = outage.events.map((event, index) =>
      index === 3 ? { ...event, failure: { code: "ECONNRESET", message } } : event,
    );
    const file = scratchFile("large.json", JSON.stringify({ ...outage, events }));
    const tool = start(["replay", file, "--inspect", ...args]);
    const page = await openPage(addressIn(await tool.printed("events sent")));
    await page.until(({ states }) => states().at(-1) === "closed");
    const cut = page.messages.filter(({ type, cut }) => type === "@xstate.snapshot" && cut !== undefined);
    expect(cut.length).toBeGreaterThan(0);
    for (const one of cut)
      expect(JSON.stringify(one)).toContain(`(cut: it has ${message.length} characters)`);
    tool.child.kill("SIGINT");
    expect(await tool.ended()).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("replay of a recording with a server's text in it", () => {
  it("prints nothing that steers a terminal, as lines or as JSON", async () => {
    const reason = `${steering}${"x".repeat(900_000)}`;
    const { attempt, at } = { attempt: 1, at: outage.input.at + 3 };
    const greeted = outage.events
      .slice(0, 2)
      .map((event) =>
        event.type === "server.info" ? { ...event, info: { ...event.info, serverName: steering } } : event,
      );
    const events = [...greeted, { type: "protocol.violated", attempt, at, reason }];
    const path = scratchFile("steering.json", JSON.stringify({ ...outage, events }));
    const lines = await run(["replay", path]);
    const json = await run(["replay", path, "--json"]);
    expect([lines.code, lines.stderr, json.code, json.stderr]).toEqual([0, "", 0, ""]);
    expect(steers(lines.stdout) || steers(json.stdout)).toBe(false);
    expect(JSON.parse(json.stdout).steps.at(-1).event.reason).toBe(reason);
    expect(lines.stdout.length).toBeLessThan(10_000);
    // The recording is its user's own. What the chart made of it is not told as often as that.
    expect(json.stdout.length).toBeLessThan(1_000_000);
    const effects = JSON.parse(json.stdout).steps.at(-1).effects as { cut?: Record<string, number> }[];
    expect(effects.flatMap(({ cut = {} }) => Object.entries(cut))).toContainEqual([
      "params.status.failure.message",
      expect.any(Number),
    ]);
  });
});

/** A recording with something else in one of its events, where a connection was lost. */
function withEvent(changes: object): string {
  const events = outage.events.map((event, index) => (index === 3 ? { ...event, ...changes } : event));
  return JSON.stringify({ ...outage, events });
}

const NONE = "this is no recording of nats-statechart";
const connected = replay(outage)[3];
const from = { value: connected?.state, context: { ...connected?.context, live: null } };
const impossible = JSON.stringify({
  ...outage,
  from,
  events: [{ type: "user.close", at: outage.input.at, unconfirmed: 0, failure: null }],
});

describe("replay of a bad file", () => {
  it.each([
    ["that is not there", "/nowhere/outage.json", "the file cannot be read (ENOENT)"],
    ["that is a folder", "/", "the file cannot be read (EISDIR)"],
    ["that is no JSON", scratchFile("bad.json", "hello"), `${NONE}: the file is not JSON`],
    ["that is no recording", scratchFile("other.json", "{}"), `${NONE}: it has no version`],
    [
      "nested a million times",
      scratchFile("deep.json", "[".repeat(1_000_000)),
      `${NONE}: it has more than 100 lists`,
    ],
    [
      "with a cause nested a thousand times",
      scratchFile(
        "causes.json",
        withEvent({ failure: JSON.parse(`${'{"cause":'.repeat(1_000)}1${"}".repeat(1_000)}`) }),
      ),
      `${NONE}: it has more than 100 lists`,
    ],
    [
      "with an event at no time",
      scratchFile("time.json", withEvent({ at: 1e300 })),
      `${NONE}: events[3].at: expected a time in milliseconds since 1970, found the number 1e+300`,
    ],
    [
      "with half of an event",
      scratchFile("half.json", withEvent({ failure: {} })),
      `${NONE}: events[3].failure.code: expected a text, found nothing`,
    ],
    [
      "of an event that cannot happen",
      scratchFile("impossible.json", impossible),
      "events[0]: user.close cannot happen here, in the state connected: it is not so that a link is in use",
    ],
  ])("fails and says why: one %s", async (_what, path, problem) => {
    for (const args of [[], ["--json"], ["--inspect", "--local"]]) {
      const { code, stdout, stderr } = await run(["replay", path, ...args]);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toContain(`nats-statechart replay: ${problem}`);
    }
  });
});
