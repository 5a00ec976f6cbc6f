// A move of the outside world, and the event that it comes to. A move is a choice in small numbers: what it means
// depends on what the chart has asked for by then. 0 is always the most ordinary choice, so that a story shrinks
// towards one in which all goes well but for the move that matters.

import { timerNames } from "../../machine/effects.js";
import type { ConnectionEvent } from "../../machine/events.js";
import type { Failure } from "../../machine/failure.js";
import { isHarmless, isRefusal, type ServerError, serverErrorFrom } from "../../machine/server-error.js";
import type { Milliseconds } from "../../machine/units.js";
import type { Outside, Question } from "./outside.js";

/** What kind of thing happens next. */
export type MoveKind =
  /** Something that the chart has asked for is answered; where nothing was asked, the next timer fires. */
  | "answer"
  /** A running timer fires: in time, or a little early. */
  | "timer"
  /** The server says something of its own accord, or the socket breaks. */
  | "news"
  /** The user calls `reconnect`, `setServers`, `drain` or `close`. */
  | "user"
  /** Something out of an attempt that is over, or was never made. */
  | "stale"
  /** Anything at all, whether it can happen or not. */
  | "anything";

/** One move. */
export interface Move {
  readonly kind: MoveKind;
  /** Which of the things that could happen. */
  readonly which: number;
  /** In what manner. */
  readonly how: number;
  /** After how long: an index into `pauses`. */
  readonly pause: number;
}

/** The pauses between two moves: mostly short ones, so that servers are still within their wait. */
export const pauses: readonly Milliseconds[] = [0, 0, 1, 3, 5, 20, 1_000, 2_000, 100_000];

/** The servers of stories, configured or learnt. */
export const hosts = ["a:4222", "b:4222", "c:4222", "10.0.0.4:4222", "[::1]:4333"] as const;

// Without an error: the other side said that it sends no more.
const HALF_CLOSED = 2;
const broken: readonly (Failure | null)[] = [null, { code: "ECONNRESET", message: "reset by peer" }];

/** The texts of -ERR in stories: of each kind that the chart tells apart. */
export const errorTexts = [
  "Authorization Violation",
  'Permissions Violation for Publish to "x"',
  "Slow Consumer",
  "User Authentication Expired",
  "Invalid Subject",
  "Authentication Timeout",
] as const;

/** What a `reconnectDelayHandler` returns in stories. */
export const delays: readonly Milliseconds[] = [0, 5, 1_000, -3, 50_000];

type Kinds = ConnectionEvent["type"];
const kindsOfEvents: readonly Kinds[] = [
  "socket.closed",
  "server.pong",
  "server.info",
  "socket.opened",
  "socket.secured",
  "timer.fired",
  "server.error",
  "delay.chosen",
  "server.ping",
  "protocol.violated",
  "credentials.failed",
  "subscriptions.drained",
  "outbound.flushed",
  "server.chosen",
  "choice.failed",
];

function pick<T>(from: readonly T[], index: number): T {
  return from[index % from.length] as T;
}

/** Errors that came right behind: some of those that the session tells together with that one. */
function othersBehind(error: ServerError, how: number): readonly ServerError[] {
  const texts = errorTexts.slice(0, how % 4);
  const others = texts.map((text) => serverErrorFrom(text)).filter((other) => !isRefusal(other));
  return isRefusal(error) ? [] : others.filter((other) => isHarmless(other) === isHarmless(error));
}

/** An event of that kind. `how` says which one of those there are. */
export function eventOf(type: Kinds, attempt: number, at: Milliseconds, how: number): ConnectionEvent {
  switch (type) {
    case "socket.opened":
    case "socket.secured":
    case "server.pong":
    case "subscriptions.drained":
    case "outbound.flushed":
      return { type, attempt, at };
    case "server.ping":
      return how % 3 === 0 ? { type, attempt, at } : { type, attempt, at, count: how % 3 };
    case "socket.closed":
      return { type, attempt, at, failure: pick(broken, how), halfClosed: how % 4 === HALF_CLOSED };
    case "server.info":
      return { type, attempt, at, info: infoOf(how) };
    case "server.error": {
      const error = serverErrorFrom(pick(errorTexts, how));
      const credentialsVersion = 1 + (Math.floor(how / errorTexts.length) % 2);
      const others = othersBehind(error, how);
      return {
        type,
        attempt,
        at,
        error,
        credentialsVersion,
        ...(others.length === 0 ? {} : { others }),
      };
    }
    case "protocol.violated":
      return { type, attempt, at, reason: "unknown operation" };
    case "credentials.failed":
      return { type, attempt, at, failure: { code: "BAD_AUTHENTICATION", message: "no credentials" } };
    case "timer.fired":
      return { type, attempt, at, timer: pick(timerNames, how) };
    case "delay.chosen":
      return { type, attempt, at, ms: pick(delays, how) };
    case "server.chosen": {
      const server = how % 4 === 0 ? null : pick(hosts, how >> 2);
      return { type, attempt, at, server, ms: how < 256 ? 0 : pick(delays, how) };
    }
    case "choice.failed":
      return { type, attempt, at, failure: { code: "UNKNOWN_ERROR", message: "no choice" } };
    case "user.setServers":
      return { type, at, ...listOf(how), list: 1 };
    case "user.drain":
      return { type, at };
    case "user.close":
      return {
        type,
        at,
        unconfirmed: how % 3,
        failure: how % 4 === 3 ? { code: "ABORTED", message: "aborted" } : null,
      };
    case "user.reconnect":
      return { type, at };
    default:
      throw new Error(`no such event: ${type satisfies never}`);
  }
}

/** What servers call themselves in stories. */
const serverIds = ["", "A", "", "B", "", "C", "", "D"] as const;

// The bits of `how`: a bit for each host, and then whether those that are known are kept.
function listOf(how: number) {
  const servers = hosts.filter((_, index) => (how & (1 << index)) !== 0);
  return { servers, kept: how < 64 ? [] : servers };
}

// The bits of `how`: TLS offered, TLS required, lame duck, a bit for each host, and whether a cluster is named at all.
function infoOf(how: number) {
  const named = hosts.filter((_, index) => (how & (8 << index)) !== 0);
  const connectUrls = how < 256 ? [] : [...named, "http://not/a server"];
  return {
    // Every second server has no id; few are the same one.
    serverId: pick(serverIds, how >> 9),
    serverName: "one",
    version: "2.12.0",
    tlsAvailable: (how & 1) !== 0,
    tlsRequired: (how & 2) !== 0,
    lameDuck: (how & 4) !== 0,
    connectUrls,
  };
}

function times(kind: Kinds, count: number): readonly Kinds[] {
  return new Array<Kinds>(count).fill(kind);
}

// The answers to each question, the good ones first and more often.
const answers: Readonly<Record<Question["asked"], readonly Kinds[]>> = {
  openSocket: [...times("socket.opened", 7), "socket.closed"],
  upgradeToTls: [...times("socket.secured", 9), "socket.closed"],
  greeting: [...times("server.info", 9), "server.error"],
  sendConnect: [...times("server.pong", 8), ...times("server.error", 3), "credentials.failed"],
  sendPing: ["server.pong"],
  unsubscribe: ["subscriptions.drained"],
  askReconnectDelay: ["delay.chosen"],
  askNextServer: [...times("server.chosen", 15), "choice.failed"],
  drainSubscriptions: ["subscriptions.drained"],
  pauseOutbound: ["outbound.flushed"],
  finishOutbound: ["outbound.flushed"],
  confirmOutbound: ["outbound.flushed"],
  endSocket: ["socket.closed"],
};
const newsFirst: readonly Kinds[] = [
  "socket.closed",
  ...times("server.info", 4),
  "server.error",
  "server.ping",
  "server.pong",
  "protocol.violated",
];
const LAME_DUCK = 4;
const userOfConnection: readonly Kinds[] = [
  ...times("user.drain", 5),
  ...times("user.reconnect", 4),
  ...times("user.setServers", 2),
  "user.close",
];
const userWithout: readonly Kinds[] = [
  ...times("user.reconnect", 4),
  ...times("user.setServers", 4),
  "user.drain",
  "user.close",
];

/** The event that a move comes to. */
export function eventFor({ kind, which, how, pause }: Move, outside: Outside): ConnectionEvent {
  const at = outside.now + pick(pauses, pause);
  switch (kind) {
    case "answer":
      return answerFor(which, how, at, outside);
    case "timer":
      return timerFor(which, how, at, outside);
    case "news":
      return newsFor(which, how, at, outside);
    case "user":
      return eventOf(
        pick(outside.released ? userOfConnection : userWithout, which),
        outside.attempt,
        at,
        how,
      );
    case "stale": {
      const attempt = Math.max(0, outside.attempt - 1 - (how % 3));
      return eventOf(pick(kindsOfEvents, which), how % 4 === 3 ? outside.attempt + 1 : attempt, at, how >> 2);
    }
    case "anything":
      return eventOf(pick(kindsOfEvents, which), someAttempt(outside, how), at, how);
    default:
      throw new Error(`no such move: ${kind satisfies never}`);
  }
}

/** The attempt of one of the sockets; the last attempt where there is none. */
function someAttempt(outside: Outside, how: number): number {
  const attempts = [...outside.sockets.keys()].reverse();
  return attempts.length === 0 ? outside.attempt : pick(attempts, how);
}

function newsFor(which: number, how: number, at: Milliseconds, outside: Outside): ConnectionEvent {
  const attempt = someAttempt(outside, how);
  const phase = outside.sockets.get(attempt)?.phase;
  if (phase !== "open") return answerFor(which, how, at, outside);
  const type = pick(newsFirst, which);
  // Every second INFO is that of a lame duck.
  return eventOf(type, attempt, at, type === "server.info" && which % 2 === 0 ? (how & ~3) | LAME_DUCK : how);
}

function answerFor(which: number, how: number, at: Milliseconds, outside: Outside): ConnectionEvent {
  const { questions } = outside;
  if (questions.length === 0) return timerFor(which, how, at, outside);
  const { asked, attempt } = pick(questions, which);
  const type = pick(answers[asked], Math.floor(which / questions.length));
  // A socket that ends is half closed already.
  if (asked === "endSocket") return eventOf(type, attempt, at, how & ~HALF_CLOSED);
  // Every second error is the same refusal of the same credentials.
  return eventOf(type, attempt, at, type === "server.error" && which % 2 === 0 ? 0 : how);
}

function timerFor(which: number, how: number, at: Milliseconds, outside: Outside): ConnectionEvent {
  const next = outside.nextTimer;
  const running = which % 4 === 3 ? pick([...outside.timers.values()], how) : next;
  if (running === undefined) return eventOf("user.close", 0, at, how);
  const { timer, attempt, dueAt } = running;
  const early = how % 8 === 7 ? 1 : 0;
  const fired = { type: "timer.fired", timer, attempt, at: Math.max(outside.now, dueAt - early) } as const;
  return timer === "ping" && how % 4 === 2 ? { ...fired, heard: true } : fired;
}
