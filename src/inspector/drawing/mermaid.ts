// A chart as Mermaid's stateDiagram-v2, for Markdown that draws it. Pure.

import { type Chart, chartOf, type Definition, type State } from "./chart.js";
import { linesOf } from "./graph.js";

/** Words that Mermaid would not take for a state. */
const RESERVED = /^(?:end|state|note|class|classdef|style|direction|default)$/i;

/** The chart as Mermaid text: all states, and a line for each pair of states with the events that lead along it. */
export function mermaidOf(definition: Definition): string {
  const chart = chartOf(definition);
  const name = (id: string) => {
    const path = id.slice(chart.root.id.length + 1).replace(/[^\w]/g, "_") || chart.root.key;
    return RESERVED.test(path) ? `${path}_` : path;
  };
  const out = ["stateDiagram-v2"];
  write(chart, chart.root, "  ", name, out);
  for (const { from, to, events } of linesOf(chart)) {
    out.push(
      `  ${name(from)} --> ${name(to)}${events.length > 0 ? `: ${events.map(plain).join("<br/>")}` : ""}`,
    );
  }
  return `${out.join("\n")}\n`;
}

function write(
  chart: Chart,
  state: State,
  indent: string,
  name: (id: string) => string,
  out: string[],
): void {
  for (const id of state.children) {
    const child = chart.states.get(id);
    if (child === undefined) continue;
    out.push(`${indent}state "${plain(child.key)}" as ${name(id)}`);
    if (child.children.length > 0) {
      out.push(`${indent}state ${name(id)} {`);
      write(chart, child, `${indent}  `, name, out);
      out.push(`${indent}}`);
    }
    if (child.type === "final") out.push(`${indent}${name(id)} --> [*]`);
  }
  if (state.initial !== null) out.push(`${indent}[*] --> ${name(state.initial)}`);
}

/** What Mermaid would take for its own. */
function plain(text: string): string {
  return text.replace(/["#;:<>{}]/g, " ").trim();
}
