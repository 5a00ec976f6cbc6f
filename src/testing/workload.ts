// The work that a client of a run does: it publishes, asks, answers and subscribes, and looks at what it gets.

import { ErrorCode, type NatsError } from "../api/errors.js";
import { headers } from "../api/headers.js";
import type { Msg } from "../api/msg.js";
import { RequestStrategy } from "../api/request-many.js";
import type { Subscription } from "../api/subscription.js";
import { readPayload } from "./message-id.js";
import type { Act } from "./plan.js";
import { Receipts } from "./receipts.js";
import type { WorkingClient } from "./working-client.js";

type Ask = Act & { type: "request" };
type Gather = Act & { type: "gather" };
type Publish = Act & { type: "publish" };
type Subscribe = Act & { type: "subscribe" };

/** What one client does. */
export class Workload {
  readonly #client: WorkingClient;
  /** Numbers of the messages that it sent to itself. */
  readonly #own: number[] = [];
  readonly #ownReceipts: Receipts;
  /** Those of its subscriptions that are members of a queue group and take all that they get. */
  readonly #members = new Set<Subscription>();
  /** All its subscriptions, ended ones too. */
  readonly #subs: Subscription[] = [];
  #subscriptions = 0;
  /** The socket over which a flush succeeded last. */
  #flushedSocket = 0;

  constructor(client: WorkingClient) {
    this.#client = client;
    this.#ownReceipts = this.#receipts("self");
  }

  /** Messages that it sent to itself and that came back. */
  get delivered(): number {
    return this.#ownReceipts.count;
  }

  /** The subscriptions that it has all its life: to itself, to all, and to questions. */
  begin(): void {
    const { connection, name, stage } = this.#client;
    const all = this.#receipts("all");
    const own: Subscription = connection.subscribe(
      `self.${name}`,
      listener((msg) => this.#ownReceipts.add(msg.string(), this.#took(own, msg))),
    );
    const everything: Subscription = connection.subscribe(
      "all.>",
      listener((msg) => all.add(msg.string(), this.#took(everything, msg))),
    );
    const questions = connection.subscribe("ask", {
      queue: "askers",
      ...listener((msg) => this.#answer(msg, questions)),
    });
    this.#members.add(questions);
    stage.groups.joined(name, questions);
    this.#subs.push(own, everything, questions);
    for (const sub of this.#subs) this.#client.ledger.arrivals.subscribed(sub);
    for (const sub of this.#subs) this.#client.track(`closed of ${sub.getSubject()}`, sub.closed);
  }

  /** A subscription gets a message. Returns the socket that it came over, if any. */
  #took(sub: Subscription, msg: Msg): number | undefined {
    const id = readPayload(msg.string());
    return id === undefined ? undefined : this.#client.ledger.arrivals.took(sub, id);
  }

  /** Its connection drains, and with it each subscription: what a server had handed to a member must arrive. */
  drains(): void {
    for (const sub of this.#members) if (sub.isDraining() && !sub.isClosed()) this.#drained(sub);
  }

  /** Must be called at once: the answers to the drain are about to come. */
  #drained(sub: Subscription): void {
    const { name, stage } = this.#client;
    const checked = async () => {
      await sub.drain();
      await sub.closed;
      // It may have ended by itself in the meantime.
      if (this.#members.has(sub)) stage.groups.drained(name, sub);
    };
    // It is rejected where the connection is closed before.
    if (this.#members.has(sub)) checked().catch(() => {});
  }

  /** Does it. */
  perform(act: Act): void {
    const client = this.#client;
    const { connection } = client;
    switch (act.type) {
      case "publish":
        this.#publish(act);
        break;
      case "request":
        this.#request(act);
        break;
      case "gather":
        client.track("requestMany", this.#gather(act));
        break;
      case "subscribe":
        this.#subscribe(act);
        break;
      case "move":
        client.move(act);
        break;
      case "keep":
        client.keep();
        break;
      case "flush":
        client.track("flush", this.flush());
        break;
      case "rtt":
        client.track("rtt", connection.rtt());
        break;
      case "ready":
        client.track("ready", connection.ready(1_000));
        break;
      case "reconnect":
        client.track("reconnect", client.reconnect());
        break;
      case "close":
        void client.close();
        break;
      case "drain":
        void client.drain();
        break;
      default:
        act satisfies never;
    }
  }

  /** Flushes; when that succeeds, what it had sent to itself over a socket that lives must be there. */
  async flush(): Promise<void> {
    const { connection, ledger, stage } = this.#client;
    const { deliveries } = ledger;
    const count = this.#own.length;
    const { accepted } = deliveries;
    const isClosed = connection.isClosed();
    try {
      await connection.flush();
    } catch (error) {
      // One that comes too late, or that the end overtakes, tells nothing: closed() does.
      const failure = error as NatsError;
      if (!isClosed && failure.code !== ErrorCode.ConnectionClosed) deliveries.flushFailed(failure);
      throw error;
    }
    deliveries.vouches(accepted, "has flushed");
    this.#flushedSocket = this.#client.ledger.socket;
    // Who closes the connection meanwhile gets no message any more, but the last word of the server.
    if (stage.isLying || connection.isDraining() || connection.isClosed()) return;
    this.#checkOwn(this.#own.slice(0, count), "after a flush");
  }

  /** In peace and after a flush: nothing is missing, and the server knows what the client knows. */
  check(): void {
    if (this.#client.stage.isLying) return;
    this.#client.ledger.arrivals.check();
    this.#checkOwn(this.#own, "in peace");
    // Over a socket that is newer than the last flush, the server may not have read everything.
    if (this.#flushedSocket !== this.#client.ledger.socket) return;
    this.#checkSubscriptions();
    const { deliveries } = this.#client.ledger;
    deliveries.vouches(deliveries.accepted, "is connected, in peace");
  }

  #checkOwn(numbers: readonly number[], when: string): void {
    const { ledger, name } = this.#client;
    const missing = numbers.find(
      (number) => ledger.isAlive(ledger.deliveries.socketOf(number)) && !this.#ownReceipts.has(name, number),
    );
    if (missing !== undefined)
      this.#client.complain(`misses message ${missing}, which it sent to itself, ${when}`);
  }

  /** The server must know of every subscription, of none that has ended, and how many messages each still takes. */
  #checkSubscriptions(): void {
    const { connection, mayRepeat, name, stage } = this.#client;
    const server = stage.sites.connectionOf(name, connection.getServer());
    if (server === undefined) return;
    for (const sub of this.#subs) {
      if (sub.isDraining() && !sub.isClosed()) continue;
      const known = server.subscriptions.get(`${sub.getID()}`);
      const disagree = (how: string) =>
        this.#client.complain(
          `and its server disagree: subscription ${sub.getID()} to ${sub.getSubject()} ${how}`,
        );
      if (sub.isClosed() !== (known === undefined)) disagree(sub.isClosed() ? "is over" : "is alive");
      const max = sub.getMax();
      const left = max === undefined ? undefined : max - sub.getReceived();
      const leftThere = known?.max === undefined ? undefined : known.max - known.delivered;
      if (known === undefined || left === leftThere) continue;
      // While it moves, what the old server still hands over counts for the client, and the new one knows nothing of it.
      const isAhead = left !== undefined && leftThere !== undefined && left < leftThere;
      if (!(mayRepeat && isAhead)) disagree(`takes ${left} more messages, or ${leftThere}`);
    }
  }

  #receipts(what: string): Receipts {
    const { name, stage, mayRepeat } = this.#client;
    return new Receipts(name, stage.registry, what, mayRepeat);
  }

  #publish(act: Publish): void {
    const client = this.#client;
    const { connection, name } = client;
    const subject = { self: `self.${name}`, all: `all.${name}`, work: "work", nobody: "nobody.x" }[act.to];
    let accepted = 0;
    for (let count = 0; count < act.count; count++) {
      const options = act.headers ? { headers: ownHeaders() } : undefined;
      const publish = (payload: string) => connection.publish(subject, payload, options);
      const number = client.accept(act.size, "", publish, act.headers);
      if (number === undefined) continue;
      accepted++;
      if (act.to === "self") this.#own.push(number);
    }
    client.note(`publishes to ${act.to}: ${accepted} of ${act.count} accepted`);
    if (act.flush) client.track("flush", this.flush());
  }

  #request(act: Ask): void {
    const client = this.#client;
    const { deliveries } = client.ledger;
    const asked = deliveries.accepted;
    const abort = new AbortController();
    const opts = { timeout: act.timeout, noMux: act.noMux, signal: abort.signal };
    if (act.abort !== null) client.stage.simulation.time.startTimer(act.abort, () => abort.abort());
    client.accept(0, "?", (payload) => {
      const answer = client.connection.request(act.to, payload, opts);
      answer.then(
        // A server has it, then: it must not go out once more.
        () => deliveries.gaveUp(asked),
        (error: NatsError) => {
          if (isGivenUp(error)) deliveries.gaveUp(asked);
        },
      );
      client.track(
        `a request to ${act.to}`,
        answer.then((msg) => this.#checkAnswer(asked, msg)),
      );
    });
  }

  async #gather(act: Gather): Promise<void> {
    const { connection, ledger } = this.#client;
    const { deliveries } = ledger;
    const asked = deliveries.accepted;
    let answers: Promise<AsyncIterable<Msg>> | undefined;
    this.#client.accept(0, "?", (payload) => {
      const opts = { strategy: RequestStrategy.Timer, maxWait: act.maxWait, noMux: act.noMux };
      answers = connection.requestMany("ask", payload, opts);
    });
    if (answers === undefined) return;
    try {
      for await (const msg of await answers) this.#checkAnswer(asked, msg);
    } catch (error) {
      if (isGivenUp(error as NatsError)) deliveries.gaveUp(asked);
      throw error;
    }
    // Its time is over: what waits of it still is withdrawn.
    deliveries.gaveUp(asked);
  }

  #checkAnswer(asked: number, msg: Msg): void {
    const wanted = `${this.#client.name}:${asked}`;
    const given = readPayload(msg.string())?.says;
    if (given !== wanted) this.#client.complain(`asked ${wanted} and is answered ${given}`);
  }

  #answer(msg: Msg, questions: Subscription): void {
    const asked = readPayload(msg.string());
    const { name, stage } = this.#client;
    this.#took(questions, msg);
    if (asked === undefined) return this.#client.complain("is asked by nobody");
    stage.groups.took(name, questions, asked);
    this.#client.accept(0, `${asked.client}:${asked.number}`, (payload) => void msg.respond(payload));
  }

  #subscribe(act: Subscribe): void {
    const client = this.#client;
    const { connection } = client;
    if (connection.isDraining() || connection.isClosed()) return;
    const name = `${act.to} ${++this.#subscriptions}`;
    const receipts = this.#receipts(name);
    const abort = new AbortController();
    let count = 0;
    const received = (msg: Msg) => {
      const id = act.to === "work" ? readPayload(msg.string()) : undefined;
      if (id !== undefined) client.stage.groups.took(client.name, sub, id);
      const socket = this.#took(sub, msg);
      if (act.to !== "silent") receipts.add(msg.string(), socket);
      const max = sub.getMax();
      if (++count > (max ?? Number.POSITIVE_INFINITY)) client.complain(`${name}: more than ${max} messages`);
      if (act.end !== "inCallback" || count !== 2) return;
      sub.unsubscribe();
      this.#members.delete(sub);
      receipts.isOver = !act.iterates;
    };
    const sub = connection.subscribe(act.to === "all" ? "all.>" : act.to, {
      ...(act.to === "work" ? { queue: "workers" } : {}),
      ...(act.max === null ? {} : { max: act.max }),
      ...(act.end === "abort" ? { signal: abort.signal } : {}),
      ...(act.end === "timeout" ? { timeout: act.ms } : {}),
      ...(act.iterates ? {} : listener(received)),
    });
    this.#subs.push(sub);
    client.ledger.arrivals.subscribed(sub);
    if (act.to === "work") client.stage.groups.joined(client.name, sub);
    if (act.to === "work" && act.end !== "break") this.#members.add(sub);
    client.note(`subscribes to ${name}`);
    if (act.iterates)
      client.track(`the loop over ${name}`, iterate(sub, received, act.end === "break" ? 5 : null));
    client.track(`closed of ${name}`, sub.closed);
    client.stage.simulation.time.startTimer(act.ms, () => {
      this.#endSubscription(sub, name, act, receipts, abort);
    });
  }

  #endSubscription(
    sub: Subscription,
    name: string,
    act: Subscribe,
    receipts: Receipts,
    abort: AbortController,
  ): void {
    if (this.#client.isOver || this.#client.stage.isPeaceful || sub.isClosed()) return;
    // A loop may still read what had arrived; a callback is called no more.
    const over = () => {
      receipts.isOver = !act.iterates;
    };
    switch (act.end) {
      case "unsubscribe":
        sub.unsubscribe();
        return over();
      case "abort":
        abort.abort();
        return over();
      case "limit":
        return sub.unsubscribe(sub.getReceived() + 3);
      case "drain":
        this.#client.track(`drain of ${name}`, sub.drain().then(over));
        return this.#drained(sub);
      case "break":
      case "inCallback":
      case "timeout":
      case "never":
        return;
      default:
        act.end satisfies never;
    }
  }
}

function listener(received: (msg: Msg) => void) {
  return {
    callback: (error: unknown, msg: Msg) => {
      if (error === null) received(msg);
    },
  };
}

/** Reads all of it, or the first so many. */
async function iterate(sub: Subscription, received: (msg: Msg) => void, most: number | null): Promise<void> {
  let count = 0;
  for await (const msg of sub) {
    received(msg);
    if (++count === most) return;
  }
}

/** Whether a request ended before its connection did, and without an answer: then it is withdrawn. */
function isGivenUp({ code }: NatsError): boolean {
  return code === ErrorCode.Timeout || code === ErrorCode.Cancelled || code === ErrorCode.NoResponders;
}

function ownHeaders() {
  const own = headers();
  own.set("Key", "value");
  return own;
}
