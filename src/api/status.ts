// What `nc.status()` and `onStatus` report: the shape of the reference, from the chart's reports. And who is told.

import { jsonSize } from "../effects/json-size.js";
import type { Remains } from "../effects/ports.js";
import { printable } from "../effects/wire/control-characters.js";
import type { StatusReport } from "../machine/effects.js";
import type { PermissionContext } from "../machine/server-error.js";
import type { ServersChanged } from "../machine/server-pool.js";
import type { Amount, Bytes } from "../machine/units.js";
import { Broadcast } from "./broadcast.js";
import { NatsError } from "./errors.js";
import { stackless } from "./stackless.js";
import type { Subscription } from "./subscription.js";
import { throwUncaught } from "./uncaught.js";

/** Events of a connection. Source: `Events` of `nats` 2.29.3. */
export enum Events {
  /**
   * The connection was lost. `data`: the server, as `host:port`; `unconfirmed`: the messages that its socket was handed and that the
   * server did not confirm.
   */
  Disconnect = "disconnect",
  /**
   * The connection has ended for good: the last status of all. It comes before `closed()` settles; then the iterators end. `data`: the
   * server that was in use last; `unsent`, `unconfirmed`: the messages that are left; `error`: the error of `closed()`, absent if all
   * went well. As in the v3 client, which has no numbers.
   */
  Close = "close",
  /** A connection stands again; subscriptions are restored and what was kept is being sent. `data`: the server. */
  Reconnect = "reconnect",
  /** Servers joined or left the cluster. `data`: ServersChanged. */
  Update = "update",
  /** The server is in lame duck mode: it is about to shut down. `data`: the server. */
  LDM = "ldm",
  /**
   * The reader of a subscription is slow. With the option `maxPending` or `maxPendingBytes` messages for it are dropped from here on;
   * without a limit of bytes it is told when 64 MiB wait, and nothing is dropped. Once, until it has read half of what waits. `data`: how
   * many messages wait; `sub`: the subscription. As in the v3 client.
   */
  SlowConsumer = "slowConsumer",
  /**
   * The server sent -ERR, an attempt to connect failed, or the new server does not accept what was kept for it. `data`: the
   * ErrorCode; `error`: the whole error.
   */
  Error = "error",
}

/** Events for those who want to see more. Source: `DebugEvents` of `nats` 2.29.3. */
export enum DebugEvents {
  /** A server is being dialed. `data`: the server. */
  Reconnecting = "reconnecting",
  /** A PING is due. `data`: how many will be unanswered with it, as a string. */
  PingTimer = "pingTimer",
  /** Too many PINGs were not answered: the connection counts as lost. `data`: "". */
  StaleConnection = "staleConnection",
  /** `nc.reconnect()` was called. `data`: "". */
  ClientInitiatedReconnect = "client initiated reconnect",
}

/** One status. Source: `Status` of `nats` 2.29.3; `server`, `error`, `messages`, `step`, `unconfirmed` and `unsent` go beyond it. */
export interface Status {
  /** What happened. */
  type: Events | DebugEvents;
  /** More on it; see each event. */
  data: string | ServersChanged | number;
  /** What was not permitted, for an error that says so. */
  permissionContext?: { operation: string; subject: string; queue?: string };
  /** The server concerned, as `host:port`. */
  server: string;
  /** For `update`: servers that joined. As in the v3 client. */
  added?: readonly string[];
  /** For `update`: servers that left. As in the v3 client. */
  deleted?: readonly string[];
  /** For `pingTimer`: unanswered PINGs with the one that is due. As in the v3 client. */
  pendingPings?: number;
  /** For `slowConsumer`: the subscription. As in the v3 client. */
  sub?: Subscription;
  /** For `slowConsumer`: how many messages wait. As in the v3 client. */
  pending?: number;
  /** For `error` and `close`: what went wrong. */
  error?: NatsError;
  /** For `error`: how many messages were not sent, where the new server does not accept what was kept for it. */
  messages?: number;
  /**
   * For `disconnect` and `close`: the messages that a socket was handed and that no server confirmed. Each may have arrived. With the
   * option `unconfirmed: "report"` each is in one status only, and a `disconnect` has the last ones of those that the lost socket
   * was handed. With `resend` a `disconnect` has all that the client will send again, and a `close` all that is still not confirmed.
   */
  unconfirmed?: Amount;
  /** For `close`: the messages that were accepted and that no socket was ever handed. None of them has arrived. */
  unsent?: Amount;
  /** For `error`: in which step of an attempt, or in which state of the connection. */
  step?: string;
  /**
   * How many statuses before this one the iterator has dropped, since its reader did not come: at most 1,024 wait, and at most 1 MiB of
   * them; then the oldest go. Absent where none was dropped.
   */
  dropped?: number;
}

/** The last status of a connection. */
export function closedStatus(
  server: string,
  { unsent, unconfirmed }: Pick<Remains, "unsent" | "unconfirmed">,
  error: NatsError | undefined,
): Status {
  const status: Status = { type: Events.Close, data: server, server, unsent, unconfirmed };
  return error === undefined ? status : { ...status, error };
}

const data: Readonly<Record<StatusReport["type"], (report: StatusReport) => Status["data"]>> = {
  disconnect: (report) => report.server,
  reconnect: (report) => report.server,
  reconnecting: (report) => report.server,
  ldm: (report) => report.server,
  staleConnection: () => "",
  "client initiated reconnect": () => "",
  pingTimer: (report) => (report.type === "pingTimer" ? `${report.pingsOut}` : ""),
  update: (report) => (report.type === "update" ? report.changed : ""),
  error: (report) => (report.type === "error" ? report.failure.code : ""),
};

/** The status of a subscription whose reader is slow. */
export function slowConsumer(sub: Subscription, server: string): Status {
  const pending = sub.getPending();
  return { type: Events.SlowConsumer, data: pending, server, sub, pending };
}

/**
 * The user's view of a report.
 * @param cause the Error that lies behind an error report
 * @param unconfirmed what the connection had that was lost last
 */
export function statusFrom(report: StatusReport, cause: Error | undefined, unconfirmed: Amount): Status {
  const status: Status = {
    type: report.type satisfies `${Events | DebugEvents}` as Events | DebugEvents,
    data: data[report.type](report),
    server: report.server,
  };
  if (report.type === "disconnect") return { ...status, unconfirmed };
  if (report.type === "update") return Object.assign(status, report.changed);
  if (report.type === "pingTimer") return { ...status, pendingPings: report.pingsOut };
  if (report.type !== "error") return status;
  const { failure, step, permission } = report;
  const message = printable(failure.message);
  const error = stackless(() => new NatsError(message, failure.code, cause));
  if (failure.messages !== undefined) status.messages = failure.messages;
  status.error = error;
  status.step = step;
  if (permission === null) return status;
  const permissionContext: PermissionContext = permission;
  error.permissionContext = permissionContext;
  status.permissionContext = permissionContext;
  return status;
}

/** How much a status holds, about. Not the subscription of one: that is the user's. */
export function sizeOfStatus({ sub: _sub, error, ...status }: Status): Bytes {
  return jsonSize(status) + (error === undefined ? 0 : jsonSize([error.message, error.stack]));
}

/** The listeners of one connection: the iterators of `nc.status()` and the callback `onStatus`. */
export class Statuses {
  readonly #onStatus: ((status: Status) => void) | undefined;
  readonly #readers = new Broadcast<Status>({
    sizeOf: sizeOfStatus,
    mark: (status, dropped) => ({ ...status, dropped }),
  });

  constructor(onStatus: ((status: Status) => void) | undefined) {
    this.#onStatus = onStatus;
  }

  /** True where somebody listens. */
  get isHeard(): boolean {
    return this.#onStatus !== undefined || this.#readers.isRead;
  }

  /** Tells everybody. What `onStatus` throws becomes an uncaught exception: the connection goes on. */
  report(status: Status): void {
    this.#readers.tell(status);
    try {
      this.#onStatus?.(status);
    } catch (error) {
      throwUncaught(error);
    }
  }

  /** A new iterator over what happens from now on. It is bounded: see the field `dropped` of a status. */
  iterate(): AsyncIterable<Status> {
    return this.#readers.iterate();
  }

  /** Nothing happens any more: every iterator ends after what it still holds. */
  close(): void {
    this.#readers.close();
  }
}
