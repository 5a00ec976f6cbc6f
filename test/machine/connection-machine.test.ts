// The chart itself: which states there are, and that everything in it has a name.

import { expect, test } from "vitest";
import { initialTransition } from "xstate";
import * as actions from "../../src/machine/actions.js";
import { effectActions } from "../../src/machine/actions.js";
import { connectionMachine } from "../../src/machine/connection-machine.js";
import type { EffectName } from "../../src/machine/effects.js";

interface Node {
  readonly key: string;
  readonly description?: string | undefined;
  readonly states: Readonly<Record<string, Node>>;
}
const root = connectionMachine.root as unknown as Node;

test("the states are those that a user of NATS knows", () => {
  expect(Object.keys(root.states)).toEqual([
    "connecting",
    "connected",
    "migrating",
    "reconnecting",
    "draining",
    "closing",
    "closed",
  ]);
});

test("an attempt takes the same steps in connecting and in reconnecting, and there one more", () => {
  const steps = [
    "selecting",
    "awaitingServerChoice",
    "awaitingDelay",
    "backingOff",
    "dialing",
    "greeting",
    "securing",
    "authenticating",
  ];
  expect(Object.keys(root.states["connecting"]?.states ?? {})).toEqual(steps);
  expect(Object.keys(root.states["reconnecting"]?.states ?? {})).toEqual([...steps, "subscribing"]);
});

test("draining has subscriptions, then publishers; what is done without a connection is closing, which has no steps", () => {
  expect(Object.keys(root.states["draining"]?.states ?? {})).toEqual(["subscriptions", "publishers"]);
  expect(Object.keys(root.states["closing"]?.states ?? {})).toEqual([]);
});

test("states nest at two levels, not more, and each says what it is", () => {
  for (const state of Object.values(root.states)) {
    expect(state.description, state.key).toBeTruthy();
    for (const step of Object.values(state.states)) {
      expect(step.description, step.key).toBeTruthy();
      expect(step.states, step.key).toEqual({});
    }
  }
});

test("every description is a sentence", () => {
  const written = JSON.stringify(connectionMachine.config);
  const descriptions = [...written.matchAll(/"description":"([^"]*)"/g)].map(
    ([, description]) => description,
  );
  expect(descriptions).not.toHaveLength(0);
  for (const description of descriptions) expect(description).toMatch(/^[A-Z].+[.?]$/);
});

test("every action and guard is named: no inline function is in the chart", () => {
  const unnamed: string[] = [];
  walk(connectionMachine.config, "chart");
  expect(unnamed).toEqual([]);

  function walk(value: unknown, path: string): void {
    if (typeof value === "function") unnamed.push(path);
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      // The first context comes from the input, and an effect's parameters from the context.
      if (key !== "params" && !(path === "chart" && key === "context")) walk(inner, `${path}.${key}`);
    }
  }
});

test("every effect that the chart can ask for is used by it", () => {
  const written = JSON.stringify(connectionMachine.config);
  const conditional = ["rejectConnect"];
  const named = Object.keys(effectActions).filter((name) => written.includes(`"${name}"`));
  expect([...named, ...conditional].sort()).toEqual(Object.keys(effectActions).sort());
});

test("every effect that is written for the chart has an empty body, so that the chart runs pure", () => {
  const written = Object.values(actions).flatMap((one) => ("type" in one ? [one.type] : []));
  expect(written).toContain("openSocket");
  /** Whoever looks at it, or calls it, fails. */
  const untouchable = new Proxy(() => {}, {
    get: () => expect.unreachable("it looks at what it is given"),
    apply: () => expect.unreachable("it calls what it is given"),
  }) as never;
  for (const name of written)
    expect(effectActions[name as EffectName](untouchable, untouchable)).toBeUndefined();
});

test("the parameters of a status are named for it, for those who look at the chart", () => {
  expect(actions.reportStale.params.name).toBe("staleConnection");
});

test("a connection with a wrong input is an error from the start, which says what is wrong", () => {
  const [snapshot, effects] = initialTransition(connectionMachine, { servers: [], seed: 1, at: 0 });
  expect(snapshot.status).toBe("error");
  expect(String(snapshot.error)).toContain("the input names no server");
  expect(effects).toEqual([]);
});
