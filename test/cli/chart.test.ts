// `nats-statechart chart`: what it prints is the chart of this version, whole, in a shape that stays.

import { describe, expect, it } from "vitest";
import { chartJson } from "../../src/cli/chart.js";
import { chartOf } from "../../src/inspector/drawing/chart.js";
import { connectionMachine } from "../../src/machine/index.js";
import { run, useTool } from "./tool.js";

useTool();

interface State {
  readonly id: string;
  readonly transitions: readonly { readonly event: string; readonly targets: readonly string[] }[];
}

type Node = typeof connectionMachine.root;

/** The states as XState has them, such as `connecting.dialing`. */
const states = inside(connectionMachine.root as Node);

function inside(node: Node): readonly string[] {
  return Object.values(node.states as Record<string, Node>).flatMap((state) => [
    state.path.join("."),
    ...inside(state),
  ]);
}

describe("the chart", () => {
  it("is printed as JSON: every state, and every event where the chart listens to it", async () => {
    const { code, stdout } = await run(["chart", "--json"]);
    expect(code).toBe(0);
    const printed = JSON.parse(stdout) as { readonly states: readonly State[] };
    expect(printed).toMatchObject({ version: 1, id: "connection", initial: "connecting" });
    expect(states.length).toBeGreaterThan(10);
    expect(printed.states.map(({ id }) => id).sort()).toEqual([...states].sort());
    for (const { id, transitions } of printed.states) {
      const node = connectionMachine.getStateNodeById(`connection.${id}`);
      const events = new Set(transitions.map(({ event }) => event).filter((event) => event !== ""));
      expect([...events].sort()).toEqual([...node.ownEvents].sort());
      for (const { targets } of transitions) for (const target of targets) expect(states).toContain(target);
    }
    expect(await run(["chart", "--format", "json"])).toMatchObject({ code, stdout });
  });

  it("has the same fields in every state and transition", () => {
    const json = chartJson(chartOf(connectionMachine.config)) as { states: Record<string, unknown>[] };
    const fields = ["id", "type", "parent", "initial", "description", "entry", "exit", "transitions"];
    for (const state of json.states) {
      expect(Object.keys(state)).toEqual(fields);
      for (const transition of state["transitions"] as object[]) {
        expect(Object.keys(transition)).toEqual([
          "event",
          "kind",
          "guard",
          "targets",
          "actions",
          "description",
        ]);
      }
    }
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
  });

  it("is printed as Mermaid, also where no format is asked for", async () => {
    const { code, stdout } = await run(["chart"]);
    expect(code).toBe(0);
    expect(stdout.startsWith("stateDiagram-v2\n")).toBe(true);
    for (const state of states) expect(stdout).toContain(state.replace(".", "_"));
    expect(await run(["chart", "--format", "mermaid"])).toMatchObject({ code, stdout });
  });

  it("is printed as a picture, in which a state can be lit", async () => {
    const plain = await run(["chart", "--format", "svg"]);
    const dark = await run(["chart", "--format", "svg", "--theme", "dark"]);
    const lit = await run(["chart", "--format", "svg", "--current", "reconnecting.backingOff"]);
    const small = await run(["chart", "--format", "svg", "--overview"]);
    for (const { code, stdout } of [plain, dark, lit, small]) {
      expect(code).toBe(0);
      expect(stdout).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
      expect(stdout).toContain("reconnecting");
    }
    expect(new Set([plain, dark, lit, small].map(({ stdout }) => stdout)).size).toBe(4);
    expect(small.stdout.length).toBeLessThan(plain.stdout.length);
    const litIn = ({ stdout }: { readonly stdout: string }) =>
      [...stdout.matchAll(/class="[^"]*\blit\b[^"]*" data-state="([^"]+)"/g)].map(([, id]) => id);
    expect(litIn(lit)).toEqual(["connection.reconnecting", "connection.reconnecting.backingOff"]);
    expect([plain, dark, small].flatMap(litIn)).toEqual([]);
  });
});
