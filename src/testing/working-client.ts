// A simulated client as its work sees it: what it works with, and whom it tells. The client: simulated-client.ts; its
// work: workload.ts.

import type { Connection } from "../api/connection.js";
import type { Bytes } from "../machine/units.js";
import type { Ledger } from "./ledger.js";
import type { ServerListPlan } from "./plan.js";
import type { Stage } from "./stage.js";

/** A client that works. */
export interface WorkingClient {
  readonly name: string;
  readonly stage: Stage;
  readonly connection: Connection;
  readonly ledger: Ledger;
  /** True where it may receive a message twice: while it moves from one server to another, it is subscribed with both. */
  readonly mayRepeat: boolean;
  /** True from its end on. */
  readonly isOver: boolean;
  /** Publishes one message by `send`; returns its number, or undefined where it was refused. */
  accept(
    size: Bytes,
    says: string,
    send: (payload: string) => void,
    hasHeaders?: boolean,
  ): number | undefined;
  /** Tells it of other servers. */
  move(list: ServerListPlan): void;
  /** Gives it its servers back, as it tells of them. */
  keep(): void;
  /** Reconnects at once. */
  reconnect(): Promise<void>;
  /** Closes; resolves when closed. */
  close(): Promise<void>;
  /** Drains; resolves when closed. */
  drain(): Promise<void>;
  /** Notes that something happened. */
  note(what: string): void;
  /** Says that what must hold does not. */
  complain(what: string): void;
  /** The promise must be settled in the end, and rejected with nothing but a NatsError. */
  track(what: string, promise: Promise<unknown>): void;
}
