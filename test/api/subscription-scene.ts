// A table of subscriptions without a connection: with servers that write down each line, and a clock that a test moves.

import { vi } from "vitest";
import type { Msg } from "../../src/api/msg.js";
import type { SubscriptionImpl, SubscriptionOptions } from "../../src/api/subscription.js";
import { SubscriptionTable } from "../../src/api/subscription-table.js";
import type { SubscriptionView } from "../../src/effects/ports.js";
import type { World } from "../../src/effects/world.js";

export interface Timer {
  readonly ms: number;
  readonly fired: () => void;
}

/** A server that knows the subscriptions: what it was told, in order, and the PINGs that it has not answered. */
export class Server {
  readonly view: SubscriptionView;
  readonly #lines: string[];
  readonly pings: { readonly answered: () => void }[] = [];

  constructor(table: SubscriptionTable, lines: string[] = []) {
    this.#lines = lines;
    this.view = table.view({
      tell: (line) => void this.#lines.push(line),
      ask: (answered) => {
        this.#lines.push("PING");
        this.pings.push({ answered });
      },
    });
  }

  /** What it was told since the last call. */
  told(): string[] {
    return this.#lines.splice(0);
  }
}

/** A table of subscriptions, and all that it did. */
export class Scene {
  readonly timers = new Set<Timer>();
  /** The server in use. */
  readonly server: Server;
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
      { respond: () => true },
      () => ({ checkLine: () => {} }),
      (subscription) => void this.slow.push(subscription.getPending()),
    );
    this.server = new Server(this.table);
  }

  get pings() {
    return this.server.pings;
  }

  subscribe(opts: SubscriptionOptions = {}, subject = "work"): SubscriptionImpl {
    return this.table.add(subject, opts);
  }

  /** What was sent since the last call. */
  sent(): string[] {
    return this.server.told();
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
    server: scene.server,
    pings: scene.pings,
    subscribe: scene.subscribe.bind(scene),
    sent: scene.sent.bind(scene),
  };
}
