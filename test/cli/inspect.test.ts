// `nats-statechart inspect` in the process of the test: the lines that it prints beside the picture, and how it ends. With real
// servers: test/integration/cli-inspect.test.ts.

import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as connecting from "../../src/api/connect.js";
import { CommandFailed } from "../../src/cli/command.js";
import { inspect, statusLine } from "../../src/cli/inspect.js";
import { plainPaint } from "../../src/cli/terminal.js";
import { DebugEvents, Events, NatsError, type Status } from "../../src/index.js";
import { type EmbeddedServer, startEmbeddedServer } from "../../src/testing/index.js";
import { addressIn, openPage } from "./page.js";
import { steering, steers } from "./steering.js";

const now = new Date("2026-01-02T03:04:05.678Z");
const error = (message: string) => new NatsError(message, "X");

it.each<[Status, string]>([
  [{ type: DebugEvents.Reconnecting, data: "a:1", server: "a:1" }, "dialing  a:1"],
  [{ type: Events.Disconnect, data: "a:1", server: "a:1" }, "disconnect  a:1"],
  [{ type: Events.Disconnect, data: "", server: "" }, "disconnect"],
  [{ type: DebugEvents.PingTimer, data: "2", server: "a:1" }, "pingTimer  a:1  (2 unanswered with this one)"],
  [
    { type: Events.Error, data: "X", server: "a:1", step: "dialing", error: error("a:1: nobody there") },
    "error  dialing: a:1: nobody there",
  ],
  [{ type: Events.Error, data: "X", server: "a:1", error: error("bad\r\n\u001b[2J") }, "error  a:1  bad [2J"],
])("tells of %j in a line", (status, line) => {
  expect(statusLine(status, now)).toBe(`03:04:05.678Z  ${line}`);
});

describe("inspect", () => {
  const stops: AbortController[] = [];
  const runs: Promise<unknown>[] = [];
  afterEach(async () => {
    vi.restoreAllMocks();
    for (const stop of stops.splice(0)) stop.abort();
    await Promise.allSettled(runs.splice(0));
  });

  /** The command, as it runs. */
  function started(args: readonly string[]) {
    const stop = new AbortController();
    stops.push(stop);
    const lines: string[] = [];
    const printed = new EventTarget();
    const ended = inspect.run(args, {
      out: (text) => {
        lines.push(text);
        printed.dispatchEvent(new Event("line"));
      },
      err: (text) => expect.unreachable(`printed on stderr: ${text}`),
      paint: plainPaint,
      env: {},
      stopped: stop.signal,
    });
    runs.push(ended);
    const tooEarly = (code: number) => {
      throw new Error(`it has ended with ${code}, after ${lines.join("; ")}`);
    };
    const next = () => Promise.race([once(printed, "line"), ended.then(tooEarly)]);
    return {
      lines,
      stop: () => stop.abort(),
      ended,
      /** Resolves at the next line; rejects where the command ends before. */
      next,
      /** Resolves with all lines when one of them has that text. */
      until: async (text: string) => {
        while (!lines.some((line) => line.includes(text))) await next();
        return lines.join("\n");
      },
    };
  }

  const names = ({ model }: EmbeddedServer) => [...model.connections].map(({ request }) => request?.name);

  /** An address where nobody listens. */
  async function nowhere(): Promise<string> {
    const listener = createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as AddressInfo;
    listener.close();
    await once(listener, "close");
    return `127.0.0.1:${port}`;
  }

  /** Servers are dialed again at once from here on. */
  function withoutWaiting(): void {
    const { connect } = connecting;
    vi.spyOn(connecting, "connect").mockImplementation((options) =>
      connect({ ...options, reconnectTimeWait: 1, reconnectJitter: 0 }),
    );
  }

  it("stays connected, shows the chart, and ends in good order where it is stopped", async () => {
    await using server = await startEmbeddedServer();
    const tool = started([server.url]);
    await tool.until(`connected to ${server.model.address}; Ctrl-C ends it`);
    expect(names(server)).toEqual(["nats-statechart inspect"]);
    const url = addressIn(tool.lines.join("\n"));
    const page = await openPage(url);
    await page.until(({ states }) => states().at(-1) === "connected");
    tool.stop();
    expect(await tool.ended).toBe(0);
    expect(server.clients).toBe(0);
    expect(page.states()).toContainEqual({ draining: "subscriptions" });
    expect(page.states().at(-1)).toBe("closed");
    const words = tool.lines.map((line) =>
      line.replace(/^\S+Z {2}(\w+).*/, "$1").replace(/ http.*| 127.*/, ""),
    );
    expect(words).toEqual(["Inspector:", "dialing", "connected to", "draining", "close", "closed"]);
    await expect(fetch(url)).rejects.toThrow("fetch failed");
  });

  it("takes several servers for one pool, and is at the next where one dies", async () => {
    await using one = await startEmbeddedServer();
    await using other = await startEmbeddedServer();
    const tool = started([one.url, other.url]);
    await tool.until("connected to");
    const [first, second] = one.clients === 1 ? [one, other] : [other, one];
    await first.kill();
    await tool.until(`reconnect  ${second.model.address}`);
    tool.stop();
    expect(await tool.ended).toBe(0);
  });

  it("waits for a server as long as it takes, and tells of each attempt", async () => {
    withoutWaiting();
    const address = await nowhere();
    const tool = started([address]);
    const attempts = () => tool.lines.filter((line) => line.includes(`dialing  ${address}`)).length;
    while (attempts() < 15) await tool.next();
    await using server = await startEmbeddedServer({ port: Number(address.split(":")[1]) });
    await tool.until("connected to");
    await server.kill();
    const before = attempts();
    while (attempts() < before + 15) await tool.next();
    await server.start();
    await tool.until("reconnect  ");
    tool.stop();
    expect(await tool.ended).toBe(0);
  });

  it("is no failure where it is stopped before there was a server", async () => {
    const tool = started([await nowhere()]);
    await tool.until("nothing accepts connections");
    tool.stop();
    expect(await tool.ended).toBe(0);
    expect(tool.lines.filter((line) => /connected|drain/.test(line))).toEqual([]);
    await expect(fetch(addressIn(tool.lines.join("\n")))).rejects.toThrow("fetch failed");
  });

  it("fails and says why where the credentials are refused, at first or later, and ends its page", async () => {
    withoutWaiting();
    await using server = await startEmbeddedServer({ users: [{ user: "me", pass: "s3cret" }] });
    const refused = started([server.url.replace("//", "//me:wr0ng@")]);
    const reason: unknown = await refused.ended.catch((error: unknown) => error);
    expect(reason).toBeInstanceOf(CommandFailed);
    expect((reason as Error).message).toContain("Authorization Violation");
    expect(JSON.stringify(refused.lines)).not.toMatch(/wr0ng|draining|connected/);
    await expect(fetch(addressIn(refused.lines.join("\n")))).rejects.toThrow("fetch failed");

    const later = started([server.url.replace("//", "//me:s3cret@")]);
    await later.until("connected to");
    const refusing = { type: "refusing", error: "Authorization Violation" } as const;
    server.greetNext(refusing, refusing);
    server.reset();
    await expect(later.ended).rejects.toThrow("Authorization Violation");
    await expect(later.ended).rejects.toBeInstanceOf(CommandFailed);
    expect(JSON.stringify(later.lines)).not.toMatch(/s3cret|draining/);
  });

  it("hides no bug behind the end of a connection", async () => {
    const bug = new TypeError("a bug");
    vi.spyOn(connecting, "connect").mockRejectedValue(bug);
    await expect(started(["127.0.0.1"]).ended).rejects.toBe(bug);
  });

  it("prints nothing of a server's words that steers a terminal", async () => {
    withoutWaiting();
    await using server = await startEmbeddedServer();
    server.greetNext({ type: "refusing", error: steering });
    const tool = started([server.url]);
    await tool.until("connected to");
    tool.stop();
    expect(await tool.ended).toBe(0);
    expect(steers(tool.lines.join("\n"))).toBe(false);
  });
});
