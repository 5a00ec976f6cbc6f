// How a replayed recording looks in a terminal, and as JSON: each step with its time, event, state and effects. Pure.

import type { StateValue } from "xstate";
import type { Effect } from "../machine/effects.js";
import type { ConnectionEvent } from "../machine/events.js";
import type { ReplayStep } from "../machine/play.js";
import type { Recording } from "../machine/recording.js";
import { type Cut, cutToPrint } from "./json.js";
import { type Paint, printable } from "./terminal.js";

/** A step as `replay --json` prints it. */
export interface StepJson {
  /** When, in milliseconds since 1970 on the clock of the client that recorded it. */
  readonly at: number;
  /** Milliseconds since the first step. */
  readonly elapsed: number;
  /** What happened; null for the beginning. */
  readonly event: ConnectionEvent | null;
  /** The state after it, such as `connecting.dialing`. */
  readonly state: string;
  /** What the chart asked for because of it; long texts and lists in it are cut. */
  readonly effects: readonly Cut<Effect>[];
}

/** The steps as JSON, one after the other. */
export function* storyJson(recording: Recording, steps: Iterable<ReplayStep>): Generator<StepJson> {
  const start = startOf(recording);
  for (const { event, state, effects } of steps) {
    const at = event?.at ?? start;
    yield { at, elapsed: at - start, event, state: stateName(state), effects: effects.map(cutToPrint) };
  }
}

/** The steps as lines, one after the other. */
export function* storyLines(
  recording: Recording,
  steps: Iterable<ReplayStep>,
  paint: Paint,
): Generator<string> {
  const { from, events, input } = recording;
  const start = new Date(startOf(recording)).toISOString();
  const servers = printable(input.servers.join(", "));
  yield paint.strong(`${events.length} events from ${start} on, servers: ${servers}`);
  if (from !== null) yield paint.faint("What happened before is not in the recording any more.");
  let before = "";
  for (const step of storyJson(recording, steps)) {
    const time = `${(step.elapsed / 1_000).toFixed(3)} s`.padStart(12);
    const what = step.event === null ? "the beginning" : eventText(step.event);
    const moved = step.state === before ? paint.faint(step.state) : paint.good(step.state);
    yield `${paint.faint(time)}  ${paint.strong(what)}  ${step.state === before ? "in" : "->"} ${moved}`;
    for (const effect of step.effects) yield `${" ".repeat(14)}  ${effectText(effect)}`;
    before = step.state;
  }
}

/** When a recording begins, in milliseconds since 1970. What the chart remembers of the time may be much older than that. */
function startOf({ from, input, events }: Recording): number {
  return from === null ? input.at : (events[0]?.at ?? from.context.now);
}

/** A state's name, such as `connecting.dialing`. */
export function stateName(value: StateValue): string {
  if (typeof value === "string") return value;
  return Object.entries(value)
    .map(([name, inner]) => (inner === undefined ? name : `${name}.${stateName(inner)}`))
    .join(" + ");
}

/** An event in a few words: what distinguishes it from others of its type. */
export function eventText(event: ConnectionEvent): string {
  const { type } = event;
  const details = eventDetails(event);
  return details === "" ? type : `${type}  ${printable(details)}`;
}

function eventDetails(event: ConnectionEvent): string {
  switch (event.type) {
    case "socket.closed":
      if (event.failure !== null) return failureText(event.failure);
      return event.halfClosed ? "the server sends no more" : "by the server";
    case "server.info": {
      const { serverName, version, lameDuck } = event.info;
      return `${serverName}, ${version}${lameDuck ? ", lame duck" : ""}`;
    }
    case "server.error":
      return event.error.message;
    case "protocol.violated":
      return event.reason;
    case "credentials.failed":
    case "choice.failed":
      return failureText(event.failure);
    case "timer.fired":
      return event.timer;
    case "delay.chosen":
      return `${event.ms} ms`;
    case "server.chosen":
      return `${event.server ?? "no server"}, in ${event.ms} ms`;
    case "user.setServers":
      return event.servers.join(", ");
    case "user.close":
      return event.failure === null ? unconfirmedText(event.unconfirmed) : failureText(event.failure);
    default:
      return "";
  }
}

const unconfirmedText = (count: number) => (count > 0 ? `${count} messages not confirmed` : "");
const failureText = ({ code, message }: { readonly code: string; readonly message: string }) =>
  `${code}: ${message}`;

/** An effect in a few words. */
export function effectText(effect: Effect): string {
  const details = effectDetails(effect);
  return details === "" ? effect.type : `${effect.type}  ${printable(details)}`;
}

function effectDetails(effect: Effect): string {
  switch (effect.type) {
    case "openSocket":
    case "upgradeToTls":
      return effect.params.server.name;
    case "startTimer":
      return `${effect.params.timer}, ${effect.params.ms} ms`;
    case "stopTimer":
      return effect.params.timer;
    case "closeSocket":
    case "endSocket":
    case "unsubscribe":
      return `attempt ${effect.params.attempt}`;
    case "notifyStatus": {
      const { status } = effect.params;
      return status.type === "error"
        ? `error  ${failureText(status.failure)}`
        : `${status.type}  ${status.server}`;
    }
    case "rejectConnect":
    case "settlePending":
    case "settleClosed":
      return effect.params.failure === null ? "well" : failureText(effect.params.failure);
    default:
      return "";
  }
}
