// Carries out the chart's effects and tells the chart what came of them. One handler for each effect: the compiler
// proves that none is missing. What a user sees (connections, subscriptions, requests) is in src/api; what is
// spoken over one socket is in session.ts. It decides nothing, has no timer of its own, and knows of a link no more than
// its socket.
//
// The message path runs past the chart: bytes from the socket go to the parser and from there straight to the
// client; published messages go into `outbound`, whose gate the chart opens and shuts.

import type { ConnectionContext, ConnectionInput } from "../machine/context.js";
import type { Effect, EffectName, EffectParams } from "../machine/effects.js";
import type { ConnectionEvent, ServerInfoReceived, UserSetServers } from "../machine/events.js";
import type { Failure } from "../machine/failure.js";
import { isOldNews } from "../machine/old-news.js";
import type { Recording } from "../machine/recording.js";
import type { Bytes } from "../machine/units.js";
import { Authentication } from "./authentication.js";
import { CredentialsVersions, connectCommand } from "./connect-command.js";
import { beyondFailures, credentialsFailure } from "./failures.js";
import { LiveChart, type Observed } from "./live-chart.js";
import { Outbound } from "./outbound.js";
import type { Ports } from "./ports.js";
import type { ServerInfo } from "./server-info.js";
import { Session, type SessionSide, type Untimed } from "./session.js";
import type { Sink } from "./sink.js";
import type { Timer, World } from "./world.js";

type Handlers = { readonly [Name in EffectName]: (self: Interpreter, params: EffectParams[Name]) => void };

/** Runs one connection's chart. Create it and `start` it; it ends by itself when the chart is `closed`. */
export class Interpreter {
  /** What is done for each effect; once for all connections. */
  static readonly #handlers: Handlers = {
    openSocket: (self, { attempt, server }) => {
      self.#sessions.set(attempt, new Session(self.#side, attempt, server));
    },
    upgradeToTls: (self, { attempt }) => self.#sessions.get(attempt)?.secure(),
    closeSocket: (self, { attempt }) => {
      self.#sessions.get(attempt)?.destroy();
      self.#forget(attempt);
    },
    endSocket: (self, { attempt }) => {
      const session = self.#sessions.get(attempt);
      if (session === undefined) return;
      // Where the other side has ended it, what waits is for the next server.
      if (!session.isOver && self.#isInUse(session)) self.outbound.flush(true);
      session.end();
    },
    sendConnect: (self, { attempt }) => void self.#sendConnect(attempt),
    sendPing: (self, { attempt }) => {
      self.#sessions.get(attempt)?.ping(() => self.send({ type: "server.pong", attempt }));
    },
    sendPong: (self, { attempt, count }) => self.#sessions.get(attempt)?.answerPings(count),
    startTimer: (self, { timer, attempt, ms }) => {
      const key = `${timer} ${attempt}`;
      const fired = () => {
        self.#timers.delete(key);
        const failure = timer === "attempt" ? self.#authentication.unanswered(attempt, ms) : undefined;
        const heard = timer === "ping" && self.#sessions.get(attempt)?.takeHeard() === true;
        if (failure === undefined)
          self.send({ type: "timer.fired", timer, attempt, ...(heard ? { heard } : {}) });
        else self.send({ type: "credentials.failed", attempt, failure });
      };
      self.#timers.set(key, self.#world.startTimer(ms, fired));
    },
    stopTimer: (self, { timer, attempt }) => {
      const key = `${timer} ${attempt}`;
      const running = self.#timers.get(key);
      self.#timers.delete(key);
      if (running !== undefined) self.#world.stopTimer(running);
    },
    askReconnectDelay: (self, { attempt }) => {
      self.send({ type: "delay.chosen", attempt, ms: self.#ports.choices.delay() });
    },
    askNextServer: (self, { attempt, pool, origins }) => {
      try {
        self.send({ type: "server.chosen", attempt, ...self.#ports.choices.server({ pool, origins }) });
      } catch (error) {
        const message = "the function reconnectToServer failed; the error's cause says why";
        const failure = self.#caused({ code: "UNKNOWN_ERROR", message }, error);
        self.send({ type: "choice.failed", attempt, failure });
      }
    },
    resubscribe: (self, { attempt }) => self.#sessions.get(attempt)?.subscribe(self.#ports.subscriptions),
    unsubscribe: (self, { attempt }) => {
      const session = self.#sessions.get(attempt);
      if (session === undefined) return;
      session.unsubscribe();
      session.ping(() => self.send({ type: "subscriptions.drained", attempt }));
    },
    holdOutbound: (self) => self.outbound.hold(),
    pauseOutbound: (self, { attempt, from }) => {
      self.outbound.flush(true);
      self.#sessions.get(from)?.ping(() => self.send({ type: "outbound.flushed", attempt }));
      self.outbound.pause();
    },
    releaseOutbound: (self, { attempt }) => {
      const session = self.#sessions.get(attempt);
      if (session === undefined) return;
      for (const other of self.#sessions.values()) if (other !== session) other.view?.leave();
      self.#info = session.info;
      self.#withdrawBeyond(session);
      self.outbound.release(session.transport);
    },
    drainSubscriptions: (self, { attempt }) => {
      const drained = () => self.send({ type: "subscriptions.drained", attempt });
      void self.#ports.subscriptions.drain().then(drained);
    },
    finishOutbound: (self, { attempt }) => {
      self.outbound.finish();
      self.outbound.ping({ answered: () => self.send({ type: "outbound.flushed", attempt }) });
    },
    confirmOutbound: (self, { attempt }) => {
      const session = self.#sessions.get(attempt);
      self.outbound.flush(true);
      // Nobody takes messages any more: while the PONG is awaited, the server must give them to others of a queue group.
      session?.unsubscribe();
      session?.ping(() => self.send({ type: "outbound.flushed", attempt }));
    },
    notifyStatus: (self, { status }) => {
      const cause = status.type === "error" ? self.#causes.get(status.failure) : undefined;
      self.#ports.outcomes.status(status, cause);
    },
    resolveConnect: (self) => self.#ports.outcomes.connected(),
    rejectConnect: (self, { failure, attempts }) => self.#ports.outcomes.rejected(failure, attempts),
    settlePending: (self, { failure }) => {
      self.outbound.close();
      self.#ports.outcomes.closing(failure);
    },
    settleClosed: (self, { failure }) => {
      const { waiting: unsent, unconfirmed } = self.outbound;
      const lost = self.outbound.takeLost();
      self.outbound.dispose();
      self.#ports.outcomes.closed(failure, { unsent, unconfirmed, lost });
    },
  };

  readonly outbound: Outbound;
  readonly #world: World;
  readonly #ports: Ports;
  readonly #chart: LiveChart;
  readonly #side: SessionSide;
  /** The sockets, by the id of their link. */
  readonly #sessions = new Map<number, Session>();
  /** The timers that run, by name and attempt. */
  readonly #timers = new Map<string, Timer>();
  readonly #credentials = new CredentialsVersions();
  readonly #authentication: Authentication;
  /** The Error behind a Failure, for as long as somebody holds the Failure. */
  readonly #causes = new WeakMap<Failure, Error>();
  #info: ServerInfo | undefined;
  /** What the chart remembered once it had been told of the last INFO. */
  #noted: ConnectionContext | undefined;

  constructor(world: World, ports: Ports, input: ConnectionInput, observed: Observed = {}) {
    this.#world = world;
    this.#ports = ports;
    const session = (sink: Sink | null) => [...this.#sessions.values()].find((one) => one.transport === sink);
    this.outbound = new Outbound({
      defer: (run) => world.defer(run),
      ...ports.limits,
      wire: {
        pinged: (sink, ping, mark) => session(sink)?.pongs.add(ping, mark),
        ping: (answered) => session(this.outbound.sink)?.ping(answered),
        startTimer: (ms, fired) => world.startTimer(ms, fired),
        stopTimer: (timer) => world.stopTimer(timer),
      },
    });
    this.#chart = new LiveChart(
      { carryOut: (effect) => this.#carryOut(effect), brokeDown: (error) => this.#brokeDown(error) },
      input,
      observed,
    );
    this.#authentication = new Authentication((...asked) => ports.introduction.authenticate(...asked));
    this.#side = {
      world,
      message: ports.subscriptions.message,
      send: (event) => this.send(event),
      credentialsVersion: ({ name }) => this.#credentials.of(name),
      offeredBefore: ({ name }) => this.#credentials.last(name),
      knownNames: () => this.snapshot.context.pool.map(({ name }) => name),
      informed: (session) => {
        if (this.#isInUse(session)) this.#info = session.info;
      },
      saidOf: ({ attempt }, info) => this.#tellOfInfo({ attempt, info }),
      drained: ({ transport }) => this.outbound.drained(transport),
      mark: (session) => (this.#isInUse(session) ? this.outbound.here : undefined),
      confirmed: (mark) => this.outbound.confirm(mark),
      line: (session) => ({
        tell: (line) => (this.#isInUse(session) ? this.outbound.command(line) : session.write(`${line}\r\n`)),
        ask: (answered) =>
          this.#isInUse(session)
            ? this.outbound.ping({ answered, failed: answered })
            : session.ping(answered, answered),
      }),
      isOwn: (permission) => ports.subscriptions.isOwn(permission),
      over: ({ attempt }) => this.#forget(attempt),
      caused: (failure, error) => this.#caused(failure, error),
    };
  }

  /** Begins to connect. */
  start(): void {
    this.#chart.start();
  }

  /** The chart as it is now: its state and what it remembers. */
  get snapshot() {
    return this.#chart.snapshot;
  }

  /** The last INFO of the server in use; kept while disconnected, since its limits still guide `publish`. */
  get info(): ServerInfo | undefined {
    return this.#info;
  }

  /** Bytes that wait for a socket or were handed to one, and that it has not reported as written. */
  get pendingBytes(): Bytes {
    let pending = this.outbound.pendingBytes;
    for (const session of this.#sessions.values()) pending += session.pendingBytes;
    return pending;
  }

  /** Tells the chart what happened, stamped with the time. After `closed` nobody listens. */
  send(event: Untimed<ConnectionEvent>): void {
    // The time first: where something is added behind `...`, V8 makes a hidden class for each object (as far as Node 20).
    this.#chart.send({ at: this.#world.now(), ...event } as ConnectionEvent);
  }

  /** The user wants no connection any more, or the client cannot go on. */
  close(failure: Failure | null): void {
    const { waiting, unconfirmed } = this.outbound;
    this.send({ type: "user.close", unconfirmed: waiting.messages + unconfirmed.messages, failure });
  }

  /** The user names other servers. What others were offered is forgotten at once, whatever the chart is doing. */
  setServers(list: Pick<UserSetServers, "servers" | "kept" | "list">): void {
    this.#credentials.keepOnly(list.kept);
    this.send({ type: "user.setServers", ...list });
  }

  /** What happened so far; undefined where nothing is recorded. */
  recording(): Recording | undefined {
    return this.#chart.recording();
  }

  /** The Error that lies behind a failure, where there is one. */
  causeOf(failure: Failure): Error | undefined {
    return this.#causes.get(failure);
  }

  /** True where the outbound stream flows into that socket. */
  #isInUse({ transport }: Session): boolean {
    return this.outbound.sink === transport;
  }

  /** Tells the chart of an INFO, unless that is old news. */
  #tellOfInfo(told: Pick<ServerInfoReceived, "attempt" | "info">): void {
    const { context } = this.snapshot;
    const isOld = this.#noted !== undefined && isOldNews(this.#noted, context, told);
    if (isOld && !this.#chart.isMoving) return;
    this.send({ type: "server.info", ...told });
    this.#noted = this.snapshot.context;
  }

  /** Carries out an effect. A handler that throws is a bug; it must not leave a chart that looks alive and is not. */
  #carryOut({ type, params }: Effect): void {
    try {
      Interpreter.#handlers[type](this, params as never);
    } catch (error) {
      const failure = this.#bug(`the effect ${type} failed`, error);
      this.close(failure);
    }
  }

  /** The chart cannot say any more what is to be done: everything ends at once. */
  #brokeDown(error: unknown): void {
    const failure = this.#bug("the chart broke down", error);
    for (const session of this.#sessions.values()) session.destroy();
    this.#sessions.clear();
    this.#authentication.endAll();
    for (const timer of this.#timers.values()) this.#world.stopTimer(timer);
    this.#timers.clear();
    this.#carryOut({ type: "rejectConnect", params: { failure, attempts: [] } });
    this.#carryOut({ type: "settlePending", params: { failure } });
    this.#carryOut({ type: "settleClosed", params: { failure } });
  }

  #bug(what: string, error: unknown): Failure {
    return this.#caused({ code: "UNKNOWN_ERROR", message: `a bug in nats-statechart: ${what}` }, error);
  }

  async #sendConnect(attempt: number): Promise<void> {
    const session = this.#sessions.get(attempt);
    if (session === undefined) return;
    const { info, server } = session;
    const { introduction } = this.#ports;
    const isOver = () => this.#sessions.get(attempt) !== session;
    try {
      const answer = this.#authentication.credentials(attempt, server, info?.nonce);
      const credentials = answer instanceof Promise ? await answer : answer;
      if (isOver()) return;
      this.#credentials.offer(server.name, credentials);
      const command = connectCommand(introduction.connectFields, info?.headers === true, credentials);
      session.introduce(command, credentials, () => this.send({ type: "server.pong", attempt }));
    } catch (error) {
      if (isOver()) return;
      // The client's error says what the failure says; what lies behind it is the user's.
      const failure = this.#caused(credentialsFailure(error), (error as Error).cause);
      this.send({ type: "credentials.failed", attempt, failure });
    }
  }

  /** A socket is closed: nobody speaks over it any more. */
  #forget(attempt: number): void {
    this.#sessions.delete(attempt);
    this.#authentication.end(attempt);
  }

  /** Takes back what waits and this server would close the connection for, and says so. */
  #withdrawBeyond({ info, server: { name: server } }: Session): void {
    if (info === undefined) return;
    const limits = { maxPayload: info.max_payload, headers: info.headers === true };
    for (const failure of beyondFailures(this.outbound.withdrawBeyond(limits), server, limits)) {
      const report = { type: "error", server, failure, step: "connected", permission: null } as const;
      this.#ports.outcomes.status(report, undefined);
    }
  }

  #caused(failure: Failure, error: unknown): Failure {
    if (error instanceof Error) this.#causes.set(failure, error);
    return failure;
  }
}
