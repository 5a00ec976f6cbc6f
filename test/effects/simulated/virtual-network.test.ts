// The virtual network as its two ends see it: in order, late, in pieces, and with everything that can go wrong.

import { beforeEach, describe, expect, it } from "vitest";
import type { PipeOptions } from "../../../src/effects/simulated/pipe.js";
import { Random } from "../../../src/effects/simulated/random.js";
import type { ServerSocket } from "../../../src/effects/simulated/server-socket.js";
import type { VirtualHost } from "../../../src/effects/simulated/virtual-host.js";
import { VirtualNetwork } from "../../../src/effects/simulated/virtual-network.js";
import { VirtualTime } from "../../../src/effects/simulated/virtual-time.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (chunk: Uint8Array) => new TextDecoder().decode(chunk);
const wide: PipeOptions = { window: 65_536, highWater: 16_384, pieces: 1 };

describe("the virtual network", () => {
  let time: VirtualTime;
  let network: VirtualNetwork;
  let host: VirtualHost;
  let log: string[];
  let atServer: string;
  let atClient: string;
  let server: ServerSocket;

  function start(pipe: PipeOptions = wide, seed = 1): void {
    time = new VirtualTime();
    network = new VirtualNetwork(time, new Random(seed), { latency: [5, 5], pipe: () => pipe });
    host = network.host("server:1");
    [log, atServer, atClient] = [[], "", ""];
    listen();
  }

  function listen(): void {
    host.listen((socket) => {
      server = socket;
      note(`accepted ${socket.client}`);
      return {
        data: (chunk) => {
          atServer += textOf(chunk);
        },
        secure: () => ["server"],
        closed: () => note("server closed"),
      };
    });
  }

  const note = (what: string) => void log.push(`${Math.round(time.elapsed())} ${what}`);

  function dial(name = "server:1") {
    return network.dial("client", name, {
      opened: () => note("opened"),
      secured: () => note("secured"),
      drained: () => note("drained"),
      halfClosed: () => note("half closed"),
      queued: () => note("queued"),
      dialing: () => note("dialing"),
      data: (chunk) => {
        atClient += textOf(chunk);
      },
      closed: (error) => note(`closed ${(error as { code?: string } | null)?.code ?? "in good order"}`),
    });
  }

  beforeEach(() => start());

  it("opens a connection after a round trip, and carries bytes both ways", async () => {
    const { transport } = dial();
    await time.advance(10);
    transport.write(bytes("hello"));
    server.write(bytes("welcome"));
    await time.advance(5);
    expect(log).toEqual(["5 accepted client", "10 opened"]);
    expect([atServer, atClient]).toEqual(["hello", "welcome"]);
  });

  it("keeps the order whatever the latency, and cuts writes into pieces", async () => {
    start({ ...wide, pieces: 10 });
    network.route("client", "server:1").latency = [1, 100];
    const { transport } = dial();
    await time.advance(300);
    const lines = Array.from({ length: 50 }, (_, i) => `line ${i};`);
    for (const line of lines) transport.write(bytes(line));
    await time.advance(300);
    expect(atServer).toBe(lines.join(""));
  });

  it("refuses where nobody listens, and says nothing where no machine is", async () => {
    host.refuse();
    dial();
    await time.advance(20);
    expect(log).toEqual(["10 closed ECONNREFUSED"]);
    host.powerOff();
    dial();
    await time.advance(200_000);
    expect(log.at(-1)).toBe("130020 closed ETIMEDOUT");
  });

  it("asks again and again, so that a machine that comes back is reached", async () => {
    host.powerOff();
    dial();
    await time.advance(2_000);
    listen();
    await time.advance(20_000);
    expect(log.slice(-2)).toEqual(["3005 accepted client", "3010 opened"]);
  });

  it("closes in good order from the client's side: what was written arrives first", async () => {
    const { transport } = dial();
    await time.advance(10);
    transport.write(bytes("last words"));
    transport.end();
    server.write(bytes("thrown away"));
    await time.advance(20);
    expect(atServer).toBe("last words");
    expect(atClient).toBe("");
    expect(log.slice(2)).toEqual(["15 server closed", "20 closed in good order"]);
  });

  it("closes in good order from the server's side, and rudely", async () => {
    dial();
    await time.advance(10);
    server.write(bytes("bye"));
    server.end();
    await time.advance(10);
    expect([atClient, log.at(-1)]).toEqual(["bye", "15 closed in good order"]);
    dial();
    await time.advance(10);
    server.destroy();
    await time.advance(10);
    expect(log.at(-1)).toBe("35 closed ECONNRESET");
  });

  it("says no more after destroy, and the server hears of it", async () => {
    const { transport } = dial();
    await time.advance(10);
    server.write(bytes("too late"));
    transport.destroy();
    await time.advance(20);
    expect(atClient).toBe("");
    expect(log.slice(2)).toEqual(["15 server closed"]);
  });

  it("forgets a connection that is destroyed while it is opened", async () => {
    dial().transport.destroy();
    await time.advance(100);
    expect(log).toEqual([]);
  });

  it("says that the socket is full, takes the rest as there is room, and says that there is room", async () => {
    start({ window: 100, highWater: 50, pieces: 1 });
    const { transport } = dial();
    await time.advance(10);
    const written: number[] = [];
    expect(transport.write(new Uint8Array(40).fill(65), () => written.push(1))).toBe(true);
    expect(transport.write(new Uint8Array(60).fill(66), () => written.push(2))).toBe(false);
    expect(transport.write(new Uint8Array(80).fill(67), () => written.push(3))).toBe(false);
    await time.advance(0);
    expect(written).toEqual([1, 2]);
    expect(log.at(-1)).toBe("10 opened");
    await time.advance(20);
    expect(written).toEqual([1, 2, 3]);
    expect(log.at(-1)).toBe("15 drained");
    expect(atServer).toHaveLength(180);
  });

  it("copies bytes as late as it may: who changes them before `written` changes what arrives", async () => {
    start({ window: 10, highWater: 5, pieces: 1 });
    const { transport } = dial();
    await time.advance(10);
    transport.write(bytes("0123456789"));
    const early = bytes("abcdef");
    transport.write(early);
    early.fill(88);
    await time.advance(20);
    expect(atServer).toBe("0123456789XXXXXX");
  });

  it("keeps what it has taken, whatever becomes of the writer's memory, also where that is a Buffer", async () => {
    const { transport } = dial();
    await time.advance(10);
    const memory = Buffer.from("hello");
    transport.write(memory, () => memory.fill(88));
    await time.advance(5);
    expect(atServer).toBe("hello");
  });

  it("holds packets while the link is cut, and delivers them in order when it is healed", async () => {
    const { transport } = dial();
    await time.advance(10);
    const link = network.route("client", "server:1");
    transport.write(bytes("1"));
    link.cut();
    transport.write(bytes("2"));
    server.write(bytes("a"));
    await time.advance(1_000);
    expect([atServer, atClient]).toEqual(["", ""]);
    link.heal();
    transport.write(bytes("3"));
    await time.advance(20);
    expect([atServer, atClient]).toEqual(["123", "a"]);
  });

  it("reaches the host only after a cut link is healed", async () => {
    const link = network.route("client", "server:1");
    link.cut();
    dial();
    await time.advance(1_000);
    expect(log).toEqual([]);
    link.heal();
    await time.advance(20);
    expect(log).toEqual(["1005 accepted client", "1010 opened"]);
    link.cut();
    link.heal();
    await time.advance(20);
    expect(log).toHaveLength(2);
  });

  it("takes the same way to a host by a name as by its address", async () => {
    network.name("name:1", "server:1");
    network.route("client", "server:1").cut();
    dial("name:1");
    await time.advance(1_000);
    expect(log).toEqual([]);
    network.route("client", "server:1").heal();
    await time.advance(1_000);
    expect(log.map((line) => line.replace(/^\d+ /, ""))).toEqual(["accepted client", "opened"]);
  });

  it("lets packets vanish in one direction of a half-open connection", async () => {
    const connection = dial();
    await time.advance(10);
    connection.vanish("toClient");
    connection.transport.write(bytes("heard"));
    server.write(bytes("unheard"));
    await time.advance(10_000);
    expect([atServer, atClient]).toEqual(["heard", ""]);
    connection.transport.end();
    await time.advance(10_000);
    expect(log.slice(2)).toEqual(["10015 server closed"]);
  });

  it("resets both ends", async () => {
    const connection = dial();
    await time.advance(10);
    connection.reset();
    await time.advance(10);
    expect(log.slice(2).sort()).toEqual(["15 closed ECONNRESET", "15 server closed"]);
  });

  it("takes connections and bytes for a process that stands still, and gives them to it later", async () => {
    host.pause();
    const { transport } = dial();
    await time.advance(10);
    transport.write(bytes("early"));
    await time.advance(1_000);
    expect(log).toEqual(["10 opened"]);
    host.resume();
    await time.advance(10);
    expect(log).toEqual(["10 opened", "1010 accepted client"]);
    expect(atServer).toBe("early");
  });

  it("resets connections when the process dies, and tells nobody when the machine does", async () => {
    dial();
    await time.advance(10);
    host.crash();
    await time.advance(10);
    expect(log.at(-1)).toBe("15 closed ECONNRESET");
    listen();
    dial();
    await time.advance(10);
    host.powerOff();
    await time.advance(100_000);
    expect(log.at(-1)).toBe("30 opened");
  });

  it("is slow and narrow where the link is", async () => {
    const { transport } = dial();
    await time.advance(10);
    const link = network.route("client", "server:1");
    link.latency = [100, 100];
    link.bandwidth = 1;
    transport.write(bytes("0123456789"));
    await time.advance(109);
    expect(atServer).toBe("");
    await time.advance(2);
    expect(atServer).toBe("0123456789");
  });

  it("plays the part of TLS", async () => {
    const { transport } = dial();
    await time.advance(10);
    transport.secure({
      name: "server:1",
      host: "server",
      port: 1,
      tlsName: null,
      otherTlsName: null,
      transport: { type: "tcp", tls: false },
      origin: "server:1",
      tls: null,
    });
    await time.advance(10);
    expect(log.at(-1)).toBe("20 secured");
  });
});
