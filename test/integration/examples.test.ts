// The programs of docs/examples, as a user runs them: each a process of its own, against a real nats-server, told to stop
// by SIGTERM; a page in Chromium. That they compile is checked here too, and against the packed package by scripts/check-package.mjs.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { afterEach, describe, expect, it } from "vitest";
import { connect, type Msg, type NatsConnection } from "../../src/index.js";
import { asNatsCore } from "../../src/nats-core/index.js";
import { openChromium } from "../harness/chromium.js";
import { type ServerOptions, startServer } from "../harness/nats-server.js";
import { accepts, answered, freePorts } from "../harness/ports.js";
import { compilerSays, type Program, start, usePrograms } from "../harness/program.js";
import { servers } from "../harness/versions.js";
import { startWebSocketServer } from "../harness/web-socket-server.js";
import { startJetStream } from "../nats-core/clients.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const examples = join(root, "docs/examples");

/** What is waited for comes at once; a busy machine may take its time. */
const patience = { timeout: 15_000 };

const tested = new Set<string>();

/** Runs a program of docs/examples against the server there. */
function example(name: string, url: string, env: Readonly<Record<string, string>> = {}): Promise<Program> {
  tested.add(name);
  return start(join(examples, name), { NATS_URL: url, ...env });
}

/** What a program prints behind the last line of its work. */
function endOf(stdout: string): string {
  const lines = stdout.split("\n");
  const end = lines.findLastIndex((line) => /^(processed|not acknowledged|PUT|DEL) /.test(line));
  return lines.slice(end + 1).join("\n");
}

/** The crash of the server may have cost what was sent a moment before: then the drain says so. Nothing else is wrong. */
const lossOrNone =
  /^(the connection is closed; \d+ published messages? (was|were) sent, but no server confirmed (it|them)\n)?stopped\n$/;

const open: NatsConnection[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((nc) => nc.close()));
});

/** A client of the test itself. */
async function customer(url: string): Promise<NatsConnection> {
  const nc = await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  open.push(nc);
  return nc;
}

usePrograms();

describe("docs/examples", () => {
  // The compiler works for seconds: beside the properties, on two cores, it waits for its turn. The limit is for what hangs.
  it("compile under the strictest settings", { timeout: 120_000 }, async () => {
    expect(await compilerSays(examples)).toBe("");
  });
});

describe.each(servers)("docs/examples on nats-server $label", ({ path }) => {
  it("request-reply-service.ts: one of two is stopped under load, and every request is answered", async () => {
    await using server = await disposable(path);
    const [first, second] = await Promise.all([
      example("request-reply-service.ts", server.url),
      example("request-reply-service.ts", server.url),
    ]);
    await Promise.all([first.printed(/^ready$/m), second.printed(/^ready$/m)]);
    const nc = await customer(server.url);

    // Forty requests are under way at any time, more than the services answer at once.
    let asked = 0;
    let isEnough = false;
    const failures: unknown[] = [];
    const asking = Array.from({ length: 40 }, async () => {
      while (!isEnough) {
        const id = ++asked;
        await nc.request(`greet.n${id}`, "", { timeout: 20_000 }).then(
          (msg) => {
            if (msg.string() !== `Hello, n${id}!`) failures.push(msg.string());
          },
          (error) => failures.push(error),
        );
      }
    });
    await expect.poll(() => asked, patience).toBeGreaterThan(300);
    const stopped = await first.stop();
    const before = asked;
    await expect.poll(() => asked, patience).toBeGreaterThan(before + 100);
    isEnough = true;
    await Promise.all(asking);
    const ended = await second.stop();

    expect(failures).toEqual([]);
    const answered = [stopped, ended].map(({ stdout }) =>
      Number(/answered (\d+) requests/.exec(stdout)?.[1]),
    );
    expect(Math.min(...answered)).toBeGreaterThan(0);
    expect(answered.reduce((sum, one) => sum + one, 0)).toBe(asked);
    expect([stopped.code, ended.code, stopped.stderr, ended.stderr]).toEqual([0, 0, "", ""]);
  });

  it("jetstream-worker.ts: processes each order through a crash of the server, and stops between two", async () => {
    await using server = await startJetStream(path);
    const worker = await example("jetstream-worker.ts", server.url);
    await worker.printed(/^ready$/m);
    const core = asNatsCore(await customer(server.url));
    const js = jetstream(core);
    const order = (id: number) => js.publish("orders.new", `order ${id}`, { msgID: `${id}`, retries: 20 });
    for (let id = 1; id <= 50; id++) await order(id);
    await worker.printed(/processed 50: order 50/);
    await server.restart();
    for (let id = 51; id <= 100; id++) await order(id);
    await worker.printed(/processed 100: order 100/);

    const { num_pending: waiting, num_ack_pending: unacknowledged } = await idle(core);
    expect([waiting, unacknowledged]).toEqual([0, 0]);
    const { code, stdout, stderr } = await worker.stop();
    const processed = [...stdout.matchAll(/^processed \d+: order (\d+)$/gm)].map(([, id]) => Number(id));
    // At least once: whichever acknowledgement was late or lost, that order comes again. For the first time they come in order.
    expect([...new Set(processed)]).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect([code, stderr]).toEqual([0, ""]);
    expect(endOf(stdout)).toMatch(lossOrNone);
  }, 60_000);

  it("kv-watch.ts: tells what was set before and what changes, also after a restart of the server", async () => {
    await using server = await startJetStream(path);
    const bucket = await new Kvm(asNatsCore(await customer(server.url))).create("settings");
    await bucket.put("colour", "blue");
    const watcher = await example("kv-watch.ts", server.url);
    await watcher.printed(/^PUT colour: {"colour":"blue"}$/m);
    await bucket.put("size", "large");
    await watcher.printed(/^PUT size: {"colour":"blue","size":"large"}$/m);
    await server.restart();
    await bucket.delete("colour");
    await watcher.printed(/^DEL colour: {"size":"large"}$/m);
    const { code, stdout, stderr } = await watcher.stop();
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n").slice(1, 4)).toEqual([
      'PUT colour: {"colour":"blue"}',
      'PUT size: {"colour":"blue","size":"large"}',
      'DEL colour: {"size":"large"}',
    ]);
    expect(endOf(stdout)).toMatch(lossOrNone);
  }, 60_000);

  it("health-endpoint.ts: is healthy while it is connected only, and says in which state it is", async () => {
    await using server = await disposable(path);
    await server.kill();
    const program = await example("health-endpoint.ts", server.url, { PORT: "0" });
    const [, port] = await program.printed(/^listening on (\d+)$/m);
    const health = async () => {
      const response = await fetch(`http://127.0.0.1:${port}/health`, { headers: { connection: "close" } });
      const { nats } = (await response.json()) as { nats: string | Record<string, string> };
      return [response.status, typeof nats === "string" ? nats : Object.keys(nats)[0]];
    };
    // Not there yet, there, crashed, there again.
    await expect.poll(health, patience).toEqual([503, "connecting"]);
    await server.start();
    await expect.poll(health, patience).toEqual([200, "connected"]);
    await server.kill();
    await expect.poll(health, patience).toEqual([503, "reconnecting"]);
    await server.start();
    await expect.poll(health, patience).toEqual([200, "connected"]);
    const { code, stderr } = await program.stop();
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("opentelemetry.ts: makes a span of each state but connected, and of each step in it", async () => {
    await using server = await disposable(path);
    const program = await example("opentelemetry.ts", server.url);
    await program.printed(/^connected$/m);
    await server.kill();
    await program.printed(/'error.type': 'CONNECTION_REFUSED'/);
    await server.start();
    await program.printed(/name: 'nats reconnecting'/);
    const { code, stdout, stderr } = await program.stop();
    expect([code, stderr]).toEqual([0, ""]);

    const spans = spansIn(stdout);
    const states = spans.filter(({ parent }) => parent === undefined);
    expect(states.map(({ name }) => name)).toEqual([
      "nats connecting",
      "nats reconnecting",
      "nats draining",
      "nats closing",
    ]);
    const stepsOf = (state: (typeof states)[number] | undefined) =>
      spans.filter(({ parent }) => parent === state?.id).map(({ name }) => name);
    expect(stepsOf(states[0])).toEqual(["nats dialing", "nats greeting", "nats authenticating"]);
    expect(stepsOf(states[1]).slice(-4)).toEqual([
      "nats dialing",
      "nats greeting",
      "nats authenticating",
      "nats subscribing",
    ]);
    expect(stepsOf(states[2])).toEqual(["nats subscriptions", "nats publishers"]);
    const failed = spans.filter(({ error }) => error !== undefined);
    expect([...new Set(failed.map(({ name }) => name))]).toEqual(["nats dialing"]);
    expect(failed[0]?.error).toMatch(/nothing accepts connections/);
    expect(stdout).toContain(`'server.address': '127.0.0.1:${server.port}'`);
  });

  it("fastify-plugin.ts: asks and publishes, tells its health, and answers what is under way before it stops", async () => {
    await using server = await disposable(path, { monitor: true });
    const nc = await customer(server.url);
    const held: Msg[] = [];
    nc.subscribe("greet.*", { callback: (_error, msg) => void held.push(msg) });
    const orders: Msg[] = [];
    nc.subscribe("orders.*", { callback: (_error, msg) => void orders.push(msg) });
    await nc.flush();
    const program = await example("fastify-plugin.ts", server.url, { PORT: "0" });
    const [, url] = await program.printed(/^listening on (\S+)$/m);
    const ask = async (path: string, init: RequestInit = {}) => {
      const response = await fetch(`${url}${path}`, {
        ...init,
        headers: { connection: "close", ...init.headers },
      });
      return { status: response.status, text: await response.text() };
    };
    const post = (id: string) =>
      ask(`/orders/${id}`, { method: "POST", body: "{}", headers: { "content-type": "application/json" } });
    const health = async () => (await ask("/health")).status;

    expect(await health()).toBe(200);
    await server.kill();
    await expect.poll(health, patience).toBe(503);
    // Taken in an outage too.
    expect((await post("7")).status).toBe(202);
    await server.start();
    await expect.poll(health, patience).toBe(200);
    await expect.poll(() => nc.info !== undefined, patience).toBe(true);
    await nc.flush();
    // Whether the customer is back before it is sent is up to both; that the server got it, it says itself.
    const published = async () => {
      const { connections } = (await server.monitor("connz")) as {
        connections: { readonly cid: number; readonly in_msgs: number }[];
      };
      return connections.flatMap(({ cid, in_msgs }) => (cid === nc.info?.client_id ? [] : [in_msgs]));
    };
    await expect.poll(published, patience).toEqual([1]);
    expect((await post("8")).status).toBe(202);
    await expect.poll(() => orders.some(({ subject }) => subject === "orders.8"), patience).toBe(true);

    const answer = ask("/greet/world");
    await expect.poll(() => held.length, patience).toBe(1);
    const stopping = program.stop();
    await program.printed(/^stopping$/m);
    held[0]?.respond("Hello!");
    expect(await answer).toEqual({ status: 200, text: '{"answer":"Hello!"}' });
    const { code, stdout, stderr } = await stopping;
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^stopped$/m);
  });

  it("browser-page.ts: two pages chat, and what is written in an outage arrives after it", async () => {
    tested.add("browser-page.ts");
    const nats = await startWebSocketServer({ path });
    await using site = await served("browser-page.ts");
    await using browser = await openChromium();
    const complaints: string[] = [];
    const openPage = async () => {
      const page = await browser.newPage();
      page.on("pageerror", (error) => complaints.push(String(error)));
      await page.goto(`${site.url}/browser-page.html?server=${nats.url}`);
      const says = (state: RegExp) => page.locator("output").filter({ hasText: state }).waitFor();
      const write = async (text: string) => {
        await page.getByLabel("Message").fill(text);
        await page.getByRole("button", { name: "Send" }).click();
      };
      return { says, write, lines: () => page.locator("li:not(.under-way)").allTextContents(), page };
    };
    try {
      const [first, second] = await Promise.all([openPage(), openPage()]);
      await Promise.all([first, second].map(({ page }) => page.getByLabel("Message").waitFor()));
      await Promise.all([first.says(/^connected$/), second.says(/^connected$/)]);
      await first.write("hello");
      await expect.poll(second.lines, patience).toEqual(["hello"]);
      await nats.server.kill();
      await Promise.all([first.says(/^reconnecting, /), second.says(/^reconnecting, /)]);
      await second.write("<b>still here?</b>");
      expect(await second.page.locator("li.under-way").allTextContents()).toEqual(["<b>still here?</b>"]);
      await nats.restart();
      await Promise.all([first.says(/^connected$/), second.says(/^connected$/)]);
      await expect.poll(second.lines, patience).toEqual(["hello", "<b>still here?</b>"]);
      await first.write("yes");
      await expect.poll(second.lines, patience).toEqual(["hello", "<b>still here?</b>", "yes"]);
      expect(complaints).toEqual([]);
    } finally {
      await nats.server.stop();
    }
  }, 60_000);

  it("runs all that are there", async () => {
    const there = (await readdir(examples)).filter((name) => name.endsWith(".ts"));
    expect([...tested].sort()).toEqual(there.sort());
  });

  /** Serves a page by the command that its program names, with this client's source as the package. */
  async function served(name: string) {
    const [, command = ""] =
      /^\/\/ npx (esbuild .+)$/m.exec(await readFile(join(examples, name), "utf8")) ?? [];
    const [port] = await freePorts(1);
    const [tool = "", ...args] = command.replace("127.0.0.1:8000", `127.0.0.1:${port}`).split(" ");
    const child = spawn(
      join(root, "node_modules/.bin", tool),
      [...args, "--log-level=error", `--alias:nats-statechart=${join(root, "src/browser.ts")}`],
      { cwd: examples, stdio: ["pipe", "ignore", "inherit"] },
    );
    await answered(
      () => `the page of ${name}`,
      () => accepts(Number(port)),
    );
    return {
      url: `http://127.0.0.1:${port}`,
      [Symbol.asyncDispose]: async () => {
        // It serves for as long as somebody could type.
        child.stdin.end();
        await once(child, "close");
      },
    };
  }

  async function disposable(path: string, options: ServerOptions = {}) {
    const server = await startServer({ path, ...options });
    return Object.assign(server, { [Symbol.asyncDispose]: () => server.kill() });
  }
});

/** The worker's consumer, once nothing waits and nothing is unacknowledged. */
async function idle(core: ReturnType<typeof asNatsCore>) {
  const { consumers } = await jetstreamManager(core);
  const info = () => consumers.info("ORDERS", "worker");
  await expect.poll(async () => (await info()).num_ack_pending, patience).toBe(0);
  return info();
}

/** The spans that a ConsoleSpanExporter printed. */
function spansIn(stdout: string) {
  return stdout.split(/^(?=\{$)/m).flatMap((text) => {
    const name = /^ {2}name: '(.*)',$/m.exec(text)?.[1];
    const id = /^ {2}id: '(.*)',$/m.exec(text)?.[1];
    const parent = /^ {2}parentSpanContext: \{[^}]*spanId: '(\w+)'/m.exec(text)?.[1];
    const error = /^ {2}status: \{\s+code: 2,\s+message: '(.*)'/m.exec(text)?.[1];
    return name === undefined ? [] : [{ name, id, parent, error }];
  });
}
