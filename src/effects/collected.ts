// What a server says of its own accord, told to the chart read by read and not line by line: PINGs as a number, errors as lists, and
// of INFOs the last one, which replaces those before it. An event costs as much as reading a hundred such lines.

import type { ServerSummary } from "../machine/events.js";
import { isHarmless, isRefusal, type ServerError } from "../machine/server-error.js";

/**
 * So many errors are told at once, at most. It takes the chart as long as one error; what lives longer, since the list is longer, makes
 * the memory grow that is to be collected.
 */
const MOST_ERRORS = 10;

/** Whoever is told. */
export interface Listener {
  pings(count: number): void;
  info(summary: ServerSummary): void;
  /** Errors of one kind, in order: those after which nothing changes, or others. One that refuses the credentials is alone. */
  errors(error: ServerError, others: readonly ServerError[]): void;
}

/** What was said and is not told yet. Bounded by one read, and by `MOST_ERRORS`. */
export class Collected {
  readonly #listener: Listener;
  #pings = 0;
  #info: ServerSummary | undefined;
  #errors: ServerError[] = [];

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  ping(): void {
    this.#pings += 1;
  }

  /** An INFO of a server in use. Where lame duck mode begins or ends, the one before is told, too. */
  info(summary: ServerSummary): void {
    if (this.#info !== undefined && this.#info.lameDuck !== summary.lameDuck) this.#tellInfo();
    this.#info = summary;
  }

  error(error: ServerError): void {
    const [first] = this.#errors;
    if (first !== undefined && isHarmless(first) !== isHarmless(error)) this.#tellErrors();
    this.#errors.push(error);
    if (isRefusal(error)) this.tell();
    else if (this.#errors.length === MOST_ERRORS) this.#tellErrors();
  }

  /** Tells all of it. To be called behind each read, and before anything that depends on it. */
  tell(): void {
    if (this.#pings > 0) this.#tellPings();
    if (this.#info !== undefined) this.#tellInfo();
    if (this.#errors.length > 0) this.#tellErrors();
  }

  #tellPings(): void {
    const count = this.#pings;
    this.#pings = 0;
    this.#listener.pings(count);
  }

  #tellInfo(): void {
    const info = this.#info as ServerSummary;
    this.#info = undefined;
    this.#listener.info(info);
  }

  #tellErrors(): void {
    const [error, ...others] = this.#errors as [ServerError, ...ServerError[]];
    this.#errors = [];
    this.#listener.errors(error, others);
  }
}
