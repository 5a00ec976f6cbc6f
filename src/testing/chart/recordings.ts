// Recordings that nobody made: what could happen to a connection, drawn by playing moves against the chart and a model of
// its outside (outside.ts). The outside answers what the chart asked for, well or badly, and now and then says what it
// cannot say; so deep states are reached in few events.

// biome-ignore lint/suspicious/noTsIgnore: where fast-check is installed there is no error to expect.
/** @ts-ignore where fast-check is not installed its types are missing, and nobody calls these */
import type FastCheck from "fast-check";
import { initialTransition, type SnapshotFrom, transition } from "xstate";
import {
  type Check,
  checkOptions,
  type Fields,
  from,
  listOf,
  oneOf,
  text,
} from "../../effects/simulated/checks.js";
import { connectionMachine } from "../../machine/connection-machine.js";
import type { ConnectionInput } from "../../machine/context.js";
import type { ConnectionEvent } from "../../machine/events.js";
import { effectsOf } from "../../machine/play.js";
import { defaultPolicy, type Policy } from "../../machine/reconnect-policy.js";
import { RECORDING_VERSION, type Recording } from "../../machine/recording.js";
import { type Fc, inputs, moves } from "./drawing.js";
import { eventFor, type Move } from "./moves.js";
import { Outside } from "./outside.js";

/** What `recordings` makes. */
export interface RecordingOptions {
  /** The configured servers, as `host:port`. Default: one to five of a few. */
  readonly servers?: readonly string[];
  /** What differs from `defaultPolicy`. Default: drawn by `policies`. */
  readonly policy?: Partial<Policy>;
  /** How many events at most. Default 50. */
  readonly most?: number;
  /**
   * How the outside behaves: mostly as it is asked to (`fair`, the default), or at every second event as it never could
   * (`foul`): a late word of a connection that is over, an answer that nobody asked for.
   */
  readonly outside?: "fair" | "foul";
}

const anObject: Check = [(value) => typeof value === "object" && value !== null, "an object"];
const anything: Check = [() => true, ""];
const fields: Fields<RecordingOptions> = {
  servers: listOf(text),
  policy: anObject,
  most: from(0),
  outside: oneOf("fair", "foul"),
};
const policyFields = Object.fromEntries(Object.keys(defaultPolicy).map((name) => [name, anything]));

/**
 * Recordings of connections as they could be, for `replay` of `nats-statechart/machine`: servers that refuse, break, say
 * errors, change their cluster or enter lame duck mode, timers, and what a user calls. One that fails is shrunk to few and
 * ordinary events.
 *
 * ```ts
 * fc.assert(
 *   fc.property(recordings(fc, { policy: { maxReconnectAttempts: -1 } }), (recording) => {
 *     const attempts = replay(recording).map(({ context }) => context.attempt);
 *     return attempts.every((attempt, at) => at === 0 || attempt >= (attempts[at - 1] ?? 0));
 *   }),
 * );
 * ```
 *
 * @param fc the module `fast-check`
 * @throws TypeError or RangeError where an option is not known, or has a value that makes no sense
 */
export function recordings(fc: Fc, options: RecordingOptions = {}): FastCheck.Arbitrary<Recording> {
  checkOptions("recordings", options, fields);
  if (options.policy !== undefined)
    checkOptions("the policy", options.policy, policyFields as Fields<Policy>);
  const { servers, policy, most = 50, outside = "fair" } = options;
  const fixed = {
    ...(servers === undefined ? {} : { servers }),
    ...(policy === undefined ? {} : { policy }),
  };
  const played = fc.array(moves(fc, outside), { maxLength: most, size: "max" });
  return fc.tuple(inputs(fc), played).map(([input, list]) => record({ ...input, ...fixed }, list));
}

type Snapshot = SnapshotFrom<typeof connectionMachine>;
type Transition = readonly [Snapshot, readonly { readonly type: string; readonly params: unknown }[]];

/** What happens when these moves are made. */
function record(input: ConnectionInput, played: readonly Move[]): Recording {
  const outside = new Outside(input.at);
  const carriedOut = ([snapshot, actions]: Transition): Snapshot => {
    outside.carriesOut(effectsOf(actions));
    return snapshot;
  };
  let snapshot = carriedOut(initialTransition(connectionMachine, input));
  const events: ConnectionEvent[] = [];
  for (const move of played) {
    if (snapshot.value === "closed") break;
    const event = eventFor(move, outside);
    outside.happens(event);
    snapshot = carriedOut(transition(connectionMachine, snapshot, event));
    events.push(event);
  }
  return { version: RECORDING_VERSION, input, from: null, events };
}
