// The same input and the same events always make the same story: by the other of the two charts, told again, and from
// what was written down in the middle of it.

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { connectionMachine } from "../../../src/machine/connection-machine.js";
import { stories } from "./arbitraries.js";
import { pureChart, quickChart, type Snapshot } from "./chart.js";
import { run } from "./runs.js";
import { retell, type Scene, type Told } from "./told.js";

const json = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const seen = ({ after, effects }: Scene) => ({
  value: after.value,
  status: after.status,
  context: after.context,
  effects,
});
const all = (told: Told) => told.scenes.map(seen);

test("one actor scope for all events makes no difference to xstate's transition()", () => {
  fc.assert(
    fc.property(stories({ maxMoves: 30 }), (story) => {
      expect(all(retell(pureChart, story.input, story.events))).toEqual(all(story));
    }),
    run(1 / 500),
  );
});

test("a story told twice is the same story", () => {
  fc.assert(
    fc.property(stories(), (story) => {
      const again = retell(quickChart, story.input, story.events);
      expect(JSON.stringify(all(again))).toBe(JSON.stringify(all(story)));
    }),
    run(1 / 100),
  );
});

test("a story whose input and events were written down and read back is the same story", () => {
  fc.assert(
    fc.property(stories(), (story) => {
      const again = retell(quickChart, json(story.input), json(story.events));
      expect(JSON.stringify(all(again))).toBe(JSON.stringify(all(story)));
    }),
    run(1 / 100),
  );
});

test("context and effects are the same after a round trip through JSON", () => {
  fc.assert(
    fc.property(stories({ maxMoves: 30 }), ({ scenes }) => {
      for (const { after, effects } of scenes) {
        expect(json(after.context)).toStrictEqual(after.context);
        // holdOutbound has no parameters, which JSON leaves out.
        expect(json(effects)).toEqual(effects);
      }
    }),
    run(1 / 500),
  );
});

test("a chart that was written down after any event goes on as if it had not been", () => {
  const restored = (snapshot: Snapshot): Snapshot => {
    const { value, context } = json({ value: snapshot.value, context: snapshot.context });
    return connectionMachine.resolveState({ value, context });
  };
  fc.assert(
    fc.property(stories({ maxMoves: 30 }), ({ scenes }) => {
      for (const { event, before, after, effects, from } of scenes) {
        if (event === null || before === null || from === "closed") continue;
        const next = quickChart.next(restored(before), event);
        expect(next.snapshot.value).toEqual(after.value);
        expect(next.snapshot.context).toEqual(after.context);
        expect(next.effects).toEqual(effects);
      }
    }),
    run(1 / 500),
  );
});
