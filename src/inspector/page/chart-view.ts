// The chart of an actor, with the current states lit, the last transition marked, and the way up to here drawn firmer
// than where it has not been. It is drawn once; after that only classes change.

import { activeIds, stateText } from "../drawing/active.js";
import { connectionOverview } from "../drawing/connection-overview.js";
import { labelPlace } from "../drawing/label-place.js";
import type { Layout, Line } from "../drawing/layout.js";
import { placeChart } from "../drawing/place.js";
import { svgOf } from "../drawing/svg.js";
import { eventName } from "../story/facts.js";
import type { Actor, StoryStep } from "../story/story.js";
import { make, reachable } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";

/** How much a chart is enlarged at most, and shrunk: text stays text. */
const LARGEST = 1.3;
const SMALLEST = 0.7;

/** The layout of more states takes longer than anybody waits. */
const MAX_STATES = 300;

/** Shows a chart. */
export class ChartView {
  readonly #place: HTMLElement;
  readonly #isScrolled: () => boolean;
  #definition: string | null | undefined;
  #layout: Layout | undefined;
  #states = new Map<string, Element>();
  #lines = new Map<string, SVGPathElement>();
  #labels = new Map<string, Element>();
  /** The lines by the ways that they stand for. */
  #byWay = new Map<string, Line>();
  /** Id of the state that was brought into view last. */
  #seen: string | undefined;

  constructor(place: HTMLElement) {
    this.#place = place;
    this.#isScrolled = reachable(place);
  }

  /** Shows an actor after the last of these steps. */
  show(actor: Actor, past: readonly StoryStep[]): void {
    if (actor.definition !== this.#definition) {
      this.#definition = actor.definition;
      this.#layout = undefined;
      this.#place.replaceChildren();
      const layout = layoutOf(actor);
      if (typeof layout === "string") this.#place.append(make("p", "none", layout));
      else this.#draw(layout);
    }
    if (this.#layout !== undefined) this.#light(this.#layout, past);
  }

  #draw(layout: Layout): void {
    this.#layout = layout;
    this.#seen = undefined;
    this.#place.innerHTML = svgOf(layout, { theme: "page", title: layout.id });
    const drawing = this.#place.querySelector("svg");
    if (drawing === null) return;
    // A small chart is not blown up; one too large to be read is scrolled.
    drawing.style.maxWidth = `${Math.round(layout.width * LARGEST)}px`;
    drawing.style.maxHeight = `${Math.round(layout.height * LARGEST)}px`;
    drawing.style.minWidth = `${Math.round(layout.width * SMALLEST)}px`;
    drawing.style.minHeight = `${Math.round(layout.height * SMALLEST)}px`;
    const named = <Kind extends Element>(selector: string, name: string) =>
      new Map(
        [...drawing.querySelectorAll<Kind>(selector)].map(
          (one) => [one.getAttribute(name) ?? "", one] as const,
        ),
      );
    this.#states = named(".state", "data-state");
    this.#lines = named<SVGPathElement>(".line", "data-line");
    this.#labels = named(".label", "data-line");
    this.#byWay = new Map(
      layout.lines.flatMap((line) => line.ways.map((way) => [`${way.from} ${way.to}`, line])),
    );
  }

  #light(layout: Layout, past: readonly StoryStep[]): void {
    const step = past.at(-1);
    if (step === undefined) return;
    const lit = activeIds(layout.id, step.value);
    const visited = new Set<string>();
    const walked = new Set<string>();
    for (const { value, taken } of past) {
      for (const id of activeIds(layout.id, value)) visited.add(id);
      for (const { from, to } of taken) {
        if (to === null) continue;
        visited.add(to);
        walked.add(this.#byWay.get(`${from} ${to}`)?.id ?? "");
      }
    }
    const taken = step.taken.filter(({ to }) => to !== null);
    const lastLines = taken.flatMap(({ from, to }) => this.#byWay.get(`${from} ${to}`) ?? []);
    const last = new Set(lastLines.map(({ id }) => id));
    const passed = new Set(taken.map(({ to }) => to));
    for (const [id, state] of this.#states) {
      state.classList.toggle("lit", lit.has(id));
      state.classList.toggle("visited", visited.has(id));
      state.classList.toggle("passed", passed.has(id) && !lit.has(id));
    }
    for (const [id, line] of this.#lines) {
      line.classList.toggle("walked", walked.has(id));
      line.classList.toggle("taken", last.has(id));
      const head = `url(#arrow${last.has(id) ? "-taken" : walked.has(id) ? "-walked" : ""})`;
      for (const end of ["marker-start", "marker-end"])
        if (line.hasAttribute(end)) line.setAttribute(end, head);
      // What was taken lies above what was not.
      if (last.has(id)) line.parentNode?.append(line);
    }
    for (const [id, label] of this.#labels) label.classList.toggle("taken", last.has(id));
    const drawing = this.#place.querySelector("svg");
    if (drawing === null) return;
    drawing.setAttribute("aria-label", `Chart of ${layout.id}, now in ${stateText(step.value)}`);
    // Where the picture has no name beside the line, the event is written into it.
    this.#label(
      drawing,
      layout,
      lastLines.filter(({ label }) => label === null),
      eventName(step.event.type),
    );
    this.#bringIntoView(layout, lit);
  }

  /** Brings the innermost of the current states into view, once: whoever looks elsewhere meanwhile is left alone. */
  #bringIntoView({ boxes }: Layout, lit: ReadonlySet<string>): void {
    const isScrolled = this.#isScrolled();
    const id = boxes.findLast((box) => lit.has(box.id))?.id;
    const state = id === undefined ? undefined : this.#states.get(id);
    if (state === undefined || id === this.#seen) return;
    this.#seen = id;
    if (!isScrolled) return;
    // Not scrollIntoView: that would move the page as well.
    const box = state.getBoundingClientRect();
    const frame = this.#place.getBoundingClientRect();
    const right = frame.left + this.#place.clientWidth;
    const bottom = frame.top + this.#place.clientHeight;
    if (box.left >= frame.left && box.right <= right && box.top >= frame.top && box.bottom <= bottom) return;
    this.#place.scrollLeft += (box.left + box.right - frame.left - right) / 2;
    this.#place.scrollTop += (box.top + box.bottom - frame.top - bottom) / 2;
  }

  /** The event, beside the lines that were taken for it. */
  #label(drawing: SVGSVGElement, layout: Layout, lines: readonly Line[], event: string): void {
    drawing.querySelector(".why")?.remove();
    if (lines.length === 0 || event === "") return;
    const text = document.createElementNS(SVG, "text");
    text.textContent = event;
    text.setAttribute("text-anchor", "middle");
    text.setAttribute("class", "event-name");
    const ground = document.createElementNS(SVG, "rect");
    ground.setAttribute("class", "plate");
    const group = document.createElementNS(SVG, "g");
    group.setAttribute("class", "why");
    group.append(ground, text);
    drawing.append(group);
    const size = { width: text.getBBox().width + 12, height: 17 };
    const { x, y } = labelPlace(layout, lines, size);
    text.setAttribute("x", String(x));
    text.setAttribute("y", String(y + 3.5));
    const box = { x: x - size.width / 2, y: y - size.height / 2, ...size, rx: 4 };
    for (const [name, value] of Object.entries(box)) ground.setAttribute(name, String(value));
  }
}

/** The layout that was made beforehand for our own chart; another one is laid out now. Or why there is none. */
function layoutOf({ chart, definition }: Actor): Layout | string {
  if (chart === null || definition === null)
    return "Its definition did not arrive: there is no chart to draw.";
  if (chart.states.size < 2) return "It has no states to draw.";
  if (chart.states.size > MAX_STATES) return `A chart of more than ${MAX_STATES} states is not drawn.`;
  const isOurs =
    chart.root.id === connectionOverview.id &&
    chart.states.size === connectionOverview.boxes.length + 1 &&
    connectionOverview.boxes.every(({ id }) => chart.states.has(id));
  try {
    return isOurs ? connectionOverview : placeChart(definition, { labels: chart.states.size < 16 });
  } catch (error) {
    console.error(error);
    return "This chart could not be drawn.";
  }
}
