// The chart, running: events in, one after the other; then the effects that each asks for, in their order.
//
// Effects are carried out when the chart has moved, not on the way: whoever is told something by an effect, and asks the
// connection a question, gets an answer of the state that the effect belongs to. An event that happens meanwhile waits.

import { createActor } from "xstate";
import { effectActions } from "../machine/actions.js";
import { connectionMachine } from "../machine/connection-machine.js";
import type { ConnectionInput } from "../machine/context.js";
import type { Effect, EffectName } from "../machine/effects.js";
import type { ConnectionEvent } from "../machine/events.js";
import type { Recording } from "../machine/recording.js";
import type { Inspect } from "./inspect.js";
import { Recorder } from "./recorder.js";
import { unwrapped } from "./unwrapped.js";

/** Who watches the chart. */
export interface Observed {
  /** Gets everything that happens inside the chart, live. */
  readonly inspect?: Inspect | undefined;
  /** What an observer sees as the actor's id. Default: the id of the chart, `connection`. */
  readonly name?: string | undefined;
  /** Keep the last events. Default false. */
  readonly record?: boolean | undefined;
}

/** What carries the effects out. */
export interface Driver {
  /** An effect is to be carried out. Must not throw. */
  carryOut(effect: Effect): void;
  /** The chart itself broke down, by a bug: no event changes anything any more. */
  brokeDown(error: unknown): void;
}

/** Whose actor it is that asks for an effect. */
const charts = new WeakMap<object, LiveChart>();

let machine: typeof connectionMachine | undefined;

/** The chart with actions that collect its effects. Made once: to provide for each connection would build the chart anew. */
function collectingMachine(): typeof connectionMachine {
  if (machine !== undefined) return machine;
  const names = Object.keys(effectActions) as EffectName[];
  const actions = names.map((type) => [
    type,
    ({ self }: { readonly self: object }, params: unknown) =>
      charts.get(self)?.collect({ type, params } as Effect),
  ]);
  machine = unwrapped(connectionMachine.provide({ actions: Object.fromEntries(actions) }));
  return machine;
}

/** One connection's chart. Create it and `start` it; it ends by itself when the chart is `closed`. */
export class LiveChart {
  readonly #driver: Driver;
  readonly #actor;
  readonly #recorder: Recorder | undefined;
  /** What has happened and the chart has not been told. Bounded: an event ends the wait of the one before it. */
  readonly #events: ConnectionEvent[] = [];
  #effects: Effect[] = [];
  #isMoving = false;

  constructor(driver: Driver, input: ConnectionInput, { inspect, name, record = false }: Observed) {
    this.#driver = driver;
    this.#recorder = record ? new Recorder(input) : undefined;
    const observer = inspect === undefined ? {} : { inspect, id: name ?? connectionMachine.id };
    this.#actor = createActor(collectingMachine(), { input, ...observer });
    this.#actor.subscribe({
      error: (error) => {
        // What was asked for on the way is of a state that nobody is in.
        this.#effects = [];
        driver.brokeDown(error);
      },
    });
    charts.set(this.#actor, this);
  }

  /** The state and what the chart remembers. */
  get snapshot() {
    return this.#actor.getSnapshot();
  }

  /** True while an event is being handled: the next one waits, and what the snapshot says is about to change. */
  get isMoving(): boolean {
    return this.#isMoving;
  }

  /** Begins: the first server is dialed. */
  start(): void {
    this.#move(() => this.#actor.start());
  }

  /** Tells the chart what happened: now, or after what happened before. After `closed` nobody listens. */
  send(event: ConnectionEvent): void {
    this.#events.push(event);
    if (!this.#isMoving) this.#move(() => {});
  }

  /** What happened so far; undefined where nothing is recorded. */
  recording(): Recording | undefined {
    return this.#recorder?.recording();
  }

  /** The chart asks for an effect. */
  collect(effect: Effect): void {
    this.#effects.push(effect);
  }

  #move(first: () => void): void {
    this.#isMoving = true;
    first();
    this.#carryOut();
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
      if (this.snapshot.status !== "active") continue;
      this.#recorder?.record(event);
      this.#actor.send(event);
      this.#carryOut();
    }
    this.#isMoving = false;
  }

  #carryOut(): void {
    const effects = this.#effects;
    this.#effects = [];
    for (const effect of effects) this.#driver.carryOut(effect);
  }
}
