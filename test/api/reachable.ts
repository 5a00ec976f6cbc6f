// All strings that can be reached from an object: through its fields, private ones too, maps, sets, bytes, and what its functions
// hold on to. What is not among them, no snapshot of the heap shows because of that object.

import { type Runtime, Session } from "node:inspector";

/** Objects looked at before a test is told that it reaches too far. */
const LIMIT = 200_000;

/** The strings that can be reached from an object; bytes are read as text. */
export function reachable(from: object): ReadonlySet<string> {
  const strings = new Set<string>();
  const seen = new Set<object>([globalThis]);
  const session = new Session();
  session.connect();
  const queue: unknown[] = [from];
  for (let at = 0; at < queue.length; at++) {
    const value = queue[at];
    if (typeof value === "string") strings.add(value);
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value))
      continue;
    seen.add(value);
    if (seen.size > LIMIT) throw new Error("too much can be reached from there");
    if (value instanceof Uint8Array) strings.add(new TextDecoder().decode(value));
    else queue.push(...within(value), ...(isPlain(value) ? [] : hidden(session, value)));
  }
  session.disconnect();
  return strings;
}

/** What any code could read of an object. */
function within(value: object): unknown[] {
  const fields = Object.values(Object.getOwnPropertyDescriptors(value)).map(
    (field) => field.value as unknown,
  );
  const keys = Reflect.ownKeys(value).filter((key) => typeof key === "string");
  const entries = value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : [];
  return [...keys, ...fields, ...entries];
}

/** True of what has no private fields, and is no function. */
function isPlain(value: object): boolean {
  const plain: readonly unknown[] = [null, Object.prototype, Array.prototype, Map.prototype, Set.prototype];
  return plain.includes(Object.getPrototypeOf(value));
}

/** What only a debugger sees: private fields, and the variables that a function holds on to. */
function hidden(session: Session, value: object): unknown[] {
  const { objectId } = remote(session, value);
  const { privateProperties = [], internalProperties = [] } = propertiesOf(session, objectId);
  const scopes = internalProperties.find(({ name }) => name === "[[Scopes]]")?.value?.objectId;
  const closures =
    scopes === undefined
      ? []
      : propertiesOf(session, scopes).result.filter(({ value }) => value?.description?.startsWith("Closure"));
  // The variables of a closure come as the fields of one object.
  return [...privateProperties, ...closures].flatMap(({ value }) => local(session, value));
}

const bridge = globalThis as { reachableBridge?: unknown };

/** The private fields are not in the types of Node. */
interface Properties extends Runtime.GetPropertiesReturnType {
  readonly privateProperties?: readonly Runtime.PropertyDescriptor[];
}

/** An object of ours as the debugger knows it. */
function remote(session: Session, value: object): Runtime.RemoteObject {
  bridge.reachableBridge = value;
  const found = ask<Runtime.EvaluateReturnType>(session, "Runtime.evaluate", {
    expression: "reachableBridge",
  });
  delete bridge.reachableBridge;
  return found.result;
}

/** What the debugger knows, as an object of ours. */
function local(session: Session, value: Runtime.RemoteObject | undefined): unknown[] {
  if (value?.objectId === undefined) return [value?.value];
  const functionDeclaration = "function () { globalThis.reachableBridge = this; }";
  ask(session, "Runtime.callFunctionOn", { objectId: value.objectId, functionDeclaration });
  const found = bridge.reachableBridge;
  delete bridge.reachableBridge;
  return [found];
}

function propertiesOf(session: Session, objectId: string | undefined): Properties {
  if (objectId === undefined) return { result: [] };
  return ask(session, "Runtime.getProperties", { objectId, ownProperties: true });
}

/** Asks the debugger of this very process, which answers at once. */
function ask<Answer>(session: Session, method: string, params: object): Answer {
  let answer: Answer | undefined;
  session.post(method, params, (error, result) => {
    if (error !== null) throw error;
    answer = result as Answer;
  });
  return answer as Answer;
}
