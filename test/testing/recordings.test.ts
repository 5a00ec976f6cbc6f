// Recordings as users of the package draw them: they replay, they come around, and they shrink to the shortest story.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultPolicy, type Recording, type ReplayStep, replay } from "../../src/machine/index.js";
import { policies, recordings } from "../../src/testing/index.js";

const stateOf = ({ state }: ReplayStep) =>
  typeof state === "string" ? state : (Object.keys(state)[0] ?? "");

/** The simplest recording in which there is such a step. */
function shortest(isSuch: (step: ReplayStep) => boolean, options = {}): Recording {
  const never = fc.property(recordings(fc, options), (recording) => !replay(recording).some(isSuch));
  const { counterexample } = fc.check(never, { seed: 2, numRuns: 1_000 });
  if (counterexample === null) throw new Error("no recording has such a step");
  return counterexample[0];
}

describe("recordings", () => {
  it("are plain JSON, replay, and come through every state", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(recordings(fc), (recording) => {
        const steps = replay(recording);
        expect(steps).toEqual(replay(JSON.parse(JSON.stringify(recording))));
        for (const step of steps) seen.add(stateOf(step));
        // Closed is the end.
        expect(steps.slice(0, -1).filter((step) => step.state === "closed")).toEqual([]);
      }),
      { seed: 1, numRuns: 150 },
    );
    const states = ["closed", "closing", "connected", "connecting", "draining", "migrating", "reconnecting"];
    expect([...seen].sort()).toEqual(states);
  });

  it("keep to the servers, the policy and the length that are asked for", () => {
    const options = { servers: ["x:1", "y:2"], policy: { reconnect: false }, most: 5 };
    fc.assert(
      fc.property(recordings(fc, options), (recording) => {
        expect(recording.input).toMatchObject({ servers: ["x:1", "y:2"], policy: { reconnect: false } });
        expect(recording.events.length).toBeLessThanOrEqual(5);
        for (const step of replay(recording)) expect(stateOf(step)).not.toBe("reconnecting");
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("shrink to the events that lead there", () => {
    const { events, input } = shortest((step) => stateOf(step) === "reconnecting", { policy: {} });
    expect(events.map(({ type }) => type)).toEqual([
      "socket.opened",
      "server.info",
      "server.pong",
      "socket.closed",
    ]);
    expect(input).toEqual({ servers: ["a:4222"], seed: 0, at: 0, policy: {} });
    const stubborn = {
      servers: ["one:4222"],
      policy: { maxReconnectAttempts: -1, waitOnFirstConnect: true },
    };
    const third = shortest(({ context }) => context.attempt === 3, stubborn);
    expect(third.events.length).toBeLessThanOrEqual(6);
  });

  it("say in a foul world what nobody asked for", () => {
    const isLate = ({ event }: ReplayStep, before: ReplayStep | undefined) =>
      event !== null && "attempt" in event && event.attempt < (before?.context.attempt ?? 0);
    const share = (outside: "fair" | "foul") => {
      const all = fc.sample(recordings(fc, { outside }), { seed: 1, numRuns: 80 }).map((one) => replay(one));
      const late = all.flatMap((steps) => steps.filter((step, at) => isLate(step, steps[at - 1])));
      return late.length / all.flat().length;
    };
    expect(share("foul")).toBeGreaterThan(2 * share("fair"));
  });
});

describe("policies", () => {
  it("say what is allowed, and shrink to the default", () => {
    const { counterexample } = fc.check(
      fc.property(policies(fc), (policy) => {
        for (const name of Object.keys(policy)) expect(defaultPolicy).toHaveProperty(name);
        return policy.maxReconnectAttempts !== 3;
      }),
      { seed: 1, numRuns: 500 },
    );
    expect(counterexample).toEqual([{ maxReconnectAttempts: 3 }]);
  });
});
