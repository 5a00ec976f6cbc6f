// A machine's definition, read: states with resolved ids and transitions with resolved targets. Works on what XState
// gives (`machine.config`, `machine.definition`) and on the JSON of it that an inspection message carries. Pure.
//
// Whatever is missing or cut off is left out: a definition from outside may be of any version, and the serializer of
// @statelyai/inspect writes "[Object]" where it stops. How a chart is drawn: graph.ts.

/** A machine's definition: an object, or the JSON text of one. */
export type Definition = object | string;

/** An action or an invoked actor, as it is called in the definition. */
export interface Named {
  readonly name: string;
  /** Its literal parameters; null where there are none or a function makes them. */
  readonly params: unknown;
}

/** One way on from a state. */
export interface Transition {
  /** The event; empty where none is needed (`always`). */
  readonly event: string;
  /** What kind of event: one that is sent, none, a delay, or the end of something inside. */
  readonly kind: "event" | "always" | "after" | "done";
  /** Name of the guard; null where it is taken always. */
  readonly guard: string | null;
  /** Ids of the states it leads to; empty where the state is not left. */
  readonly targets: readonly string[];
  readonly actions: readonly Named[];
  readonly description: string | null;
}

/** A state. */
export interface State {
  /** Unique: the path from the root, such as `connection.connecting.dialing`. */
  readonly id: string;
  readonly key: string;
  readonly type: "atomic" | "compound" | "parallel" | "final" | "history";
  readonly description: string | null;
  /** Id of the state that is entered first; null where it has no states or all are entered. */
  readonly initial: string | null;
  readonly parent: string | null;
  readonly children: readonly string[];
  readonly entry: readonly Named[];
  readonly exit: readonly Named[];
  readonly invokes: readonly Named[];
  readonly transitions: readonly Transition[];
}

/** A machine, read. */
export interface Chart {
  readonly root: State;
  /** All states by id, parents before children, in the order of the definition. */
  readonly states: ReadonlyMap<string, State>;
}

type Json = Readonly<Record<string, unknown>>;

/** More states than this are no picture. */
const MAX_STATES = 2_000;

/**
 * Reads a definition.
 * @throws Error where it is no object, or has too many states to be drawn
 */
export function chartOf(definition: Definition): Chart {
  const config: unknown = typeof definition === "string" ? JSON.parse(definition) : definition;
  if (!isObject(config)) throw new Error("this is no definition of a machine");
  const found: Found[] = [];
  collect(config, text(config["id"]) ?? text(config["key"]) ?? "machine", null, found);
  const byCustomId = new Map<string, string>();
  for (const { config, id } of found) {
    const custom = text(config["id"]);
    if (custom !== null) byCustomId.set(custom, id);
  }
  const ids = new Set(found.map(({ id }) => id));
  const resolve = (target: string, source: Found) => resolved(target, source, ids, byCustomId);
  const states = new Map(found.map((each) => [each.id, stateOf(each, resolve)]));
  const root = states.get(found[0]?.id ?? "");
  if (root === undefined) throw new Error("this is no definition of a machine");
  return { root, states };
}

interface Found {
  readonly id: string;
  readonly key: string;
  readonly parent: string | null;
  readonly config: Json;
  readonly children: readonly string[];
}

type Resolve = (target: string, source: Found) => string | undefined;

function collect(config: Json, id: string, parent: string | null, found: Found[]): void {
  if (found.length >= MAX_STATES) throw new Error(`a machine of more than ${MAX_STATES} states is not drawn`);
  const states = isObject(config["states"]) ? Object.entries(config["states"]) : [];
  const key = parent === null ? id : id.slice(parent.length + 1);
  found.push({ id, key, parent, config, children: states.map(([name]) => `${id}.${name}`) });
  for (const [name, inner] of states) collect(isObject(inner) ? inner : {}, `${id}.${name}`, id, found);
}

/** The id that a target means: `#id`, `#id.inner`, `.child`, or a sibling with or without states inside it. */
function resolved(
  target: string,
  source: Found,
  ids: ReadonlySet<string>,
  byCustomId: ReadonlyMap<string, string>,
): string | undefined {
  if (target.startsWith("#")) {
    const name = target.slice(1);
    // The longest custom id that the name begins with: an id may have dots.
    for (let end = name.length; end > 0; end = name.lastIndexOf(".", end - 1)) {
      const base = byCustomId.get(name.slice(0, end));
      const id = base === undefined ? undefined : base + name.slice(end);
      if (id !== undefined && ids.has(id)) return id;
    }
    return ids.has(name) ? name : undefined;
  }
  const from = target.startsWith(".") ? source.id + target : `${source.parent ?? source.id}.${target}`;
  return ids.has(from) ? from : undefined;
}

function stateOf(found: Found, resolve: Resolve): State {
  const { config, id, key, parent, children } = found;
  const type = typeOf(config, children);
  return {
    id,
    key,
    type,
    description: text(config["description"]),
    initial: type === "compound" ? (initialOf(found, resolve) ?? children[0] ?? null) : null,
    parent,
    children,
    entry: namedList(config["entry"]),
    exit: namedList(config["exit"]),
    invokes: list(config["invoke"]).map((invoke) =>
      named(isObject(invoke) ? (invoke["src"] ?? invoke["id"]) : invoke),
    ),
    transitions: transitionsOf(found, resolve),
  };
}

function typeOf({ type }: Json, children: readonly string[]): State["type"] {
  if (type === "final" || type === "history" || type === "parallel") return type;
  return children.length > 0 ? "compound" : "atomic";
}

function initialOf(found: Found, resolve: Resolve): string | undefined {
  const { initial } = found.config;
  const [target] = targetsOf(isObject(initial) ? initial["target"] : initial);
  if (target === undefined) return undefined;
  return target.startsWith("#") ? resolve(target, found) : resolve(`.${target.replace(/^\./, "")}`, found);
}

function transitionsOf(found: Found, resolve: Resolve): readonly Transition[] {
  const { config } = found;
  const all: Transition[] = [];
  const add = (event: string, kind: Transition["kind"], written: unknown) => {
    for (const each of list(written)) {
      const { target, guard, actions, description } = isObject(each)
        ? (each as { target?: unknown; guard?: unknown; actions?: unknown; description?: unknown })
        : { target: each };
      all.push({
        event,
        kind,
        guard: guard === undefined || guard === null ? null : named(guard).name,
        targets: targetsOf(target).flatMap((name) => resolve(name, found) ?? []),
        actions: namedList(actions),
        description: text(description),
      });
    }
  };
  add("", "always", config["always"]);
  for (const [event, written] of entries(config["on"])) {
    // As `machine.definition` writes what follows from `after`, `onDone` and `invoke`.
    const delay = /^xstate\.after\.(.+?)\./.exec(event)?.[1];
    if (delay !== undefined) add(delay, "after", written);
    else add(event, event.startsWith("xstate.done.") ? "done" : "event", written);
  }
  for (const [delay, written] of entries(config["after"])) add(delay, "after", written);
  add("done", "done", config["onDone"]);
  for (const invoke of list(config["invoke"])) {
    if (!isObject(invoke)) continue;
    const { name } = named(invoke["src"] ?? invoke["id"]);
    add(`done: ${name}`, "done", invoke["onDone"]);
    add(`failed: ${name}`, "done", invoke["onError"]);
    add(`snapshot: ${name}`, "event", invoke["onSnapshot"]);
  }
  return all;
}

function targetsOf(target: unknown): readonly string[] {
  return list(target).flatMap((each) => {
    if (typeof each === "string") return each;
    return isObject(each) && typeof each["id"] === "string" ? `#${each["id"]}` : [];
  });
}

function namedList(actions: unknown): readonly Named[] {
  return list(actions).map(named);
}

/** An action, guard or actor: a name, `{ type, params }`, or a function, of which a name is all that can be shown. */
function named(each: unknown): Named {
  if (typeof each === "string") return { name: each, params: null };
  if (typeof each === "function") return { name: each.name || "inline", params: null };
  if (!isObject(each)) return { name: "inline", params: null };
  const { params } = each;
  const isMade = typeof params === "function" || (isObject(params) && Object.keys(params).join() === "type");
  return {
    name: text(each["type"]) ?? text(each["id"]) ?? "inline",
    params: isMade ? null : (params ?? null),
  };
}

function entries(value: unknown): readonly (readonly [string, unknown])[] {
  return isObject(value) ? Object.entries(value) : [];
}

function list(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
