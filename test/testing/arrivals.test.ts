// What came for a subscription, and what it must get of that.

import { describe, expect, test } from "vitest";
import { Arrivals } from "../../src/testing/arrivals.js";
import { Confirmations } from "../../src/testing/confirmations.js";

const encoder = new TextEncoder();

/** A client with the subscription 7 to `a`, whose sockets carry what is said. */
function setUp() {
  const complaints: string[] = [];
  const arrivals = new Arrivals((what) => void complaints.push(what));
  const state = { isClosed: false };
  const subscription = {
    getID: () => 7,
    getSubject: () => "a",
    isClosed: () => state.isClosed,
    isDraining: () => false,
  };
  arrivals.subscribed(subscription);
  const wires = [0, 1, 2].map(
    (socket) => new Confirmations((...heard) => arrivals.arrived(socket, ...heard)),
  );
  /** A server says that over the socket. */
  const says = (socket: number, text: string) => wires[socket]?.received(encoder.encode(text));
  const msg = (payload: string, sid = 7) => `MSG a ${sid} ${payload.length}\r\n${payload}\r\n`;
  /** Messages of a sender come over a socket. */
  const come = (socket: number, ...numbers: number[]) => {
    for (const number of numbers) says(socket, msg(`s:${number}:`));
  };
  const take = (number: number, client = "s") => arrivals.took(subscription, { client, number });
  return { arrivals, subscription, state, complaints, says, msg, come, take };
}

test("what comes over a socket is what a subscription gets, in that order", () => {
  const { arrivals, complaints, come, take } = setUp();
  come(1, 0, 1);
  come(2, 2);
  expect([take(0), take(1), take(2)]).toEqual([1, 1, 2]);
  arrivals.check();
  expect(complaints).toEqual([]);
});

test("what has not come, has come to another subscription, or was taken before came over no socket", () => {
  const { arrivals, complaints, says, msg, come, take } = setUp();
  come(1, 0);
  says(1, msg("s:1:", 8));
  says(1, msg("no message of a run"));
  const other = { getID: () => 9, getSubject: () => "b", isClosed: () => false, isDraining: () => false };
  expect([take(1), take(0, "t"), arrivals.took(other, { client: "s", number: 0 })]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect([take(0), take(0)]).toEqual([1, undefined]);
  expect(complaints).toEqual([]);
});

test("a message that is skipped is found, and one that is kept in peace", () => {
  const { arrivals, complaints, come, take } = setUp();
  come(1, 0, 1, 2, 3);
  expect([take(0), take(2)]).toEqual([1, 1]);
  arrivals.check();
  expect(complaints).toEqual([
    "gives message s:2 to subscription 7 (a), though message s:1 came over socket 1 before",
    "keeps message s:3, which came over socket 1, from subscription 7 (a)",
  ]);
});

describe("what the client need not have seen may be missing", () => {
  test("behind an error", () => {
    const { arrivals, complaints, says, msg, come, take } = setUp();
    says(1, `-ERR 'Stale Connection'\r\n${msg("s:0:")}`);
    come(2, 1);
    expect(take(1)).toBe(2);
    says(1, `-ERR 'Stale Connection'\r\n${msg("s:2:")}`);
    arrivals.check();
    expect(complaints).toEqual([]);
    // It still listens: it has seen what comes next.
    come(1, 3);
    arrivals.check();
    expect(complaints).toHaveLength(1);
  });

  test("over a socket that it has closed, and over no other", () => {
    const { arrivals, complaints, come, take } = setUp();
    come(1, 0);
    come(2, 1, 2);
    arrivals.inDoubt(1);
    expect(take(2)).toBe(2);
    arrivals.check();
    expect(complaints).toEqual([
      "gives message s:2 to subscription 7 (a), though message s:1 came over socket 2 before",
    ]);
  });

  test("at the end of its subscription", () => {
    const { arrivals, state, complaints, come, take } = setUp();
    come(1, 0);
    expect(arrivals.open).toHaveLength(1);
    state.isClosed = true;
    come(1, 1);
    arrivals.check();
    expect([complaints, arrivals.open, take(1)]).toEqual([[], [], undefined]);
  });
});
