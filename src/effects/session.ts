// One socket and what is spoken over it: bytes in, events out. There is one for each attempt; usually one lives, two
// while a connection moves from one server to another.

import type { Destination } from "../machine/effects.js";
import type { ConnectionEvent } from "../machine/events.js";
import type { Failure, Milliseconds } from "../machine/failure.js";
import { serverErrorFrom } from "../machine/server-error.js";
import { socketFailure } from "./failures.js";
import { Pongs, type Unanswered } from "./pongs.js";
import { parseInfo, type ServerInfo, summaryOf } from "./server-info.js";
import { Parser, type ParserSink, ProtocolViolation } from "./wire/parser.js";
import type { Transport, World } from "./world.js";

/** How long a closing socket may take to hand over what was written. Bounds `close()`. */
export const LINGER: Milliseconds = 1_000;

/** An event without the time, which the interpreter adds. */
export type Untimed<Event> = Event extends unknown ? Omit<Event, "at"> : never;

/** To be called when a server is taken into use: the lines that tell it what changed since it was told last. */
export type SubscriptionChanges = () => string;

/** What a session needs from around it. */
export interface SessionSide {
  readonly world: World;
  /** Where messages go: the hot path. */
  readonly message: ParserSink["message"];
  send(event: Untimed<ConnectionEvent>): void;
  /** Number of the credentials that this server was offered last. */
  credentials(server: string): number;
  /** The socket has room again. */
  drained(session: Session): void;
  /** A PONG is about to be matched with its PING: put those handed over into `session.pongs` first. */
  settlePings(session: Session): void;
  /** The socket was closed by the other side. */
  over(session: Session): void;
  /** Remembers the Error behind a Failure. */
  caused(failure: Failure, error: unknown): Failure;
}

const encoder = new TextEncoder();

/** A socket to one server, from the dial to its end. */
export class Session {
  readonly attempt: number;
  readonly server: Destination;
  readonly pongs = new Pongs();
  /** The last INFO over this socket. */
  info: ServerInfo | undefined;
  /** True once it was sent the subscriptions: it may deliver. */
  isSubscribed = false;
  /** While changes to the subscriptions do not reach this server; else undefined. */
  changes: SubscriptionChanges | undefined;
  readonly #side: SessionSide;
  readonly #parser: Parser;
  readonly #transport: Transport;
  #firstByteSeen = false;
  /** From here on nobody listens: the socket is closed, or about to be. */
  #isOver = false;
  #closed: () => void = () => {};

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
        const credentials = side.credentials(server.name);
        side.send({ type: "server.error", attempt, error: serverErrorFrom(text), credentials });
      },
    });
    this.#transport = side.world.dial(server, {
      opened: () => side.send({ type: "socket.opened", attempt }),
      secured: () => side.send({ type: "socket.secured", attempt }),
      data: (chunk) => this.#received(chunk),
      drained: () => side.drained(this),
      closed: (error) => this.#closedByOtherSide(error),
    });
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

  /** Closes the socket at once. */
  destroy(): void {
    this.#end("disconnected");
    this.#transport.destroy();
  }

  /** Hands over what was written, lets the server read it, and closes; resolves when that is done, or LINGER is over. */
  linger(): Promise<void> {
    this.#end("closed");
    return new Promise((resolve) => {
      const timer = this.#side.world.startTimer(LINGER, () => {
        this.#transport.destroy();
        resolve();
      });
      this.#closed = () => {
        this.#side.world.stopTimer(timer);
        resolve();
      };
      this.#transport.end();
    });
  }

  #end(why: Unanswered): void {
    this.#isOver = true;
    this.#parser.reset();
    this.#side.settlePings(this);
    this.pongs.fail(why);
  }

  #closedByOtherSide(error: Error | null): void {
    this.#closed();
    if (this.#isOver) return;
    this.#end("disconnected");
    this.#side.over(this);
    const failure = error === null ? null : this.#side.caused(socketFailure(error, this.server.name), error);
    this.#side.send({ type: "socket.closed", attempt: this.attempt, failure });
  }

  #received(chunk: Uint8Array): void {
    if (this.#isOver) return;
    try {
      if (!this.#firstByteSeen) this.#checkFirstByte(chunk);
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
    this.#firstByteSeen = true;
    if (first === 0x49 || first === 0x69 || first === 0x2d) return;
    throw ProtocolViolation.at("the first line is not INFO", chunk, 0);
  }

  #infoArrived(json: string): void {
    const info = parseInfo(json);
    this.info = info;
    this.#side.send({ type: "server.info", attempt: this.attempt, info: summaryOf(info) });
  }
}
