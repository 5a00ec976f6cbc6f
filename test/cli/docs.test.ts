// docs/cli.md against the tool: every problem, option and variable is in it, and its JSON has the fields that are printed.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { chartJson } from "../../src/cli/chart.js";
import { findingOf } from "../../src/cli/check/findings.js";
import { NOTHING_SEEN } from "../../src/cli/check/observation.js";
import { inspect } from "../../src/cli/inspect.js";
import { storyJson } from "../../src/cli/story.js";
import { chartOf } from "../../src/inspector/drawing/chart.js";
import { connectionMachine, replay } from "../../src/machine/index.js";
import { outage } from "./recordings.js";

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8");
const page = read("docs/cli.md");
const section = (title: string) => page.split(`\n## ${title}\n`)[1]?.split("\n## ")[0] ?? "";

/** The example of JSON in a section. */
function example(title: string): Record<string, never> {
  const json = /```json\n([\s\S]*?)```/.exec(section(title))?.[1];
  if (json === undefined) throw new Error(`no JSON under ${title}`);
  return JSON.parse(json);
}

const keys = (value: unknown) => Object.keys(value as object);

describe("docs/cli.md", () => {
  it("lists every problem of check, and no other", () => {
    const type = /type ProblemCode =([\s\S]*?);/.exec(read("src/cli/check/problem.ts"))?.[1] ?? "";
    const codes = [...type.matchAll(/"([a-z-]+)"/g)].map(([, code]) => code);
    const rows = section("check")
      .split("\n")
      .filter((line) => /^\| \w* *\| `/.test(line) && line.split("|").length === 5);
    const listed = rows.flatMap((row) =>
      [...(row.split("|")[2] ?? "").matchAll(/`([a-z-]+)`/g)].map(([, code]) => code),
    );
    expect(codes.length).toBeGreaterThan(20);
    expect(listed.sort()).toEqual(codes.sort());
  });

  it("has every option and variable", () => {
    const sources = ["connection-options", "inspector", "check", "replay", "chart", "inspect", "terminal"];
    const text = sources.map((name) => read(`src/cli/${name}.ts`)).join("\n");
    const options = new Set([...text.matchAll(/(?<=[\s`(])--[a-z][a-z-]+/g)].map(([option]) => option));
    const variables = new Set([...text.matchAll(/\b(?:NATS|NO|FORCE)_[A-Z]+\b/g)].map(([name]) => name));
    expect(options.size).toBeGreaterThan(15);
    expect(variables.size).toBeGreaterThan(7);
    expect([...options, ...variables].filter((name) => !page.includes(name))).toEqual([]);
  });

  it("has every way to write a server, as the help of inspect does", () => {
    for (const scheme of ["nats", "tls", "ws", "wss"]) {
      expect(page).toContain(`\`${scheme}://host:port\``);
      expect(inspect.help).toContain(`${scheme}://host:port`);
    }
  });

  it("shows the JSON of check as it is", () => {
    const given = example("check") as never as { servers: { steps: { details: object }[] }[] };
    expect(keys(given)).toEqual(["version", "ok", "servers"]);
    const finding = findingOf(
      {
        server: "a:1",
        lookup: { ms: 1, addresses: [] },
        ...NOTHING_SEEN,
        failure: { step: "dialing", code: "CONNECTION_REFUSED", message: "", complaint: null, cause: null },
        credentials: "none",
        credentialsEnd: null,
        tlsPolicy: "offered",
      },
      0,
    );
    const [server] = given.servers;
    expect(keys(server)).toEqual(keys(finding));
    expect(keys((server as never)["problem"])).toEqual(keys(finding.problem));
    const steps = server?.steps ?? [];
    expect(steps.length).toBeGreaterThan(0);
    for (const step of steps) expect(keys(step)).toEqual(keys(finding.steps[0]));
    expect(keys(server?.steps[0]?.details)).toEqual(keys(finding.steps[0]?.details));
  });

  it("shows the JSON of replay as it is", () => {
    const given = example("replay") as never as { steps: object[] };
    expect(keys(given)).toEqual(["version", "steps"]);
    const [step] = storyJson(outage, replay(outage));
    expect(given.steps.length).toBeGreaterThan(0);
    for (const one of given.steps) expect(keys(one)).toEqual(keys(step));
  });

  it("shows the JSON of chart as it is", () => {
    const chart = chartJson(chartOf(connectionMachine.config)) as {
      states: { transitions: object[]; entry: object[] }[];
    };
    const given = example("chart") as never as typeof chart;
    expect(keys(given)).toEqual(keys(chart));
    const state = chart.states.find(({ transitions }) => transitions.length > 0);
    expect(keys(given.states[0])).toEqual(keys(state));
    expect(keys(given.states[0]?.transitions[0])).toEqual(keys(state?.transitions[0]));
    const entry = chart.states.find((one) => one.entry.length > 0)?.entry[0];
    expect(keys(given.states[0]?.entry[0])).toEqual(keys(entry));
    // The state that is shown is as it is; of its transitions there may be fewer.
    const [shown] = given.states as unknown as [{ id: string; transitions: object[] }];
    const { transitions, ...rest } = chart.states.find((one) => (one as never)["id"] === shown.id) ?? {};
    const { transitions: some, ...others } = shown;
    expect(others).toEqual(rest);
    expect(some.length).toBeGreaterThan(0);
    for (const one of some) expect(transitions).toContainEqual(one);
  });
});
