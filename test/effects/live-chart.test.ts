// The chart, running: effects are carried out when it has moved, in their order, and events wait for each other.

import { describe, expect, it } from "vitest";
import { type Driver, LiveChart, type Observed } from "../../src/effects/live-chart.js";
import type { Effect } from "../../src/machine/effects.js";

const input = { servers: ["a:4222"], seed: 1, at: 0 };

/** A chart, and what it asked for. */
function scene(observed: Observed = {}, onEffect: (effect: Effect, chart: LiveChart) => void = () => {}) {
  const carriedOut: Effect["type"][] = [];
  const broken: unknown[] = [];
  const driver: Driver = {
    carryOut: (effect) => {
      carriedOut.push(effect.type);
      onEffect(effect, chart);
    },
    brokeDown: (error) => void broken.push(error),
  };
  const chart: LiveChart = new LiveChart(driver, input, observed);
  return { chart, carriedOut, broken };
}

const opened = { type: "socket.opened", attempt: 1, at: 1 } as const;
const closed = { type: "user.close", at: 2, unconfirmed: 0, failure: null } as const;

describe("a running chart", () => {
  it("is told of an event that happens while effects are carried out when all of them are", () => {
    const isMoving: boolean[] = [];
    const { chart, carriedOut } = scene({}, ({ type }, self) => {
      isMoving.push(self.isMoving);
      if (type !== "startTimer") return;
      self.send(closed);
      expect(self.snapshot.value).not.toBe("closed");
    });
    chart.start();
    expect(chart.snapshot.value).toBe("closed");
    expect(carriedOut.indexOf("openSocket")).toBeLessThan(carriedOut.indexOf("settleClosed"));
    expect([isMoving.includes(false), chart.isMoving]).toEqual([false, false]);
  });

  it("asks for nothing more once it is closed, whatever happens", () => {
    const { chart, carriedOut } = scene();
    chart.start();
    chart.send(closed);
    const { length } = carriedOut;
    chart.send(opened);
    chart.send(closed);
    expect(carriedOut).toHaveLength(length);
  });

  it("that breaks down asks for nothing any more, and says why", () => {
    const { chart, carriedOut, broken } = scene();
    chart.start();
    const { length } = carriedOut;
    const time = Symbol("no time") as never;
    chart.send({ type: "socket.closed", attempt: 1, at: time, failure: null, halfClosed: false });
    expect(broken).toEqual([expect.any(TypeError)]);
    expect(carriedOut).toHaveLength(length);
  });

  it("is recorded only if somebody asked for that", () => {
    const [plain, recorded] = [scene().chart, scene({ record: true }).chart];
    for (const chart of [plain, recorded]) {
      chart.start();
      chart.send(opened);
    }
    expect(plain.recording()).toBeUndefined();
    expect(recorded.recording()?.events).toEqual([opened]);
  });

  it.each([
    [undefined, "connection"],
    ["of orders", "of orders"],
  ])("with the name %s is seen as %s", (name, id) => {
    const ids: unknown[] = [];
    const inspect: Observed["inspect"] = ({ actorRef }) =>
      void ids.push((actorRef as { readonly id?: string }).id);
    scene({ inspect, name }).chart.start();
    expect([ids.length > 0, ids.filter((one) => one !== id)]).toEqual([true, []]);
  });
});
