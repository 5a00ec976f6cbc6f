// What changed in a context between two steps. Pure.

import { visible } from "./visible.js";

/** A value of a context as a tree: what is shown, and what changed since the step before. */
export interface Node {
  readonly key: string;
  /** The value itself; of an object or array its size, such as `3 entries`. */
  readonly text: string;
  readonly kind: "object" | "string" | "number" | "boolean" | "null";
  readonly children: readonly Node[];
  /** How it differs from before; `inside` where only something within it does. */
  readonly change: "none" | "added" | "changed" | "inside";
  /** What it was; null unless `change` is `changed`. */
  readonly was: string | null;
  /** Keys that were there before. */
  readonly removed: readonly string[];
}

/** Deeper than this a tree is not read by anybody, and a cycle is no longer one. */
const MAX_DEPTH = 12;

const absent = Symbol("not there");

/**
 * The tree of a value.
 * @param before the value before; the same value where nothing is compared
 */
export function treeOf(key: string, now: unknown, before: unknown): Node {
  return node(key, now, before, 0);
}

function node(key: string, now: unknown, before: unknown, depth: number): Node {
  const kind = kindOf(now);
  const wasThere = before !== absent;
  if (kind !== "object" || depth > MAX_DEPTH) {
    const isSame = wasThere && kindOf(before) === kind && (kind === "object" || before === now);
    const change = !wasThere ? "added" : isSame ? "none" : "changed";
    const was = change === "changed" ? short(before) : null;
    return { key, text: text(now), kind, children: [], change, was, removed: [] };
  }
  const entries = Object.entries(now as object);
  const others: Readonly<Record<string, unknown>> =
    kindOf(before) === "object" ? (before as Record<string, unknown>) : {};
  const isComparable = kindOf(before) === "object";
  const children = entries.map(([name, value]) => {
    const other = !isComparable ? value : Object.hasOwn(others, name) ? others[name] : absent;
    return node(name, value, other, depth + 1);
  });
  const names = new Set(entries.map(([name]) => name));
  const removed = Object.keys(others).filter((name) => !names.has(name));
  const isTouched = removed.length > 0 || children.some((child) => child.change !== "none");
  const change = !wasThere ? "added" : !isComparable ? "changed" : isTouched ? "inside" : "none";
  return {
    key,
    text: sizeOf(now as object),
    kind,
    children,
    change,
    was: change === "changed" ? short(before) : null,
    removed,
  };
}

function kindOf(value: unknown): Node["kind"] {
  if (typeof value === "object" && value !== null) return "object";
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return typeof value as "string";
  return "null";
}

function text(value: unknown): string {
  return typeof value === "string" ? visible(JSON.stringify(value)) : String(value);
}

function short(value: unknown): string {
  if (kindOf(value) === "object") return sizeOf(value as object);
  const whole = text(value);
  return whole.length > 60 ? `${whole.slice(0, 59)}…` : whole;
}

function sizeOf(value: object): string {
  const { length } = Object.keys(value);
  if (length === 0) return Array.isArray(value) ? "empty list" : "empty";
  const unit = Array.isArray(value) ? "item" : "field";
  return `${length} ${unit}${length === 1 ? "" : "s"}`;
}
