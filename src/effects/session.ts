// One socket and what is spoken over it: bytes in, events out. There is one for each link of the chart (src/machine/link.ts),
// which says what becomes of it.

import type { ConnectionEvent } from "../machine/events.js";
import type { Failure } from "../machine/failure.js";
import type { Destination } from "../machine/origin.js";
import { serverErrorFrom } from "../machine/server-error.js";
import { socketFailure } from "./failures.js";
import { Pongs, type Unanswered } from "./pings.js";
import type { ServerLine, Subscriptions, SubscriptionView } from "./ports.js";
import { parseInfo, type ServerInfo, summaryOf } from "./server-info.js";
import { Parser, type ParserSink, ProtocolViolation } from "./wire/parser.js";
import type { Transport, World } from "./world.js";

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
  /** An INFO arrived. */
  informed(session: Session): void;
  /** The socket has room again. */
  drained(session: Session): void;
  /** A PONG is about to be matched with its PING: put those handed over into `session.pongs` first. */
  settlePings(session: Session): void;
  /** The way over this socket for what concerns subscriptions. */
  line(session: Session): ServerLine;
  /** The socket is closed. */
  over(session: Session): void;
  /** Remembers the Error behind a Failure. */
  caused(failure: Failure, error: unknown): Failure;
}

const encoder = new TextEncoder();

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
  #hearing: Hearing = "nothingYet";

  constructor(side: SessionSide, attempt: number, server: Destination) {
    this.attempt = attempt;
    this.server = server;
    this.#side = side;
    this.#parser = new Parser({
      message: side.message,
      info: (json) => this.#infoArrived(json),
      ping: () => side.send({ type: "server.ping", attempt }),
      pong: () => {
        side.settlePings(this);
        this.pongs.answer();
      },
      ok: () => {},
      error: (text) => {
        const credentialsVersion = side.credentialsVersion(server);
        side.send({ type: "server.error", attempt, error: serverErrorFrom(text), credentialsVersion });
      },
    });
    this.#transport = side.world.dial(server, {
      opened: (address) =>
        side.send({ type: "socket.opened", attempt, ...(address === undefined ? {} : { address }) }),
      secured: () => side.send({ type: "socket.secured", attempt }),
      data: (chunk) => this.#received(chunk),
      drained: () => side.drained(this),
      halfClosed: (error) => this.#halfClosed(error),
      closed: (error) => this.#closed(error),
    });
  }

  /** True once nothing more is heard over the socket: it is closed, half closed, or about to be closed. */
  get isOver(): boolean {
    return this.#hearing === "noMore";
  }

  /** Writes past the outbound stream: the handshake, PONG, and the chart's PINGs. */
  write(text: string): void {
    if (text !== "") this.#transport.write(encoder.encode(text));
  }

  /** PING, written at once. */
  ping(answered: () => void, failed?: () => void): void {
    this.#side.settlePings(this);
    this.pongs.add({ answered, failed });
    this.write("PING\r\n");
  }

  /** The sink for the outbound stream. */
  get transport(): Transport {
    return this.#transport;
  }

  /** Runs the TLS handshake. What the server sent before it is thrown away: it came over an open wire. */
  secure(): void {
    this.#parser.reset();
    this.#transport.secure(this.server);
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
    this.#side.settlePings(this);
    this.pongs.fail(why);
    this.view?.close();
  }

  /** The other side sends no more; what was written to it may still reach it. */
  #halfClosed(error: Error | null): void {
    if (this.#hearing === "noMore") return;
    this.#hearNoMore("disconnected");
    this.#tellClosed(error, true);
  }

  #closed(error: Error | null): void {
    this.#hearNoMore("disconnected");
    this.#side.over(this);
    this.#tellClosed(error, false);
  }

  #tellClosed(error: Error | null, halfClosed: boolean): void {
    const { attempt, server } = this;
    const failure = error === null ? null : this.#side.caused(socketFailure(error, server.name), error);
    this.#side.send({ type: "socket.closed", attempt, failure, halfClosed });
  }

  #received(chunk: Uint8Array): void {
    if (this.#hearing === "noMore") return;
    try {
      if (this.#hearing === "nothingYet") this.#checkFirstByte(chunk);
      this.#parser.push(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolViolation)) throw error;
      this.#side.send({ type: "protocol.violated", attempt: this.attempt, reason: error.reason });
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
    const info = parseInfo(json);
    this.info = info;
    this.#side.informed(this);
    this.#side.send({ type: "server.info", attempt: this.attempt, info: summaryOf(info) });
  }
}
