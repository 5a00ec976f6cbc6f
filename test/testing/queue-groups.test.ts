// The books of queue groups: what they find wrong, and which losses they know a reason for.

import { describe, expect, test } from "vitest";
import type { ModelSubscription } from "../../src/effects/simulated/model.js";
import { Ledger, type Registry } from "../../src/testing/ledger.js";
import { QueueGroups } from "../../src/testing/queue-groups.js";

const SID = 7;

/** A client with one member of a queue group, which its server knows by the client's socket 1. */
function setUp({ isLying = false } = {}) {
  const complaints: string[] = [];
  const clock = { now: 0 };
  const registry: Registry = {
    ledgers: new Map(),
    now: () => clock.now,
    complain: (what) => void complaints.push(what),
  };
  const ledger = new Ledger("c0", registry, () => undefined, 65_536);
  const notes: string[] = [];
  const groups = new QueueGroups(registry, (_, what) => void notes.push(what), isLying);
  const state = { isClosed: false };
  const member = {
    getID: () => SID,
    getSubject: () => "work",
    isClosed: () => state.isClosed,
  };
  const connection = { client: "c0", port: 1, server: { address: "s:1" } };
  const known = { connection, sid: `${SID}`, subject: "work" } as ModelSubscription;
  ledger.dialed(1);
  groups.joined("c0", member);
  /** The server hands a message to the member, over that socket of its client; returns which. */
  const hand = (number = 0, port = 1) => {
    const id = { client: "c1", number };
    groups.handed({ ...known, connection: { ...connection, port } } as ModelSubscription, id);
    return id;
  };
  const write = (text: string, hasRoom = true) => ledger.wrote(1, Buffer.from(text), 0, hasRoom);
  const lost = () => Object.entries(groups.lost).filter(([, count]) => count > 0);
  return { complaints, clock, ledger, groups, notes, state, member, known, hand, write, lost };
}

const what = "message c1:0 to subscription 7 (work) of c0 by s:1";

test("a message that is received is no loss", () => {
  const { groups, member, complaints, hand, lost } = setUp();
  groups.took("c0", member, hand());
  groups.check("c0");
  expect([groups.received, lost(), complaints]).toEqual([1, [], []]);
});

test("a message that never comes is a loss without a reason", () => {
  const { groups, complaints, hand } = setUp();
  hand();
  groups.check("c0");
  expect(complaints).toEqual([`${what} never came, though its socket 1 is open`]);
});

test("a message that is skipped is a loss without a reason", () => {
  const { groups, member, complaints, hand } = setUp();
  hand();
  groups.took("c0", member, hand(1));
  expect(complaints).toEqual([`${what} did not come, though message c1:1 came after it`]);
});

describe("a message that its sender has sent again", () => {
  test("may be handed to a member twice, and must come twice", () => {
    const { groups, member, complaints, hand } = setUp();
    hand();
    hand();
    groups.took("c0", member, { client: "c1", number: 0 });
    groups.check("c0");
    expect([groups.received, complaints]).toEqual([1, [`${what} never came, though its socket 1 is open`]]);
  });

  test("is no message that was skipped, where the other copy came over another socket", () => {
    const { ledger, groups, member, complaints, hand } = setUp();
    ledger.dialed(2);
    hand(0);
    hand(1);
    hand(1, 2);
    groups.took("c0", member, { client: "c1", number: 1 });
    expect(complaints).toEqual([]);
    groups.took("c0", member, { client: "c1", number: 1 });
    expect(complaints).toEqual([`${what} did not come, though message c1:1 came after it`]);
  });
});

describe("a message for a member that has ended", () => {
  test("is lost where the server was not told", () => {
    const { state, complaints, hand, write } = setUp();
    // Another subscription, and a limit, end nothing.
    write(`UNSUB 8\r\nUNSUB ${SID} 5\r\n`);
    state.isClosed = true;
    hand();
    expect(complaints).toEqual([`${what} is lost: c0 has ended the subscription and has not said so there`]);
  });

  test("is lost for a reason while UNSUB is on its way", () => {
    const { state, complaints, notes, hand, write, lost } = setUp();
    state.isClosed = true;
    write(`UNSUB ${SID}\r\n`);
    hand();
    expect([lost(), complaints]).toEqual([[["ended", 1]], []]);
    expect(notes).toEqual(["message c1:0 for subscription 7 is lost: ended"]);
  });

  test("is lost for a reason while the socket has no room for UNSUB, and only then", () => {
    const { ledger, state, complaints, hand, write, lost } = setUp();
    write("PING\r\n", false);
    state.isClosed = true;
    hand();
    expect([lost(), complaints]).toEqual([[["noRoom", 1]], []]);
    ledger.drained(1);
    hand(1);
    expect(complaints).toHaveLength(1);
  });

  test("is lost since it ended where UNSUB was said, though the socket is full by now", () => {
    const { state, hand, write, lost } = setUp();
    state.isClosed = true;
    write(`UNSUB ${SID}\r\n`);
    write("PING\r\n", false);
    hand();
    expect(lost()).toEqual([["ended", 1]]);
  });

  test("is lost for a reason where it ended while the message was on its way", () => {
    const { groups, state, complaints, hand, lost } = setUp();
    hand();
    state.isClosed = true;
    groups.check("c0");
    expect([lost(), complaints]).toEqual([[["ended", 1]], []]);
  });

  test("is lost for a reason where it ended while the message was between two servers", () => {
    const { groups, known, complaints, lost } = setUp();
    groups.missed(known, { client: "c1", number: 0 });
    expect([lost(), complaints]).toEqual([[["betweenServers", 1]], []]);
  });
});

describe("a message on its way over a socket that is closed", () => {
  test("is lost for a reason", () => {
    const { groups, complaints, hand, lost } = setUp();
    hand();
    groups.over("c0", 2);
    expect(lost()).toEqual([]);
    groups.over("c0", 1);
    expect([lost(), complaints]).toEqual([[["disconnected", 1]], []]);
  });

  test("is lost for a reason where the server does not know it yet", () => {
    const { ledger, complaints, hand, lost } = setUp();
    ledger.closed(1);
    hand();
    expect([lost(), complaints]).toEqual([[["disconnected", 1]], []]);
  });
});

describe("a drain", () => {
  test("is over when all that was handed to the member has arrived, and not before", () => {
    const { groups, member, complaints, hand } = setUp();
    groups.took("c0", member, hand());
    groups.drained("c0", member);
    expect(complaints).toEqual([]);
    hand();
    groups.drained("c0", member);
    expect(complaints).toEqual([`${what} did not arrive, though the subscription is drained`]);
  });

  test("proves nothing where a server says PONG unasked", () => {
    const { groups, member, complaints, hand } = setUp({ isLying: true });
    hand();
    groups.drained("c0", member);
    expect(complaints).toEqual([]);
  });
});

describe("a client that leaves a server", () => {
  const broken = [`${what} is on its way when c0 leaves that server`];

  test.each([
    ["must not while a message is on its way", 999, broken],
    ["may when the server has had its time to answer", 1_000, []],
  ])("%s", (_, waited, expected) => {
    const { groups, clock, complaints, hand, write } = setUp();
    hand();
    write(`UNSUB ${SID}\r\nPING\r\n`);
    clock.now = waited;
    groups.left("c0", 1);
    expect(complaints).toEqual(expected);
  });

  test("must not without UNSUB, however long it waits", () => {
    const { groups, clock, complaints, hand } = setUp();
    hand();
    clock.now = 60_000;
    groups.left("c0", 1);
    expect(complaints).toEqual(broken);
  });

  test("may at its end, and loses what is on its way", () => {
    const { groups, ledger, complaints, hand, lost } = setUp();
    hand();
    ledger.ending();
    groups.left("c0", 1);
    expect([lost(), complaints]).toEqual([[["disconnected", 1]], []]);
  });
});

test("a subscription that nobody made is none that a server may know", () => {
  const { groups, known, complaints } = setUp();
  groups.handed({ ...known, sid: "8" }, { client: "c1", number: 0 });
  expect(complaints).toEqual(["c0 never made the subscription 8 to work, which a server knows"]);
});
