// The steps as a list, the last one at the bottom. Rows are added, not drawn anew: there may be thousands. What repeats
// itself without changing anything, such as PINGs, is one row with a count.

import { stateText } from "../drawing/active.js";
import { eventName, factsOf } from "../story/facts.js";
import { type Actor, hasEarlier, type StoryStep } from "../story/story.js";
import { element, make } from "./dom.js";

interface Row {
  readonly item: HTMLElement;
  readonly button: HTMLButtonElement;
  readonly times: HTMLElement;
  first: StoryStep;
  last: StoryStep;
}

/** Shows the steps of an actor. */
export class TimelineView {
  readonly #list: HTMLElement;
  readonly #look: (number: number) => void;
  #actor: string | undefined;
  #rows: Row[] = [];
  #current: Row | undefined;
  /** When the first step was: times are counted from there. */
  #origin = 0;

  constructor(list: HTMLElement, look: (number: number) => void) {
    this.#list = list;
    this.#look = look;
    list.addEventListener("keydown", (event) => this.#press(event));
  }

  show(actor: Actor, step: StoryStep): void {
    const { steps, key } = actor;
    element("earlier").hidden = !hasEarlier(actor);
    const [oldest] = steps;
    const lastKnown = this.#rows.at(-1)?.last;
    if (key !== this.#actor || (lastKnown !== undefined && !steps.includes(lastKnown)))
      this.#clear(key, oldest?.at ?? 0);
    const from = this.#rows.at(-1)?.last.number ?? -1;
    for (const each of steps) if (each.number > from) this.#add(each);
    while (oldest !== undefined && (this.#rows[0]?.last.number ?? oldest.number) < oldest.number) {
      this.#rows.shift()?.item.remove();
    }
    const row = this.#rows.find(({ last }) => last.number >= step.number);
    if (row !== undefined) this.#mark(row);
  }

  #clear(key: string, origin: number): void {
    this.#actor = key;
    this.#origin = origin;
    this.#rows = [];
    this.#current = undefined;
    this.#list.replaceChildren();
  }

  #add(step: StoryStep): void {
    const row = this.#rows.at(-1);
    if (row !== undefined && repeats(row.last, step)) {
      row.last = step;
      row.times.textContent = `× ${step.number - row.first.number + 1}`;
      row.button.title = `${isoTime(row.first)} – ${isoTime(step)}`;
      return;
    }
    const { type, ...rest } = step.event;
    const before = row?.last;
    const state = stateText(step.value);
    const isMove = before === undefined || stateText(before.value) !== state;
    const times = make("span", "times");
    const effects = step.effects.map(({ name }) => name).join(", ");
    const button = make(
      "button",
      isMove ? "move" : "",
      make("span", "time", elapsed(step.at - this.#origin)),
      " ",
      make(
        "span",
        "what",
        make("strong", "", eventName(type)),
        " ",
        make("span", "facts", factsOf(rest)),
        times,
      ),
      ...(isMove ? [" ", make("span", "to", `→ ${state || step.status}`)] : []),
      ...(effects === "" ? [] : [" ", make("span", "asked", effects)]),
    );
    button.type = "button";
    button.title = isoTime(step);
    button.tabIndex = -1;
    const item = make("li", "", button);
    const made: Row = { item, button, times, first: step, last: step };
    button.addEventListener("click", () => this.#look(made.last.number));
    this.#rows.push(made);
    this.#list.append(item);
  }

  #mark(row: Row): void {
    if (this.#current !== undefined) {
      this.#current.button.removeAttribute("aria-current");
      this.#current.button.tabIndex = -1;
    }
    const hadFocus = this.#current?.button === document.activeElement;
    this.#current = row;
    row.button.setAttribute("aria-current", "step");
    row.button.tabIndex = 0;
    if (hadFocus) row.button.focus({ preventScroll: true });
    // Not scrollIntoView: that would move the page as well.
    const { offsetTop, offsetHeight } = row.item;
    const { scrollTop, clientHeight } = this.#list;
    if (offsetTop < scrollTop) this.#list.scrollTop = offsetTop;
    else if (offsetTop + offsetHeight > scrollTop + clientHeight) {
      this.#list.scrollTop = offsetTop + offsetHeight - clientHeight;
    }
  }

  #press(event: KeyboardEvent): void {
    const at = this.#current === undefined ? -1 : this.#rows.indexOf(this.#current);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: this.#rows.length - 1 }[event.key];
    const row = to === undefined ? undefined : this.#rows[to];
    if (row === undefined) return;
    event.preventDefault();
    this.#look(row.last.number);
  }
}

/** The same once more, and nothing came of it. */
function repeats(last: StoryStep, step: StoryStep): boolean {
  return (
    step.event.type === last.event.type &&
    step.taken.every(({ to }) => to === null) &&
    JSON.stringify(step.value) === JSON.stringify(last.value) &&
    step.effects.map(({ name }) => name).join() === last.effects.map(({ name }) => name).join()
  );
}

/** When a step was, as one finds it in a log; empty where its clock is none. */
function isoTime({ at }: StoryStep): string {
  const when = new Date(at);
  return Number.isNaN(when.getTime()) ? "" : when.toISOString();
}

function elapsed(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds.toFixed(3)} s`;
  return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
}
