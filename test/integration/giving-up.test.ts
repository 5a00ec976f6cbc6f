// `setServers` and `reconnect()` while a server is being dialed that does not answer: the attempt is given up, and the next one
// begins. What shows it is the order of the statuses; an attempt may take longer than any test.

import { afterEach, describe, expect, it } from "vitest";
import { type ConnectionOptions, connect, type NatsConnection } from "../../src/index.js";
import { type FakeServer, fakeServer } from "../harness/fake-server.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { type Relay, relay } from "../harness/relay.js";
import { servers } from "../harness/versions.js";
import { Statuses } from "../harness/waiting.js";

const open: NatsConnection[] = [];
const running: TestServer[] = [];
const others: (FakeServer | Relay)[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((nc) => nc.close()));
  await Promise.all(running.splice(0).map((server) => server.stop()));
  await Promise.all(others.splice(0).map((one) => one.close()));
});

/** No server is dialed a second time in a test, unless the client is asked to, and no attempt comes to its end by itself. */
const patient: ConnectionOptions = {
  noRandomize: true,
  reconnectTimeWait: 600_000,
  timeout: 600_000,
  maxReconnectAttempts: -1,
};

async function connected(options: ConnectionOptions) {
  const statuses = new Statuses();
  const nc = await connect({ ...patient, ...options, onStatus: statuses.add });
  open.push(nc);
  return { nc, statuses };
}

describe.each(servers)(
  "while nats-server $label is hung, and accepts connections that it does not greet",
  ({ path }) => {
    async function started(): Promise<TestServer> {
      const server = await startServer({ path });
      running.push(server);
      return server;
    }

    /** A client in the middle of an attempt to reach a server that is hung. */
    async function hanging() {
      const [hung, other] = await Promise.all([started(), started()]);
      const { nc, statuses } = await connected({
        servers: hung.url,
        reconnectTimeWait: 0,
        reconnectJitter: 0,
      });
      await hung.freeze();
      await nc.reconnect();
      await statuses.at("reconnecting", hung.port, 1);
      return { nc, statuses, other, hung };
    }

    it("setServers leads to the new server, and the attempt tells of no failure", async () => {
      const { nc, statuses, other } = await hanging();
      const before = statuses.count;
      nc.setServers([other.url]);
      await statuses.at("reconnect", other.port);
      expect(statuses.lines(before)).toEqual([
        `reconnecting 127.0.0.1:${other.port}`,
        `reconnect 127.0.0.1:${other.port}`,
      ]);
      await nc.flush();
    });

    it("setServers that keeps the server leaves the attempt alone", async () => {
      const { nc, statuses, other, hung } = await hanging();
      const before = statuses.count;
      nc.setServers([...nc.getServers(), other.url]);
      hung.resume();
      await statuses.at("reconnect", hung.port, before);
      expect(statuses.lines(before)).toEqual([`reconnect 127.0.0.1:${hung.port}`]);
    });

    it("reconnect() leads to the next server, and the attempt tells of no failure", async () => {
      const { nc, statuses, other, hung } = await hanging();
      nc.setServers([...nc.getServers(), other.url]);
      const before = statuses.count;
      await nc.reconnect();
      await statuses.at("reconnect", other.port);
      expect(statuses.lines(before)).toEqual([
        `client initiated reconnect 127.0.0.1:${hung.port}`,
        `reconnecting 127.0.0.1:${other.port}`,
        `reconnect 127.0.0.1:${other.port}`,
      ]);
    });
  },
);

describe.each(servers)("while a host is dialed that says nothing, with nats-server $label", ({ path }) => {
  it("reconnect() leads to a server that is in its backoff, since all are", async () => {
    const server = await startServer({ path });
    running.push(server);
    const way = await relay(server.port);
    const silent = await fakeServer(() => {});
    others.push(way, silent);
    const name = `127.0.0.1:${way.port}`;
    const { nc, statuses } = await connected({ servers: [name, `127.0.0.1:${silent.port}`] });
    way.links[0]?.reset();
    await silent.connectionCount(1);
    const before = statuses.count;
    await nc.reconnect();
    await statuses.at("reconnect", way.port, before);
    expect(statuses.lines(before)).toEqual([
      `client initiated reconnect ${name}`,
      `reconnecting ${name}`,
      `reconnect ${name}`,
    ]);
    await silent.emptied();
  });

  it("reconnect() ends the pause in which all servers are in their backoff", async () => {
    const server = await startServer({ path });
    running.push(server);
    const { nc, statuses } = await connected({ servers: server.url });
    await server.kill();
    await statuses.at("disconnect", server.port);
    // Nothing is dialed: the only server was, and its backoff is longer than any test.
    await server.start();
    const before = statuses.count;
    await nc.reconnect();
    await statuses.at("reconnect", server.port, before);
    expect(statuses.lines(before)).toEqual([
      `client initiated reconnect 127.0.0.1:${server.port}`,
      `reconnecting 127.0.0.1:${server.port}`,
      `reconnect 127.0.0.1:${server.port}`,
    ]);
  });

  it("setServers ends that pause", async () => {
    const server = await startServer({ path });
    const other = await startServer({ path });
    running.push(server, other);
    const { nc, statuses } = await connected({ servers: server.url });
    await server.kill();
    await statuses.at("disconnect", server.port);
    const before = statuses.count;
    nc.setServers([other.url]);
    await statuses.at("reconnect", other.port, before);
    expect(statuses.lines(before)).toEqual([
      `reconnecting 127.0.0.1:${other.port}`,
      `reconnect 127.0.0.1:${other.port}`,
    ]);
  });
});
