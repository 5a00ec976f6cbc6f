// docs/chart.md as text: every table of it made from the machine and the docstrings of its sources.
// What the docstrings do not say of something that the machine uses is an error here. How they are read: docstrings.ts.

import { readFile } from "node:fs/promises";
import {
  type Chart,
  chartOf,
  mermaidOf,
  type Named,
  type State,
  type Transition,
} from "../src/inspector/drawing/index.js";
import { conditionalActions, effectActions } from "../src/machine/actions.js";
import { timers } from "../src/machine/effects.js";
import { attemptSteps } from "../src/machine/failure.js";
import { guards } from "../src/machine/guards.js";
import {
  connectionMachine,
  type EffectName,
  type EndingPhase,
  type LinkPhase,
  type TimerName,
} from "../src/machine/index.js";
import { OVERLAP } from "../src/machine/link.js";
import { entryDocstrings, eventDocstrings, memberDocstrings, optionDocstrings } from "./docstrings.js";

/** The page. Throws an Error that names what has no docstring. */
export async function chartPage(): Promise<string> {
  const chart = chartOf(withNames(connectionMachine.config) as object);
  const source = (name: string) => readFile(`src/machine/${name}.ts`, "utf8");
  const [actions, effects, events, guardSource, links] = await Promise.all([
    source("actions"),
    source("effects"),
    source("events"),
    source("guards"),
    source("link"),
  ]);
  const told = {
    events: whole("event", eventDocstrings(events), eventNames(chart)),
    effects: whole("effect", memberDocstrings(effects, "EffectParams"), Object.keys(effectActions)),
    conditional: whole(
      "conditional action",
      entryDocstrings(actions, "conditionalActions"),
      Object.keys(conditionalActions),
    ),
    guards: whole("guard", entryDocstrings(guardSource, "guards"), Object.keys(guards)),
    phases: whole("phase", optionDocstrings(links, "EndingPhase"), Object.keys(timerOfEnding)),
  };
  return [
    INTRODUCTION,
    "## States",
    "",
    "In parentheses behind an effect: over which link, which timer, or which status.",
    "",
    ...table(["state", "what it is", "on the way in", "on the way out"], stateRows(chart)),
    LINKS,
    ...table(["phase", "what it is", "timer"], phaseRows(chart, told.phases)),
    "## Events",
    "",
    "What can happen. Each carries the time (`at`). An event of a socket or a timer also carries the number of the attempt, by",
    "which the chart knows the link. An event of a link that has ended changes nothing.",
    "",
    ...table(["event", "what happened", "heard in"], eventRows(chart, told.events)),
    "## Effects",
    "",
    "What the chart asks for. The interpreter does it, and answers by events.",
    "",
    ...table(["effect", "what is asked", "asked in"], effectRows(chart, told.effects)),
    "## Conditional actions",
    "",
    "Some actions look first whether there is anything to ask for. Of the effects beside it, an action asks for those that apply.",
    "",
    ...table(["action", "what it is for", "may ask for"], conditionalRows(told.conditional)),
    "## Timers",
    "",
    "For each link, or for each attempt, at most one timer of a name runs.",
    "",
    ...table(["timer", "what it is for", "started in", "stopped in"], timerRows(chart)),
    "## Guards",
    "",
    ...table(
      ["guard", "it is true where"],
      [...told.guards].map(([name, text]) => [code(name), text]),
    ),
    "## Every transition",
    "",
    "The innermost state that has a way for an event answers it; of several ways the first whose guard is true is taken. Where no",
    "state has one, the chart itself answers: that is `everywhere`.",
    "",
    "<details><summary>All of them</summary>",
    "",
    ...table(["in", "on", "if", "then to", "does", "that is"], transitionRows(chart)),
    "</details>",
    "",
    "## As Mermaid",
    "",
    "For your own documents; `npx nats-statechart chart --format mermaid` prints it.",
    "",
    "```mermaid",
    mermaidOf(connectionMachine.config as object).trimEnd(),
    "```",
    "",
  ].join("\n");
}

const INTRODUCTION = `<!-- Made by \`npm run chart\` from src/machine. Do not edit: scripts/chart-page.ts writes it. -->

# The chart of a connection

The life of a NATS connection is one statechart. It takes an event, moves, and says what should happen, as data: it opens no
socket and has no clock, so all of it can be drawn, listed and tested. This page is made from the machine itself, so it
is what runs.

<picture>
  <source media="(prefers-color-scheme: dark)" srcset="./chart-dark.svg" />
  <img alt="Seven states: connecting, connected, migrating, reconnecting, draining, closing and closed, with the steps inside them and the ways between them" src="./chart.svg" />
</picture>

The same [with the names of the events](./chart-events.svg) ([dark](./chart-events-dark.svg)). A line that begins at the border of a
state stands for all states in it; one with two heads leads there and back. [Watch it live](./inspector.md).

Every connection ends by way of \`closing\`: all that waited is settled, but \`closed()\`. Three things may be left to wait for:

- The server is asked whether it has what was published: for a second at most, after \`close()\`. The link is \`confirming\`.
- Each socket hands over its last bytes: for another second at most. The link is \`ending\`.
- What had arrived is processed: for \`drainTimeout\` at most, if a drain lost its connection or began without one.

The chart leaves \`closing\` at once if nothing of it is left. In \`closed\` there is no socket, no timer and no pending promise.

A reconnect has one step more than the first connection: \`subscribing\`. The new connection has to carry the subscriptions, a PING there
and its PONG back before what was kept is handed over. A connection that dies at once does not take it along.
`;

const LINKS = `## Links

A link is one socket, from its dial to its end. The context has the link in use (\`live\`), the link that is being made (\`next\`), and
those that are being left (\`retiring\`). A link is known by the number of its attempt. Its phase says where it is in its life:
`;

/** The timer that runs in each phase in which a link comes to its end. */
const timerOfEnding: { readonly [Phase in EndingPhase]: TimerName } = {
  overlapping: "overlap",
  unsubscribing: "retire",
  confirming: "confirm",
  ending: "linger",
};

type Asked = EffectName | `${"startTimer" | "stopTimer"} (${TimerName})`;

/** What each action that decides whether there is anything to ask for may ask for. */
const asksFor: { readonly [Name in keyof typeof conditionalActions]: readonly Asked[] } = {
  reportError: ["notifyStatus"],
  noteInfo: ["notifyStatus"],
  grantTime: ["stopTimer (attempt)", "startTimer (attempt)"],
  reportChoiceFailed: ["notifyStatus"],
  dropNext: ["closeSocket", "stopTimer (attempt)"],
  endHalfClosed: ["endSocket", "startTimer (linger)"],
  stopTimerThere: ["stopTimer (overlap)", "stopTimer (retire)", "stopTimer (confirm)", "stopTimer (linger)"],
  closeRetiring: ["closeSocket", "stopTimer (overlap)", "stopTimer (retire)"],
  rejectConnectBefore: ["rejectConnect"],
};

/** The definition with the name of each function that makes parameters in its place. */
function withNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNames);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === "params" && typeof inner === "function" ? { of: inner.name } : withNames(inner),
    ]),
  );
}

/** The docstrings, of exactly these names. */
function whole(
  kind: string,
  docstrings: ReadonlyMap<string, string>,
  names: readonly string[],
): ReadonlyMap<string, string> {
  const missing = names.filter((name) => (docstrings.get(name) ?? "") === "");
  const unused = [...docstrings.keys()].filter((name) => !names.includes(name));
  if (missing.length > 0) throw new Error(`no docstring was found of the ${kind} ${missing.join(", ")}`);
  if (unused.length > 0) throw new Error(`the chart does not use the ${kind} ${unused.join(", ")}`);
  return docstrings;
}

/** The states without the machine itself. */
function statesOf(chart: Chart): readonly State[] {
  return [...chart.states.values()].filter(({ parent }) => parent !== null);
}

function eventNames(chart: Chart): readonly string[] {
  const names = [...chart.states.values()].flatMap(({ transitions }) =>
    transitions.map(({ event }) => event),
  );
  return [...new Set(names)].filter((name) => name !== "");
}

function stateRows(chart: Chart): readonly (readonly string[])[] {
  return statesOf(chart).map((state) => {
    const name = short(chart, state.id);
    return [
      state.children.length > 0 || !name.includes(".") ? `**${name}**` : code(name),
      described(chart, state),
      names(state.entry),
      names(state.exit),
    ];
  });
}

/** The phases of a link, in their order: those of an attempt are the steps of `migrating`. A reconnect has some of them for other reasons. */
function phaseRows(chart: Chart, told: ReadonlyMap<string, string>): readonly (readonly string[])[] {
  const row = (phase: LinkPhase, text: string, ...timers: readonly TimerName[]) => [
    code(phase),
    text,
    timers.map(code).join(" or "),
  ];
  const steps = attemptSteps.map((step) => {
    const within = (state: string) => chart.states.get(`${chart.root.id}.${state}.${step}`);
    const inMove = within("migrating");
    if (inMove === undefined) throw new Error(`no state is called ${step}`);
    const inReconnect = within("reconnecting") ?? inMove;
    const [move, reconnect] = [described(chart, inMove), described(chart, inReconnect)];
    const text = move === reconnect ? move : `In a move: ${move} In a reconnect: ${reconnect}`;
    return row(step, text, "attempt");
  });
  const endings = Object.entries(timerOfEnding).map(([phase, timer]) =>
    row(phase as EndingPhase, (told.get(phase) ?? "").replaceAll("`OVERLAP`", `${OVERLAP} ms`), timer),
  );
  return [...steps, row("live", "The link is in use: messages flow over it.", "ping", "drain"), ...endings];
}

function eventRows(chart: Chart, told: ReadonlyMap<string, string>): readonly (readonly string[])[] {
  return [...told].map(([name, text]) => [
    code(name),
    text,
    places(chart, ({ transitions }) => transitions.some(({ event }) => event === name)),
  ]);
}

function effectRows(chart: Chart, told: ReadonlyMap<string, string>): readonly (readonly string[])[] {
  return [...told].map(([name, text]) => [
    code(name),
    text,
    places(
      chart,
      asks((asked) => asked === name || asked.startsWith(`${name} `)),
    ),
  ]);
}

function conditionalRows(told: ReadonlyMap<string, string>): readonly (readonly string[])[] {
  return Object.entries(asksFor).map(([name, effects]) => [
    code(name),
    told.get(name) ?? "",
    effects.map((effect) => effect.replace(/^\w+/, code)).join(", "),
  ]);
}

function timerRows(chart: Chart): readonly (readonly string[])[] {
  return Object.entries(timers).map(([name, text]) => {
    const started = places(
      chart,
      asks((asked) => asked === `startTimer (${name})`),
    );
    if (started === "") throw new Error(`the chart does not start the timer ${name}`);
    return [
      code(name),
      text.slice(0, 1).toUpperCase() + text.slice(1),
      started,
      places(
        chart,
        asks((asked) => asked === `stopTimer (${name})`),
      ),
    ];
  });
}

/** Whether a state asks for such an effect: by an action of its own, or by one that decides whether to. */
function asks(isMeant: (asked: string) => boolean): (state: State) => boolean {
  return ({ entry, exit, transitions }) =>
    [...entry, ...exit, ...transitions.flatMap(({ actions }) => actions)].some((action) =>
      Object.hasOwn(asksFor, action.name)
        ? asksFor[action.name as keyof typeof asksFor].some(isMeant)
        : isMeant(withParams(action)),
    );
}

function transitionRows(chart: Chart): readonly (readonly string[])[] {
  return [...statesOf(chart), chart.root].flatMap((state) =>
    state.transitions.map((transition) => [
      code(short(chart, state.id)),
      transition.kind === "always" ? "at once" : code(transition.event),
      transition.guard === null ? "" : code(transition.guard),
      targets(chart, transition),
      names(transition.actions),
      transition.description ?? "",
    ]),
  );
}

function targets(chart: Chart, { targets }: Transition): string {
  return targets.map((id) => code(short(chart, id))).join(" ");
}

/** Where something holds: the states at the top, their steps where it does not hold in the state itself, and everywhere. */
function places(chart: Chart, holds: (state: State) => boolean): string {
  return listed(
    [...statesOf(chart), chart.root].flatMap((state) => (holds(state) ? short(chart, state.id) : [])),
  );
}

/** `a.x, a.y, b` as `a` (x, y), `b`: steps with the state that they are in. */
function listed(ids: readonly string[]): string {
  const steps = new Map<string, string[]>();
  const whole = new Set<string>();
  for (const id of ids) {
    const [state = "", step] = id.split(".");
    if (step === undefined) whole.add(state);
    steps.set(state, [...(steps.get(state) ?? []), ...(step === undefined ? [] : [step])]);
  }
  return [...steps]
    .map(([state, inner]) =>
      whole.has(state) || inner.length === 0 ? state : `${state} (${inner.join(", ")})`,
    )
    .join("; ");
}

function described(chart: Chart, { id, description }: State): string {
  if (description === null) throw new Error(`the state ${short(chart, id)} has no description`);
  return description;
}

function names(actions: readonly Named[]): string {
  return actions.map((action) => withParams(action).replace(/^\w+/, code)).join(", ");
}

/** An action with its parameters that are words: `startTimer (ping)`. */
function withParams({ name, params }: Named): string {
  const values = Object.values((params as object | null) ?? {}).filter((value) => typeof value === "string");
  return values.length > 0 ? `${name} (${values.join(", ")})` : name;
}

/** The id without the machine's; of the machine itself, what its transitions hold. */
function short(chart: Chart, id: string): string {
  return id === chart.root.id ? "everywhere" : id.slice(chart.root.id.length + 1);
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line), ""];
}
