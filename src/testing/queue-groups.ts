// The books of the queue groups: for each message that a server hands to a member, what becomes of it. One for each
// run, for all clients. Which message went out over which socket: ledger.ts.
//
// The law: each message that a server hands to a member of a queue group is received by that member, or these books say
// why it is lost. There are four reasons (`Loss`). A client answers for three things:
//
// - When a member ends, UNSUB is on the wire of each server that was sent its SUB before anything else happens. A socket
//   without room may delay UNSUB until it has room, and a client that resends until some of what it keeps is confirmed. A server
//   that hands a message to an ended member, and was not sent UNSUB, is one that the client forgot.
// - A member that is drained has received all that a server had handed to it.
// - A client that moves leaves the old server after UNSUB, and not before the answer to the PING behind it has come or is
//   overdue: nothing is on its way then.
//
// What was handed to a member that had not ended and has no reason to be lost must be there before what the same server
// handed to it later, and in the end (`check`).

import type { Subscription } from "../api/subscription.js";
import type { ModelSubscription } from "../effects/simulated/model.js";
import type { Milliseconds } from "../machine/units.js";
import type { Registry } from "./ledger.js";
import type { MessageId } from "./message-id.js";
import type { Premise } from "./premises.js";

/** Why a message of a queue group did not reach the member that a server chose. */
export type Loss =
  /** The member ended while the message was on its way to it, or while UNSUB was on its way to the server. */
  | "ended"
  /** The member ended, and the socket to the server had no room for UNSUB, or had as much as its client may resend. */
  | "noRoom"
  /** The connection to the server was lost or closed while the message was on its way. */
  | "disconnected"
  /** The member ended while the message was on its way from one server to another. */
  | "betweenServers";

const premiseOf = {
  ended: "memberEnded",
  noRoom: "memberNoRoom",
  disconnected: "memberDisconnected",
  betweenServers: "memberBetweenServers",
} as const satisfies Record<Loss, Premise>;

/** A subscription of a client, as far as it matters here. */
export type Member = Pick<Subscription, "getID" | "getSubject" | "isClosed">;

/** A message on its way from a server to a member. */
interface Handed {
  /** Which message: what `keyOf` gives. */
  readonly id: string;
  readonly client: string;
  readonly member: Member;
  readonly server: string;
  /** The client's socket. */
  readonly socket: number;
}

/** After so long a client that moves need not wait for the old server any more. */
const OVERDUE: Milliseconds = 1_000;

const keyOf = ({ client, number }: MessageId) => `${client}:${number}`;

/** What became of the messages of all queue groups. */
export class QueueGroups {
  readonly #registry: Registry;
  readonly #note: (client: string, what: string) => void;
  readonly #isLying: boolean;
  /** By client, then by number as it is on the wire. */
  readonly #members = new Map<string, Map<string, Member>>();
  /**
   * Messages whose fate is open: by the client that they are on their way to, in the order in which they were handed. One that
   * its sender has sent again may be among them twice.
   */
  readonly #underWay = new Map<string, Set<Handed>>();
  readonly #lost: Record<Loss, number> = { ended: 0, noRoom: 0, disconnected: 0, betweenServers: 0 };
  #received = 0;

  /**
   * @param note takes down each loss
   * @param isLying true where a server says PONG unasked: then a drain and a PING prove nothing
   */
  constructor(registry: Registry, note: (client: string, what: string) => void, isLying: boolean) {
    this.#registry = registry;
    this.#note = note;
    this.#isLying = isLying;
  }

  /** Messages that members have received. */
  get received(): number {
    return this.#received;
  }

  /** Messages that are known to be lost, by the reason. */
  get lost(): Readonly<Record<Loss, number>> {
    return this.#lost;
  }

  // What clients do.

  /** A client has subscribed as a member of a queue group. */
  joined(client: string, member: Member): void {
    const its = this.#members.get(client);
    if (its === undefined) this.#members.set(client, new Map([[`${member.getID()}`, member]]));
    else its.set(`${member.getID()}`, member);
  }

  /** A member has taken a message. */
  took(client: string, member: Member, message: MessageId): void {
    const id = keyOf(message);
    const its = this.#of(client).filter((handed) => handed.member === member);
    const copies = its.filter((handed) => handed.id === id);
    // What comes over one socket to one member comes in order.
    const before = ({ socket }: Handed) => its.find((handed) => handed.socket === socket);
    const taken = copies.find((copy) => before(copy) === copy) ?? copies[0];
    if (taken === undefined) return;
    const skipped = before(taken);
    if (skipped !== undefined && skipped !== taken)
      this.#complain(`${this.#what(skipped)} did not come, though message ${id} came after it`);
    this.#underWay.get(client)?.delete(taken);
    this.#received++;
  }

  /** A client says that a member is drained: what its servers had handed to it has arrived. */
  drained(client: string, member: Member): void {
    if (this.#isLying) return;
    this.#registry.held?.("memberDrained");
    for (const handed of this.#of(client)) {
      if (handed.member === member)
        this.#complain(`${this.#what(handed)} did not arrive, though the subscription is drained`);
    }
  }

  /** A client closes a socket after what it has written; it hears nothing more over it. */
  left(client: string, socket: number): void {
    const ledger = this.#registry.ledgers.get(client);
    for (const handed of this.#of(client)) {
      if (handed.socket !== socket) continue;
      const told = ledger?.wire(socket)?.unsubscribed.get(`${handed.member.getID()}`);
      const isOverdue = told !== undefined && this.#registry.now() - told >= OVERDUE;
      if (!handed.member.isClosed() && ledger?.isEnding === false && !isOverdue && !this.#isLying)
        this.#complain(`${this.#what(handed)} is on its way when ${client} leaves that server`);
      this.#lose(handed, handed.member.isClosed() ? "ended" : "disconnected");
    }
  }

  /** A client's socket is closed. */
  over(client: string, socket: number): void {
    for (const handed of this.#of(client)) {
      if (handed.socket === socket) this.#lose(handed, handed.member.isClosed() ? "ended" : "disconnected");
    }
  }

  // What servers do.

  /** A server hands a message to a member. */
  handed({ connection, sid, subject }: ModelSubscription, message: MessageId): void {
    const { client, port: socket, server } = connection;
    const member = this.#members.get(client)?.get(sid);
    if (member === undefined)
      return this.#complain(
        `${client} never made the subscription ${sid} to ${subject}, which a server knows`,
      );
    const handed = { id: keyOf(message), client, member, socket, server: server.address };
    const wire = this.#registry.ledgers.get(client)?.wire(socket);
    if (wire === undefined || wire.isLeft) return this.#lose(handed, "disconnected");
    if (!member.isClosed()) return this.#sends(handed);
    if (wire.unsubscribed.has(sid)) return this.#lose(handed, "ended");
    if (wire.isFull) return this.#lose(handed, "noRoom");
    this.#complain(
      `${this.#what(handed)} is lost: ${client} has ended the subscription and has not said so there`,
    );
  }

  /** A message finds no member on the server that it was sent to by another. */
  missed({ connection, sid }: ModelSubscription, message: MessageId): void {
    const { client, port: socket, server } = connection;
    const member = this.#members.get(client)?.get(sid);
    if (member !== undefined)
      this.#lose({ id: keyOf(message), client, member, socket, server: server.address }, "betweenServers");
  }

  // The end.

  /** In peace, when nothing is on its way to that client any more: all that has no reason to be lost is there. */
  check(client: string): void {
    for (const handed of this.#of(client)) {
      if (handed.member.isClosed()) this.#lose(handed, "ended");
      else this.#complain(`${this.#what(handed)} never came, though its socket ${handed.socket} is open`);
    }
  }

  #of(client: string): readonly Handed[] {
    return [...(this.#underWay.get(client) ?? [])];
  }

  #sends(handed: Handed): void {
    const its = this.#underWay.get(handed.client);
    if (its === undefined) this.#underWay.set(handed.client, new Set([handed]));
    else its.add(handed);
  }

  #what({ id, client, member, server }: Handed): string {
    return `message ${id} to subscription ${member.getID()} (${member.getSubject()}) of ${client} by ${server}`;
  }

  #lose(handed: Handed, loss: Loss): void {
    this.#underWay.get(handed.client)?.delete(handed);
    this.#lost[loss]++;
    this.#registry.held?.(premiseOf[loss]);
    this.#note(
      handed.client,
      `message ${handed.id} for subscription ${handed.member.getID()} is lost: ${loss}`,
    );
  }

  #complain(what: string): void {
    this.#registry.complain(what);
  }
}
