// What a rule is: a sentence that must hold in every story, and a watcher that looks at one scene after the other and
// says how the sentence was broken. And what most rules want to know of a scene.

import type { ConnectionContext, ConnectionInput } from "../../../../src/machine/context.js";
import type { Effect, EffectName } from "../../../../src/machine/effects.js";
import { type Link, serverOf } from "../../../../src/machine/link.js";
import type { Policy } from "../../../../src/machine/reconnect-policy.js";
import { findServer, type PoolServer } from "../../../../src/machine/server-pool.js";
import { isAttempting, isEstablished } from "../chart.js";
import type { Scene } from "../told.js";

/** Says how the scene broke the rule, or nothing. */
export type Watcher = (scene: Scene) => string | undefined;

export interface Rule {
  readonly sentence: string;
  /** True where each scene is judged by itself, whatever came before. */
  readonly judgesAlone?: boolean;
  readonly watch: (policy: Policy, input: ConnectionInput) => Watcher;
}

/** True where a user ends or begins something by a call that leaves the pool alone. */
export function userLeaves({ event }: Scene): boolean {
  return event?.type === "user.close" || event?.type === "user.drain";
}

/** True where the event is of that link. */
export function isOf({ event }: Scene, link: Link | null | undefined): boolean {
  return event !== null && "attempt" in event && event.attempt === link?.id;
}

/** The attempts of the effects of that name, in their order. */
export function attemptsOf(effects: readonly Effect[], name: EffectName): readonly number[] {
  return effects.flatMap(({ type, params }) =>
    type === name && params !== undefined && "attempt" in params ? [params.attempt] : [],
  );
}

/** True where, in this scene, a link came into use that was being made. */
export function establishes({ from, to, before, after }: Scene): boolean {
  if (to !== "connected" || !isAttempting(from)) return false;
  return before?.context.next?.id === after.context.live?.id;
}

/** The link whose attempt was over in this scene without success; null where none was. */
function endedLink(scene: Scene): Link | null {
  const next = scene.before?.context.next ?? null;
  if (next === null || userLeaves(scene) || establishes(scene) || lostLink(scene) !== null) return null;
  return next.id === scene.after.context.next?.id ? null : next;
}

/** True where the user has named other servers, or does not want to wait. */
function userHastens({ event }: Scene): boolean {
  return event?.type === "user.setServers" || event?.type === "user.reconnect";
}

/** The link whose attempt failed in this scene; null where none did. */
export function failedLink(scene: Scene): Link | null {
  return userHastens(scene) ? null : endedLink(scene);
}

/** The server whose attempt the user gave up in this scene; null where none was. */
export function givenUpServer(scene: Scene): string | null {
  const link = userHastens(scene) ? endedLink(scene) : null;
  return link === null ? null : serverOf(link);
}

/** The link in use that was lost in this scene, or left by `user.reconnect`; null where none was. */
export function lostLink(scene: Scene): Link | null {
  const { before, from, to, effects } = scene;
  const live = before?.context.live ?? null;
  if (live === null || isEstablished(to) || userLeaves(scene) || from.startsWith("draining.")) return null;
  return effects.some(({ type }) => type === "holdOutbound") ? live : null;
}

/** The server whose attempt failed in this scene; null where none did. */
export function failedServer(scene: Scene): string | null {
  const link = failedLink(scene);
  return link === null ? null : serverOf(link);
}

/** The server that was lost in this scene, or left by `user.reconnect`; null where none was. */
export function lostServer(scene: Scene): string | null {
  const link = lostLink(scene);
  return link === null ? null : serverOf(link);
}

/** The server that a move left in this scene; null where none did. */
export function leftServer(scene: Scene): string | null {
  const live = scene.before?.context.live ?? null;
  return live !== null && establishes(scene) ? serverOf(live) : null;
}

/** True where nobody may be dialed any more: the pool is empty, or all of it had its try in the first round. */
export function isExhausted({ after }: Scene): boolean {
  const { pool, connectedBefore, policy } = after.context;
  const firstRound = !connectedBefore && !policy.waitOnFirstConnect;
  return !pool.some(({ failures }) => !firstRound || failures === 0);
}

/** What tells servers apart. */
type Named = Pick<PoolServer, "name" | "address" | "serverId">;

/** The server of a link. */
export function asServer({ destination: { name }, address, info }: Link): Named {
  return { name, address, serverId: info?.serverId === "" ? null : (info?.serverId ?? null) };
}

/** True where both are one server: by name, by the address that was reached, or by what it calls itself. */
export function isSameServer(one: Named, other: Named): boolean {
  const names = ({ name, address }: Named) => (address === null ? [name] : [name, address]);
  const isSameId = one.serverId !== null && one.serverId === other.serverId;
  return isSameId || names(one).some((name) => names(other).includes(name));
}

/** True where the server that is being dialed over that link was only named by others, and refused the client the last time. */
export function isOfRefuser({ live, pool }: ConnectionContext, link: Link): boolean {
  const server = findServer(pool, serverOf(link));
  return link.id !== live?.id && server?.learnt === true && server.refusal !== null;
}
