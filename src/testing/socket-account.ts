// What one socket of a client was handed: which messages, how many of them a server has read, and how many the client must know to be
// confirmed. What follows of it for the client: delivery-law.ts.

import type { Bytes } from "../machine/units.js";
import { Confirmations, type Heard } from "./confirmations.js";

/** How many messages a client may tell as unconfirmed. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** The account of one socket. */
export class SocketAccount {
  readonly socket: number;
  /** Numbers of messages, in the order in which the socket was handed them. */
  readonly messages: number[] = [];
  readonly confirmations: Confirmations;
  /** The client has told what is unconfirmed, or has moved away from the socket. */
  isSettled = false;
  /** How many of the messages a server has read, from the first on. */
  #read = 0;

  /** @param heard told of each message that comes over it */
  constructor(socket: number, heard?: Heard) {
    this.socket = socket;
    this.confirmations = new Confirmations(heard);
  }

  /** How many messages the client need not know to be confirmed. */
  get open(): number {
    return this.messages.length - this.confirmations.known.messages;
  }

  /** The message that a server reads next; undefined where it has read all. */
  get due(): number | undefined {
    return this.messages[this.#read];
  }

  /** The socket was handed PING. @param bytes all that was written to it before */
  pinged(bytes: Bytes): void {
    this.confirmations.pinged({ messages: this.messages.length, bytes });
  }

  /** A server has read the message that was due. */
  arrived(): void {
    this.#read++;
  }

  /**
   * How many of its messages may be told as unconfirmed: at least those that no server has read, and none that is confirmed.
   * @param isLying a server says PONG unasked, so that nothing is confirmed for sure
   */
  bounds(isLying: boolean): Bounds {
    if (this.isSettled) return NOTHING;
    return isLying
      ? { least: 0, most: this.messages.length }
      : { least: this.messages.length - this.#read, most: this.open };
  }

  /** So many of the last messages are told: that settles it. Returns them. */
  settle(count: number): readonly number[] {
    const told = this.isSettled || count <= 0 ? [] : this.messages.slice(-count);
    this.isSettled = true;
    return told;
  }
}

/** Of a socket that has no account, or whose account is settled. */
export const NOTHING: Bounds = { least: 0, most: 0 };
