// The outside of a connection as the chart's effects shape it: which socket is open, which timers run, what was asked
// and not yet answered. It knows what can happen next; whether the chart does right is no business of its.

import type { Effect, TimerName } from "../../../src/machine/effects.js";
import type { ConnectionEvent } from "../../../src/machine/events.js";
import type { Milliseconds } from "../../../src/machine/failure.js";

/** A running timer. */
export interface Running {
  readonly timer: TimerName;
  readonly attempt: number;
  readonly dueAt: Milliseconds;
}

/** What the chart asked for and has had no answer to. */
export type Question =
  | "openSocket"
  | "upgradeToTls"
  | "greeting"
  | "sendConnect"
  | "sendPing"
  | "askReconnectDelay"
  | "drainSubscriptions"
  | "flushOutbound";

/** The outside at one moment of a story. */
export class Outside {
  now: Milliseconds;
  /** The last attempt, and its socket. */
  attempt = 0;
  socket: "none" | "opening" | "open" | "securing" = "none";
  /** True while what is published is sent: a connection stands. */
  released = false;
  readonly timers = new Map<TimerName, Running>();
  readonly questions = new Set<Question>();

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

  /** True where the outside can say this now: nobody else has said it, and it was asked for where it is an answer. */
  canSay(event: ConnectionEvent): boolean {
    switch (event.type) {
      case "user.close":
      case "user.drain":
      case "user.reconnect":
        return true;
      case "timer.fired":
        return this.timers.get(event.timer)?.attempt === event.attempt;
      case "delay.chosen":
        return this.questions.has("askReconnectDelay") && event.attempt === this.attempt;
      default:
        return this.socket !== "none" && event.attempt === this.attempt && this.#socketCanSay(event.type);
    }
  }

  #socketCanSay(type: ConnectionEvent["type"]): boolean {
    switch (type) {
      case "socket.closed":
        return true;
      case "socket.opened":
        return this.questions.has("openSocket");
      case "socket.secured":
        return this.questions.has("upgradeToTls");
      case "credentials.failed":
        return this.questions.has("sendConnect");
      case "server.pong":
        return this.questions.has("sendConnect") || this.questions.has("sendPing");
      case "subscriptions.drained":
        return this.questions.has("drainSubscriptions");
      case "outbound.flushed":
        return this.questions.has("flushOutbound");
      default:
        // Bytes come only over an open socket, and not in the middle of a handshake.
        return this.socket === "open";
    }
  }

  /** Something happened, whether it could or not. */
  happens(event: ConnectionEvent): void {
    this.now = Math.max(this.now, event.at);
    if (!this.canSay(event)) return;
    switch (event.type) {
      case "socket.opened":
        this.socket = "open";
        this.questions.delete("openSocket");
        this.questions.add("greeting");
        break;
      case "socket.secured":
        this.socket = "open";
        this.questions.delete("upgradeToTls");
        break;
      case "socket.closed":
        this.#socketIsGone();
        break;
      case "server.info":
        this.questions.delete("greeting");
        break;
      case "server.pong":
        this.questions.delete("sendConnect");
        this.questions.delete("sendPing");
        break;
      case "credentials.failed":
        this.questions.delete("sendConnect");
        break;
      case "timer.fired":
        this.timers.delete(event.timer);
        break;
      case "delay.chosen":
        this.questions.delete("askReconnectDelay");
        break;
      case "subscriptions.drained":
        this.questions.delete("drainSubscriptions");
        break;
      case "outbound.flushed":
        this.questions.delete("flushOutbound");
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
      case "openSocket":
        this.#socketIsGone();
        this.attempt = effect.params.attempt;
        this.socket = "opening";
        this.questions.add("openSocket");
        break;
      case "upgradeToTls":
        this.socket = "securing";
        this.questions.add("upgradeToTls");
        break;
      case "closeSocket":
        this.#socketIsGone();
        break;
      case "startTimer": {
        const { timer, attempt, ms } = effect.params;
        this.timers.set(timer, { timer, attempt, dueAt: this.now + ms });
        break;
      }
      case "stopTimer":
        this.timers.delete(effect.params.timer);
        break;
      case "holdOutbound":
      case "releaseOutbound":
        this.released = effect.type === "releaseOutbound";
        break;
      case "sendConnect":
      case "sendPing":
      case "askReconnectDelay":
      case "drainSubscriptions":
      case "flushOutbound":
        this.questions.add(effect.type);
        break;
      default:
        break;
    }
  }

  #socketIsGone(): void {
    this.socket = "none";
    const answer = this.questions.has("askReconnectDelay");
    this.questions.clear();
    if (answer) this.questions.add("askReconnectDelay");
  }
}
