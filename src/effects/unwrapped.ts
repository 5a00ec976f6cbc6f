// A chart whose steps leave no long-lived garbage. XState wraps the executor of actions in each step: it assigns a new function to
// a property, and V8 puts a function that is written so into the old generation at once. All that the function holds lives as long,
// until the next full collection: the list of the step's actions, with their events, contexts and parameters.
//
// Here that wrapper is made and never called. XState keeps the list for nobody: what `transition` returns is the snapshot alone.

import type { connectionMachine } from "../machine/connection-machine.js";

type Machine = typeof connectionMachine;
type Scope = Parameters<Machine["transition"]>[2];

/** The same scope, whose executor of actions stays what it is. */
function steady(scope: Scope): Scope {
  const { actionExecutor } = scope;
  return Object.defineProperty({ ...scope }, "actionExecutor", { get: () => actionExecutor, set: () => {} });
}

/** Makes that machine, which nobody else may use yet, run actions without a wrapper. Returns the machine. */
export function unwrapped(machine: Machine): Machine {
  const { transition } = machine;
  // An actor has one scope as long as it lives.
  const scopes = new WeakMap<Scope, Scope>();
  machine.transition = (snapshot, event, scope) => {
    let known = scopes.get(scope);
    if (known === undefined) {
      known = steady(scope);
      scopes.set(scope, known);
    }
    return transition(snapshot, event, known);
  };
  return machine;
}
