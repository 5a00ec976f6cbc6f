// What a client was given to send, what went over its sockets, and what became of it. It knows what must hold at any
// moment, and complains the moment it does not. One for each client of a simulation; they share a registry.

import { CommandReader } from "../effects/simulated/command-reader.js";
import type { WorldObserver } from "../effects/simulated/world.js";
import { decodeText } from "../effects/wire/text.js";
import type { Bytes, Milliseconds } from "../machine/units.js";

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
}

/** Where a message went that was taken back before it was handed to a socket. */
const NO_SOCKET = -1;

/** A message: who sent it, and which of theirs it is, counted from 0. It is the beginning of its payload. */
export interface MessageId {
  readonly client: string;
  readonly number: number;
}

/** Text of a payload: the message's id, then what it says, filled up to the size. */
export function payloadOf({ client, number }: MessageId, says: string, size: Bytes): string {
  return `${client}:${number}:${says}`.padEnd(size, ".");
}

/** The id in a payload, and what follows it; undefined for a payload of another making. */
export function readPayload(text: string): (MessageId & { readonly says: string }) | undefined {
  const [, client, number, says] = /^([^:]+):(\d+):(.*)$/s.exec(text) ?? [];
  if (client === undefined || number === undefined || says === undefined) return undefined;
  return { client, number: Number(number), says };
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
  /** The subscriptions that it has told the server to end, by their number on the wire; and when. */
  readonly unsubscribed: ReadonlyMap<string, Milliseconds>;
  /** True while the socket has no room: the client must hold back what it has to say. */
  readonly isFull: boolean;
  /** True once the client has closed its end in good order. */
  readonly isLeft: boolean;
}

/** What was written to a socket. */
interface Stream extends Wire {
  readonly reader: CommandReader;
  readonly unsubscribed: Map<string, Milliseconds>;
  isFull: boolean;
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
  /** For each message that was handed to a socket, by its number: which one. */
  readonly #socketOf: number[] = [];
  /** For each accepted message, by its number: the size of its payload. */
  readonly #sizes: Bytes[] = [];
  /** Messages that were taken back before they were handed to a socket: they must not go out any more. */
  readonly #withdrawn = new Set<number>();
  /** Messages with headers. */
  readonly #withHeaders = new Set<number>();
  /** Messages that a server has read. */
  readonly #arrived = new Set<number>();
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
   */
  constructor(client: string, registry: Registry, socketLaw: SocketLaw, highWater: Bytes) {
    this.client = client;
    this.#registry = registry;
    registry.ledgers.set(client, this);
    this.#socketLaw = socketLaw;
    this.#highWater = highWater;
  }

  /** Messages accepted. */
  get accepted(): number {
    return this.#sizes.length;
  }

  /** The client is given a message, and may send it at once. Returns its number. */
  accept(size: Bytes, hasHeaders: boolean): number {
    this.#sizes.push(size);
    const number = this.#sizes.length - 1;
    if (hasHeaders) this.#withHeaders.add(number);
    return number;
  }

  /** The client has refused the last one. */
  refused(): void {
    this.#sizes.pop();
    this.#withHeaders.delete(this.#sizes.length);
  }

  /** The client has given a request up. */
  gaveUp(number: number): void {
    if (number < this.#socketOf.length) return;
    this.#withdrawn.add(number);
    this.#passWithdrawn();
  }

  /** The client says that it took back so many messages: the server that is taken into use now knows no headers. */
  tookBack(count: number): void {
    const next = this.#socketOf.length;
    const all = [...this.#withHeaders].filter((number) => number >= next && !this.#withdrawn.has(number));
    if (all.length !== count)
      this.#registry.complain(
        `${this.client} says that it took back ${count} messages with headers, where ${all.length} waited`,
      );
    for (const number of all) this.#withdrawn.add(number);
    this.#passWithdrawn();
  }

  #passWithdrawn(): void {
    while (this.#withdrawn.delete(this.#socketOf.length)) this.#socketOf.push(NO_SOCKET);
  }

  /** The size that a message was given; undefined where there is none of that number. */
  sizeOf(number: number): Bytes | undefined {
    return this.#sizes[number];
  }

  /** Messages handed to a socket, or taken back before. */
  get handedOver(): number {
    return this.#socketOf.length;
  }

  /** The socket that a message was handed to; undefined where to none, so far. */
  socketOf(number: number): number | undefined {
    return this.#socketOf[number];
  }

  /** A server has read a message of this client. */
  arrived(number: number): void {
    if (this.#arrived.has(number))
      this.#registry.complain(`${this.client}: a server reads message ${number} twice`);
    this.#arrived.add(number);
  }

  /** The first message, if there is one, that was handed to that socket and that no server has read. */
  missingAtServer(socket: number): number | undefined {
    const missing = this.#socketOf.findIndex((its, number) => its === socket && !this.#arrived.has(number));
    return missing < 0 ? undefined : missing;
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
    const broken = this.#socketLaw(this.#alive);
    if (broken !== undefined) this.#registry.complain(`${this.client} ${broken}`);
    const reader = new CommandReader(
      {
        connect: () => {},
        ping: () => {},
        pong: () => {},
        sub: () => {},
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
    const stream: Stream = {
      reader,
      unsubscribed: new Map(),
      isFull: false,
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
    if (!hasRoom) stream.isFull = true;
  }

  drained(socket: number): void {
    const stream = this.#streams.get(socket);
    if (stream !== undefined) stream.isFull = false;
  }

  ended(socket: number, atOnce: boolean, kept: Bytes): void {
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
    if (!atOnce) this.#lingering = isLost ? 0 : socket;
    else if (socket === this.#lingering) this.lostAtEnd = holdsMessage ? kept : 0;
    if (atOnce) this.#over(socket);
  }

  closed(socket: number): void {
    this.#over(socket);
  }

  #over(socket: number): void {
    this.#alive.delete(socket);
    this.#streams.delete(socket);
  }

  /** A message is handed to a socket: the next one, and no other. */
  #handed(socket: number, payload: Uint8Array): void {
    const text = decodeText(payload, 0, Math.min(payload.length, 100));
    const id = readPayload(text);
    if (id === undefined || id.client !== this.client) {
      return this.#registry.complain(`${this.client} sends what it was not given: ${JSON.stringify(text)}`);
    }
    const next = this.#socketOf.length;
    if (id.number < next) {
      const before = this.#socketOf[id.number];
      return this.#registry.complain(
        `${this.client} sends message ${id.number} twice: over sockets ${before} and ${socket}`,
      );
    }
    if (id.number > next) {
      return this.#registry.complain(
        `${this.client} sends message ${id.number}, but message ${next} never went out`,
      );
    }
    this.#socketOf.push(socket);
    this.#passWithdrawn();
  }
}

/** What a subscription has received, and whether that is right. */
export class Receipts {
  readonly #owner: string;
  readonly #registry: Registry;
  readonly #name: string;
  /** A client that moves from one server to another may receive a message from both. */
  readonly #mayRepeat: boolean;
  readonly #seen = new Map<string, { last: number; readonly all: Set<number> }>();
  /** Messages received. */
  count = 0;
  /** From here on nothing may be received. */
  isOver = false;

  constructor(owner: string, registry: Registry, name: string, mayRepeat: boolean) {
    this.#owner = owner;
    this.#registry = registry;
    this.#name = name;
    this.#mayRepeat = mayRepeat;
  }

  /** Whether that message was received. */
  has(client: string, number: number): boolean {
    return this.#seen.get(client)?.all.has(number) === true;
  }

  /** A message was received. */
  add(text: string): void {
    const where = `${this.#owner}, subscription ${this.#name}`;
    if (this.isOver) return this.#registry.complain(`${where}: a message after its end`);
    const id = readPayload(text);
    if (id === undefined)
      return this.#registry.complain(
        `${where}: a message that nobody sent: ${JSON.stringify(text.slice(0, 100))}`,
      );
    this.count++;
    const { client, number } = id;
    const sender = this.#registry.ledgers.get(client);
    const size = sender?.sizeOf(number);
    if (sender === undefined || size === undefined) {
      return this.#registry.complain(`${where}: message ${number} of ${client} was never accepted`);
    }
    if (text !== payloadOf(id, "", size)) {
      return this.#registry.complain(`${where}: message ${number} of ${client} arrived damaged`);
    }
    let seen = this.#seen.get(client);
    if (seen === undefined) {
      seen = { last: -1, all: new Set() };
      this.#seen.set(client, seen);
    }
    if (seen.all.has(number)) {
      if (this.#mayRepeat) return;
      return this.#registry.complain(`${where}: message ${number} of ${client} arrived twice`);
    }
    seen.all.add(number);
    // What a sender sent over a connection that broke may still arrive after what it sent over the next one: a server
    // that stood still reads it late. Over one connection, nothing overtakes.
    const isOneWay = sender.socketOf(number) === sender.socketOf(seen.last);
    if (number < seen.last && isOneWay && !this.#mayRepeat) {
      return this.#registry.complain(`${where}: message ${number} of ${client} arrived after ${seen.last}`);
    }
    seen.last = Math.max(seen.last, number);
  }
}
