// One socket and what is spoken over it: bytes in, events out. There is one for each link of the chart (src/machine/link.ts),
// which says what becomes of it.
//
// The session writes CONNECT, so it knows what the server was offered, also over the socket before, and masks it in all that is
// told of the server's words (words.ts). Behind it, in events, failures, INFO and causes, there is no secret of this
// server. Messages are the user's, and pass as they are.

import type { ConnectionEvent, ServerSummary } from "../machine/events.js";
import type { Failure } from "../machine/failure.js";
import type { Destination } from "../machine/origin.js";
import type { PermissionContext } from "../machine/server-error.js";
import type { Bytes } from "../machine/units.js";
import { BesideStream } from "./beside-stream.js";
import { Collected } from "./collected.js";
import type { ConnectCommand, Credentials } from "./connect-command.js";
import { socketFailure } from "./failures.js";
import { CHARACTERS_PER_UNIT, Intake, TOLD } from "./intake.js";
import { Offered } from "./offered.js";
import { Pongs, type Unanswered } from "./pings.js";
import type { ServerLine, Subscriptions, SubscriptionView } from "./ports.js";
import type { ServerInfo } from "./server-info.js";
import type { Mark } from "./unconfirmed.js";
import { Parser, type ParserSink, ProtocolViolation } from "./wire/parser.js";
import { Words } from "./words.js";
import type { Reader, Transport, World } from "./world.js";

/** An event without the time, which the interpreter adds. */
export type Untimed<Event> = Event extends unknown ? Omit<Event, "at"> : never;

/** What a session needs from around it. */
export interface SessionSide {
  readonly world: World;
  /** Where messages go: the hot path. */
  readonly message: ParserSink["message"];
  send(event: Untimed<ConnectionEvent>): void;
  /** Version of the credentials that this server was offered last. */
  credentialsVersion(server: Destination): number;
  /** The credentials that this server was offered last, over an earlier socket. */
  offeredBefore(server: Destination): Credentials;
  /** The names of all servers that are known: they are no secret. */
  knownNames(): readonly string[];
  /** An INFO arrived: it is the session's. */
  informed(session: Session): void;
  /** What the chart is to know of it, once for each read. It is the same object where the server says the same again. */
  saidOf(session: Session, info: ServerSummary): void;
  /** The socket has room again. */
  drained(session: Session): void;
  /** What the PONG of a PING confirms that is written now; undefined where the outbound stream flows into another socket, or none. */
  mark(session: Session): Mark | undefined;
  /** A PONG has confirmed it. */
  confirmed(mark: Mark): void;
  /** The way over this socket for what concerns subscriptions. */
  line(session: Session): ServerLine;
  /** True where it names a subject of the client's own, of a subscription or a request. */
  isOwn(permission: PermissionContext): boolean;
  /** The socket is closed. */
  over(session: Session): void;
  /** Remembers the Error behind a Failure. */
  caused(failure: Failure, error: unknown): Failure;
}

/**
 * What may still come over the socket: nothing came yet; something did; nothing is listened to any more, since the socket
 * is closed or about to be.
 */
type Hearing = "nothingYet" | "something" | "noMore";

/** A socket to one server, from the dial to its end. */
export class Session {
  readonly attempt: number;
  readonly server: Destination;
  readonly pongs = new Pongs();
  /** The last INFO over this socket. */
  info: ServerInfo | undefined;
  /** What the server knows of the subscriptions; undefined before it was told of them. */
  view: SubscriptionView | undefined;
  readonly #side: SessionSide;
  readonly #parser: Parser;
  readonly #transport: Transport;
  readonly #beside: BesideStream;
  readonly #intake: Intake;
  readonly #collected: Collected;
  /** Bytes arrived since the last look. */
  #wasHeard = false;
  /** What is told once all that was held is parsed. */
  #afterwards: (() => void)[] = [];
  readonly #offered = new Offered();
  readonly #words: Words;
  #hearing: Hearing = "nothingYet";

  constructor(side: SessionSide, attempt: number, server: Destination) {
    this.attempt = attempt;
    this.server = server;
    this.#side = side;
    this.#offered.offer(side.offeredBefore(server));
    this.#words = new Words(this.#offered, [server.name, ...side.knownNames()], (permission) =>
      side.isOwn(permission),
    );
    this.#parser = new Parser({
      message: side.message,
      info: (json) => {
        this.#infoArrived(json);
        this.#intake.spend(json.length / CHARACTERS_PER_UNIT);
      },
      ping: () => {
        this.#collected.ping();
        this.#intake.spend(1);
      },
      pong: () => {
        if (this.pongs.isAwaited) this.#collected.tell();
        this.pongs.answer((mark) => side.confirmed(mark));
        this.#intake.spend(1);
      },
      ok: () => this.#intake.spend(1),
      error: (text) => {
        this.#collected.error(this.#words.error(text));
        this.#intake.spend(TOLD + text.length / CHARACTERS_PER_UNIT);
      },
    });
    this.#collected = new Collected({
      pings: (count) => side.send({ type: "server.ping", attempt, count }),
      info: (summary) => side.saidOf(this, summary),
      errors: (error, others) => {
        const credentialsVersion = side.credentialsVersion(server);
        const event = { type: "server.error", attempt, error, credentialsVersion } as const;
        side.send(others.length === 0 ? event : { others, ...event });
      },
    });
    this.#intake = new Intake(side.world, {
      hold: () => {
        this.#parser.hold();
        this.#transport.pause?.();
      },
      goOn: () => this.#goOn(),
    });
    this.#transport = side.world.dial(
      server,
      {
        queued: () => side.send({ type: "dial.queued", attempt }),
        dialing: () => side.send({ type: "dial.begun", attempt }),
        opened: (address) =>
          side.send({ type: "socket.opened", attempt, ...(address === undefined ? {} : { address }) }),
        secured: () => side.send({ type: "socket.secured", attempt }),
        data: (chunk, reader) => this.#received(chunk, reader),
        drained: () => {
          this.#beside.drained();
          side.drained(this);
        },
        halfClosed: (error) => this.#halfClosed(error),
        closed: (error) => this.#closed(error),
      },
      this.#offered,
    );
    this.#beside = new BesideStream(this.#transport);
  }

  /** True once nothing more is heard over the socket: it is closed, half closed, or about to be closed. */
  get isOver(): boolean {
    return this.#hearing === "noMore";
  }

  /** Bytes past the outbound stream that the socket has not reported as written. */
  get pendingBytes(): Bytes {
    return this.#beside.pendingBytes;
  }

  /** True where bytes arrived since the last call. */
  takeHeard(): boolean {
    const wasHeard = this.#wasHeard;
    this.#wasHeard = false;
    return wasHeard;
  }

  /** Writes past the outbound stream: the handshake, and the chart's PINGs. */
  write(text: string): void {
    this.#beside.text(text);
  }

  /** Answers so many PINGs of the server, as fast as it reads. */
  answerPings(count: number): void {
    this.#beside.owe(count);
  }

  /** Writes CONNECT. `answered` when the server has accepted it. */
  introduce({ text, shown }: ConnectCommand, credentials: Credentials, answered: () => void): void {
    const offered = this.#offered;
    offered.offer(credentials);
    this.#words.offeredMore();
    this.pongs.add({ answered });
    this.#beside.text(text, { shown, offered });
  }

  /** PING, written at once. */
  ping(answered: () => void, failed?: () => void): void {
    this.pongs.add({ answered, failed }, this.#side.mark(this));
    this.write("PING\r\n");
  }

  /** The sink for the outbound stream. */
  get transport(): Transport {
    return this.#transport;
  }

  /** Runs the TLS handshake. What the server sent before it is thrown away: it came over an open wire. */
  secure(): void {
    this.#parser.reset();
    this.#transport.secure(this.server, this.#parser.rest());
  }

  /** Tells the server of all subscriptions, and from here on of every change. */
  subscribe(subscriptions: Subscriptions): void {
    this.view = subscriptions.view(this.#side.line(this));
    this.write(this.view.restore());
  }

  /** Ends every subscription with the server. */
  unsubscribe(): void {
    if (this.view !== undefined) this.write(this.view.unsubscribeAll());
  }

  /** Closes the socket at once. No event follows. */
  destroy(): void {
    this.#afterwards = [];
    this.#hearNoMore("disconnected");
    this.#transport.destroy();
  }

  /** Hands over what was written, lets the server read it, and closes the socket: `socket.closed` follows. */
  end(): void {
    this.#hearNoMore("closed");
    this.#transport.end();
  }

  #hearNoMore(why: Unanswered): void {
    if (this.#hearing === "noMore") return;
    this.#hearing = "noMore";
    this.#parser.reset();
    this.#intake.stop();
    // What had happened is told, though nobody asks any more what the server had said before.
    if (this.#afterwards.length > 0) this.#side.world.nextTurn(() => this.#tellAfterwards());
    this.#beside.end();
    this.pongs.fail(why);
    this.view?.close();
  }

  /** The other side sends no more; what was written to it may still reach it. */
  #halfClosed(error: Error | null): void {
    if (this.#hearing === "noMore") return;
    if (this.#intake.isHeld) return void this.#afterwards.push(() => this.#halfClosed(error));
    this.#hearNoMore("disconnected");
    this.#tellClosed(error, true);
  }

  #closed(error: Error | null): void {
    if (this.#intake.isHeld) return void this.#afterwards.push(() => this.#closed(error));
    this.#hearNoMore("disconnected");
    this.#side.over(this);
    this.#tellClosed(error, false);
  }

  #tellClosed(given: Error | null, halfClosed: boolean): void {
    const { attempt, server } = this;
    const error = given === null ? null : this.#offered.cleaned(given);
    const failure = error === null ? null : this.#side.caused(socketFailure(error, server.name), error);
    this.#side.send({ type: "socket.closed", attempt, failure, halfClosed });
  }

  #received(chunk: Uint8Array, reader: Reader | undefined): void {
    if (this.#hearing === "noMore") return;
    this.#wasHeard = true;
    this.#parse(() => {
      if (this.#hearing === "nothingYet") this.#checkFirstByte(chunk);
      this.#parser.push(chunk);
    });
    reader?.expect(this.#parser.underWay);
  }

  /** The next turn of the event loop: what was held of the server's words is looked at. */
  #goOn(): void {
    this.#parse(() => this.#parser.goOn());
    if (this.#intake.isHeld) return;
    this.#transport.resume?.();
    this.#tellAfterwards();
  }

  #tellAfterwards(): void {
    for (const tell of this.#afterwards.splice(0)) tell();
  }

  #parse(run: () => void): void {
    try {
      run();
      this.#collected.tell();
    } catch (error) {
      this.#collected.tell();
      if (!(error instanceof ProtocolViolation)) throw error;
      this.#side.send({
        type: "protocol.violated",
        attempt: this.attempt,
        reason: this.#words.reason(error),
      });
    }
  }

  /** A server greets with INFO, or with -ERR where it turns the client away; anything else is no nats-server. */
  #checkFirstByte(chunk: Uint8Array): void {
    const first = chunk[0];
    if (first === undefined) return;
    this.#hearing = "something";
    if (first === 0x49 || first === 0x69 || first === 0x2d) return;
    throw ProtocolViolation.at("the first line is not INFO", chunk, 0);
  }

  #infoArrived(json: string): void {
    const { info, summary } = this.#words.info(json);
    this.info = info;
    this.#side.informed(this);
    this.#collected.info(summary);
    // In the handshake the chart decides by it what comes next.
    if (this.view === undefined) this.#collected.tell();
  }
}
