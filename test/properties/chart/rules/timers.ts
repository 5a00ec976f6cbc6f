// Timers: each belongs to a state, runs while the chart is there, and never without something that needs it.

import type { TimerName } from "../../../../src/machine/effects.js";
import { isAttempting, isMigrating } from "../chart.js";
import type { Rule } from "./rule.js";

/** The timers that run in a state: while migrating, that of the attempt and the one that asks the old server. */
function timersOf(state: string): readonly TimerName[] {
  if (isMigrating(state)) return ["ping", "attempt"];
  if (isAttempting(state)) return ["attempt"];
  if (state.endsWith(".waiting")) return ["reconnect"];
  if (state === "connected") return ["ping"];
  if (state.startsWith("draining")) return ["drain"];
  return [];
}

/** How often a timer was stopped that did not run: allowed, and worth knowing. */
export const redundantStops = new Map<string, number>();

export const timersBelongToStates: Rule = {
  sentence: "a timer is started only while it does not run, and no timer outlives the state that started it",
  watch: (policy) => {
    const running = new Map<TimerName, number>();
    const spans = { attempt: policy.timeout, ping: policy.pingInterval, drain: policy.drainTimeout };
    return ({ event, effects, from, to }) => {
      if (event?.type === "timer.fired" && running.get(event.timer) === event.attempt)
        running.delete(event.timer);
      for (const effect of effects) {
        if (effect.type === "startTimer") {
          const { timer, attempt, ms } = effect.params;
          if (running.has(timer)) return `the timer ${timer} is started while it runs`;
          if (timer === "reconnect" ? !(ms > 0) : ms !== spans[timer])
            return `the timer ${timer} runs for ${ms} ms`;
          running.set(timer, attempt);
        } else if (effect.type === "stopTimer") {
          const { timer } = effect.params;
          if (!running.delete(timer)) count(`stopTimer ${timer} in ${from} on ${event?.type}`);
        }
      }
      const due = timersOf(to);
      const missing = due.find((timer) => !running.has(timer));
      if (missing !== undefined) return `the timer ${missing} does not run in ${to}`;
      if (running.size > due.length) return `timers in ${to}: ${[...running.keys()].join(", ")}`;
      return undefined;
    };
  },
};

function count(what: string): void {
  redundantStops.set(what, (redundantStops.get(what) ?? 0) + 1);
}

export const somethingWakesTheChart: Rule = {
  sentence:
    "in every state but closed something is pending that can wake the chart: a timer or an unanswered ask",
  watch: () => {
    const running = new Set<TimerName>();
    let asked = 0;
    return ({ event, possible, effects, to }) => {
      if (possible && event?.type === "timer.fired") running.delete(event.timer);
      const answer = event?.type === "delay.chosen" || event?.type === "server.chosen";
      if (possible && (answer || event?.type === "choice.failed")) asked = 0;
      for (const effect of effects) {
        if (effect.type === "startTimer") running.add(effect.params.timer);
        if (effect.type === "stopTimer") running.delete(effect.params.timer);
        if (effect.type === "askReconnectDelay" || effect.type === "askNextServer") asked++;
      }
      if (asked > 1) return "the user's function is asked again before it has answered";
      if (to === "closed" || running.size > 0 || asked > 0) return undefined;
      return `nothing is pending in ${to}`;
    };
  },
};
