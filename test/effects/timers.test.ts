// The timers of the worlds that are real: what a platform cannot wait for at once does not fire at once.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NodeWorld } from "../../src/effects/node/node-world.js";
import { WebWorld } from "../../src/effects/web-socket/web-world.js";

/** The longest time that a timer of the platform waits: it makes one millisecond of a longer one. */
const LONGEST = 2 ** 31 - 1;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe.each([
  ["Node", () => new NodeWorld({ noRandomize: true, tls: null })],
  ["a browser", () => new WebWorld()],
])("a timer of the world of %s", (_name, newWorld) => {
  it.each([3e9, 2 ** 40, Number.MAX_VALUE, Number.POSITIVE_INFINITY])(
    "of %d ms waits as long as a timer of the platform can",
    (ms) => {
      const fired = vi.fn();
      newWorld().startTimer(ms, fired);
      vi.advanceTimersByTime(LONGEST - 1);
      expect(fired).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1);
      expect(fired).toHaveBeenCalledTimes(1);
    },
  );

  it("fires once, and not where it was stopped", () => {
    const world = newWorld();
    const [fired, stopped] = [vi.fn(), vi.fn()];
    world.startTimer(10, fired);
    world.stopTimer(world.startTimer(10, stopped));
    vi.advanceTimersByTime(9);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(100);
    expect([fired.mock.calls.length, stopped.mock.calls.length, vi.getTimerCount()]).toEqual([1, 0, 0]);
  });
});
