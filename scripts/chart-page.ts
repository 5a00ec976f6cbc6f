// docs/chart.md as text: every table of it made from the machine and the docstrings of its events, effects and guards.
// What the docstrings do not say of something that the machine uses, is an error here.

import { readFile } from "node:fs/promises";
import {
  type Chart,
  chartOf,
  mermaidOf,
  type State,
  type Transition,
} from "../src/inspector/drawing/index.js";
import * as does from "../src/machine/actions.js";
import { guards } from "../src/machine/guards.js";
import { connectionMachine } from "../src/machine/index.js";
import { entryDocstrings, eventDocstrings, listedDocstrings, memberDocstrings } from "./docstrings.js";

/** The page. Throws an Error that names what has no docstring. */
export async function chartPage(): Promise<string> {
  const chart = chartOf(connectionMachine.config as object);
  const [events, effects, guardSource] = await Promise.all(
    ["events", "effects", "guards"].map((name) => readFile(`src/machine/${name}.ts`, "utf8")),
  );
  if (events === undefined || effects === undefined || guardSource === undefined)
    throw new Error("no sources");
  const told = {
    events: whole("event", eventDocstrings(events), eventNames(chart)),
    effects: whole("effect", memberDocstrings(effects, "EffectParams"), Object.keys(does.effectActions)),
    guards: whole("guard", entryDocstrings(guardSource, "guards"), Object.keys(guards)),
    timers: whole("timer", listedDocstrings(effects, "TimerName"), [...startedIn(chart).keys()]),
  };
  return [
    INTRODUCTION,
    "## States",
    "",
    ...table(["state", "what it is", "on the way in", "on the way out"], stateRows(chart)),
    "## Events",
    "",
    "What can happen. Each carries the time (`at`), those of a socket or timer also the number of the attempt.",
    "",
    ...table(["event", "what happened", "heard in"], eventRows(chart, told.events)),
    "## Effects",
    "",
    "What the chart asks for. The interpreter does it, and answers by events.",
    "",
    ...table(["effect", "what is asked", "asked in"], effectRows(chart, told.effects)),
    "## Timers",
    "",
    ...table(["timer", "what it is for", "started in", "stopped in"], timerRows(chart, told.timers)),
    "## Guards",
    "",
    ...table(
      ["guard", "it is true where"],
      [...told.guards].map(([name, text]) => [code(name), text]),
    ),
    "## Every transition",
    "",
    "The innermost state that has a way for an event answers it; of several ways the first whose guard is true is taken.",
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
  <img alt="Six states: connecting, connected, migrating, reconnecting, draining and closed, with the steps inside them and the ways between them" src="./chart.svg" />
</picture>

The same [with the names of the events](./chart-events.svg) ([dark](./chart-events-dark.svg)). A line that begins at the border of a
state stands for all states in it; one with two heads leads there and back. [Watch it live](./inspector.md).
`;

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
  const names = statesOf(chart).flatMap(({ transitions }) => transitions.map(({ event }) => event));
  return [...new Set(names)].filter((name) => name !== "");
}

function stateRows(chart: Chart): readonly (readonly string[])[] {
  return statesOf(chart).map((state) => {
    const name = short(chart, state.id);
    if (state.description === null) throw new Error(`the state ${name} has no description`);
    return [
      state.children.length > 0 || !name.includes(".") ? `**${name}**` : code(name),
      state.description,
      names(state.entry),
      names(state.exit),
    ];
  });
}

function eventRows(chart: Chart, told: ReadonlyMap<string, string>): readonly (readonly string[])[] {
  return [...told].map(([name, text]) => [
    code(name),
    text,
    places(chart, ({ transitions }) => transitions.some(({ event }) => event === name)),
  ]);
}

function effectRows(chart: Chart, told: ReadonlyMap<string, string>): readonly (readonly string[])[] {
  // Some are asked for by an action that decides whether there is something to say.
  const by: Readonly<Record<string, readonly string[]>> = {
    notifyStatus: ["reportError", "reportInfo"],
    rejectConnect: ["rejectConnectBefore"],
  };
  return [...told].map(([name, text]) => [
    code(name),
    text,
    places(chart, (state) =>
      actionsOf(state).some((action) => [name, ...(by[name] ?? [])].includes(action.name)),
    ),
  ]);
}

function timerRows(chart: Chart, told: ReadonlyMap<string, string>): readonly (readonly string[])[] {
  const started = startedIn(chart);
  const stops = (timer: string) => (state: State) =>
    actionsOf(state).some(
      ({ name, params }) => name === "stopTimer" && (params as { timer?: string } | null)?.timer === timer,
    );
  return [...told].map(([name, text]) => [
    code(name),
    text.slice(0, 1).toUpperCase() + text.slice(1),
    listed((started.get(name) ?? []).map((id) => short(chart, id))),
    places(chart, stops(name)),
  ]);
}

/**
 * Ids of the states that start each timer. Which one a `startTimer` starts, its parameters would say only when computed;
 * the name of the action does: `startPingTimer`, `startPingTimerOfOld`.
 */
function startedIn(chart: Chart): ReadonlyMap<string, readonly string[]> {
  const timers = new Map<unknown, string>();
  for (const [name, action] of Object.entries(does)) {
    const [, timer] = /^start(\w+?)Timer(?:OfOld)?$/.exec(name) ?? [];
    if (timer !== undefined) timers.set(action, timer.toLowerCase());
  }
  const found = new Map<string, Set<string>>();
  const search = (value: unknown, state: string) => {
    const timer = timers.get(value);
    if (timer !== undefined) found.set(timer, (found.get(timer) ?? new Set()).add(state));
    else if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) if (key !== "states") search(inner, state);
    }
  };
  const walk = (config: { readonly states?: object }, id: string) => {
    search(config, id);
    for (const [key, inner] of Object.entries(config.states ?? {})) walk(inner, `${id}.${key}`);
  };
  walk(connectionMachine.config as { readonly states?: object }, chart.root.id);
  return new Map([...found].map(([timer, states]) => [timer, [...states]]));
}

function transitionRows(chart: Chart): readonly (readonly string[])[] {
  return statesOf(chart).flatMap((state) =>
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

function actionsOf({ entry, exit, transitions }: State) {
  return [...entry, ...exit, ...transitions.flatMap(({ actions }) => actions)];
}

/** Where something holds: the states at the top, and their steps where it does not hold in the state itself. */
function places(chart: Chart, holds: (state: State) => boolean): string {
  return listed(statesOf(chart).flatMap((state) => (holds(state) ? short(chart, state.id) : [])));
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

function names(actions: readonly { readonly name: string; readonly params: unknown }[]): string {
  return actions
    .map(({ name, params }) => {
      const values = Object.values((params as object | null) ?? {}).filter(
        (value) => typeof value === "string",
      );
      return values.length > 0 ? `${code(name)} (${values.join(", ")})` : code(name);
    })
    .join(", ");
}

function short(chart: Chart, id: string): string {
  return id.slice(chart.root.id.length + 1);
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line), ""];
}
