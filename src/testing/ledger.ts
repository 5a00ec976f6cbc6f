// The sockets of a client, and what it does with them: it knows what must hold at any moment, and complains the moment it does
// not. One for each client of a simulation; they share a registry. What becomes of the messages: delivery-law.ts.

import { CommandReader } from "../effects/simulated/command-reader.js";
import type { WorldObserver } from "../effects/simulated/world.js";
import { decodeText } from "../effects/wire/text.js";
import type { Bytes, Milliseconds } from "../machine/units.js";
import { Arrivals } from "./arrivals.js";
import { DeliveryLaw, type DeliveryOptions } from "./delivery-law.js";
import { HandOvers } from "./hand-overs.js";
import { readPayload } from "./message-id.js";
import type { Premise } from "./premises.js";

/** What must hold does not. */
export class InvariantBroken extends Error {
  override readonly name = "InvariantBroken";
}

/** Where all clients are known, and where somebody says so when what must hold does not. */
export interface Registry {
  readonly ledgers: Map<string, Ledger>;
  /** Virtual time. */
  now(): Milliseconds;
  /** Never throws: it may be called from inside the client, which would take the error for its own. */
  complain(what: string): void;
  /** The premise of a check holds. */
  held?(premise: Premise): void;
}

/** Says what is wrong with the sockets that a client has; undefined where nothing is. */
export type SocketLaw = (open: ReadonlySet<number>) => string | undefined;

/** A socket for each link of the chart, and no other. Both are numbered as they are dialed. */
export const exactlyThoseOf =
  (links: () => readonly number[]): SocketLaw =>
  (open) => {
    const due = links();
    if (open.size === due.length && due.every((link) => open.has(link))) return undefined;
    return `has the sockets ${[...open].join(", ")}, but its chart the links ${due.join(", ")}`;
  };

/** What a client has said over a socket of its subscriptions, and whether it can say more. */
export interface Wire {
  /** The subscriptions that it has made there, by their number on the wire. */
  readonly subscribed: ReadonlySet<string>;
  /** The subscriptions that it has told the server to end, by their number on the wire; and when. */
  readonly unsubscribed: ReadonlyMap<string, Milliseconds>;
  /** True while the client must hold back what it has to say: the socket has no room, or too much is unconfirmed. */
  readonly isFull: boolean;
  /** True once the client has closed its end in good order. */
  readonly isLeft: boolean;
}

/** What was written to a socket. */
interface Stream extends Wire {
  readonly reader: CommandReader;
  readonly subscribed: Set<string>;
  readonly unsubscribed: Map<string, Milliseconds>;
  hasRoom: boolean;
  isLeft: boolean;
  /** True once its connection is lost although its socket is not closed yet: what it was handed is lost with it. */
  isLost: boolean;
  written: Bytes;
  /** Where the last message in it ends. */
  messagesEnd: Bytes;
}

/** The books of one client. */
export class Ledger implements WorldObserver {
  readonly client: string;
  readonly #registry: Registry;
  /** What becomes of its messages. */
  readonly deliveries: DeliveryLaw;
  /** What comes for its subscriptions. */
  readonly arrivals: Arrivals;
  /** How its subscriptions go from one server to another. */
  readonly handOvers: HandOvers;
  readonly #streams = new Map<number, Stream>();
  readonly #alive = new Set<number>();
  readonly #socketLaw: SocketLaw;
  readonly #highWater: Bytes;
  /** True while nothing may be dialed any more. */
  isOver = false;
  /** Bytes that the last socket was closed with, unsent; 0 where no message is among them. */
  lostAtEnd: Bytes = 0;
  #socket = 0;
  #isEnding = false;
  /** The socket that hands over what was written, and then closes. */
  #lingering = 0;

  /**
   * @param socketLaw asked each time that a socket is dialed
   * @param highWater from so many kept bytes on, a socket says that it is full
   * @param options default: the client reports, and no server lies
   */
  constructor(
    client: string,
    registry: Registry,
    socketLaw: SocketLaw,
    highWater: Bytes,
    options: DeliveryOptions = { resends: false, isLying: false },
  ) {
    this.client = client;
    const complain = (what: string) => registry.complain(`${client} ${what}`);
    this.deliveries = new DeliveryLaw(options, complain, (premise) => registry.held?.(premise));
    this.arrivals = new Arrivals(complain);
    this.handOvers = new HandOvers({
      now: () => registry.now(),
      open: () => this.arrivals.open,
      wire: (socket) => this.wire(socket),
      complain,
      held: (premise) => registry.held?.(premise),
    });
    this.#registry = registry;
    registry.ledgers.set(client, this);
    this.#socketLaw = socketLaw;
    this.#highWater = highWater;
  }

  /** Whether that socket still carries something: it is not closed, and its connection is not lost. */
  isAlive(socket: number | undefined): boolean {
    if (socket === undefined || !this.#alive.has(socket)) return false;
    return this.#streams.get(socket)?.isLost !== true;
  }

  /** The sockets that it has dialed and that are not closed. */
  get sockets(): ReadonlySet<number> {
    return this.#alive;
  }

  /** What it has said over a socket; undefined where that is closed. */
  wire(socket: number): Wire | undefined {
    return this.#streams.get(socket);
  }

  /** True once the client was told to end. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** The last socket that was dialed. */
  get socket(): number {
    return this.#socket;
  }

  /** The client is about to be closed: from here on it may hand over more than the socket has room for. */
  ending(): void {
    this.#isEnding = true;
  }

  // What the client does to its sockets.

  dialed(socket: number): void {
    if (this.isOver) this.#registry.complain(`${this.client} dials after it was closed`);
    this.#socket = socket;
    this.lostAtEnd = 0;
    this.#alive.add(socket);
    this.deliveries.dialed(socket, (...heard) => {
      if (stream.isLeft) return;
      this.handOvers.heard(socket);
      this.arrivals.arrived(socket, ...heard);
    });
    const broken = this.#socketLaw(this.#alive);
    if (broken !== undefined) this.#registry.complain(`${this.client} ${broken}`);
    const reader = new CommandReader(
      {
        connect: () => {},
        ping: () => this.deliveries.pinged(socket, reader.position),
        pong: () => {},
        sub: (_subject, _queue, sid) => void stream.subscribed.add(sid),
        unsub: (sid, max) => {
          // With a limit the subscription goes on.
          if (max === undefined) stream.unsubscribed.set(sid, this.#registry.now());
        },
        publish: ({ payload }) => {
          stream.messagesEnd = reader.position;
          this.#handed(socket, payload);
        },
        mayTalk: () => true,
        isListening: () => true,
      },
      { maxControlLine: Number.POSITIVE_INFINITY, maxPayload: Number.POSITIVE_INFINITY },
    );
    const { deliveries } = this;
    const stream: Stream = {
      reader,
      subscribed: new Set(),
      unsubscribed: new Map(),
      hasRoom: true,
      get isFull() {
        return !this.hasRoom || deliveries.mustWait(socket, this.written);
      },
      isLeft: false,
      isLost: false,
      written: 0,
      messagesEnd: 0,
    };
    this.#streams.set(socket, stream);
  }

  wrote(socket: number, bytes: Uint8Array, kept: Bytes, hasRoom: boolean): void {
    if (!this.#alive.has(socket))
      this.#registry.complain(`${this.client} writes to its socket ${socket}, which is closed`);
    // One chunk may go over the mark, and lines past the message path; more would be ignoring back pressure.
    const bound = this.#highWater + 200_000;
    if (kept > bound && !this.#isEnding) {
      this.#registry.complain(
        `${this.client} hands over more than its socket has room for: ${kept} bytes wait`,
      );
    }
    const stream = this.#streams.get(socket);
    if (stream === undefined) return;
    stream.written += bytes.length;
    stream.reader.push(bytes);
    if (!hasRoom) stream.hasRoom = false;
    if (!hasRoom) this.#registry.held?.("fullSocket");
    if (this.deliveries.mustWait(socket, stream.written)) this.#registry.held?.("waitsForConfirmation");
  }

  secured(socket: number): void {
    this.deliveries.secured(socket);
  }

  received(socket: number, bytes: Uint8Array): void {
    this.deliveries.received(socket, bytes);
  }

  drained(socket: number): void {
    const stream = this.#streams.get(socket);
    if (stream !== undefined) stream.hasRoom = true;
  }

  ended(socket: number, atOnce: boolean, kept: Bytes): void {
    this.arrivals.inDoubt(socket);
    if (!this.#isEnding) this.handOvers.closes(socket);
    const stream = this.#streams.get(socket);
    const { written, messagesEnd } = stream ?? { written: 0, messagesEnd: 0 };
    // Commands may be left: they concern nobody any more.
    const holdsMessage = messagesEnd > written - kept;
    // Half closed by the server: what it was handed is lost with the connection, which is told. A client that ends a socket
    // by itself must count; one that moved has no message left in it.
    const isLost = !atOnce && holdsMessage && !this.#isEnding;
    if (stream !== undefined) {
      stream.isLeft = true;
      stream.isLost = isLost;
    }
    if (isLost) this.#registry.held?.("halfClosed");
    if (!atOnce) this.#lingering = isLost ? 0 : socket;
    else if (socket === this.#lingering) this.lostAtEnd = holdsMessage ? kept : 0;
    if (this.lostAtEnd > 0) this.#registry.held?.("endsWithMessages");
    if (atOnce) this.#over(socket);
  }

  closed(socket: number): void {
    this.#over(socket);
  }

  #over(socket: number): void {
    this.arrivals.inDoubt(socket);
    this.handOvers.over(socket);
    this.#alive.delete(socket);
    this.#streams.delete(socket);
  }

  /** A message is handed to a socket. */
  #handed(socket: number, payload: Uint8Array): void {
    const text = decodeText(payload, 0, Math.min(payload.length, 100));
    const id = readPayload(text);
    if (id === undefined || id.client !== this.client) {
      return this.#registry.complain(`${this.client} sends what it was not given: ${JSON.stringify(text)}`);
    }
    this.deliveries.handed(socket, id.number);
  }
}
