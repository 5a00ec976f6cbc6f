// How a definition becomes a picture: what is read of it, which lines are drawn, where everything lies, and the SVG and
// Mermaid of it. What it looks like in a browser: test/integration/local-inspector.test.ts.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMachine } from "xstate";
import { layoutChart } from "../../scripts/elk-layout.js";
import { connectionChart } from "../../src/inspector/drawing/connection-chart.js";
import { connectionOverview } from "../../src/inspector/drawing/connection-overview.js";
import { withEndBelow } from "../../src/inspector/drawing/end-below.js";
import { drawnLines, eventLabel, linesOf } from "../../src/inspector/drawing/graph.js";
import {
  activeIds,
  chartOf,
  type Layout,
  mermaidOf,
  type Point,
  placeChart,
  stateText,
  svgOf,
} from "../../src/inspector/drawing/index.js";
import { labelPlace } from "../../src/inspector/drawing/label-place.js";
import { stateLines } from "../../src/inspector/drawing/text-size.js";
import { connectionMachine } from "../../src/machine/index.js";

const definition = connectionMachine.config as object;

/** What the inspector's serializer makes of it: keys sorted, functions as their names, no order of states. */
function sent(value: unknown): unknown {
  if (typeof value === "function") return { type: value.name };
  if (Array.isArray(value)) return value.map(sent);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sent((value as Record<string, unknown>)[key])]),
  );
}

const lamp = {
  id: "lamp",
  initial: "off",
  states: {
    off: {
      on: {
        press: { target: "on", guard: "hasPower", actions: ["click", { type: "note", params: { n: 1 } }] },
      },
    },
    on: {
      initial: "dim",
      entry: "light",
      exit: { type: "darken", params: () => ({}) },
      states: {
        dim: {
          on: { more: "bright" },
          after: { 500: ".glow" },
          initial: "faint",
          states: { faint: {}, glow: {} },
        },
        bright: { on: { less: "#dimmed", press: "#lamp.off" }, always: { target: "dim", guard: "isHot" } },
      },
      on: { press: "off" },
    },
    broken: { type: "final", id: "dimmed" },
  },
  on: { crash: ".broken" },
};

describe("reading a definition", () => {
  const { states, root } = chartOf(lamp);
  const targets = (id: string) =>
    states.get(id)?.transitions.map(({ event, targets }) => [event, ...targets]);

  it("finds every state with its kind, and the one that is entered first", () => {
    expect([...states.keys()]).toEqual([
      "lamp",
      "lamp.off",
      "lamp.on",
      "lamp.on.dim",
      "lamp.on.dim.faint",
      "lamp.on.dim.glow",
      "lamp.on.bright",
      "lamp.broken",
    ]);
    expect([root.type, states.get("lamp.off")?.type, states.get("lamp.broken")?.type]).toEqual([
      "compound",
      "atomic",
      "final",
    ]);
    expect([root.initial, states.get("lamp.on")?.initial]).toEqual(["lamp.off", "lamp.on.dim"]);
  });

  it("resolves every way of writing a target", () => {
    expect(targets("lamp")).toEqual([["crash", "lamp.broken"]]);
    expect(targets("lamp.off")).toEqual([["press", "lamp.on"]]);
    expect(targets("lamp.on.dim")).toEqual([
      ["more", "lamp.on.bright"],
      ["500", "lamp.on.dim.glow"],
    ]);
    expect(targets("lamp.on.bright")).toEqual([
      ["", "lamp.on.dim"],
      ["less", "lamp.broken"],
      ["press", "lamp.off"],
    ]);
  });

  it("names actions and guards, with the parameters that are written there", () => {
    const [press] = states.get("lamp.off")?.transitions ?? [];
    expect(press?.guard).toBe("hasPower");
    expect(press?.actions).toEqual([
      { name: "click", params: null },
      { name: "note", params: { n: 1 } },
    ]);
    expect(states.get("lamp.on")?.exit).toEqual([{ name: "darken", params: null }]);
  });

  it("reads the same from the text of an inspection message, and from what XState normalized", () => {
    const names = (all: object | string) => [...chartOf(all).states.keys()].sort();
    expect(names(JSON.stringify(sent(definition)))).toEqual(names(definition));
    const normalized = chartOf(createMachine(lamp as never).definition);
    expect(normalized.states.get("lamp.off")?.transitions.map(({ targets }) => targets)).toEqual([
      ["lamp.on"],
    ]);
    expect(normalized.states.get("lamp.on.dim")?.transitions).toContainEqual(
      expect.objectContaining({ event: "500", kind: "after", targets: ["lamp.on.dim.glow"] }),
    );
  });

  it.each([["null"], ["[1]"], ['"text"'], ["3"]])("refuses %s, which is no definition", (text) => {
    expect(() => chartOf(text)).toThrow("no definition");
  });

  it("leaves out what it cannot read", () => {
    const odd = {
      states: { a: "[Object]", b: { on: { x: { target: "nowhere" }, y: "[Array]", z: 7 }, entry: [3] } },
    };
    const chart = chartOf(odd);
    expect([...chart.states.keys()]).toEqual(["machine", "machine.a", "machine.b"]);
    expect(chart.states.get("machine.b")?.transitions.flatMap(({ targets }) => targets)).toEqual([]);
  });

  it("refuses a machine of more states than anybody could see", () => {
    const states = Object.fromEntries(Array.from({ length: 3_000 }, (_, number) => [`s${number}`, {}]));
    expect(() => chartOf({ states })).toThrow("more than 2000 states");
  });
});

describe("the lines of a chart", () => {
  const lines = (all: object) =>
    linesOf(chartOf(all)).map(({ from, to, events }) => [from, to, events.join(" ")]);

  it("draws what a state shares with the one around it once, from the outer one", () => {
    expect(lines(lamp)).toContainEqual(["lamp.on", "lamp.off", "press"]);
    expect(lines(lamp)).not.toContainEqual(["lamp.on.bright", "lamp.off", "press"]);
  });

  it("makes one line of all that leads from one state to another", () => {
    const machine = {
      id: "m",
      initial: "a",
      states: { a: { on: { x: "b", y: "b" }, after: { 9: "b" } }, b: {} },
    };
    expect(lines(machine)).toEqual([["m.a", "m.b", "x y after 9"]]);
  });

  it("makes one line with two heads of there and back, and one arrow of many siblings that fail alike", () => {
    const { lines, bundles } = drawnLines(chartOf(definition));
    const line = lines.find(
      ({ from, to }) =>
        `${from} ${to}` === "connection.connecting.selecting connection.connecting.backingOff",
    );
    expect(line?.events).toEqual(["otherwise"]);
    expect(line?.back).toEqual(["timer.fired", "user.setServers", "user.reconnect"]);
    expect(line?.ways).toHaveLength(2);
    const failing = bundles.find(({ lines: [first] }) => first?.to === "connection.connecting.selecting");
    expect(failing?.lines.map(({ from }) => from.split(".").at(-1))).toEqual([
      "dialing",
      "greeting",
      "securing",
      "authenticating",
    ]);
    expect(failing?.events).toEqual([
      "socket.closed",
      "timer.fired",
      "protocol.violated",
      "server.error",
      "user.setServers",
      "user.reconnect",
    ]);
  });

  it("stands for every transition that leaves a state, and names its event: none is lost", () => {
    const chart = chartOf(definition);
    const { lines, bundles } = drawnLines(chart);
    const bundled = bundles.flatMap((bundle) =>
      bundle.lines.map((line) => ({ ...line, events: [...line.events, ...bundle.events] })),
    );
    const there = new Set(
      [...lines, ...bundled].flatMap(({ ways, events, back }) =>
        ways.flatMap(({ from, to }) => [...events, ...back].map((event) => `${from} ${to} ${event}`)),
      ),
    );
    const all = [...chart.states.values()].flatMap(({ id, transitions }) =>
      transitions.flatMap((transition) =>
        transition.targets.map((to) => `${id} ${to} ${eventLabel(transition)}`),
      ),
    );
    expect(all.length).toBeGreaterThan(100);
    expect(all.filter((way) => !there.has(way))).toEqual([]);
  });
});

/** Pairs of boxes, neither within the other, that cover each other. */
function overlaps({ boxes }: Layout): readonly string[] {
  const found: string[] = [];
  for (const a of boxes) {
    for (const b of boxes) {
      const isApart =
        a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
      if (a.id < b.id && !b.id.startsWith(`${a.id}.`) && !isApart) found.push(`${a.id} ${b.id}`);
    }
  }
  return found;
}

const touches = (layout: Layout, id: string, x: number, y: number) => {
  const box = layout.boxes.find((each) => each.id === id);
  if (box === undefined) return false;
  const isWithin =
    x >= box.x - 1 && x <= box.x + box.width + 1 && y >= box.y - 1 && y <= box.y + box.height + 1;
  const isInside = x > box.x + 1 && x < box.x + box.width - 1 && y > box.y + 1 && y < box.y + box.height - 1;
  return isWithin && !isInside;
};

/** What is wrong in a layout: states that are not within the one around, or not apart; lines that miss one of their states. */
function faults(layout: Layout): readonly string[] {
  const byId = new Map(layout.boxes.map((box) => [box.id, box]));
  const whole = { x: 0, y: 0, width: layout.width, height: layout.height };
  const outside = layout.boxes.filter(({ parent, x, y, width, height }) => {
    const around = parent === null ? whole : byId.get(parent);
    return (
      around === undefined ||
      x <= around.x ||
      y <= around.y ||
      x + width >= around.x + around.width ||
      y + height >= around.y + around.height
    );
  });
  const astray = layout.lines.filter(({ from, to, points }) => {
    const [first] = points;
    const last = points.at(-1);
    if (first === undefined || last === undefined) return true;
    // From the machine itself to one of its states: there is no box to begin at.
    const isBegun = from === layout.id || touches(layout, from, first.x, first.y);
    return !isBegun || !touches(layout, to, last.x, last.y);
  });
  return [
    ...overlaps(layout),
    ...outside.map(({ id, parent }) => `${id} is not within ${parent}`),
    ...astray.map(({ id }) => `${id} does not lead from the one to the other`),
  ];
}

/** Machines of up to three levels, with transitions between any of their states. */
const machines = fc
  .record({
    shape: fc.array(fc.array(fc.nat({ max: 3 }), { maxLength: 4 }), { minLength: 1, maxLength: 5 }),
    transitions: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 20 }),
    type: fc.constantFrom("parallel", "compound"),
  })
  .map(({ shape, transitions, type }) => {
    const states: Record<string, { on: Record<string, string> }> = {};
    const state = (id: string, children: Readonly<Record<string, unknown>>) => {
      const on: Record<string, string> = {};
      states[id] = { on };
      const [initial] = Object.keys(children);
      return { id, on, ...(initial === undefined ? {} : { initial, states: children }) };
    };
    const outer = Object.fromEntries(
      shape.map((middles, i) => {
        const inner = middles.map((count, j) => {
          const leaves = Array.from({ length: count }, (_, k) => [`c${k}`, state(`a${i}b${j}c${k}`, {})]);
          return [`b${j}`, state(`a${i}b${j}`, Object.fromEntries(leaves))];
        });
        return [`a${i}`, state(`a${i}`, Object.fromEntries(inner))];
      }),
    );
    const ids = Object.keys(states);
    for (const [number, [from, to]] of transitions.entries()) {
      const { on } = states[ids[from % ids.length] ?? ""] ?? { on: {} };
      on[`event${number}`] = `#${ids[to % ids.length]}`;
    }
    return { id: "any", type, initial: "a0", states: outer };
  });

/** What lays out charts: ELK for ours beforehand, our own for others in the page. */
const engines: readonly (readonly [string, typeof layoutChart])[] = [
  ["ELK", layoutChart],
  ["our own", async (definition, options) => placeChart(definition, options)],
];

describe("laying out", () => {
  it("keeps every state within the one around it and apart from all others, and every line at both its states", async () => {
    const layouts = [await layoutChart(lamp), placeChart(lamp), placeChart(definition)];
    for (const layout of [...layouts, connectionChart, connectionOverview])
      expect(faults(layout)).toEqual([]);
  });

  it("does so by our own layout for every machine", () => {
    fc.assert(
      fc.property(machines, fc.boolean(), (machine, labels) => {
        expect(faults(placeChart(machine, { labels }))).toEqual([]);
      }),
    );
  });

  it("writes labels beside one another, not over states", () => {
    const labels = connectionChart.lines.flatMap(({ label }) => label ?? []);
    expect(labels.length).toBeGreaterThan(30);
    const boxes = labels.map((label, index) => ({ ...label, id: `label ${index}` }));
    const leaves = connectionChart.boxes.filter(({ type }) => type !== "compound");
    expect(overlaps({ ...connectionChart, boxes: [...boxes, ...leaves] as never })).toEqual([]);
  });

  it("writes labels beside one another, not over states, by our own layout too", () => {
    const layout = placeChart(definition);
    const labels = layout.lines.flatMap(({ label }) => label ?? []);
    expect(labels.length).toBeGreaterThan(30);
    const boxes = labels.map((label, index) => ({ ...label, id: `label ${index}` }));
    const leaves = layout.boxes.filter(({ type }) => type !== "compound");
    expect(overlaps({ ...layout, boxes: [...boxes, ...leaves] as never })).toEqual([]);
  });

  it.each(engines)(
    "puts every state in the same place however the keys of the definition are sorted (%s)",
    async (_name, lays) => {
      const places = ({ boxes }: Layout) => [...boxes].sort((a, b) => (a.id < b.id ? -1 : 1));
      const received = await lays(JSON.stringify(sent(lamp)), { labels: false });
      expect(places(received)).toEqual(places(await lays(lamp, { labels: false })));
    },
  );

  it("has the chart of a connection ready, whole: nobody who shows it needs the engine", () => {
    // Whether it is the very one that the engine gives now is checked by `npm run chart -- --check`.
    const { states } = chartOf(definition);
    const { lines, bundles } = drawnLines(chartOf(definition));
    const ids = [...lines, ...bundles.flatMap((bundle) => bundle.lines)].map(({ id }) => id);
    for (const layout of [connectionOverview, connectionChart]) {
      expect(layout.boxes.map(({ id }) => id)).toEqual([...states.keys()].slice(1));
      expect(layout.lines.map(({ id }) => id)).toEqual(ids);
    }
  });

  it("shows a chart at a size at which a page of 1280 by 800 leaves it legible", () => {
    const scale = Math.min(880 / connectionOverview.width, 540 / connectionOverview.height);
    expect(scale * 13).toBeGreaterThan(11);
  });

  it.each(engines)("lays out a machine that has one state, none, or fifty (%s)", async (_name, lays) => {
    expect((await lays({ id: "one", initial: "a", states: { a: {} } })).boxes).toHaveLength(1);
    expect((await lays({ id: "none" })).boxes).toEqual([]);
    const ring = Array.from({ length: 50 }, (_, at) => [`s${at}`, { on: { next: `s${(at + 1) % 50}` } }]);
    const layout = await lays({ id: "ring", initial: "s0", states: Object.fromEntries(ring) });
    expect(layout.boxes).toHaveLength(50);
    expect(overlaps(layout)).toEqual([]);
  });

  it("writes a long name of several words in two lines, between the words where they are most alike", () => {
    const names = [
      "connected",
      "awaitingServerChoice",
      "authenticating",
      "waiting for it",
      "aVeryLongNameOfAState",
    ];
    expect(names.map(stateLines)).toEqual([
      ["connected"],
      ["awaiting", "ServerChoice"],
      ["authenticating"],
      ["waiting ", "for it"],
      ["aVeryLong", "NameOfAState"],
    ]);
    const [box] = connectionOverview.boxes.filter(({ key }) => key === "awaitingServerChoice");
    expect(box?.width).toBeLessThan(connectionOverview.width / 8);
    // Whoever reads or searches the picture finds the name in one piece.
    const [, text] = /awaitingServerChoice".*?<text[^>]*>(.*?)<\/text>/.exec(svgOf(connectionOverview)) ?? [];
    expect(text?.replace(/<[^>]*>/g, "")).toBe("awaitingServerChoice");
  });

  it("sets an end to which one state alone leads beside that state, where that makes the picture lower", () => {
    const at = (layout: Layout, key: string) => layout.boxes.find((box) => box.key === key);
    const [before, end] = [at(connectionOverview, "closing"), at(connectionOverview, "closed")];
    if (before === undefined || end === undefined) throw new Error("there is no end");
    expect(end.x).toBeGreaterThan(before.x + before.width);
    expect(end.y + end.height / 2).toBe(before.y + before.height / 2);
    // It has no row of its own: the picture ends with what is lowest without it.
    const others = connectionOverview.boxes.filter((box) => box !== end);
    const bottoms = [
      ...others.map((box) => box.y + box.height),
      ...connectionOverview.lines.flatMap((line) => line.points.map(({ y }) => y)),
    ];
    expect(connectionOverview.height - Math.max(...bottoms)).toBeLessThan(10);
  });

  describe("an end", () => {
    const box = (key: string, x: number, y: number, type = "atomic") =>
      ({ id: `m.${key}`, key, type, description: null, parent: null, x, y, width: 50, height: 26 }) as const;
    const way = (from: string, to: string, ...points: readonly Point[]) => {
      const ends = { from: `m.${from}`, to: `m.${to}` };
      return { id: `${from} ${to}`, ...ends, events: [], back: [], ways: [], points, label: null };
    };
    const row = {
      id: "m",
      width: 306,
      height: 120,
      boxes: [box("a", 10, 20), box("end", 250, 20, "final")],
      lines: [way("a", "end", { x: 60, y: 33 }, { x: 250, y: 33 })],
      starts: [],
      anywhere: null,
    } as unknown as Layout;
    const label = { lines: ["go"], x: 100, y: 20, width: 30, height: 15 };
    const [line] = row.lines;

    it("stands below the one state that leads there, and the picture is as wide as what is left", () => {
      const { width, boxes, lines } = withEndBelow(row);
      expect([width, boxes[1]?.x, boxes[1]?.y]).toEqual([66, 10, 65]);
      expect(lines[0]?.points).toEqual([
        { x: 35, y: 46 },
        { x: 35, y: 65 },
      ]);
    });

    it.each<[string, Partial<Layout>]>([
      ["text is on the line", { lines: [{ ...(line as Layout["lines"][number]), label }] }],
      [
        "two states lead there",
        { lines: [...row.lines, way("b", "end", { x: 60, y: 90 }, { x: 250, y: 40 })] },
      ],
      ["another state is below", { boxes: [...row.boxes, box("b", 30, 70)] as unknown as Layout["boxes"] }],
      ["a line is below", { lines: [...row.lines, way("b", "a", { x: 20, y: 100 }, { x: 20, y: 46 })] }],
      ["the picture ends below", { height: 90 }],
      ["nothing is won", { boxes: [...row.boxes, box("b", 250, 80)] as unknown as Layout["boxes"] }],
    ])("stays in its place where %s", (_where, changes) => {
      const layout = { ...row, ...changes };
      expect(withEndBelow(layout)).toBe(layout);
    });
  });

  it("puts a label within the picture, where it hides nothing of the states, or as little as there is a place for", () => {
    const size = { width: 90, height: 17 };
    const whole = { x: 0, y: 0, width: connectionOverview.width, height: connectionOverview.height };
    const leaves = connectionOverview.boxes.filter(({ type }) => type !== "compound");
    /** The area that two rectangles share. */
    const shared = (a: typeof whole, b: typeof whole) => {
      const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
      const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
      return Math.max(0, across) * Math.max(0, down);
    };
    const labels = connectionOverview.lines.map((line) => {
      const { x, y } = labelPlace(connectionOverview, [line], size);
      return { ...size, x: x - 45, y: y - 8.5 };
    });
    const area = size.width * size.height;
    const hidden = labels.map((label) => leaves.reduce((sum, box) => sum + shared(label, box), 0) / area);
    expect(labels.map((label) => shared(label, whole))).toEqual(labels.map(() => area));
    expect(Math.max(...hidden)).toBeLessThan(0.5);
    expect(hidden.filter((part) => part === 0).length).toBeGreaterThan(labels.length / 2);
  });

  it("puts a label where something of its line is still seen, however short that is", () => {
    for (const line of connectionOverview.lines) {
      const size = { width: 90, height: 17 };
      const { x, y } = labelPlace(connectionOverview, [line], size);
      const seen = line.points.slice(1).reduce((sum, to, index) => {
        const from = line.points[index] as Point;
        const length = Math.hypot(to.x - from.x, to.y - from.y);
        // A line a pixel wide, as far as the label lies on it.
        const across =
          Math.min(x + 45, Math.max(from.x, to.x) + 0.5) - Math.max(x - 45, Math.min(from.x, to.x) - 0.5);
        const down =
          Math.min(y + 8.5, Math.max(from.y, to.y) + 0.5) - Math.max(y - 8.5, Math.min(from.y, to.y) - 0.5);
        return sum + length - Math.min(length, Math.max(0, across) * Math.max(0, down));
      }, 0);
      expect.soft([line.id, seen]).toEqual([line.id, expect.toSatisfy((length: number) => length >= 16)]);
    }
  });
});

describe("the SVG", () => {
  it("lights the states of a snapshot's value, inner and outer", () => {
    const svg = svgOf(connectionOverview, { current: { reconnecting: "backingOff" } });
    const lit = [...svg.matchAll(/class="[^"]*\blit\b[^"]*" data-state="([^"]+)"/g)].map(([, id]) => id);
    expect(lit).toEqual(["connection.reconnecting", "connection.reconnecting.backingOff"]);
    expect(svgOf(connectionOverview)).not.toMatch(/class="[^"]*\blit\b/);
  });

  it("carries its colours in a file, and none in a page, whose policy forbids styles of its own", () => {
    expect(svgOf(connectionOverview, { theme: "dark" })).toContain("<style>");
    const inPage = svgOf(connectionOverview, { theme: "page" });
    expect(inPage).not.toMatch(/<style|style=|fill=|stroke="/);
  });

  it.each(engines)(
    "is well-formed whatever a machine's names are, and runs nothing (%s)",
    async (_name, lays) => {
      const name = `</text><script>alert("1")</script> & 'more'`;
      const layout = await lays({
        id: name,
        initial: name,
        states: { [name]: { on: { [name]: name } } },
      });
      const svg = svgOf(layout);
      expect(svg).not.toContain("<script");
      expect(svg.match(/<text/g)?.length).toBe(svg.match(/<\/text>/g)?.length);
      expect(svg.replaceAll(/&#\d+;/g, "")).not.toContain("&");
    },
  );
});

describe("Mermaid", () => {
  it("has every state and every line", () => {
    const text = mermaidOf(definition);
    expect(text.startsWith("stateDiagram-v2\n")).toBe(true);
    expect(text).toContain('state "connecting" as connecting');
    expect(text).toContain("state migrating {");
    expect(text).toMatch(/^ {2}connecting_authenticating --> connected: server\.pong$/m);
    expect(text).toMatch(/^ {2}reconnecting_authenticating --> reconnecting_subscribing: server\.pong$/m);
    expect(text).toMatch(/^ {2}reconnecting_subscribing --> connected: server\.pong$/m);
    expect(text).toMatch(/^ {2}closed --> \[\*\]$/m);
    expect(text.match(/ as /g)).toHaveLength(chartOf(definition).states.size - 1);
    const arrows = text.match(/ --> (?!\[\*\])(?<!\[\*\] --> )/g)?.length ?? 0;
    expect(arrows).toBe(linesOf(chartOf(definition)).length);
  });

  it("takes no name for a word of Mermaid, and nothing in a name for its syntax", () => {
    const states = { end: { on: { 'a: "b"; #c {d}': "the state" } }, "the state": {} };
    const text = mermaidOf({ id: "m", initial: "end", states });
    expect(text).toContain('state "end" as end_\n');
    expect(text).toContain('state "the state" as the_state\n');
    expect(text).toMatch(/^ {2}end_ --> the_state: [\w ]+$/m);
  });
});

describe("a snapshot's value", () => {
  it.each([
    ["connected", "connected", ["m.connected"]],
    [{ a: "b" }, "a › b", ["m.a", "m.a.b"]],
    [{ a: { b: "c" }, d: "e" }, "a › b › c + d › e", ["m.a", "m.a.b", "m.a.b.c", "m.d", "m.d.e"]],
    [{ a: {} }, "a", ["m.a"]],
    [null, "", []],
  ])("%j reads as %s", (value, text, ids) => {
    expect(stateText(value)).toBe(text);
    expect([...activeIds("m", value)]).toEqual(ids);
  });
});
