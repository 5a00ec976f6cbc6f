// A client that moves from one server to another: what it says about the order in which messages go out and come in, and how often they come,
// is checked. Each client here breaks one of these promises.

import { describe, expect, it, vi } from "vitest";
import { SubscriptionImpl } from "../../src/api/subscription.js";
import { ServerView } from "../../src/api/subscription-view.js";
import { Outbound } from "../../src/effects/outbound.js";
import { Session } from "../../src/effects/session.js";
import { SimulatedWorld } from "../../src/effects/simulated/world.js";
import { simulate } from "../../src/testing/index.js";
import { calm, found, type Mistake, planOf, publish, with_, withOptions } from "./planted.js";

const moving = with_({ onLameDuck: "migrate" });

/** While the first client moves away from a lame duck that it hears late, the second one sends it a message every 5 ms. */
const talk = (first = moving, second = with_(first.options, { list: { from: 1 }, knows: 1 })) =>
  planOf(
    [first, second],
    [
      [
        900,
        { type: "subscribe", client: 0, to: "work", max: null, iterates: false, ms: 50_000, end: "never" },
      ],
      [1_000, { type: "slow", client: 0, node: 0, latency: 100, bandwidth: 1_000, ms: 3_000 }],
      [1_500, { type: "lameDuck", node: 0, grace: 10_000, ms: 20_000 }],
      [6_000, publish("all", 1, { client: 1 })],
      ...Array.from({ length: 300 }, (_, i) => [1_000 + i * 5, publish("all", 1, { client: 1 })] as const),
      ...Array.from({ length: 100 }, (_, i) => [1_000 + i * 15, publish("self", 2)] as const),
      ...Array.from({ length: 100 }, (_, i) => [1_000 + i * 15, publish("work", 1, { client: 1 })] as const),
    ],
    { servers: 2 },
  );

/** The second client stays with the old server: this gives its work to the first one for as long as it may. */
const work = talk(moving, with_({}, { knows: 1 }));

/** Two messages of one subscription, each time that there are two. */
function deliverSwapped(isIt: (subscription: SubscriptionImpl) => boolean): void {
  const { deliver } = SubscriptionImpl.prototype;
  const held = new Map<SubscriptionImpl, Parameters<typeof deliver>[0]>();
  vi.spyOn(SubscriptionImpl.prototype, "deliver").mockImplementation(function (this: SubscriptionImpl, msg) {
    const before = held.get(this);
    if (!isIt(this)) return deliver.call(this, msg);
    if (before === undefined) return void held.set(this, msg);
    held.delete(this);
    deliver.call(this, msg);
    deliver.call(this, before);
  });
}

/** Timers of other lengths. */
function changeTimers(change: (ms: number) => number): void {
  const { startTimer } = SimulatedWorld.prototype;
  vi.spyOn(SimulatedWorld.prototype, "startTimer").mockImplementation(function (
    this: SimulatedWorld,
    ms,
    fired,
  ) {
    return startTimer.call(this, change(ms), fired);
  });
}

const isAll = ({ subject }: SubscriptionImpl) => subject === "all.>";

const mistakes: readonly Mistake[] = [
  [
    "swaps two messages in the cutover",
    () => {
      const { release } = Outbound.prototype;
      vi.spyOn(Outbound.prototype, "release").mockImplementation(function (this: Outbound, sink) {
        const { write } = sink;
        let held: Parameters<typeof write> | undefined;
        let writes = 0;
        Object.defineProperty(sink, "write", {
          configurable: true,
          value: (...written: Parameters<typeof write>) => {
            if (++writes === 1 && this.since > 0) {
              held = written;
              return true;
            }
            const hasRoom = write.apply(sink, written);
            if (held !== undefined) write.apply(sink, held);
            held = undefined;
            return hasRoom;
          },
        });
        release.call(this, sink);
      });
    },
    /^c0 sends message \d+, but message \d+ never went out$/,
    talk(),
  ],
  [
    "goes on with the new server before the old one has all",
    () => {
      const { ping } = Session.prototype;
      vi.spyOn(Session.prototype, "ping").mockImplementation(function (this: Session, answered, failed) {
        ping.call(this, () => {}, failed);
        answered();
      });
    },
    /^c0 goes on with socket 2, though \d+ messages of socket 1 are neither confirmed nor told$/,
    talk(),
  ],
  [
    "sends a message over both sockets",
    () => {
      const { pause } = Outbound.prototype;
      vi.spyOn(Outbound.prototype, "pause").mockImplementation(function (this: Outbound) {
        this.publish("self.c0", "c0:0:........", undefined, undefined);
        this.flush(true);
        pause.call(this);
      });
    },
    /^c0 sends message 0 twice: over sockets 1 and 1$/,
    talk(),
  ],
  [
    "swaps two messages that came",
    () => deliverSwapped(isAll),
    /^c\d gives message c1:\d+ to subscription 2 \(all\.>\), though message c1:\d+ came over socket \d before$/,
    talk(),
  ],
  [
    "gives a message twice",
    () => {
      const { deliver } = SubscriptionImpl.prototype;
      vi.spyOn(SubscriptionImpl.prototype, "deliver").mockImplementation(function (
        this: SubscriptionImpl,
        msg,
      ) {
        deliver.call(this, msg);
        if (isAll(this)) deliver.call(this, msg);
      });
    },
    /^c\d, subscription all: message \d+ of c1 arrived, but came over no socket$/,
    talk(),
  ],
  [
    "hears from both servers, and gives what one of them sends only",
    () => {
      const { deliver } = SubscriptionImpl.prototype;
      const last = new Map<SubscriptionImpl, number>();
      vi.spyOn(SubscriptionImpl.prototype, "deliver").mockImplementation(function (
        this: SubscriptionImpl,
        msg,
      ) {
        const number = Number(msg.string().split(":")[1]);
        if (isAll(this) && number <= (last.get(this) ?? -1)) return;
        last.set(this, number);
        deliver.call(this, msg);
      });
    },
    /^c\d gives message c1:\d+ to subscription 2 \(all\.>\), though message c1:\d+ came over socket \d before$/,
    talk(),
  ],
  [
    "keeps the last message that came",
    () => {
      const { deliver } = SubscriptionImpl.prototype;
      const held = new Map<SubscriptionImpl, Parameters<typeof deliver>[0]>();
      vi.spyOn(SubscriptionImpl.prototype, "deliver").mockImplementation(function (
        this: SubscriptionImpl,
        msg,
      ) {
        if (!isAll(this)) return deliver.call(this, msg);
        const before = held.get(this);
        held.set(this, msg);
        if (before !== undefined) deliver.call(this, before);
      });
    },
    /^c0 keeps message c1:\d+, which came over socket \d, from subscription 2 \(all\.>\)$/,
    planOf([moving, calm], [[1_000, publish("all", 3, { client: 1 })]]),
  ],
  [
    "never leaves its old server",
    () => changeTimers((ms) => (ms === 250 ? 1_000_000 : ms)),
    /^c0 still listens to its old server, over socket 1, \d+ ms after it has moved$/,
    talk(),
  ],
  [
    "leaves its old server at once",
    () => changeTimers((ms) => (ms === 250 ? 0 : ms)),
    /^c0 ends its subscription 1 to self\.c0 with the old server 0 ms after it has moved$/,
    talk(),
  ],
  [
    "does not make one of its subscriptions with the new server",
    () => {
      const { restore } = ServerView.prototype;
      vi.spyOn(ServerView.prototype, "restore").mockImplementation(function (this: ServerView) {
        return restore.call(this).replace(/SUB all\.> 2\r\n/, "");
      });
    },
    /^c0 goes on with socket 2, where it has not made its subscription 2 to all\.>$/,
    talk(),
  ],
  [
    "does not wait for what is on its way to a member of a queue group",
    () => {
      const { ping, unsubscribe } = Session.prototype;
      const left = new Set<Session>();
      vi.spyOn(Session.prototype, "unsubscribe").mockImplementation(function (this: Session) {
        left.add(this);
        unsubscribe.call(this);
      });
      vi.spyOn(Session.prototype, "ping").mockImplementation(function (this: Session, answered, failed) {
        ping.call(this, left.has(this) ? () => {} : answered, failed);
        if (left.has(this)) answered();
      });
    },
    /^message c1:\d+ to subscription 4 \(work\) of c0 by .* is on its way when c0 leaves that server$/,
    work,
  ],
  [
    "moves although it is to tell of lame duck mode only, and so hears twice",
    () => withOptions(() => ({ onLameDuck: "migrate" })),
    /^c0, subscription all: message \d+ of c1 arrived 2 times, read 1 times$/,
    planOf(
      [calm, with_({}, { list: { from: 1 }, knows: 1 })],
      [
        [1_500, { type: "lameDuck", node: 0, grace: 10_000, ms: 20_000 }],
        ...Array.from({ length: 100 }, (_, i) => [1_400 + i * 5, publish("all", 1, { client: 1 })] as const),
      ],
      { servers: 2 },
    ),
  ],
  [
    "moves likewise, and hears late from its old server",
    () => withOptions(() => ({ onLameDuck: "migrate" })),
    /^c0, subscription all: message \d+ of c1 arrived after \d+$/,
    talk(calm),
  ],
];

describe("simulate finds a client that", () => {
  found(mistakes);
});

it("hears from both servers, and late from one of them, in that plan", async () => {
  const { premises } = await simulate({ seed: 1, plan: talk() });
  expect(premises["moved"]).toBe(1);
  expect(premises["heardFromBoth"]).toBeGreaterThan(5);
  expect(premises["arrivedLate"]).toBeGreaterThan(5);
});
