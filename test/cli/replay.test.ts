// `nats-statechart replay --inspect` in the process of the test: what a page is shown of a recording. With the page of this
// package too, and as a process: test/integration/cli-replay.test.ts.

import { afterEach, describe, expect, it } from "vitest";
import { replayCommand } from "../../src/cli/replay.js";
import { plainPaint } from "../../src/cli/terminal.js";
import { type Recording, replay } from "../../src/machine/index.js";
import { scratchFile } from "../harness/certificates.js";
import { addressIn, openPage } from "./page.js";
import { outage } from "./recordings.js";

const stops: AbortController[] = [];
const runs: Promise<unknown>[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) stop.abort();
  await Promise.allSettled(runs.splice(0));
});

/** Replays it before an inspector. Resolves when all was sent. */
async function shown(recording: Recording) {
  const stop = new AbortController();
  stops.push(stop);
  const lines: string[] = [];
  let ended: Promise<number> = Promise.resolve(-1);
  await new Promise<void>((resolve) => {
    ended = replayCommand.run([scratchFile("recording.json", JSON.stringify(recording)), "--inspect"], {
      out: (text) => {
        lines.push(text);
        if (text.includes("events sent")) resolve();
      },
      err: (text) => expect.unreachable(`printed on stderr: ${text}`),
      paint: plainPaint,
      env: {},
      stopped: stop.signal,
    });
  });
  runs.push(ended);
  return { lines, stop: () => stop.abort(), ended };
}

/** The states of the recording, one after the other, as the chart itself gives them. */
const statesOf = (recording: Recording) => {
  const states = replay(recording).map(({ state }) => JSON.stringify(state));
  return states.filter((state, index) => state !== states[index - 1]).map((state) => JSON.parse(state));
};

describe("replay --inspect", () => {
  it("shows every step, says how many there were, and ends its page where it is stopped", async () => {
    const tool = await shown(outage);
    const url = addressIn(tool.lines.join("\n"));
    expect(tool.lines).toEqual([`Inspector: ${url}`, `${outage.events.length} events sent; Ctrl-C ends it`]);
    const page = await openPage(url);
    await page.until(({ states }) => states().at(-1) === "closed");
    expect(page.states()).toEqual(statesOf(outage));
    tool.stop();
    expect(await tool.ended).toBe(0);
    await expect(fetch(url)).rejects.toThrow("fetch failed");
  });

  it("shows the whole of a long recording to a page that opens when it is over", async () => {
    const [pong] = outage.events.filter(({ type }) => type === "server.pong");
    if (pong === undefined) throw new Error("the recording has no PONG");
    const pongs = Array.from({ length: 1_900 }, () => pong);
    const events = [...outage.events.slice(0, 3), ...pongs, ...outage.events.slice(3)];
    const url = addressIn((await shown({ ...outage, events })).lines.join("\n"));
    const early = await openPage(url);
    await early.until(({ states }) => states().at(-1) === "closed");
    const late = await openPage(url);
    await late.until(({ messages }) => messages.at(-1)?.type === "backlog.over");
    const told = late.messages.filter(({ event }) => event?.type === "server.pong");
    expect(told.length).toBeGreaterThanOrEqual(pongs.length);
    expect(late.states()).toEqual(statesOf(outage));
  });

  it("begins where the recording does", async () => {
    const middle = replay(outage)[3];
    if (middle === undefined) throw new Error("the recording is too short");
    const from = { value: middle.state, context: middle.context };
    const later: Recording = { ...outage, from, events: outage.events.slice(3) };
    const tool = await shown(later);
    const page = await openPage(addressIn(tool.lines.join("\n")));
    await page.until(({ states }) => states().at(-1) === "closed");
    expect(page.states()).toEqual(statesOf(later));
    expect(page.states()[0]).toBe("connected");
  });
});
