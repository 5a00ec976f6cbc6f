// The law of where secrets may go is tested by hand: what it allows, and each way in which it is broken.

import { beforeEach, describe, expect, it } from "vitest";
import { drawPlan } from "../../src/testing/draw-plan.js";
import { Simulation } from "../../src/testing/index.js";
import { SecretsLaw, secretOf, secretsIn } from "../../src/testing/secrets-law.js";
import { Stage } from "../../src/testing/stage.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const secret = (place: number, list = 0) => secretOf("c0", list, place);
const url = (name: string, place: number, list = 0) => `nats://${secret(place, list)}@${name}:4222`;
const strict = { allowsNonTls: false, givesUp: false };

describe("the law of secrets", () => {
  let complaints: string[];
  let law: SecretsLaw;
  let socket: number;

  const begin = (options = strict) => {
    complaints = [];
    socket = 0;
    law = new SecretsLaw(options, (what) => complaints.push(what));
  };
  const dials = (server: string, certificate?: readonly string[]) => {
    law.dialed(++socket, `${server}:4222`);
    if (certificate !== undefined) law.secured(socket, certificate);
  };
  const hears = (...servers: string[]) => {
    const urls = servers.map((server) => `${server}:4222`);
    law.received(socket, bytes(`PONG\r\nINFO ${JSON.stringify({ connect_urls: urls })} \r\nPING\r\n`));
  };
  const sends = (given: string) => law.wrote(socket, bytes(`CONNECT {"auth_token":"${given}"}\r\n`));

  beforeEach(() => begin());

  it("lets a secret go to its own server, and to one that this names", () => {
    law.replaced([url("a", 0), url("b", 1)]);
    dials("a");
    hears("c");
    sends(secret(0));
    dials("c");
    sends(secret(0));
    expect(complaints).toEqual([]);
    expect(law.hasSent(secret(0), "c:4222")).toBe(true);
    expect(law.hasSent(secret(1), "c:4222")).toBe(false);
  });

  it("is broken where a server is sent the secret of another, also in two pieces", () => {
    law.replaced([url("a", 0), url("b", 1)]);
    dials("a");
    hears("b");
    dials("b");
    const text = secret(0);
    law.wrote(socket, bytes(text.slice(0, 10)));
    expect(complaints).toEqual([]);
    law.wrote(socket, bytes(text.slice(10)));
    expect(complaints).toEqual([
      "sends the secret of a:4222 to b:4222 in the clear, which is not of its origin",
    ]);
  });

  it("is broken where nobody named the server, and where nobody was given the secret", () => {
    law.replaced([url("a", 0)]);
    dials("x");
    sends(secret(0));
    sends(secret(5));
    expect(complaints).toEqual([
      "sends the secret of a:4222 to x:4222 in the clear, which is not of its origin",
      "sends a secret that it was not given to x:4222 in the clear",
    ]);
  });

  it("lets a server that was named in the clear have the secret under TLS if it carries the name of the origin", () => {
    law.replaced([url("a", 0)]);
    dials("a");
    hears("b");
    law.secured(socket, ["a"]);
    dials("b", ["a", "b"]);
    sends(secret(0));
    expect(complaints).toEqual([]);
    dials("b", ["b"]);
    sends(secret(0));
    expect(complaints).toEqual([
      "sends the secret of a:4222 to b:4222 under TLS, which is not of its origin",
    ]);
  });

  it("lets a server that was named inside TLS carry its own name", () => {
    law.replaced([url("a", 0)]);
    dials("a", ["a"]);
    hears("b");
    dials("b", ["b"]);
    sends(secret(0));
    expect(complaints).toEqual([]);
  });

  it("is broken in the clear where a URL of the list asks for TLS, or TLS was spoken", () => {
    law.replaced([url("a", 0), "tls://b:4222"]);
    dials("a");
    sends(secret(0));
    expect(complaints).toEqual([
      "sends the secret of a:4222 to a:4222 in the clear, although its list asks for TLS",
    ]);
    begin();
    law.replaced([url("a", 0)]);
    dials("a", ["a"]);
    dials("a");
    sends(secret(0));
    expect(complaints).toEqual([
      "sends the secret of a:4222 to a:4222 in the clear, although TLS was spoken there before",
    ]);
    begin({ ...strict, allowsNonTls: true });
    law.replaced([url("a", 0)]);
    dials("a", ["a"]);
    dials("a");
    sends(secret(0));
    expect(complaints).toEqual([]);
  });

  it("remembers, in the next list, that a server spoke TLS", () => {
    law.replaced([url("a", 0)]);
    dials("a", ["a"]);
    law.replaced([url("a", 0, 1)]);
    dials("a");
    sends(secret(0, 1));
    expect(complaints).toHaveLength(1);
  });

  it("is broken where a secret goes out after its list was replaced, unless its server was kept", () => {
    law.replaced([url("a", 0)]);
    dials("a");
    hears("b");
    law.replaced([], ["b:4222"]);
    dials("b");
    sends(secret(0));
    expect(complaints).toEqual([]);
    law.replaced(["nats://a:4222"]);
    dials("a");
    sends(secret(0));
    expect(complaints).toEqual([
      "sends the secret of a:4222, whose list was replaced, to a:4222 in the clear",
    ]);
  });

  it("takes what a server of the old list names for the same server of the new one, and for no other", () => {
    law.replaced([url("a", 0)]);
    dials("a");
    law.replaced([url("a", 0, 1), url("b", 1, 1)]);
    hears("c");
    dials("c");
    sends(secret(0, 1));
    expect(complaints).toEqual([]);
    sends(secret(1, 1));
    expect(complaints).toHaveLength(1);
  });

  it("takes a server of the list for one that was named only where it may have left the pool", () => {
    for (const givesUp of [false, true]) {
      begin({ ...strict, givesUp });
      law.replaced([url("a", 0), url("b", 1)]);
      dials("a");
      hears("b");
      dials("b");
      sends(secret(0));
      expect(complaints).toHaveLength(givesUp ? 0 : 1);
    }
  });

  it("is not misled by what is no INFO", () => {
    law.replaced([url("a", 0)]);
    dials("a");
    law.received(
      socket,
      bytes('INFO {"connect_urls":["b:4222"\r\nINFO {"connect_urls":7}\r\nINFO nothing\r\n'),
    );
    dials("b");
    sends(secret(0));
    expect(complaints).toHaveLength(1);
  });

  it("reads INFO that comes in pieces, and none that was cut off by TLS", () => {
    const info = 'INFO {"connect_urls":["b:4222"]} \r\n';
    law.replaced([url("a", 0)]);
    dials("a");
    law.received(socket, bytes(info.slice(0, 20)));
    law.received(socket, bytes(info.slice(20)));
    dials("b");
    sends(secret(0));
    expect(complaints).toEqual([]);
    begin();
    law.replaced([url("a", 0)]);
    dials("a");
    law.received(socket, bytes(info.slice(0, 20)));
    law.secured(socket, ["a"]);
    law.received(socket, bytes(info.slice(20)));
    dials("b", ["b"]);
    sends(secret(0));
    expect(complaints).toHaveLength(1);
  });

  it("is broken where a client tells a secret", async () => {
    const simulation = new Simulation();
    const stage = new Stage(drawPlan(1), simulation, undefined);
    stage.note("c0", "status error");
    await simulation.advance(1);
    stage.note("c0", `status error ${secret(0)}`);
    await expect(simulation.advance(1)).rejects.toThrow("c0 tells a secret");
  });

  it("is broken where a foreign host has heard a secret that nobody was seen to send", async () => {
    const simulation = new Simulation();
    const lie = { type: "mislead", node: 0, by: "path", connectUrls: [], tls: "honest", ms: 1 } as const;
    const entries = [{ at: 0, act: { ...lie, lameDuck: false, cuts: false } }];
    const stage = new Stage({ ...drawPlan(1), entries }, simulation, undefined);
    const nothing = () => {};
    const events = { secured: nothing, data: nothing, drained: nothing, halfClosed: nothing };
    const { transport } = simulation.network.dial("c0", "10.66.0.1:4222", {
      ...events,
      queued: nothing,
      dialing: nothing,
      opened: () => void transport.write(bytes(`CONNECT {"auth_token":"${secret(0)}"}\r\n`)),
      closed: nothing,
    });
    stage.checkForeigners();
    await simulation.advance(1_000);
    stage.checkForeigners();
    await expect(simulation.advance(1)).rejects.toThrow("10.66.0.1:4222 knows the secret");
  });

  it("finds secrets in any text", () => {
    expect(secretsIn(`user-${secret(1)} and ${secret(2)}, but no sEcReT.`)).toEqual([secret(1), secret(2)]);
  });
});
