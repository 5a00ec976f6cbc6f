// The simulation sees a client that loses messages silently, counts them wrongly, or sends again what it should not. Each client here
// has a mistake of that kind, and drawn runs find it; the same runs find nothing in the client as it is, and have losses to tell of (test/properties/simulation).

import { afterEach, describe, expect, it, vi } from "vitest";
import { Outbound } from "../../src/effects/outbound.js";
import type { Segment } from "../../src/effects/segments.js";
import { type Mark, NOTHING, Unconfirmed } from "../../src/effects/unconfirmed.js";
import { shrinkPlan } from "../../src/testing/index.js";
import { firstFailure } from "./first-failure.js";

/** What is to go out once more goes through that. */
function changeTakenBack(change: (segments: readonly Segment[]) => readonly Segment[]): void {
  const { takeBack } = Unconfirmed.prototype;
  vi.spyOn(Unconfirmed.prototype, "takeBack").mockImplementation(function (this: Unconfirmed) {
    return change(takeBack.call(this));
  });
}

const untold = /tells (with its connection|at its end) of \d+ unconfirmed messages of socket \d+, where/;

const mistakes: readonly (readonly [what: string, plant: () => void, broken: RegExp])[] = [
  [
    "does not count what a lost socket had",
    () => vi.spyOn(Unconfirmed.prototype, "amount", "get").mockReturnValue(NOTHING),
    untold,
  ],
  [
    "forgets a loss once its status has told it",
    () => {
      const { lose } = Unconfirmed.prototype;
      vi.spyOn(Unconfirmed.prototype, "lose").mockImplementation(function (this: Unconfirmed) {
        const amount = lose.call(this);
        this.takeLost();
        return amount;
      });
    },
    /no flush has told it|tells a flush of 0 lost messages|ends with an error that tells of/,
  ],
  [
    "counts what all sockets had, not the last one",
    () => {
      vi.spyOn(Outbound.prototype, "loss", "get").mockImplementation(function (this: Outbound) {
        const messages = this.stats.outMsgs - this.confirmed.messages;
        return { from: 0, to: 0, unconfirmed: { messages, bytes: 0 } };
      });
    },
    untold,
  ],
  [
    "takes a PONG for one to the last PING",
    () => {
      const { confirm } = Outbound.prototype;
      vi.spyOn(Outbound.prototype, "confirm").mockImplementation(function (this: Outbound) {
        confirm.call(this, this.here);
      });
    },
    untold,
  ],
  [
    "confirms nothing",
    () => vi.spyOn(Outbound.prototype, "confirm").mockImplementation(() => {}),
    /goes on with socket|shows \d+ unconfirmed messages|tells (with its connection|at its end)/,
  ],
  [
    "asks nobody what was lost when it flushes, nor at its end",
    () => vi.spyOn(Outbound.prototype, "takeLost").mockReturnValue({ unsent: NOTHING, unconfirmed: NOTHING }),
    /no flush has told it|tells a flush of 0 lost messages|ends with an error that tells of/,
  ],
  [
    "does not count what no socket had",
    () => vi.spyOn(Outbound.prototype, "waiting", "get").mockReturnValue(NOTHING),
    /tells at its end of 0 unsent messages/,
  ],
  [
    "does not send the last of it again",
    () => changeTakenBack((segments) => segments.slice(0, -1)),
    /is to go out once more before$/,
  ],
  [
    "sends it again in the wrong order",
    () => changeTakenBack((segments) => segments.toReversed()),
    /once more, but message \d+ is to go out before/,
  ],
  [
    "counts, and would send again, what was confirmed",
    () => {
      const { confirm } = Unconfirmed.prototype;
      vi.spyOn(Unconfirmed.prototype, "confirm").mockImplementation(function (this: Unconfirmed, mark: Mark) {
        if (!this.keeps) confirm.call(this, mark);
      });
    },
    untold,
  ],
  [
    "sends it again twice",
    () => changeTakenBack((segments) => [...segments, ...segments.map((segment) => ({ ...segment }))]),
    /sends message \d+ twice: over sockets/,
  ],
  [
    "sends a request again that was given up",
    () => vi.spyOn(Unconfirmed.prototype, "withdraw").mockImplementation(() => {}),
    /which was withdrawn/,
  ],
];

describe("simulate finds a client that", { timeout: 120_000 }, () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each(mistakes)("%s", async (what, plant, broken) => {
    plant();
    const failure = await firstFailure(300);
    if (process.env["NATS_SIMULATION_TELLS"] !== undefined) console.info(what, failure.seed, failure.broken);
    expect(failure.broken).toMatch(broken);
  });

  it("forgets the last message that is to go out once more, in a story of a few steps", async () => {
    changeTakenBack((segments) => segments.slice(0, -1));
    const { broken, plan } = await shrinkPlan(await firstFailure(300));
    expect(broken).toMatch(/is to go out once more before|tells at its end/);
    expect(plan.clients.some(({ options }) => options.unconfirmed === "resend")).toBe(true);
    expect(plan.entries.length).toBeLessThan(6);
  });
});
