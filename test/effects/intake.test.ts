// How much of a server's words is looked at in one turn of the event loop.

import { describe, expect, it } from "vitest";
import { BUDGET, Intake } from "../../src/effects/intake.js";

/** An intake, what it did, and the turns that it awaits. */
function scene(also: (intake: Intake, did: readonly string[]) => void = () => {}) {
  const did: string[] = [];
  const turns: (() => void)[] = [];
  const intake: Intake = new Intake(
    { nextTurn: (run) => void turns.push(run) },
    {
      hold: () => did.push("hold"),
      goOn: () => {
        did.push("goOn");
        also(intake, did);
      },
    },
  );
  const nextTurn = () => {
    const run = turns.shift();
    if (run === undefined) throw new Error("no turn is awaited");
    run();
  };
  return { intake, did, turns, nextTurn };
}

describe("the budget of a turn", () => {
  it("is held when it is used up, once, and goes on in the next turn", () => {
    const { intake, did, nextTurn } = scene();
    for (let i = 0; i < BUDGET + 10; i++) intake.spend(1);
    expect([did, intake.isHeld]).toEqual([["hold"], true]);
    nextTurn();
    expect([did, intake.isHeld]).toEqual([["hold", "goOn"], false]);
  });

  it("is whole again in the next turn", () => {
    const { intake, did, nextTurn } = scene();
    for (let turn = 0; turn < 5; turn++) {
      intake.spend(BUDGET - 1);
      nextTurn();
    }
    expect(did).toEqual([]);
    intake.spend(BUDGET - 1);
    intake.spend(1);
    expect(did).toEqual(["hold"]);
  });

  it("awaits no turn where little is said, and one at a time where much is", () => {
    const { intake, turns } = scene();
    for (let i = 0; i < 100; i++) intake.spend(1);
    expect(turns).toHaveLength(0);
    for (let i = 0; i < BUDGET; i++) intake.spend(1);
    expect(turns).toHaveLength(1);
  });

  it("what goes on may use up the next one", () => {
    const { intake, did, nextTurn } = scene((self) => self.spend(BUDGET));
    intake.spend(BUDGET);
    for (let turn = 0; turn < 3; turn++) nextTurn();
    expect(did).toEqual(["hold", "goOn", "hold", "goOn", "hold", "goOn", "hold"]);
  });

  it("once it is stopped, nothing goes on, and nothing is held", () => {
    const { intake, did, turns, nextTurn } = scene();
    intake.spend(BUDGET);
    intake.stop();
    expect(intake.isHeld).toBe(false);
    nextTurn();
    intake.spend(BUDGET);
    expect([turns, did]).toEqual([[], ["hold"]]);
  });
});
