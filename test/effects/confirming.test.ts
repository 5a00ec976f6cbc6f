// When the server is asked for its word: a pause after something was handed over, or at once behind many bytes.

import { describe, expect, it } from "vitest";
import { Confirming, PAUSE, QUOTA } from "../../src/effects/confirming.js";

/** Confirming, the PINGs that it asked for, and its timer. */
function scene() {
  const asked: (() => void)[] = [];
  const timers = new Map<object, () => void>();
  const spans: number[] = [];
  const server = { hasAll: false };
  const wire: ConstructorParameters<typeof Confirming>[0] = {
    ping: (answered) => void asked.push(answered),
    startTimer: (ms, fired) => {
      const timer = {};
      spans.push(ms);
      timers.set(timer, fired);
      return timer;
    },
    stopTimer: (timer) => void timers.delete(timer),
  };
  const confirming = new Confirming(wire, () => server.hasAll);
  const fire = () => {
    const [[timer, fired] = []] = timers;
    if (timer === undefined || fired === undefined) throw new Error("no timer runs");
    timers.delete(timer);
    fired();
  };
  return { confirming, asked, timers, spans, server, fire };
}

describe("the server is asked", () => {
  it("a pause after the first bytes, once, however many follow", () => {
    const { confirming, asked, timers, spans, fire } = scene();
    for (let i = 0; i < 10; i++) confirming.handedOver(10);
    expect([timers.size, spans, asked.length]).toEqual([1, [PAUSE], 0]);
    fire();
    expect([timers.size, asked.length]).toEqual([0, 1]);
  });

  it("again only when it has answered, and only if something was handed over since", () => {
    const { confirming, asked, timers, fire } = scene();
    confirming.handedOver(10);
    fire();
    confirming.handedOver(10);
    expect(timers.size).toBe(0);
    asked[0]?.();
    expect(timers.size).toBe(1);
    fire();
    asked[1]?.();
    expect([timers.size, asked.length]).toEqual([0, 2]);
  });

  it("not where it has said so by then, since somebody else asked", () => {
    const { confirming, asked, timers, server, fire } = scene();
    confirming.handedOver(10);
    server.hasAll = true;
    fire();
    expect([timers.size, asked.length]).toEqual([0, 0]);
    confirming.handedOver(QUOTA - 1);
    server.hasAll = false;
    fire();
    expect([timers.size, asked.length]).toEqual([0, 1]);
  });

  it("at once behind so many bytes, and needs no timer then", () => {
    const { confirming, asked, timers } = scene();
    confirming.handedOver(QUOTA - 1);
    expect([timers.size, asked.length]).toEqual([1, 0]);
    confirming.handedOver(1);
    expect([timers.size, asked.length]).toEqual([0, 1]);
    confirming.handedOver(QUOTA);
    expect([timers.size, asked.length]).toEqual([0, 2]);
  });

  it("a pause after the last of several answers, not before", () => {
    const { confirming, asked, timers } = scene();
    confirming.handedOver(QUOTA);
    confirming.handedOver(QUOTA);
    confirming.handedOver(10);
    asked[0]?.();
    // One answer is still to come: the other PING lies before those bytes, too.
    expect(timers.size).toBe(0);
    asked[1]?.();
    expect(timers.size).toBe(1);
  });

  it("now where nothing more is handed over before it answers, but not twice for the same bytes", () => {
    const { confirming, asked, timers } = scene();
    confirming.hurry();
    expect(asked).toHaveLength(0);
    confirming.handedOver(10);
    confirming.hurry();
    confirming.hurry();
    expect([timers.size, asked.length]).toEqual([0, 1]);
  });

  it("no more once the sink is gone; what that still has to say is not taken for the next one's word", () => {
    const { confirming, asked, timers, fire } = scene();
    confirming.handedOver(10);
    confirming.stop();
    expect(timers.size).toBe(0);
    confirming.handedOver(10);
    fire();
    confirming.stop();
    confirming.handedOver(10);
    fire();
    confirming.handedOver(10);
    asked[0]?.();
    expect([timers.size, asked.length]).toEqual([0, 2]);
    asked[1]?.();
    expect(timers.size).toBe(1);
  });
});
