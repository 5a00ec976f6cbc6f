// When the laws say that there was something to judge, and when not.

import { describe, expect, it, test } from "vitest";
import { DeliveryLaw } from "../../src/testing/delivery-law.js";
import { exactlyThoseOf, Ledger } from "../../src/testing/ledger.js";
import { payloadOf } from "../../src/testing/message-id.js";
import type { ClientPlan } from "../../src/testing/plan.js";
import { Receipts } from "../../src/testing/receipts.js";
import { SecretsLaw, secretOf } from "../../src/testing/secrets-law.js";
import { simulate } from "../../src/testing/simulate.js";
import { calm, planOf, publish, with_ } from "./planted.js";

const amount = (messages: number) => ({ messages, bytes: messages * 20 });
const bytes = (text: string) => new TextEncoder().encode(text);

/** The law of deliveries, for some messages, the first two of which the socket 1 was handed. */
function deliveries({ resends = false } = {}) {
  const held: string[] = [];
  const complaints: string[] = [];
  const law = new DeliveryLaw(
    { resends, isLying: false },
    (what) => void complaints.push(what),
    (premise) => void held.push(premise),
  );
  law.dialed(1);
  for (let number = 0; number < 3; number++) law.accept(10, number === 1);
  law.handed(1, 0);
  law.handed(1, 1);
  return { law, held, complaints };
}

test("messages are lost, sent again, read twice, withdrawn and taken back", () => {
  const { law, held, complaints } = deliveries({ resends: true });
  law.arrived(1, 0);
  law.disconnected(amount(2));
  expect(held).toEqual(["lost"]);
  law.dialed(2);
  law.handed(2, 0);
  law.arrived(2, 0);
  expect(held).toEqual(["lost", "resent", "readTwice"]);
  expect([law.doubled, law.readingsOf(0), law.readingsOf(1)]).toEqual([
    1,
    { times: 2, socket: 2 },
    { times: 0, socket: -1 },
  ]);
  law.tookBack(1);
  law.gaveUp(2);
  law.tookBack(0);
  expect(held.slice(3)).toEqual(["headersTakenBack", "withdrawnAgain"]);
  expect(complaints).toEqual([]);
});

test("a flush and the end tell of something, or of nothing", () => {
  const one = deliveries();
  one.law.disconnected(amount(2));
  one.law.flushFailed({ unconfirmed: amount(2) });
  one.law.flushFailed({});
  one.law.closed({ unsent: amount(1) });
  expect(one.held).toEqual(["lost", "toldToFlush", "unsentAtEnd"]);
  const other = deliveries();
  other.law.gaveUp(2);
  other.law.closed({ unconfirmed: amount(2) });
  expect(other.held).toEqual(["unconfirmedAtEnd"]);
  const quiet = deliveries();
  quiet.law.gaveUp(2);
  for (const number of [0, 1]) quiet.law.arrived(1, number);
  quiet.law.disconnected(amount(0));
  quiet.law.closed({});
  expect([quiet.held, quiet.complaints]).toEqual([[], []]);
});

test("a socket is full, has to wait for a confirmation, is half closed, or ends with messages", () => {
  const held: string[] = [];
  const complaints: string[] = [];
  const begin = (resends: boolean) => {
    const ledger = new Ledger(
      "c0",
      {
        ledgers: new Map(),
        now: () => 0,
        complain: (what) => void complaints.push(what),
        held: (premise) => void held.push(premise),
      },
      exactlyThoseOf(() => [1]),
      1_000,
      { resends, isLying: false, bound: 30 },
    );
    ledger.dialed(1);
    const write = (hasRoom = true) => {
      const payload = payloadOf({ client: "c0", number: ledger.deliveries.accept(10, false) }, "", 10);
      ledger.wrote(1, bytes(`PUB a 10\r\n${payload}\r\n`), 5, hasRoom);
    };
    return { ledger, write };
  };
  const first = begin(true);
  first.write();
  expect([held.splice(0), first.ledger.wire(1)?.isFull]).toEqual([[], false]);
  first.write(false);
  expect([held.splice(0), first.ledger.wire(1)?.isFull]).toEqual([
    ["fullSocket", "waitsForConfirmation"],
    true,
  ]);
  first.ledger.ended(1, false, 5);
  expect(held.splice(0)).toEqual(["halfClosed"]);
  const second = begin(false);
  second.write();
  second.ledger.ending();
  second.ledger.ended(1, false, 5);
  expect(held.splice(0)).toEqual([]);
  second.ledger.ended(1, true, 5);
  expect(held.splice(0)).toEqual(["endsWithMessages"]);
  const third = begin(false);
  third.write();
  third.ledger.ended(1, true, 5);
  expect([held, complaints, third.ledger.sockets.size]).toEqual([[], [], 0]);
});

test("a subscription hears from both servers, or late from one of them", () => {
  const held: string[] = [];
  const ledgers = new Map<string, Ledger>();
  const registry = {
    ledgers,
    now: () => 0,
    complain: () => {},
    held: (premise: string) => void held.push(premise),
  };
  const ledger = new Ledger("c0", registry, () => undefined, 65_536);
  ledger.dialed(1);
  for (let number = 0; number < 3; number++) {
    ledger.deliveries.handed(1, ledger.deliveries.accept(10, false));
    ledger.deliveries.arrived(1, number);
  }
  const hear = (mayRepeat: boolean) => {
    const receipts = new Receipts("c1", registry, "all", mayRepeat);
    const add = (number: number, socket: number) =>
      receipts.add(payloadOf({ client: "c0", number }, "", 10), socket);
    add(0, 1);
    add(0, 2);
    add(2, 2);
    add(1, 1);
    return held.splice(0);
  };
  expect(hear(true)).toEqual(["heardFromBoth", "arrivedLate"]);
  expect(hear(false)).toEqual([]);
});

test("a list with secrets is replaced, and secrets go to servers that were named, in the clear or under TLS", () => {
  const held: string[] = [];
  const law = new SecretsLaw(
    { allowsNonTls: true, givesUp: false },
    (what) => held.push(what),
    (premise) => held.push(premise),
  );
  const secret = secretOf("c0", 0, 0);
  const names = (socket: number, name: string) =>
    law.received(socket, bytes(`INFO {"connect_urls":["${name}"]}\r\n`));
  law.replaced(["nats://x:1"]);
  law.replaced([`nats://${secret}@a:1`]);
  expect(held.splice(0)).toEqual([]);
  law.dialed(1, "a:1");
  names(1, "b:1");
  law.dialed(2, "b:1");
  law.wrote(2, bytes(secret));
  expect(held.splice(0)).toEqual(["secretToClaimed"]);
  law.dialed(3, "b:1");
  law.secured(3, ["a"]);
  law.wrote(3, bytes(secret));
  expect(held.splice(0)).toEqual(["secretUnderTls"]);
  names(3, "c:1");
  law.dialed(4, "c:1");
  law.wrote(4, bytes(secret));
  expect(held.splice(0)).toEqual(["secretToNamed"]);
  // TLS was spoken with a server of that URL.
  law.dialed(5, "a:1");
  expect(held.splice(0)).toEqual(["spokeTls"]);
  law.replaced(["nats://a:1"]);
  expect(held.splice(0)).toEqual(["listReplaced"]);
});

describe("what a client is told of its servers counts as something to judge", () => {
  const told = ["lameDuck", "lameDuckInDrain", "stale", "lostInMove", "renewed"] as const;
  /** How often each held in a run of that plan. */
  async function heldIn(clients: readonly ClientPlan[], entries: Parameters<typeof planOf>[1], servers = 1) {
    const plan = planOf(clients, entries, { servers });
    const { premises } = await simulate({ seed: 1, plan });
    return Object.fromEntries(told.flatMap((one) => (premises[one] === 0 ? [] : [[one, premises[one]]])));
  }

  it("a calm connection: nothing", async () => {
    expect(await heldIn([calm], [[1_000, publish("self")]])).toEqual({});
  });

  it("a lame duck: that, and no more", async () => {
    expect(
      await heldIn([calm], [[1_000, { type: "lameDuck", node: 0, grace: 5_000, ms: 10_000 }]], 2),
    ).toEqual({
      lameDuck: 1,
    });
  });

  it("a server that stands still: its silence", async () => {
    const quick = with_({ pingInterval: 1_000, maxPingOut: 1 });
    expect(await heldIn([quick], [[1_000, { type: "pause", node: 0, ms: 20_000 }]])).toEqual({ stale: 1 });
  });

  it("a server that is killed: nothing", async () => {
    expect(await heldIn([calm], [[1_000, { type: "crash", node: 0, ms: 5_000 }]], 2)).toEqual({});
  });
});
