// One client of a run: a real connection in a simulated world, watched from outside. What it does: workload.ts.

import { Connection } from "../api/connection.js";
import { ErrorCode, isNatsError, type NatsError } from "../api/errors.js";
import type { ConnectionOptions } from "../api/options.js";
import type { Status } from "../api/status.js";
import type { SimulatedWorld } from "../effects/simulated/world.js";
import type { Recording } from "../machine/recording.js";
import { replay } from "../machine/replay.js";
import type { Bytes, Milliseconds } from "../machine/units.js";
import { Attempts } from "./attempts.js";
import type { DeliveryOptions } from "./delivery-law.js";
import { exactlyThoseOf, Ledger } from "./ledger.js";
import { payloadOf } from "./message-id.js";
import type { Act, ClientPlan, ServerListPlan } from "./plan.js";
import type { Premise } from "./premises.js";
import { SecretsLaw, secretsIn } from "./secrets-law.js";
import { Silence } from "./silence.js";
import { foreignServers } from "./sites.js";
import type { Stage } from "./stage.js";
import type { WorkingClient } from "./working-client.js";
import { Workload } from "./workload.js";

/** `PING` and CRLF: kept beyond the reconnect buffer. */
const PING_SIZE: Bytes = 6;

/** A moment, in which a client does what it has to do by then. */
const MOMENT: Milliseconds = 1_000;

/**
 * How far the life of a client is, as seen from outside: it has never been connected; a connection stands; it was
 * connected and is not; it is closed.
 */
type Phase = "connecting" | "up" | "lost" | "closed";

/** What it was told of its end. A `close` may follow a `drain`, which then ends unfinished. */
type End = "drain" | "close";

/** A client under test. */
export class SimulatedClient implements WorkingClient {
  readonly name: string;
  readonly plan: ClientPlan;
  readonly stage: Stage;
  readonly connection: Connection;
  readonly ledger: Ledger;
  /** True where it may receive a message twice: while it moves from one server to another, it is subscribed with both. */
  readonly mayRepeat: boolean;
  readonly #work: Workload;
  readonly #world: SimulatedWorld;
  /** Promises that the client gave and has not settled. */
  readonly #pending = new Map<number, string>();
  readonly #lastDial = new Map<string, number>();
  readonly #attempts = new Attempts(
    () => this.connection,
    () => this.#servers,
    () => (this.isConnected ? this.plan.options.maxReconnectAttempts : -1),
    (what) => this.complain(what),
    (premise) => this.#held(premise),
  );
  readonly #silence: Silence;
  readonly #secrets: SecretsLaw;
  /** The servers that it was told of last. */
  #servers: readonly string[];
  /** How many lists of servers it was told of. */
  #lists = 0;
  #promises = 0;
  #phase: Phase = "connecting";
  #end: End | undefined;
  /** True from the time that all was well until its connection is lost. */
  #isAtPeace = false;
  /** True from the time that its credentials are refused until it has new ones. */
  #isRefused = false;
  /** True once it was told of other servers: then it may know more, or fewer, than the cluster has. */
  #hasMoved = false;

  constructor(stage: Stage, name: string, plan: ClientPlan) {
    this.name = name;
    this.plan = plan;
    this.stage = stage;
    this.mayRepeat = plan.options.onLameDuck === "migrate";
    const { allowNonTls: allowsNonTls = false, maxReconnectAttempts } = plan.options;
    const allowed = { allowsNonTls, givesUp: maxReconnectAttempts !== -1 };
    this.#secrets = new SecretsLaw(
      allowed,
      (what) => this.complain(what),
      (premise) => this.#held(premise),
    );
    stage.secrets.set(name, this.#secrets);
    const list = { from: 0, ...plan.list, count: plan.knows };
    this.#servers = stage.sites.namesIn(list);
    this.ledger = new Ledger(
      name,
      stage.registry,
      exactlyThoseOf(() => this.connection.links),
      stage.plan.network.highWater,
      { resends: plan.options.unconfirmed === "resend", ...bounded(plan), isLying: stage.isLying },
    );
    this.#silence = new Silence(
      stage.simulation.time,
      () => this.#patience(),
      (what) => this.complain(what),
    );
    this.#work = new Workload(this);
    this.#world = stage.simulation.world(name, {
      dialed: (socket, server) => this.#dialed(socket, server),
      secured: (socket, certificate) => {
        this.#secrets.secured(socket, certificate);
        this.ledger.secured(socket);
      },
      wrote: (socket, bytes, kept, hasRoom) => {
        this.#secrets.wrote(socket, bytes);
        this.ledger.wrote(socket, bytes, kept, hasRoom);
      },
      drained: (socket) => this.ledger.drained(socket),
      received: (socket, bytes) => {
        this.#secrets.received(socket, bytes);
        this.ledger.received(socket, bytes);
        this.#silence.broken(socket);
      },
      ended: (socket, atOnce, kept) => {
        this.note(`${atOnce ? "destroys" : "ends"} socket ${socket}`);
        if (atOnce) stage.groups.over(name, socket);
        else stage.groups.left(name, socket);
        if (atOnce) this.#secrets.over(socket);
        this.ledger.ended(socket, atOnce, kept);
      },
      closed: (socket, error) => {
        if (this.ledger.wire(socket)?.isLeft !== true) this.#isAtPeace = false;
        this.note(`socket ${socket} is closed${error === null ? "" : `: ${error.message}`}`);
        stage.groups.over(name, socket);
        this.#secrets.over(socket);
        this.ledger.closed(socket);
      },
    });
    this.connection = new Connection(this.#world, this.#options(this.#list(list)));
  }

  /** True from its end on. */
  get isOver(): boolean {
    return this.#phase === "closed";
  }

  /** True once it has been connected, and until its end. */
  get isConnected(): boolean {
    return this.#phase === "up" || this.#phase === "lost";
  }

  /** Messages that it sent to itself and that came back. */
  get delivered(): number {
    return this.#work.delivered;
  }

  #options(servers: readonly string[]): ConnectionOptions {
    const { plan, name, stage } = this;
    const { credentials, delay, chooses, records } = plan;
    const { random } = stage.simulation;
    return {
      ...plan.options,
      servers: [...servers],
      name,
      record: records,
      onStatus: (status) => this.#statusReported(status),
      ...(delay === null ? {} : { reconnectDelayHandler: () => delay }),
      ...(chooses === null
        ? {}
        : { reconnectToServer: (pool) => ({ server: random.pick(pool), delay: chooses }) }),
      ...(credentials.type === "none" ? {} : { authenticator: () => stage.credentialsOf(name, credentials) }),
    };
  }

  // Its life.

  /** Begins to connect, and works once it is connected. */
  start(): void {
    const connecting = this.connection.start();
    this.track("connect", connecting);
    connecting.then(
      () => {
        this.#attempts.connected();
        if (this.#phase === "connecting") {
          this.#phase = "up";
          this.ledger.handOvers.goesOn(this.ledger.socket, false);
          this.#silence.begins(this.ledger.socket);
        }
        this.track("the loop over status()", this.#readStatus());
        this.#work.begin();
      },
      () => {},
    );
    void this.connection.closed().then((error) => this.#closed(error as NatsError | undefined));
  }

  /** Does it; nothing where it is not, or no longer, connected. */
  act(act: Act): void {
    if (this.isConnected) this.#work.perform(act);
  }

  /** Flushes, and looks whether all has come back. */
  flush(): Promise<void> {
    return this.#work.flush();
  }

  /** Closes; resolves when closed. */
  async close(): Promise<void> {
    this.#end = "close";
    this.ledger.ending();
    this.track("close", this.connection.close());
    await this.connection.closed();
  }

  /** Drains; resolves when closed. */
  async drain(): Promise<void> {
    this.#end ??= "drain";
    this.ledger.ending();
    const { deliveries } = this.ledger;
    const draining = this.connection.drain();
    this.#work.drains();
    this.track(
      "drain",
      draining.then(() => deliveries.vouches(deliveries.accepted, "is drained")),
    );
    await this.connection.closed();
  }

  /** Tells it of other servers. */
  move(list: ServerListPlan): void {
    this.#servers = this.stage.sites.namesIn(list);
    this.#lastDial.clear();
    this.#hasMoved = true;
    this.connection.setServers(this.#list(list));
    this.#attempts.recount();
  }

  /** Gives it its servers back, as it tells of them. */
  keep(): void {
    const servers = this.connection.getServers();
    if (servers.length === 0) return;
    this.#hasMoved = true;
    const names = servers.map(({ listen }) => listen);
    this.#secrets.replaced([], names);
    this.connection.setServers(servers);
    this.#attempts.recount();
    this.note(`is given back ${names.join(", ")}`);
  }

  /** The URLs of the next list; its secrets are those that count from here on. */
  #list(list: ServerListPlan): readonly string[] {
    const urls = this.stage.sites.urls(this.name, this.#lists++, list);
    this.#secrets.replaced(urls);
    this.note(`is told of ${urls.map((url) => url.replace(/\/\/.*@/, "//***@")).join(", ")}`);
    return urls;
  }

  /** Reconnects at once. While it is disconnected no server is left alone any longer. */
  reconnect(): Promise<void> {
    if (this.#phase !== "up") this.#lastDial.clear();
    return this.connection.reconnect();
  }

  /** Publishes one message by `send`; returns its number, or undefined where it was refused. */
  accept(size: Bytes, says: string, send: (payload: string) => void, hasHeaders = false): number | undefined {
    const { connection, name } = this;
    const { deliveries } = this.ledger;
    const before = connection.stats().outMsgs;
    // Counted before, since it may go out at once.
    const number = deliveries.accept(size, hasHeaders);
    let refusal: unknown;
    try {
      send(payloadOf({ client: name, number }, says, size));
    } catch (error) {
      refusal = error;
    }
    const isAccepted = connection.stats().outMsgs > before;
    if (!isAccepted) deliveries.refused();
    if (refusal !== undefined && isAccepted) this.complain(`throws at a message that it accepts: ${refusal}`);
    if (refusal !== undefined && !isNatsError(refusal as Error)) {
      this.complain(`throws something else than a NatsError: ${refusal}`);
    }
    if (isAccepted && this.#phase === "lost") this.#held("keptInOutage");
    if (isAccepted && this.#phase === "up" && connection.links.length > 1) this.#held("publishedInMove");
    if (isAccepted) this.#checkBuffer();
    return isAccepted ? number : undefined;
  }

  // What must hold.

  #held(premise: Premise): void {
    this.stage.premises.note(premise);
  }

  complain(what: string): void {
    this.stage.registry.complain(`${this.name} ${what}`);
  }

  note(what: string): void {
    this.stage.note(this.name, what);
  }

  /** The promise must be settled in the end, and rejected with nothing but a NatsError. */
  track(what: string, promise: Promise<unknown>): void {
    const number = ++this.#promises;
    this.#pending.set(number, what);
    const settled = (how: string) => {
      this.#pending.delete(number);
      this.note(`${what}: ${how}`);
    };
    promise.then(
      () => settled("done"),
      (error: unknown) => {
        settled(`${error}`);
        if (!isNatsError(error as Error))
          this.complain(`${what} fails with something else than a NatsError: ${error}`);
      },
    );
  }

  /** In peace, and after a flush: everything that was accepted is sent, and nothing is missing. */
  check(): void {
    const { deliveries } = this.ledger;
    deliveries.checkStats(this.connection.outboundStats());
    this.#work.check();
    this.stage.groups.check(this.name);
    this.#checkPool();
    this.#isAtPeace = !this.stage.isLying;
  }

  /** It must know all servers of the cluster, and none besides them but those that it was told of. */
  #checkPool(): void {
    const { connection, plan, stage } = this;
    const { ignoreClusterUpdates, maxReconnectAttempts } = plan.options;
    if (ignoreClusterUpdates || maxReconnectAttempts !== -1 || connection.info === undefined) return;
    const nodes = stage.sites.clusterOf(connection.getServer())?.nodes ?? [];
    const cluster = nodes.map(({ address }) => address);
    // `setServers` leaves it with what it was told, until the next INFO.
    if (cluster.length < 2 || this.#hasMoved || stage.isMisleading) return;
    this.#held("poolCompared");
    const pool = connection.getServers();
    const unknown = cluster.find((address) => !pool.some(({ listen }) => listen === address));
    if (unknown !== undefined) this.complain(`does not know of the server ${unknown}`);
    // What it knows of another cluster, that one has to tell.
    const isOfIt = (listen: string) => !stage.sites.isOfAnother(listen, cluster[0] ?? "");
    const gone = pool.find(({ listen, gossiped }) => gossiped && isOfIt(listen) && !cluster.includes(listen));
    if (gone !== undefined) this.complain(`still knows of the server ${gone.listen}, which is gone`);
  }

  /** After its end nothing may be left. */
  checkOver(): void {
    const { timers, sockets } = this.#world;
    if (timers + sockets > 0) this.complain(`is closed, but has ${timers} timers and ${sockets} sockets`);
    const pending = [...this.#pending.values()].join(", ");
    if (pending !== "") this.complain(`is closed, but leaves unsettled: ${pending}`);
    const { pendingBytes } = this.connection;
    if (pendingBytes > 0) this.complain(`is closed, but keeps ${pendingBytes} bytes`);
    this.ledger.deliveries.checkOver();
  }

  async #readStatus(): Promise<void> {
    for await (const _ of this.connection.status());
  }

  #dialed(socket: number, server: string): void {
    this.note(`dials ${server}: socket ${socket}`);
    if (foreignServers.includes(server)) this.#held("foreignDialed");
    this.ledger.dialed(socket);
    this.#secrets.dialed(socket, server);
    const { plan } = this;
    const now = this.stage.simulation.time.now();
    const before = this.#lastDial.get(server);
    this.#lastDial.set(server, now);
    // A server that left the pool and was learnt again may be dialed at once; so may one that a move was given up for.
    const staysInPool = this.#servers.includes(server) && plan.options.maxReconnectAttempts === -1;
    if (before === undefined || !staysInPool || plan.chooses !== null || this.mayRepeat) return;
    const least = plan.delay ?? plan.options.reconnectTimeWait;
    if (now - before >= least - 1) return;
    this.complain(
      `dials ${server} again after ${Math.round(now - before)} ms; it should leave it alone for ${least}`,
    );
  }

  #statusReported(status: Status): void {
    const { type, data, error } = status;
    // Routine, and too much of it.
    if (type === "pingTimer" && data === "1") return;
    const more = typeof data === "object" ? JSON.stringify(data) : data;
    const told = status.unconfirmed?.messages ?? 0;
    const unconfirmed = told === 0 ? "" : `, ${told} unconfirmed`;
    this.note(`status ${type} ${more}${unconfirmed}${error === undefined ? "" : `: ${error.message}`}`);
    if (this.#phase === "closed") return this.complain(`reports the status ${type} after it was closed`);
    if (error?.code === ErrorCode.ServerOptionNotAvailable && status.step === "connected") {
      this.ledger.deliveries.tookBack(status.messages ?? 0);
    }
    this.#notePremises(status);
    if (type === "close") this.ledger.deliveries.closed(status);
    if (type === "disconnect") this.ledger.deliveries.disconnected(status.unconfirmed);
    this.#attempts.reported(status);
    if (type !== "disconnect" && type !== "reconnect") return;
    if (type === "reconnect") {
      this.ledger.handOvers.goesOn(this.ledger.socket, this.#phase === "up");
      this.#silence.begins(this.ledger.socket);
    } else this.#silence.ends();
    if (type === "disconnect" && this.#phase === "lost") this.complain("reports two disconnects in a row");
    this.#phase = type === "reconnect" ? "up" : "lost";
  }

  /** What a status says of the premises of checks. */
  #notePremises({ type, error, step }: Status): void {
    if (type === "staleConnection") this.#held("stale");
    if (type === "ldm") this.#held(this.#end === "drain" ? "lameDuckInDrain" : "lameDuck");
    if (type === "disconnect" && this.connection.links.length > 1) this.#held("lostInMove");
    const isIssued = this.plan.credentials.type === "issued";
    if (type === "error" && step === "connected" && error?.isAuthError() === true) this.#isRefused = isIssued;
    if (type === "reconnect" && this.#isRefused) {
      this.#isRefused = false;
      this.#held("renewed");
    }
  }

  /** After how long a silence of its server it must have noticed. */
  #patience(): Milliseconds {
    const { pingInterval, maxPingOut, drainTimeout } = this.plan.options;
    // The PING after the last one that may be unanswered ends it; the time of one more begins anew when a move is given up.
    const stale = pingInterval * (maxPingOut + (this.mayRepeat ? 2 : 1));
    // While it drains it asks no more: that ends by itself.
    return stale + (this.connection.isDraining() ? drainTimeout : 0) + MOMENT;
  }

  #checkBuffer(): void {
    const { reconnectBufferSize } = this.plan.options;
    const { connection } = this;
    if (reconnectBufferSize === -1 || this.#phase !== "lost") return;
    const bound = reconnectBufferSize + this.#promises * PING_SIZE;
    const { pendingBytes } = connection;
    if (pendingBytes <= bound) return;
    this.complain(`keeps ${pendingBytes} bytes while disconnected; it may keep ${bound}`);
  }

  #closed(error: NatsError | undefined): void {
    const { ledger } = this;
    const wasConnected = this.isConnected;
    this.#phase = "closed";
    this.#silence.ends();
    ledger.isOver = true;
    this.note(`closed${error === undefined ? "" : `: ${error.message}`}`);
    ledger.deliveries.ended(error);
    if (error !== undefined && this.#isAtPeace)
      this.complain(`is told to end in peace, and fails: ${error.message}`);
    if (error === undefined && ledger.lostAtEnd > 0)
      this.complain(`closes without an error, but ${ledger.lostAtEnd} bytes never left`);
    if (this.#end === undefined) this.#held(error?.isAuthError() === true ? "refusedTwice" : "gaveUp");
    if (this.#end === "drain" && (error?.unconfirmed?.messages ?? 0) > 0) this.#held("lostInDrain");
    if (!this.#mayGiveUp(wasConnected))
      this.complain(`gives up, though it should go on for ever: ${error?.message}`);
    this.#checkRecording();
    const { timers, sockets } = this.#world;
    if (timers + sockets > 0) this.complain(`is closed, but has ${timers} timers and ${sockets} sockets`);
    this.stage.simulation.time.startTimer(0, () => this.checkOver());
    this.stage.ended(this.name);
  }

  /** Whether it was told to end, or its options let it end by itself. */
  #mayGiveUp(wasConnected: boolean): boolean {
    if (this.#end !== undefined) return true;
    const { reconnect, maxReconnectAttempts, ignoreAuthErrorAbort, waitOnFirstConnect } = this.plan.options;
    const keepsTrying = wasConnected ? reconnect && maxReconnectAttempts === -1 : waitOnFirstConnect;
    return !keepsTrying || !ignoreAuthErrorAbort || this.plan.chooses !== null;
  }

  /** Played again, what happened must lead to the same end. */
  #checkRecording(): void {
    const recording = this.connection.recording();
    if (recording === undefined) return;
    if (secretsIn(JSON.stringify(recording)).length > 0) this.complain("keeps a secret in its recording");
    this.#held("replayed");
    const end = endOf(JSON.parse(JSON.stringify(recording)));
    if (end !== '"closed"') this.complain(`is closed, but its recording ends in ${end}`);
  }
}

/** The state in which a recording ends when it is played again, or why it cannot be played. */
function endOf(recording: Recording): string {
  try {
    return JSON.stringify(replay(recording).at(-1)?.state);
  } catch (error) {
    return `${error}`;
  }
}

/** What a client keeps at most to send it again. */
function bounded({ options: { reconnectBufferSize: bound } }: ClientPlan): Pick<DeliveryOptions, "bound"> {
  return bound === -1 ? {} : { bound };
}
