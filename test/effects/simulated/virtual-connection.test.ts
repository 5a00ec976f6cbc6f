// One virtual connection as its client sees it: TLS and its certificate, a socket that is half closed, one that does
// not read, and one whose packets vanish.

import { beforeEach, describe, expect, it } from "vitest";
import { Random } from "../../../src/effects/simulated/random.js";
import type { Certificate, ServerSocket } from "../../../src/effects/simulated/server-socket.js";
import type { VirtualHost } from "../../../src/effects/simulated/virtual-host.js";
import { VirtualNetwork } from "../../../src/effects/simulated/virtual-network.js";
import { VirtualTime } from "../../../src/effects/simulated/virtual-time.js";
import type { Destination } from "../../../src/machine/origin.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (chunk: Uint8Array) => new TextDecoder().decode(chunk);

const destination: Destination = {
  name: "server:1",
  host: "server",
  port: 1,
  tlsName: null,
  otherTlsName: null,
  transport: { type: "tcp", tls: false },
  origin: "server:1",
  tls: null,
};

describe("a virtual connection", () => {
  let time: VirtualTime;
  let network: VirtualNetwork;
  let host: VirtualHost;
  let log: string[];
  let server: ServerSocket;
  let certificate: Certificate | null;

  const note = (what: string) => void log.push(`${Math.round(time.elapsed())} ${what}`);

  /** A client, once it is connected. */
  async function connected() {
    const connection = network.dial(
      "client",
      "server:1",
      {
        opened: (address: string) => note(`opened ${address}`),
        secured: () => note("secured"),
        drained: () => note("drained"),
        halfClosed: (error) => note(`half closed ${error}`),
        queued: () => note("queued"),
        dialing: () => note("dialing"),
        data: (chunk) => note(`client: ${textOf(chunk)}`),
        closed: (error) =>
          note(error === null ? "closed" : `${(error as { code?: string }).code} ${error.message}`),
      },
      7,
    );
    await time.advance(10);
    log.length = 0;
    return connection;
  }

  beforeEach(() => {
    time = new VirtualTime();
    log = [];
    certificate = ["server", "10.0.0.1"];
    network = new VirtualNetwork(time, new Random(1), {
      latency: [5, 5],
      pipe: () => ({ window: 10, highWater: 10, pieces: 1 }),
    });
    host = network.host("server:1");
    host.listen((socket) => {
      server = socket;
      return {
        data: (chunk) => note(`server: ${textOf(chunk)}`),
        secure: () => certificate,
        closed: () => note("server closed"),
      };
    });
  });

  it("tells the server who dials from which port, and the client where it is", async () => {
    network.dial(
      "client",
      "server:1",
      { opened: (address: string) => note(`opened ${address}`) } as never,
      7,
    );
    await time.advance(10);
    expect([server.client, server.port, log]).toEqual(["client", 7, ["10 opened server:1"]]);
  });

  it.each([
    ["host", { host: "server" }],
    ["name of the certificate", { host: "other", tlsName: "10.0.0.1" }],
    ["other name", { host: "other", tlsName: "another", otherTlsName: "server" }],
  ])("is under TLS where the certificate carries the %s", async (_what, meant) => {
    const connection = await connected();
    connection.transport.secure({ ...destination, ...meant });
    expect(connection.certificate).toBeNull();
    await time.advance(20);
    expect(log).toEqual(["20 secured"]);
    expect(connection.certificate).toEqual(["server", "10.0.0.1"]);
    server.end();
    await time.advance(20);
    expect(log.slice(1)).toEqual(["35 closed"]);
  });

  it.each([
    { host: "other" },
    { host: "server", tlsName: "another" },
    { host: "server", tlsName: "another", otherTlsName: "other" },
  ])("fails where the certificate is for another host than %j", async (meant) => {
    const connection = await connected();
    connection.transport.secure({ ...destination, ...meant });
    await time.advance(20);
    expect(log).toEqual(["20 TLS the certificate of the server is for another host", "25 server closed"]);
    expect([connection.isClosed, connection.certificate]).toEqual([true, null]);
  });

  it("stays without TLS where the server does not go along, and says so when the server ends it", async () => {
    certificate = null;
    const { transport } = await connected();
    transport.secure(destination);
    await time.advance(1_000);
    expect(log).toEqual([]);
    server.end();
    await time.advance(10);
    expect(log).toEqual(["1015 TLS the server does not speak TLS at this point"]);
  });

  it("is no handshake where the server is gone, or the client", async () => {
    const first = await connected();
    first.transport.secure(destination);
    first.transport.destroy();
    await time.advance(20);
    expect(log).toEqual(["15 server closed"]);
    const second = await connected();
    second.transport.secure(destination);
    server.destroy();
    await time.advance(20);
    expect(log).toEqual([`${Math.round(time.elapsed()) - 15} ECONNRESET connection reset by peer`]);
  });

  it("is half closed where the server ends it while something waits, and closed when the client ends it too", async () => {
    const { transport } = await connected();
    server.end();
    await time.advance(4);
    transport.write(bytes("0123456789"));
    transport.write(bytes("waits"));
    await time.advance(1);
    expect(log).toEqual(["15 half closed null"]);
    expect(transport.isOpen).toBe(true);
    transport.end();
    expect(transport.isOpen).toBe(false);
    await time.advance(30);
    expect(log.slice(1)).toEqual(["19 server: 0123456789", "24 server: waits", "24 closed"]);
  });

  it("does not read while it is paused, and loses nothing", async () => {
    const connection = await connected();
    const { transport } = connection;
    transport.pause?.();
    server.write(bytes("a"));
    await time.advance(100);
    expect(log).toEqual([]);
    transport.resume?.();
    server.write(bytes("b"));
    await time.advance(5);
    expect(log).toEqual(["110 client: a", "115 client: b"]);
    expect([transport.isOpen, connection.isClosed]).toEqual([true, false]);
  });

  it.each([
    ["toServer", ["15 client: to client"]],
    ["toClient", ["15 server: to server"]],
    ["both", []],
  ] as const)("loses for good what goes %s, where that vanishes", async (direction, expected) => {
    const connection = await connected();
    connection.vanish(direction);
    connection.transport.write(bytes("to server"));
    server.write(bytes("to client"));
    await time.advance(1_000);
    expect(log).toEqual(expected);
  });

  it("is one of those of its client to that host, and of no other client", async () => {
    const one = await connected();
    const other = network.dial("another", "server:1", { opened: () => {} } as never);
    const second = await connected();
    expect(network.connections("client", "server:1")).toEqual([one, second]);
    expect(network.connections("another", "server:1")).toEqual([other]);
    expect(network.connections("client", "elsewhere:1")).toEqual([]);
  });

  it("leads to the host that its name stands for", async () => {
    network.name("alias:1", "server:1");
    network.dial("client", "alias:1", { opened: (address: string) => note(`opened ${address}`) } as never);
    await time.advance(10);
    expect([log, network.resolve("server:1")]).toEqual([["10 opened server:1"], "server:1"]);
  });

  it("takes from half a millisecond to five one way, where nobody says otherwise, and is as fast as its own route", async () => {
    const usual = new VirtualNetwork(time, new Random(1));
    expect(usual.route("client", "server:1").latency).toEqual([0.5, 5]);
    network.route("client", "server:1").latency = [1, 1];
    const opened = (who: string) => ({ opened: () => note(who) }) as never;
    network.dial("client", "server:1", opened("client"));
    network.dial("another", "server:1", opened("another"));
    await time.advance(10);
    expect(log).toEqual(["2 client", "10 another"]);
  });

  it("says nothing that comes back before it is open, nor to one that is destroyed meanwhile", async () => {
    const { transport } = network.dial("client", "server:1", {
      opened: () => note("opened"),
      data: (chunk: Uint8Array) => note(`client: ${textOf(chunk)}`),
    } as never);
    network.route("client", "server:1").latency = [9, 9];
    await time.advance(6);
    network.route("client", "server:1").latency = [1, 1];
    server.write(bytes("early"));
    await time.advance(7);
    expect(log).toEqual([]);
    await time.advance(1);
    expect(log).toEqual(["14 opened", "14 client: early"]);
    log.length = 0;
    const late = network.dial("client", "server:1", { opened: () => note("opened") } as never);
    await time.advance(1);
    late.transport.destroy();
    await time.advance(100);
    expect([log, transport.isOpen]).toEqual([["16 server closed"], true]);
  });

  it("resets the server where its client leaves rudely, which the server sees as closed", async () => {
    for (let i = 0; i < 20; i++) {
      const { transport } = await connected();
      transport.destroy();
      await time.advance(20);
      expect(log.map((line) => line.split(" ").slice(1).join(" "))).toEqual(["server closed"]);
    }
  });

  it("refuses a direction that there is not", async () => {
    const connection = await connected();
    expect(() => connection.vanish("up" as never)).toThrow(
      'direction is "up": it must be one of "toServer", "toClient", "both"',
    );
  });

  it("says nothing more to a client that has destroyed it, and nothing to write to", async () => {
    const connection = await connected();
    const { transport } = connection;
    transport.write(bytes("0123456789"));
    transport.write(bytes("waits"));
    expect(connection.queued).toBe(5);
    transport.destroy();
    transport.destroy();
    expect([connection.queued, transport.isOpen, connection.isClosed]).toEqual([0, false, true]);
    server.write(bytes("unheard"));
    connection.reset();
    await time.advance(100);
    expect(log.filter((line) => !line.includes("server"))).toEqual([]);
  });

  it("tells a server that dies of nothing, and its client that it was reset", async () => {
    const { transport } = await connected();
    transport.write(bytes("lost"));
    host.crash();
    await time.advance(100);
    expect(log).toEqual(["15 ECONNRESET connection reset by peer"]);
    expect(host.connections.size).toBe(0);
  });

  it("belongs to its host until either end closes it", async () => {
    for (const close of ["end", "destroy"] as const) {
      await connected();
      expect(host.connections.size).toBe(1);
      server[close]();
      expect(host.connections.size).toBe(0);
      await time.advance(20);
      const { transport } = await connected();
      transport[close]();
      await time.advance(20);
      expect(host.connections.size).toBe(0);
    }
  });
});
