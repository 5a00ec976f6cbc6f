// What a rule is: a sentence that must hold in every story, and a watcher that looks at one scene after the other and
// says how the sentence was broken. And what most rules want to know of a scene.

import type { ConnectionInput } from "../../../../src/machine/context.js";
import type { Policy } from "../../../../src/machine/reconnect-policy.js";
import { isAttempting, isMigrating, isStanding } from "../chart.js";
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

/** True where, in this scene, a connection came to stand that did not stand before. */
export function establishes({ from, to, before, after }: Scene): boolean {
  if (to !== "connected" || !isAttempting(from)) return false;
  return before?.context.socket === after.context.socket;
}

/** The server whose attempt failed in this scene; null where none did. */
export function failedServer(scene: Scene): string | null {
  const { before, from } = scene;
  if (before === null || !isAttempting(from) || userLeaves(scene) || establishes(scene)) return null;
  if (lostServer(scene) !== null || before.context.socket === scene.after.context.socket) return null;
  return before.context.server ?? "";
}

/** The server whose connection was lost in this scene, or left by `user.reconnect`; null where none was. */
export function lostServer(scene: Scene): string | null {
  const { before, from, to, effects } = scene;
  if (before === null || !isStanding(from) || isStanding(to) || userLeaves(scene)) return null;
  if (from.startsWith("draining.") || !effects.some(({ type }) => type === "holdOutbound")) return null;
  return isMigrating(from) ? (before.context.leaving?.server ?? "") : (before.context.server ?? "");
}
