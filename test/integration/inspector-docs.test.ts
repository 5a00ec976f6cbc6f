// The guide docs/inspector.md, run: each block of code as it stands, each command in this process, against a real server.
// Only the addresses are other ones, no browser is opened, and the page that --local serves is an empty one.

import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as inspect from "@statelyai/inspect";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import * as xstate from "xstate";
import { plainPaint, type Terminal } from "../../src/cli/terminal.js";
import * as client from "../../src/index.js";
import * as machine from "../../src/machine/index.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";
import { actorNamed, arrows, type Listener, listener, statesTold } from "../inspector/listener.js";

const guide = await readFile(new URL("../../docs/inspector.md", import.meta.url), "utf8");
const blocks = (language: string) =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map(([, code = ""]) => code);
const commands = blocks("sh").flatMap((block) => block.trim().split("\n"));
const block = (sign: string): string => {
  const found = blocks("ts").filter((code) => code.includes(sign));
  if (found.length !== 1) throw new Error(`${found.length} blocks of the guide have ${sign}`);
  return found[0] as string;
};

const page = vi.hoisted(() => ({ folder: "" }));
vi.mock("../../src/inspector/find-page.js", () => ({ findPage: async () => page.folder }));

const { path } = servers.at(-1) as (typeof servers)[number];
let server: TestServer;
let relay: Listener;
let file: string;
const open: client.NatsConnection[] = [];

beforeAll(async () => {
  page.folder = await mkdtemp(join(tmpdir(), "nats-statechart-page-"));
  file = join(page.folder, "connection.json");
  for (const name of ["index.html", "inspector.js", "inspector.css", "icon.svg"]) {
    await writeFile(join(page.folder, name), "");
  }
  server = await startServer({ path });
  relay = await listener();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((nc) => nc.close()));
});
afterAll(async () => {
  await server.stop();
  await relay.close();
  await rm(page.folder, { recursive: true });
});

/** Runs a block of the guide as it stands, at other addresses; returns what it printed. */
async function run(code: string, more: Readonly<Record<string, object>> = {}): Promise<unknown[][]> {
  const connect = async (options: client.ConnectionOptions) => {
    const nc = await client.connect(options);
    open.push(nc);
    return nc;
  };
  const modules: Readonly<Record<string, object>> = {
    "nats-statechart": { ...client, connect },
    "nats-statechart/machine": machine,
    "node:fs/promises": { writeFile },
    "@statelyai/inspect": inspect,
    xstate,
    ...more,
  };
  const here = code
    .replaceAll("127.0.0.1:4222", `127.0.0.1:${server.port}`)
    .replaceAll("ws://127.0.0.1:8080", relay.url)
    .replaceAll("connection.json", file)
    .replace(/^import (\{.*\}) from (".*");$/gm, "const $1 = modules[$2];");
  const printed: unknown[][] = [];
  const log = (...args: unknown[]) => void printed.push(args);
  const body = Object.getPrototypeOf(async () => {}).constructor as new (
    ...parts: string[]
  ) => (modules: object, console: object) => Promise<void>;
  await new body("modules", "console", here)(modules, { log });
  return printed;
}

/** A terminal that keeps what is printed, and a Ctrl-C. */
function terminal() {
  const lines: string[] = [];
  const stop = new AbortController();
  const print = (text: string) => void lines.push(text);
  const it: Terminal = { out: print, err: print, paint: plainPaint, env: {}, stopped: stop.signal };
  return { it, lines, stop: () => stop.abort() };
}

/** Runs a command of the guide; the browser stays closed. */
async function command(line: string, terminal: Terminal): Promise<number> {
  const [npx, tool, name, ...given] = line.split(" ");
  expect([npx, tool]).toEqual(["npx", "nats-statechart"]);
  const { inspect } = await import("../../src/cli/inspect.js");
  const { replayCommand: replay } = await import("../../src/cli/replay.js");
  const known = { inspect, replay }[name as "inspect" | "replay"];
  for (const option of given.filter((word) => word.startsWith("--"))) expect(known.help).toContain(option);
  const args = given
    .map((word) => (word === "127.0.0.1:4222" ? `127.0.0.1:${server.port}` : word))
    .map((word) => (word === "connection.json" ? file : word === "8080" ? "0" : word))
    .filter((word) => word !== "--open");
  return known.run(args, terminal);
}

/** A page of that inspector is told of a connection of that name, and in the end that it is in that state. */
async function shown(lines: readonly string[], name: string, expected: string): Promise<void> {
  const url = await vi.waitUntil(() => /Inspector: http(\S+)/.exec(lines.join("\n"))?.[1], {
    timeout: 10_000,
  });
  const socket = new WebSocket(`ws${url}page`);
  const messages: inspect.StatelyInspectionEvent[] = [];
  socket.on("message", (data) => void messages.push(JSON.parse(String(data)).message));
  await vi.waitUntil(
    () => {
      const told = messages.filter(({ type }) => type?.startsWith("@xstate."));
      return actorNamed(name)(told) !== undefined && statesTold(told).at(-1) === expected;
    },
    { timeout: 10_000 },
  );
  // Its effects are told, too.
  expect(messages.some((told) => told.type === "@xstate.event" && told.event.type === "resolveConnect")).toBe(
    true,
  );
  socket.terminate();
}

describe("the guide docs/inspector.md", () => {
  it("has code whose application shows itself in an inspector, to its end", async () => {
    await run(block("createWebSocketInspector"));
    const messages = await relay.found((all) => (statesTold(all).at(-1) === "closed" ? all : undefined));
    expect(actorNamed("connection")(messages)?.definition).not.toContain("[Object]");
    expect(statesTold(messages)).toContain("connected");
    // The table of actors, and the excerpt of a sequence diagram.
    const actors = messages.flatMap((message) => (message.type === "@xstate.actor" ? [message.name] : []));
    expect(actors).toContain("connection");
    for (const actor of actors) expect(guide).toMatch(new RegExp(`^\\| \`${actor}\``, "m"));
    const story = arrows(messages);
    for (const arrow of ["connection → server: openSocket", "connection → user: notifyStatus"]) {
      expect(story).toContain(arrow);
      expect(guide).toContain(arrow);
    }
  });

  it("has code that draws the chart in a browser's window", async () => {
    const posted: inspect.StatelyInspectionEvent[] = [];
    let isThere = (_event: { data: unknown }) => {};
    const window = {
      open: () => ({ postMessage: (message: inspect.StatelyInspectionEvent) => void posted.push(message) }),
      addEventListener: (_type: string, on: typeof isThere) => {
        isThere = on;
      },
    };
    const inBrowser = (options: object) =>
      inspect.createBrowserInspector({ ...options, window: window as never });
    await run(block("createBrowserInspector"), {
      "@statelyai/inspect": { createBrowserInspector: inBrowser },
    });
    isThere({ data: { type: "@statelyai.connected" } });
    await vi.waitUntil(() => statesTold(posted).at(-1) === "connecting.greeting", { timeout: 10_000 });
    expect(JSON.stringify(posted)).not.toMatch(/\[\.\.\.\]|\[Object\]/);
  });

  it("has code that writes a recording, which the commands of the guide walk through", async () => {
    await run(block("record: true"));
    expect(existsSync(file)).toBe(true);
    const [plain, inInspector] = commands.filter((line) => line.includes(" replay ")) as [string, string];
    const told = terminal();
    expect(await command(plain, told.it)).toBe(0);
    expect(told.lines.join("\n")).toMatch(/authenticating[\s\S]*connected/);
    const watched = terminal();
    const code = command(inInspector, watched.it);
    await shown(watched.lines, "connection", "connected");
    watched.stop();
    expect(await code).toBe(0);
  });

  it("has commands that connect and show the connection, hosted and local", async () => {
    const inspecting = commands.filter((line) => line.includes(" inspect "));
    expect(inspecting.length).toBe(3);
    for (const line of inspecting) {
      const { it, lines, stop } = terminal();
      const code = command(line, it);
      await shown(lines, "nats-statechart inspect", "connected");
      stop();
      expect(await code).toBe(0);
    }
  });

  it("has code whose observer prints the effects", async () => {
    const printed = await run(block("event.action.type"));
    expect(printed.map(([effect]) => effect)).toEqual(
      expect.arrayContaining(["openSocket", "sendConnect", "resolveConnect", "settleClosed"]),
    );
  });

  it("names every state in which a connection may be stuck, the chart's actors, and no other commands", () => {
    const stepsOf = (state: string) => Object.keys(machine.connectionMachine.states[state]?.states ?? {});
    const stuck = guide.slice(
      guide.indexOf("### Where a connection is stuck"),
      guide.indexOf("## What is cut"),
    );
    const steps = stepsOf("connecting").filter((step) => step !== "selecting");
    const drains = stepsOf("draining").map((step) => `draining.${step}`);
    expect(steps.length).toBeGreaterThan(5);
    for (const step of [...steps, ...drains]) expect(stuck).toContain(`\`${step}\``);
    expect(commands.length).toBe(5);
  });
});
