// One client of a run: a real connection in a simulated world, the work that it does, and the books that are kept of it.

import type { Auth } from "../api/authenticators.js";
import { Connection } from "../api/connection.js";
import { isNatsError } from "../api/errors.js";
import { headers } from "../api/headers.js";
import type { Msg } from "../api/msg.js";
import type { ConnectionOptions } from "../api/options.js";
import { RequestStrategy } from "../api/request-many.js";
import type { Status } from "../api/status.js";
import type { Subscription } from "../api/subscription.js";
import type { SimulatedWorld } from "../effects/simulated/world.js";
import type { Bytes } from "../machine/failure.js";
import { replay } from "../machine/replay.js";
import { Ledger, payloadOf, Receipts, readPayload } from "./ledger.js";
import type { Act, ClientPlan } from "./plan.js";
import type { Stage } from "./stage.js";

/** Of a flush or a message: it is small, and kept beyond the reconnect buffer. */
const PING_SIZE: Bytes = 6;

type Ask = Act & { type: "request" };
type Gather = Act & { type: "gather" };
type Subscribe = Act & { type: "subscribe" };

/** A client under test. */
export class SimulatedClient {
  readonly name: string;
  readonly plan: ClientPlan;
  readonly connection: Connection;
  readonly ledger: Ledger;
  /** What it published to itself. */
  readonly #own: number[] = [];
  readonly #stage: Stage;
  readonly #world: SimulatedWorld;
  readonly #receipts: Receipts;
  /** Promises that the client gave and has not settled. */
  readonly #pending = new Map<number, string>();
  /** All its subscriptions, ended ones too. */
  readonly #subs: Subscription[] = [];
  readonly #lastDial = new Map<string, number>();
  /** The servers that it was told of last. */
  #servers: readonly string[];
  #promises = 0;
  #pings = 0;
  #subscriptions = 0;
  #isConnected = false;
  #isOver = false;
  #lastStatus = "";

  constructor(stage: Stage, name: string, plan: ClientPlan) {
    this.name = name;
    this.plan = plan;
    this.#stage = stage;
    this.#servers = stage.servers.slice(0, plan.knows);
    const maySplit = plan.options.onLameDuck === "migrate";
    this.ledger = new Ledger(name, stage.registry, maySplit ? 3 : 1, stage.plan.network.highWater);
    this.#receipts = new Receipts(name, stage.registry, "self", maySplit);
    this.#world = stage.simulation.world(name, {
      dialed: (socket, server) => this.#dialed(socket, server),
      wrote: (socket, bytes, kept) => this.ledger.wrote(socket, bytes, kept),
      ended: (socket, atOnce, kept) => {
        stage.note(name, `${atOnce ? "destroys" : "ends"} socket ${socket}`);
        this.ledger.ended(socket, atOnce, kept);
      },
      closed: (socket, error) => {
        stage.note(name, `socket ${socket} is closed${error === null ? "" : `: ${error.message}`}`);
        this.ledger.closed(socket);
      },
    });
    this.connection = new Connection(this.#world, this.#options());
  }

  /** True from its end on. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** True once it has been connected. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Begins to connect, and works once it is connected. */
  start(): void {
    const connecting = this.connection.start();
    this.#track("connect", connecting);
    connecting.then(
      () => this.#connected(),
      () => {},
    );
    void this.connection.closed().then((error) => this.#closed(error ?? undefined));
  }

  #options(): ConnectionOptions {
    const { plan, name } = this;
    const stage = this.#stage;
    const { credentials, delay, chooses, records } = plan;
    const { random } = stage.simulation;
    const authenticator = () => stage.credentialsOf(name, credentials);
    return {
      ...plan.options,
      servers: [...this.#servers],
      name,
      record: records,
      onStatus: (status) => this.#statusReported(status),
      ...(delay === null ? {} : { reconnectDelayHandler: () => delay }),
      ...(chooses === null
        ? {}
        : { reconnectToServer: (pool) => ({ server: random.pick(pool), delay: chooses }) }),
      ...(credentials.type === "none" ? {} : { authenticator: authenticator as () => Auth | Promise<Auth> }),
    };
  }

  // What must hold while it lives.

  #dialed(socket: number, server: string): void {
    this.#stage.note(this.name, `dials ${server}: socket ${socket}`);
    this.ledger.dialed(socket);
    const { plan } = this;
    const { reconnectTimeWait, maxReconnectAttempts, onLameDuck } = plan.options;
    const now = this.#stage.simulation.time.now();
    const before = this.#lastDial.get(server);
    this.#lastDial.set(server, now);
    const isConfigured = this.#servers.includes(server) && plan.chooses === null;
    if (before === undefined || !isConfigured || maxReconnectAttempts !== -1 || onLameDuck === "migrate")
      return;
    const least = plan.delay ?? reconnectTimeWait;
    if (now - before < least - 1) {
      this.#complain(
        `dials ${server} again after ${Math.round(now - before)} ms; it should leave it alone for ${least}`,
      );
    }
  }

  #statusReported(status: Status): void {
    const { type, data, error } = status;
    // Routine, and too much of it.
    if (type === "pingTimer" && data === "1") return;
    const more = typeof data === "object" ? JSON.stringify(data) : data;
    this.#stage.note(this.name, `status ${type} ${more}${error === undefined ? "" : `: ${error.message}`}`);
    if (this.#isOver) this.#complain(`reports the status ${type} after it was closed`);
    if (type !== "disconnect" && type !== "reconnect") return;
    if (type === "disconnect" && this.#lastStatus === "disconnect")
      this.#complain("reports two disconnects in a row");
    this.#lastStatus = type;
  }

  #complain(what: string): void {
    this.#stage.registry.complain(`${this.name} ${what}`);
  }

  #track(what: string, promise: Promise<unknown>): void {
    const number = ++this.#promises;
    this.#pending.set(number, what);
    promise.then(
      () => {
        this.#pending.delete(number);
        this.#stage.note(this.name, `${what}: done`);
      },
      (error: unknown) => {
        this.#pending.delete(number);
        this.#stage.note(this.name, `${what}: ${error}`);
        if (!isNatsError(error as Error))
          this.#complain(`${what}: rejected with something else than a NatsError: ${error}`);
      },
    );
  }

  // Its life.

  #connected(): void {
    this.#isConnected = true;
    const { connection, name } = this;
    const receipts = this.#receipts;
    this.#track("the loop over status()", this.#readStatus());
    const own = connection.subscribe(`self.${name}`, {
      callback: (error, msg) => {
        if (error === null) receipts.add(msg.string());
      },
    });
    this.#subs.push(own);
    this.#track("self.closed", own.closed);
    const all = new Receipts(name, this.#stage.registry, "all", this.plan.options.onLameDuck === "migrate");
    connection.subscribe("all.>", {
      callback: (error, msg) => {
        if (error === null) all.add(msg.string());
      },
    });
    connection.subscribe("ask", {
      queue: "askers",
      callback: (error, msg) => {
        if (error === null) this.#answer(msg);
      },
    });
  }

  async #readStatus(): Promise<void> {
    for await (const _ of this.connection.status());
  }

  #closed(error: Error | undefined): void {
    const { ledger } = this;
    this.#isOver = true;
    ledger.isOver = true;
    this.#stage.note(this.name, `closed${error === undefined ? "" : `: ${error.message}`}`);
    const unsent = ledger.accepted - ledger.handedOver;
    if (error === undefined && unsent > 0)
      this.#complain(`closes without an error, but ${unsent} messages were never sent`);
    if (error === undefined && ledger.lostAtEnd > 0) {
      this.#complain(`closes without an error, but ${ledger.lostAtEnd} bytes never left`);
    }
    const { timers, sockets } = this.#world;
    if (timers + sockets > 0) this.#complain(`is closed, but has ${timers} timers and ${sockets} sockets`);
    this.#checkRecording();
    this.#stage.simulation.time.startTimer(0, () => this.checkOver());
    this.#stage.ended(this);
  }

  /** Played again, what happened must lead to the same end. */
  #checkRecording(): void {
    const recording = this.connection.recording();
    if (recording === undefined) return;
    const last = replay(JSON.parse(JSON.stringify(recording))).at(-1);
    if (last?.state !== "closed")
      this.#complain(`is closed, but its recording ends in ${JSON.stringify(last?.state)}`);
  }

  /** Nothing may be left running. */
  checkOver(): void {
    const { timers, sockets } = this.#world;
    if (timers + sockets > 0) this.#complain(`is closed, but has ${timers} timers and ${sockets} sockets`);
    if (this.#pending.size > 0)
      this.#complain(`is closed, but leaves unsettled: ${[...this.#pending.values()].join(", ")}`);
    if (this.connection.pendingBytes > 0)
      this.#complain(`is closed, but keeps ${this.connection.pendingBytes} bytes`);
  }

  // What it does.

  act(act: Act): void {
    if (!this.#isConnected || this.#isOver) return;
    switch (act.type) {
      case "publish":
        this.#publish(act);
        break;
      case "request":
        this.#request(act);
        break;
      case "gather":
        this.#track("requestMany", this.#gather(act));
        break;
      case "subscribe":
        this.#subscribe(act);
        break;
      case "move":
        this.#move(act);
        break;
      case "flush":
        this.#track("flush", this.flush());
        break;
      case "rtt":
        this.#pings++;
        this.#track("rtt", this.connection.rtt());
        break;
      case "ready":
        this.#track("ready", this.connection.ready(1_000));
        break;
      case "reconnect":
        this.#track("reconnect", this.connection.reconnect());
        break;
      case "close":
        this.close();
        break;
      case "drain":
        this.drain();
        break;
      default:
        act satisfies never;
    }
  }

  /** Closes, and watches that. */
  close(): Promise<unknown> {
    this.ledger.ending();
    const closing = this.connection.close();
    this.#track("close", closing);
    return this.connection.closed();
  }

  /** Drains, and watches that. */
  drain(): Promise<unknown> {
    this.ledger.ending();
    const draining = this.connection.drain().then(() => {
      const { accepted, handedOver } = this.ledger;
      if (handedOver < accepted)
        this.#complain(`is drained, but sent only ${handedOver} of ${accepted} messages`);
    });
    this.#track("drain", draining);
    return this.connection.closed();
  }

  /** Flushes; when that succeeds, all that it had published to itself over this connection must be there. */
  async flush(): Promise<void> {
    this.#pings++;
    const count = this.#own.length;
    await this.connection.flush();
    if (this.#stage.isLying || this.connection.isDraining()) return;
    this.#checkOwn(this.#own.slice(0, count), "after a flush");
  }

  /** Everything that was accepted must be sent by now, and what went over a socket that lives must have come back. */
  checkDelivered(): void {
    const { accepted, handedOver } = this.ledger;
    if (handedOver < accepted)
      this.#complain(`has sent only ${handedOver} of ${accepted} messages, in peace`);
    if (this.#stage.isLying) return;
    this.#checkOwn(this.#own, "in peace");
    this.#checkSubscriptions();
  }

  /** The server must know of every subscription, of none that has ended, and how many messages each still takes. */
  #checkSubscriptions(): void {
    const server = this.#stage.cluster.connectionOf(this.name, this.connection.getServer());
    if (server === undefined) return;
    for (const sub of this.#subs) {
      const known = server.subscriptions.get(`${sub.getID()}`);
      const what = `subscription ${sub.getID()} to ${sub.getSubject()}`;
      if (sub.isClosed() !== (known === undefined)) {
        this.#complain(`and its server disagree: ${what} is ${sub.isClosed() ? "over" : "alive"}`);
      }
      const max = sub.getMax();
      const left = max === undefined ? undefined : max - sub.getReceived();
      const leftThere = known?.max === undefined ? undefined : known.max - known.delivered;
      if (known !== undefined && left !== leftThere) {
        this.#complain(`and its server disagree: ${what} takes ${left} more messages, or ${leftThere}`);
      }
    }
  }

  #checkOwn(numbers: readonly number[], when: string): void {
    const missing = numbers.find(
      (number) => this.ledger.isAlive(this.ledger.socketOf(number)) && !this.#receipts.has(this.name, number),
    );
    if (missing !== undefined) this.#complain(`misses message ${missing}, which it sent to itself, ${when}`);
  }

  /** Messages that it sent to itself and that came back. */
  get delivered(): number {
    return this.#receipts.count;
  }

  /** Publishes one message by `send`; returns its number, or undefined where it was refused. */
  #accept(size: Bytes, says: string, send: (payload: string) => void): number | undefined {
    const { connection, ledger, name } = this;
    const number = ledger.accepted;
    const before = connection.stats().outMsgs;
    // Counted before, since it may go out at once.
    ledger.accepted++;
    let refusal: unknown;
    try {
      send(payloadOf({ client: name, number }, says, size));
    } catch (error) {
      refusal = error;
    }
    const isAccepted = connection.stats().outMsgs > before;
    if (!isAccepted) ledger.accepted--;
    if (refusal !== undefined && isAccepted)
      this.#complain(`throws at a message that it accepts: ${refusal}`);
    if (refusal !== undefined && !isNatsError(refusal as Error))
      this.#complain(`throws something else than a NatsError: ${refusal}`);
    if (isAccepted) this.#checkBuffer();
    return isAccepted ? number : undefined;
  }

  #checkBuffer(): void {
    const { reconnectBufferSize } = this.plan.options;
    const { connection } = this;
    if (reconnectBufferSize === -1 || connection.info !== undefined || connection.isClosed()) return;
    const bound = reconnectBufferSize + this.#pings * PING_SIZE;
    if (connection.pendingBytes > bound) {
      this.#complain(
        `keeps ${connection.pendingBytes} bytes while disconnected; the buffer is of ${reconnectBufferSize}`,
      );
    }
  }

  #publish(act: Act & { type: "publish" }): void {
    const { name } = this;
    const subject = { self: `self.${name}`, all: `all.${name}`, work: "work", nobody: "nobody.x" }[act.to];
    let accepted = 0;
    for (let count = 0; count < act.count; count++) {
      const options = act.headers ? { headers: ownHeaders() } : undefined;
      const number = this.#accept(act.size, "", (payload) =>
        this.connection.publish(subject, payload, options),
      );
      if (number === undefined) continue;
      accepted++;
      if (act.to === "self") this.#own.push(number);
    }
    this.#stage.note(name, `publishes to ${act.to}: ${accepted} of ${act.count} accepted`);
    if (act.flush) this.#track("flush", this.flush());
  }

  #request(act: Ask): void {
    const what = `a request to ${act.to}`;
    const asked = this.ledger.accepted;
    const abort = new AbortController();
    const opts = { timeout: act.timeout, noMux: act.noMux, signal: abort.signal };
    if (act.abort !== null) this.#stage.simulation.time.startTimer(act.abort, () => abort.abort());
    this.#accept(0, "?", (payload) => {
      const answer = this.connection.request(act.to, payload, opts).then((msg) => {
        const wanted = `${this.name}:${asked}`;
        const given = readPayload(msg.string())?.says;
        if (given !== wanted) this.#complain(`asked ${wanted} and is answered ${given}`);
      });
      this.#track(what, answer);
    });
  }

  async #gather(act: Gather): Promise<void> {
    const asked = this.ledger.accepted;
    let answers: Promise<AsyncIterable<Msg>> | undefined;
    this.#accept(0, "?", (payload) => {
      const opts = { strategy: RequestStrategy.Timer, maxWait: act.maxWait, noMux: act.noMux };
      answers = this.connection.requestMany("ask", payload, opts);
    });
    for await (const msg of (await answers) ?? []) {
      const given = readPayload(msg.string())?.says;
      if (given !== `${this.name}:${asked}`) this.#complain(`asked ${asked} and is answered ${given}`);
    }
  }

  #answer(msg: Msg): void {
    const asked = readPayload(msg.string());
    if (asked === undefined) return this.#complain("is asked by nobody");
    this.#accept(0, `${asked.client}:${asked.number}`, (payload) => void msg.respond(payload));
  }

  #move({ from, count }: Act & { type: "move" }): void {
    const { servers } = this.#stage;
    this.#servers = [...servers, ...servers].slice(from, from + Math.min(count, servers.length));
    this.#lastDial.clear();
    this.connection.setServers([...this.#servers]);
    this.#stage.note(this.name, `is told of ${this.#servers.join(", ")}`);
  }

  #subscribe(act: Subscribe): void {
    const { connection } = this;
    if (connection.isDraining() || connection.isClosed()) return;
    const name = `${act.to} ${++this.#subscriptions}`;
    const receipts = new Receipts(
      this.name,
      this.#stage.registry,
      name,
      this.plan.options.onLameDuck === "migrate",
    );
    let count = 0;
    const received = (text: string) => {
      if (act.to !== "silent") receipts.add(text);
      const max = sub.getMax();
      if (max !== undefined && ++count > max) this.#complain(`${name}: more than ${max} messages`);
    };
    const callback = (error: unknown, msg: Msg) => {
      if (error === null) received(msg.string());
    };
    const subject = act.to === "all" ? "all.>" : act.to;
    const sub = connection.subscribe(subject, {
      ...(act.to === "work" ? { queue: "workers" } : {}),
      ...(act.max === null ? {} : { max: act.max }),
      ...(act.iterates ? {} : { callback }),
    });
    this.#subs.push(sub);
    this.#stage.note(this.name, `subscribes to ${name}`);
    if (act.iterates) this.#track(`the loop over ${name}`, this.#iterate(sub, received, act));
    this.#track(`closed of ${name}`, sub.closed);
    this.#stage.simulation.time.startTimer(act.ms, () => this.#unsubscribe(sub, name, act, receipts));
  }

  async #iterate(sub: Subscription, received: (text: string) => void, act: Subscribe): Promise<void> {
    let count = 0;
    for await (const msg of sub) {
      received(msg.string());
      if (act.end === "break" && ++count === 5) return;
    }
  }

  #unsubscribe(sub: Subscription, name: string, act: Subscribe, receipts: Receipts): void {
    if (this.#isOver || sub.isClosed() || act.end === "never" || act.end === "break") return;
    if (act.end === "limit") {
      sub.unsubscribe(sub.getReceived() + 3);
      return;
    }
    if (act.end === "drain") {
      const drained = sub.drain().then(() => {
        receipts.isOver = !act.iterates;
      });
      this.#track(`drain of ${name}`, drained);
      return;
    }
    sub.unsubscribe();
    receipts.isOver = !act.iterates;
  }
}

function ownHeaders() {
  const own = headers();
  own.set("Key", "value");
  return own;
}
