// The commands in the process of the test: what each prints and returns, and how a wrong call ends. As a process, as their user
// has them: usage.test.ts, chart.test.ts, and test/integration/cli-*.test.ts.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { chart } from "../../src/cli/chart.js";
import type { Finding } from "../../src/cli/check/findings.js";
import { check } from "../../src/cli/check.js";
import { type Command, readArguments, UsageError } from "../../src/cli/command.js";
import { inspect } from "../../src/cli/inspect.js";
import { replayCommand } from "../../src/cli/replay.js";
import { storyJson, storyLines } from "../../src/cli/story.js";
import { plainPaint } from "../../src/cli/terminal.js";
import { replay } from "../../src/machine/index.js";
import { startEmbeddedServer } from "../../src/testing/index.js";
import { outage } from "./recordings.js";

/** Runs a command: its exit code, and what it printed on stdout. */
async function ran(command: Command, args: readonly string[], env: Record<string, string> = {}) {
  const printed: string[] = [];
  const code = await command.run(args, {
    out: (text) => void printed.push(text),
    err: (text) => expect.unreachable(`printed on stderr: ${text}`),
    paint: plainPaint,
    env,
    stopped: new AbortController().signal,
  });
  return { code, lines: printed, text: printed.join("\n") };
}

const folder = mkdtempSync(join(tmpdir(), "commands-"));
const file = join(folder, "outage.json");
beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify(outage));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a command that is called wrongly", () => {
  it.each<[Command, readonly string[], string]>([
    [check, ["wss://me:s3cret@127.0.0.1"], "check takes no ws:// or wss:// server"],
    [check, ["127.0.0.1", "ws://127.0.0.1"], "check takes no ws:// or wss:// server"],
    [check, ["--frobnicate"], "unknown option --frobnicate"],
    [check, ["--user"], "--user needs a value"],
    [check, ["--tls=yes"], "--tls takes no value"],
    [check, ["--token=s3cret"], "set NATS_TOKEN instead"],
    [check, ["nats://me:s3cret@host:port"], "no valid host and port"],
    [check, ["--timeout", "soon"], "--timeout must be"],
    [inspect, ["--port", "s3cret"], "--port must be a port, from 0 (a free one) to 65535"],
    [inspect, ["--port", "65536"], "--port must be"],
    [inspect, ["--port", "-1"], "needs a value"],
    [inspect, ["--port", "1e3"], "--port must be"],
    [inspect, [""], "a SERVER is empty"],
    [replayCommand, [], "replay takes one file"],
    [replayCommand, ["a.json", "b.json"], "replay takes one file"],
    [replayCommand, ["a.json", "--local"], "--local, --open and --port go with --inspect"],
    [replayCommand, ["a.json", "--open"], "go with --inspect"],
    [replayCommand, ["a.json", "--port", "1"], "go with --inspect"],
    [replayCommand, ["a.json", "--json", "--inspect"], "--json and --inspect exclude each other"],
    [chart, ["s3cret"], "chart takes options only"],
    [chart, ["--format", "png"], "--format must be mermaid, svg or json"],
    [chart, ["--format", "svg", "--json"], "--json and --format exclude each other"],
    [chart, ["--theme", "dark"], "--overview, --theme and --current go with --format svg"],
    [chart, ["--overview"], "go with --format svg"],
    [chart, ["--current", "connected", "--json"], "go with --format svg"],
    [chart, ["--format", "svg", "--theme", "pink"], "--theme must be light or dark"],
    [
      chart,
      ["--format", "svg", "--current", "nowhere"],
      "--current must be a state: connecting, connecting.",
    ],
  ])("%# says what is wrong, without a secret: %j", async (command, args, text) => {
    const error: unknown = await ran(command, args).then(
      ({ code }) => `it returned ${code}`,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toContain(text);
    expect((error as Error).message).not.toContain("s3cret");
  });

  it("is told what cannot be read at all", () => {
    expect(() => readArguments(["--on=1"], { on: { type: "boolean" } })).toThrow("--on takes no value");
    expect(readArguments(["a", "--on"], { on: { type: "boolean" } })).toMatchObject({
      positionals: ["a"],
      values: { on: true },
    });
  });
});

describe("chart", () => {
  it("prints the format that is asked for, Mermaid where none is", async () => {
    const { code, text } = await ran(chart, []);
    expect([code, text.startsWith("stateDiagram-v2\n")]).toEqual([0, true]);
    expect(await ran(chart, ["--format", "mermaid"])).toMatchObject({ code, text });
    const json = await ran(chart, ["--json"]);
    expect(JSON.parse(json.text)).toMatchObject({ version: 1, id: "connection", initial: "connecting" });
    for (const args of [
      ["--format", "json"],
      ["--format", "json", "--json"],
    ])
      expect(await ran(chart, args)).toEqual(json);
  });

  it("names in JSON the state that a state is in, and the one that it begins with", async () => {
    const { states } = JSON.parse((await ran(chart, ["--json"])).text) as {
      states: { id: string; parent: string | null; initial: string | null }[];
    };
    const place = (name: string) => {
      const { parent, initial } = states.find(({ id }) => id === name) ?? {};
      return [parent, initial];
    };
    expect([place("connecting"), place("connecting.dialing"), place("closed")]).toEqual([
      [null, "connecting.selecting"],
      ["connecting", null],
      [null, null],
    ]);
  });

  it("prints a picture as it is asked for", async () => {
    const picture = async (...args: string[]) => (await ran(chart, ["--format", "svg", ...args])).text;
    const plain = await picture();
    expect(await picture("--theme", "light")).toBe(plain);
    const others = [
      await picture("--theme", "dark"),
      await picture("--overview"),
      await picture("--current", "connected"),
      await picture("--current", "connecting.dialing"),
    ];
    expect(new Set([plain, ...others]).size).toBe(5);
    for (const svg of [plain, ...others]) expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\n?$/);
    const lit = (svg = "") =>
      [...svg.matchAll(/class="[^"]*\blit\b[^"]*" data-state="([^"]+)"/g)].map(([, id]) => id);
    expect([lit(others[2]), lit(others[3]), lit(plain)]).toEqual([
      ["connection.connected"],
      ["connection.connecting", "connection.connecting.dialing"],
      [],
    ]);
  });
});

describe("replay", () => {
  it("prints the steps as lines, and as JSON", async () => {
    const steps = replay(outage);
    expect(await ran(replayCommand, [file])).toMatchObject({
      code: 0,
      lines: [...storyLines(outage, steps, plainPaint)],
    });
    const { code, text } = await ran(replayCommand, [file, "--json"]);
    expect([code, JSON.parse(text)]).toEqual([0, { version: 1, steps: [...storyJson(outage, steps)] }]);
  });
});

describe("check", () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });
  const server = async (options: Parameters<typeof startEmbeddedServer>[0] = {}) => {
    const one = await startEmbeddedServer(options);
    ends.push(() => one[Symbol.asyncDispose]());
    return one;
  };
  const json = async (args: readonly string[], env: Record<string, string> = {}) => {
    const { code, text } = await ran(check, ["--json", ...args], env);
    const report = JSON.parse(text) as { version: number; ok: boolean; servers: Finding[] };
    expect(report).toMatchObject({ version: 1, ok: code === 0 });
    return report.servers;
  };
  const results = ({ steps }: Finding) => steps.map(({ result }) => result);

  it("tells of a server that is well, and of what it is", async () => {
    const { url } = await server();
    const [finding] = (await json([url])) as [Finding];
    expect(finding).toMatchObject({ ok: true, problem: null, server: url.replace("nats://", "") });
    expect(results(finding)).toEqual(["skipped", "ok", "ok", "skipped", "ok", "ok"]);
    const info = finding.steps[2]?.details;
    expect(info).toMatchObject({
      jetstream: false,
      tlsRequired: false,
      tlsAvailable: false,
      tlsVerify: false,
      authRequired: false,
      lameDuck: false,
      cluster: null,
      maxPayload: 1_048_576,
      connectUrls: [],
    });
    expect(info?.["version"]).toMatch(/^\d+\.\d+/);
    expect(finding.steps[5]?.text).toContain("(5 round trips, ");
    const { code, text } = await ran(check, [url]);
    expect([code, text.split("\n").filter((line) => line.startsWith("  ok "))]).toEqual([
      0,
      [
        expect.stringContaining("TCP"),
        expect.stringContaining("INFO"),
        expect.stringContaining("Credentials"),
        expect.stringContaining("Round trip"),
      ],
    ]);
  });

  it("tells of credentials that are missing, refused and right, wherever they were given", async () => {
    const { url } = await server({ users: [{ user: "me", pass: "s3cret" }] });
    const code = async (args: readonly string[], env: Record<string, string> = {}) => {
      const servers = await json(args, env);
      expect(JSON.stringify(servers)).not.toContain("s3cret");
      return servers[0]?.problem?.code ?? servers[0]?.steps[4]?.details["kind"];
    };
    expect(await code([url])).toBe("credentials-missing");
    expect(await code([url, "--user", "me"], { NATS_PASSWORD: "wrong" })).toBe("credentials-refused");
    expect(await code([url, "--user", "me"], { NATS_PASSWORD: "s3cret" })).toBe("user");
    expect(await code([url.replace("//", "//me:s3cret@")])).toBe("url");
    expect(await code([], { NATS_URL: url, NATS_USER: "me", NATS_PASSWORD: "s3cret" })).toBe("user");
  });

  it("fails where one of the servers is not well, and tells of each", async () => {
    const { url } = await server();
    const gone = await startEmbeddedServer();
    const closed = new URL(gone.url).port;
    await gone[Symbol.asyncDispose]();
    const servers = await json([url, `127.0.0.1:${closed}`, url]);
    expect(servers.map(({ problem }) => problem?.code)).toEqual([undefined, "refused", undefined]);
    expect(results(servers[1] as Finding)).toEqual([
      "skipped",
      "failed",
      "skipped",
      "skipped",
      "skipped",
      "skipped",
    ]);
    for (const both of [
      [url, `127.0.0.1:${closed}`],
      [`127.0.0.1:${closed}`, url],
    ]) {
      const { code, lines } = await ran(check, both);
      expect([code, lines.length]).toEqual([1, 2]);
    }
  });

  it("tells who else listens on a port", async () => {
    const http = createServer((request, response) =>
      response.end(request.headers.host?.startsWith("localhost") ? "<a href=varz>" : "<p>hello"),
    );
    http.listen(0, "127.0.0.1");
    await new Promise((resolve) => http.once("listening", resolve));
    ends.push(() => new Promise((resolve) => http.close(resolve)));
    const { port } = http.address() as AddressInfo;
    const codes = await json([`127.0.0.1:${port}`, `localhost:${port}`, "--timeout", "2000"]);
    expect(codes.map(({ problem }) => problem?.code)).toEqual(["http-server", "monitoring-port"]);
  });
});
