// The step that is looked at, in words: the state, what happened, what the chart asked for.

import { activeIds, stateText } from "../drawing/active.js";
import { eventName, factsOf } from "../story/facts.js";
import { waitedFor } from "../story/next.js";
import type { Actor, StoryStep } from "../story/story.js";
import { element, make, reachable } from "./dom.js";

/** Shows one step. */
export class StepView {
  readonly #isScrolled = reachable(element("step"));

  show(actor: Actor, step: StoryStep): void {
    element("state").textContent = stateText(step.value) || step.status;
    element("about").textContent = aboutState(actor, step);
    const waits = actor.chart === null ? [] : waitedFor(actor.chart, step.value);
    element("waits").replaceChildren(...(waits.length > 0 ? ["Waits for ", ...apart(waits)] : []));
    const { type, ...rest } = step.event;
    element("event").replaceChildren(make("strong", "", eventName(type)), ...facts(rest));
    const effects = step.effects.map(({ name, params }) =>
      make("li", "", make("strong", "", name), ...facts(params)),
    );
    element("effects").replaceChildren(...(effects.length > 0 ? effects : [make("li", "none", "none")]));
    const { cut } = step;
    element("cut").hidden = cut === null;
    element("cut").textContent =
      cut === null ? "" : `The message of this step had ${cut} characters: it is cut, and says where.`;
    this.#isScrolled();
  }
}

/** Names beside one another. */
function apart(names: readonly string[]): readonly (string | HTMLElement)[] {
  return names.flatMap((name, index) => [index === 0 ? "" : ", ", make("code", "", name)]);
}

function facts(of: unknown): readonly HTMLElement[] {
  const text = factsOf(of);
  return text === "" ? [] : [make("span", "facts", text)];
}

/** The descriptions of the active states, the innermost that has one. */
function aboutState({ chart }: Actor, { value }: StoryStep): string {
  if (chart === null) return "";
  const active = [...activeIds(chart.root.id, value)].reverse();
  return active.map((id) => chart.states.get(id)?.description ?? "").find((text) => text !== "") ?? "";
}
