// A story: events played against the chart, one after the other, and what the chart wanted done because of them.
//
// Nothing but xstate's pure `initialTransition` and `transition` is behind it: no actor, no socket, no clock. A test
// reads as what happened, where the chart is now, and what it asked for. Start with `begin`.

import { initialTransition, type SnapshotFrom, transition } from "xstate";
import { connectionMachine } from "../../src/machine/connection-machine.js";
import type { ConnectionContext } from "../../src/machine/context.js";
import type { Effect, EffectName, EffectParams, TimerName } from "../../src/machine/effects.js";
import type { ConnectionEvent, ServerSummary } from "../../src/machine/events.js";
import type { Failure } from "../../src/machine/failure.js";
import { effectsOf } from "../../src/machine/play.js";
import type { Policy } from "../../src/machine/reconnect-policy.js";
import { serverErrorFrom } from "../../src/machine/server-error.js";
import type { PoolServer } from "../../src/machine/server-pool.js";
import type { Milliseconds } from "../../src/machine/units.js";

type Snapshot = SnapshotFrom<typeof connectionMachine>;
type WithoutStamp<Event> = Event extends unknown ? Omit<Event, "at" | "attempt"> : never;

/** An event before the story stamps it with the time and, where it says nothing else, with the current attempt. */
export type Happening = WithoutStamp<ConnectionEvent> & { readonly attempt?: number };

/** The chart at one moment of a story, and what it asked for on the way there. */
export class Story {
  #snapshot: Snapshot;
  #effects: readonly Effect[];
  #now: Milliseconds = 0;

  constructor(policy: Partial<Policy>, servers: readonly string[]) {
    const orderly = { noRandomize: true, reconnectJitter: 0, reconnectJitterTls: 0, ...policy };
    const [snapshot, actions] = initialTransition(connectionMachine, {
      servers,
      seed: 1,
      at: 0,
      policy: orderly,
    });
    if (snapshot.status === "error") throw snapshot.error;
    this.#snapshot = snapshot;
    this.#effects = effectsOf(actions);
  }

  /** Plays events. The effects are those of this call alone. */
  happens(...happenings: readonly Happening[]): this {
    this.#effects = [];
    for (const happening of happenings) {
      const event = { attempt: this.context.attempt, at: this.#now, ...happening } as ConnectionEvent;
      const [snapshot, actions] = transition(connectionMachine, this.#snapshot, event);
      this.#snapshot = snapshot;
      this.#effects = [...this.#effects, ...effectsOf(actions)];
    }
    return this;
  }

  /** Lets time go by. The chart does not notice before the next event. */
  after(ms: Milliseconds): this {
    this.#now += ms;
    return this;
  }

  /** The server lets the client in: from `dialing` to `connected`. */
  connects(): this {
    return this.context.connectedBefore
      ? this.subscribes().happens(pong)
      : this.happens(opened, info(), pong);
  }

  /** The server lets the client in once more, which has subscribed there again: from `dialing` to `reconnecting.subscribing`. */
  subscribes(): this {
    return this.happens(opened, info(), pong);
  }

  /** Where the chart is, as `connecting.dialing`. */
  get state(): string {
    return stateName(this.#snapshot.value);
  }

  get context(): ConnectionContext {
    return this.#snapshot.context;
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** The effects of the last `happens` (or of the start), in order. */
  get effects(): readonly Effect[] {
    return this.#effects;
  }

  /** The same in short: `["closeSocket", "stopTimer attempt", "openSocket b:4222"]`. */
  get did(): readonly string[] {
    return this.#effects.map(inShort);
  }

  /** The parameters of the last effect of that name, or undefined where the chart did not ask for it. */
  last<Name extends EffectName>(name: Name): EffectParams[Name] | undefined {
    const found = this.#effects.filter((effect) => effect.type === name);
    return found.at(-1)?.params as EffectParams[Name] | undefined;
  }

  /** The `error` statuses among the effects: where it happened, and why. */
  get errors(): readonly { readonly step: string; readonly failure: Failure }[] {
    return this.#effects.flatMap((effect) => {
      if (effect.type !== "notifyStatus" || effect.params.status.type !== "error") return [];
      const { step, failure } = effect.params.status;
      return [{ step, failure }];
    });
  }

  /** The names of the pool's servers, the next one first. */
  get pool(): readonly string[] {
    return this.context.pool.map((server) => server.name);
  }

  /** A server of the pool, by its name. */
  server(name: string): PoolServer {
    const found = this.context.pool.find((server) => server.name === name);
    if (found === undefined) throw new Error(`${name} is not in the pool`);
    return found;
  }
}

/** A story begins: two servers, dialed in their order, and no jitter, unless the policy says otherwise. */
export function begin(
  policy: Partial<Policy> = {},
  servers: readonly string[] = ["a:4222", "b:4222"],
): Story {
  return new Story(policy, servers);
}

/** `{ connecting: "dialing" }` as `connecting.dialing`. */
export function stateName(value: Snapshot["value"]): string {
  if (typeof value === "string") return value;
  return Object.entries(value)
    .map(([state, step]) => `${state}.${step}`)
    .join();
}

function inShort(effect: Effect): string {
  switch (effect.type) {
    case "startTimer":
    case "stopTimer":
      return `${effect.type} ${effect.params.timer}`;
    case "openSocket":
      return `openSocket ${effect.params.server.name}`;
    case "notifyStatus":
      return `notifyStatus ${effect.params.status.type}`;
    default:
      return effect.type;
  }
}

// What can happen, in the words of the story.

export const opened: Happening = { type: "socket.opened" };
export const secured: Happening = { type: "socket.secured" };
export const pong: Happening = { type: "server.pong" };
export const ping: Happening = { type: "server.ping" };
export const reconnect: Happening = { type: "user.reconnect" };
/** All that arrived is processed: of no link. Of a server that is being left: `of(attempt, drained)`. */
export const drained: Happening = { type: "subscriptions.drained", attempt: 0 };
export const flushed: Happening = { type: "outbound.flushed" };

/** The other side closed the socket, or the network did and says why. Also the answer to `endSocket`. */
export const lost = (failure: Failure | null = null): Happening => ({
  type: "socket.closed",
  failure,
  halfClosed: false,
});

/** The other side sends no more, but may still take what was written to it. */
export const halfClosed = (failure: Failure | null = null): Happening => ({
  type: "socket.closed",
  failure,
  halfClosed: true,
});

/** The same of that attempt, whatever the last one is. */
export const of = (attempt: number, happening: Happening): Happening => ({ ...happening, attempt });

/** Nobody listens there. */
export const unreachable = lost({ code: "CONNECTION_REFUSED", message: "nobody listens there" });

/** INFO of a server without TLS and without a cluster, unless told. */
export const info = (says: Partial<ServerSummary> = {}): Happening => ({
  type: "server.info",
  info: {
    serverId: "",
    serverName: "a",
    version: "2.12.0",
    tlsRequired: false,
    tlsAvailable: false,
    lameDuck: false,
    connectUrls: [],
    ...says,
  },
});

/** -ERR with that text, after the credentials of that version were offered. */
export const error = (text: string, credentialsVersion = 1): Happening => ({
  type: "server.error",
  error: serverErrorFrom(text),
  credentialsVersion,
});

/** -ERR lines with those texts, right behind each other. */
export const errors = (first: string, ...others: readonly string[]): Happening => ({
  type: "server.error",
  error: serverErrorFrom(first),
  others: others.map((text) => serverErrorFrom(text)),
  credentialsVersion: 1,
});

/** The server refuses the credentials. */
export const refused = error("Authorization Violation");

export const violated: Happening = { type: "protocol.violated", reason: "unknown operation HTTP/1.1" };
export const noCredentials: Happening = {
  type: "credentials.failed",
  failure: { code: "BAD_AUTHENTICATION", message: "the authenticator failed" },
};
export const fires = (timer: TimerName, { heard }: { readonly heard?: boolean } = {}): Happening => ({
  type: "timer.fired",
  timer,
  ...(heard === undefined ? {} : { heard }),
});
export const delay = (ms: Milliseconds): Happening => ({ type: "delay.chosen", ms });
export const chosen = (server: string | null, ms: Milliseconds = 0): Happening => ({
  type: "server.chosen",
  server,
  ms,
});
export const setServers = (...servers: readonly string[]): Happening => keepServers([], ...servers);

/** The same, where some of the servers stay what they are. */
export const keepServers = (kept: readonly string[], ...servers: readonly string[]): Happening => ({
  type: "user.setServers",
  servers,
  kept,
  list: 0,
});
export const drain: Happening = { type: "user.drain" };
export const close = (unconfirmed = 0, failure: Failure | null = null): Happening => ({
  type: "user.close",
  unconfirmed,
  failure,
});
