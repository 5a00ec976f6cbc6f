// `nats-statechart chart`: the chart of a connection on stdout, made from the machine of this very version.
//
// How it is drawn: src/inspector/drawing. The shape of the JSON is described in docs/cli.md.

import { type Chart, chartOf } from "../inspector/drawing/chart.js";
import { connectionChart } from "../inspector/drawing/connection-chart.js";
import { connectionOverview } from "../inspector/drawing/connection-overview.js";
import { mermaidOf } from "../inspector/drawing/mermaid.js";
import { svgOf } from "../inspector/drawing/svg.js";
import { connectionMachine } from "../machine/connection-machine.js";
import { type Command, OK, readArguments, UsageError } from "./command.js";
import { toJson } from "./json.js";

const HELP = `nats-statechart chart: prints the chart of a connection, as this version has it.

Usage: nats-statechart chart [options]

  --format FORMAT       mermaid (default): text that GitHub and many editors draw
                        svg: a picture
                        json: states, transitions, guards and actions; its shape is in docs/cli.md
  --json                the same as --format json
  --overview            a smaller picture, without the names of events
  --theme THEME         of the picture: light (default) or dark
  --current STATE       lights a state of the picture, such as connected or connecting.dialing

Exit codes: 0 it was printed, 2 called wrongly.

Examples:
  nats-statechart chart --format svg > chart.svg
  nats-statechart chart --json | jq -r '.states[].id'
`;

/** The command. */
export const chart: Command = {
  help: HELP,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, {
      format: { type: "string" },
      json: { type: "boolean" },
      overview: { type: "boolean" },
      theme: { type: "string" },
      current: { type: "string" },
    });
    if (positionals.length > 0) throw new UsageError("chart takes options only");
    const format = values.format ?? (values.json === true ? "json" : "mermaid");
    if (values.json === true && format !== "json")
      throw new UsageError("--json and --format exclude each other");
    const { theme = "light", current } = values;
    if (theme !== "light" && theme !== "dark") throw new UsageError("--theme must be light or dark");
    if (format !== "svg" && (values.theme ?? current ?? values.overview) !== undefined) {
      throw new UsageError("--overview, --theme and --current go with --format svg");
    }
    const definition = connectionMachine.config;
    switch (format) {
      case "mermaid":
        terminal.out(mermaidOf(definition));
        return OK;
      case "json":
        terminal.out(toJson(chartJson(chartOf(definition))));
        return OK;
      case "svg": {
        const lit = current === undefined ? {} : { current: stateValue(chartOf(definition), current) };
        terminal.out(
          svgOf(values.overview === true ? connectionOverview : connectionChart, { theme, ...lit }),
        );
        return OK;
      }
      default:
        throw new UsageError("--format must be mermaid, svg or json");
    }
  },
};

/** A state as one writes it, `connecting.dialing`, as the value of a snapshot. */
function stateValue({ root, states }: Chart, name: string): unknown {
  if (!states.has(`${root.id}.${name}`)) {
    const known = [...states.keys()].slice(1).map((id) => id.slice(root.id.length + 1));
    throw new UsageError(`--current must be a state: ${known.join(", ")}`);
  }
  const [outer, inner] = name.split(".");
  return inner === undefined ? outer : { [`${outer}`]: inner };
}

/** The chart as `--json` prints it. */
export function chartJson({ root, states }: Chart): unknown {
  const short = (id: string) => id.slice(root.id.length + 1);
  return {
    version: 1,
    id: root.id,
    initial: root.initial === null ? null : short(root.initial),
    states: [...states.values()].slice(1).map((state) => ({
      id: short(state.id),
      type: state.type,
      parent: state.parent === root.id || state.parent === null ? null : short(state.parent),
      initial: state.initial === null ? null : short(state.initial),
      description: state.description,
      entry: state.entry,
      exit: state.exit,
      transitions: state.transitions.map(({ event, kind, guard, targets, actions, description }) => ({
        event,
        kind,
        guard,
        targets: targets.map(short),
        actions,
        description,
      })),
    })),
  };
}
