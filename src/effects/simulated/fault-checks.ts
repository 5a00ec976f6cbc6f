// Faults, disturbances and greetings are plain JSON, written by hand, drawn or pasted: whether they are whole is checked when
// they are handed in, not when their time has come.

import {
  type Check,
  check,
  checkObject,
  type Fields,
  flag,
  from,
  listOf,
  milliseconds,
  oneOf,
  text,
} from "./checks.js";
import type { Disturbance, Fault } from "./fault.js";
import type { Handshake } from "./handshakes.js";
import { directions } from "./virtual-connection.js";

type Of<Union extends { readonly type: string }> = {
  readonly [Type in Union["type"]]: Fields<Omit<Extract<Union, { readonly type: Type }>, "type">>;
};

const greetings: Of<Handshake> = {
  normal: {},
  silent: {},
  late: { ms: milliseconds },
  other: { text },
  closing: {},
  mute: {},
  refusing: { error: text },
  eager: {},
  tlsLie: {},
};

/** A place among servers or clients. */
const place = from(0);
const handshake: Check = [(value) => typeof value === "object" && value !== null, "a greeting"];
const rate: Check = [(value) => typeof value === "number" && value > 0, "a number of bytes, above 0"];

const faults: Of<Fault> = {
  crash: { node: place, ms: milliseconds },
  powerOff: { node: place, ms: milliseconds },
  pause: { node: place, ms: milliseconds },
  cut: {
    client: place,
    node: [(value) => value === null || place[0](value), `null or ${place[1]}`],
    ms: milliseconds,
  },
  vanish: { client: place, direction: directions },
  reset: { client: place },
  lameDuck: { node: place, grace: milliseconds, ms: milliseconds },
  greet: { node: place, handshake, ms: milliseconds },
  mislead: {
    node: place,
    by: oneOf("path", "server"),
    connectUrls: listOf(text),
    lameDuck: flag,
    tls: oneOf("honest", "required", "none"),
    cuts: flag,
    ms: milliseconds,
  },
  say: { client: place, text },
  expel: { client: place, error: text },
  slow: { client: place, node: place, latency: milliseconds, bandwidth: rate, ms: milliseconds },
  isolate: { node: place, ms: milliseconds },
  join: {},
  leave: { node: place },
  lockOut: { ms: milliseconds },
};

/** All kinds of faults. */
export const kindsOfFaults = Object.keys(faults) as readonly Fault["type"][];

/** Checks a fault. @throws TypeError, or RangeError for a number and for a kind that there is not */
export function checkFault(fault: Fault): void {
  checkKind("fault", fault, faults);
  if (fault.type === "greet") checkHandshake(fault.handshake);
}

/** Checks disturbances. @throws TypeError, or RangeError for a number and for a kind that there is not */
export function checkDisturbances(disturbances: readonly Disturbance[]): void {
  const anything: Check = [() => true, ""];
  check(
    "disturbances",
    disturbances,
    listOf([(value) => typeof value === "object" && value !== null, "a disturbance"]),
  );
  for (const disturbance of disturbances) {
    checkObject("a disturbance", disturbance, { at: milliseconds, fault: anything });
    checkFault(disturbance.fault);
  }
}

/** Checks a greeting. @throws TypeError, or RangeError for a number and for a kind that there is not */
export function checkHandshake(handshake: Handshake): void {
  checkKind("greeting", handshake, greetings);
}

function checkKind(
  what: string,
  value: unknown,
  kinds: Readonly<Record<string, Readonly<Record<string, Check>>>>,
) {
  const { type } = (value ?? {}) as { readonly type?: unknown };
  if (typeof type !== "string" || !Object.hasOwn(kinds, type)) {
    const known = Object.keys(kinds).join(", ");
    throw new RangeError(
      `there is no such ${what}: ${JSON.stringify(value)}; its type must be one of ${known}`,
    );
  }
  checkObject(`the ${what} ${type}`, value, { type: oneOf(type), ...kinds[type] });
}
