// A link: one socket, from its dial to its end, as a value. All that is known of a socket is here, and nowhere else.
//
// The context (context.ts) holds at most one link in use (`live`), at most one that is being made (`next`), and those
// that are being left (`retiring`). To give up a move is `next: null`; to complete one is `live: next`, and the old link
// joins `retiring`. A socket exists exactly as long as its link is in one of the three.

import type { ConnectionEvent, ServerSummary } from "./events.js";
import type { AttemptStep, Failure } from "./failure.js";
import type { Destination } from "./origin.js";
import type { Milliseconds } from "./units.js";

/** How a link that was in use, or that a move gives up, comes to its end. */
export type EndingPhase =
  /** Its server knows the subscriptions for `OVERLAP`: until the news of the new server has reached the whole cluster. */
  | "overlapping"
  /** UNSUB and PING are sent: what its server still has to deliver arrives before the PONG. */
  | "unsubscribing"
  /** The last bytes are handed over, and PING behind them: its PONG says that they have arrived. */
  | "confirming"
  /** The last bytes are handed over, and the socket closes. */
  | "ending";

/** Where a link is in its life: in a step of its attempt, in use, or coming to its end. */
export type LinkPhase = AttemptStep | "live" | EndingPhase;

/** One socket, from its dial to its end. */
export interface Link {
  /** Number of the attempt that makes it. Events and effects name a link by it, as `attempt`. */
  readonly id: number;
  /** Where it goes. It stays the same whatever becomes of the pool. */
  readonly destination: Destination;
  readonly phase: LinkPhase;
  /** When it was begun. */
  readonly begunAt: Milliseconds;
  /** How long the attempt may take: at first less than the option `timeout` where there is another server to try. */
  readonly patience: Milliseconds;
  /** The IP address and port that were reached; null before, and where the platform does not tell. */
  readonly address: string | null;
  /** True once TLS secures it; by `wss://` from the beginning, since no socket opens there without. */
  readonly secured: boolean;
  /** The last INFO over it; null before it came. */
  readonly info: ServerSummary | null;
  /** True where that INFO came inside TLS. */
  readonly infoSecured: boolean;
  /** PINGs of the chart that no PONG has answered. */
  readonly pingsOut: number;
  /** An error after which the server closes the connection: it will be the reason. Null while there is none. */
  readonly fatal: Failure | null;
}

/** All links of a connection. */
export interface Links {
  /** The link over which messages flow; null while disconnected. */
  readonly live: Link | null;
  /** The link that is being made: by an attempt to connect, or by a move while another one is in use. Null between attempts. */
  readonly next: Link | null;
  /** The links that are being left, the oldest first. Each has a timer that ends it. */
  readonly retiring: readonly Link[];
}

/**
 * How long subscriptions stay with a server that is being left after the new one has confirmed them. The news must have
 * reached the whole cluster, or a message on its way would find nobody. Until then one may arrive by way of both.
 */
export const OVERLAP: Milliseconds = 250;

/**
 * How long a server that is being left may take to confirm the UNSUBs, or the last messages, and how long a socket to hand over its
 * last bytes.
 */
export const LINGER: Milliseconds = 1_000;

/** The number of no link: they are numbered from 1. */
export const NO_LINK = 0;

/** The id of the server that greeted over it; null before its INFO, and where the INFO names none. */
export function serverIdOf({ info }: Pick<Link, "info">): string | null {
  return info === null || info.serverId === "" ? null : info.serverId;
}

/** A link at its beginning: the socket is about to be opened. */
export function newLink(
  id: number,
  destination: Destination,
  { begunAt, patience }: Pick<Link, "begunAt" | "patience">,
): Link {
  const { type, tls } = destination.transport;
  return {
    id,
    destination,
    phase: "dialing",
    begunAt,
    patience,
    address: null,
    // A WebSocket has its TLS from the first byte, or never.
    secured: type === "webSocket" && tls,
    info: null,
    infoSecured: false,
    pingsOut: 0,
    fatal: null,
  };
}

/** The link with another phase. */
export function inPhase(link: Link, phase: LinkPhase): Link {
  return { ...link, phase };
}

/** The server of a link, as `host:port`: its name in the pool, in statuses and in errors. */
export function serverOf(link: Link): string {
  return link.destination.name;
}

/** The link in use. To be asked only where there is one. */
export function liveLink({ live }: Pick<Links, "live">): Link {
  if (live === null) throw new Error("invariant: a link is in use");
  return live;
}

/** The link that is being made. To be asked only where there is one. */
export function nextLink({ next }: Pick<Links, "next">): Link {
  if (next === null) throw new Error("invariant: a link is being made");
  return next;
}

/** Every link: a socket exists for each of them, and for no other. */
export function linksOf({ live, next, retiring }: Links): readonly Link[] {
  return [live, next, ...retiring].filter((link) => link !== null);
}

/** The link that an event is about; undefined where it is about none, or about one that has ended. */
export function linkIn(links: Links, event: ConnectionEvent): Link | undefined {
  if (!("attempt" in event)) return undefined;
  return linksOf(links).find(({ id }) => id === event.attempt);
}

/** PINGs that the server has left unanswered when the timer `ping` fires: whatever has arrived since the last one is an answer. */
export function unansweredAt(event: ConnectionEvent, { pingsOut }: Pick<Link, "pingsOut">): number {
  return event.type === "timer.fired" && event.heard === true ? 0 : pingsOut;
}

/** What changes where one of the links has another value. */
export function withLink(links: Links, link: Link): Partial<Links> {
  if (links.live?.id === link.id) return { live: link };
  if (links.next?.id === link.id) return { next: link };
  return { retiring: links.retiring.map((one) => (one.id === link.id ? link : one)) };
}
