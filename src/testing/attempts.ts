// Failed attempts, counted from outside beside the client's own counting: by the errors that it reports, and by the
// servers that are in its pool afterwards.

import { ErrorCode } from "../api/errors.js";
import type { NatsConnection } from "../api/nats-connection.js";
import type { Status } from "../api/status.js";
import { attemptSteps } from "../machine/failure.js";
import type { Premise } from "./premises.js";

/** An error in one of these ends an attempt; one in a state of the connection does not. */
const steps: ReadonlySet<string> = new Set(attemptSteps);

/** An error of one of these concerns one subject: the attempt goes on. */
const harmless: ReadonlySet<string> = new Set([ErrorCode.PermissionsViolation, ErrorCode.BadSubject]);

/** The failed attempts of one client. */
export class Attempts {
  readonly #connection: () => NatsConnection;
  readonly #complain: (what: string) => void;
  readonly #held: (premise: Premise) => void;
  /** The servers that the user named: only the limit takes them out of the pool. */
  readonly #configured: () => readonly string[];
  /** The option `maxReconnectAttempts`; -1 where it does not count yet, or never. */
  readonly #limit: () => number;
  /** True while a connection stands: an attempt to move to another server costs that one nothing when it fails. */
  #stands = false;
  /** By server: failed attempts in a row. */
  readonly #failures = new Map<string, number>();

  constructor(
    connection: () => NatsConnection,
    configured: () => readonly string[],
    limit: () => number,
    complain: (what: string) => void,
    held: (premise: Premise) => void,
  ) {
    this.#held = held;
    this.#connection = connection;
    this.#configured = configured;
    this.#limit = limit;
    this.#complain = complain;
  }

  /** A status was reported. What the client makes of it shows when it has made it. */
  reported({ type, step, server, error, added = [], deleted = [] }: Status): void {
    if (type === "reconnect") this.#failures.delete(server);
    if (type === "reconnect" || type === "disconnect") this.#stands = type === "reconnect";
    for (const other of [...added, ...deleted]) this.#failures.delete(other);
    if (this.#stands || type !== "error" || step === undefined || !steps.has(step)) return;
    // What concerns one subject ends no attempt.
    if (error !== undefined && harmless.has(error.code)) return;
    this.#failures.set(server, (this.#failures.get(server) ?? 0) + 1);
    const limit = this.#limit();
    queueMicrotask(() => this.#check(server, limit));
  }

  /** It is connected for the first time. */
  connected(): void {
    this.#stands = true;
    this.recount();
  }

  /** Its pool was changed: goes on from what the client says. */
  recount(): void {
    this.#failures.clear();
    for (const { listen, reconnects } of this.#connection().getServers())
      this.#failures.set(listen, reconnects);
  }

  #check(server: string, limit: number): void {
    const failures = this.#failures.get(server) ?? 0;
    const inPool = this.#connection()
      .getServers()
      .find(({ listen }) => listen === server);
    const times = `after ${failures} failed attempts in a row`;
    if (inPool === undefined) {
      this.#failures.delete(server);
      const isGivenUp = this.#configured().includes(server);
      if (isGivenUp) this.#held("gaveServerUp");
      if (isGivenUp && failures !== limit)
        this.#complain(`gives ${server} up ${times}; its limit is ${limit}`);
    } else if (inPool.reconnects !== failures) {
      this.#complain(`counts ${inPool.reconnects} failed attempts of ${server}, ${times}`);
    } else if (limit !== -1 && failures >= limit) {
      this.#complain(`does not give ${server} up ${times}; its limit is ${limit}`);
    }
  }
}
