// The law of deliveries: what it finds wrong with a client, and what not.

import { describe, expect, test } from "vitest";
import { amount, setUp } from "./deliveries.js";

describe("what goes over sockets", () => {
  test("is every message, once, in order", () => {
    const { complaints, accept, hand } = setUp();
    accept(4);
    hand(1, 0, 1);
    expect(complaints).toEqual([]);
    hand(1, 1);
    hand(1, 3);
    expect(complaints).toEqual([
      "sends message 1 twice: over sockets 1 and 1",
      "sends message 3, but message 2 never went out",
    ]);
  });

  test("is no request that was given up before; the next message follows", () => {
    const { law, complaints, accept, hand } = setUp();
    accept(3);
    law.gaveUp(1);
    hand(1, 0, 2);
    expect([complaints, law.handedOver]).toEqual([[], 3]);
    hand(1, 1);
    expect(complaints).toEqual(["sends message 1, which was withdrawn, over socket 1"]);
  });

  test("is read by a server in that order, and nothing else is", () => {
    const { law, complaints, accept, hand, read } = setUp();
    accept(3);
    hand(1, 0, 1, 2);
    read(1, 0);
    read(1, 2);
    expect(complaints).toEqual([": a server reads message 2 over socket 1, where message 1 is next"]);
    expect(law.readingsOf(0)).toEqual({ times: 1, socket: 1 });
  });

  test("goes on over another socket only if all before is confirmed", () => {
    const { law, complaints, accept, hand, read, hear } = setUp();
    accept(3);
    law.dialed(2);
    law.dialed(3);
    hand(1, 0);
    law.pinged(1, 0);
    read(1, 0);
    hear(1, "PONG\r\n");
    hand(2, 1);
    expect(complaints).toEqual([]);
    hand(3, 2);
    expect(complaints).toEqual([
      "goes on with socket 3, though 1 messages of socket 2 are neither confirmed nor told",
    ]);
  });
});

describe("the number of a disconnect", () => {
  /** Five messages: a server has read three, and its PONG says so of the first two. */
  const scene = (options = {}) => {
    const all = setUp(options);
    all.accept(6);
    all.hand(1, 0, 1);
    all.law.pinged(1, 0);
    all.hand(1, 2, 3, 4);
    all.read(1, 0, 1, 2);
    all.hear(1, "PONG\r\n");
    return all;
  };

  test.each([2, 3])("may be %i, where five went out, three are read and two confirmed", (count) => {
    const { law, complaints } = scene();
    law.disconnected(amount(count));
    expect([complaints, law.told]).toEqual([[], count]);
  });

  test.each([0, 1, 4, 5, 6])("may not be %i", (count) => {
    const { law, complaints } = scene();
    law.disconnected(amount(count));
    expect(complaints).toEqual([
      `tells with its connection of ${count} unconfirmed messages of socket 1, where there are 2 to 3`,
    ]);
  });

  test("is there", () => {
    const { law, complaints } = scene();
    law.disconnected(undefined);
    expect(complaints).toHaveLength(1);
  });

  test("need not count a PONG behind an error, which the client may not have seen; the next word says that it has", () => {
    const { law, complaints, hand, read, hear } = scene();
    law.pinged(1, 0);
    read(1, 3, 4);
    hear(1, "-ERR 'User Authentication Expired'\r\nPONG\r\n");
    law.checkStats({ waiting: amount(1), unconfirmed: amount(3) });
    expect(complaints).toEqual([]);
    hear(1, "PI");
    law.checkStats({ waiting: amount(1), unconfirmed: amount(3) });
    expect(complaints).toEqual(["shows 3 unconfirmed messages, where there are 0 to 0"]);
    hand(1, 5);
    law.disconnected(amount(1));
    expect(complaints).toHaveLength(1);
  });

  test("settles the account also where it is 0", () => {
    const { law, complaints, hand, read, hear } = scene();
    law.pinged(1, 0);
    read(1, 3, 4);
    hear(1, "-ERR 'Slow Consumer'\r\nPONG\r\n");
    law.disconnected(amount(0));
    law.dialed(2);
    hand(2, 5);
    expect(complaints).toEqual([]);
  });

  test("may be any number of them, where a server says PONG unasked", () => {
    const { law, complaints } = scene({ isLying: true });
    law.disconnected(amount(0));
    expect(complaints).toEqual([]);
  });

  test("is of the socket in use: of one that was told already there is nothing left", () => {
    const { law, complaints, hand } = scene();
    law.disconnected(amount(2));
    law.disconnected(amount(2));
    expect(complaints).toEqual([
      "tells with its connection of 2 unconfirmed messages of socket 1, where there are 0 to 0",
    ]);
    hand(1, 5);
    expect(complaints).toHaveLength(2);
    expect(complaints[1]).toBe("hands a message to socket 1, which it has told to be lost");
  });
});

describe("a flush", () => {
  test("that resolves vouches for all that was published before, and for nothing after", () => {
    const { law, complaints, accept, hand, read } = setUp();
    accept(2);
    hand(1, 0, 1);
    read(1, 0);
    law.vouches(1, "has flushed");
    expect(complaints).toEqual([]);
    law.vouches(2, "has flushed");
    expect(complaints).toEqual(["has flushed, but no server has message 1"]);
  });

  test("that resolves after a loss has told nobody", () => {
    const { law, complaints, accept, hand, read } = setUp();
    accept(1);
    hand(1, 0);
    read(1, 0);
    law.disconnected(amount(1));
    law.vouches(1, "has flushed");
    expect(complaints).toEqual(["has flushed, though message 0 was lost, and no flush has told it"]);
  });

  test("that rejects tells what was lost since the last one, once", () => {
    const { law, complaints, accept, hand } = setUp();
    accept(2);
    hand(1, 0, 1);
    law.disconnected(amount(2));
    law.flushFailed({ unconfirmed: amount(2) });
    law.flushFailed({});
    law.vouches(2, "has flushed");
    expect(complaints).toEqual([]);
    law.flushFailed({ unconfirmed: amount(2) });
    expect(complaints).toEqual([
      "tells a flush of 2 lost messages; since the last one that settled it was 0",
    ]);
  });

  test("that rejects without a number, or with another one, has forgotten a loss", () => {
    const { law, complaints, accept, hand } = setUp();
    accept(2);
    hand(1, 0, 1);
    law.disconnected(amount(2));
    law.flushFailed({ unconfirmed: amount(1) });
    expect(complaints).toEqual([
      "tells a flush of 1 lost messages; since the last one that settled it was 2",
    ]);
  });
});

describe("a client that resends", () => {
  /** Of three messages two are told as unconfirmed; a fourth waits. */
  const scene = () => {
    const all = setUp({ resends: true });
    all.accept(4);
    all.hand(1, 0, 1, 2);
    all.law.disconnected(amount(3));
    all.law.dialed(2);
    return all;
  };

  test("sends what it told as unconfirmed, in order, before all else", () => {
    const { law, complaints, hand, read } = scene();
    hand(2, 0, 1, 2, 3);
    read(1, 0, 1);
    read(2, 0, 1, 2, 3);
    expect([complaints, law.resent, law.doubled]).toEqual([[], 3, 2]);
    law.vouches(4, "has flushed");
    law.checkOver();
    expect(complaints).toEqual([]);
  });

  test.each([
    ["forget one", [1], "sends message 1 once more, but message 0 is to go out before"],
    ["send a new one first", [3], "sends message 3, but message 0 is to go out once more before"],
    ["send one twice", [0, 0], "sends message 0 twice: over sockets 2 and 2"],
  ])("must not %s", (_, numbers, complaint) => {
    const { complaints, hand } = scene();
    hand(2, ...numbers);
    expect(complaints).toEqual([complaint]);
  });

  test("must not send what was confirmed", () => {
    const { law, complaints, accept, hand, read, hear } = setUp({ resends: true });
    accept(2);
    hand(1, 0);
    law.pinged(1, 0);
    read(1, 0);
    hear(1, "PONG\r\n");
    hand(1, 1);
    law.disconnected(amount(1));
    law.dialed(2);
    hand(2, 0);
    expect(complaints).toEqual(["sends message 0 twice: over sockets 1 and 2"]);
  });

  test("does not send a request again that was given up, before its socket was lost or after", () => {
    const { law, complaints, accept, hand } = setUp({ resends: true });
    accept(3);
    hand(1, 0, 1, 2);
    law.gaveUp(0);
    law.disconnected(amount(3));
    law.gaveUp(2);
    law.dialed(2);
    hand(2, 1);
    expect(complaints).toEqual([]);
    hand(2, 0);
    expect(complaints).toEqual(["sends message 0, which was withdrawn, over socket 2"]);
  });

  test("loses nothing by an outage in the middle of it", () => {
    const { law, complaints, hand } = scene();
    hand(2, 0, 1);
    law.disconnected(amount(2));
    law.dialed(3);
    hand(3, 0, 1, 2, 3);
    expect([complaints, law.resent]).toEqual([[], 5]);
  });

  test("must wait while as much is unconfirmed as it may keep", () => {
    const { law, hear } = setUp({ resends: true, bound: 100 });
    expect([law.mustWait(1, 99), law.mustWait(1, 100)]).toEqual([false, true]);
    law.pinged(1, 50);
    hear(1, "PONG\r\n");
    expect([law.mustWait(1, 149), law.mustWait(1, 150)]).toEqual([false, true]);
  });

  test("counts at its end what it did not send again", () => {
    const { law, complaints, hand } = scene();
    hand(2, 0);
    law.closed({ unsent: amount(1), unconfirmed: amount(3) });
    law.ended({ unsent: amount(1), unconfirmed: amount(3) });
    law.checkOver();
    expect(complaints).toEqual([]);
  });
});

test("a client that reports need not wait, however much is unconfirmed", () => {
  expect(setUp({ bound: 100 }).law.mustWait(1, 1_000)).toBe(false);
});

test("a client that reports may not withdraw what a socket has: the message must arrive, or be told", () => {
  const { law, complaints, accept, hand } = setUp();
  accept(1);
  hand(1, 0);
  law.gaveUp(0);
  law.vouches(1, "has flushed");
  expect(complaints).toEqual(["has flushed, but no server has message 0"]);
});

describe("messages that the client took back", () => {
  test("are all that wait and have headers; the others go out in their order", () => {
    const { law, complaints, accept, hand } = setUp();
    accept(1, true);
    hand(1, 0);
    accept(1);
    accept(2, true);
    accept(1);
    law.tookBack(2);
    hand(1, 1, 4);
    expect([complaints, law.accepted, law.handedOver]).toEqual([[], 5, 5]);
    hand(1, 3);
    expect(complaints).toEqual(["sends message 3, which was withdrawn, over socket 1"]);
  });

  test.each([0, 1, 3])("are not %i where two wait", (count) => {
    const { law, complaints, accept } = setUp();
    accept(2, true);
    law.tookBack(count);
    expect(complaints).toEqual([`says that it took back ${count} messages with headers, where 2 waited`]);
  });

  test("are those, too, that would have gone out once more", () => {
    const { law, complaints, accept, hand } = setUp({ resends: true });
    accept(2, true);
    hand(1, 0);
    law.disconnected(amount(1));
    law.tookBack(2);
    expect(complaints).toEqual([]);
  });
});

describe("the end", () => {
  /** Of three messages a server has read one; one waits. */
  const scene = () => {
    const all = setUp();
    all.accept(3);
    all.hand(1, 0, 1);
    all.read(1, 0);
    return all;
  };
  const right = { unsent: amount(1), unconfirmed: amount(1) };

  test("tells what no socket had, and what no server confirmed", () => {
    const { law, complaints } = scene();
    law.closed(right);
    law.ended(right);
    law.checkOver();
    expect(complaints).toEqual([]);
  });

  test.each([
    ["nothing", {}, 2],
    ["too few unsent", { ...right, unsent: amount(0) }, 1],
    ["too many unsent", { ...right, unsent: amount(2) }, 1],
    ["too few unconfirmed", { ...right, unconfirmed: amount(0) }, 1],
    ["too many unconfirmed", { ...right, unconfirmed: amount(3) }, 1],
  ])("does not tell %s", (_, told, count) => {
    const { law, complaints } = scene();
    law.closed(told);
    expect(complaints).toHaveLength(count);
  });

  test("has an error that adds what was lost before and no flush has told", () => {
    const { law, complaints, hand } = scene();
    law.disconnected(amount(2));
    law.dialed(2);
    hand(2, 2);
    law.closed({ unconfirmed: amount(1) });
    law.ended({ unconfirmed: amount(3) });
    expect(complaints).toEqual([]);
    law.ended({ unconfirmed: amount(1) });
    expect(complaints).toEqual([
      "ends with an error that tells of 0 unsent and 1 unconfirmed messages, where it is 0 and 3",
    ]);
  });

  test("has an error where anything was told", () => {
    const { law, complaints } = scene();
    law.closed(right);
    law.ended(undefined);
    expect(complaints).toEqual([
      "is closed without an error, after it told of 2 messages",
      "is closed without an error, but no server has message 1",
    ]);
  });

  test("leaves nothing of which no server knows and nobody was told", () => {
    const { law, complaints } = scene();
    law.checkOver();
    expect(complaints).toEqual(["is closed: no server has message 1, and nobody was told"]);
  });
});
