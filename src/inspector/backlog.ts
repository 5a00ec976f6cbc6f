// What a page that opens late still gets: of each machine its definition and the last of what happened to it. Bounded
// in every direction. Pure: it relays nothing (serve.ts does).

/** Messages kept of one machine and its actors, besides the definitions. */
export const MAX_MESSAGES = 2_000;
/** Characters kept of them. */
export const MAX_TEXT = 8 * 1024 * 1024;
/** Machines kept; the one that was silent longest goes first. */
export const MAX_MACHINES = 32;
/** Definitions kept of one machine and its actors. */
export const MAX_DEFINITIONS = 64;

/** A machine with all actors that it made: what they say to each other must keep its order. */
interface Machine {
  /** By their session. */
  readonly definitions: Map<string, string>;
  readonly latest: string[];
  length: number;
}

/** What clients said lately. Each message is kept as the text that pages get: `{"client":1,"message":{...}}`. */
export class Backlog {
  /** In the order of their last message. */
  readonly #machines = new Map<string, Machine>();

  /** Keeps a message. Returns it as pages get it; undefined where it is none: no JSON, or of no known type. */
  add(client: number, text: string): string | undefined {
    const message = parse(text);
    if (message === undefined) return undefined;
    const { type, session, root } = message;
    const wrapped = `{"client":${client},"message":${text}}`;
    const key = `${client} ${root}`;
    const machine = this.#machines.get(key) ?? { definitions: new Map(), latest: [], length: 0 };
    this.#machines.delete(key);
    this.#machines.set(key, machine);
    if (type === "@xstate.actor") machine.definitions.set(session, wrapped);
    else keep(machine, wrapped);
    dropFirst(machine.definitions, MAX_DEFINITIONS);
    dropFirst(this.#machines, MAX_MACHINES);
    return wrapped;
  }

  /** All that is kept: the definitions first, then what happened, of each machine the oldest first. */
  messages(): readonly string[] {
    const machines = [...this.#machines.values()];
    return [
      ...machines.flatMap(({ definitions }) => [...definitions.values()]),
      ...machines.flatMap(({ latest }) => latest),
    ];
  }
}

function keep(machine: Machine, text: string): void {
  const { latest } = machine;
  latest.push(text);
  machine.length += text.length;
  // The last one stays, however long: it may be the only one with the state.
  while (latest.length > 1 && (latest.length > MAX_MESSAGES || machine.length > MAX_TEXT)) {
    machine.length -= latest.shift()?.length ?? 0;
  }
}

function dropFirst(map: Map<string, unknown>, limit: number): void {
  for (const key of map.keys()) {
    if (map.size <= limit) return;
    map.delete(key);
  }
}

interface Message {
  readonly type: string;
  readonly session: string;
  /** Session of the machine that the actor belongs to. */
  readonly root: string;
}

function parse(text: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    const { type, sessionId, rootId } = value as Readonly<Record<string, unknown>>;
    if (typeof type !== "string" || !/^(?:@xstate|client)\./.test(type)) return undefined;
    const session = typeof sessionId === "string" ? sessionId : "";
    return { type, session, root: typeof rootId === "string" ? rootId : session };
  } catch {
    return undefined;
  }
}
