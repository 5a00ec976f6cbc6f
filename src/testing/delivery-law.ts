// What becomes of the messages of one client, from their acceptance to the last word about them. It complains where the client
// says less than it must, or more than is true. Which socket is alive: ledger.ts. What a subscription gets: receipts.ts.
//
// The law:
// - A message goes to a socket once, in the order of acceptance. It goes to another one only if the client resends, the client has told
//   that the message is unconfirmed, and nobody has withdrawn the message; then before all that no socket had.
// - The status `disconnect` tells how many of the last messages of that socket are unconfirmed: all that no server has read are among
//   them, and none that the client must know to be confirmed (confirmations.ts).
// - The status `close` tells the same, and how many messages no socket ever had. The error of `closed()` repeats it, and adds what was lost
//   before and no flush has told.
// - What the client withdraws since a server does not accept it counts as lost: the next flush, or the end, tells it.
// - A flush that rejects tells what was lost since the last one that settled. A flush that resolves, and an end without an error, vouch that
//   a server has read all messages that are not withdrawn, and that no flush has told.
//
// Where a server says PONG unasked, nothing is confirmed for sure: then only numbers are compared.

import type { Amount, Bytes } from "../machine/units.js";
import type { Heard } from "./confirmations.js";
import type { Premise } from "./premises.js";
import { type Bounds, NOTHING, SocketAccount } from "./socket-account.js";

/** Where a message went that was withdrawn before a socket was handed it. */
const NO_SOCKET = -1;

/** How the client is set up, and the servers. */
export interface DeliveryOptions {
  /** The option `unconfirmed` is `resend`. */
  readonly resends: boolean;
  /** Bytes that a client which resends keeps at most: when so much is unconfirmed, the rest waits. Default: no limit. */
  readonly bound?: Bytes;
  /** A server says PONG unasked. */
  readonly isLying: boolean;
}

/** What the client tells at its end. */
export interface Told {
  readonly unsent?: Amount | undefined;
  readonly unconfirmed?: Amount | undefined;
}

const messagesIn = (amount: Amount | undefined) => amount?.messages ?? 0;

/** The messages of one client. */
export class DeliveryLaw {
  readonly #options: DeliveryOptions;
  readonly #complain: (what: string) => void;
  readonly #held: (premise: Premise) => void;
  /** For each accepted message, by its number: the size of its payload. */
  readonly #sizes: Bytes[] = [];
  /** Messages with headers. */
  readonly #withHeaders = new Set<number>();
  /** Messages that must not go to a socket any more. */
  readonly #withdrawn = new Set<number>();
  /** For each message that a socket was handed, or that was withdrawn before: the socket that had it last. */
  readonly #socketOf: number[] = [];
  readonly #accounts = new Map<number, SocketAccount>();
  /** The socket that was handed a message last. */
  #current: SocketAccount | undefined;
  /** Messages that are to go out once more, in order. */
  #again: number[] = [];
  /** For each message that servers have read: how often, and over which socket the last time. */
  readonly #readings = new Map<number, { times: number; socket: number }>();
  /** Messages that were told as unconfirmed, or as unsent. */
  readonly #told = new Set<number>();
  /** Messages that are lost, and no flush has told them. */
  #lost: number[] = [];
  /** Messages that were withdrawn for a server before any socket had them, and no flush has told them. */
  #refused: number[] = [];
  /** Messages that a flush has told as lost. */
  readonly #toldToFlush = new Set<number>();
  /** All messages before that one have been vouched for. */
  #vouched = 0;
  #last: Told | undefined;
  /** How many messages went out once more, each time counted. */
  resent = 0;

  /**
   * @param complain called where the law is broken
   * @param held called where the premise of a check holds
   */
  constructor(
    options: DeliveryOptions,
    complain: (what: string) => void,
    held: (premise: Premise) => void = () => {},
  ) {
    this.#options = options;
    this.#held = held;
    this.#complain = complain;
  }

  /** Messages accepted. */
  get accepted(): number {
    return this.#sizes.length;
  }

  /** Messages handed to a socket, or withdrawn before. */
  get handedOver(): number {
    return this.#socketOf.length;
  }

  /** How many messages were told as unconfirmed or unsent. */
  get told(): number {
    return this.#told.size;
  }

  /** How many accepted messages no server has read, without those withdrawn in time. */
  get lost(): number {
    return this.#unread().length;
  }

  /** How many messages servers have read more than once. */
  get doubled(): number {
    return [...this.#readings.values()].filter(({ times }) => times > 1).length;
  }

  /** The size that a message was given; undefined where there is none of that number. */
  sizeOf(number: number): Bytes | undefined {
    return this.#sizes[number];
  }

  /** The socket that a message was handed to last; undefined where to none, so far. */
  socketOf(number: number): number | undefined {
    return this.#socketOf[number];
  }

  /** How often servers have read a message, and over which socket the last time. */
  readingsOf(number: number): { readonly times: number; readonly socket: number } {
    return this.#readings.get(number) ?? { times: 0, socket: NO_SOCKET };
  }

  // What the user does.

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

  /** A request was given up, or answered: where no socket had it, or where it may have to go out once more, it is withdrawn. */
  gaveUp(number: number): void {
    if (number < this.#socketOf.length && !this.#options.resends) return;
    this.#withdrawn.add(number);
    if (this.#again.includes(number)) this.#held("withdrawnAgain");
    this.#again = this.#again.filter((other) => other !== number);
    this.#passWithdrawn();
  }

  // What goes over sockets.

  /** @param heard told of each message that comes over it */
  dialed(socket: number, heard?: Heard): void {
    this.#accounts.set(socket, new SocketAccount(socket, heard));
  }

  secured(socket: number): void {
    this.#accounts.get(socket)?.confirmations.secured();
  }

  /** A socket was handed PING. @param bytes all that was written to it before */
  pinged(socket: number, bytes: Bytes): void {
    this.#accounts.get(socket)?.pinged(bytes);
  }

  /** Whether so much is unconfirmed that the client must hold back what follows. @param bytes all that was written to the socket */
  mustWait(socket: number, bytes: Bytes): boolean {
    const { resends, bound = Number.POSITIVE_INFINITY } = this.#options;
    const known = this.#accounts.get(socket)?.confirmations.known.bytes ?? 0;
    return resends && bytes - known >= bound;
  }

  received(socket: number, bytes: Uint8Array): void {
    this.#accounts.get(socket)?.confirmations.received(bytes);
  }

  /** A socket is handed a message: one that goes out once more, or the next one, and no other. */
  handed(socket: number, number: number): void {
    const account = this.#accounts.get(socket);
    if (account === undefined) throw new Error(`nobody has told the law that socket ${socket} was dialed`);
    const [again] = this.#again;
    if (number < this.#socketOf.length) {
      if (number !== again) return this.#complain(this.#whyNot(number, socket));
      this.#again.shift();
      this.resent++;
      this.#held("resent");
    } else {
      const next = again ?? this.#socketOf.length;
      if (number !== next) {
        const why = again === undefined ? "never went out" : "is to go out once more before";
        return this.#complain(`sends message ${number}, but message ${next} ${why}`);
      }
    }
    this.#takeIntoUse(account);
    account.messages.push(number);
    this.#socketOf[number] = socket;
    this.#passWithdrawn();
  }

  /** Why a message that a socket had, or that was withdrawn, must not go out. */
  #whyNot(number: number, socket: number): string {
    const what = `sends message ${number}`;
    if (this.#withdrawn.has(number)) return `${what}, which was withdrawn, over socket ${socket}`;
    const [again] = this.#again;
    if (this.#again.includes(number)) return `${what} once more, but message ${again} is to go out before`;
    return `${what} twice: over sockets ${this.#socketOf[number]} and ${socket}`;
  }

  /** What the socket before had is confirmed, or told. */
  #takeIntoUse(account: SocketAccount): void {
    const before = this.#current;
    this.#current = account;
    if (account.isSettled)
      this.#complain(`hands a message to socket ${account.socket}, which it has told to be lost`);
    if (before === undefined || before === account || before.isSettled) return;
    before.isSettled = true;
    const { open } = before;
    if (open > 0 && !this.#options.isLying)
      this.#complain(
        `goes on with socket ${account.socket}, though ${open} messages of socket ${before.socket} are neither confirmed nor told`,
      );
  }

  /** A server has read a message of this client. */
  arrived(socket: number, number: number): void {
    const account = this.#accounts.get(socket);
    const due = account?.due;
    const reading = this.#readings.get(number);
    if (account === undefined || due !== number) {
      const where = due === undefined ? "it was handed none" : `message ${due} is next`;
      return this.#complain(`: a server reads message ${number} over socket ${socket}, where ${where}`);
    }
    account.arrived();
    if (reading === undefined) this.#readings.set(number, { times: 1, socket });
    else {
      reading.times++;
      this.#held("readTwice");
      reading.socket = socket;
    }
  }

  // What the client tells.

  /** It says that it withdrew so many messages: the server that is taken into use now knows no headers. */
  tookBack(count: number): void {
    const hasHeaders = (number: number) => this.#withHeaders.has(number);
    const [again, waiting] = [this.#again.filter(hasHeaders), this.#waiting().filter(hasHeaders)];
    const due = again.length + waiting.length;
    if (due !== count)
      this.#complain(`says that it took back ${count} messages with headers, where ${due} waited`);
    if (count > 0) this.#held("headersTakenBack");
    this.#lost.push(...again);
    this.#refused.push(...waiting);
    for (const number of [...again, ...waiting]) this.gaveUp(number);
  }

  /** The status `disconnect`: so much of what the socket had is unconfirmed. */
  disconnected(unconfirmed: Amount | undefined): void {
    const told = this.#settle(messagesIn(unconfirmed), "with its connection");
    if (told.length > 0) this.#held("lost");
    if (this.#options.resends)
      this.#again = [...told.filter((number) => !this.#withdrawn.has(number)), ...this.#again];
    else this.#lost.push(...told);
  }

  /** The status `close`. */
  closed({ unsent, unconfirmed }: Told): void {
    this.#last = { unsent, unconfirmed };
    const waiting = this.#waiting();
    if (messagesIn(unsent) !== waiting.length)
      this.#complain(
        `tells at its end of ${messagesIn(unsent)} unsent messages, where no socket had ${waiting.length}`,
      );
    if (waiting.length > 0) this.#held("unsentAtEnd");
    if (messagesIn(unconfirmed) > 0) this.#held("unconfirmedAtEnd");
    for (const number of [...waiting, ...this.#again]) this.#told.add(number);
    this.#settle(messagesIn(unconfirmed) - this.#again.length, "at its end");
  }

  /** `closed()` is settled. */
  ended(error: Told | undefined): void {
    const last = this.#last;
    if (last === undefined) return this.#complain("is closed without the status close");
    if (error === undefined) {
      const count = messagesIn(last.unsent) + messagesIn(last.unconfirmed);
      if (count > 0) this.#complain(`is closed without an error, after it told of ${count} messages`);
      return this.vouches(this.accepted, "is closed without an error");
    }
    const unsent = messagesIn(last.unsent) + this.#refused.length;
    const unconfirmed = messagesIn(last.unconfirmed) + this.#lost.length;
    const [itsUnsent, its] = [messagesIn(error.unsent), messagesIn(error.unconfirmed)];
    if (itsUnsent !== unsent || its !== unconfirmed)
      this.#complain(
        `ends with an error that tells of ${itsUnsent} unsent and ${its} unconfirmed messages, ` +
          `where it is ${unsent} and ${unconfirmed}`,
      );
  }

  /** A flush was rejected, with what it tells. */
  flushFailed({ unsent, unconfirmed }: Told): void {
    const count = messagesIn(unsent) + messagesIn(unconfirmed);
    const lost = [...this.#lost, ...this.#refused];
    if (count !== lost.length)
      this.#complain(
        `tells a flush of ${count} lost messages; since the last one that settled it was ${lost.length}`,
      );
    if (count > 0) this.#held("toldToFlush");
    for (const number of lost) this.#toldToFlush.add(number);
    this.#lost = [];
    this.#refused = [];
  }

  /** The client vouches for all messages before that one. @param how what it did, as the beginning of a sentence */
  vouches(before: number, how: string): void {
    const untold = [...this.#lost, ...this.#refused].find((number) => number < before);
    if (untold !== undefined)
      return this.#complain(`${how}, though message ${untold} was lost, and no flush has told it`);
    if (this.#options.isLying) return;
    const isFine = (number: number) =>
      this.#readings.has(number) || this.#withdrawn.has(number) || this.#toldToFlush.has(number);
    while (this.#vouched < before && isFine(this.#vouched)) this.#vouched++;
    if (this.#vouched < before) this.#complain(`${how}, but no server has message ${this.#vouched}`);
  }

  /** In peace: what the client shows of its outbound stream is true. */
  checkStats({ waiting, unconfirmed }: { readonly waiting: Amount; readonly unconfirmed: Amount }): void {
    const due = this.#waiting().length;
    if (waiting.messages !== due)
      this.#complain(`shows ${waiting.messages} messages that wait, where ${due} do`);
    const { least, most } = this.#bounds(this.#current);
    const shown = unconfirmed.messages - this.#again.length;
    if (shown < least || shown > most)
      this.#complain(`shows ${shown} unconfirmed messages, where there are ${least} to ${most}`);
  }

  /** After the end: all that no server has read was told. */
  checkOver(): void {
    if (this.#options.isLying) return;
    const untold = this.#unread().find((number) => !this.#told.has(number));
    if (untold !== undefined)
      this.#complain(`is closed: no server has message ${untold}, and nobody was told`);
  }

  /** Messages that no socket was ever handed. */
  #waiting(): readonly number[] {
    const all: number[] = [];
    for (let number = this.#socketOf.length; number < this.accepted; number++)
      if (!this.#withdrawn.has(number)) all.push(number);
    return all;
  }

  /** Messages that no server has read, without those that were withdrawn before a socket had them. */
  #unread(): readonly number[] {
    const wasSent = (number: number) =>
      !this.#withdrawn.has(number) || (this.#socketOf[number] ?? NO_SOCKET) !== NO_SOCKET;
    return [...this.#sizes.keys()].filter((number) => !this.#readings.has(number) && wasSent(number));
  }

  /** So many of the last messages of the socket in use are told. Returns them. */
  #settle(count: number, when: string): readonly number[] {
    const account = this.#current;
    const { least, most } = this.#bounds(account);
    if (count < least || count > most)
      this.#complain(
        `tells ${when} of ${count} unconfirmed messages of socket ${account?.socket ?? "none"}, where there are ${least} to ${most}`,
      );
    const told = account?.settle(count) ?? [];
    for (const number of told) this.#told.add(number);
    return told;
  }

  /** How many messages of the socket may be told as unconfirmed. */
  #bounds(account: SocketAccount | undefined): Bounds {
    return account?.bounds(this.#options.isLying) ?? NOTHING;
  }

  #passWithdrawn(): void {
    while (this.#withdrawn.has(this.#socketOf.length)) this.#socketOf.push(NO_SOCKET);
  }
}
