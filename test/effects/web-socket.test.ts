// The transport over a WebSocket, with a WebSocket that does what the test says: frames, back pressure, the ways to end, and
// what each failure is called. With real ones: test/integration/websocket*.test.ts, browser.test.ts.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Dialer } from "../../src/effects/node/dialing.js";
import * as lateParts from "../../src/effects/node/late-parts.js";
import type { LookupEvents } from "../../src/effects/node/names.js";
import { nodeWebSockets } from "../../src/effects/web-socket/node-web-sockets.js";
import type { WebSocketLike, WebSocketSource } from "../../src/effects/web-socket/web-socket.js";
import { notOpened, wasClosed } from "../../src/effects/web-socket/web-socket-failure.js";
import { FULL, WebSocketTransport } from "../../src/effects/web-socket/web-socket-transport.js";
import { WebWorld } from "../../src/effects/web-socket/web-world.js";
import type { Destination } from "../../src/machine/origin.js";

const server: Destination = {
  name: "a:80/nats",
  host: "a",
  port: 80,
  tlsName: null,
  otherTlsName: null,
  transport: { type: "webSocket", tls: false, path: "/nats" },
  origin: "a:80/nats",
  tls: null,
};

class FakeWebSocket implements WebSocketLike {
  static last: FakeWebSocket | undefined;
  readonly url: string;
  binaryType = "blob";
  readyState = 0;
  bufferedAmount = 0;
  onopen: WebSocketLike["onopen"] = null;
  onmessage: WebSocketLike["onmessage"] = null;
  onerror: WebSocketLike["onerror"] = null;
  onclose: WebSocketLike["onclose"] = null;
  readonly frames: Uint8Array[] = [];
  readonly closes: unknown[][] = [];
  #sent: ((error?: unknown) => void) | undefined;

  constructor(url = "") {
    this.url = url;
    FakeWebSocket.last = this;
  }

  send(data: Uint8Array, sent?: (error?: unknown) => void): void {
    this.frames.push(data.slice());
    this.bufferedAmount += data.length;
    this.#sent = sent;
  }
  close(...args: unknown[]): void {
    this.closes.push(args);
    this.readyState = 2;
  }

  opens(): void {
    this.readyState = 1;
    this.onopen?.({} as never);
  }
  says(data: unknown): void {
    this.onmessage?.({ data } as never);
  }
  fails(problem: object): void {
    this.readyState = 3;
    this.onerror?.(problem as never);
  }
  closed(code: number, reason = ""): void {
    this.readyState = 3;
    this.onclose?.({ code, reason, wasClean: code !== 1006 } as never);
  }
  /** The network took all but that many bytes; the package `ws` says so. */
  leaves(bytes: number, says = false): void {
    this.bufferedAmount = bytes;
    if (says) this.#sent?.();
  }
  /** The network broke: what was held is gone. */
  breaks(): void {
    this.bufferedAmount = 0;
    this.#sent?.(new Error("EPIPE"));
  }
}

interface Scene {
  readonly transport: WebSocketTransport;
  readonly told: unknown[][];
  readonly socket: FakeWebSocket;
}

function told(): { told: unknown[][]; events: ConstructorParameters<typeof WebSocketTransport>[1] } {
  const all: unknown[][] = [];
  const tell =
    (name: string) =>
    (...args: unknown[]) =>
      void all.push([name, ...args]);
  const events = {
    opened: tell("opened"),
    secured: tell("secured"),
    data: (chunk: Uint8Array) => void all.push(["data", new TextDecoder().decode(chunk)]),
    drained: tell("drained"),
    halfClosed: tell("halfClosed"),
    queued: tell("queued"),
    dialing: tell("dialing"),
    closed: tell("closed"),
  };
  return { told: all, events };
}

async function dialed(source: Partial<WebSocketSource> = {}): Promise<Scene> {
  const { told: all, events } = told();
  const open = (url: string) => new FakeWebSocket(url);
  const transport = new WebSocketTransport(server, events, { open, ...source });
  await vi.advanceTimersByTimeAsync(0);
  return { transport, told: all, socket: FakeWebSocket.last as FakeWebSocket };
}

async function opened(): Promise<Scene> {
  const scene = await dialed();
  scene.socket.opens();
  scene.told.length = 0;
  return scene;
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeWebSocket.last = undefined;
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("a transport over a WebSocket", () => {
  it("dials the URL of the server, and never tells anything before dial returned", async () => {
    const { events, told: all } = told();
    new WebSocketTransport(server, events, {
      open: () => {
        throw new Error("at once");
      },
    });
    expect(all).toEqual([]);
    await vi.advanceTimersByTimeAsync(0);
    expect(all).toEqual([["closed", new Error("at once")]]);
    expect((await dialed()).socket.url).toBe("ws://a:80/nats");
  });

  it("asks for bytes, and takes frames of every kind as bytes", async () => {
    const { socket, told: all } = await opened();
    expect(socket.binaryType).toBe("arraybuffer");
    socket.says(new TextEncoder().encode("INFO {").buffer);
    socket.says(new TextEncoder().encode("xx}\r\nxx").subarray(2, 5));
    socket.says("PING\r\n");
    expect(all).toEqual([
      ["data", "INFO {"],
      ["data", "}\r\n"],
      ["data", "PING\r\n"],
    ]);
  });

  it("tells the address that was reached, where its source knows it", async () => {
    const open: WebSocketSource["open"] = (_url, { reached }) => {
      reached("10.0.0.1:80");
      return new FakeWebSocket();
    };
    const { socket, told: all } = await dialed({ open });
    socket.opens();
    expect(all).toEqual([["opened", "10.0.0.1:80"]]);
  });

  it("takes a WebSocket that is open already", async () => {
    const open = async () => {
      const socket = new FakeWebSocket();
      socket.readyState = 1;
      return socket;
    };
    const { told: all } = await dialed({ open });
    expect(all).toEqual([["opened", undefined]]);
  });

  it("reports as written what the network has, in order, and looks no longer than there is something to see", async () => {
    const { transport, socket } = await opened();
    const written: string[] = [];
    expect(transport.write(new Uint8Array(10), () => written.push("first"))).toBe(true);
    expect(transport.write(new Uint8Array(20), () => written.push("second"))).toBe(true);
    socket.leaves(21);
    await vi.advanceTimersByTimeAsync(100);
    expect(written).toEqual([]);
    socket.leaves(20);
    await vi.advanceTimersByTimeAsync(10);
    expect(written).toEqual(["first"]);
    expect(vi.getTimerCount()).toBe(1);
    socket.leaves(0);
    await vi.advanceTimersByTimeAsync(10);
    expect(written).toEqual(["first", "second"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("reports at the end what was out by then, and nothing that was not", async () => {
    for (const [left, code, told] of [
      [0, 1000, ["first", "second"]],
      [5, 1000, ["first"]],
      [0, 1006, []],
    ] as const) {
      const { transport, socket } = await opened();
      const written: string[] = [];
      transport.write(new Uint8Array(10), () => written.push("first"));
      transport.write(new Uint8Array(5), () => written.push("second"));
      transport.end();
      socket.leaves(left);
      socket.closed(code);
      expect(written).toEqual(told);
      await vi.advanceTimersByTimeAsync(100);
      expect(written).toEqual(told);
      expect(vi.getTimerCount()).toBe(0);
    }
  });

  it("is full when the WebSocket holds more than FULL bytes, and has room again at half of it", async () => {
    const { transport, socket, told: all } = await opened();
    expect(transport.write(new Uint8Array(FULL))).toBe(true);
    expect(transport.write(new Uint8Array(1))).toBe(false);
    socket.leaves(FULL / 2 + 1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(all).toEqual([]);
    socket.leaves(FULL / 2);
    await vi.advanceTimersByTimeAsync(10);
    expect(all).toEqual([["drained"]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ["a message", (socket: FakeWebSocket) => socket.says("+OK\r\n")],
    ["the news that bytes are sent", (socket: FakeWebSocket) => socket.leaves(0, true)],
  ])("sees the room at %s too, since timers are slow in a tab that nobody sees", async (_what, happens) => {
    const { transport, socket, told: all } = await opened();
    expect(transport.write(new Uint8Array(FULL + 1))).toBe(false);
    socket.leaves(0);
    happens(socket);
    expect(all.filter(([name]) => name === "drained")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(all.filter(([name]) => name === "drained")).toHaveLength(1);
  });

  it("does not take for sent what was thrown away", async () => {
    const { transport, socket } = await opened();
    const written = vi.fn();
    transport.write(Uint8Array.of(1), written);
    socket.breaks();
    expect(written).not.toHaveBeenCalled();
    socket.closed(1006);
    expect(written).not.toHaveBeenCalled();
  });

  it("gives nothing to a WebSocket that is closing: it would be lost", async () => {
    const { transport, socket } = await opened();
    socket.readyState = 2;
    const written = vi.fn();
    expect(transport.write(Uint8Array.of(1), written)).toBe(false);
    expect(written).not.toHaveBeenCalled();
    expect(socket.frames).toEqual([]);
  });

  it("ends with a normal closure, and is silent until it is closed", async () => {
    const { transport, socket, told: all } = await opened();
    transport.end();
    expect(socket.closes).toEqual([[1000]]);
    socket.says("late");
    expect(all).toEqual([]);
    socket.closed(1006);
    expect(all).toEqual([["closed", null]]);
  });

  it("ends where no WebSocket is open yet", async () => {
    const { transport, told: all } = await dialed({ open: () => new Promise(() => {}) });
    transport.end();
    expect(all).toEqual([["closed", null]]);
  });

  it("is silent after destroy, and an error that comes late finds somebody", async () => {
    const { transport, socket, told: all } = await opened();
    transport.write(new Uint8Array(FULL + 1));
    transport.destroy();
    expect(socket.closes).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
    socket.leaves(0);
    socket.says("late");
    socket.fails({ message: "late" });
    socket.closed(1006);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(all).toEqual([]);
    expect(socket.onerror).not.toBeNull();
  });

  it.each<readonly [string, (scene: Scene) => void]>([
    ["it is open", ({ socket }) => socket.opens()],
    ["it has failed", ({ socket }) => socket.closed(1006)],
    ["it is destroyed", ({ transport }) => transport.destroy()],
    ["it is ended", ({ transport }) => transport.end()],
  ])("gives its turn back when %s", async (_what, happens) => {
    let ends = 0;
    const ask: WebSocketSource["ask"] = (_told, begin) => {
      begin();
      return { end: () => void ends++ };
    };
    const scene = await dialed({ ask });
    expect(ends).toBe(0);
    happens(scene);
    expect(ends).toBeGreaterThan(0);
  });

  it("is destroyed at once where the WebSocket can be terminated", async () => {
    const { transport, socket } = await opened();
    const terminate = vi.fn();
    Object.assign(socket, { terminate });
    transport.destroy();
    expect(terminate).toHaveBeenCalledOnce();
    expect(socket.closes).toEqual([]);
  });

  it("lets go of a WebSocket that comes after destroy", async () => {
    let give: (socket: WebSocketLike) => void = () => {};
    const open = () =>
      new Promise<WebSocketLike>((resolve) => {
        give = resolve;
      });
    const { transport, told: all } = await dialed({ open });
    transport.destroy();
    const late = new FakeWebSocket();
    give(late);
    await vi.advanceTimersByTimeAsync(0);
    expect(late.closes).toHaveLength(1);
    late.opens();
    expect(all).toEqual([]);
  });

  it("opens nothing where it is destroyed in the same turn", async () => {
    const { events } = told();
    new WebSocketTransport(server, events, { open: () => new FakeWebSocket() }).destroy();
    await vi.advanceTimersByTimeAsync(0);
    expect(FakeWebSocket.last).toBeUndefined();
  });

  it("is closed once, with the close code, where an error comes before it", async () => {
    const { socket, told: all } = await dialed();
    socket.fails({});
    socket.closed(1015);
    await vi.advanceTimersByTimeAsync(10);
    const message = expect.stringContaining("close code 1015 (TLS handshake failed)");
    expect(all).toEqual([["closed", expect.objectContaining({ message })]]);
  });

  it("is closed where an error comes and nothing else does", async () => {
    const { socket, told: all } = await dialed();
    socket.fails({ message: "Received network error" });
    await vi.advanceTimersByTimeAsync(10);
    expect(all).toEqual([
      ["closed", expect.objectContaining({ message: expect.stringContaining("Received network error") })],
    ]);
  });

  it("refuses to begin TLS: it is there from the first byte, or not at all", async () => {
    const { transport, told: all } = await opened();
    transport.secure();
    expect(all).toEqual([["closed", expect.objectContaining({ code: "TLS" })]]);
  });
});

describe("what a failure is called", () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  const coded = (message: string) => Object.assign(new Error(message), { code: "WS_ERR" });

  it.each([
    ["the error of the network, where there is one", { error: refused }, refused],
    ["the error behind one that says less", { error: new Error("failed", { cause: refused }) }, refused],
  ])("is %s", (_what, problem, error) => {
    expect(notOpened(problem, undefined)).toBe(error);
    expect(wasClosed(problem, { code: 1006, reason: "" })).toBe(error);
  });

  it.each([
    [{ error: coded("Unexpected server response: 404") }, "answered with the HTTP status 404"],
    [{ message: "Received non-101 status code." }, "opened: Received non-101 status code; nothing listens"],
    [{ error: coded("Parse Error: Expected HTTP/") }, "no WebSocket server: check that it is the port"],
    [{}, "no WebSocket could be opened; nothing listens there"],
    [undefined, "no WebSocket could be opened; nothing listens there"],
  ])("says of %o what it may have been", (problem, sentence) => {
    const error = notOpened(problem, undefined);
    expect(error).toMatchObject({ code: "CONNECTION_REFUSED" });
    expect(error.message).toContain(sentence);
  });

  it.each([
    [1000, "", "with code 1000 (normal closure)"],
    [1001, "Server Shutdown", "with code 1001 (going away): Server Shutdown"],
    [1008, "", "with code 1008 (policy violation)"],
    [4321, "own", "with code 4321: own"],
    [4321, "own\u001b[2J\u202e", "with code 4321: own\\x1b[2J\\u202e"],
  ])("is the close code %i and its reason %j", (code, reason, sentence) => {
    expect(wasClosed(undefined, { code, reason })).toMatchObject({
      code: "DISCONNECT",
      message: `the WebSocket was closed ${sentence}`,
    });
  });
});

describe("WebSockets in Node", () => {
  const underTls = { transport: { type: "webSocket", tls: true, path: "/nats" } } as const;
  /** One that is asked for addresses and gives that many; it opens no connection. */
  let addresses: readonly string[] = ["10.0.0.1"];
  const dialer = {
    lookUp: (_host: string, { found }: LookupEvents) => {
      queueMicrotask(() => found(addresses));
      return () => {};
    },
    race: () => () => {},
    queue: {
      ask: (_server: string, _told: unknown, begin: () => void) => {
        begin();
        return { end: () => {} };
      },
    },
  } as unknown as Dialer;
  afterEach(() => {
    addresses = ["10.0.0.1"];
    vi.unstubAllEnvs();
  });
  const fails = (isMissing: boolean, cause: Error) =>
    vi.spyOn(lateParts, "loadWs").mockRejectedValue(new lateParts.PackageFailure("ws", isMissing, cause));
  const notInstalled = () => fails(true, new Error("not found"));
  const dialedWith = async (tls: Parameters<typeof nodeWebSockets>[0], to: Partial<Destination> = {}) => {
    const { told: all, events } = told();
    nodeWebSockets(tls)({ ...server, ...to }, events, dialer);
    await vi.waitFor(() => expect(FakeWebSocket.last !== undefined || all.length > 0).toBe(true));
    return all;
  };

  it("are those of the runtime, where it has some", async () => {
    vi.stubGlobal("WebSocket", FakeWebSocket);
    await dialedWith(undefined, underTls);
    expect(FakeWebSocket.last?.url).toBe("wss://a:80/nats");
  });

  it.each([
    ["this version of Node has none", undefined, {}, "ws:// and wss:// with this version of Node needs"],
    ["the option tls is given", { rejectUnauthorized: false }, underTls, "the option tls over wss:// needs"],
  ])("need the package ws where %s, and say so where it is not installed", async (_what, tls, to, why) => {
    vi.stubGlobal("WebSocket", tls === undefined ? undefined : FakeWebSocket);
    notInstalled();
    const all = await dialedWith(tls, to);
    const message = `${why} the package ws: npm install ws`;
    expect(all).toEqual([["closed", expect.objectContaining({ message })]]);
  });

  it("say what is wrong with the package ws where it is installed", async () => {
    vi.stubGlobal("WebSocket", undefined);
    fails(false, new Error("EMFILE: too many open files"));
    const [[, error] = []] = await dialedWith(undefined);
    expect(error).toMatchObject({
      message: "the package ws is installed, but could not be loaded: EMFILE: too many open files",
      cause: expect.objectContaining({ message: "EMFILE: too many open files" }),
    });
  });

  it("are those of the package where the host has several addresses and the package is there", async () => {
    vi.stubGlobal("WebSocket", FakeWebSocket);
    const raced = vi.spyOn(dialer, "race");
    addresses = ["10.0.0.1", "::1"];
    nodeWebSockets(undefined)(server, told().events, dialer);
    await vi.waitFor(() => expect(raced).toHaveBeenCalled());
    expect(raced.mock.calls[0]?.[0]).toBe(addresses);
    expect(FakeWebSocket.last).toBeUndefined();
  });

  it("are the runtime's own where the host has several addresses and the package is not installed", async () => {
    vi.stubGlobal("WebSocket", FakeWebSocket);
    notInstalled();
    addresses = ["10.0.0.1", "::1"];
    await dialedWith(undefined);
    expect(FakeWebSocket.last?.url).toBe("ws://a:80/nats");
  });

  it("are not looked up where the host is an address", async () => {
    vi.stubGlobal("WebSocket", FakeWebSocket);
    const lookedUp = vi.spyOn(dialer, "lookUp");
    await dialedWith(undefined, { host: "10.0.0.1" });
    expect(lookedUp).not.toHaveBeenCalled();
  });

  it("need the package ws for wss:// where Node is told to check no certificate, and say so", async () => {
    vi.stubGlobal("WebSocket", FakeWebSocket);
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    notInstalled();
    const all = await dialedWith(undefined, underTls);
    const message = expect.stringMatching(/^NODE_TLS_REJECT_UNAUTHORIZED is 0, .* install the package ws/);
    expect(all).toEqual([["closed", expect.objectContaining({ message })]]);
    expect(FakeWebSocket.last).toBeUndefined();
    await dialedWith(undefined);
    expect(FakeWebSocket.last?.url).toBe("ws://a:80/nats");
  });

  it("stop looking up and dialing when they are destroyed", async () => {
    vi.stubGlobal("WebSocket", undefined);
    const cancelled = vi.fn();
    const { told: all, events } = told();
    const asked = vi.fn(() => cancelled);
    const waiting = { ...dialer, lookUp: asked } as unknown as Dialer;
    const transport = nodeWebSockets(undefined)(server, events, waiting);
    await vi.waitFor(() => expect(asked).toHaveBeenCalled());
    expect(cancelled).not.toHaveBeenCalled();
    transport.destroy();
    expect(cancelled).toHaveBeenCalledOnce();
    expect(all).toEqual([]);
  });

  it("stop the race of their addresses when they are destroyed", async () => {
    vi.stubGlobal("WebSocket", undefined);
    const cancelled = vi.fn();
    const race = vi.fn(() => cancelled);
    const transport = nodeWebSockets(undefined)(server, told().events, {
      ...dialer,
      race,
    } as unknown as Dialer);
    await vi.waitFor(() => expect(race).toHaveBeenCalled());
    transport.destroy();
    expect(cancelled).toHaveBeenCalledOnce();
  });

  it.each([
    ["look nothing up", {}],
    ["dial no address", { host: "10.0.0.1" }],
  ])("%s where they were destroyed while the package ws was loaded", async (_what, to) => {
    vi.stubGlobal("WebSocket", undefined);
    let load = () => {};
    const loading = new Promise<typeof import("ws")>((resolve) => {
      load = () => resolve({} as typeof import("ws"));
    });
    const loadWs = vi.spyOn(lateParts, "loadWs").mockReturnValue(loading);
    const [lookUp, race] = [vi.fn(() => () => {}), vi.fn(() => () => {})];
    const waiting = { ...dialer, lookUp, race } as unknown as Dialer;
    const transport = nodeWebSockets(undefined)({ ...server, ...to }, told().events, waiting);
    await vi.waitFor(() => expect(loadWs).toHaveBeenCalled());
    transport.destroy();
    load();
    await vi.advanceTimersByTimeAsync(0);
    expect([lookUp, race].map((called) => called.mock.calls)).toEqual([[], []]);
  });

  it("are not opened where the URL asks for TLS and the option forbids it", async () => {
    vi.stubGlobal("WebSocket", FakeWebSocket);
    const all = await dialedWith(null, underTls);
    expect(all).toEqual([["closed", expect.objectContaining({ code: "SERVER_OPT_NA" })]]);
  });
});

describe("the world of a browser", () => {
  it("dials by the WebSocket that is there, and says so where there is none", async () => {
    vi.stubGlobal("WebSocket", FakeWebSocket);
    new WebWorld().dial(server, told().events);
    await vi.advanceTimersByTimeAsync(0);
    expect(FakeWebSocket.last?.url).toBe("ws://a:80/nats");
    vi.stubGlobal("WebSocket", undefined);
    const { told: all, events } = told();
    new WebWorld().dial(server, events);
    await vi.advanceTimersByTimeAsync(0);
    expect(all).toEqual([["closed", expect.objectContaining({ message: "this runtime has no WebSocket" })]]);
  });

  it("fires a timer once, unless it is stopped, and none too early", async () => {
    const world = new WebWorld();
    const fired = vi.fn();
    world.startTimer(100, fired);
    world.stopTimer(world.startTimer(50, () => fired("stopped")));
    world.startTimer(1e12, () => fired("never"));
    await vi.advanceTimersByTimeAsync(99);
    expect(fired).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(fired.mock.calls).toEqual([[]]);
  });

  it("defers to the end of the turn, and tells the time in whole milliseconds", async () => {
    const world = new WebWorld();
    const order: string[] = [];
    world.defer(() => order.push("deferred"));
    order.push("now");
    await Promise.resolve();
    expect(order).toEqual(["now", "deferred"]);
    const before = world.now();
    await vi.advanceTimersByTimeAsync(250.7);
    expect([Number.isInteger(before), world.now() - before]).toEqual([true, 250]);
  });
});
