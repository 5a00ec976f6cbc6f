// Options that a call does not know: they are ignored, and the process is told. Each name is told once in a process, so that each
// test has names of its own.

import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { connect as connectInBrowser } from "../../src/api/connect-by-web-socket.js";
import type { ReconnectToServerHandler } from "../../src/api/server.js";
import { type ConnectionOptions, connect } from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";
import { all, scene } from "../nats-core/scene.js";

let warned: MockInstance;

beforeEach(() => {
  warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** What the process was told. */
function messages(): string[] {
  return warned.mock.calls.map(([message]) => message as string);
}

/** Options that no type allows. */
function loose(options: Record<string, unknown>): never {
  return options as never;
}

/** Options, and beside them what no type allows. */
function beside<Options extends object>(more: Record<string, unknown>, options: Options): Options {
  return { ...options, ...more };
}

async function connected(options: Record<string, unknown> = {}) {
  const world = new Simulation();
  const servers = world.cluster().urls;
  return { world, servers, nc: await world.connect({ servers, ...options } as ConnectionOptions) };
}

describe("an unknown option of connect", () => {
  it("is told with the one that was meant, and the connection is made", async () => {
    const { nc } = await connected({ pingIntervall: 5, colour: "red" });
    expect(nc.isClosed()).toBe(false);
    expect(warned.mock.calls).toEqual([
      [
        'connect() does not know the options "pingIntervall" (did you mean "pingInterval"?), "colour"',
        {
          type: "NatsOptionWarning",
          code: "NATS_UNKNOWN_OPTION",
          detail: expect.stringMatching(
            /^What is not known is ignored\. Known are servers, port, .*, inspect\.$/,
          ),
        },
      ],
    ]);
  });

  it("is told once, however often it is given", async () => {
    for (let n = 0; n < 3; n++) await connected({ serializer: {}, constructor: 1 });
    expect(messages()).toEqual(['connect() does not know the options "serializer", "constructor"']);
  });

  it("is not told where it has no value, or belongs to all objects of the program", async () => {
    const everywhere = Object.assign(Object.create({ ofAPrototype: 1 }), { none: undefined, empty: null });
    await connected(everywhere);
    const { nc } = await connected();
    nc.publish("a", "b", everywhere);
    expect(messages()).toEqual([]);
  });

  it("is told of the record tls, which node:tls is given as it is", async () => {
    const refused = await connect({ port: 1, tls: loose({ rejectUnauthorised: false }) }).catch(
      (error: { code: string }) => error.code,
    );
    expect(refused).toBe("CONNECTION_REFUSED");
    expect(warned.mock.calls).toEqual([
      [
        'connect() does not know the option "tls.rejectUnauthorised" (did you mean "tls.rejectUnauthorized"?)',
        expect.objectContaining({
          detail: expect.stringContaining("goes to node:tls as it is."),
        }),
      ],
    ]);
  });

  it("does not keep one that is known and wrong from being an error", async () => {
    await expect(connect(loose({ gracefulShutdown: true, timeout: -1 }))).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining('"timeout"'),
    });
  });

  it("has its name cut off where it is long, and in one line", async () => {
    await connected({ ["o\n".repeat(100)]: 1 });
    expect(messages()).toEqual([
      `connect() does not know the option "${"o\\n".repeat(32)}… (cut off: 200 characters)"`,
    ]);
  });
});

describe("in browsers an unknown option", () => {
  it("of connect and of tls is written to the console, where there is no process", async () => {
    const written = vi.spyOn(console, "warn").mockImplementation(() => {});
    vi.stubGlobal("process", undefined);
    const refused = connectInBrowser(
      loose({ queueOfBrowser: 1, tls: { ofBrowser: 1 }, servers: "nats://127.0.0.1" }),
    );
    await expect(refused).rejects.toMatchObject({ code: "INVALID_OPTION", message: /no TCP/ });
    vi.unstubAllGlobals();
    expect(written.mock.calls.map(([text]) => (text as string).split("\n")[0])).toEqual([
      'NatsOptionWarning: connect() does not know the option "queueOfBrowser"',
      'NatsOptionWarning: connect() does not know the option "tls.ofBrowser"',
    ]);
  });
});

describe("an unknown option of a call", () => {
  it.each<[call: string, option: string, meant: string]>([
    ["publish", "replay", "reply"],
    ["subscribe", "callbak", "callback"],
    ["request", "timout", "timeout"],
    ["requestMany", "maxwait", "maxWait"],
    ["flush", "timeOut", "timeout"],
  ])("is ignored and told: %s, %s", async (call, option, meant) => {
    const { world, nc } = await connected();
    nc.subscribe("echo", { callback: (_, msg) => void msg.respond("pong") });
    const calls: Readonly<Record<string, (options: never) => unknown>> = {
      publish: (options) => nc.publish("echo", "x", options),
      subscribe: (options) => nc.subscribe("echo", options),
      request: (options) => world.until(nc.request("echo", "x", options)),
      requestMany: (options) => world.until(nc.requestMany("echo", "x", options)),
      flush: (options) => world.until(nc.flush(options)),
    };
    for (let n = 0; n < 2; n++) await calls[call]?.(loose({ [option]: 5 }));
    expect(messages()).toEqual([`${call}() does not know the option "${option}" (did you mean "${meant}"?)`]);
  });

  it("is told by the name of the call: an answer is not a publish", async () => {
    const { world, nc } = await connected();
    const answers = { queue: "publishers" };
    nc.subscribe("echo", { callback: (_, msg) => void msg.respond("pong", loose(answers)) });
    const msg = await world.until(nc.request("echo"));
    nc.publish("echo", "x", loose(answers));
    nc.publishMessage(msg);
    expect([msg.string(), ...messages()]).toEqual([
      "pong",
      'respond() does not know the option "queue"',
      'publish() does not know the option "queue"',
    ]);
  });

  it("is told of a server that setServers is given, and of what reconnectToServer returns", async () => {
    const choose: ReconnectToServerHandler = (pool) => loose({ server: pool[0], dely: 5 });
    const { nc } = await connected({ reconnectToServer: choose });
    nc.setServers(nc.getServers().map((server) => ({ ...server, weight: 2 })));
    expect(messages()).toEqual([
      'reconnectToServer() does not know the option "dely" (did you mean "delay"?)',
      'setServers() does not know the option "weight"',
    ]);
  });

  it("of nats-core is told, too, and its own options are known", async () => {
    const { world, core } = await scene();
    const traced = { traceDestination: "traces", traceOnly: false };
    core.subscribe(
      "echo",
      beside({ slo: 5 }, { callback: (_, msg) => void msg.respond("pong"), queue: "q" }),
    );
    core.subscribe("others", { max: 1, timeout: 1_000, slow: 5 });
    core.publish("others", "x", beside({ expect: 1 }, { reply: "a", ...traced }));
    await world.until(core.request("echo", "x", { timeout: 100, noMux: true, reply: "r", ...traced }));
    // As @nats-io/jetstream does.
    await world.until(
      core.request("echo", "x", beside({ action: "create", pedantic: true }, { timeout: 100 })),
    );
    const many = {
      strategy: "count",
      maxMessages: 1,
      maxWait: 100,
      stall: 5,
      noMux: true,
      ...traced,
    } as const;
    await world.until(core.requestMany("echo", "x", beside({ sentinel: 1 }, many)).then((got) => all(got)));
    expect(messages()).toEqual([
      'subscribe() does not know the option "slo" (did you mean "slow"?)',
      'publish() does not know the option "expect"',
      'requestMany() does not know the option "sentinel"',
    ]);
  });
});

describe("a simulation", () => {
  it("prints the protocol with the option debug, as connect does", async () => {
    const lines: string[] = [];
    vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
    const { world, nc } = await connected({ debug: true });
    nc.publish("a", "payload");
    await world.until(nc.flush());
    expect(lines.join("\n")).toContain("> PUB a 7␍␊payload␍␊");
  });
});
