// The books of a simulated client: what they find wrong, and what not.

import { describe, expect, test } from "vitest";
import { exactlyThoseOf, Ledger } from "../../src/testing/ledger.js";
import { payloadOf } from "../../src/testing/message-id.js";

function setUp() {
  const complaints: string[] = [];
  const ledger = new Ledger(
    "c0",
    { ledgers: new Map(), now: () => 0, complain: (what) => void complaints.push(what) },
    exactlyThoseOf(() => [1]),
    65_536,
  );
  ledger.dialed(1);
  const write = (text: string, kept: number) => ledger.wrote(1, Buffer.from(text), kept, true);
  /** Accepts a message; returns its lines. */
  const message = () => {
    const payload = payloadOf({ client: "c0", number: ledger.deliveries.accept(10, false) }, "", 10);
    return `PUB a ${payload.length}\r\n${payload}\r\n`;
  };
  return { ledger, complaints, write, message };
}

describe("what a closing socket never sent", () => {
  const commands = "UNSUB 1\r\nPING\r\n";

  test.each([
    ["commands alone are no loss", commands.length, 0],
    ["the last byte of a message is one", commands.length + 1, commands.length + 1],
  ])("%s", (_what, kept, lost) => {
    const { ledger, complaints, write, message } = setUp();
    write(message(), 0);
    write(commands, kept);
    ledger.ending();
    ledger.ended(1, false, kept);
    ledger.ended(1, true, kept);
    expect([ledger.lostAtEnd, complaints]).toEqual([lost, []]);
  });

  test("a message in pieces counts from where its last piece ends", () => {
    const { ledger, write, message } = setUp();
    const lines = `PING\r\n${message()}PING\r\n`;
    write(lines.slice(0, 12), 0);
    write(lines.slice(12), 7);
    ledger.ending();
    ledger.ended(1, false, 7);
    ledger.ended(1, true, 7);
    expect(ledger.lostAtEnd).toBe(7);
  });

  test("nothing is lost with a socket that is not closing in good order", () => {
    const { ledger, write, message } = setUp();
    write(message(), 5);
    ledger.ended(1, true, 5);
    expect(ledger.lostAtEnd).toBe(0);
  });
});

test("what a half closed socket held is lost with its connection, not with the close that comes later", () => {
  const { ledger, write, message } = setUp();
  write(message(), 5);
  ledger.ended(1, false, 5);
  expect(ledger.isAlive(1)).toBe(false);
  ledger.ending();
  ledger.ended(1, true, 5);
  expect(ledger.lostAtEnd).toBe(0);
});

test("a socket without a link of the chart is found, and a link without a socket", () => {
  const complaints: string[] = [];
  const registry = {
    ledgers: new Map(),
    now: () => 0,
    complain: (what: string) => void complaints.push(what),
  };
  let links: readonly number[] = [1];
  const ledger = new Ledger(
    "c0",
    registry,
    exactlyThoseOf(() => links),
    65_536,
  );
  ledger.dialed(1);
  expect(complaints).toEqual([]);
  links = [2];
  ledger.dialed(2);
  links = [2, 3, 4];
  ledger.closed(1);
  ledger.dialed(3);
  ledger.closed(3);
  links = [2, 3];
  ledger.dialed(4);
  expect(complaints).toEqual([
    "c0 has the sockets 1, 2, but its chart the links 2",
    "c0 has the sockets 2, 3, but its chart the links 2, 3, 4",
    "c0 has the sockets 2, 4, but its chart the links 2, 3",
  ]);
});

test("a client that sends what it was not given is found", () => {
  const { complaints, write } = setUp();
  write("PUB a 3\r\nabc\r\n", 0);
  write("PUB a 5\r\nc1:0:\r\n", 0);
  expect(complaints).toEqual([
    'c0 sends what it was not given: "abc"',
    'c0 sends what it was not given: "c1:0:"',
  ]);
});

test("a client hands over as much as its socket has room for and some more, and at its end what it likes", () => {
  const { ledger, complaints, write } = setUp();
  write("PING\r\n", 65_536 + 200_000);
  expect(complaints).toEqual([]);
  write("PING\r\n", 65_536 + 200_001);
  expect(complaints).toEqual(["c0 hands over more than its socket has room for: 265537 bytes wait"]);
  ledger.ending();
  write("PING\r\n", 1_000_000);
  expect([complaints.length, ledger.isEnding]).toEqual([1, true]);
});

test("a socket is full from when it says so until it has drained, and tells what was said of subscriptions", () => {
  const { ledger, write } = setUp();
  write("SUB a 1\r\nSUB b q 2\r\nUNSUB 1 5\r\nUNSUB 2\r\n", 0);
  expect(ledger.wire(1)).toMatchObject({ isFull: false, isLeft: false });
  expect([...(ledger.wire(1)?.subscribed ?? [])]).toEqual(["1", "2"]);
  expect([...(ledger.wire(1)?.unsubscribed ?? [])]).toEqual([["2", 0]]);
  ledger.wrote(1, Buffer.from("PING\r\n"), 0, false);
  expect(ledger.wire(1)?.isFull).toBe(true);
  ledger.drained(1);
  expect(ledger.wire(1)?.isFull).toBe(false);
  ledger.ended(1, false, 0);
  expect([ledger.wire(1)?.isLeft, ledger.isAlive(1)]).toEqual([true, true]);
  ledger.closed(1);
  expect([ledger.wire(1), ledger.isAlive(1), ledger.isAlive(undefined)]).toEqual([undefined, false, false]);
  // What is told of it later is no news.
  ledger.drained(1);
  ledger.ended(1, true, 0);
});

test("a client reports what is unconfirmed, and servers tell the truth, where nothing else is said", () => {
  const { ledger, complaints, write, message } = setUp();
  write(message(), 0);
  ledger.deliveries.gaveUp(0);
  ledger.deliveries.vouches(1, "has flushed");
  expect(complaints).toEqual(["c0 has flushed, but no server has message 0"]);
});

test("what comes over a socket that the client has left is not for its subscriptions", () => {
  const { ledger } = setUp();
  const subscription = {
    getID: () => 1,
    getSubject: () => "a",
    isClosed: () => false,
    isDraining: () => false,
  };
  ledger.arrivals.subscribed(subscription);
  const comes = (number: number) => {
    ledger.received(1, Buffer.from(`MSG a 1 5\r\nc1:${number}:\r\n`));
    return ledger.arrivals.took(subscription, { client: "c1", number });
  };
  expect(comes(0)).toBe(1);
  ledger.ended(1, false, 0);
  expect(comes(1)).toBeUndefined();
});
