// What inspection messages tell, put in order: actors, and of each the steps it took. Pure; the page shows it.
//
// A step is an event with the state and context after it (`@xstate.snapshot`), the way the chart went, and what it asked
// for. Bounded: of an actor with more than MAX_STEPS steps, or with steps of more than MAX_LENGTH characters, the first are forgotten, of
// more than MAX_ACTORS actors those that nobody misses.

import { type Chart, chartOf } from "../drawing/chart.js";
import { definedEffects, type ShownEffect } from "./effects.js";
import { pathOf, type Taken } from "./path.js";

/** One step of an actor, as its messages told it. */
export interface StoryStep {
  /** From 0, over the actor's whole life. */
  readonly number: number;
  /** When, in milliseconds: of our charts by their own clock, also in a replay; of others since 1970. */
  readonly at: number;
  readonly event: Readonly<Record<string, unknown>> & { readonly type: string };
  readonly value: unknown;
  readonly context: unknown;
  readonly status: string;
  readonly taken: readonly Taken[];
  readonly effects: readonly ShownEffect[];
  /** How many characters its message had, where it was too long and something of it is cut; else null. */
  readonly cut: number | null;
}

/** One actor, such as a connection. */
export interface Actor {
  /** Unique among all processes. */
  readonly key: string;
  readonly client: number;
  readonly name: string;
  readonly session: string;
  /** Session of the actor that made it, or that it stands beside; null where there is none. */
  readonly parent: string | null;
  /** The JSON of its definition; null where it did not arrive. */
  readonly definition: string | null;
  /** Null where it has no definition that can be read. */
  readonly chart: Chart | null;
  readonly steps: readonly StoryStep[];
  /** True once its process is gone. */
  readonly hasLeft: boolean;
  /** Why it is gone, where there is something to say of it; else empty. */
  readonly whyLeft: string;
}

/** Steps kept of one actor. */
export const MAX_STEPS = 2_000;
/** Characters of their messages: as many as the relay keeps of a recording. The last step stays, however long. */
export const MAX_LENGTH = 256 * 1024 * 1024;
/** Actors kept: those of a process that is gone go first, then those that ended, then the one that was silent longest. */
export const MAX_ACTORS = 1_000;

type Kept = { -readonly [Key in keyof Actor]: Actor[Key] } & {
  readonly steps: StoryStep[];
  /** Characters of the message of each step, and of all of them. */
  readonly lengths: number[];
  length: number;
  /** What it sent to actors beside it since its last step. */
  sent: ShownEffect[];
  /** True where it tells its effects so. */
  tells: boolean;
  /** Number of the last message about it. */
  heard: number;
};
type Json = Readonly<Record<string, unknown>>;

/** All actors, by what their messages told so far. */
export class Story {
  readonly #actors = new Map<string, Kept>();
  #messages = 0;

  /** In the order of their first message. */
  get actors(): readonly Actor[] {
    return [...this.#actors.values()];
  }

  actor(key: string): Actor | undefined {
    return this.#actors.get(key);
  }

  /** Forgets everything. */
  clear(): void {
    this.#actors.clear();
  }

  /**
   * Takes a message of a client. Anything that is no message changes nothing.
   * @param length how many characters it has
   */
  add(client: number, message: unknown, length = 0): void {
    if (!isObject(message)) return;
    if (message["type"] === "client.left") {
      for (const actor of this.#actors.values()) if (actor.client === client) leave(actor, message["why"]);
      return;
    }
    const session = message["sessionId"];
    if (typeof session !== "string") return;
    this.#messages++;
    if (message["type"] === "@xstate.actor") this.#introduce(client, session, message);
    else if (message["type"] === "@xstate.event") this.#hear(client, session, message);
    else if (message["type"] === "@xstate.snapshot") {
      const actor = this.#actors.get(`${client} ${session}`) ?? this.#introduce(client, session, {});
      const step = stepOf(actor, message);
      actor.sent = [];
      actor.heard = this.#messages;
      if (step === undefined) return;
      keep(actor, step, length);
    }
  }

  #introduce(client: number, session: string, message: Json): Kept {
    const key = `${client} ${session}`;
    const { definition, name, parentId } = message;
    const text = typeof definition === "string" ? definition : null;
    const known = this.#actors.get(key);
    const actor: Kept = {
      key,
      client,
      name: typeof name === "string" ? name : session,
      session,
      parent: typeof parentId === "string" ? parentId : null,
      definition: text,
      chart: text === null ? null : readChart(text),
      steps: known?.steps ?? [],
      lengths: known?.lengths ?? [],
      length: known?.length ?? 0,
      hasLeft: false,
      whyLeft: "",
      sent: [],
      tells: false,
      heard: this.#messages,
    };
    this.#actors.set(key, actor);
    this.#forget();
    const beside = actor.parent === null ? undefined : this.#actors.get(`${client} ${actor.parent}`);
    if (beside !== undefined && isBeside(beside, session)) beside.tells = true;
    return actor;
  }

  #forget(): void {
    if (this.#actors.size <= MAX_ACTORS) return;
    const least = [...this.#actors.values()].reduce((one, other) =>
      worth(other) < worth(one) || (worth(other) === worth(one) && other.heard < one.heard) ? other : one,
    );
    this.#actors.delete(least.key);
  }

  /** An event from one actor to another one that stands beside it: an effect of the first. */
  #hear(client: number, session: string, { sourceId, event }: Json): void {
    const source = this.#actors.get(`${client} ${String(sourceId)}`);
    if (source === undefined || !isBeside(source, session) || !isObject(event)) return;
    const { type, ...params } = event;
    source.sent.push({ name: String(type), params });
  }
}

function leave(actor: Kept, why: unknown): void {
  actor.hasLeft = true;
  if (typeof why === "string") actor.whyLeft = why;
}

function keep(actor: Kept, step: StoryStep, length: number): void {
  const { steps, lengths } = actor;
  steps.push(step);
  lengths.push(length);
  actor.length += length;
  while (steps.length > MAX_STEPS || (actor.length > MAX_LENGTH && steps.length > 1)) {
    steps.shift();
    actor.length -= lengths.shift() ?? 0;
  }
}

/** How much an actor would be missed: more while it lives. */
function worth({ hasLeft, steps }: Kept): number {
  if (hasLeft) return 0;
  return (steps.at(-1)?.status ?? "active") === "active" ? 2 : 1;
}

/** True where an actor took steps before the first one that is kept. */
export function hasEarlier({ steps }: Actor): boolean {
  const [first] = steps;
  return first !== undefined && first.event.type !== "xstate.init";
}

/** Those that our connections speak with are named after them: `x:0.server`. Actors that a machine made are not. */
function isBeside(actor: Actor, session: string): boolean {
  return session.startsWith(`${actor.session}.`);
}

function readChart(definition: string): Chart | null {
  try {
    return chartOf(definition);
  } catch {
    return null;
  }
}

function stepOf(actor: Kept, message: Json): StoryStep | undefined {
  const { snapshot, event: sent, createdAt } = message;
  if (!isObject(snapshot)) return undefined;
  const type = isObject(sent) && typeof sent["type"] === "string" ? sent["type"] : "";
  const event = { ...(isObject(sent) ? sent : {}), type };
  const { value = null, context = null, status = "active" } = snapshot;
  const last = actor.steps.at(-1);
  const isFirst = type === "xstate.init";
  const { chart } = actor;
  // What came before is not known where the first steps were not kept.
  const before = last === undefined || isFirst ? null : last.value;
  const isKnown = chart !== null && (before !== null || isFirst);
  const taken = isKnown ? pathOf(chart, before, type, value) : [];
  const defined = () => (isKnown ? definedEffects(chart, before, taken, value) : []);
  return {
    number: last === undefined ? 0 : last.number + 1,
    at: whenOf(actor, event) ?? numberIn(createdAt) ?? 0,
    event,
    value,
    context,
    status: String(status),
    taken,
    effects: actor.tells ? actor.sent : defined(),
    cut: typeof message["cut"] === "number" ? message["cut"] : null,
  };
}

/** When an event of our chart happened: it says so itself, and so does what the chart started from. */
function whenOf({ chart }: Actor, event: Json): number | undefined {
  if (chart?.root.id !== "connection") return undefined;
  const { at, input } = event;
  return typeof at === "number"
    ? at
    : isObject(input) && typeof input["at"] === "number"
      ? input["at"]
      : undefined;
}

function numberIn(text: unknown): number | undefined {
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
