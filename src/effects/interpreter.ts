// Carries out the chart's effects and tells the chart what came of them. One handler for each effect: the compiler
// proves that none is missing. What a user sees (connections, subscriptions, requests) is in src/api; what is
// spoken over one socket is in session.ts.
//
// The message path runs past the chart: bytes from the socket go to the parser and from there straight to the
// client; published messages go into `outbound`, whose gate the chart opens and shuts.

import { type ActorOptions, createActor } from "xstate";
import { connectionMachine } from "../machine/connection-machine.js";
import type { ConnectionInput } from "../machine/context.js";
import type { EffectName, EffectParams, StatusReport, TimerName } from "../machine/effects.js";
import type { ConnectionEvent } from "../machine/events.js";
import type { AttemptReport, Failure, Milliseconds } from "../machine/failure.js";
import type { Recording } from "../machine/replay.js";
import type { ServerPool } from "../machine/server-pool.js";
import {
  type ConnectFields,
  type Credentials,
  CredentialsCounter,
  connectCommand,
} from "./connect-command.js";
import { credentialsFailure } from "./failures.js";
import { Outbound } from "./outbound.js";
import type { Unanswered } from "./pongs.js";
import { Recorder } from "./recorder.js";
import type { ServerInfo } from "./server-info.js";
import { LINGER, Session, type SessionSide, type Untimed } from "./session.js";
import { WaitingPings } from "./waiting-pings.js";
import type { ParserSink } from "./wire/parser.js";
import type { Timer, World } from "./world.js";

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
  /** The user's `reconnectToServer`. Throws where it does, or chooses a server that is not in the pool. */
  chooseServer(pool: ServerPool): { readonly server: string | null; readonly ms: Milliseconds };
  /** Numbers of the subscriptions there are. */
  subscriptionIds(): ReadonlySet<number>;
  /** The lines that tell a server of all subscriptions; or, where it was told of these, of what changed since. */
  subscriptionLines(told?: ReadonlySet<number>): string;
  /** The UNSUB lines that end every subscription. */
  unsubscribeLines(): string;
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

/**
 * How long subscriptions stay with a server that is being left after the new one has confirmed them: the news must have
 * reached the whole cluster, or a message on its way would find nobody. Until then one may arrive by way of both.
 */
const OVERLAP: Milliseconds = 250;

type Handlers = { readonly [Name in EffectName]: (given: unknown, params: EffectParams[Name]) => void };

/** An observer of everything that happens inside the chart: `inspect` of XState's `createActor`. */
export type Inspect = NonNullable<ActorOptions<typeof connectionMachine>["inspect"]>;

/** Who watches the chart. */
export interface Observed {
  /** Gets everything that happens inside the chart, live. */
  readonly inspect?: Inspect | undefined;
  /** Keep the last events. Default false. */
  readonly record?: boolean | undefined;
}

/** Runs one connection's chart. Create it and `start` it; it ends by itself when the chart is `closed`. */
export class Interpreter {
  readonly outbound: Outbound;
  readonly #world: World;
  readonly #client: ClientSide;
  readonly #actor;
  readonly #recorder: Recorder | undefined;
  readonly #side: SessionSide;
  /** The sockets that are open or being opened, by their attempt: one, or two while migrating. */
  readonly #sessions = new Map<number, Session>();
  /** The session that the outbound stream flows into; the last one while disconnected. */
  #live: Session | undefined;
  readonly #waitingPings = new WaitingPings();
  readonly #timers = new Map<TimerName, Timer>();
  /** Sockets that are left: the timer until the subscriptions there end, then until the socket is closed. */
  readonly #retiring = new Map<number, Timer>();
  readonly #credentials = new CredentialsCounter();
  /** The Error behind a Failure, for as long as somebody holds the Failure. */
  readonly #causes = new WeakMap<Failure, Error>();
  /** The pause of the outbound stream whose end a server is asked to confirm; undefined when it is over. */
  #pause: object | undefined;
  /** Sockets that still hand over what was written. */
  readonly #lingering = new Set<Promise<void>>();

  constructor(world: World, client: ClientSide, input: ConnectionInput, observed: Observed = {}) {
    const { inspect, record = false } = observed;
    this.#world = world;
    this.#client = client;
    const { reconnectBufferSize } = client;
    this.outbound = new Outbound({ defer: (run) => world.defer(run), reconnectBufferSize });
    this.#side = {
      world,
      message: client.message,
      send: (event) => this.send(event),
      credentials: (server) => this.#credentials.of(server),
      drained: (session) => {
        if (session === this.#live) this.outbound.drained();
      },
      settlePings: (session) => {
        if (session !== this.#live) return;
        for (const ping of this.#waitingPings.takeUpTo(this.outbound.handedOver)) session.pongs.add(ping);
      },
      over: ({ attempt }) => {
        this.#stopRetiring(attempt);
        this.#sessions.delete(attempt);
      },
      caused: (failure, error) => this.#caused(failure, error),
    };
    const machine = connectionMachine.provide({ actions: this.#guarded(this.#handlers()) });
    this.#recorder = record ? new Recorder(input) : undefined;
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

  /** The last INFO of the server in use; kept while disconnected, since its limits still guide `publish`. */
  get info(): ServerInfo | undefined {
    return this.#live?.info;
  }

  /** Tells the chart what happened, stamped with the time. After `closed` nobody listens. */
  send(event: Untimed<ConnectionEvent>): void {
    if (this.#actor.getSnapshot().status !== "active") return;
    const stamped = { ...event, at: this.#world.now() } as ConnectionEvent;
    this.#recorder?.record(stamped);
    this.#actor.send(stamped);
  }

  /** What happened so far; undefined where nothing is recorded. */
  recording(): Recording | undefined {
    return this.#recorder?.recording();
  }

  /** The Error that lies behind a failure, where there is one. */
  causeOf(failure: Failure): Error | undefined {
    return this.#causes.get(failure);
  }

  /** Sends PING behind all that was published so far; while disconnected, after the reconnect. */
  ping(answered: () => void, failed?: (why: Unanswered) => void): void {
    this.outbound.command("PING");
    this.#waitingPings.add({ answered, failed }, this.outbound.position);
  }

  #handlers(): Handlers {
    return {
      openSocket: (_, { attempt, server }) => {
        this.#sessions.set(attempt, new Session(this.#side, attempt, server));
      },
      upgradeToTls: (_, { attempt }) => this.#sessions.get(attempt)?.secure(),
      closeSocket: (_, { attempt, flush }) => this.#closeSocket(attempt, flush),
      retireSocket: (_, { attempt }) => this.#retireSocket(attempt),
      sendConnect: (_, { attempt }) => void this.#sendConnect(attempt),
      sendPing: (_, { attempt }) => {
        this.#sessions.get(attempt)?.ping(() => this.send({ type: "server.pong", attempt }));
      },
      sendPong: (_, { attempt }) => this.#sessions.get(attempt)?.write("PONG\r\n"),
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
      askNextServer: (_, { attempt, pool }) => {
        try {
          this.send({ type: "server.chosen", attempt, ...this.#client.chooseServer(pool) });
        } catch (error) {
          const message = "the function reconnectToServer failed; the error's cause says why";
          const failure = this.#caused({ code: "UNKNOWN_ERROR", message }, error);
          this.send({ type: "choice.failed", attempt, failure });
        }
      },
      resubscribe: (_, { attempt }) => {
        const session = this.#sessions.get(attempt);
        if (session === undefined) return;
        session.told = this.#client.subscriptionIds();
        session.write(this.#client.subscriptionLines());
      },
      holdOutbound: () => {
        this.#pause = undefined;
        this.outbound.hold();
      },
      pauseOutbound: (_, { attempt }) => {
        const session = this.#sessions.get(attempt);
        this.outbound.flush(true);
        this.outbound.hold();
        if (session === undefined) return;
        session.told = this.#client.subscriptionIds();
        const pause = {};
        this.#pause = pause;
        session.ping(() => {
          if (this.#pause === pause) this.send({ type: "outbound.flushed", attempt });
        });
      },
      releaseOutbound: (_, { attempt }) => {
        const session = this.#sessions.get(attempt);
        if (session === undefined) return;
        // Whoever subscribed or unsubscribed while the gate was shut, or while another server was in use.
        if (session.told !== undefined) session.write(this.#client.subscriptionLines(session.told));
        session.told = undefined;
        this.#pause = undefined;
        this.#live = session;
        this.outbound.release(session.transport);
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

  async #sendConnect(attempt: number): Promise<void> {
    const session = this.#sessions.get(attempt);
    if (session === undefined) return;
    const { info, server } = session;
    const isOver = () => this.#sessions.get(attempt) !== session;
    try {
      const answer = this.#client.authenticate(server.name, info?.nonce);
      const credentials = answer instanceof Promise ? await answer : answer;
      if (isOver()) return;
      this.#credentials.offer(server.name, credentials);
      session.pongs.add({ answered: () => this.send({ type: "server.pong", attempt }) });
      const fields = { ...this.#client.connectFields, tls: this.#client.tlsWanted };
      session.write(connectCommand(fields, info?.headers === true, credentials));
    } catch (error) {
      if (isOver()) return;
      // The client's error says what the failure says; what lies behind it is the user's.
      const failure = this.#caused(credentialsFailure(error), (error as Error).cause);
      this.send({ type: "credentials.failed", attempt, failure });
    }
  }

  #closeSocket(attempt: number, flush: boolean): void {
    const session = this.#sessions.get(attempt);
    this.#sessions.delete(attempt);
    if (session === undefined) return;
    if (!flush) {
      session.destroy();
      return;
    }
    if (session === this.#live) this.outbound.flush(true);
    const lingering = session.linger().then(() => void this.#lingering.delete(lingering));
    this.#lingering.add(lingering);
  }

  #retireSocket(attempt: number): void {
    const session = this.#sessions.get(attempt);
    if (session === undefined) return;
    const close = () => {
      this.#stopRetiring(attempt);
      this.#closeSocket(attempt, true);
    };
    const leave = () => {
      this.#retiring.set(attempt, this.#world.startTimer(LINGER, close));
      session.write(this.#client.unsubscribeLines());
      // What the old server still sends arrives before its PONG.
      session.ping(close);
    };
    this.#retiring.set(attempt, this.#world.startTimer(OVERLAP, leave));
  }

  #stopRetiring(attempt: number): void {
    const timer = this.#retiring.get(attempt);
    this.#retiring.delete(attempt);
    if (timer !== undefined) this.#world.stopTimer(timer);
  }

  async #finish(failure: Failure | null): Promise<void> {
    this.#client.closing(failure);
    this.#waitingPings.fail("closed");
    const messages = this.outbound.pendingMessages;
    for (const attempt of this.#sessions.keys()) {
      this.#stopRetiring(attempt);
      this.#closeSocket(attempt, false);
    }
    await Promise.all(this.#lingering);
    const bytes = this.outbound.pendingBytes;
    this.outbound.close();
    this.#client.closed(failure, { messages, bytes });
  }

  #caused(failure: Failure, error: unknown): Failure {
    if (error instanceof Error) this.#causes.set(failure, error);
    return failure;
  }
}
