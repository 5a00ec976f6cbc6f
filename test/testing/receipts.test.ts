// What a subscription may receive, and how often.

import { describe, expect, test } from "vitest";
import { Ledger, type Registry } from "../../src/testing/ledger.js";
import { payloadOf } from "../../src/testing/message-id.js";
import { Receipts } from "../../src/testing/receipts.js";

/** A sender that resends: five messages went over its socket 1, and a server read the first of them. Then they are told. */
function setUp({ mayRepeat = false, read = [0, 1, 2] } = {}) {
  const complaints: string[] = [];
  const registry: Registry = {
    ledgers: new Map(),
    now: () => 0,
    complain: (what) => void complaints.push(what),
  };
  const ledger = new Ledger("c0", registry, () => undefined, 65_536, { resends: true, isLying: false });
  const { deliveries } = ledger;
  ledger.dialed(1);
  for (let number = 0; number < 5; number++) deliveries.handed(1, deliveries.accept(10, false));
  for (const number of read) deliveries.arrived(1, number);
  const receipts = new Receipts("c1", registry, "all", mayRepeat);
  const over = (socket: number | undefined, ...numbers: number[]) => {
    for (const number of numbers) receipts.add(payloadOf({ client: "c0", number }, "", 10), socket);
  };
  const receive = (...numbers: number[]) => over(1, ...numbers);
  /** The first so many go out once more, and a server reads them. */
  const again = (count: number) => {
    deliveries.disconnected({ messages: 5, bytes: 0 });
    ledger.dialed(2);
    for (let number = 0; number < count; number++) {
      deliveries.handed(2, number);
      deliveries.arrived(2, number);
    }
  };
  return { complaints, receipts, receive, over, again };
}

const whose = "c1, subscription all: message";

test("a message comes once, as often as a server has read it", () => {
  const { complaints, receipts, receive } = setUp();
  receive(0, 1, 2, 1);
  expect(complaints).toEqual([`${whose} 1 of c0 arrived 2 times, read 1 times`]);
  expect([receipts.count, receipts.has("c0", 2), receipts.has("c0", 3)]).toEqual([4, true, false]);
});

test("a message that was sent again comes twice where both came to a server, and no third time", () => {
  const { complaints, receive, again } = setUp();
  receive(0, 1, 2);
  again(2);
  receive(0, 1);
  expect(complaints).toEqual([]);
  receive(2);
  receive(0);
  expect(complaints).toEqual([
    `${whose} 2 of c0 arrived 2 times, read 1 times`,
    `${whose} 0 of c0 arrived 3 times, read 2 times`,
  ]);
});

test("a message that only the second server has read comes once", () => {
  const { complaints, receive, again } = setUp({ read: [] });
  again(5);
  receive(0, 1, 2, 3, 4);
  expect(complaints).toEqual([]);
  receive(4);
  expect(complaints).toHaveLength(1);
});

test("over one connection nothing overtakes", () => {
  const { complaints, receive } = setUp();
  receive(0, 2, 1);
  expect(complaints).toEqual([`${whose} 1 of c0 arrived after 2`]);
});

describe("a client that moves", () => {
  test("may receive a message from both servers, and from one of them after a later one from the other", () => {
    const { complaints, over } = setUp({ mayRepeat: true });
    over(1, 0);
    over(2, 2);
    over(1, 1, 2);
    expect(complaints).toEqual([]);
  });

  test("receives a message from each of them once, in order", () => {
    const { complaints, over } = setUp({ mayRepeat: true });
    over(1, 0, 2);
    over(2, 1, 2, 2);
    over(1, 1);
    expect(complaints).toEqual([
      `${whose} 2 of c0 arrived 2 times, read 1 times`,
      `${whose} 1 of c0 arrived after 2`,
    ]);
  });
});

test("a message that came over no socket is none that may be received", () => {
  for (const mayRepeat of [false, true]) {
    const { complaints, over } = setUp({ mayRepeat });
    over(undefined, 0);
    expect(complaints).toEqual([`${whose} 0 of c0 arrived, but came over no socket`]);
  }
});

test("a message that was never accepted, or is damaged, or comes after the end, is none that may come", () => {
  const { complaints, receipts, receive } = setUp();
  receive(5);
  receipts.add("c0:0:.", 1);
  receipts.add("what?", 1);
  receipts.add(`x:${payloadOf({ client: "c0", number: 0 }, "", 10)}`, 1);
  receipts.isOver = true;
  receive(0);
  expect(complaints).toEqual([
    `${whose} 5 of c0 was never accepted`,
    `${whose} 0 of c0 arrived damaged`,
    'c1, subscription all: a message that nobody sent: "what?"',
    'c1, subscription all: a message that nobody sent: "x:c0:0:....."',
    "c1, subscription all: a message after its end",
  ]);
});
