// Timers: each belongs to a state or a link, runs as long as that is there, and never without something that needs it.

import type { TimerName } from "../../../../src/machine/effects.js";
import { LINGER, OVERLAP } from "../../../../src/machine/link.js";
import type { Policy } from "../../../../src/machine/reconnect-policy.js";
import type { PoolServer } from "../../../../src/machine/server-pool.js";
import type { Milliseconds } from "../../../../src/machine/units.js";
import { timersIn } from "../../../../src/testing/chart/contradictions.js";
import { isMigrating } from "../chart.js";
import type { Scene } from "../told.js";
import { asServer, isSameServer, type Rule } from "./rule.js";

const keyOf = (timer: TimerName, attempt: number) => `${timer} of attempt ${attempt}`;

export const timersBelongToLinks: Rule = {
  sentence:
    "a timer is started only while it does not run, and stopped only while it does or has just fired; exactly those run that belong to the state and to its links",
  watch: (policy) => {
    const running = new Set<string>();
    const spans: Readonly<Record<Exclude<TimerName, "reconnect" | "attempt">, Milliseconds>> = {
      ping: policy.pingInterval,
      drain: policy.drainTimeout,
      overlap: OVERLAP,
      retire: LINGER,
      confirm: LINGER,
      linger: LINGER,
    };
    return (scene) => {
      const { event, effects, from, to, before, after } = scene;
      const isQuiet = effects.length === 0 && event?.type !== "timer.fired";
      if (isQuiet && from === to && before?.context === after.context) return undefined;
      if (event?.type === "timer.fired") running.delete(keyOf(event.timer, event.attempt));
      for (const effect of effects) {
        if (effect.type === "startTimer") {
          const { timer, attempt, ms } = effect.params;
          const key = keyOf(timer, attempt);
          if (running.has(key)) return `the timer ${key} is started while it runs`;
          const isRight =
            timer === "reconnect"
              ? ms > 0
              : timer === "attempt"
                ? ms === attemptSpan(scene, policy)
                : ms === spans[timer];
          if (!isRight) return `the timer ${key} runs for ${ms} ms`;
          running.add(key);
        } else if (effect.type === "stopTimer") {
          const { timer, attempt } = effect.params;
          const hasFired =
            event?.type === "timer.fired" && event.timer === timer && event.attempt === attempt;
          if (!running.delete(keyOf(timer, attempt)) && !hasFired)
            return `the timer ${keyOf(timer, attempt)} is stopped, and does not run`;
        }
      }
      const due = timersIn(to, after.context);
      for (const { timer, attempt } of due)
        if (!running.has(keyOf(timer, attempt)))
          return `the timer ${keyOf(timer, attempt)} does not run in ${to}`;
      return running.size > due.length ? `these run in ${to}: ${[...running].join(", ")}` : undefined;
    };
  },
};

/** How long an attempt may take from its dial on: with others to try less, and longer after each failure. */
function patience({ before, after }: Scene, policy: Policy): Milliseconds {
  const { next, pool, live } = after.context;
  const connectedBefore = before?.context.connectedBefore === true;
  const dialed = pool.find(({ name }) => name === next?.destination.name);
  const isAnother = (server: PoolServer) =>
    dialed !== undefined &&
    !isSameServer(server, dialed) &&
    (live === null || !isSameServer(server, asServer(live)));
  if (!pool.some(isAnother) || (!connectedBefore && !policy.waitOnFirstConnect)) return policy.timeout;
  return Math.min(policy.timeout, 2_000 * 2 ** (dialed?.failures ?? 0));
}

/** How long the attempt may take from here on. */
function attemptSpan(scene: Scene, policy: Policy): Milliseconds {
  const { next } = scene.after.context;
  if (next === null) return Number.NaN;
  // It waits for its turn to dial, or did until now: that takes none of its time.
  const waited = scene.before?.context.next;
  if (waited?.id === next.id && waited.queued) return waited.patience;
  return scene.before?.context.next?.id === next.id
    ? Math.max(0, policy.timeout - (scene.at - next.begunAt))
    : patience(scene, policy);
}

export const somethingWakesTheChart: Rule = {
  sentence:
    "in every state but closed something is pending that can wake the chart: a timer or an unanswered ask",
  watch: () => {
    const running = new Set<string>();
    let asked = 0;
    return ({ event, possible, effects, from, to, after }) => {
      // Who was asked where to move is not waited for when the move is over.
      if (isMigrating(from) && !isMigrating(to)) asked = 0;
      if (possible && event?.type === "timer.fired") running.delete(keyOf(event.timer, event.attempt));
      const answer = event?.type === "delay.chosen" || event?.type === "server.chosen";
      if (possible && (answer || event?.type === "choice.failed")) asked = 0;
      for (const { type, params } of effects) {
        if (type === "startTimer") running.add(keyOf(params.timer, params.attempt));
        if (type === "stopTimer") running.delete(keyOf(params.timer, params.attempt));
        if (type === "askReconnectDelay" || type === "askNextServer") asked++;
      }
      if (asked > 1) return "the user's function is asked again before it has answered";
      if (to === "closed" || asked > 0) return undefined;
      // The timers of links that are being left wake only these: the connection needs one of its own.
      const left = to === "closing" ? 0 : after.context.retiring.length;
      return running.size > left ? undefined : `nothing is pending in ${to}`;
    };
  },
};
