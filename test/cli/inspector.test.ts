// The inspector that `inspect` and `replay --inspect` open: which one, where, what it is told to its end, and why there is none.

import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { createActor, createMachine } from "xstate";
import { CommandFailed, UsageError } from "../../src/cli/command.js";
import {
  type InspectorWishes,
  type OpenInspector,
  openInspector,
  untilStopped,
} from "../../src/cli/inspector.js";
import * as lateInspect from "../../src/cli/late-inspect.js";
import { plainPaint, type Terminal } from "../../src/cli/terminal.js";
import * as lateParts from "../../src/effects/node/late-parts.js";
import type { Limits } from "../../src/inspector/backlog.js";
import * as pages from "../../src/inspector/find-page.js";
import { openPage } from "./page.js";

let folder: string;
const opened: OpenInspector[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "inspector-"));
  for (const name of ["index.html", "inspector.js", "inspector.css", "icon.svg"])
    writeFileSync(join(folder, name), `this is ${name}`);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  for (const inspector of opened.splice(0)) await inspector.close();
});

function terminal(more: Partial<Terminal> = {}) {
  const printed = { out: [] as string[], err: [] as string[] };
  return {
    ...printed,
    terminal: {
      out: (text: string) => void printed.out.push(text),
      err: (text: string) => void printed.err.push(text),
      paint: plainPaint,
      env: {},
      stopped: new AbortController().signal,
      ...more,
    },
  };
}

async function open(wishes: InspectorWishes, keep?: Limits) {
  const { terminal: on, out, err } = terminal();
  const inspector = await openInspector(wishes, on, keep);
  opened.push(inspector);
  return { inspector, out, err };
}

/** What is said instead of an inspector. */
const refused = (wishes: InspectorWishes) => open(wishes).catch((error: unknown) => error);

describe("the inspector", () => {
  it("is the hosted one, or the page of this package, and says where", async () => {
    vi.spyOn(pages, "findPage").mockResolvedValue(folder);
    const hosted = await open({});
    expect(await (await fetch(hosted.inspector.url)).text()).toContain('src="https://stately.ai/inspect"');
    expect([hosted.out, hosted.err]).toEqual([[`Inspector: ${hosted.inspector.url}`], []]);
    const local = await open({ local: true });
    expect(await (await fetch(local.inspector.url)).text()).toBe("this is index.html");
    expect([local.out, local.err]).toEqual([[`Inspector: ${local.inspector.url}`], []]);
  });

  it("is at the port that is asked for; 0 is a free one", async () => {
    const { inspector } = await open({ port: "0" });
    const { port } = new URL(inspector.url);
    expect(await refused({ port })).toEqual(
      new CommandFailed(`port ${port} is taken: leave --port away, or take another`),
    );
    await opened.pop()?.close();
    expect((await open({ port })).inspector.url).toBe(inspector.url);
  });

  it.each(["", "65536", "x1", "1x", "1e3", "-1", "1.5", " 1"])("takes no %j for a port", async (port) => {
    expect(await refused({ port })).toEqual(
      new UsageError("--port must be a port, from 0 (a free one) to 65535"),
    );
  });

  it("takes the last port there is", async () => {
    const blocker = createServer().listen(65_535, "127.0.0.1");
    await Promise.race([once(blocker, "listening"), once(blocker, "error")]);
    expect(await refused({ port: "65535" })).toEqual(
      new CommandFailed("port 65535 is taken: leave --port away, or take another"),
    );
    blocker.close();
  });
});

describe("what the inspector is told", () => {
  const deep = Array.from({ length: 15 }).reduce<object>((inner) => ({ inner }), { bottom: "reached" });
  const machine = createMachine({
    id: "light",
    initial: "green",
    context: { deep },
    states: { green: { on: { go: "red" }, meta: deep }, red: {} },
  });

  /** A machine that lives under that inspector, and goes from green to red. */
  function live({ inspect }: OpenInspector): void {
    const actor = createActor(machine, { inspect }).start();
    actor.send({ type: "go" });
  }

  it("arrives to its last word before the page ends, however deep it is", async () => {
    const { inspector } = await open({});
    const page = await openPage(inspector.url);
    live(inspector);
    await opened.pop()?.close();
    await page.until(({ messages }) => messages.some(({ type }) => type === "client.left"));
    expect(page.states()).toEqual(["green", "red"]);
    const told = page.messages.map(({ definition, snapshot }) => definition ?? JSON.stringify(snapshot));
    // The definition, and a snapshot of each state.
    expect(told.filter((text) => text?.includes('"bottom":"reached"'))).toHaveLength(3);
  });

  it("is cut where it is too large for a page", async () => {
    const { inspector } = await open({});
    const page = await openPage(inspector.url);
    const large = createMachine({ id: "large", context: { text: "x".repeat(5 * 1024 * 1024) } });
    createActor(large, { inspect: inspector.inspect }).start();
    await page.until(({ messages }) => messages.some(({ cut = 0 }) => cut > 5 * 1024 * 1024));
    page.close();
  });

  it("is kept for a page that opens late as long as it is told to", async () => {
    const { inspector } = await open({}, { messages: 1, text: 1_000_000 });
    const early = await openPage(inspector.url);
    live(inspector);
    await early.until(({ states }) => states().at(-1) === "red");
    const late = await openPage(inspector.url);
    await late.until(({ messages }) => messages.some(({ type }) => type === "backlog.over"));
    expect(late.states()).toEqual(["red"]);
  });

  /** The sockets that are made from here on. */
  function socketsMade(): WebSocket[] {
    const made: WebSocket[] = [];
    class Remembered extends WebSocket {
      constructor(url: string) {
        super(url);
        made.push(this);
      }
    }
    const late = { WebSocket: Remembered, WebSocketServer };
    vi.spyOn(lateParts, "loadWs").mockResolvedValue(late as never);
    return made;
  }

  it("is told to nobody where the way to the page broke: the machine lives on, and all ends as ever", async () => {
    const made = socketsMade();
    const { inspector } = await open({});
    const [socket] = made as [WebSocket];
    socket.emit("error", new Error("reset"));
    const closed = once(socket, "close");
    socket.terminate();
    await closed;
    live(inspector);
    await opened.pop()?.close();
    await expect(fetch(inspector.url)).rejects.toThrow("fetch failed");
  });

  it("may break at its very end too", async () => {
    const made = socketsMade();
    const { inspector } = await open({});
    const [socket] = made as [WebSocket];
    vi.spyOn(socket, "close").mockImplementation(() => {
      socket.emit("error", new Error("reset"));
      socket.terminate();
    });
    await opened.pop()?.close();
    await expect(fetch(inspector.url)).rejects.toThrow("fetch failed");
  });
});

describe("no inspector", () => {
  const HINT =
    "the inspector needs two packages: npm install @statelyai/inspect ws\n" +
    "or, without installing: npx -p nats-statechart -p @statelyai/inspect -p ws nats-statechart inspect";

  it.each([
    ["loadInspect", () => vi.spyOn(lateInspect, "loadInspect")],
    ["loadWs", () => vi.spyOn(lateParts, "loadWs")],
  ] as const)("says what to install, or what is wrong: %s", async (_load, spied) => {
    const { PackageFailure } = lateParts;
    const spy = spied();
    spy.mockRejectedValue(new PackageFailure("ws", true, new Error("not found")));
    expect(await refused({})).toEqual(new CommandFailed(HINT));
    const broken = new PackageFailure("ws", false, new Error("EMFILE"));
    spy.mockRejectedValue(broken);
    expect(await refused({})).toEqual(new CommandFailed(broken.message));
    spy.mockRejectedValue(new TypeError("a bug"));
    expect(await refused({})).toEqual(new TypeError("a bug"));
  });

  it("says that the page is not built where it is not", async () => {
    vi.spyOn(pages, "findPage").mockRejectedValue(new Error("the page of the local inspector is not built"));
    expect(await refused({ local: true })).toEqual(
      new CommandFailed("the page of the local inspector is not built"),
    );
  });
});

describe.skipIf(process.platform === "win32")("--open", () => {
  it("opens the page in a browser that outlives the tool", async () => {
    const seen = join(folder, "seen");
    for (const name of ["xdg-open", "open"]) {
      const browser = join(folder, name);
      // Ctrl-C in a terminal ends all of a group: this process leads another one.
      const lines = ["#!/bin/sh", 'kill -s 0 -- -$$ && echo "alone: $*" > seen.new', "/bin/mv seen.new seen"];
      writeFileSync(browser, lines.join("\n").replaceAll("seen", seen));
      chmodSync(browser, 0o755);
    }
    vi.stubEnv("PATH", folder);
    const { inspector, err } = await open({ open: true });
    const looked = watch(folder);
    while (!existsSync(seen)) await once(looked, "change");
    looked.close();
    expect(readFileSync(seen, "utf8")).toBe(`alone: ${inspector.url}\n`);
    expect(err).toEqual([]);
  });

  it("says so where none can be opened, and shows the page all the same", async () => {
    vi.stubEnv("PATH", "/nowhere");
    const said = new Promise<string>((resolve) => {
      const { terminal: on } = terminal({ err: resolve });
      void openInspector({ open: true }, on).then((inspector) => opened.push(inspector));
    });
    expect(await said).toBe("no browser could be opened: open the page yourself");
  });
});

it("the tool stays until it is stopped, and not at all where it was", async () => {
  const stop = new AbortController();
  const { terminal: on } = terminal({ stopped: stop.signal });
  let isOver = false;
  const stayed = untilStopped(on).then(() => {
    isOver = true;
  });
  await Promise.resolve();
  expect(isOver).toBe(false);
  stop.abort();
  await stayed;
  await untilStopped(on);
});
