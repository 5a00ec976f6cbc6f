// A flood: what a hostile or broken server sends, and what the client does meanwhile. All floods are in list.ts; they are
// defined once, and the server, the client and the runner each read their part of the definition.

/** The clients that are compared. */
export const contenderNames = ["ours", "nats2", "nats3"] as const;

/** One of them. */
export type ContenderName = (typeof contenderNames)[number];

/** What the client does with what arrives: see roles.ts. */
export type RoleName =
  | "idle"
  | "callback"
  | "headers"
  | "unread iterator"
  | "unread iterator with a limit"
  | "slow iterator with a limit"
  | "keeps every 100th"
  | "unread status"
  | "records";

/** How often the server calls write: for each 64 KiB or so, or for each piece in a turn of its own. */
export type Pace = "stream" | "dribble";

/** One flood, which is one row of the table. */
export interface Flood {
  readonly id: string;
  readonly title: string;
  /** How many lines or messages the server sends. */
  readonly count: number;
  /** How many of them are enough to see that the flood runs. */
  readonly smoke: number;
  /** What the server writes, piece by piece. `sid` and `tick` are the numbers of the client's subscriptions to `FLOOD` and `TICK`. */
  readonly pieces: (count: number, sid: string, tick: string) => Iterable<Buffer>;
  readonly role: RoleName;
  /** Default `stream`. */
  readonly pace?: Pace;
  /** True if the server does not read until the client has seen everything, or does not read any more itself. */
  readonly isDeaf?: boolean;
  /** True if what the client holds afterwards is measured. */
  readonly holds?: boolean;
  /** True if the client's callback must see `count` messages. */
  readonly delivers?: boolean;
  /** The code of the error with which ours closes the connection, if that is right. Default: it sees the end of the flood. */
  readonly closes?: string;
  /** Contenders that do not take part, and why. */
  readonly without?: { readonly [Name in ContenderName]?: string };
}

/** The subject that floods come on, if they are messages. */
export const FLOOD = "flood";
/** The server says here that a slow reader may read four messages. */
export const TICK = "flood.tick";
/** The client says here that the flood may begin. */
export const BEGIN = "flood.begin";
/** The server says here that the flood is over. */
export const END = "flood.end";
