// Each sentence of contradictions.ts, and each part of one, can be broken: by a moment in which nothing else is wrong.

import { expect, test } from "vitest";
import type { ConnectionContext } from "../../../src/machine/context.js";
import type { ServerInfoReceived } from "../../../src/machine/events.js";
import type { AttemptReport } from "../../../src/machine/failure.js";
import type { Link } from "../../../src/machine/link.js";
import type { PoolServer } from "../../../src/machine/server-pool.js";
import {
  contradictionsIn,
  outboundIn,
  sentencesOfMoments,
  timersIn,
} from "../../../src/testing/chart/contradictions.js";
import {
  begin,
  chosen,
  close,
  drain,
  fires,
  flushed,
  info,
  lost,
  opened,
  pong,
  type Story,
  secured,
  unreachable,
} from "../../machine/story.js";

const ldm = info({ lameDuck: true });
const moves = { onLameDuck: "migrate", reconnectTimeWait: 0 } as const;

/** Moments in which all fits together. */
const sound = {
  dialing: () => begin(),
  greeting: () => begin().happens(opened),
  securing: () => begin({ tls: "required" }).happens(opened, info({ tlsAvailable: true })),
  "securing first": () => begin({ tls: "first" }).happens(opened),
  "greeting first": () => begin({ tls: "first" }).happens(opened, secured),
  authenticating: () => begin().happens(opened, info()),
  "authenticating under TLS": () =>
    begin({ tls: "required" }).happens(opened, info({ tlsAvailable: true }), secured),
  "authenticating by WebSocket": () => begin({}, ["ws://a:80", "ws://b:80"]).happens(opened, info()),
  "dialing again": () => begin().happens(unreachable),
  backingOff: () => begin({ waitOnFirstConnect: true }).happens(unreachable, unreachable),
  awaitingServerChoice: () => begin({ asksForServer: true }),
  "backing off for a choice": () => begin({ asksForServer: true }).happens(chosen("b:4222", 100)),
  connected: () => begin().connects(),
  migrating: () => begin(moves).connects().happens(ldm),
  overlapping: () => begin(moves).connects().happens(ldm, opened, info(), pong, pong, flushed),
  reconnecting: () => begin({ reconnectTimeWait: 0 }).connects().happens(lost()),
  "awaiting a delay": () => begin({ asksForDelay: true }).connects().happens(lost()),
  draining: () => begin().connects().happens(drain),
  closing: () => begin().connects().happens(close()),
  confirming: () => begin().connects().happens(close(1)),
  processing: () => begin().connects().happens(lost(), drain),
  closed: () => begin().happens(close()),
  "closed after a connection": () => begin().connects().happens(close(), lost()),
} satisfies Readonly<Record<string, () => Story>>;
type Sound = keyof typeof sound;

test.each(Object.entries(sound))("nothing contradicts itself: %s", (_name, story) => {
  const { state, context } = story();
  expect(contradictionsIn(state, context)).toEqual([]);
});

type Change = (context: ConnectionContext) => Partial<ConnectionContext>;
const withNext =
  (more: Partial<Link>): Change =>
  ({ next }) => ({ next: next && { ...next, ...more } });
const withLive =
  (more: Partial<Link>): Change =>
  ({ live }) => ({ live: live && { ...live, ...more } });
const withLeft =
  (more: Partial<Link>): Change =>
  ({ retiring }) => ({
    retiring: retiring.map((link) => ({ ...link, ...more })),
  });
const withPool =
  (more: Partial<PoolServer>): Change =>
  ({ pool }) => ({
    pool: pool.map((server, at) => (at === 0 ? { ...server, ...more } : server)),
  });
const withPolicy =
  (more: Partial<ConnectionContext["policy"]>): Change =>
  ({ policy }) => ({
    policy: { ...policy, ...more },
  });
const both =
  (one: Change, other: Change): Change =>
  (context) => ({ ...one(context), ...other(context) });
const failure = { code: "DISCONNECT", message: "lost" };
const greeted = (info() as unknown as ServerInfoReceived).info;
const report = (attempt: number): AttemptReport => ({
  attempt,
  server: "a:4222",
  step: "dialing",
  failure,
  at: 0,
});
const link = (more: Partial<Link>): Link => {
  const { next } = sound.dialing().context;
  if (next === null) throw new Error("a link is being made");
  return { ...next, info: greeted, ...more };
};

const waits =
  "closing waits for a socket that hands over its last bytes or asks whether they arrived, and for what had arrived to be processed";
const numbered = "each link has a number of its own, of an attempt that was made";
const underTls = "CONNECT is sent under TLS where that is demanded, and in the clear where it is declined";
const reports = "failed attempts are reported until the first connection is established, each once";
const choice = "the user's choice of a server is remembered until that is out of its backoff";
const delayed = "a server awaits the user's delay in awaitingDelay, and nowhere else";

/** What is wrong in a moment that was sound, and the only sentence that says so. */
const wrong: readonly (readonly [sentence: string, from: Sound, change: Change, state?: string])[] = [
  ["in a step of an attempt a link is being made, and nowhere else", "reconnecting", () => ({ next: null })],
  [
    "the phase of the link that is being made is the step",
    "greeting",
    withNext({ phase: "authenticating", info: greeted }),
  ],
  [
    "the link that is being made is that of the last attempt",
    "dialing",
    () => ({ attempt: 2, attempts: [report(1)] }),
  ],
  [
    "a link is in use in connected, migrating and draining, and nowhere else",
    "connected",
    () => ({ live: null, lastInUse: { server: "a:4222", until: 0 } }),
  ],
  ["the link in use is live", "connected", withLive({ phase: "authenticating" })],
  [
    "a move goes to another server",
    "migrating",
    ({ live, next }) => ({ next: next && live && { ...next, destination: live.destination } }),
  ],
  ["a link that is being left is coming to its end", "overlapping", withLeft({ phase: "live" })],
  [waits, "closing", withLeft({ phase: "overlapping" })],
  [waits, "closing", () => ({ retiring: [] })],
  [
    "what had arrived is processed without a connection only in closing, after a drain",
    "connected",
    () => ({ processing: true }),
  ],
  [
    "what had arrived is processed without a connection only in closing, after a drain",
    "processing",
    () => ({ leaving: "close" }),
  ],
  [
    "only in closing a server is asked whether the last bytes arrived",
    "overlapping",
    withLeft({ phase: "confirming" }),
  ],
  [
    "in closed no link is left",
    "closed after a connection",
    ({ retiring }) => ({ retiring: [...retiring, link({ phase: "ending" })] }),
  ],
  [numbered, "closing", withLeft({ id: 2 })],
  [numbered, "closing", withLeft({ id: 0 })],
  [numbered, "closing", withLeft({ id: 0.5 })],
  [numbered, "closing", ({ retiring }) => ({ retiring: [...retiring, ...retiring] })],
  ["nothing was said over a socket that is being opened", "dialing", withNext({ info: greeted })],
  ["nothing was said over a socket that is being opened", "dialing", withNext({ secured: true })],
  ["only a dial waits for others of the process", "greeting", withNext({ queued: true })],
  ["a server that is awaited to greet has not", "greeting", withNext({ info: greeted })],
  [
    "a server greets before the TLS handshake, but where the handshake comes first",
    "securing",
    withNext({ info: null }),
  ],
  [
    "a server greets before the TLS handshake, but where the handshake comes first",
    "securing first",
    withNext({ info: greeted }),
  ],
  ["only a TCP connection that is in the clear is being secured", "securing", withNext({ secured: true })],
  ["CONNECT is sent to a server that has greeted", "authenticating", withNext({ info: null })],
  [underTls, "authenticating under TLS", withNext({ secured: false })],
  [underTls, "authenticating under TLS", withPolicy({ tls: "never" })],
  [
    "a WebSocket is secured by its URL, and only by that",
    "authenticating by WebSocket",
    withNext({ secured: true }),
  ],
  ["no more PINGs are unanswered than maxPingOut", "connected", withLive({ pingsOut: 3 })],
  ["no more PINGs are unanswered than maxPingOut", "connected", withLive({ pingsOut: -1 })],
  ["no more PINGs are unanswered than maxPingOut", "connected", withLive({ pingsOut: 0.5 })],
  [
    "the ping timer and fatal errors are of a link that is or was in use",
    "dialing",
    withNext({ pingsOut: 1 }),
  ],
  [
    "the ping timer and fatal errors are of a link that is or was in use",
    "dialing",
    withNext({ fatal: failure }),
  ],
  [
    "a connection was established before where a link is in use, or was",
    "closed",
    () => ({ connectedBefore: true, attempts: [] }),
  ],
  [
    "the server that was in use is remembered while none is",
    "connected",
    () => ({ lastInUse: { server: "a:4222", until: 0 } }),
  ],
  [
    "connecting is before the first connection, the other states but the last two are after it",
    "reconnecting",
    () => ({}),
    "connecting.dialing",
  ],
  [
    "before the first connection no link is being left",
    "dialing again",
    () => ({ retiring: [link({ phase: "overlapping" })] }),
  ],
  [
    "there is no failure while a connection is established or an attempt is made",
    "connected",
    () => ({ failure }),
  ],
  [
    "there is no failure while a connection is established or an attempt is made",
    "dialing",
    () => ({ failure }),
  ],
  ["between two attempts there is the failure of the first", "backingOff", () => ({ failure: null })],
  ["between two attempts there is the failure of the first", "awaitingServerChoice", () => ({ failure })],
  [reports, "dialing again", () => ({ attempts: [] })],
  [reports, "dialing again", () => ({ attempts: [report(2)] })],
  [reports, "connected", () => ({ attempts: [report(1)] })],
  ["the user leaves by drain in draining, and stays before", "draining", () => ({ leaving: null })],
  ["the user leaves by drain in draining, and stays before", "connected", () => ({ leaving: "close" })],
  ["a connection moves only where the user wants it", "migrating", withPolicy({ onLameDuck: "notify" })],
  [
    "a connection is made again only where the user wants it",
    "reconnecting",
    withPolicy({ reconnect: false }),
  ],
  [
    choice,
    "connected",
    both(withPolicy({ asksForServer: true }), () => ({ chosen: { server: "b:4222", at: 0 } })),
  ],
  [choice, "backing off for a choice", withPolicy({ asksForServer: false })],
  ["each server is in the pool once", "connected", ({ pool }) => ({ pool: [...pool, ...pool.slice(1)] })],
  ["the pool is empty only at the end", "connected", () => ({ pool: [] })],
  [delayed, "connected", both(withPolicy({ asksForDelay: true }), withPool({ wait: null }))],
  [delayed, "awaiting a delay", withPolicy({ asksForDelay: false })],
  ["every server is in its backoff in backingOff", "backingOff", withPool({ wait: 0 })],
  [
    "a server that failed maxReconnectAttempts times has left the pool",
    "connected",
    withPool({ failures: 10 }),
  ],
  [
    "a server that failed maxReconnectAttempts times has left the pool",
    "connected",
    both(withPolicy({ maxReconnectAttempts: 0 }), withPool({ failures: 1 })),
  ],
  ["in the first round no server is dialed twice", "dialing", withPool({ failures: 2 })],
  ["what is known of a server has happened", "connected", withPool({ lastAttemptAt: 1 })],
  ["what is known of a server has happened", "dialing", withPool({ didConnect: true })],
];

const moments = wrong.map(([sentence, from, change, state]) => ({ sentence, from, change, state }));

test.each(moments)("only this is found: $sentence ($from)", ({ sentence, from, change, state }) => {
  const story = sound[from]();
  const context = { ...story.context, ...change(story.context) };
  expect(contradictionsIn(state ?? story.state, context)).toEqual([sentence]);
});

/** What is no contradiction, though it is near one. */
const fine: readonly (readonly [from: Sound, change: Change])[] = [
  ["dialing", withNext({ queued: true })],
  ["connected", withLive({ pingsOut: 2 })],
  ["connected", withPool({ failures: 9 })],
  ["connected", both(withPolicy({ maxReconnectAttempts: -1 }), withPool({ failures: 99 }))],
  ["dialing", withPool({ failures: 1 })],
  ["dialing", both(withPolicy({ waitOnFirstConnect: true }), withPool({ failures: 5 }))],
  ["dialing", withPool({ lastAttemptAt: 0 })],
  ["closing", () => ({ pool: [] })],
  ["closing", () => ({ failure })],
  ["closing", both(withPolicy({ asksForDelay: true }), withPool({ wait: null }))],
  ["closing", both(withPolicy({ asksForServer: true }), () => ({ chosen: { server: "b:4222", at: 0 } }))],
];

test.each(fine)("nothing is found: %s, nearly wrong", (from, change) => {
  const story = sound[from]();
  expect(contradictionsIn(story.state, { ...story.context, ...change(story.context) })).toEqual([]);
});

test("each sentence is broken by one of these moments", () => {
  const broken = new Set(wrong.map(([sentence]) => sentence));
  expect(sentencesOfMoments.filter((sentence) => !broken.has(sentence))).toEqual([]);
});

const timers: readonly (readonly [from: Sound, timers: readonly string[]])[] = [
  ["dialing", ["attempt 1"]],
  ["backingOff", ["reconnect 2"]],
  ["awaitingServerChoice", []],
  ["connected", ["ping 1"]],
  ["migrating", ["ping 1", "attempt 2"]],
  ["overlapping", ["ping 2", "overlap 1"]],
  ["draining", ["drain 1"]],
  ["closing", ["linger 1"]],
  ["confirming", ["confirm 1"]],
  ["processing", ["drain 2"]],
  ["closed", []],
];

test.each(timers)("the timers that run: %s", (from, due) => {
  const { state, context } = sound[from]();
  expect(timersIn(state, context).map(({ timer, attempt }) => `${timer} ${attempt}`)).toEqual(due);
});

test("the timer of a server that is unsubscribed from is the one that waits for its answer", () => {
  const { state, context } = sound.overlapping().happens({ ...fires("overlap"), attempt: 1 });
  expect(timersIn(state, context).map(({ timer }) => timer)).toEqual(["ping", "retire"]);
});

test("what is published goes over the link in use, and over none while it is kept", () => {
  const over = ({ state, context }: Story) => outboundIn(state, context)?.id ?? null;
  const cuttingOver = sound.migrating().happens(opened, info(), pong, pong);
  expect([over(sound.connected()), over(sound.migrating()), over(sound.draining())]).toEqual([1, 1, 1]);
  expect([over(sound.dialing()), over(sound.reconnecting()), over(cuttingOver)]).toEqual([null, null, null]);
});
