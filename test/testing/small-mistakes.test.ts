// Mistakes in what a client says, keeps, gives and leaves behind. Each is found by one check of the simulation, and by no other one: its
// test demands the words of that check.

import { describe, vi } from "vitest";
import { Connection } from "../../src/api/connection.js";
import { NatsError } from "../../src/api/errors.js";
import { MsgImpl } from "../../src/api/msg.js";
import { Statuses } from "../../src/api/status.js";
import { SubscriptionImpl } from "../../src/api/subscription.js";
import { SubscriptionTable } from "../../src/api/subscription-table.js";
import { ServerView } from "../../src/api/subscription-view.js";
import { Outbound } from "../../src/effects/outbound.js";
import { Session } from "../../src/effects/session.js";
import { VirtualNetwork } from "../../src/effects/simulated/virtual-network.js";
import { SimulatedWorld } from "../../src/effects/simulated/world.js";
import { decodeText } from "../../src/effects/wire/text.js";
import type { Fault } from "../../src/testing/index.js";
import {
  calm,
  found,
  type Mistake,
  planOf,
  publish,
  with_,
  withClass,
  withOptions,
  withTransport,
  withWords,
} from "./planted.js";

const crash = (node: number, ms: number): Fault => ({ type: "crash", node, ms });
const subscribe = {
  type: "subscribe",
  client: 0,
  to: "all",
  max: null,
  iterates: false,
  ms: 10_000,
  end: "unsubscribe",
} as const;
const ask = { type: "request", client: 0, to: "ask", timeout: 1_000, noMux: false, abort: null } as const;

/** Nothing happens but that a client sends itself some messages. */
const quiet = planOf([calm], [[5_000, publish("self", 3, { flush: true })]]);
/** Its server is gone for a while, and meanwhile it publishes. */
const outage = planOf(
  [calm],
  [
    [5_000, publish("self")],
    [5_001, crash(0, 10_000)],
    [6_000, publish("self", 5)],
  ],
);
const keepsLittle = planOf(
  [with_({ reconnectBufferSize: 200 })],
  [
    [5_000, crash(0, 10_000)],
    [6_000, publish("self", 20)],
  ],
);

/** All that the client has to settle is settled, and time has not gone on. */
async function afterwards(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await undefined;
}

const sockets: readonly Mistake[] = [
  [
    "dials after it was closed",
    () => {
      const { dial } = SimulatedWorld.prototype;
      const { dispose } = Outbound.prototype;
      let again = () => {};
      vi.spyOn(SimulatedWorld.prototype, "dial").mockImplementation(function (this: SimulatedWorld, ...to) {
        again = () => void dial.apply(this, to);
        return dial.apply(this, to);
      });
      vi.spyOn(Outbound.prototype, "dispose").mockImplementation(function (this: Outbound) {
        dispose.call(this);
        void afterwards().then(again);
      });
    },
    /^c0 dials after it was closed$/,
    quiet,
  ],
  [
    "dials twice",
    () => {
      const { dial } = SimulatedWorld.prototype;
      vi.spyOn(SimulatedWorld.prototype, "dial").mockImplementation(function (this: SimulatedWorld, ...to) {
        dial.apply(this, to);
        return dial.apply(this, to);
      });
    },
    /^c0 has the sockets 1, 2, but its chart the links /,
    quiet,
  ],
  [
    "writes to a socket that it has closed",
    () =>
      withTransport((inner) => ({
        destroy: () => {
          inner.destroy();
          inner.write(new Uint8Array(1));
        },
      })),
    /^c0 writes to its socket 1, which is closed$/,
    planOf([calm], [[5_000, { type: "reconnect", client: 0 }]]),
  ],
  [
    "does not wait until its socket has room",
    () => {
      const { flush } = Outbound.prototype;
      vi.spyOn(Outbound.prototype, "flush").mockImplementation(function (this: Outbound) {
        flush.call(this, true);
      });
    },
    /^c0 hands over more than its socket has room for: \d+ bytes wait$/,
    planOf(
      [calm],
      [
        [4_000, { type: "slow", client: 0, node: 0, latency: 5, bandwidth: 1, ms: 20_000 }],
        ...[5_000, 5_010, 5_020, 5_030].map((at) => [at, publish("nobody", 2, { size: 100_000 })] as const),
      ],
    ),
  ],
  [
    "leaves bytes behind when it is closed",
    () => vi.spyOn(Outbound.prototype, "dispose").mockImplementation(() => {}),
    /^c0 is closed, but keeps \d+ bytes$/,
    planOf(
      [calm],
      [
        [5_000, crash(0, 100_000)],
        [6_000, publish("self")],
        [7_000, { type: "close", client: 0, ms: 100_000 }],
      ],
    ),
  ],
  [
    "closes a timer too late",
    () => {
      const { stopTimer } = SimulatedWorld.prototype;
      vi.spyOn(SimulatedWorld.prototype, "stopTimer").mockImplementation(function (
        this: SimulatedWorld,
        timer,
      ) {
        void afterwards().then(() => stopTimer.call(this, timer));
      });
    },
    /^c0 is closed, but has \d timers and 0 sockets$/,
    quiet,
  ],
  [
    "dials its server again too soon",
    () => withOptions(() => ({ reconnectTimeWait: 100 })),
    /^c0 dials 10\.0\.1\.1:4222 again after \d+ ms; it should leave it alone for 2000$/,
    outage,
  ],
  [
    "keeps more than it may while it is disconnected",
    () => withOptions(() => ({ reconnectBufferSize: -1 })),
    /^c0 keeps \d+ bytes while disconnected; it may keep \d+$/,
    keepsLittle,
  ],
  [
    "gives up",
    () => withOptions(() => ({ reconnect: false })),
    /^c0 gives up, though it should go on for ever: /,
    outage,
  ],
  [
    "gives a server up too soon",
    () => withOptions(() => ({ maxReconnectAttempts: 2 })),
    /^c0 gives 10\.0\.1\.1:4222 up after 2 failed attempts in a row; its limit is 3$/,
    planOf([with_({ maxReconnectAttempts: 3 })], [[5_000, crash(0, 30_000)]]),
  ],
  [
    "gives a server up too late",
    () => withOptions(() => ({ maxReconnectAttempts: 4 })),
    /^c0 does not give 10\.0\.1\.1:4222 up after 3 failed attempts in a row; its limit is 3$/,
    planOf([with_({ maxReconnectAttempts: 3 })], [[5_000, crash(0, 30_000)]]),
  ],
  [
    "counts a failed attempt twice",
    () => {
      const { getServers } = Connection.prototype;
      vi.spyOn(Connection.prototype, "getServers").mockImplementation(function (this: Connection) {
        return getServers
          .call(this)
          .map((one) => Object.assign(Object.create(one), { reconnects: one.reconnects * 2 }));
      });
    },
    /^c0 counts 2 failed attempts of 10\.0\.1\.1:4222, after 1 failed attempts in a row$/,
    outage,
  ],
  [
    "does not learn of the servers of its cluster",
    () => withOptions(() => ({ ignoreClusterUpdates: true })),
    /^c0 does not know of the server 10\.0\.1\.2:4222$/,
    planOf([with_({}, { knows: 1 })], [], { servers: 2 }),
  ],
  [
    "does not forget a server that has left its cluster",
    () => {
      const { getServers } = Connection.prototype;
      const known = new Map<string, ReturnType<typeof getServers>[number]>();
      vi.spyOn(Connection.prototype, "getServers").mockImplementation(function (this: Connection) {
        for (const one of getServers.call(this)) known.set(one.listen, one);
        known.set(
          "10.0.1.9:4222",
          Object.assign(Object.create([...known.values()][0] ?? {}), {
            listen: "10.0.1.9:4222",
            gossiped: true,
          }),
        );
        return [...known.values()];
      });
    },
    /^c0 still knows of the server 10\.0\.1\.9:4222, which is gone$/,
    planOf([calm], [], { servers: 2 }),
  ],
];

const promises: readonly Mistake[] = [
  [
    "throws at a message that it accepts",
    () => {
      const right = Connection.prototype.publish;
      vi.spyOn(Connection.prototype, "publish").mockImplementation(function (this: Connection, ...message) {
        right.apply(this, message);
        throw new NatsError("no", "NO");
      });
    },
    /^c0 throws at a message that it accepts: /,
    quiet,
  ],
  [
    "refuses a message with another error",
    () =>
      vi.spyOn(Connection.prototype, "publish").mockImplementation(() => {
        throw new RangeError("no");
      }),
    /^c0 throws something else than a NatsError: RangeError: no$/,
    quiet,
  ],
  [
    "rejects with another error",
    () => vi.spyOn(Connection.prototype, "rtt").mockRejectedValue(new RangeError("no")),
    /^c0 rtt fails with something else than a NatsError: RangeError: no$/,
    planOf([calm], [[5_000, { type: "rtt", client: 0 }]]),
  ],
  [
    "never settles what it was asked for",
    () => vi.spyOn(Connection.prototype, "rtt").mockReturnValue(new Promise(() => {})),
    /^c0 is closed, but leaves unsettled: rtt$/,
    planOf([calm], [[5_000, { type: "rtt", client: 0 }]]),
  ],
  [
    "does not end",
    () => {
      vi.spyOn(Connection.prototype, "close").mockResolvedValue();
      vi.spyOn(Connection.prototype, "drain").mockReturnValue(new Promise(() => {}));
    },
    /^c0 does not end, though it was told to, within \d+ ms of virtual time$/,
    planOf([calm], []),
  ],
  [
    "never flushes again",
    () => vi.spyOn(Connection.prototype, "flush").mockRejectedValue(new NatsError("no", "TIMEOUT")),
    /^a client neither comes back nor ends, though all is well$/,
    planOf([calm], []),
  ],
  [
    "does not come back",
    () => vi.spyOn(Connection.prototype, "flush").mockReturnValue(new Promise(() => {})),
    /^c0 does not come back, though all is well, within \d+ ms of virtual time$/,
    planOf([calm], []),
  ],
  [
    "reports a status behind its end",
    () => {
      const { report } = Statuses.prototype;
      vi.spyOn(Statuses.prototype, "report").mockImplementation(function (this: Statuses, status) {
        report.call(this, status);
        if (status.type === "close")
          void afterwards().then(() => report.call(this, { ...status, type: "error" } as never));
      });
    },
    /^c0 reports the status error after it was closed$/,
    quiet,
  ],
  [
    "does not report its end",
    () => {
      const { report } = Statuses.prototype;
      vi.spyOn(Statuses.prototype, "report").mockImplementation(function (this: Statuses, status) {
        if (status.type !== "close") report.call(this, status);
      });
    },
    /^c0 is closed without the status close$/,
    quiet,
  ],
  [
    "reports an outage twice",
    () => {
      const { report } = Statuses.prototype;
      vi.spyOn(Statuses.prototype, "report").mockImplementation(function (this: Statuses, status) {
        report.call(this, status);
        if (status.type === "disconnect") report.call(this, status);
      });
    },
    /^c0 reports two disconnects in a row$/,
    planOf([calm], [[5_000, { type: "reset", client: 0 }]]),
  ],
  [
    "records another end",
    () => {
      const { recording } = Connection.prototype;
      vi.spyOn(Connection.prototype, "recording").mockImplementation(function (this: Connection) {
        const right = recording.call(this);
        return right && { ...right, events: right.events.slice(0, -3) };
      });
    },
    /^c0 is closed, but its recording ends in /,
    planOf([{ ...calm, records: true }], []),
  ],
  [
    "records what cannot be played again",
    () => {
      const { recording } = Connection.prototype;
      vi.spyOn(Connection.prototype, "recording").mockImplementation(function (this: Connection) {
        const right = recording.call(this);
        return right && ({ ...right, more: true } as typeof right);
      });
    },
    /^c0 is closed, but its recording ends in RecordingError: .*"more"/,
    planOf([{ ...calm, records: true }], []),
  ],
];

const secret: Partial<typeof calm> = { list: { from: 0, secrets: "all" } };
const withSecret = (more: Partial<typeof calm> = {}) =>
  planOf([{ ...calm, ...secret, ...more }], [[5_000, { type: "reset", client: 0 }]]);

/** Somebody in the way says that the server speaks no TLS. */
const saysNoTls: Fault = {
  type: "mislead",
  node: 0,
  by: "path",
  connectUrls: [],
  lameDuck: false,
  tls: "none",
  cuts: false,
  ms: 30_000,
};

const secrets: readonly Mistake[] = [
  [
    "makes up a secret",
    () => withWords((text) => text.replace(/sEcReT\.c0\.0\./g, "sEcReT.c0.7.")),
    /^c0 sends a secret that it was not given to 10\.0\.1\.1:4222 in the clear$/,
    withSecret(),
  ],
  [
    "does not see that its list asks for TLS",
    () =>
      withOptions(({ servers }) => ({
        servers: [servers].flat().map((url) => `${url}`.replace("tls://", "nats://")),
      })),
    /^c0 sends the secret of 10\.0\.1\.1:4222 to 10\.0\.1\.1:4222 in the clear, although its list asks for TLS$/,
    {
      ...planOf([{ ...calm, list: { from: 0, secrets: "all", tls: true } }], [[0, saysNoTls]]),
      server: { tls: "offered" },
    },
  ],
  [
    "has a secret in an error",
    () =>
      withClass(
        (right) =>
          class extends right {
            readonly #url: string;
            constructor(...[world, options]: ConstructorParameters<typeof Connection>) {
              super(world, options);
              this.#url = `${[options.servers].flat()[0]}`;
            }
            override rtt(): Promise<number> {
              return Promise.reject(new NatsError(`no answer of ${this.#url}`, "TIMEOUT"));
            }
          },
      ),
    /^c0 tells a secret: /,
    planOf([{ ...calm, ...secret }], [[5_000, { type: "rtt", client: 0 }]]),
  ],
  [
    "keeps a secret in its recording",
    () =>
      withClass(
        (right) =>
          class extends right {
            readonly #url: string;
            constructor(...[world, options]: ConstructorParameters<typeof Connection>) {
              super(world, options);
              this.#url = `${[options.servers].flat()[0]}`;
            }
            override recording() {
              const own = super.recording();
              return own && ({ ...own, clientVersion: this.#url } as typeof own);
            }
          },
      ),
    /^c0 keeps a secret in its recording$/,
    planOf([{ ...calm, ...secret, records: true }], []),
  ],
];

const messages: readonly Mistake[] = [
  [
    "gives messages that nobody sent",
    () => changeText((text) => (text.startsWith("c0:1:") ? "what?" : text)),
    /^c0, subscription self: a message that nobody sent: "what\?"$/,
    quiet,
  ],
  [
    "gives messages that were never accepted",
    () => changeText((text) => text.replace("c0:1:", "c0:77:")),
    /^c0, subscription self: message 77 of c0 was never accepted$/,
    quiet,
  ],
  [
    "gives a message without its end",
    () => changeText((text) => (text.startsWith("c0:1:") ? text.slice(0, -1) : text)),
    /^c0, subscription self: message 1 of c0 arrived damaged$/,
    quiet,
  ],
  [
    "gives a message to a subscription that has ended",
    () => {
      const { get } = SubscriptionTable.prototype;
      const all = new Map<number, SubscriptionImpl>();
      vi.spyOn(SubscriptionTable.prototype, "get").mockImplementation(function (
        this: SubscriptionTable,
        sid,
      ) {
        const found = get.call(this, sid) ?? all.get(sid);
        if (found !== undefined) all.set(sid, found);
        return found;
      });
    },
    /^c0, subscription all 1: a message after its end$/,
    planOf(
      [calm],
      [[5_000, subscribe], ...Array.from({ length: 20 }, (_, i) => [14_990 + i, publish("all", 1)] as const)],
    ),
  ],
  [
    "gives more messages than a subscription takes",
    () => {
      const { deliver } = SubscriptionImpl.prototype;
      vi.spyOn(SubscriptionImpl.prototype, "deliver").mockImplementation(function (
        this: SubscriptionImpl,
        msg,
      ) {
        const isLast = this.received + 1 === this.max;
        const callback = (this as unknown as { _callback?: (error: null, msg: unknown) => void })._callback;
        deliver.call(this, msg);
        if (isLast) callback?.(null, msg);
      });
    },
    /^c0 silent 1: more than 2 messages$/,
    planOf(
      [calm],
      [
        [5_000, { ...subscribe, to: "silent", max: 2 }],
        [6_000, { ...ask, to: "silent" }],
        [7_000, { ...ask, to: "silent" }],
      ],
    ),
  ],
  [
    "does not tell its server of a subscription",
    () => withWords((text) => text.replace("SUB all.> 4\r\n", "")),
    /^c0 and its server disagree: subscription 4 to all\.> is alive$/,
    planOf([calm], [[5_000, { ...subscribe, end: "never" }]]),
  ],
  [
    "does not tell its server that a subscription has ended",
    () => vi.spyOn(ServerView.prototype, "ended").mockImplementation(() => {}),
    /^c0 and its server disagree: subscription 4 to all\.> is over$/,
    planOf([calm], [[5_000, subscribe]]),
  ],
  [
    "does not tell its next server how many messages a subscription takes",
    () => {
      const { restore } = ServerView.prototype;
      vi.spyOn(ServerView.prototype, "restore").mockImplementation(function (this: ServerView) {
        return restore.call(this).replace(/UNSUB \d+ \d+\r\n/g, "");
      });
    },
    /^c0 and its server disagree: subscription 4 to all\.> takes 9 more messages, or undefined$/,
    planOf(
      [calm],
      [
        [5_000, { ...subscribe, max: 9, end: "never" }],
        [6_000, { type: "reset", client: 0 }],
      ],
    ),
  ],
  [
    "restores its subscriptions behind what it has published",
    () => {
      const { release } = Outbound.prototype;
      const { subscribe: restore } = Session.prototype;
      let later = () => {};
      vi.spyOn(Session.prototype, "subscribe").mockImplementation(function (this: Session, subscriptions) {
        later = () => restore.call(this, subscriptions);
      });
      vi.spyOn(Outbound.prototype, "release").mockImplementation(function (this: Outbound, sink) {
        release.call(this, sink);
        later();
      });
    },
    /^c0 misses message \d+, which it sent to itself, (after a flush|in peace)$/,
    outage,
  ],
  [
    "gives a request the answer to another one",
    () => {
      const { request } = Connection.prototype;
      let before: ReturnType<typeof request> | undefined;
      vi.spyOn(Connection.prototype, "request").mockImplementation(function (this: Connection, ...asked) {
        const answer = request.apply(this, asked);
        const other = before ?? answer;
        before ??= answer;
        // biome-ignore lint/plugin: nobody is given this answer.
        answer.catch(() => {});
        return other;
      });
    },
    /^c0 asked c0:2 and is answered c0:0$/,
    planOf(
      [calm],
      [
        [5_000, ask],
        [6_000, ask],
      ],
    ),
  ],
  [
    "is asked by nobody",
    () => changeText((text) => (text.endsWith("?") ? "?" : text)),
    /^c0 is asked by nobody$/,
    planOf([calm], [[5_000, ask]]),
  ],
  [
    "resolves a drain of a subscription at once",
    () => {
      const { drained } = ServerView.prototype;
      vi.spyOn(ServerView.prototype, "drained").mockImplementation(function (
        this: ServerView,
        subscription,
        arrived,
      ) {
        drained.call(this, subscription, () => {});
        arrived();
      });
    },
    /^message c0:\d+ to subscription 4 \(work\) of c0 by .* did not arrive, though the subscription is drained$/,
    planOf(
      [calm],
      [
        [5_000, { ...subscribe, to: "work", end: "drain" }],
        ...Array.from({ length: 30 }, (_, i) => [14_985 + i, publish("work", 1)] as const),
      ],
    ),
  ],
  [
    "makes a subscription under another number",
    () => withWords((text) => text.replace(/SUB work workers 4\r\n/, "SUB work workers 44\r\n")),
    /^c0 never made the subscription 44 to work, which a server knows$/,
    planOf(
      [calm],
      [
        [5_000, { ...subscribe, to: "work", end: "never" }],
        [6_000, publish("work", 1)],
      ],
    ),
  ],
];

/** What is between the client and its servers has a mistake: that is seen as well. */
const network: readonly Mistake[] = [
  [
    "loses a message of a queue group on the way to a client",
    () => loseOnTheWay(/MSG work \d+ \d+\r\n[^\r]*\r\n/g),
    /^message c0:0 to subscription 4 \(work\) of c0 by .* never came, though its socket 1 is open$/,
    planOf(
      [calm],
      [
        [5_000, { ...subscribe, to: "work", end: "never" }],
        [6_000, publish("work", 1)],
      ],
    ),
  ],
  [
    "loses a message of a queue group, and brings the next one",
    () => loseOnTheWay(/MSG work \d+ \d+\r\nc0:0:[^\r]*\r\n/g),
    /^message c0:0 to subscription 4 \(work\) of c0 by .* did not come, though message c0:1 came after it$/,
    planOf(
      [calm],
      [
        [5_000, { ...subscribe, to: "work", end: "never" }],
        [6_000, publish("work", 1)],
        [7_000, publish("work", 1)],
      ],
    ),
  ],
];

/** What is like that does not reach a client. */
function loseOnTheWay(lost: RegExp): void {
  const { dial } = VirtualNetwork.prototype;
  vi.spyOn(VirtualNetwork.prototype, "dial").mockImplementation(function (
    this: VirtualNetwork,
    name,
    server,
    events,
    ...more
  ) {
    const data = (bytes: Uint8Array) => {
      const text = decodeText(bytes, 0, bytes.length).replace(lost, "");
      if (text !== "") events.data(new TextEncoder().encode(text));
    };
    const others = Object.create(events, { data: { value: data } }) as typeof events;
    return dial.call(this, name, server, others, ...more);
  });
}

/** Messages say something else. */
function changeText(change: (text: string) => string): void {
  const { string } = MsgImpl.prototype;
  vi.spyOn(MsgImpl.prototype, "string").mockImplementation(function (this: MsgImpl) {
    return change(string.call(this));
  });
}

describe("simulate finds a client that", () => {
  describe("as to its sockets and servers,", () => found(sockets));
  describe("as to what it promises,", () => found(promises));
  describe("as to secrets,", () => found(secrets));
  describe("as to messages,", () => found(messages));
});

describe("simulate finds a network that", () => found(network));
