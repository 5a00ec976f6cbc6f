// The law of deliveries, where numbers, sockets or words are not as they mostly are.

import { expect, test } from "vitest";
import { amount, setUp } from "./deliveries.js";

test("what no server has read is lost, but not what was withdrawn before a socket had it", () => {
  const { law, accept, hand, read } = setUp({ resends: true });
  accept(3);
  hand(1, 0, 1);
  read(1, 0);
  law.gaveUp(2);
  expect(law.lost).toBe(1);
  // A socket had it.
  law.gaveUp(1);
  expect([law.lost, law.doubled, law.socketOf(1), law.socketOf(2)]).toEqual([1, 0, 1, -1]);
});

test("what came in the clear counts no more under TLS", () => {
  const { law, complaints, accept, hand, read, hear } = setUp();
  accept(1);
  hand(1, 0);
  law.pinged(1, 0);
  read(1, 0);
  hear(1, "PO");
  law.secured(1);
  hear(1, "PONG\r\n");
  law.disconnected(amount(0));
  law.dialed(2);
  expect(complaints).toEqual([]);
});

test("of a socket that was never dialed nothing is known, and it is handed no message", () => {
  const { law, complaints, accept, hand, read, hear } = setUp({ resends: true, bound: 5 });
  accept(1);
  law.secured(9);
  law.pinged(9, 0);
  hear(9, "PONG\r\n");
  expect([law.mustWait(9, 4), law.mustWait(9, 5)]).toEqual([false, true]);
  expect(() => hand(9, 0)).toThrow("nobody has told the law that socket 9 was dialed");
  read(1, 0);
  read(9, 0);
  law.disconnected(amount(1));
  expect(complaints).toEqual([
    ": a server reads message 0 over socket 1, where it was handed none",
    ": a server reads message 0 over socket 9, where it was handed none",
    "tells with its connection of 1 unconfirmed messages of socket none, where there are 0 to 0",
  ]);
});

test("a client that has gone on with another socket does not come back to the one before", () => {
  const { law, complaints, accept, hand, read, hear } = setUp();
  accept(3);
  law.dialed(2);
  hand(1, 0);
  law.pinged(1, 0);
  read(1, 0);
  hear(1, "PONG\r\n");
  hand(2, 1);
  expect(complaints).toEqual([]);
  hand(1, 2);
  expect(complaints[0]).toBe("hands a message to socket 1, which it has told to be lost");
});

test("of what would go out once more, only messages with headers are taken back", () => {
  const { law, complaints, accept, hand } = setUp({ resends: true });
  accept(1, true);
  accept(1);
  hand(1, 0, 1);
  law.disconnected(amount(2));
  law.tookBack(1);
  law.dialed(2);
  hand(2, 1);
  expect(complaints).toEqual([]);
});

test("what is taken back before a socket had it is unsent, for the error at the end", () => {
  const { law, complaints, accept } = setUp();
  accept(2, true);
  law.tookBack(2);
  law.closed({});
  law.ended({ unsent: amount(2) });
  expect(complaints).toEqual([]);
  law.ended({ unsent: amount(1) });
  expect(complaints).toEqual([
    "ends with an error that tells of 1 unsent and 0 unconfirmed messages, where it is 2 and 0",
  ]);
});

test("the status at the end says how many messages of which kind it tells of", () => {
  const { law, complaints, accept, hand } = setUp();
  accept(3);
  hand(1, 0);
  law.closed({ unsent: amount(1), unconfirmed: amount(2) });
  expect(complaints).toEqual([
    "tells at its end of 1 unsent messages, where no socket had 2",
    "tells at its end of 2 unconfirmed messages of socket 1, where there are 1 to 1",
  ]);
});

test("a flush does not answer for what was lost behind it", () => {
  const { law, complaints, accept, hand, read } = setUp();
  accept(2);
  hand(1, 0, 1);
  read(1, 0);
  law.disconnected(amount(1));
  law.vouches(1, "has flushed");
  expect(complaints).toEqual([]);
});

test("where a server says PONG unasked, neither a flush nor the end proves anything", () => {
  const { law, complaints, accept, hand } = setUp({ isLying: true });
  accept(1);
  hand(1, 0);
  law.vouches(1, "has flushed");
  law.checkOver();
  expect(complaints).toEqual([]);
});

test("what is shown of the outbound stream counts what is to go out once more, and neither too much nor too little", () => {
  const { law, complaints, accept, hand, read } = setUp({ resends: true });
  accept(4);
  hand(1, 0, 1, 2);
  const shows = (waiting: number, unconfirmed: number) =>
    law.checkStats({ waiting: amount(waiting), unconfirmed: amount(unconfirmed) });
  read(1, 0);
  shows(1, 2);
  shows(1, 3);
  law.disconnected(amount(3));
  shows(1, 3);
  expect(complaints).toEqual([]);
  shows(0, 2);
  expect(complaints).toEqual([
    "shows 0 messages that wait, where 1 do",
    "shows -1 unconfirmed messages, where there are 0 to 0",
  ]);
});

test("a PONG that nobody asked for, and what makes no sense, confirm nothing", () => {
  const { law, complaints, accept, hand, hear } = setUp();
  accept(1);
  hand(1, 0);
  hear(1, "PONG\r\n");
  hear(1, "what?\r\n");
  law.disconnected(amount(1));
  expect(complaints).toEqual([]);
});
