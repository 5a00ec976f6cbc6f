// What a run of stories saw: how many, how fast, which states. So that a property which tests nothing shows.

import { premises } from "./premises.js";
import type { Told } from "./told.js";

/** The premises of all rules, as `rule: premise`, with the question to a scene. */
const asked = Object.entries(premises).flatMap(([rule, of]) =>
  Object.entries(of).map(([name, holds]) => [`${rule}: ${name}`, holds] as const),
);

/** In how many of a hundred stories each premise of a rule holds: the rarest first. */
export function shareOfPremises(told: readonly Told[]): ReadonlyMap<string, number> {
  const shares = asked.map(([name, holds]) => {
    const count = told.filter(({ scenes }) => scenes.some(holds)).length;
    return [name, (100 * count) / told.length] as const;
  });
  return new Map(shares.sort(([, one], [, other]) => one - other));
}

export class Report {
  #stories = 0;
  #events = 0;
  readonly #from = process.cpuUsage();
  readonly #visits = new Map<string, number>();

  count(story: Told): void {
    this.#stories++;
    this.#events += story.scenes.length;
    for (const state of new Set(story.scenes.map(({ to }) => to))) {
      this.#visits.set(state, (this.#visits.get(state) ?? 0) + 1);
    }
  }

  /** The states that a story was in, in the order of the alphabet. */
  get states(): readonly string[] {
    return [...this.#visits.keys()].sort();
  }

  /** The share of all stories that came through a state. */
  share(state: string): number {
    return (this.#visits.get(state) ?? 0) / this.#stories;
  }

  toString(): string {
    const { user, system } = process.cpuUsage(this.#from);
    const perSecond = Math.round((1_000_000 * this.#stories) / (user + system));
    const length = (this.#events / this.#stories).toFixed(1);
    const shares = this.states.map((state) => `${state} ${(100 * this.share(state)).toFixed(1)} %`);
    return `${this.#stories} stories of ${length} events, ${perSecond} in a second of CPU; ${shares.join(", ")}`;
  }
}
