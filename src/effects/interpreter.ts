// Carries out the chart's effects and tells the chart what came of them. One handler for each effect: the compiler
// proves that none is missing. What a user sees (connections, subscriptions, requests) is in src/api; what is
// spoken over one socket is in session.ts.
//
// The message path runs past the chart: bytes from the socket go to the parser and from there straight to the
// client; published messages go into `outbound`, whose gate the chart opens and shuts.

import { type ActorOptions, createActor } from "xstate";
import { effectActions } from "../machine/actions.js";
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
import { beyondFailures, credentialsFailure } from "./failures.js";
import { Outbound } from "./outbound.js";
import type { Unanswered } from "./pongs.js";
import { Recorder } from "./recorder.js";
import type { ServerInfo } from "./server-info.js";
import { LINGER, Session, type SessionSide, type SubscriptionChanges, type Untimed } from "./session.js";
import { WaitingPings } from "./waiting-pings.js";
import type { ParserSink } from "./wire/parser.js";
import type { Timer, World } from "./world.js";

/** What could not be sent before the end. */
export interface Unsent {
  /** At least these; 0 where only commands were left, which concern nobody any more. */
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
  readonly maxControlLine: number;
  /** Where messages go: the hot path. */
  readonly message: ParserSink["message"];
  /** The credentials for that server. May throw, reject, or never answer: the attempt's timeout covers it. */
  authenticate(server: string, nonce: string | undefined): Credentials | Promise<Credentials>;
  /** The user's `reconnectDelayHandler`, made safe: it never throws. */
  chooseDelay(): Milliseconds;
  /** The user's `reconnectToServer`. Throws where it does, or chooses a server that is not in the pool. */
  chooseServer(pool: ServerPool): { readonly server: string | null; readonly ms: Milliseconds };
  /** The lines that tell a server of all subscriptions, as it is taken into use. */
  resubscription(): string;
  /** The same while another server is in use, and a way to what changes until this one is. */
  resubscriptionAhead(): { readonly lines: string; readonly changes: SubscriptionChanges };
  /** From here on changes do not reach the server in use: a way to them, should it be in use again. */
  subscriptionChanges(): SubscriptionChanges;
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

type Handlers = { readonly [Name in EffectName]: (self: Interpreter, params: EffectParams[Name]) => void };

/** Whose actor it is that asks for an effect. */
const interpreters = new WeakMap<object, Interpreter>();

let machine: typeof connectionMachine | undefined;

/** The chart with its effects carried out. Made once: to provide for each connection would build the chart anew. */
function liveMachine(): typeof connectionMachine {
  if (machine !== undefined) return machine;
  const names = Object.keys(effectActions) as EffectName[];
  const actions = names.map((name) => [
    name,
    ({ self }: { readonly self: object }, params: never) => interpreters.get(self)?.carryOut(name, params),
  ]);
  machine = connectionMachine.provide({ actions: Object.fromEntries(actions) });
  return machine;
}

/** An observer of everything that happens inside the chart: `inspect` of XState's `createActor`. */
export type Inspect = NonNullable<ActorOptions<typeof connectionMachine>["inspect"]>;

/** Who watches the chart. */
export interface Observed {
  /** Gets everything that happens inside the chart, live. */
  readonly inspect?: Inspect | undefined;
  /** What an observer sees as the actor's id. Default: the id of the chart, `connection`. */
  readonly name?: string | undefined;
  /** Keep the last events. Default false. */
  readonly record?: boolean | undefined;
}

/** Runs one connection's chart. Create it and `start` it; it ends by itself when the chart is `closed`. */
export class Interpreter {
  /** What is done for each effect; once for all connections. */
  static readonly #handlers: Handlers = {
    openSocket: (self, { attempt, server }) => {
      self.#sessions.set(attempt, new Session(self.#side, attempt, server));
    },
    upgradeToTls: (self, { attempt }) => self.#sessions.get(attempt)?.secure(),
    closeSocket: (self, { attempt, flush }) => self.#closeSocket(attempt, flush),
    retireSocket: (self, { attempt }) => self.#retireSocket(attempt),
    sendConnect: (self, { attempt }) => void self.#sendConnect(attempt),
    sendPing: (self, { attempt }) => {
      self.#sessions.get(attempt)?.ping(() => self.send({ type: "server.pong", attempt }));
    },
    sendPong: (self, { attempt }) => self.#sessions.get(attempt)?.write("PONG\r\n"),
    startTimer: (self, { timer, attempt, ms }) => {
      const fired = () => {
        self.#timers.delete(timer);
        self.send({ type: "timer.fired", timer, attempt });
      };
      self.#timers.set(timer, self.#world.startTimer(ms, fired));
    },
    stopTimer: (self, { timer }) => {
      const running = self.#timers.get(timer);
      self.#timers.delete(timer);
      if (running !== undefined) self.#world.stopTimer(running);
    },
    askReconnectDelay: (self, { attempt }) => {
      self.send({ type: "delay.chosen", attempt, ms: self.#client.chooseDelay() });
    },
    askNextServer: (self, { attempt, pool }) => {
      try {
        self.send({ type: "server.chosen", attempt, ...self.#client.chooseServer(pool) });
      } catch (error) {
        const message = "the function reconnectToServer failed; the error's cause says why";
        const failure = self.#caused({ code: "UNKNOWN_ERROR", message }, error);
        self.send({ type: "choice.failed", attempt, failure });
      }
    },
    resubscribe: (self, { attempt }) => {
      const session = self.#sessions.get(attempt);
      if (session === undefined) return;
      session.isSubscribed = true;
      // With no server in use, the chart takes this one into use in the same step.
      if (!self.#isUp) return session.write(self.#client.resubscription());
      const { lines, changes } = self.#client.resubscriptionAhead();
      session.changes = changes;
      session.write(lines);
    },
    holdOutbound: (self) => {
      self.#isUp = false;
      self.#pause = undefined;
      self.outbound.hold();
    },
    pauseOutbound: (self, { attempt }) => {
      const session = self.#sessions.get(attempt);
      self.outbound.flush(true);
      self.outbound.pause();
      if (session === undefined) return;
      session.changes = self.#client.subscriptionChanges();
      const pause = {};
      self.#pause = pause;
      session.ping(() => {
        if (self.#pause === pause) self.send({ type: "outbound.flushed", attempt });
      });
    },
    releaseOutbound: (self, { attempt }) => {
      const session = self.#sessions.get(attempt);
      if (session === undefined) return;
      // Whoever subscribed or unsubscribed while the gate was shut, or while another server was in use.
      if (session.changes !== undefined) session.write(session.changes());
      session.changes = undefined;
      self.#pause = undefined;
      self.#live = session;
      self.#isUp = true;
      self.#withdrawBeyond(session);
      self.outbound.release(session.transport);
    },
    drainSubscriptions: (self, { attempt }) => {
      const drained = () => self.send({ type: "subscriptions.drained", attempt });
      void self.#client.drainSubscriptions().then(drained);
    },
    flushOutbound: (self, { attempt }) => {
      self.#client.refusePublishes();
      self.ping(() => self.send({ type: "outbound.flushed", attempt }));
    },
    notifyStatus: (self, { status }) => {
      const cause = status.type === "error" ? self.#causes.get(status.failure) : undefined;
      self.#client.statusReported(status, cause);
    },
    settleConnect: (self, { failure, attempts }) => self.#client.connectSettled(failure, attempts),
    settleClosed: (self, { failure }) => void self.#finish(failure),
  };

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
  #isUp = false;
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
    const { inspect, name, record = false } = observed;
    this.#world = world;
    this.#client = client;
    const { reconnectBufferSize, maxControlLine } = client;
    this.outbound = new Outbound({
      defer: (run) => world.defer(run),
      reconnectBufferSize,
      maxControlLine,
    });
    this.#side = {
      world,
      message: client.message,
      send: (event) => this.send(event),
      credentials: (server) => this.#credentials.of(server),
      drained: (session) => this.outbound.drained(session.transport),
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
    this.#recorder = record ? new Recorder(input) : undefined;
    const observer = inspect === undefined ? {} : { inspect, ...(name === undefined ? {} : { id: name }) };
    this.#actor = createActor(liveMachine(), { input, ...observer });
    interpreters.set(this.#actor, this);
  }

  /** Begins to connect. */
  start(): void {
    this.#actor.start();
  }

  /** The chart as it is now: its state and what it remembers. */
  get snapshot() {
    return this.#actor.getSnapshot();
  }

  /** Whether a connection stands. Not asked of the snapshot, which is still the old one while a status is reported. */
  get isUp(): boolean {
    return this.#isUp;
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

  /**
   * Sends UNSUB to each server that knows the subscriptions: one; two in a move and shortly after; none while disconnected.
   * @param ended none of them sends any more of it
   */
  unsubscribe(line: string, ended: () => void): void {
    const told = [...this.#sessions.values()].filter(({ isSubscribed }) => isSubscribed);
    let awaited = told.length;
    const answered = () => {
      awaited -= 1;
      if (awaited === 0) ended();
    };
    if (awaited === 0) ended();
    for (const session of told) {
      if (session === this.#live && this.#isUp && this.#pause === undefined) {
        this.outbound.command(line);
        this.ping(answered, answered);
      } else {
        session.write(`${line}\r\n`);
        session.ping(answered, answered);
      }
    }
  }

  /** Carries out an effect. A handler that throws is a bug; it must not leave a chart that looks alive and is not. */
  carryOut<Name extends EffectName>(name: Name, params: EffectParams[Name]): void {
    try {
      Interpreter.#handlers[name](this, params);
    } catch (error) {
      this.#brokeDown(name, error);
    }
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

  /** Takes back what waits and this server would close the connection for, and says so. */
  #withdrawBeyond({ info, server: { name: server } }: Session): void {
    if (info === undefined) return;
    const limits = { maxPayload: info.max_payload, headers: info.headers === true };
    for (const failure of beyondFailures(this.outbound.withdrawBeyond(limits), server, limits)) {
      const report = { type: "error", server, failure, step: "connected", permission: null } as const;
      this.#client.statusReported(report, undefined);
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
    this.#isUp = false;
    this.#client.closing(failure);
    this.#waitingPings.fail("closed");
    for (const attempt of this.#sessions.keys()) {
      this.#stopRetiring(attempt);
      this.#closeSocket(attempt, false);
    }
    await Promise.all(this.#lingering);
    const { unsentMessages: messages, pendingBytes: bytes } = this.outbound;
    this.outbound.dispose();
    this.#client.closed(failure, { messages, bytes });
  }

  #caused(failure: Failure, error: unknown): Failure {
    if (error instanceof Error) this.#causes.set(failure, error);
    return failure;
  }
}
