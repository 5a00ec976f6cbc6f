// Plain data: context and effects are JSON, and have no field that nobody has declared.

import type { Snapshot } from "../chart.js";
import type { Rule } from "./rule.js";

/** Says where a value is not plain JSON: it would not be the same after a round trip. Undefined where it is. */
export function notPlain(value: unknown, path = ""): string | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? undefined : `${path} is ${value}`;
    case "object":
      break;
    default:
      return `${path} is of type ${typeof value}`;
  }
  if (value === null) return undefined;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const problem = notPlain(value[index], `${path}[${index}]`);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return `${path} is an instance of a class`;
  for (const key of Object.keys(value)) {
    const problem = notPlain((value as Record<string, unknown>)[key], `${path}.${key}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The fields of the context that are not the very same as before. */
function newFields(before: Snapshot | null, after: Snapshot): readonly (readonly [string, unknown])[] {
  if (before?.context === after.context) return [];
  const fields = Object.entries(after.context);
  if (before === null) return fields;
  const was = before.context as unknown as Readonly<Record<string, unknown>>;
  return fields.filter(([key, value]) => value !== was[key]);
}

export const allIsPlainJson: Rule = {
  judgesAlone: true,
  sentence: "context and effects are plain JSON, which survives a round trip unchanged",
  watch: () => (scene) => {
    const { before, after, effects } = scene;
    for (const [key, value] of newFields(before, after)) {
      const problem = notPlain(value, `context.${key}`);
      if (problem !== undefined) return problem;
    }
    for (const { type, params } of effects) {
      const problem = params === undefined ? undefined : notPlain(params, type);
      if (problem !== undefined) return problem;
    }
    return undefined;
  },
};

// Every field that may be in a context or an effect. A new one belongs here once it is certain that it holds no secret.
const known = new Set(
  `policy pool attempt socket server secured info connectedBefore pingsOut refusedTwice failure attempts random now
   leaving destination chosen asksForServer onLameDuck didConnect
   reconnect maxReconnectAttempts reconnectTimeWait reconnectJitter reconnectJitterTls asksForDelay waitOnFirstConnect
   ignoreAuthErrorAbort ignoreClusterUpdates noRandomize timeout pingInterval maxPingOut drainTimeout tls
   name host port isAddress learnt tlsName lastAttemptAt wait failures refusal kind credentials
   serverId serverName version tlsRequired tlsAvailable lameDuck connectUrls code message step at
   flush timer ms status type changed added deleted permission operation subject queue`.split(/\s+/),
);

function unknownField(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    if (!Array.isArray(value) && !known.has(key)) return key;
    const found = unknownField(inner);
    if (found !== undefined) return found;
  }
  return undefined;
}

export const noUnknownField: Rule = {
  judgesAlone: true,
  sentence: "context and effects have no field that nobody has declared: a secret would need one",
  watch:
    () =>
    ({ before, after, effects }) => {
      for (const [key, value] of newFields(before, after)) {
        const found = known.has(key) ? unknownField(value) : key;
        if (found !== undefined) return `the context has a field ${found}`;
      }
      for (const { type, params } of effects) {
        const found = unknownField(params);
        if (found !== undefined) return `${type} has a field ${found}`;
      }
      return undefined;
    },
};
