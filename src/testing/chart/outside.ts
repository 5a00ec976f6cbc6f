// The outside of a connection as the chart's effects shape it: which sockets are open, which timers run, what was
// asked and not yet answered. It knows what can happen next; whether the chart does right is no business of its.

import type { Effect, TimerName } from "../../machine/effects.js";
import type { ConnectionEvent } from "../../machine/events.js";
import type { Milliseconds } from "../../machine/units.js";

/** A running timer. */
export interface Running {
  readonly timer: TimerName;
  readonly attempt: number;
  readonly dueAt: Milliseconds;
}

/** A socket that is open or being opened. */
export interface Socket {
  readonly attempt: number;
  phase: "queued" | "opening" | "open" | "securing" | "ending";
  /** True until the server has said INFO. */
  mute: boolean;
  /** True while CONNECT is out and nothing came back. */
  authenticating: boolean;
  /** PINGs, and the one behind CONNECT, that no PONG has answered. A server answers them in their order. */
  pings: number;
  /** True while UNSUBs are out, and what the server still had to deliver has not all arrived. */
  unsubscribing: boolean;
}

/** What the chart asked for and has had no answer to. */
export interface Question {
  readonly asked:
    | "openSocket"
    | "turn"
    | "upgradeToTls"
    | "greeting"
    | "sendConnect"
    | "sendPing"
    | "unsubscribe"
    | "askReconnectDelay"
    | "askNextServer"
    | "drainSubscriptions"
    | "pauseOutbound"
    | "finishOutbound"
    | "confirmOutbound"
    | "endSocket";
  readonly attempt: number;
}

type Ask = Extract<
  Question["asked"],
  | "askReconnectDelay"
  | "askNextServer"
  | "drainSubscriptions"
  | "pauseOutbound"
  | "finishOutbound"
  | "confirmOutbound"
>;

/** For which attempt something was asked, and over which socket the answer comes, if over one. */
interface Asked {
  readonly attempt: number;
  readonly over: number | null;
}

const keyOf = (timer: TimerName, attempt: number) => `${timer} ${attempt}`;

/** The outside at one moment of a story. */
export class Outside {
  now: Milliseconds;
  /** The last attempt. */
  attempt = 0;
  /** True while what is published is sent: a connection stands. */
  released = false;
  /** By attempt: at most one in use, one that is being made, and those that are being left. */
  readonly sockets = new Map<number, Socket>();
  /** By name and attempt. */
  readonly timers = new Map<string, Running>();
  readonly asks = new Map<Ask, Asked>();

  constructor(now: Milliseconds) {
    this.now = now;
  }

  /** The timer that is due first. */
  get nextTimer(): Running | undefined {
    let first: Running | undefined;
    for (const running of this.timers.values()) {
      if (first === undefined || running.dueAt < first.dueAt) first = running;
    }
    return first;
  }

  /** Everything that was asked and not answered. */
  get questions(): readonly Question[] {
    const questions: Question[] = [];
    for (const socket of this.sockets.values()) {
      const { attempt, phase, mute, authenticating, pings, unsubscribing } = socket;
      if (phase === "opening") questions.push({ asked: "openSocket", attempt });
      else if (phase === "queued") questions.push({ asked: "turn", attempt });
      else if (phase === "ending") questions.push({ asked: "endSocket", attempt });
      else if (phase === "securing") questions.push({ asked: "upgradeToTls", attempt });
      else if (mute) questions.push({ asked: "greeting", attempt });
      else if (authenticating) questions.push({ asked: "sendConnect", attempt });
      else if (pings > 0) questions.push({ asked: "sendPing", attempt });
      else if (unsubscribing) questions.push({ asked: "unsubscribe", attempt });
    }
    for (const [asked, { attempt }] of this.asks) questions.push({ asked, attempt });
    return questions;
  }

  /** True where the outside can say this now: nobody else has said it, and it was asked for where it is an answer. */
  canSay(event: ConnectionEvent): boolean {
    switch (event.type) {
      case "user.close":
      case "user.drain":
      case "user.reconnect":
      case "user.setServers":
        return true;
      case "timer.fired":
        return this.timers.has(keyOf(event.timer, event.attempt));
      case "delay.chosen":
        return this.asks.get("askReconnectDelay")?.attempt === event.attempt;
      case "server.chosen":
      case "choice.failed":
        return this.asks.get("askNextServer")?.attempt === event.attempt;
      case "subscriptions.drained":
        return (
          this.asks.get("drainSubscriptions")?.attempt === event.attempt ||
          this.sockets.get(event.attempt)?.unsubscribing === true
        );
      case "outbound.flushed":
        return (["finishOutbound", "confirmOutbound", "pauseOutbound"] as const).some(
          (asked) => this.asks.get(asked)?.attempt === event.attempt,
        );
      default: {
        const socket = this.sockets.get(event.attempt);
        return socket !== undefined && socketCanSay(socket, event);
      }
    }
  }

  /** Something happened, whether it could or not. */
  happens(event: ConnectionEvent): void {
    this.now = Math.max(this.now, event.at);
    if (!this.canSay(event)) return;
    switch (event.type) {
      case "timer.fired":
        this.timers.delete(keyOf(event.timer, event.attempt));
        break;
      case "delay.chosen":
        this.asks.delete("askReconnectDelay");
        break;
      case "server.chosen":
      case "choice.failed":
        this.asks.delete("askNextServer");
        break;
      case "subscriptions.drained":
        if (this.asks.get("drainSubscriptions")?.attempt === event.attempt)
          this.asks.delete("drainSubscriptions");
        this.#socket(event.attempt, (socket) => {
          socket.unsubscribing = false;
        });
        break;
      case "outbound.flushed":
        this.asks.delete("finishOutbound");
        this.asks.delete("confirmOutbound");
        this.asks.delete("pauseOutbound");
        break;
      default:
        if ("attempt" in event) this.#socketSays(event.attempt, event);
        break;
    }
  }

  #socketSays(attempt: number, event: ConnectionEvent): void {
    const socket = this.sockets.get(attempt);
    if (socket === undefined) return;
    switch (event.type) {
      case "dial.queued":
        socket.phase = "queued";
        break;
      case "dial.begun":
        socket.phase = "opening";
        break;
      case "socket.opened":
      case "socket.secured":
        socket.phase = "open";
        break;
      case "socket.closed":
        if (event.halfClosed) this.#socketEnds(socket);
        else this.#socketIsGone(attempt);
        break;
      case "server.info":
        socket.mute = false;
        break;
      case "credentials.failed":
        socket.authenticating = false;
        socket.pings = 0;
        break;
      case "server.pong":
        socket.authenticating = false;
        socket.pings--;
        break;
      default:
        break;
    }
  }

  /** The chart asked for this. */
  carriesOut(effects: readonly Effect[]): void {
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case "openSocket": {
        const { attempt } = effect.params;
        this.attempt = attempt;
        this.sockets.set(attempt, {
          attempt,
          phase: "opening",
          mute: true,
          authenticating: false,
          pings: 0,
          unsubscribing: false,
        });
        break;
      }
      case "upgradeToTls":
        this.#socket(effect.params.attempt, (socket) => {
          socket.phase = "securing";
        });
        break;
      case "sendConnect":
        this.#socket(effect.params.attempt, (socket) => {
          socket.authenticating = true;
          socket.pings++;
        });
        break;
      case "sendPing":
        this.#socket(effect.params.attempt, (socket) => {
          socket.pings++;
        });
        break;
      case "unsubscribe":
        this.#socket(effect.params.attempt, (socket) => {
          socket.unsubscribing = true;
        });
        break;
      case "closeSocket":
        this.#socketIsGone(effect.params.attempt);
        break;
      case "endSocket":
        this.#socket(effect.params.attempt, (socket) => this.#socketEnds(socket));
        break;
      case "startTimer": {
        const { timer, attempt, ms } = effect.params;
        this.timers.set(keyOf(timer, attempt), { timer, attempt, dueAt: this.now + ms });
        break;
      }
      case "stopTimer":
        this.timers.delete(keyOf(effect.params.timer, effect.params.attempt));
        break;
      case "holdOutbound":
      case "releaseOutbound":
        this.released = effect.type === "releaseOutbound";
        // Who was asked where to move, is not listened to any more when the connection is lost.
        if (effect.type === "holdOutbound") this.asks.delete("askNextServer");
        // A hand-over that is over, either way, needs no answer any more.
        this.asks.delete("pauseOutbound");
        break;
      case "askReconnectDelay":
      case "askNextServer":
        this.asks.set(effect.type, { attempt: effect.params.attempt, over: null });
        break;
      case "pauseOutbound":
        this.asks.set(effect.type, { attempt: effect.params.attempt, over: effect.params.from });
        break;
      case "drainSubscriptions":
        // The client itself answers, also when the connection is lost.
        this.asks.set(effect.type, { attempt: effect.params.attempt, over: null });
        break;
      case "finishOutbound":
      case "confirmOutbound":
        this.asks.set(effect.type, { attempt: effect.params.attempt, over: effect.params.attempt });
        break;
      default:
        break;
    }
  }

  #socket(attempt: number, change: (socket: Socket) => void): void {
    const socket = this.sockets.get(attempt);
    if (socket !== undefined) change(socket);
  }

  /** Nothing comes over the socket any more, but that it is closed. */
  #socketEnds(socket: Socket): void {
    socket.phase = "ending";
    socket.pings = 0;
    socket.authenticating = false;
    socket.unsubscribing = false;
    this.#noAnswersOver(socket.attempt);
  }

  #socketIsGone(attempt: number): void {
    this.sockets.delete(attempt);
    this.#noAnswersOver(attempt);
  }

  #noAnswersOver(attempt: number): void {
    for (const [asked, { over }] of this.asks) if (over === attempt) this.asks.delete(asked);
  }
}

function socketCanSay(socket: Socket, event: ConnectionEvent): boolean {
  switch (event.type) {
    case "socket.closed":
      return !event.halfClosed || socket.phase !== "ending";
    case "dial.queued":
      return socket.phase === "opening";
    case "dial.begun":
      return socket.phase === "queued";
    case "socket.opened":
      return socket.phase === "opening";
    case "socket.secured":
      return socket.phase === "securing";
    case "credentials.failed":
      return socket.authenticating;
    case "server.pong":
      return socket.phase === "open" && socket.pings > 0;
    default:
      // Bytes come only over an open socket, and not in the middle of a handshake.
      return socket.phase === "open";
  }
}
