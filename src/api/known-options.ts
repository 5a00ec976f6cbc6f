// The options that a call knows. What else it is given is ignored, as by the reference: a program that passes on options of its own
// runs. But a typing error shall not wait for the outage that the option was meant for: the process is told, by a warning.

import { shortened } from "../effects/shortened.js";
import { nearestName } from "./nearest-name.js";
import { warn } from "./process-warning.js";

/** Code of the warning. */
export const UNKNOWN_OPTION = "NATS_UNKNOWN_OPTION";

/** Calls with the names that the process was told of: once is enough. */
const told = new Set<string>();

/** So many are told; a program that makes names up would fill the memory. */
const MOST_TOLD = 1_000;

/** Characters of a name that are shown. */
const MOST_SHOWN = 64;

/** What there may be to say of the options of a call. */
interface More {
  /** What stands in front of a name where the options are a record among others, such as `tls.`. */
  readonly prefix?: string;
  /** What becomes of other options, as a sentence. */
  readonly otherwise?: string;
  /** Names of which nothing is told: a package passes them on, and its user can do nothing about it. */
  readonly overlooked?: readonly string[];
}

/** The options of one call, or of a record among them. */
export class KnownOptions<Options extends object> {
  readonly #call: string;
  readonly #prefix: string;
  readonly #names: ReadonlySet<string>;
  /** Two of them, which are compared before the set is asked: a third of the time. */
  readonly #first: string | undefined;
  readonly #second: string | undefined;
  readonly #otherwise: string;
  readonly #overlooked: readonly string[];

  /**
   * @param call how a user calls it, such as `publish`
   * @param names all of them
   */
  constructor(
    call: string,
    names: Readonly<Record<keyof Options, unknown>>,
    { prefix = "", otherwise = "What is not known is ignored.", overlooked = [] }: More = {},
  ) {
    this.#call = call;
    this.#prefix = prefix;
    this.#names = new Set(Object.keys(names));
    [this.#first, this.#second] = this.#names;
    this.#otherwise = otherwise;
    this.#overlooked = overlooked;
  }

  /** Tells the process of the options that are given and not known, once of each. Has to be fast: each message passes here. */
  check(options: object | null | undefined): void {
    if (typeof options !== "object") return;
    let unknown: string[] | undefined;
    for (const name in options) {
      if (name === this.#first || name === this.#second || this.#names.has(name)) continue;
      if (this.#isToTell(name, options)) unknown = [...(unknown ?? []), name];
    }
    if (unknown !== undefined) this.#tell(unknown);
  }

  #isToTell(name: string, options: object): boolean {
    // What stands in for all objects of a program is no option, and what has no value asks for nothing.
    if (!Object.hasOwn(options, name) || (options[name as keyof typeof options] ?? null) === null)
      return false;
    const key = `${this.#call} ${this.#prefix}${name}`;
    if (this.#overlooked.includes(name) || told.has(key) || told.size >= MOST_TOLD) return false;
    told.add(key);
    return true;
  }

  /** One warning for all: a program that passes its own options on gives several. */
  #tell(unknown: readonly string[]): void {
    const nearest = unknown.map((name) => nearestName(name, this.#names));
    const named = unknown.map((name, at) => {
      const quoted = JSON.stringify(this.#prefix + shortened(name, undefined, MOST_SHOWN));
      return nearest[at] === undefined ? quoted : `${quoted} (did you mean "${this.#prefix}${nearest[at]}"?)`;
    });
    const known = nearest.every((name) => name !== undefined)
      ? ""
      : ` Known are ${[...this.#names].map((one) => this.#prefix + one).join(", ")}.`;
    warn({
      type: "NatsOptionWarning",
      message: `${this.#call}() does not know the option${unknown.length > 1 ? "s" : ""} ${named.join(", ")}`,
      code: UNKNOWN_OPTION,
      detail: `${this.#otherwise}${known}`,
    });
  }
}
