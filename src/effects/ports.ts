// What the interpreter needs of the client around it, by role; src/api plays them all.

import type { StatusReport } from "../machine/effects.js";
import type { AttemptReport, Failure } from "../machine/failure.js";
import type { Destination } from "../machine/origin.js";
import type { PermissionContext } from "../machine/server-error.js";
import type { Servers } from "../machine/server-pool.js";
import type { Amount, Bytes, Milliseconds } from "../machine/units.js";
import type { ConnectFields, Credentials } from "./connect-command.js";
import type { Losses, UnconfirmedPolicy } from "./unconfirmed.js";
import type { ParserSink } from "./wire/parser.js";

/** How the client introduces itself to a server. */
export interface Introduction {
  readonly connectFields: ConnectFields;
  /**
   * The credentials for that server, as its origin says. May throw, reject, or never answer: the attempt's timeout covers it.
   * @param signal aborted where nobody waits for the answer any more
   */
  authenticate(
    server: Destination,
    nonce: string | undefined,
    signal: AbortSignal,
  ): Credentials | Promise<Credentials>;
}

/** The user's functions that steer the reconnecting. */
export interface Choices {
  /** The user's `reconnectDelayHandler`, made safe: it never throws. */
  delay(): Milliseconds;
  /** The user's `reconnectToServer`. Throws where it does, or chooses a server that is not in the pool. */
  server(servers: Servers): { readonly server: string | null; readonly ms: Milliseconds };
}

/** The way to one server, for what concerns its subscriptions. */
export interface ServerLine {
  /** Sends a line, without its CRLF, behind all that was published over this link. */
  tell(line: string): void;
  /** Sends PING. `answered` when all that the server sent before has arrived, or when nothing arrives any more. */
  ask(answered: () => void): void;
}

/** What one server knows of the subscriptions. */
export interface SubscriptionView {
  /** The lines that restore every subscription there. From here on the server is told of every change. */
  restore(): string;
  /** The server is being left: from here on it is told of no new subscription. */
  leave(): void;
  /** The lines that end every subscription there. */
  unsubscribeAll(): string;
  /** The server is gone: it is told nothing any more. */
  close(): void;
}

/** The subscriptions of the client. */
export interface Subscriptions {
  /** Where messages go: the hot path. */
  readonly message: ParserSink["message"];
  /** A server is about to learn of the subscriptions. */
  view(line: ServerLine): SubscriptionView;
  /** True where a subscription or a request of the client is what a server did not permit. */
  isOwn(permission: PermissionContext): boolean;
  /** Unsubscribe everything; resolves when all that arrived is processed. */
  drain(): Promise<void>;
}

/** What the end of a connection leaves behind. */
export interface Remains {
  /** No socket was ever handed it. */
  readonly unsent: Amount;
  /** A socket was handed it, and no server has confirmed it. No status has told of it. */
  readonly unconfirmed: Amount;
  /** What was lost with connections before, or refused by a server, since the user was told the last time that asked. */
  readonly lost: Losses;
}

/** Who is told what becomes of the connection. */
export interface Outcomes {
  /** A status for the user; with the Error behind it, where there is one. Of `disconnect`, see `Outbound.loss`. */
  status(report: StatusReport, cause: Error | undefined): void;
  /** Resolve `connect()`. */
  connected(): void;
  /** Reject `connect()`. */
  rejected(failure: Failure, attempts: readonly AttemptReport[]): void;
  /** The connection closes: settle all that waits but `closed()`. */
  closing(failure: Failure | null): void;
  /** Nothing is left, no socket and no timer: settle `closed()`. */
  closed(failure: Failure | null, remains: Remains): void;
}

/** The client around an interpreter. */
export interface Ports {
  readonly introduction: Introduction;
  readonly choices: Choices;
  readonly subscriptions: Subscriptions;
  readonly outcomes: Outcomes;
  /** The limits of the outbound stream. */
  readonly limits: {
    /** Bytes kept while disconnected; 0 refuses, -1 is unlimited. */
    readonly reconnectBufferSize: number;
    /** What becomes of what no server has confirmed when its socket is lost. */
    readonly unconfirmed: UnconfirmedPolicy;
    /** Bytes of a line behind its verb that the server accepts. */
    readonly maxControlLine: Bytes;
  };
}
