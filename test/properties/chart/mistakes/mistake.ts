// Charts with a mistake: what the tables beside this are written with, and what an entry of them is.

import { connectionMachine } from "../../../../src/machine/connection-machine.js";
import type { ConnectionContext } from "../../../../src/machine/context.js";
import type { Effect, EffectName, EffectParams, StatusReport } from "../../../../src/machine/effects.js";
import type { ConnectionEvent, ServerInfoReceived } from "../../../../src/machine/events.js";
import { type Link, linkIn } from "../../../../src/machine/link.js";
import type { Destination, Origin } from "../../../../src/machine/origin.js";
import type { ServerPool } from "../../../../src/machine/server-pool.js";
import {
  type Chart,
  type Moment,
  misremembering,
  quick,
  quickChart,
  type Snapshot,
  sabotaged,
} from "../chart.js";

/** What a chart does wrong, such a chart, and what the rule says of it. */
export type Mistake = readonly [mistake: string, chart: Chart, complaint: RegExp];

export interface Asked {
  readonly context: ConnectionContext;
  readonly event: ConnectionEvent;
}

export const lost = { code: "DISCONNECT", message: "lost" };
export const always = () => true;
export const nothing = () => {};
export const never = () => false;
export const without = (name: EffectName, params: Partial<Record<string, unknown>> = {}) =>
  sabotaged((effects) => effects.filter((effect) => !matches(effect, name, params)));
export const twice = (name: EffectName, params: Partial<Record<string, unknown>> = {}) =>
  sabotaged((effects) =>
    effects.flatMap((effect) => (matches(effect, name, params) ? [effect, effect] : [effect])),
  );
export const extra = (effect: Effect, when: (effects: readonly Effect[], snapshot: Snapshot) => boolean) =>
  sabotaged((effects, snapshot) => (when(effects, snapshot) ? [...effects, effect] : effects));
export const guarding = (guards: object) => quick(connectionMachine.provide({ guards } as never) as never);
/** A chart that does something else where it should remember, or emit an effect that depends. */
export const acting = (actions: object) => quick(connectionMachine.provide({ actions } as never) as never);
export const remembering = (more: (context: Snapshot["context"]) => object) =>
  misremembering(({ context }) => ({ ...context, ...more(context) }));

/** A chart that dials servers in another way. */
export const dialing = (change: (server: Destination, origins: readonly Origin[]) => Destination) =>
  sabotaged((effects, { context: { origins } }) =>
    effects.map((effect) =>
      effect.type === "openSocket"
        ? { ...effect, params: { ...effect.params, server: change(effect.params.server, origins) } }
        : effect,
    ),
  );

function matches(effect: Effect, name: EffectName, params: Partial<Record<string, unknown>>): boolean {
  if (effect.type !== name) return false;
  const given: Readonly<Record<string, unknown>> = { ...effect.params };
  return Object.entries(params).every(([key, value]) => given[key] === value);
}

export const is = (state: string, { value }: Snapshot) => JSON.stringify(value).includes(state);
export const has = (
  name: EffectName,
  effects: readonly Effect[],
  params: Partial<Record<string, unknown>> = {},
) => effects.some((effect) => matches(effect, name, params));

/** A chart that takes an event for another one, where `instead` says for which. */
export const taking = (
  instead: (event: ConnectionEvent, snapshot: Snapshot) => ConnectionEvent | null,
): Chart => ({
  begin: (input) => quickChart.begin(input),
  next: (snapshot, event) => quickChart.next(snapshot, instead(event, snapshot) ?? event),
});
export const leave = ({ at }: ConnectionEvent) =>
  ({ type: "user.close", at, unconfirmed: 0, failure: null }) as const;

/** A chart that makes something else of an event. */
export const making = (
  wrong: (made: Moment, event: ConnectionEvent, before: Snapshot, first: Moment) => Moment,
): Chart => {
  let first: Moment;
  return {
    begin: (input) => {
      first = quickChart.begin(input);
      return first;
    },
    next: (before, event) => wrong(quickChart.next(before, event), event, before, first),
  };
};
export const changing = (snapshot: Snapshot, changes: Partial<Snapshot>): Snapshot =>
  Object.assign(Object.create(Object.getPrototypeOf(snapshot)), snapshot, changes);
/** A chart that remembers another pool because of an event. */
export const pooling = (
  change: (pool: ServerPool, event: ConnectionEvent, before: ConnectionContext) => ServerPool,
): Chart =>
  making(({ snapshot, effects }, event, { context: before }) => {
    const { context } = snapshot;
    const pool = change(context.pool, event, before);
    if (pool === context.pool) return { snapshot, effects };
    return { snapshot: changing(snapshot, { context: { ...context, pool } }), effects };
  });
/** The same where an INFO is heard that names servers, or another one that `when` says. */
export const learning = (
  change: (pool: ServerPool, before: ConnectionContext) => ServerPool,
  when: (link: Link, before: ConnectionContext, event: ServerInfoReceived) => boolean = ({ phase }) =>
    phase === "live",
): Chart =>
  pooling((pool, event, before) => {
    const link = linkIn(before, event);
    if (event.type !== "server.info" || link === undefined || event.info.connectUrls.length === 0)
      return pool;
    return when(link, before, event) ? change(pool, before) : pool;
  });
export const withoutLast = (pool: ServerPool) => pool.slice(0, -1);
export const turnedRound = (pool: ServerPool) => [...pool].reverse();
/** Who left is in the pool once more. */
export const putBack = (pool: ServerPool, event: ConnectionEvent, { pool: before }: ConnectionContext) => {
  const left = before.filter(({ name }) => !pool.some((one) => one.name === name));
  if (left.length === 0 || event.type === "server.info" || event.type === "user.setServers") return pool;
  return [...pool, ...left.map((one) => ({ ...one, failures: one.failures + 1 }))];
};

/** A chart that dials another server of the pool. */
export const dialingOther = (choose: (context: ConnectionContext) => string | undefined): Chart =>
  sabotaged((effects, { context }) =>
    effects.map((effect) => {
      const name = choose(context);
      if (effect.type !== "openSocket" || name === undefined) return effect;
      return { ...effect, params: { ...effect.params, server: { ...effect.params.server, name } } };
    }),
  );
/** A chart that asks for something else of that name. */
export const changed = <Name extends EffectName>(
  name: Name,
  change: (params: EffectParams[Name], context: ConnectionContext) => EffectParams[Name],
): Chart =>
  sabotaged((effects, { context }) =>
    effects.map((effect) =>
      effect.type === name
        ? ({ type: name, params: change(effect.params as EffectParams[Name], context) } as Effect)
        : effect,
    ),
  );
export const withoutStatus = (type: StatusReport["type"]) =>
  sabotaged((effects) =>
    effects.filter((effect) => effect.type !== "notifyStatus" || effect.params.status.type !== type),
  );
export const overLive = (type: "resubscribe" | "endSocket" | "unsubscribe", when: EffectName): Chart =>
  sabotaged((effects, { context: { live } }) =>
    has(when, effects) ? [...effects, { type, params: { attempt: live?.id ?? 0 } }] : effects,
  );
