// `setServers` of a connection, with the credentials that its servers are offered: over a world of sockets that do nothing of their
// own accord. What the chart makes of a list: test/machine/set-servers.test.ts.

import { describe, expect, test } from "vitest";
import { Connection } from "../../src/api/connection.js";
import { ErrorCode } from "../../src/api/errors.js";
import type { ConnectionOptions } from "../../src/api/options.js";
import type { Transport, TransportEvents, World } from "../../src/effects/world.js";
import type { Destination } from "../../src/machine/origin.js";
import { reachable } from "./reachable.js";

class Socket implements Transport {
  readonly server: Destination;
  readonly events: TransportEvents;
  readonly isOpen = true;
  written = "";
  isDestroyed = false;

  constructor(server: Destination, events: TransportEvents) {
    this.server = server;
    this.events = events;
  }

  says(line: string): void {
    this.events.data(new TextEncoder().encode(`${line}\r\n`));
  }

  write(chunk: Uint8Array, written?: () => void): boolean {
    this.written += new TextDecoder().decode(chunk);
    written?.();
    return true;
  }

  secure(): void {}
  end(): void {
    queueMicrotask(() => this.events.closed(null));
  }
  destroy(): void {
    this.isDestroyed = true;
  }

  /** The credentials in its CONNECT; undefined where none was sent. */
  get offered(): Record<string, unknown> | undefined {
    const json = /CONNECT (\{.*?\})\r\n/.exec(this.written)?.[1];
    if (json === undefined) return undefined;
    const { user, pass, auth_token } = JSON.parse(json) as Record<string, unknown>;
    return { user, pass, auth_token };
  }
}

class StillWorld implements World {
  readonly seed = 1;
  sockets: Socket[] = [];

  fillRandom(bytes: Uint8Array): void {
    crypto.getRandomValues(bytes);
  }

  now = () => 0;
  startTimer = () => ({});
  stopTimer = () => {};
  hasDeferred = false;
  defer = (run: () => void) => queueMicrotask(run);
  nextTurn = (run: () => void) => void setImmediate(run);
  dial = (server: Destination, events: TransportEvents) => {
    const socket = new Socket(server, events);
    this.sockets.push(socket);
    return socket;
  };

  get last(): Socket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("nobody was dialed");
    return socket;
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const hello = (server_id: string, ...connect_urls: readonly string[]) =>
  `INFO ${JSON.stringify({ server_id, version: "2.12.0", max_payload: 1_024, connect_urls })}`;

/** The server that was dialed last lets the client in. */
async function accepts({ last }: StillWorld, ...cluster: readonly string[]): Promise<Socket> {
  last.events.opened();
  last.says(hello(last.server.name, ...cluster));
  await settled();
  last.says("PONG");
  await settled();
  return last;
}

/** Connected to the first of these servers, which names others. */
async function connected(options: ConnectionOptions, ...cluster: readonly string[]) {
  const world = new StillWorld();
  const nc = new Connection(world, { noRandomize: true, reconnectTimeWait: 0, ...options });
  const started = nc.start();
  await accepts(world, ...cluster);
  await started;
  return { nc, world };
}

/** What each server is offered that is dialed from here on, by its name, until all of these were. */
async function offers(world: StillWorld, nc: Connection, ...names: readonly string[]) {
  const offered: Record<string, unknown> = {};
  for (let tries = 0; names.some((name) => !(name in offered)); tries++) {
    if (tries === 9) throw new Error(`not dialed: ${names.filter((name) => !(name in offered))}`);
    await nc.reconnect();
    const socket = await accepts(world);
    offered[socket.server.name] = socket.offered;
  }
  return offered;
}

const me = { user: "me", pass: "s3cret", auth_token: undefined };
const token = { user: undefined, pass: undefined, auth_token: "t0ken" };
const nobody = { user: undefined, pass: undefined, auth_token: undefined };

describe("a round trip", () => {
  const servers = ["nats://me:s3cret@a", "t0ken@b", "c"];
  const expected = { "a:4222": me, "b:4222": token, "c:4222": nobody, "d:4222": me };
  const names = Object.keys(expected);

  test("is what it is compared with: each server is offered what the URL of its origin says", async () => {
    const { nc, world } = await connected({ servers }, "d:4222");
    expect(world.last.offered).toEqual(me);
    expect(await offers(world, nc, ...names)).toEqual(expected);
  });

  test.each([
    ["servers", (nc: Connection) => nc.getServers()],
    ["their src", (nc: Connection) => nc.getServers().map(({ src }) => src)],
    ["both", (nc: Connection) => nc.getServers().map((server, at) => (at % 2 === 0 ? server : server.src))],
    [
      "servers that went through JSON",
      (nc: Connection) => JSON.parse(JSON.stringify(nc.getServers())) as string[],
    ],
  ])("with %s: they are offered the same", async (_, given) => {
    const { nc, world } = await connected({ servers }, "d:4222");
    const before = nc.getServers();
    nc.setServers(given(nc));
    expect(nc.getServers()).toEqual(before);
    // A second one makes no difference either.
    nc.setServers(given(nc));
    expect(await offers(world, nc, ...names)).toEqual(expected);
  });

  test("shows no secret on its way", async () => {
    const { nc } = await connected({ servers }, "d:4222");
    const text = JSON.stringify(nc.getServers());
    expect(text).toContain("nats://***@d:4222");
    expect(text).not.toMatch(/s3cret|t0ken/);
  });

  test("of servers without credentials of their own leaves them those of the options", async () => {
    const options = { servers: ["a", "b"], user: "me", pass: "s3cret" };
    const { nc, world } = await connected(options);
    nc.setServers(nc.getServers().map(({ src }) => src));
    expect(await offers(world, nc, "a:4222", "b:4222")).toEqual({ "a:4222": me, "b:4222": me });
  });
});

describe("another list", () => {
  test("of which a server is named again: it is offered what its new URL says, and nothing else", async () => {
    const { nc, world } = await connected({ servers: ["nats://me:s3cret@a", "nats://me:s3cret@b"] });
    nc.setServers(["nats://t0ken@a", "b"]);
    expect(await offers(world, nc, "a:4222", "b:4222")).toEqual({ "a:4222": token, "b:4222": nobody });
  });

  test("in the middle of an attempt: the server that was dialed is offered nothing any more", async () => {
    const world = new StillWorld();
    let answer: (auth: object) => void = () => {};
    const authenticator = () =>
      new Promise<object>((resolve) => {
        answer = resolve;
      });
    const options = { servers: "nats://me:s3cret@a", authenticator, noRandomize: true };
    const nc = new Connection(world, options);
    const started = nc.start();
    const old = world.last;
    old.events.opened();
    old.says(hello("A"));
    nc.setServers(["b"]);
    answer({ user: "me" });
    await settled();
    expect([old.isDestroyed, old.offered]).toEqual([true, undefined]);
    expect(world.last.server.name).toBe("b:4222");
    world.last.events.opened();
    world.last.says(hello("B"));
    answer({ user: "me" });
    await settled();
    world.last.says("PONG");
    await started;
    expect(world.last.offered).toEqual({ ...nobody, user: "me" });
  });

  test("that the authenticator itself sets: the server that asked is offered nothing", async () => {
    const world = new StillWorld();
    const nc: Connection = new Connection(world, {
      servers: "nats://me:s3cret@a",
      noRandomize: true,
      authenticator: () => {
        if (world.sockets.length === 1) nc.setServers(["b"]);
        return { user: "me" };
      },
    });
    const started = nc.start();
    const old = world.last;
    old.events.opened();
    old.says(hello("A"));
    await settled();
    expect([old.isDestroyed, old.offered]).toEqual([true, undefined]);
    await accepts(world);
    await started;
    expect(world.last.offered).toEqual({ ...nobody, user: "me" });
  });

  test.each([
    ["by src", (nc: Connection) => nc.getServers().map(({ src }) => src.replace(/^nats:/, "tls:"))],
    [
      "by servers",
      (nc: Connection) => nc.getServers().map((one) => ({ ...one, src: one.src.replace(/^nats:/, "tls:") })),
    ],
  ])(
    "that asks for TLS where there was none before asks it, and keeps the credentials: %s",
    async (_, list) => {
      const { nc, world } = await connected({ servers: ["nats://me:s3cret@a"] });
      nc.setServers(list(nc));
      expect(nc.getServers().map(({ src }) => src)).toEqual(["tls://***@a:4222"]);
      await nc.reconnect();
      const asked = world.last;
      asked.events.opened();
      asked.says(hello("A"));
      await settled();
      // It has no TLS: it is offered nothing.
      expect(asked.server).toMatchObject({ name: "a:4222", tls: "url" });
      expect([asked.isDestroyed, asked.offered]).toEqual([true, undefined]);
    },
  );

  test("with one URL that asks for TLS asks it of those that it keeps", async () => {
    const { nc, world } = await connected({ servers: ["nats://me:s3cret@a"] });
    nc.setServers([...nc.getServers(), "tls://b"]);
    expect(nc.getServers().map(({ src }) => src)).toEqual(["tls://***@a:4222", "tls://b:4222"]);
    await nc.reconnect();
    expect(world.last.server.tls).not.toBeNull();
  });

  test("may be given twice in a callback: the second one is told what the first one said", async () => {
    const lists: unknown[] = [];
    const { nc, world } = await connected({
      servers: ["nats://me:s3cret-a@a"],
      onStatus: ({ type }) => {
        if (type !== "disconnect") return;
        nc.setServers(["nats://me:s3cret-b@b"]);
        nc.setServers([...nc.getServers(), "c"]);
        lists.push(nc.getServers().map(({ src }) => src));
      },
    });
    world.last.events.closed(null);
    expect(lists).toEqual([["nats://***@b:4222", "c:4222"]]);
    expect(nc.getServers().map(({ src }) => src)).toEqual(lists[0]);
    expect(await offers(world, nc, "b:4222", "c:4222")).toEqual({
      "b:4222": { ...nobody, user: "me", pass: "s3cret-b" },
      "c:4222": nobody,
    });
  });

  test("is followed by what the cluster says of its servers: those that it learns of, and those that leave", async () => {
    const { nc, world } = await connected({ servers: ["nats://me:s3cret@a"] });
    const names = () => nc.getServers().map(({ listen }) => listen);
    nc.setServers([...nc.getServers(), "b"]);
    expect(names()).toEqual(["a:4222", "b:4222"]);
    world.last.says(hello("a:4222", "d:4222"));
    expect(names().sort()).toEqual(["a:4222", "b:4222", "d:4222"]);
    world.last.says(hello("a:4222", "e:4222"));
    expect(names().sort()).toEqual(["a:4222", "b:4222", "e:4222"]);
  });

  test("leaves no secret of the other one behind, anywhere in the connection", async () => {
    const { nc, world } = await connected({ servers: ["nats://me:s3cret-a@a", "nats://me:s3cret-b@b"] });
    const secrets = () => {
      // What was sent is the server's.
      for (const socket of world.sockets) socket.written = "";
      const texts = [...reachable(nc)];
      return ["s3cret-a", "s3cret-b", "s3cret-c"].filter((one) => texts.some((text) => text.includes(one)));
    };
    expect(secrets()).toEqual(["s3cret-a", "s3cret-b"]);
    nc.setServers(["nats://me:s3cret-c@c", "nats://***@b"]);
    // What the server in use was offered is looked for in what it says, for as long as it is in use.
    expect(world.last.server.name).toBe("a:4222");
    expect(secrets()).toEqual(["s3cret-a", "s3cret-b", "s3cret-c"]);
    await nc.reconnect();
    expect(secrets()).toEqual(["s3cret-b", "s3cret-c"]);
    await accepts(world);
    nc.setServers(["d"]);
    await nc.reconnect();
    await accepts(world);
    expect(world.last.server.name).toBe("d:4222");
    expect(secrets()).toEqual([]);
  });

  test.each([
    ["nothing", undefined],
    ["no list", "a"],
    ["an empty list", []],
    ["a list of something else", [7]],
    ["masked credentials that nobody knows", ["nats://***@x"]],
    ["a URL that is none", ["a", "http://x"]],
  ])("that is %s is refused, and changes nothing", async (_, list) => {
    const { nc, world } = await connected({ servers: ["nats://me:s3cret@a", "b"] });
    const before = nc.getServers();
    expect(() => nc.setServers(list as string[])).toThrow(
      expect.objectContaining({ code: ErrorCode.InvalidOption }),
    );
    expect(nc.getServers()).toEqual(before);
    expect(await offers(world, nc, "a:4222", "b:4222")).toEqual({ "a:4222": me, "b:4222": nobody });
  });
});
