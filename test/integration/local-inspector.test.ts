// The page of the local inspector in a real Chromium, fed by real clients. What messages mean: test/inspector/story;
// how a chart is laid out: test/inspector/drawing; who may talk to the server: local-inspector-server.test.ts.
// `SCREENSHOTS=docs npx vitest run test/integration/local-inspector.test.ts` photographs it for the docs.

import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createWebSocketInspector } from "@statelyai/inspect";
import axe from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createActor, createMachine, type InspectionEvent } from "xstate";
import { buildInspectorPage } from "../../scripts/inspector-page.mjs";
import type { Inspect } from "../../src/effects/inspect.js";
import { type ConnectionOptions, connect, type NatsConnection } from "../../src/index.js";
import { stateText } from "../../src/inspector/drawing/active.js";
import { MAX_MESSAGE_BYTES } from "../../src/inspector/relay.js";
import { type LocalInspector, serveLocalInspector } from "../../src/inspector/serve.js";
import { openChromium } from "../harness/chromium.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { freePorts } from "../harness/ports.js";
import { servers } from "../harness/versions.js";

const { path } = servers[0] as (typeof servers)[number];
let browser: Browser;
let folder: string;
let inspector: LocalInspector;
const pages: Page[] = [];
const requests: string[] = [];
const complaints: string[] = [];
const open: NatsConnection[] = [];
const running: TestServer[] = [];
const inspectors: { stop(): void }[] = [];

beforeAll(async () => {
  browser = await openChromium();
  folder = await mkdtemp(join(tmpdir(), "inspector-page-"));
  await buildInspectorPage(folder);
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  inspector = await serveLocalInspector({ page: folder });
  requests.length = 0;
  complaints.length = 0;
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((nc) => nc.close()));
  await Promise.all(pages.splice(0).map((page) => page.close()));
  for (const one of inspectors.splice(0)) one.stop();
  await inspector.close();
  await Promise.all(running.splice(0).map((server) => server.stop()));
  expect(complaints).toEqual([]);
});

/** Opens the page and waits until it listens: one that comes late gets no more than the backlog. */
async function openPage(options: BrowserContextOptions = {}): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
  pages.push(page);
  page.on("request", (request) => requests.push(request.url()));
  page.on("websocket", (socket) => requests.push(socket.url()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(inspector.url);
  await page.getByText("Listening").waitFor();
  return page;
}

async function server(port?: number): Promise<TestServer> {
  const one = await startServer(port === undefined ? { path } : { path, port });
  running.push(one);
  return one;
}

/** What goes to the page goes to the test as well. */
function observed(values: unknown[] = []): Inspect {
  const { inspect, stop } = createWebSocketInspector({ url: inspector.relayUrl });
  inspectors.push({ stop });
  return (event: InspectionEvent) => {
    inspect.next?.(event);
    if (event.type === "@xstate.snapshot" && "value" in event.snapshot) values.push(event.snapshot.value);
  };
}

const door = {
  id: "door",
  initial: "shut",
  states: { shut: { on: { open: "open", knock: {} } }, open: { on: { close: "shut" } } },
};
const step = (type: string, value: string) => ({
  type: "@xstate.snapshot",
  sessionId: "x:0",
  createdAt: "0",
  event: { type },
  snapshot: { value, context: {}, status: "active" },
});

/** Says messages as they are, faster than any machine. */
async function speaker(): Promise<(message: object) => void> {
  const socket = new WebSocket(inspector.relayUrl);
  inspectors.push({ stop: () => socket.terminate() });
  await once(socket, "open");
  return (message) => socket.send(JSON.stringify(message));
}

function connecting(options: ConnectionOptions): Promise<NatsConnection> {
  return connect({ maxReconnectAttempts: -1, ...options }).then((nc) => {
    open.push(nc);
    return nc;
  });
}

/**
 * Waits until the page says that it shows that state, and has lit it, the states around it, and no other: all at one
 * moment, since a client that reconnects is on its way again a moment later.
 */
async function shows(page: Page, state: string, machine = "connection"): Promise<void> {
  const expected = state.split(" + ").flatMap((part) => {
    const keys = part.split(" › ");
    return keys.map((_, depth) => `[data-state="${[machine, ...keys.slice(0, depth + 1)].join(".")}"]`);
  });
  const all = expected.map((one) => `:has(.lit${one})`).join("");
  const others = expected.map((one) => `:not(${one})`).join("");
  const named = page.locator(`#state:text-is("${state}")`);
  await page.locator(`body${all}:not(:has(.lit${others}))`, { has: named }).waitFor();
}

/** An attribute of all elements that match, as they are at one moment. */
function attributes(page: Page, selector: string, name: string): Promise<readonly string[]> {
  return page
    .locator(selector)
    .evaluateAll(
      (all: { getAttribute(name: string): string }[], of) => all.map((one) => one.getAttribute(of)),
      name,
    );
}

/** The states that are lit, inner ones after outer ones: `reconnecting.backingOff`. */
async function lit(page: Page): Promise<readonly string[]> {
  const ids = await attributes(page, ".state.lit", "data-state");
  return ids.map((id) => id.replace("connection.", ""));
}

/** The same of a snapshot's value. */
function ids(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return Object.entries(value as object).flatMap(([key, inner]) => [
    key,
    ...ids(inner).map((id) => `${key}.${id}`),
  ]);
}

async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  // Drawn, and told of its new size: two frames.
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  const found = (await page.evaluate("axe.run()")) as axe.AxeResults;
  expect(found.passes.length).toBeGreaterThan(10);
  return found.violations.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(" ")}`,
  );
}

describe("the local inspector's page", { timeout: 60_000 }, () => {
  it("follows a client through start, outage, reconnect, drain and end, with the right state lit at each step", async () => {
    const [port = 0] = await freePorts(1);
    const values: unknown[] = [];
    const page = await openPage();
    await page.getByText("Nothing to show yet").waitFor();
    const connected = connecting({
      port,
      reconnectTimeWait: 300,
      reconnectJitter: 0,
      waitOnFirstConnect: true,
      inspect: observed(values),
    });
    await shows(page, "connecting › backingOff");
    const nats = await server(port);
    const nc = await connected;
    await shows(page, "connected");
    await nats.kill();
    await shows(page, "reconnecting › backingOff");
    await nats.restart();
    await shows(page, "connected");

    // A reader that takes its time keeps the connection draining.
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const sub = nc.subscribe("slow");
    const reading = (async () => {
      for await (const _ of sub) await finished;
    })();
    nc.publish("slow");
    await nc.flush();
    const drained = nc.drain();
    await shows(page, "draining › subscriptions");
    finish();
    await Promise.all([drained, reading]);
    await shows(page, "closed");

    // Back through all of it, step by step, by the keyboard: each state once more, as the client had it.
    const seen: (readonly string[])[] = [];
    await page.locator("#position").focus();
    for (let left = values.length; left > 0; left--) {
      seen.unshift(await lit(page));
      await page.keyboard.press("ArrowLeft");
    }
    expect(seen).toEqual(values.map(ids));
    expect(values.map(stateText)).toContain("reconnecting › dialing");
    expect(await page.locator("#live").getAttribute("aria-pressed")).toBe("false");

    const loopback = /^(?:http|ws):\/\/127\.0\.0\.1:\d+\//;
    expect(requests.length).toBeGreaterThan(3);
    expect(requests.filter((url) => !loopback.test(url))).toEqual([]);
  });

  it("shows a page that is opened late what happened before", async () => {
    const nats = await server();
    const values: unknown[] = [];
    const early = await openPage();
    const nc = await connecting({ port: nats.port, inspect: observed(values) });
    await nc.drain();
    await shows(early, "closed");
    const late = await openPage();
    await shows(late, "closed");
    expect(await late.locator("#count").textContent()).toBe(`${values.length} of ${values.length}`);
    expect(await late.locator("#steps li").allTextContents()).toEqual(
      await early.locator("#steps li").allTextContents(),
    );
  });

  it("draws the way that was taken, says why, and shows what the step changed and asked for", async () => {
    const nats = await server();
    const page = await openPage();
    await connecting({ port: nats.port, reconnectTimeWait: 60_000, inspect: observed() });
    await shows(page, "connected");
    await nats.kill();
    await shows(page, "reconnecting › backingOff");
    const taken = await attributes(page, ".line.taken", "data-line");
    expect(taken).toEqual([
      "connection.connected → connection.reconnecting",
      "connection.reconnecting.selecting → connection.reconnecting.backingOff",
    ]);
    expect(await page.locator(".why").textContent()).toBe("socket.closed");
    const walked = await attributes(page, ".line.walked", "data-line");
    expect(walked).toContain("connection.connecting.authenticating → connection.connected");
    expect(walked).not.toContain("connection.connected → connection.draining");
    expect(await page.locator("#effects li strong").allTextContents()).toEqual([
      "stopTimer",
      "holdOutbound",
      "notifyStatus",
      "startTimer",
    ]);
    expect(await page.locator("#effects li").last().textContent()).toContain("timer reconnect");
    const changed = page.locator("#context li.changed", { hasText: "live" }).first();
    expect(await changed.textContent()).toContain("null");
    expect(await changed.textContent()).toContain("was 12 fields");
    expect(await page.locator("#about").textContent()).toContain("Every server was tried");
    expect(await page.locator("#waits").textContent()).toContain("Waits for timer.fired, ");
  });

  it("stays at a step that is looked at while more happens, and follows again when told to", async () => {
    const nats = await server();
    const page = await openPage();
    const nc = await connecting({ port: nats.port, inspect: observed() });
    await shows(page, "connected");
    await page.getByRole("button", { name: "One step back" }).click();
    await shows(page, "connecting › authenticating");
    const context = await page.locator("#context").textContent();
    await nc.drain();
    // The list goes on, the picture does not.
    await page.locator("#steps li", { hasText: "→ closed" }).waitFor();
    expect(await lit(page)).toEqual(["connecting", "connecting.authenticating"]);
    expect(await page.locator("#context").textContent()).toBe(context);
    await page.getByRole("button", { name: "Live" }).click();
    await shows(page, "closed");
  });

  it("walks through the list by arrow keys, with one stop for the tab key", async () => {
    const nats = await server();
    const page = await openPage();
    const nc = await connecting({ port: nats.port, inspect: observed() });
    await nc.close();
    await shows(page, "closed");
    const stops = page.locator('#steps button[tabindex="0"]');
    expect(await stops.count()).toBe(1);
    await stops.focus();
    await page.keyboard.press("Home");
    await shows(page, "connecting › dialing");
    await page.keyboard.press("ArrowDown");
    await shows(page, "connecting › greeting");
    expect(await page.locator("#steps button:focus").getAttribute("aria-current")).toBe("step");
    await page.keyboard.press("End");
    await shows(page, "closed");
  });

  it("tells several connections apart, and which process is gone", async () => {
    const nats = await server();
    const page = await openPage();
    const first = await connecting({ port: nats.port, inspect: observed() });
    await shows(page, "connected");
    await connecting({ port: nats.port, inspect: observed() });
    await page.locator("#actor option", { hasText: "process 2" }).waitFor({ state: "attached" });
    await first.close();
    await shows(page, "closed");
    await page.locator("#actor").selectOption({ index: 1 });
    await shows(page, "connected");
    inspectors[0]?.stop();
    await page.locator("#actor option", { hasText: "process 1, gone" }).waitFor({ state: "attached" });
    expect(await page.locator("#actor option").allTextContents()).toEqual([
      expect.stringContaining("(process 1, gone): closed"),
      expect.stringContaining("(process 2): connected"),
    ]);
  });

  it("draws a machine that it never saw, with states beside one another", async () => {
    const page = await openPage();
    const player = createMachine({
      id: "player",
      type: "parallel",
      states: {
        sound: {
          initial: "stopped",
          states: {
            stopped: { on: { play: "playing" } },
            playing: { entry: "show", on: { stop: "stopped" } },
          },
        },
        volume: {
          initial: "loud",
          states: { loud: { on: { mute: "muted" } }, muted: { on: { unmute: "loud" } } },
        },
      },
    });
    const actor = createActor(player, { inspect: observed() as (event: InspectionEvent) => void }).start();
    actor.send({ type: "play" });
    await shows(page, "sound › playing + volume › loud", "player");
    expect(await page.locator("#effects strong").allTextContents()).toEqual(["show"]);
    expect(await violations(page)).toEqual([]);
    actor.stop();
  });

  it("makes one row of what repeats itself without changing anything", async () => {
    const page = await openPage();
    const say = await speaker();
    say({ type: "@xstate.actor", sessionId: "x:0", name: "door", definition: JSON.stringify(door) });
    say(step("xstate.init", "shut"));
    for (let count = 0; count < 40; count++) say(step("knock", "shut"));
    say(step("open", "open"));
    await shows(page, "open", "door");
    const rows = await page.locator("#steps li").allTextContents();
    expect(rows.map((row) => row.replace(/^[\d.]+ s /, "").replace(/ +/g, " "))).toEqual([
      "start → shut",
      "knock × 40",
      "open → open",
    ]);
    expect(await page.locator("#count").textContent()).toBe("42 of 42");
  });

  it("keeps the last 2,000 steps of a long life, and can go back through them", async () => {
    const page = await openPage();
    const say = await speaker();
    say({ type: "@xstate.actor", sessionId: "x:0", name: "door", definition: JSON.stringify(door) });
    for (let count = 0; count < 2_500; count++) {
      say(count % 2 === 0 ? step("open", "open") : step("close", "shut"));
    }
    await page.locator("#count", { hasText: /^2500 of 2500$/ }).waitFor();
    expect(await page.locator("#steps li").count()).toBe(2_000);
    await page.locator("#position").focus();
    await page.keyboard.press("Home");
    expect(await page.locator("#count").textContent()).toBe("501 of 2500");
    await shows(page, "open", "door");
    await page.keyboard.press("End");
    await shows(page, "shut", "door");
    expect(await page.locator("#live").getAttribute("aria-pressed")).toBe("true");
  });

  it("comes back by itself when the inspector was away", async () => {
    const port = Number(new URL(inspector.url).port);
    const page = await openPage();
    await inspector.close();
    await page.getByText("trying again").waitFor();
    inspector = await serveLocalInspector({ page: folder, port });
    await page.getByText("Listening").waitFor();
    // What a browser says of a socket that finds nobody is no complaint of the page.
    complaints.length = 0;
  });

  it("shows one that lives, not a process that is gone, until somebody chose or stopped", async () => {
    const introduce = {
      type: "@xstate.actor",
      sessionId: "x:0",
      name: "door",
      definition: JSON.stringify(door),
    };
    const early = await openPage();
    const gone = async (count: number) => {
      inspectors.pop()?.stop();
      await early
        .locator("#actor option", { hasText: `process ${count}, gone` })
        .waitFor({ state: "attached" });
    };
    const opened = async () => {
      const say = await speaker();
      say(introduce);
      say(step("xstate.init", "shut"));
      say(step("open", "open"));
      return say;
    };
    const chosen = (page: Page) => page.locator("#actor option:checked").textContent();
    await opened();
    await shows(early, "open", "door");
    await gone(1);
    // Nobody else is there: its end is what is to be seen.
    expect(await chosen(early)).toContain("process 1, gone");
    await opened();
    await early.locator("#actor option", { hasText: "process 2" }).waitFor({ state: "attached" });
    expect(await chosen(early)).toContain("(process 2)");
    const late = await openPage();
    await shows(late, "open", "door");
    expect(await chosen(late)).toContain("(process 2)");
    // Who looks back at a step keeps it in view, as does who chose.
    await early.getByRole("button", { name: "One step back" }).click();
    await late.locator("#actor").selectOption({ index: 1 });
    await gone(2);
    await opened();
    for (const page of [early, late]) {
      await page.locator("#actor option", { hasText: "process 3" }).waitFor({ state: "attached" });
      expect(await chosen(page)).toContain("process 2, gone");
    }
    await early.getByRole("button", { name: "Live" }).click();
    expect(await chosen(early)).toContain("(process 3)");
  });

  it("says where earlier steps are not kept, and of each row when it was", async () => {
    const page = await openPage();
    const say = await speaker();
    const earlier = page.getByText("Earlier steps are not kept");
    say({ type: "@xstate.actor", sessionId: "x:0", name: "door", definition: JSON.stringify(door) });
    say({ ...step("xstate.init", "shut"), createdAt: "1700000000000" });
    say({ ...step("knock", "shut"), createdAt: "1700000001000" });
    say({ ...step("knock", "shut"), createdAt: "1700000002500" });
    say({ ...step("open", "open"), createdAt: "1e300" });
    await shows(page, "open", "door");
    expect(await earlier.isVisible()).toBe(false);
    expect(await attributes(page, "#steps button", "title")).toEqual([
      "2023-11-14T22:13:20.000Z",
      "2023-11-14T22:13:21.000Z – 2023-11-14T22:13:22.500Z",
      "",
    ]);
    for (let count = 0; count < 1_000; count++) {
      say(step("close", "shut"));
      say(step("open", "open"));
    }
    await earlier.waitFor();
    await page.locator("#count", { hasText: /^2004 of 2004$/ }).waitFor();
    const late = await openPage();
    await shows(late, "open", "door");
    expect(await late.getByText("Earlier steps are not kept").isVisible()).toBe(true);
    expect(await late.locator("#count").textContent()).toBe("2000 of 2000");
  });

  it("says that a step was too large, shows what is left of it, and why a process was let go", async () => {
    const page = await openPage();
    const say = await speaker();
    say({ type: "@xstate.actor", sessionId: "x:0", name: "door", definition: JSON.stringify(door) });
    say(step("knock", "shut"));
    await shows(page, "shut", "door");
    const notice = page.locator("#cut");
    expect(await notice.isVisible()).toBe(false);
    const text = "\u202e".repeat(3) + "x".repeat(5 * 1024 * 1024);
    say({ ...step("open", "open"), snapshot: { value: "open", context: { text }, status: "active" } });
    await shows(page, "open", "door");
    expect(await notice.textContent()).toMatch(/^The message of this step had 5\d{6} characters: it is cut/);
    const context = (await page.locator("#context").textContent()) ?? "";
    expect(context).toContain("\\u202e\\u202e\\u202exxx");
    expect(context).toContain(`(cut: it has ${text.length} characters)`);
    say(step("close", "shut"));
    await shows(page, "shut", "door");
    expect(await notice.isVisible()).toBe(false);
    say({ type: "@xstate.snapshot", text: "x".repeat(MAX_MESSAGE_BYTES) });
    const option = page.locator("#actor option", {
      hasText: "gone: one of its messages had more than 64 MiB",
    });
    await option.waitFor({ state: "attached" });
  });

  it("could not call anybody else if it wanted to", async () => {
    let calls = 0;
    const other = createServer((_request, response) => {
      calls++;
      response.writeHead(200, { "access-control-allow-origin": "*" }).end();
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
    const page = await openPage();
    const outcome = await page.evaluate(`fetch("${url}").then(() => "answered", (error) => error.name)`);
    expect(outcome).toBe("TypeError");
    expect(calls).toBe(0);
    expect(complaints.join()).toContain("Content Security Policy");
    complaints.length = 0;
    other.close();
  });
});

describe("the local inspector's page on a narrow screen", { timeout: 60_000 }, () => {
  const narrow = { viewport: { width: 400, height: 800 } };
  /** How far the timeline is from the top of the window, and where the chart is scrolled to. */
  const places = (page: Page) =>
    page.evaluate(`(() => {
      const { scrollLeft, scrollTop } = document.querySelector("#chart");
      return [Math.abs(Math.round(document.querySelector("#timeline").getBoundingClientRect().top)), scrollLeft, scrollTop];
    })()`) as Promise<readonly number[]>;
  /** Whether all of the lit state is to be seen in the chart's frame. */
  const isLitInside = (page: Page) =>
    page.evaluate(`(() => {
      const lit = [...document.querySelectorAll(".state.lit")].at(-1).getBoundingClientRect();
      const chart = document.querySelector("#chart").getBoundingClientRect();
      return lit.left >= chart.left && lit.right <= chart.right && lit.top >= chart.top && lit.bottom <= chart.bottom;
    })()`);

  it("brings each new state into view within the chart, and never moves the page", async () => {
    const nats = await server();
    // So low that there is something to scroll to.
    const page = await openPage({ viewport: { width: 400, height: 400 } });
    const nc = await connecting({ port: nats.port, inspect: observed() });
    await shows(page, "connected");
    expect(await isLitInside(page)).toBe(true);
    // The list is read, with the chart above the window.
    await page.evaluate(`document.querySelector("#timeline").scrollIntoView()`);
    // A page is scrolled by whole pixels, and what is above has parts of one.
    const stays = async () => expect((await places(page))[0]).toBeLessThan(2);
    await stays();
    for (const [key, state] of [
      ["Home", "connecting › dialing"],
      ["ArrowDown", "connecting › greeting"],
      ["End", "connected"],
    ] as const) {
      await page.locator('#steps button[tabindex="0"]').focus();
      await page.keyboard.press(key);
      await shows(page, state);
      expect(await isLitInside(page)).toBe(true);
      await stays();
    }
    await nc.close();
    await shows(page, "closed");
    expect(await isLitInside(page)).toBe(true);
    await stays();
  });

  it("leaves the chart where its reader put it while the state stays", async () => {
    const page = await openPage(narrow);
    const nats = await server();
    const nc = await connecting({ port: nats.port, inspect: observed() });
    await shows(page, "connected");
    await page.getByRole("button", { name: "One step back" }).click();
    await shows(page, "connecting › authenticating");
    await page.evaluate(`document.querySelector("#chart").scrollTo(500, 300)`);
    const before = await places(page);
    await nc.close();
    await page.locator("#steps li", { hasText: "→ closed" }).waitFor();
    expect(await lit(page)).toEqual(["connecting", "connecting.authenticating"]);
    expect(await places(page)).toEqual(before);
  });

  it("shows all of what happened in a step", async () => {
    const page = await openPage(narrow);
    const nats = await server();
    await connecting({ port: nats.port, reconnectTimeWait: 60_000, inspect: observed() });
    await shows(page, "connected");
    await nats.kill();
    await shows(page, "reconnecting › backingOff");
    const hidden = await page.evaluate(
      `(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)(document.querySelector("#step"))`,
    );
    expect(hidden).toBe(0);
  });
});

describe.each(["light", "dark"] as const)(
  "the local inspector's page, %s",
  { timeout: 60_000 },
  (colorScheme) => {
    it("has no accessibility violation while empty, live, looking back, and on a narrow screen", async () => {
      const page = await openPage({ colorScheme });
      await page.getByText("Nothing to show yet").waitFor();
      expect(await violations(page)).toEqual([]);
      const nats = await server();
      await connecting({ port: nats.port, reconnectTimeWait: 60_000, inspect: observed() });
      await shows(page, "connected");
      expect(await violations(page)).toEqual([]);
      await nats.kill();
      await shows(page, "reconnecting › backingOff");
      await page.getByRole("button", { name: "One step back" }).click();
      expect(await violations(page)).toEqual([]);
      await page.setViewportSize({ width: 420, height: 800 });
      expect(await violations(page)).toEqual([]);
    });

    it("tells who does not see it each new state, and moves nothing for who asks so", async () => {
      const page = await openPage({ colorScheme, reducedMotion: "reduce" });
      const nats = await server();
      const nc = await connecting({ port: nats.port, inspect: observed() });
      await page
        .getByRole("status")
        .filter({ hasText: /^connected$/ })
        .waitFor();
      const durations = await page.evaluate(
        `[...document.querySelectorAll("*")].map((one) => getComputedStyle(one).transitionDuration)`,
      );
      expect([...new Set(durations as string[])]).toEqual(["0s"]);
      await nc.close();
      await page
        .getByRole("status")
        .filter({ hasText: /^closed$/ })
        .waitFor();
      expect(await page.getByRole("img").getAttribute("aria-label")).toBe(
        "Chart of connection, now in closed",
      );
    });

    if (process.env["SCREENSHOTS"] === "docs") {
      it("is photographed for the docs, in an outage", async () => {
        const page = await openPage({ colorScheme });
        const nats = await server(4222);
        await connecting({
          port: nats.port,
          reconnectTimeWait: 400,
          reconnectJitter: 0,
          name: "orders",
          inspect: observed(),
        });
        await shows(page, "connected");
        await nats.kill();
        await page.locator("#steps li", { hasText: "attempt 4" }).first().waitFor();
        await shows(page, "reconnecting › backingOff");
        await mkdir("docs/images", { recursive: true });
        await page.screenshot({ path: `docs/images/inspector-${colorScheme}.png`, animations: "disabled" });
      });
    }
  },
);
