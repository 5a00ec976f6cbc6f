// Carries out the chart's effects and tells the chart what came of them. One handler for each effect: the compiler
// proves that none is missing. What a user sees (connections, subscriptions, requests) is in src/api.
//
// The message path runs past the chart: bytes from the socket go to the parser and from there straight to the
// client; published messages go into `outbound`, whose gate the chart opens and shuts.

import { type ActorOptions, createActor } from "xstate";
import { connectionMachine } from "../machine/connection-machine.js";
import type { ConnectionInput } from "../machine/context.js";
import type { EffectName, EffectParams, StatusReport, TimerName } from "../machine/effects.js";
import type { ConnectionEvent } from "../machine/events.js";
import type { AttemptReport, Failure, Milliseconds } from "../machine/failure.js";
import { serverErrorFrom } from "../machine/server-error.js";
import {
  type ConnectFields,
  type Credentials,
  CredentialsCounter,
  connectCommand,
} from "./connect-command.js";
import { credentialsFailure, socketFailure } from "./failures.js";
import { Outbound } from "./outbound.js";
import { Pongs, type Unanswered } from "./pongs.js";
import { parseInfo, type ServerInfo, summaryOf } from "./server-info.js";
import { Parser, type ParserSink, ProtocolViolation } from "./wire/parser.js";
import type { Timer, Transport, TransportEvents, World } from "./world.js";

/** What could not be sent before the end. */
export interface Unsent {
  readonly messages: number;
  readonly bytes: number;
}

/** What the interpreter asks of the client around it, and what it tells the client. */
export interface ClientSide {
  readonly connectFields: Omit<ConnectFields, "tls">;
  /** True where the user wants TLS whatever the server says: CONNECT says so. */
  readonly tlsWanted: boolean;
  /** Bytes kept while disconnected; 0 refuses, -1 is unlimited. */
  readonly reconnectBufferSize: number;
  /** Where messages go: the hot path. */
  readonly message: ParserSink["message"];
  /** The credentials for that server. May throw, reject, or never answer: the attempt's timeout covers it. */
  authenticate(server: string, nonce: string | undefined): Credentials | Promise<Credentials>;
  /** The user's `reconnectDelayHandler`, made safe: it never throws. */
  chooseDelay(): Milliseconds;
  /** The SUB (and UNSUB) lines that restore every subscription. */
  subscriptionLines(): string;
  /** Unsubscribe everything; resolves when all that arrived is processed. */
  drainSubscriptions(): Promise<void>;
  /** From here on `publish` is refused. */
  refusePublishes(): void;
  /** A status for the user; with the Error behind it, where there is one. */
  statusReported(report: StatusReport, cause: Error | undefined): void;
  /** Settle `connect()`. */
  connectSettled(failure: Failure | null, attempts: readonly AttemptReport[]): void;
  /** The chart is closed: settle all that waits but `closed()`. */
  closing(failure: Failure | null): void;
  /** Nothing is left, no socket and no timer: settle `closed()`. */
  closed(failure: Failure | null, unsent: Unsent): void;
}

/** How long a closing socket may take to hand over what was published. Bounds `close()`. */
export const LINGER: Milliseconds = 1_000;

type Handlers = { readonly [Name in EffectName]: (given: unknown, params: EffectParams[Name]) => void };
type WithoutTime<Event> = Event extends unknown ? Omit<Event, "at"> : never;

/** An observer of everything that happens inside the chart: `inspect` of XState's `createActor`. */
export type Inspect = NonNullable<ActorOptions<typeof connectionMachine>["inspect"]>;

/** Runs one connection's chart. Create it and `start` it; it ends by itself when the chart is `closed`. */
export class Interpreter {
  readonly outbound: Outbound;
  /** The last INFO; kept while disconnected, since its limits still guide `publish`. */
  info: ServerInfo | undefined;

  readonly #world: World;
  readonly #client: ClientSide;
  readonly #parser: Parser;
  readonly #actor;
  readonly #pongs = new Pongs();
  readonly #timers = new Map<TimerName, Timer>();
  readonly #credentials = new CredentialsCounter();
  /** The Error behind a Failure, for as long as somebody holds the Failure. */
  readonly #causes = new WeakMap<Failure, Error>();
  #attempt = 0;
  #server = "";
  #transport: Transport | undefined;
  #closing: Promise<void> | undefined;
  #transportClosed: () => void = () => {};
  #firstByteSeen = false;

  constructor(world: World, client: ClientSide, input: ConnectionInput, inspect?: Inspect) {
    this.#world = world;
    this.#client = client;
    const { reconnectBufferSize } = client;
    this.outbound = new Outbound({ defer: (run) => world.defer(run), reconnectBufferSize });
    this.#parser = new Parser({
      message: client.message,
      info: (json) => this.#infoArrived(json),
      ping: () => this.send({ type: "server.ping", attempt: this.#attempt }),
      pong: () => this.#pongs.answer(),
      ok: () => {},
      error: (text) => this.#errorArrived(text),
    });
    const machine = connectionMachine.provide({ actions: this.#guarded(this.#handlers()) });
    this.#actor = createActor(machine, inspect === undefined ? { input } : { input, inspect });
  }

  /** Begins to connect. */
  start(): void {
    this.#actor.start();
  }

  /** The chart as it is now: its state and what it remembers. */
  get snapshot() {
    return this.#actor.getSnapshot();
  }

  /** Tells the chart what happened, stamped with the time. After `closed` nobody listens. */
  send(event: WithoutTime<ConnectionEvent>): void {
    if (this.#actor.getSnapshot().status !== "active") return;
    this.#actor.send({ ...event, at: this.#world.now() } as ConnectionEvent);
  }

  /** The Error that lies behind a failure, where there is one. */
  causeOf(failure: Failure): Error | undefined {
    return this.#causes.get(failure);
  }

  /** Sends PING behind all that was published so far. */
  ping(answered: () => void, failed?: (why: Unanswered) => void): void {
    this.outbound.command("PING");
    this.#pongs.add(this.outbound.position, answered, failed);
  }

  #handlers(): Handlers {
    return {
      openSocket: (_, { attempt, server }) => {
        this.#attempt = attempt;
        this.#server = server.name;
        this.#firstByteSeen = false;
        this.#parser.reset();
        this.#transport = this.#world.dial(server, this.#listener(attempt));
      },
      upgradeToTls: (_, { server }) => {
        this.#parser.reset();
        this.#transport?.secure(server);
      },
      closeSocket: (_, { flush }) => this.#closeSocket(flush),
      sendConnect: (_, { attempt }) => void this.#sendConnect(attempt),
      sendPing: (_, { attempt }) => this.ping(() => this.send({ type: "server.pong", attempt })),
      sendPong: () => this.#write("PONG\r\n"),
      startTimer: (_, { timer, attempt, ms }) => {
        const fired = () => {
          this.#timers.delete(timer);
          this.send({ type: "timer.fired", timer, attempt });
        };
        this.#timers.set(timer, this.#world.startTimer(ms, fired));
      },
      stopTimer: (_, { timer }) => {
        const running = this.#timers.get(timer);
        this.#timers.delete(timer);
        if (running !== undefined) this.#world.stopTimer(running);
      },
      askReconnectDelay: (_, { attempt }) => {
        this.send({ type: "delay.chosen", attempt, ms: this.#client.chooseDelay() });
      },
      resubscribe: () => this.#write(this.#client.subscriptionLines()),
      holdOutbound: () => {
        this.outbound.hold();
        this.#pongs.lose(this.outbound.handedOver);
      },
      releaseOutbound: () => {
        if (this.#transport !== undefined) this.outbound.release(this.#transport);
      },
      drainSubscriptions: (_, { attempt }) => {
        const drained = () => this.send({ type: "subscriptions.drained", attempt });
        void this.#client.drainSubscriptions().then(drained);
      },
      flushOutbound: (_, { attempt }) => {
        this.#client.refusePublishes();
        this.ping(() => this.send({ type: "outbound.flushed", attempt }));
      },
      notifyStatus: (_, { status }) => {
        const cause = status.type === "error" ? this.#causes.get(status.failure) : undefined;
        this.#client.statusReported(status, cause);
      },
      settleConnect: (_, { failure, attempts }) => this.#client.connectSettled(failure, attempts),
      settleClosed: (_, { failure }) => void this.#finish(failure),
    };
  }

  /** A handler that throws is a bug; it must not leave a chart behind that looks alive and is not. */
  #guarded(handlers: Handlers): Handlers {
    const guarded = Object.entries(handlers).map(([name, handler]) => [
      name,
      (given: unknown, params: never) => {
        try {
          (handler as (given: unknown, params: never) => void)(given, params);
        } catch (error) {
          this.#brokeDown(name, error);
        }
      },
    ]);
    return Object.fromEntries(guarded) as Handlers;
  }

  #brokeDown(effect: string, error: unknown): void {
    const message = `a bug in nats-statechart: the effect ${effect} failed`;
    const failure = this.#caused({ code: "UNKNOWN_ERROR", message }, error);
    this.send({ type: "user.close", unsent: this.outbound.pendingMessages, failure });
  }

  #listener(attempt: number): TransportEvents {
    const isCurrent = () => this.#attempt === attempt && this.#transport !== undefined;
    return {
      opened: () => this.send({ type: "socket.opened", attempt }),
      secured: () => this.send({ type: "socket.secured", attempt }),
      data: (chunk) => {
        if (isCurrent() && this.#closing === undefined) this.#received(chunk);
      },
      drained: () => {
        if (isCurrent()) this.outbound.drained();
      },
      closed: (error) => {
        if (!isCurrent()) return;
        this.#transport = undefined;
        this.#parser.reset();
        this.#transportClosed();
        const failure = error === null ? null : this.#caused(socketFailure(error, this.#server), error);
        this.send({ type: "socket.closed", attempt, failure });
      },
    };
  }

  #received(chunk: Uint8Array): void {
    try {
      if (!this.#firstByteSeen) this.#checkFirstByte(chunk);
      this.#parser.push(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolViolation)) throw error;
      this.send({ type: "protocol.violated", attempt: this.#attempt, reason: error.reason });
    }
  }

  /** A server greets with INFO, or with -ERR where it turns the client away; anything else is no nats-server. */
  #checkFirstByte(chunk: Uint8Array): void {
    const first = chunk[0];
    if (first === undefined) return;
    this.#firstByteSeen = true;
    if (first === 0x49 || first === 0x69 || first === 0x2d) return;
    throw ProtocolViolation.at("the first line is not INFO", chunk, 0);
  }

  #infoArrived(json: string): void {
    const info = parseInfo(json);
    this.info = info;
    this.send({ type: "server.info", attempt: this.#attempt, info: summaryOf(info) });
  }

  #errorArrived(text: string): void {
    const credentials = this.#credentials.current;
    this.send({ type: "server.error", attempt: this.#attempt, error: serverErrorFrom(text), credentials });
  }

  async #sendConnect(attempt: number): Promise<void> {
    const { info } = this;
    const transport = this.#transport;
    try {
      const answer = this.#client.authenticate(this.#server, info?.nonce);
      const credentials = answer instanceof Promise ? await answer : answer;
      if (this.#transport !== transport) return;
      this.#credentials.count(credentials);
      this.#pongs.addFirst(() => this.send({ type: "server.pong", attempt }));
      const fields = { ...this.#client.connectFields, tls: this.#client.tlsWanted };
      this.#write(connectCommand(fields, info?.headers === true, credentials));
    } catch (error) {
      if (this.#transport !== transport) return;
      this.send({
        type: "credentials.failed",
        attempt,
        failure: this.#caused(credentialsFailure(error), error),
      });
    }
  }

  #closeSocket(flush: boolean): void {
    const transport = this.#transport;
    this.#parser.reset();
    if (transport === undefined) return;
    if (!flush) {
      this.#transport = undefined;
      transport.destroy();
      return;
    }
    this.outbound.flush(true);
    this.#closing = new Promise((resolve) => {
      const timer = this.#world.startTimer(LINGER, () => {
        this.#transport = undefined;
        transport.destroy();
        resolve();
      });
      this.#transportClosed = () => {
        this.#world.stopTimer(timer);
        resolve();
      };
      transport.end();
    });
  }

  async #finish(failure: Failure | null): Promise<void> {
    this.#client.closing(failure);
    this.#pongs.close();
    const messages = this.outbound.pendingMessages;
    await this.#closing;
    const bytes = this.outbound.pendingBytes;
    this.outbound.close();
    this.#client.closed(failure, { messages, bytes });
  }

  #caused(failure: Failure, error: unknown): Failure {
    if (error instanceof Error) this.#causes.set(failure, error);
    return failure;
  }

  #write(text: string): void {
    if (text !== "") this.#transport?.write(encoder.encode(text));
  }
}

const encoder = new TextEncoder();
