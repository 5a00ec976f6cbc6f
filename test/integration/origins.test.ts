// Whose credentials a server is offered that the cluster named: those of the URL by way of which the client knows it, and of no
// other (src/machine/origin.ts). TLS and WebSockets: origins-tls.test.ts and origins-websocket.test.ts.

import { afterEach, describe, expect, it } from "vitest";
import type { ConnectionOptions, NatsConnection } from "../../src/index.js";
import { fakeServer, info } from "../harness/fake-server.js";
import { closeAll, connected } from "../harness/impatient.js";
import { type ClusterOptions, startCluster, startServer, type TestServer } from "../harness/nats-server.js";
import { freePorts } from "../harness/ports.js";
import { servers } from "../harness/versions.js";
import { useWitnesses, type Witness, witness } from "../harness/witness.js";

useWitnesses();
const running: TestServer[] = [];

afterEach(async () => {
  await closeAll();
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

const user = (name: string, password: string) => ({
  authorization: { users: [{ user: name, password }] },
});

/** Two nodes. Clients are told another way to the second one, by which a witness sees what they offer. */
async function pair(options: ClusterOptions) {
  let seen: Witness | undefined;
  const { nodes } = await startCluster(2, {
    ...options,
    each: async (port, place) => {
      const own = options.each?.(port, place);
      if (place === 0) return own ?? "";
      seen = await witness(port);
      return { ...(own as object), client_advertise: `127.0.0.1:${seen.port}` };
    },
  });
  running.push(...nodes);
  const [first, second] = nodes;
  if (first === undefined || second === undefined || seen === undefined) throw new Error("no pair");
  return { first, second, seen };
}

/** A URL with credentials. */
const as = (credentials: string, { port }: { readonly port: number }) =>
  `nats://${credentials}@127.0.0.1:${port}`;
const bare = ({ port }: { readonly port: number }) => `nats://127.0.0.1:${port}`;
const namesOf = (nc: NatsConnection) => nc.getServers().map(({ listen }) => listen);

describe.each(servers)("a server that was learnt from nats-server $label", ({ path }) => {
  async function site(name: string, password: string): Promise<TestServer> {
    const server = await startServer({ path, config: user(name, password) });
    running.push(server);
    return server;
  }

  it("at another site, which setServers names, is not offered the password of the first site", async () => {
    const one = await site("alice", "secret");
    const other = await pair({ path });
    const { nc, statuses } = await connected({ servers: as("alice:secret", one) });
    nc.setServers([bare(other.first)]);
    await nc.reconnect();
    await statuses.at("reconnect", other.first.port);
    expect(namesOf(nc)).toContain(`127.0.0.1:${other.seen.port}`);
    await other.first.kill();
    await statuses.at("reconnect", other.seen.port);
    expect(other.seen.offered).toEqual([{}]);
    await nc.flush();
  });

  it("at another site does not let the client in by the password of the first site", async () => {
    const one = await site("alice", "secret");
    const other = await pair({
      path,
      each: (_port, place) => (place === 0 ? "" : user("alice", "secret")),
    });
    const { nc, statuses } = await connected({ servers: as("alice:secret", one) });
    nc.setServers([bare(other.first)]);
    await nc.reconnect();
    await statuses.at("reconnect", other.first.port);
    await other.first.kill();
    const refusal = await statuses.at("error", other.seen.port);
    expect(refusal.error).toMatchObject({ code: "AUTHORIZATION_VIOLATION" });
    const before = statuses.count;
    await other.first.start();
    await statuses.at("reconnect", other.first.port, before);
    expect(statuses.lines()).not.toContain(`reconnect 127.0.0.1:${other.seen.port}`);
    expect(other.seen.offered.length).toBeGreaterThan(0);
    expect(other.seen.offered.filter((offered) => Object.keys(offered).length > 0)).toEqual([]);
  });

  it("by way of a URL without a password is not offered that of another URL", async () => {
    const [nobody = 0] = await freePorts(1);
    const { first, seen } = await pair({ path });
    const { nc, statuses } = await connected({
      servers: [bare(first), as("alice:secret", { port: nobody })],
    });
    await first.kill();
    await statuses.at("reconnect", seen.port);
    expect(statuses.lines()).toContain(`reconnecting 127.0.0.1:${nobody}`);
    expect(seen.offered).toEqual([{}]);
    await nc.flush();
  });

  it("by way of a URL without a password is not offered that of another URL in a move either", async () => {
    const [nobody = 0] = await freePorts(1);
    const config = `lame_duck_duration: "30s"\nlame_duck_grace_period: "1s"`;
    const { first, seen } = await pair({ path, config });
    const { nc, statuses } = await connected({
      servers: [bare(first), as("alice:secret", { port: nobody })],
      onLameDuck: "migrate",
    });
    first.lameDuck();
    await statuses.at("reconnect", seen.port);
    expect(statuses.lines()).not.toContain(`disconnect 127.0.0.1:${first.port}`);
    expect(seen.offered).toEqual([{}]);
    await nc.flush();
  });

  describe("of a cluster whose password is changed", () => {
    const changed = (node: TestServer) => node.reload(node.config.replace('"old"', '"new"'));

    it.each<[string, (first: TestServer) => ConnectionOptions, (first: TestServer) => string]>([
      [
        "a URL that setServers brings",
        (first) => ({ servers: as("alice:old", first) }),
        (first) => as("alice:new", first),
      ],
      [
        "the authenticator, where the URL that setServers brings has none",
        (first) => ({
          servers: as("alice:old", first),
          authenticator: () => ({ user: "alice", pass: "new" }),
        }),
        bare,
      ],
    ])("is offered that of %s", async (_what, options, next) => {
      const { first, second, seen } = await pair({ path, config: user("alice", "old") });
      const { nc, statuses } = await connected(options(first));
      nc.setServers([next(first)]);
      await changed(second);
      await changed(first);
      await statuses.at("reconnect", first.port);
      await expect.poll(() => namesOf(nc)).toContain(`127.0.0.1:${seen.port}`);
      const before = statuses.count;
      await first.kill();
      await statuses.at("reconnect", seen.port, before);
      expect(seen.offered).toEqual([{ user: "alice", pass: "new" }]);
      await nc.flush();
      expect(nc.isClosed()).toBe(false);
    });
  });

  describe("of a cluster where each node has a user of its own", () => {
    const cluster = async () => {
      const { nodes } = await startCluster(3, {
        path,
        each: (_port, place) => user(`u${place}`, `p${place}`),
      });
      running.push(...nodes);
      const [first, second, third] = nodes;
      if (first === undefined || second === undefined || third === undefined) throw new Error("no cluster");
      return { first, second, third };
    };

    it("fails over between those that are configured, each with its own", async () => {
      const { first, second } = await cluster();
      const { nc, statuses } = await connected({ servers: [as("u0:p0", first), as("u1:p1", second)] });
      await first.kill();
      await statuses.at("reconnect", second.port);
      await first.start();
      await second.kill();
      await statuses.at("reconnect", first.port);
      await nc.flush();
    });

    it("does not end the connection where one that was learnt refuses, time and again", async () => {
      const { first, second, third } = await cluster();
      const { nc, statuses } = await connected({ servers: as("u0:p0", first) });
      await first.kill();
      const refusals = () =>
        statuses.since(0).filter(({ error }) => error?.code === "AUTHORIZATION_VIOLATION");
      // Twice each, which of a configured server would be the end. Then they have left, and only that one is dialed.
      await statuses.until("the configured server alone", () => nc.getServers().length === 1);
      expect(namesOf(nc)).toEqual([`127.0.0.1:${first.port}`]);
      expect(
        refusals()
          .map(({ server }) => server)
          .sort(),
      ).toEqual([second, second, third, third].map(({ port }) => `127.0.0.1:${port}`).sort());
      const before = statuses.count;
      await statuses.at("error", first.port, before);
      await statuses.at("reconnecting", first.port, before + 2);
      expect(refusals()).toHaveLength(4);
      await first.start();
      await statuses.at("reconnect", first.port);
      await nc.flush();
    });
  });

  describe("after setServers was given", () => {
    it.each<[string, (nc: NatsConnection) => Parameters<NatsConnection["setServers"]>[0]]>([
      ["what getServers gave", (nc) => nc.getServers()],
      ["the src of each that getServers gave", (nc) => nc.getServers().map(({ src }) => src)],
      ["what getServers gave, by way of JSON", (nc) => JSON.parse(JSON.stringify(nc.getServers()))],
    ])("%s, is offered what it was before", async (_what, given) => {
      const { first, second, seen } = await pair({ path, config: user("alice", "secret") });
      const { nc, statuses } = await connected({ servers: as("alice:secret", first) });
      expect(nc.getServers().map(({ src }) => src)).toEqual([
        `nats://***@127.0.0.1:${first.port}`,
        `nats://***@127.0.0.1:${seen.port}`,
      ]);
      expect(JSON.stringify(nc.getServers())).not.toMatch(/alice|secret/);
      const before = nc.getServers();
      nc.setServers(given(nc));
      expect(nc.getServers()).toEqual(before);
      await first.kill();
      await statuses.at("reconnect", seen.port);
      expect(seen.offered).toEqual([{ user: "alice", pass: "secret" }]);
      await first.start();
      await second.kill();
      await statuses.at("reconnect", first.port);
      await nc.flush();
    });
  });
});

describe("a server that is named in the very INFO that tells of lame duck mode", () => {
  it("is not offered the password of another URL", async () => {
    const [nobody = 0] = await freePorts(1);
    const server = await startServer();
    running.push(server);
    const seen = await witness(server.port);
    // No nats-server does that: in one line a cluster of one becomes a cluster of two, and shuts down.
    const duck = await fakeServer((socket) => {
      socket.write(info());
      socket.once("data", () => {
        socket.write(`PONG\r\n${info({ ldm: true, connect_urls: [`127.0.0.1:${seen.port}`] })}`);
      });
    });
    const { nc, statuses } = await connected({
      servers: [bare(duck), as("alice:secret", { port: nobody })],
      onLameDuck: "migrate",
    });
    // The duck confirms nothing that is published: it is over when the client has moved, or has tried to.
    await statuses.at("reconnecting", seen.port);
    await expect.poll(() => seen.offered.length).toBe(1);
    expect(seen.offered).toEqual([{}]);
    await nc.close();
    await duck.close();
  });
});
