// How subscriptions go from one server to another: what is wrong with it, and what not.

import { expect, test } from "vitest";
import { HandOvers } from "../../src/testing/hand-overs.js";

/** A client with the subscriptions 7 and 8, which it has made over its sockets 1 and 2. */
function setUp() {
  const complaints: string[] = [];
  const held: string[] = [];
  const state = { now: 1_000, isDraining: false };
  const subscriptions = [7, 8].map((id) => ({
    getID: () => id,
    getSubject: () => `s${id}`,
    isClosed: () => false,
    isDraining: () => state.isDraining,
  }));
  const wires = new Map(
    [1, 2].map((socket) => [
      socket,
      { subscribed: new Set(["7", "8"]), unsubscribed: new Map<string, number>() },
    ]),
  );
  const law = new HandOvers({
    now: () => state.now,
    open: () => subscriptions,
    wire: (socket) => wires.get(socket),
    complain: (what) => void complaints.push(what),
    held: (premise) => void held.push(premise),
  });
  law.goesOn(1, false);
  /** The subscription is ended over the old socket. */
  const unsubscribes = (id: number) => wires.get(1)?.unsubscribed.set(`${id}`, state.now);
  return { law, complaints, held, state, wires, unsubscribes };
}

test("a client goes on with a socket where each of its subscriptions is made, but those that it drains", () => {
  const { law, complaints, state, wires } = setUp();
  wires.get(2)?.subscribed.delete("8");
  state.isDraining = true;
  law.goesOn(2, false);
  expect(complaints).toEqual([]);
  state.isDraining = false;
  law.goesOn(2, false);
  expect(complaints).toEqual(["goes on with socket 2, where it has not made its subscription 8 to s8"]);
  // A socket that is closed meanwhile says nothing.
  law.goesOn(3, false);
  expect(complaints).toHaveLength(1);
});

test("a client that moves listens to its old server for a second and a quarter at most", () => {
  const { law, complaints, held, state } = setUp();
  law.goesOn(2, true);
  state.now += 1_251;
  law.heard(1);
  state.now += 10_000;
  law.heard(2);
  expect(complaints).toEqual([]);
  law.heard(1);
  expect(complaints).toEqual(["still listens to its old server, over socket 1, 11251 ms after it has moved"]);
  law.over(1);
  law.heard(1);
  expect([complaints.length, held]).toEqual([1, ["moved"]]);
});

test("a client that reconnects has left nobody", () => {
  const { law, complaints, held, state } = setUp();
  law.goesOn(2, false);
  state.now += 10_000;
  law.heard(1);
  law.closes(1);
  expect([complaints, held]).toEqual([[], []]);
});

test("a client that moves stays subscribed with the old server for a quarter of a second, but where it drains", () => {
  const { law, complaints, held, state, unsubscribes } = setUp();
  law.goesOn(2, true);
  state.now += 249;
  unsubscribes(8);
  law.closes(1);
  expect([complaints, held]).toEqual([[], ["moved", "leftInTime"]]);
  state.now -= 1;
  unsubscribes(8);
  law.closes(1);
  expect(complaints).toEqual(["ends its subscription 8 to s8 with the old server 248 ms after it has moved"]);
  state.isDraining = true;
  law.closes(1);
  expect(complaints).toHaveLength(1);
});

test("of two moves each counts from its own beginning", () => {
  const { law, complaints, state, wires } = setUp();
  law.goesOn(2, true);
  state.now += 5_000;
  wires.set(3, { subscribed: new Set(["7", "8"]), unsubscribed: new Map() });
  law.goesOn(3, true);
  state.now += 1_000;
  law.heard(2);
  expect(complaints).toEqual([]);
  law.heard(1);
  expect(complaints).toHaveLength(1);
});
