// A story told: what happened to a chart, scene by scene. It is data; what must hold in it is in rules.

import * as fc from "fast-check";
import { type ConnectionContext, type ConnectionInput, tlsIsDemanded } from "../../../src/machine/context.js";
import type { Effect } from "../../../src/machine/effects.js";
import type { ConnectionEvent } from "../../../src/machine/events.js";
import { defaultPolicy, type Policy } from "../../../src/machine/reconnect-policy.js";
import type { Milliseconds } from "../../../src/machine/units.js";
import { eventFor, eventOf, type Move } from "../../../src/testing/chart/moves.js";
import { Outside } from "../../../src/testing/chart/outside.js";
import { type Chart, type Snapshot, stateOf } from "./chart.js";

/** One event, and what the chart made of it. */
export interface Scene {
  /** Null in the first scene, in which the chart begins. */
  readonly event: ConnectionEvent | null;
  readonly at: Milliseconds;
  /** False where the outside could not have said this: it was not asked, or it is out of another attempt. */
  readonly possible: boolean;
  /** The state before; empty in the first scene. */
  readonly from: string;
  readonly to: string;
  readonly before: Snapshot | null;
  readonly after: Snapshot;
  readonly effects: readonly Effect[];
}

/** How many events a story goes on after `closed`. */
const EPILOGUE = 3;

/** A story, from the first dial to `closed`. */
export class Told {
  readonly input: ConnectionInput;
  readonly policy: Policy;
  readonly scenes: readonly Scene[];

  constructor(input: ConnectionInput, scenes: readonly Scene[]) {
    this.input = input;
    this.policy = { ...defaultPolicy, ...input.policy };
    this.scenes = scenes;
  }

  /** The events alone: with the input, all that is needed to tell the story again. */
  get events(): readonly ConnectionEvent[] {
    return this.scenes.flatMap(({ event }) => (event === null ? [] : [event]));
  }

  toString(): string {
    const { servers, seed, policy } = this.input;
    const lines = this.scenes.map(({ event, to, effects }) => {
      const what = event === null ? "begins" : JSON.stringify(event);
      return `  ${what}\n    -> ${to}: ${effects.map(inShort).join(", ")}`;
    });
    return `servers ${servers.join(", ")}; seed ${seed}; policy ${JSON.stringify(policy)}\n${lines.join("\n")}`;
  }

  [fc.toStringMethod](): string {
    return `\n${this}\n`;
  }
}

function inShort({ type, params }: Effect): string {
  return params === undefined ? type : `${type} ${JSON.stringify(params)}`;
}

/**
 * Tells the story that the moves make of a chart, behind what `opening` says. It always ends with `closed`, and some echoes after
 * it.
 */
export function tell(
  chart: Chart,
  input: ConnectionInput,
  moves: readonly Move[],
  opening: (teller: Teller) => Iterable<ConnectionEvent> = () => [],
): Told {
  const outside = new Outside(input.at);
  const teller = new Teller(chart, input, outside);
  for (const event of opening(teller)) teller.play(event);
  let epilogue = EPILOGUE;
  for (const move of moves) {
    if (teller.to === "closed" && epilogue-- === 0) break;
    teller.play(eventFor(move, outside));
  }
  if (teller.to !== "closed") {
    teller.play(eventOf("user.close", 0, outside.now, moves.length));
    // The last bytes are handed over, by every second socket; the others are closed when their timer fires.
    for (const attempt of [...outside.sockets.keys()]) {
      const closes = (moves.length + attempt) % 2 === 0;
      teller.play(eventOf("socket.closed", closes ? attempt : outside.attempt + 1, outside.now, 0));
    }
    for (
      let left = outside.nextTimer;
      left !== undefined && teller.to !== "closed";
      left = outside.nextTimer
    ) {
      const { timer, attempt, dueAt } = left;
      teller.play({ type: "timer.fired", timer, attempt, at: Math.max(outside.now, dueAt) });
    }
    if (teller.to === "closed") teller.play(eventOf("socket.closed", outside.attempt, outside.now, 0));
  }
  return new Told(input, teller.scenes);
}

/** Tells a story again, from its events. */
export function retell(chart: Chart, input: ConnectionInput, events: readonly ConnectionEvent[]): Told {
  const teller = new Teller(chart, input);
  for (const event of events) teller.play(event);
  return new Told(input, teller.scenes);
}

/** Plays events against a chart, and writes the scenes down. */
export class Teller {
  readonly scenes: Scene[] = [];
  readonly outside: Outside;
  /** Where the chart is now. */
  to: string;
  readonly #chart: Chart;
  #snapshot: Snapshot;

  constructor(chart: Chart, input: ConnectionInput, outside = new Outside(input.at)) {
    this.#chart = chart;
    this.outside = outside;
    const { snapshot, effects } = chart.begin(input);
    this.#snapshot = snapshot;
    this.to = stateOf(snapshot);
    outside.carriesOut(effects);
    const beginning = { event: null, at: input.at, possible: true, from: "", before: null };
    this.scenes.push({ ...beginning, to: this.to, after: snapshot, effects });
  }

  /** What the chart remembers now. */
  get context(): ConnectionContext {
    return this.#snapshot.context;
  }

  /** True where the server that is being dialed may be talked to only under TLS. */
  get isTlsDemanded(): boolean {
    const { policy, next } = this.context;
    return next !== null && tlsIsDemanded(policy, next.destination);
  }

  play(event: ConnectionEvent): void {
    const { outside } = this;
    const possible = outside.canSay(event);
    outside.happens(event);
    const before = this.#snapshot;
    const from = this.to;
    const { snapshot, effects } = this.#chart.next(before, event);
    this.#snapshot = snapshot;
    this.to = snapshot.value === before.value ? from : stateOf(snapshot);
    outside.carriesOut(effects);
    this.scenes.push({ event, at: event.at, possible, from, to: this.to, before, after: snapshot, effects });
  }
}
