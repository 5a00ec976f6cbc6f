// What a page that opens late still gets: of each machine its definition and the last of what happened to it, and who is
// gone. Bounded in every direction. Pure: it relays nothing (relay.ts does).

/** Messages kept of one machine and its actors, besides the definitions. */
export const MAX_MESSAGES = 2_000;
/** Characters kept of them. */
export const MAX_TEXT = 8 * 1024 * 1024;
/** Machines kept; those of a process that is gone go first, then the one that was silent longest. */
export const MAX_MACHINES = 32;
/** Definitions kept of one machine and its actors. */
export const MAX_DEFINITIONS = 64;
/** Characters kept of them. */
export const MAX_DEFINITIONS_TEXT = 8 * 1024 * 1024;

/** Characters kept of all machines, unless one alone has more: those that go are chosen as where there are too many. */
export const MAX_ALL_TEXT = 64 * 1024 * 1024;

/** How much is kept of what happened to one machine. */
export interface Limits {
  readonly messages: number;
  /** Characters. */
  readonly text: number;
}

/** Enough of a machine that lives on. */
export const LIVE: Limits = { messages: MAX_MESSAGES, text: MAX_TEXT };
/** A recording is over before its page opens, and has less than 2,000 events with some messages each: it is kept whole. */
export const RECORDING: Limits = { messages: 40_000, text: 256 * 1024 * 1024 };

/** A machine with all actors that it made: what they say to each other must keep its order. */
interface Machine {
  readonly client: number;
  readonly definitions: Kept;
  readonly latest: Kept;
  /** What pages get once its client is gone; undefined while it is there. */
  left: string | undefined;
}

/** What clients said lately. Each message is kept as the text that pages get: `{"client":1,"message":{...}}`. */
export class Backlog {
  /** In the order of their last message. */
  readonly #machines = new Map<string, Machine>();
  readonly #limits: Limits;

  constructor(limits: Limits = LIVE) {
    this.#limits = limits;
  }

  /** Keeps a message. Returns it as pages get it; undefined where it is none: no JSON, or of no known type. */
  add(client: number, text: string): string | undefined {
    const message = parse(text);
    if (message === undefined) return undefined;
    const { type, session, root } = message;
    const wrapped = wrap(client, text);
    const key = `${client} ${root}`;
    const machine = this.#machines.get(key) ?? this.#newMachine(client, root);
    this.#machines.delete(key);
    this.#machines.set(key, machine);
    if (type === "@xstate.actor") machine.definitions.set(session, wrapped);
    else machine.latest.push(wrapped);
    this.#forget();
    return wrapped;
  }

  /**
   * Keeps that a client is gone, for as long as a machine of it is kept. Returns what pages get.
   * @param why what is to be said of it, where it did not leave by itself
   */
  leave(client: number, why?: string): string {
    const left = wrap(client, JSON.stringify({ type: "client.left", why }));
    for (const machine of this.#machines.values()) if (machine.client === client) machine.left = left;
    return left;
  }

  /** All that is kept: the definitions first, then what happened, of each machine the oldest first; then who is gone. */
  messages(): readonly string[] {
    const machines = [...this.#machines.values()];
    const gone = new Set(machines.flatMap(({ left }) => left ?? []));
    return [
      ...machines.flatMap(({ definitions }) => definitions.texts()),
      ...machines.flatMap(({ latest }) => latest.texts()),
      ...gone,
    ];
  }

  #newMachine(client: number, root: string): Machine {
    const definitions = new Kept({ messages: MAX_DEFINITIONS, text: MAX_DEFINITIONS_TEXT }, root);
    return { client, definitions, latest: new Kept(this.#limits), left: undefined };
  }

  #forget(): void {
    if (!this.#isTooMuch()) return;
    const goneFirst = [...this.#machines].sort(([, one], [, other]) => lives(one) - lives(other));
    for (const [key] of goneFirst) {
      this.#machines.delete(key);
      if (!this.#isTooMuch()) return;
    }
  }

  #isTooMuch(): boolean {
    const { size } = this.#machines;
    if (size > MAX_MACHINES) return true;
    if (size === 1) return false;
    let length = 0;
    for (const { definitions, latest } of this.#machines.values())
      length += definitions.length + latest.length;
    return length > MAX_ALL_TEXT;
  }
}

const lives = ({ left }: Machine) => Number(left === undefined);

/** Texts in their order; the oldest go where there are too many. */
class Kept {
  readonly #texts = new Map<string | number, string>();
  readonly #limits: Limits;
  /** Stays, whatever comes: the machine's own definition, without which its actors mean nothing. */
  readonly #first: string | undefined;
  #next = 0;
  #length = 0;

  constructor(limits: Limits, first?: string) {
    this.#limits = limits;
    this.#first = first;
  }

  push(text: string): void {
    this.set(this.#next++, text);
  }

  /** Takes the place of a text of that name. */
  set(name: string | number, text: string): void {
    this.#length += text.length - (this.#texts.get(name)?.length ?? 0);
    this.#texts.set(name, text);
    for (const [oldest, { length }] of this.#texts) {
      if (this.#texts.size <= this.#limits.messages && this.#length <= this.#limits.text) return;
      // The last one stays, however long: it may be the only one with the state.
      if (oldest === this.#first || oldest === name) continue;
      this.#length -= length;
      this.#texts.delete(oldest);
    }
  }

  /** Characters of all texts. */
  get length(): number {
    return this.#length;
  }

  texts(): readonly string[] {
    return [...this.#texts.values()];
  }
}

function wrap(client: number, text: string): string {
  return `{"client":${client},"message":${text}}`;
}

interface Message {
  readonly type: string;
  readonly session: string;
  /** Session of the machine that the actor belongs to. */
  readonly root: string;
}

function parse(text: string): Message | undefined {
  try {
    const { type, sessionId, rootId }: Readonly<Record<string, unknown>> = Object(JSON.parse(text));
    if (typeof type !== "string" || !type.startsWith("@xstate.")) return undefined;
    return { type, session: String(sessionId), root: String(rootId ?? sessionId) };
  } catch {
    return undefined;
  }
}
