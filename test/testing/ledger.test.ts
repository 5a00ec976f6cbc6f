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
  expect(complaints).toEqual([
    "c0 has the sockets 1, 2, but its chart the links 2",
    "c0 has the sockets 2, 3, but its chart the links 2, 3, 4",
  ]);
});
