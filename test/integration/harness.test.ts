// The harness itself: a test that trusts a server that was never killed, paused or told proves nothing.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as dial, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { connect, type NatsError } from "../../src/index.js";
import { type FakeServer, fakeServer, info } from "../harness/fake-server.js";
import { leftovers, nothingLeft } from "../harness/leftovers.js";
import { startCluster, startServer, type TestServer } from "../harness/nats-server.js";
import { answered, freePorts, greeting } from "../harness/ports.js";
import { relay } from "../harness/relay.js";
import { servers } from "../harness/versions.js";

const sockets: Socket[] = [];

/** A raw connection and all that it got so far. */
function connection(port: number): { socket: Socket; text: () => string } {
  const socket = dial(port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  socket.on("error", () => {});
  sockets.push(socket);
  return { socket, text: () => text };
}

const sees = (what: string, isSo: () => boolean) =>
  answered(
    () => what,
    async () => isSo() || undefined,
  );

/** The cluster as a node tells of it. */
async function clusterOf(node: TestServer): Promise<string[]> {
  const urls = (await greeting(node.port))?.["connect_urls"];
  return Array.isArray(urls) ? urls.sort() : [];
}

/** The state of a process as Linux tells it: T is stopped; undefined where there is none. */
function processState(pid: number): string | undefined {
  try {
    return /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  } catch (error) {
    if (!["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    return undefined;
  }
}

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

it("knows two different versions, unless NATS_SERVERS names others", () => {
  const versions = new Set(servers.map(({ version }) => version)).size;
  expect(versions).toBeGreaterThanOrEqual(process.env["NATS_SERVERS"] === undefined ? 2 : 1);
});

it("finds ports that differ and that nobody listens on", async () => {
  const ports = await freePorts(50);
  expect(new Set(ports).size).toBe(50);
  expect(await greeting(ports[0] ?? 0)).toBeUndefined();
});

describe.each(servers)("nats-server $label in the harness", ({ path, version }) => {
  let server: TestServer;

  afterEach(() => server.stop());

  it("greets with its version as soon as it is started", async () => {
    server = await startServer({ path });
    expect(await greeting(server.port)).toMatchObject({ version, port: server.port });
    expect(server.log()).toContain("Server is ready");
  });

  it("dies by kill, and comes back on the same port by restart", async () => {
    server = await startServer({ path });
    const { socket } = connection(server.port);
    await once(socket, "connect");
    const { pid } = server;
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await server.kill();
    await closed;
    expect(processState(pid ?? 0)).toBeUndefined();
    expect(server.pid).toBeUndefined();
    expect(await greeting(server.port)).toBeUndefined();
    await server.restart();
    expect(await greeting(server.port)).toMatchObject({ port: server.port });
    expect(server.pid).not.toBe(pid);
  });

  it("answers nobody while it is paused, and answers then", async () => {
    server = await startServer({ path });
    const { socket, text } = connection(server.port);
    await sees("INFO", () => text().includes("\r\n"));
    server.pause();
    await sees("it is stopped", () => processState(server.pid ?? 0) === "T");
    const before = text();
    socket.write("CONNECT {}\r\nPING\r\n");
    expect(await greeting(server.port)).toBeUndefined();
    expect(text()).toBe(before);
    server.resume();
    await sees("PONG", () => text().includes("PONG\r\n"));
  });

  it("tells its clients of lame duck mode", async () => {
    server = await startServer({ path, config: { lame_duck_grace_period: "1s", lame_duck_duration: "30s" } });
    const { socket, text } = connection(server.port);
    await sees("INFO", () => text().includes("\r\n"));
    socket.write('CONNECT {"protocol":1}\r\nPING\r\n');
    await sees("PONG", () => text().includes("PONG\r\n"));
    server.lameDuck();
    await sees("INFO with ldm", () => /INFO .*"ldm":true/.test(text()));
  });

  it("takes its configuration as text or as an object, and another one while it runs", async () => {
    server = await startServer({ path, config: "max_payload: 1000" });
    expect(await greeting(server.port)).toMatchObject({ max_payload: 1_000 });
    await server.reload({ max_payload: 2_000, authorization: { token: "secret" } });
    expect(await greeting(server.port)).toMatchObject({ max_payload: 2_000, auth_required: true });
    await server.restart();
    expect(await greeting(server.port)).toMatchObject({ max_payload: 2_000, auth_required: true });
  });

  it("says why where it does not start", async () => {
    server = await startServer({ path });
    await expect(startServer({ path, config: "max_payload: nonsense" })).rejects.toThrow(
      /does not start.*conf/s,
    );
    await expect(startServer({ path, port: server.port })).rejects.toThrow(/address already in use/);
    await expect(startServer({ path: "/nowhere/nats-server" })).rejects.toThrow(/ENOENT/);
  });

  it("tells about itself by its monitor", async () => {
    server = await startServer({ path, monitor: true });
    const { socket } = connection(server.port);
    await once(socket, "connect");
    expect(await server.monitor("varz")).toMatchObject({ version, port: server.port });
  });

  it("forms a cluster whose nodes tell of each other and notice a dead one", async () => {
    const cluster = await startCluster(3, { path });
    const [first, second, third] = cluster.nodes as [TestServer, TestServer, TestServer];
    server = first;
    const all = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).sort();
    for (const node of cluster.nodes) expect(await clusterOf(node)).toEqual(all);
    expect(cluster.nodeAt(`127.0.0.1:${second.port}`)).toBe(second);
    await third.kill();
    await answered(
      () => "the dead node is forgotten",
      async () => (await clusterOf(first)).length === 2 || undefined,
    );
    await cluster.stop();
    expect(await greeting(second.port)).toBeUndefined();
  });
});

describe("a fake server", () => {
  let server: FakeServer;

  afterEach(() => server.close());

  it("does to each connection what it is told", async () => {
    server = await fakeServer((socket) => void socket.write(info({ port: 1, nonce: "abc" })));
    expect(await greeting(server.port)).toMatchObject({ port: 1, nonce: "abc", version: "2.10.0" });
    expect(server.connections).toBe(1);
    await server.emptied();
  });

  it("may say nothing at all", async () => {
    server = await fakeServer(() => {});
    const { socket, text } = connection(server.port);
    await server.connectionCount(1);
    socket.write("PING\r\n");
    expect(await greeting(server.port)).toBeUndefined();
    expect(text()).toBe("");
  });
});

describe("what is left of clients", () => {
  let server: FakeServer;

  afterEach(() => server.close());

  it("is each socket and each timer of theirs, with where it began; nothing once they are closed", async () => {
    server = await fakeServer((socket) => {
      socket.write(info());
      socket.on("data", (data) => {
        for (const _ of data.toString().matchAll(/PING\r\n/g)) socket.write("PONG\r\n");
      });
    });
    const nc = await connect({ port: server.port, pingInterval: 77_000 });
    nc.subscribe("a", { timeout: 88_000, callback: () => {} });
    const own = setTimeout(() => {}, 99_000);
    expect(leftovers()).toEqual({
      timers: [
        expect.stringMatching(/^77000 ms, src\/effects\/.*:\d+$/),
        expect.stringMatching(/^88000 ms, src\/(effects|api)\/.*:\d+$/),
      ],
      sockets: [`127.0.0.1:${server.port}`],
    });
    clearTimeout(own);
    await nc.close();
    expect(leftovers()).toEqual(nothingLeft);
  });

  it("is also what an attempt in the middle of its TLS handshake has", async () => {
    let greeted = () => {};
    const there = new Promise<void>((resolve) => {
      greeted = resolve;
    });
    server = await fakeServer((socket) => {
      socket.write(info({ tls_required: true }));
      socket.once("data", () => greeted());
    });
    const controller = new AbortController();
    const { signal } = controller;
    const refused = connect({ port: server.port, timeout: 66_000, tls: { timeout: 77_000 }, signal }).catch(
      (error: NatsError) => error.code,
    );
    await there;
    const { timers, sockets } = leftovers();
    expect(timers).toContainEqual(expect.stringMatching(/^77000 ms, src\/effects\/node\/tls\.ts:\d+$/));
    expect(timers).toContainEqual(expect.stringMatching(/^66000 ms, /));
    expect(sockets).toEqual([`127.0.0.1:${server.port}`]);
    controller.abort();
    expect(await refused).toBe("CANCELLED");
    await server.emptied();
    await sees("nothing left", () => leftovers().timers.length + leftovers().sockets.length === 0);
  });
});

describe("a relay", () => {
  let server: FakeServer;

  afterEach(() => server.close());

  it("ends a link in good order, and passes nothing on after that", async () => {
    const arrived: string[] = [];
    server = await fakeServer((socket) => {
      socket.write("hello\r\n");
      socket.on("data", (chunk) => void arrived.push(`${chunk}`));
    });
    const way = await relay(server.port);
    const { socket, text } = connection(way.port);
    const errors: Error[] = [];
    socket.on("error", (error) => void errors.push(error));
    await sees("the greeting", () => text() === "hello\r\n");
    expect(way.links.map(({ isOpen }) => isOpen)).toEqual([true]);
    const ended = once(socket, "end");
    way.links[0]?.end();
    socket.write("too late");
    await ended;
    await server.emptied();
    await sees("the end of the link", () => way.links[0]?.isOpen === false);
    expect({ arrived, errors }).toEqual({ arrived: [], errors: [] });
    await way.close();
  });

  it("refuses where it is closed, and comes back on the same port", async () => {
    server = await fakeServer((socket) => void socket.write(info({ port: 1 })));
    const way = await relay(server.port);
    await way.close();
    expect(await greeting(way.port)).toBeUndefined();
    const again = await relay(server.port, { port: way.port });
    expect(again.port).toBe(way.port);
    expect(await greeting(way.port)).toMatchObject({ port: 1 });
    await again.close();
  });
});
