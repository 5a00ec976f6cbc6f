// Which server was handed what, from what is heard of the links; and how it is said.

import { describe, expect, it } from "vitest";
import { Deliveries, inWords } from "../../src/api/whereabouts.js";

const connectedTo = (server: string, since: number, handedOver: number) => ({
  server,
  since,
  handedOver,
  disconnectedFor: null,
});

describe("where a message is", () => {
  it("is not known to be sent before a socket was handed all of it", () => {
    const deliveries = new Deliveries();
    const now = connectedTo("a", 0, 100);
    expect(deliveries.of(100, now)).toEqual({ type: "sent", server: "a" });
    expect(deliveries.of(101, now)).toEqual({ type: "notSent", server: "a", disconnectedFor: null });
  });

  it("is the server that was lost, while nothing is connected", () => {
    const deliveries = new Deliveries();
    deliveries.lost("a", 0, 100);
    const now = { server: "a", since: 0, handedOver: 100, disconnectedFor: 5 };
    expect(deliveries.of(100, now)).toEqual({ type: "lost", server: "a" });
    expect(deliveries.of(120, now)).toEqual({ type: "notSent", server: "a", disconnectedFor: 5 });
  });

  it("is known of the last server that was lost, not of those before", () => {
    const deliveries = new Deliveries();
    deliveries.lost("a", 0, 100);
    deliveries.lost("b", 100, 200);
    const places = [100, 101, 200, 201].map((end) => deliveries.of(end, connectedTo("c", 200, 300)));
    expect(places).toEqual([
      { type: "left" },
      { type: "lost", server: "b" },
      { type: "lost", server: "b" },
      { type: "sent", server: "c" },
    ]);
  });

  it("is not known of what was sent before a move: the server was left in good order", () => {
    const deliveries = new Deliveries();
    expect(deliveries.of(100, connectedTo("b", 100, 200))).toEqual({ type: "left" });
    expect(deliveries.of(101, connectedTo("b", 100, 200))).toEqual({ type: "sent", server: "b" });
    deliveries.lost("b", 100, 200);
    expect(deliveries.of(100, connectedTo("c", 200, 200))).toEqual({ type: "left" });
    expect(deliveries.of(200, connectedTo("d", 300, 400))).toEqual({ type: "lost", server: "b" });
    expect(deliveries.of(300, connectedTo("d", 300, 400))).toEqual({ type: "left" });
  });
});

describe("where a message is that goes out once more", () => {
  it("is the server that was lost until the next one has it", () => {
    const deliveries = new Deliveries();
    deliveries.lost("a", 0, 100);
    const waiting = { server: "a", since: 40, handedOver: 40, disconnectedFor: 5 };
    expect(deliveries.of(40, waiting)).toEqual({ type: "lost", server: "a" });
    expect(deliveries.of(100, waiting)).toEqual({ type: "lost", server: "a" });
    expect(deliveries.of(101, waiting)).toEqual({ type: "notSent", server: "a", disconnectedFor: 5 });
    const places = [40, 41, 100, 101].map((end) => deliveries.of(end, connectedTo("b", 40, 70)));
    expect(places).toEqual([
      { type: "lost", server: "a" },
      { type: "sent", server: "b" },
      { type: "lost", server: "a" },
      { type: "notSent", server: "b", disconnectedFor: null },
    ]);
  });
});

describe("in words", () => {
  it.each([
    [{ type: "notSent", server: "a", disconnectedFor: null }, 0, "not sent, connected to a"],
    [{ type: "notSent", server: "a", disconnectedFor: 999 }, 0, "not sent, disconnected from a for 999 ms"],
    [{ type: "notSent", server: "a", disconnectedFor: 4_249 }, 0, "not sent, disconnected from a for 4.2 s"],
    [{ type: "sent", server: "a" }, 0, "sent to a, no answer came"],
    [{ type: "sent", server: "a" }, 1, "sent to a, 1 answer came"],
    [{ type: "lost", server: "a" }, 0, "sent to a, which was lost before an answer came"],
    [{ type: "lost", server: "a" }, 2, "sent to a, which was lost since; 2 answers came"],
    [{ type: "left" }, 0, "sent to a server that is no longer in use, no answer came"],
  ] as const)("%j with %i answers", (where, answers, words) => {
    expect(inWords(where, answers)).toBe(words);
  });
});
