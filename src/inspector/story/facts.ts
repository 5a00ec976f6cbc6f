// What is worth saying of an event or of the parameters of an effect, in one line. Pure.

import { visible } from "./visible.js";

/** An event as one says it: XState's own names are long and mean little. */
export function eventName(type: string): string {
  if (type === "") return "(none)";
  if (type === "xstate.init") return "start";
  if (type === "xstate.stop") return "stop";
  const [, after] = /^xstate\.after\.([^.]+)\./.exec(type) ?? [];
  if (after !== undefined) return `after ${after}`;
  const [, what, of] = /^xstate\.(done|error|snapshot)\.(?:actor|state)\.(.+)$/.exec(type) ?? [];
  return what === undefined || of === undefined ? type : `${what}: ${of}`;
}

const MAX_FACTS = 4;
const MAX_LENGTH = 72;

/** The fields that are simple, as `key value · key value`, words before numbers; of an object its message, name or type. */
export function factsOf(of: unknown): string {
  if (typeof of !== "object" || of === null) return "";
  const facts = Object.entries(of).flatMap(([key, value]) => {
    // A clock's time says nothing to a reader; the timeline has its own.
    if (key === "at" || value === null || value === false) return [];
    const simple = simply(value);
    return simple === undefined ? [] : `${key} ${simple}`;
  });
  const isNumber = (fact: string) => / -?[\d.]+$/.test(fact);
  return [...facts.filter((fact) => !isNumber(fact)), ...facts.filter(isNumber)]
    .slice(0, MAX_FACTS)
    .join(" · ");
}

function simply(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.length === 0 ? undefined : `${value.length}`;
  if (typeof value === "object" && value !== null) {
    const { message, name, type } = value as Readonly<Record<string, unknown>>;
    return [message, name, type]
      .map((each) => (typeof each === "string" ? cut(each) : undefined))
      .find(Boolean);
  }
  return cut(String(value));
}

function cut(text: string): string {
  return visible(text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text);
}
