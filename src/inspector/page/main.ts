// The page: takes what the relay says, keeps which actor and which step are looked at, and tells the views. What the
// messages mean is ../story; how a chart is drawn is ../drawing; what it looks like is inspector.css.

import { stateText } from "../drawing/active.js";
import { eventName } from "../story/facts.js";
import { type Actor, Story, type StoryStep } from "../story/story.js";
import { ChartView } from "./chart-view.js";
import { ContextView } from "./context-view.js";
import { element } from "./dom.js";
import { StepView } from "./step-view.js";
import { TimelineView } from "./timeline-view.js";

const story = new Story();
const chartView = new ChartView(element("chart"));
const contextView = new ContextView(element("context"));
const stepView = new StepView();
const timelineView = new TimelineView(element("steps"), (number) => look(number));

/** Key of the actor that is looked at. */
let chosen: string | undefined;
/** True where the reader chose it. */
let isPicked = false;
/** True once the relay has told all that was before: who is gone comes last. */
let isTold = false;
/** Number of the step that is looked at; undefined follows the last. */
let stopped: number | undefined;
let isDrawing = false;
let said = "";

const select = element("actor", HTMLSelectElement);
const position = element("position", HTMLInputElement);
const live = element("live", HTMLButtonElement);

select.addEventListener("change", () => {
  chosen = select.value;
  isPicked = true;
  stopped = undefined;
  draw();
});
position.addEventListener("input", () => look(firstNumber() + Number(position.value)));
element("back").addEventListener("click", () => look((current()?.number ?? 0) - 1));
element("forth").addEventListener("click", () => look((current()?.number ?? 0) + 1));
live.addEventListener("click", () => {
  stopped = stopped === undefined ? current()?.number : undefined;
  draw();
});
element("snippet").textContent = [
  'import { createWebSocketInspector } from "@statelyai/inspect";',
  'import { connect } from "nats-statechart";',
  "",
  `const inspector = createWebSocketInspector({ url: "ws://${location.host}/" });`,
  "const nc = await connect({ inspect: inspector.inspect });",
].join("\n");
listen();

function actor(): Actor | undefined {
  return chosen === undefined ? undefined : story.actor(chosen);
}

function firstNumber(): number {
  return actor()?.steps[0]?.number ?? 0;
}

/** The step that is looked at. */
function current(): StoryStep | undefined {
  const steps = actor()?.steps ?? [];
  return stopped === undefined ? steps.at(-1) : (steps.find(({ number }) => number === stopped) ?? steps[0]);
}

/** Looks at a step; at the last one, the page follows what comes. */
function look(number: number): void {
  const steps = actor()?.steps ?? [];
  const last = steps.at(-1)?.number ?? 0;
  stopped = number >= last ? undefined : Math.max(number, firstNumber());
  draw();
}

/** Draws once for all that arrives before the next frame. */
function drawSoon(): void {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    draw();
  });
}

function draw(): void {
  if (!isTold) return;
  choose();
  drawChoice();
  const seen = actor();
  const step = current();
  const isEmpty = seen === undefined || step === undefined;
  element("empty").hidden = !isEmpty;
  for (const id of ["picture", "timeline", "memory"]) element(id).hidden = isEmpty;
  if (seen === undefined || step === undefined) return;
  const at = seen.steps.indexOf(step);
  const before = seen.steps[at - 1];
  const past = seen.steps.slice(0, at + 1);
  chartView.show(seen, past);
  stepView.show(seen, step);
  contextView.show(step.context, before === undefined ? step.context : before.context);
  timelineView.show(seen, step);
  drawPlayer(seen, step, at);
  document.title = `${stateText(step.value) || step.status} – ${seen.name}`;
  announce(stateText(step.value) || step.status);
}

/** Keeps to the actor that the reader chose or stopped at; otherwise to one that lives, if any does. */
function choose(): void {
  const known = actor();
  if (known !== undefined && (isPicked || stopped !== undefined || !known.hasLeft)) return;
  const actors = worthSeeing();
  const next = actors.find(({ hasLeft }) => !hasLeft) ?? known ?? actors.at(-1);
  if (known === undefined) isPicked = false;
  chosen = next?.key;
}

function drawPlayer({ steps }: Actor, step: StoryStep, at: number): void {
  position.max = String(steps.length - 1);
  position.value = String(at);
  const total = (steps.at(-1)?.number ?? 0) + 1;
  element("count").textContent = `${step.number + 1} of ${total}`;
  position.setAttribute(
    "aria-valuetext",
    `Step ${step.number + 1} of ${total}: ${eventName(step.event.type)}, ${stateText(step.value)}`,
  );
  live.setAttribute("aria-pressed", String(stopped === undefined));
  element("back", HTMLButtonElement).disabled = at === 0;
  element("forth", HTMLButtonElement).disabled = at === steps.length - 1;
}

/** Whoever does not see the chart hears each new state, once. */
function announce(state: string): void {
  if (state === said) return;
  said = state;
  element("news").textContent = state;
}

function drawChoice(): void {
  const actors = worthSeeing();
  element("choice").hidden = actors.length === 0;
  while (select.options.length > actors.length) select.remove(actors.length);
  for (const [index, each] of actors.entries()) {
    const option = select.options[index] ?? select.appendChild(document.createElement("option"));
    const last = each.steps.at(-1);
    const state = stateText(last?.value) || last?.status || "no state yet";
    const why = each.whyLeft === "" ? "" : `: ${each.whyLeft}`;
    const process = each.hasLeft ? `process ${each.client}, gone${why}` : `process ${each.client}`;
    const text = `${each.name} ${each.session} (${process}): ${state}`;
    if (option.value !== each.key) option.value = each.key;
    if (option.textContent !== text) option.textContent = text;
  }
  if (chosen !== undefined && select.value !== chosen) select.value = chosen;
}

/** Those with a chart; any others where nobody has one. */
function worthSeeing(): readonly Actor[] {
  const drawable = story.actors.filter(({ chart }) => (chart?.states.size ?? 0) > 1);
  return drawable.length > 0 ? drawable : story.actors.filter(({ steps }) => steps.length > 0);
}

/** The relay's messages; after a break it tells everything again. */
function listen(): void {
  const link = element("link");
  const socket = new WebSocket(`ws://${location.host}/page`);
  link.textContent = "Connecting…";
  socket.addEventListener("open", () => {
    story.clear();
    isTold = false;
    link.textContent = "Listening";
    link.classList.add("on");
  });
  socket.addEventListener("message", ({ data }) => {
    const text = String(data);
    const { client, message } = JSON.parse(text) as { client: number; message: unknown };
    if ((message as { type?: unknown } | null)?.type === "backlog.over") isTold = true;
    else story.add(client, message, text.length);
    drawSoon();
  });
  socket.addEventListener("close", () => {
    link.textContent = "The inspector is gone; trying again…";
    link.classList.remove("on");
    setTimeout(listen, 1_000);
  });
}
