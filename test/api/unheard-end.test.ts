// The end of a connection of which nobody would hear: the process is told, once, by a warning. Whoever listens gets none.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { warnOfEnd } from "../../src/api/unheard-end.js";
import { type ConnectionOptions, ErrorCode, type NatsConnection, NatsError } from "../../src/index.js";
import { asNatsCore } from "../../src/nats-core/index.js";
import { Simulation } from "../../src/testing/index.js";

const warned = vi.fn<(message: string, options: object) => void>();

beforeEach(() => {
  vi.spyOn(process, "emitWarning").mockImplementation(warned as never);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  warned.mockReset();
});

/** Each warning: its message, and what it says of itself. */
const warnings = () => warned.mock.calls;

/** A client of one server, which it gives up after one failed attempt. */
async function scene(options: ConnectionOptions = {}) {
  const world = new Simulation();
  const cluster = world.cluster();
  const nc = await world.connect({ servers: cluster.urls, maxReconnectAttempts: 1, ...options });
  return {
    world,
    nc,
    crash: () => cluster.node(0).crash(),
    /** Its server is gone for good. */
    loseServer: async () => {
      cluster.node(0).crash();
      await world.advance(60_000);
      expect(nc.isClosed()).toBe(true);
    },
  };
}

describe("a connection that ends by itself, where nobody listens,", () => {
  it("tells the process once: which connection, and why", async () => {
    const { nc, loseServer } = await scene();
    nc.subscribe("orders", { callback: () => {} });
    await loseServer();
    expect(warnings()).toEqual([
      [
        "the connection to 10.0.1.1:4222 has ended: 10.0.1.1:4222: nothing accepts connections there",
        {
          type: "NatsConnectionWarning",
          code: "CONNECTION_REFUSED",
          detail: expect.stringContaining("closed(), status() or the option onStatus"),
        },
      ],
    ]);
  });

  it("tells the process how much was lost, and how", async () => {
    const { world, nc, crash } = await scene();
    nc.publish("orders", "on the wire");
    await world.advance(1);
    crash();
    await world.advance(1_000);
    for (const text of ["kept", "kept, too", "and this"]) nc.publish("orders", text);
    await world.advance(60_000);
    expect(warnings().map(([message]) => message)).toEqual([
      "the connection to 10.0.1.1:4222 has ended: 10.0.1.1:4222: nothing accepts connections there; " +
        "3 published messages were not sent, and 1 published message was sent, but no server confirmed it",
    ]);
  });

  it("tells its name, where it has one", async () => {
    const { loseServer } = await scene({ name: "the orders" });
    await loseServer();
    expect(warnings()[0]?.[0]).toMatch(/^the connection "the orders" to 10\.0\.1\.1:4222 has ended: /);
  });

  it("tells it also where it was not to reconnect", async () => {
    const { loseServer } = await scene({ reconnect: false });
    await loseServer();
    expect(warnings()).toEqual([[expect.any(String), expect.objectContaining({ code: "ECONNRESET" })]]);
  });

  it("tells nothing of a connect that is rejected", async () => {
    const world = new Simulation();
    await expect(world.connect({ servers: "10.9.9.9:1" })).rejects.toThrow("nothing accepts connections");
    await world.advance(60_000);
    expect(warnings()).toEqual([]);
  });
});

describe("the process is told nothing of an end by itself", () => {
  it.each<readonly [string, (nc: NatsConnection) => void]>([
    ["closed()", (nc) => void nc.closed()],
    ["status()", (nc) => void nc.status()],
  ])("where somebody asked for %s", async (_what, listen) => {
    const { nc, loseServer } = await scene();
    listen(nc);
    await loseServer();
    expect(warnings()).toEqual([]);
  });

  it("where onStatus was given", async () => {
    const { loseServer } = await scene({ onStatus: () => {} });
    await loseServer();
    expect(warnings()).toEqual([]);
  });

  it("where it ends a drain, which is rejected", async () => {
    const { world, nc, crash } = await scene();
    const jobs = nc.subscribe("jobs");
    nc.publish("jobs");
    await world.advance(1_000);
    const drained = nc.drain().then(
      () => undefined,
      ({ code }: NatsError) => code,
    );
    crash();
    expect(await world.until(drained)).toBe(ErrorCode.Disconnect);
    await world.advance(60_000);
    expect([jobs.getReceived(), warnings()]).toEqual([1, []]);
  });
});

describe("close()", () => {
  it("tells the process nothing where it loses nothing", async () => {
    const { world, nc } = await scene();
    nc.publish("a");
    await world.until(nc.close());
    await world.advance(60_000);
    expect(warnings()).toEqual([]);
  });

  /** Closes while something waits that no server can be given. */
  async function losing() {
    const the = await scene({ maxReconnectAttempts: -1 });
    the.crash();
    await the.world.advance(1_000);
    the.nc.publish("a", "lost");
    return the;
  }

  it("tells the process what it loses, where nobody listens", async () => {
    const { world, nc } = await losing();
    await world.until(nc.close());
    await world.advance(60_000);
    expect(warnings()).toEqual([
      [
        expect.stringContaining("1 published message was not sent"),
        expect.objectContaining({ code: "DISCONNECT" }),
      ],
    ]);
  });

  it("tells the process nothing where closed() is asked for behind it", async () => {
    const { world, nc } = await losing();
    const closing = async () => {
      await nc.close();
      return nc.closed();
    };
    expect(await world.until(closing())).toMatchObject({ code: "DISCONNECT" });
    await world.advance(60_000);
    expect(warnings()).toEqual([]);
  });
});

describe("a connection that is used through the adapter", () => {
  it.each<readonly [string, (nc: ReturnType<typeof asNatsCore>) => void]>([
    ["nothing", () => {}],
    [
      "what its own packages use",
      (nc) =>
        (nc as unknown as { addCloseListener(one: object): void }).addCloseListener({
          connectionClosedCallback: () => {},
        }),
    ],
  ])("tells the process where its user asks for %s", async (_what, use) => {
    const { nc, loseServer } = await scene();
    use(asNatsCore(nc));
    await loseServer();
    expect(warnings()).toHaveLength(1);
  });

  it.each<readonly [string, (nc: ReturnType<typeof asNatsCore>) => void]>([
    ["closed()", (nc) => void nc.closed()],
    ["status()", (nc) => void nc.status()],
    ["drain()", (nc) => void Promise.allSettled([nc.drain()])],
  ])("tells the process nothing where its user asks for %s", async (_what, listen) => {
    const { nc, crash, world } = await scene();
    const core = asNatsCore(nc);
    crash();
    listen(core);
    await world.advance(60_000);
    expect([nc.isClosed(), warnings()]).toEqual([true, []]);
  });
});

describe("the warning", () => {
  const error = new NatsError("nobody is there", ErrorCode.ConnectionRefused);
  const connection = "the connection to a:4222";

  it.each([
    ["there is no process", undefined],
    ["the process takes no warnings", { env: {} }],
  ])("goes to the console where %s", (_what, process) => {
    const console = vi.spyOn(globalThis.console, "warn").mockImplementation(() => {});
    vi.stubGlobal("process", process);
    warnOfEnd({ connection, error });
    vi.unstubAllGlobals();
    expect(console.mock.calls).toEqual([
      [expect.stringContaining("NatsConnectionWarning: the connection to a:4222 has ended: nobody is there")],
    ]);
    expect(warnings()).toEqual([]);
  });
});
