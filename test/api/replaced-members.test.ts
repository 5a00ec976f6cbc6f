// Members of a connection that a tool replaces, as tracing does: they are called for what the program asks, and for nothing else.

import { expect, it, vi } from "vitest";
import { Simulation } from "../../src/testing/index.js";

it.each([{ noMux: false }, { noMux: true }])(
  "a request with $noMux for noMux has its inbox without the member subscribe",
  async ({ noMux }) => {
    const world = new Simulation();
    const nc = await world.connect({ servers: world.cluster().urls });
    nc.subscribe("greet", { callback: (_error, msg) => void msg.respond("hello") });
    const subscribe = vi.spyOn(nc, "subscribe");
    const msg = await world.until(nc.request("greet", "", { noMux, timeout: 1_000 }));
    expect(msg.string()).toBe("hello");
    expect(subscribe).not.toHaveBeenCalled();
    await world.until(nc.close());
  },
);
