// Silence: what must change nothing does change nothing.

import { isMigrating, isOver } from "../chart.js";
import type { Scene } from "../told.js";
import { isOf, type Rule } from "./rule.js";

const changed = ({ before, after, effects }: Scene): string | undefined => {
  if (before === null) return undefined;
  if (effects.length > 0) return `it led to ${effects.map(({ type }) => type).join(", ")}`;
  if (before.value !== after.value && JSON.stringify(before.value) !== JSON.stringify(after.value)) {
    return "it changed the state";
  }
  if (before.context === after.context) return undefined;
  return JSON.stringify(before.context) === JSON.stringify(after.context)
    ? undefined
    : "it changed the context";
};

export const closedIsAbsorbing: Rule = {
  judgesAlone: true,
  sentence: "closed absorbs everything, without an effect",
  watch: () => (scene) => {
    if (scene.to === "closed" && scene.after.status !== "done") return "a closed chart is not done";
    return scene.from === "closed" ? changed(scene) : undefined;
  },
};

export const staleChangesNothing: Rule = {
  judgesAlone: true,
  sentence: "what is out of another attempt, or answers what was not asked, changes nothing",
  watch: () => (scene) => {
    const { event, possible } = scene;
    if (possible || event === null || !("attempt" in event)) return undefined;
    // Bytes over a socket that is still being opened or secured cannot arrive. The chart takes these two for the end of
    // the attempt, as canFail is the same in every step; that does no harm.
    const tolerated = event.type === "server.error" || event.type === "protocol.violated";
    if (tolerated && isOf(scene, scene.before?.context.next)) return undefined;
    const how = changed(scene);
    return how === undefined
      ? undefined
      : `${event.type} of attempt ${event.attempt} in ${scene.from}: ${how}`;
  },
};

export const reconnectActsAtOnce: Rule = {
  judgesAlone: true,
  sentence:
    "user.reconnect leaves the connection, or the attempt of the moment, and another begins at once; it changes nothing where the user leaves or is being asked",
  watch: () => (scene) => {
    const { event, from, to, effects } = scene;
    if (event?.type !== "user.reconnect") return undefined;
    const isBetween = /^(connecting|reconnecting)\.(awaitingDelay|awaitingServerChoice)$/.test(from);
    if (isBetween || isOver(from) || from.startsWith("draining.")) return changed(scene);
    if (from === "connected" || isMigrating(from)) return undefined;
    if (to.endsWith(".awaitingServerChoice")) return undefined;
    return effects.some(({ type }) => type === "openSocket") ? undefined : "nobody is dialed";
  },
};
