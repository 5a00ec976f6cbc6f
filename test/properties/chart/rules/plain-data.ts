// Plain data: context and effects are JSON, and have no field that nobody has declared.

import type { Snapshot } from "../chart.js";
import type { Rule } from "./rule.js";

/** Says where a value is not plain JSON: it would not be the same after a round trip. Undefined where it is. */
export function notPlain(value: unknown): string | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? undefined : ` is ${value}`;
    case "object":
      break;
    default:
      return ` is of type ${typeof value}`;
  }
  if (value === null) return undefined;
  if (!Array.isArray(value)) {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return " is an instance of a class";
  }
  // The way there is written down on the way back: this runs for every event of every story.
  for (const key in value) {
    const problem = notPlain((value as Record<string, unknown>)[key]);
    if (problem !== undefined) return `.${key}${problem}`;
  }
  return undefined;
}

/** Calls `judge` for the fields of the context that are not the very same as before, until it says something. */
function newFields(
  before: Snapshot | null,
  after: Snapshot,
  judge: (key: string, value: unknown) => string | undefined,
): string | undefined {
  if (before?.context === after.context) return undefined;
  const was = (before?.context ?? {}) as Readonly<Record<string, unknown>>;
  const is = after.context as unknown as Readonly<Record<string, unknown>>;
  for (const key in is) {
    if (key in was && is[key] === was[key]) continue;
    const said = judge(key, is[key]);
    if (said !== undefined) return said;
  }
  return undefined;
}

export const allIsPlainJson: Rule = {
  judgesAlone: true,
  sentence: "context and effects are plain JSON, which survives a round trip unchanged",
  watch: () => (scene) => {
    const { before, after, effects } = scene;
    const field = newFields(before, after, (key, value) => {
      const problem = notPlain(value);
      return problem === undefined ? undefined : `context.${key}${problem}`;
    });
    if (field !== undefined) return field;
    for (const { type, params } of effects) {
      const problem = params === undefined ? undefined : notPlain(params);
      if (problem !== undefined) return `${type}${problem}`;
    }
    return undefined;
  },
};

// Every field that may be in a context or an effect. A new one belongs here once it is certain that it holds no secret.
const known = new Set(
  `policy pool attempt live next retiring lastInUse until chosen leaving processing connectedBefore failure attempts random now
   id destination phase secured info pingsOut count fatal transport type tls path server asksForServer onLameDuck didConnect
   reconnect maxReconnectAttempts reconnectTimeWait reconnectJitter reconnectJitterTls asksForDelay waitOnFirstConnect
   ignoreAuthErrorAbort ignoreClusterUpdates noRandomize timeout pingInterval maxPingOut drainTimeout
   name host port isAddress learnt tlsName lastAttemptAt wait failures refusal kind credentialsVersion
   origins origin isAddress vouched lastAttempt address list begunAt patience infoSecured otherTlsName allowNonTls spokeTls
   serverId serverName version tlsRequired tlsAvailable lameDuck connectUrls code message cause step at
   timer ms from status changed added deleted permission operation subject queue`.split(/\s+/),
);

function unknownField(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const isList = Array.isArray(value);
  for (const key in value) {
    if (!isList && !known.has(key)) return key;
    const found = unknownField((value as Record<string, unknown>)[key]);
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
      const found = newFields(before, after, (key, value) => (known.has(key) ? unknownField(value) : key));
      if (found !== undefined) return `the context has a field ${found}`;
      for (const { type, params } of effects) {
        const found = unknownField(params);
        if (found !== undefined) return `${type} has a field ${found}`;
      }
      return undefined;
    },
};
