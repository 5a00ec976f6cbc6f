// A table of subscriptions without a connection: over lines to servers that write down what they are told, and a clock
// that a test moves.

import { vi } from "vitest";
import type { Msg } from "../../src/api/msg.js";
import type { SubscriptionImpl, SubscriptionOptions } from "../../src/api/subscription.js";
import { SubscriptionTable } from "../../src/api/subscription-table.js";
import type { ServerLine, SubscriptionView } from "../../src/effects/ports.js";
import type { World } from "../../src/effects/world.js";

export interface Timer {
  readonly ms: number;
  readonly fired: () => void;
}

/** The way to one server, which writes down what it is told. */
export class WrittenLine implements ServerLine {
  readonly #lines: string[] = [];
  readonly pings: { readonly answered: () => void }[] = [];

  tell(line: string): void {
    this.#lines.push(line);
  }

  ask(answered: () => void): void {
    this.#lines.push("PING");
    this.pings.push({ answered });
  }

  /** What was sent since the last call. */
  sent(): string[] {
    return this.#lines.splice(0);
  }
}

/** A table of subscriptions, connected to a server, and all that it did. */
export class Scene {
  readonly timers = new Set<Timer>();
  readonly #line = new WrittenLine();
  readonly pings = this.#line.pings;
  /** What the server in use knows. */
  readonly view: SubscriptionView;
  readonly table: SubscriptionTable;
  /** How many messages waited each time that a reader was found slow. */
  readonly slow: number[] = [];

  constructor() {
    const world = {
      startTimer: (ms: number, fired: () => void) => {
        const timer = { ms, fired };
        this.timers.add(timer);
        return timer;
      },
      stopTimer: (timer: Timer) => void this.timers.delete(timer),
    };
    this.table = new SubscriptionTable(
      world as unknown as World,
      { publish: () => {} },
      () => ({ checkLine: () => {} }),
      (subscription) => void this.slow.push(subscription.getPending()),
    );
    this.view = this.table.view(this.#line);
    this.view.restore();
  }

  subscribe(opts: SubscriptionOptions = {}, subject = "work"): SubscriptionImpl {
    return this.table.add(subject, opts);
  }

  /** What was sent since the last call. */
  sent(): string[] {
    return this.#line.sent();
  }

  /** Another server learns of the subscriptions: what it is told at once, and later. */
  another(): { readonly view: SubscriptionView; readonly restored: string; readonly sent: () => string[] } {
    const line = new WrittenLine();
    const view = this.table.view(line);
    return { view, restored: view.restore(), sent: line.sent.bind(line) };
  }
}

/** A message, told apart by its subject. */
export const msg = (text: string) => ({ subject: text }) as Msg;
/** A promise's state after everything that is due has run. */
export async function stateOf(promise: Promise<unknown>): Promise<"settled" | "pending"> {
  let state: "settled" | "pending" = "pending";
  const settle = () => {
    state = "settled";
  };
  promise.then(settle, settle);
  await new Promise(setImmediate);
  return state;
}

/** Reads with `for await` to the end: the subjects of the messages. */
export async function readAll(subscription: SubscriptionImpl): Promise<string[]> {
  const read: string[] = [];
  for await (const { subject } of subscription) read.push(subject);
  return read;
}

/** What runs in a microtask from here on is kept, to be run by the function returned: it gives what was thrown. */
export function uncaught(): () => unknown[] {
  const runs: (() => void)[] = [];
  vi.stubGlobal("queueMicrotask", (run: () => void) => void runs.push(run));
  return () => {
    vi.unstubAllGlobals();
    return runs.map((run) => {
      try {
        run();
      } catch (error) {
        return error;
      }
      return undefined;
    });
  };
}

/** The scene with its methods to be taken out of it. */
export function bound(scene: Scene) {
  return {
    table: scene.table,
    timers: scene.timers,
    pings: scene.pings,
    subscribe: scene.subscribe.bind(scene),
    sent: scene.sent.bind(scene),
    view: scene.view,
    another: scene.another.bind(scene),
  };
}
