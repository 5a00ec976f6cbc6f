// What is deferred is counted over all connections of the process, whatever world they live in.

import { expect, it } from "vitest";
import { NodeWorld } from "../../src/effects/node/node-world.js";
import { WebWorld } from "../../src/effects/web-socket/web-world.js";

it("tells whether anything is deferred that has not run, by this world or another", async () => {
  const worlds = [new NodeWorld({ noRandomize: true, tls: null }), new WebWorld()];
  const seen = () => worlds.map(({ hasDeferred }) => hasDeferred);
  for (const world of worlds) {
    expect(seen()).toEqual([false, false]);
    const ran: boolean[][] = [];
    world.defer(() => void ran.push(seen()));
    world.defer(() => void ran.push(seen()));
    expect(seen()).toEqual([true, true]);
    await new Promise((resolve) => setImmediate(resolve));
    // While the last one runs, nothing waits any more.
    expect(ran).toEqual([
      [true, true],
      [false, false],
    ]);
    expect(seen()).toEqual([false, false]);
  }
});
