// What is asked of servers that the cluster named, where the URL by way of which the client knows them asks for TLS: TLS, and a
// certificate with the right name (src/machine/origin.ts). A client without the option `tls` is a process that trusts the
// authority of these tests, since that option asks for TLS by itself. Whose credentials they are offered: origins.test.ts.

import { TLSSocket } from "node:tls";
import { createUser } from "@nats-io/nkeys";
import { afterEach, describe, expect, it } from "vitest";
import { type ConnectionOptions, connect, jwtAuthenticator, type NatsConnection } from "../../src/index.js";
import { Authority, type Certificate } from "../harness/certificates.js";
import { connectElsewhere, useClientProcesses } from "../harness/client-process.js";
import { type FakeServer, fakeServer, info } from "../harness/fake-server.js";
import {
  type ClusterOptions,
  configText,
  type ServerConfig,
  startCluster,
  startServer,
  TestCluster,
  type TestServer,
} from "../harness/nats-server.js";
import { freePorts } from "../harness/ports.js";
import { refused } from "../harness/refused.js";
import { type Passage, type Relay, relay } from "../harness/relay.js";
import { type NatsServer, servers } from "../harness/versions.js";
import { Statuses } from "../harness/waiting.js";
import { useWitnesses, witness } from "../harness/witness.js";

useClientProcesses();
useWitnesses();

const authority = new Authority();
const env = { NODE_EXTRA_CA_CERTS: authority.certFile };
const tls = { ca: authority.cert };
const byName = authority.issue({ names: ["localhost"] });
const byAddress = authority.issue({ names: ["127.0.0.1"] });

const quick: ConnectionOptions = {
  noRandomize: true,
  reconnectTimeWait: 20,
  reconnectJitterTLS: 0,
  reconnectJitter: 0,
  maxReconnectAttempts: -1,
};

const open: NatsConnection[] = [];
const running: TestServer[] = [];
const relays: Relay[] = [];
const fakes: FakeServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((nc) => nc.close()));
  await Promise.all(running.splice(0).map((server) => server.stop()));
  await Promise.all([...relays.splice(0), ...fakes.splice(0)].map((one) => one.close()));
});

const tlsOf = ({ certFile, keyFile }: Certificate, more: Readonly<Record<string, unknown>> = {}) => ({
  tls: { cert_file: certFile, key_file: keyFile, timeout: 5 },
  ...more,
});
const user = { authorization: { users: [{ user: "alice", password: "secret" }] } };

async function started(path: string, config: ServerConfig, monitor = false): Promise<TestServer> {
  const server = await startServer({ path, config, monitor });
  running.push(server);
  return server;
}

async function pair(options: ClusterOptions): Promise<{ first: TestServer; second: TestServer }> {
  const { nodes } = await startCluster(2, options);
  running.push(...nodes);
  const [first, second] = nodes;
  if (first === undefined || second === undefined) throw new Error("no pair");
  return { first, second };
}

describe.each(servers)("a server that was learnt by way of tls://, from nats-server $label", ({ path }) => {
  /** The second node knows nothing of TLS, and clients are told another way to it, by which a witness sees what they send. */
  async function pairWithAnOpenNode() {
    let seen: Awaited<ReturnType<typeof witness>> | undefined;
    const nodes = await pair({
      path,
      each: async (port, place) => {
        if (place === 0) return tlsOf(byName);
        seen = await witness(port);
        return { client_advertise: `127.0.0.1:${seen.port}` };
      },
    });
    if (seen === undefined) throw new Error("no witness");
    return { ...nodes, seen };
  }

  it("is asked for TLS, also after setServers: one without it is told nothing", async () => {
    const one = await started(path, tlsOf(byAddress));
    const { first, seen } = await pairWithAnOpenNode();
    const nc = await connectElsewhere({ ...quick, servers: `tls://127.0.0.1:${one.port}` }, { env });
    await nc.setServers([`tls://alice:secret@localhost:${first.port}`]);
    await nc.reconnect();
    await nc.statuses.at("reconnect", first.port);
    await first.kill();
    const refusal = await nc.statuses.at("error", seen.port);
    expect(refusal).toMatchObject({
      code: "SERVER_OPT_NA",
      message: expect.stringContaining("by way of which it was learnt, asks for TLS"),
    });
    const before = nc.statuses.count;
    await first.start();
    await nc.statuses.at("reconnect", first.port, before);
    expect(seen.received()).toBe("");
  });

  it("must carry the name of the URL that setServers brought", async () => {
    const one = await started(path, tlsOf(byAddress));
    const { first, second } = await pair({ path, config: tlsOf(byName) });
    const nc = await connectElsewhere({ ...quick, servers: `tls://127.0.0.1:${one.port}` }, { env });
    await nc.setServers([`tls://localhost:${first.port}`]);
    await nc.reconnect();
    await nc.statuses.at("reconnect", first.port);
    await first.kill();
    expect((await nc.statuses.at("reconnect", second.port)).server).toBe(`127.0.0.1:${second.port}`);
    await nc.flush();
  });

  it("is learnt by way of the new list where setServers came in the middle of a handshake with one of the last", async () => {
    const { first: one, seen } = await pairWithAnOpenNode();
    let letGo = () => {};
    // From the second connection on the server's INFO is held back.
    const holding = await relay(one.port, {
      fromServer: ({ number }): Passage => {
        const held: (() => void)[] = [];
        let isHeld = number > 1;
        letGo = () => {
          isHeld = false;
          for (const send of held.splice(0)) send();
        };
        return (chunk, send) => (isHeld ? void held.push(() => send(chunk)) : send(chunk));
      },
    });
    relays.push(holding);
    const { first, second } = await pair({ path, config: tlsOf(byName) });
    const servers = `tls://localhost:${holding.port}`;
    const nc = await connectElsewhere({ ...quick, servers }, { env });
    await nc.reconnect();
    await expect.poll(() => holding.links.length).toBe(2);
    const before = nc.statuses.count;
    await nc.setServers([`tls://localhost:${first.port}`]);
    letGo();
    await nc.statuses.at("reconnect", first.port, before);
    const ports = (await nc.getServers()).filter(({ gossiped }) => gossiped).map(({ port }) => port);
    expect(ports.sort()).toEqual([first.port, second.port].sort());
    await first.kill();
    await nc.statuses.at("reconnect", second.port, before);
    expect(nc.statuses.lines(before).filter((line) => line.endsWith(`:${holding.port}`))).toEqual([]);
    expect(seen.received()).toBe("");
  });

  it("is what it was, after setServers was given what getServers gave: TLS, name and password", async () => {
    const { first, second } = await pair({ path, config: tlsOf(byName, user) });
    const url = `tls://alice:secret@localhost:${first.port}`;
    const nc = await connectElsewhere({ ...quick, servers: url }, { env });
    const before = await nc.getServers();
    expect(before).toMatchObject([
      { src: `tls://***@localhost:${first.port}`, gossiped: false },
      { gossiped: true, tlsName: "localhost" },
      { src: `tls://***@127.0.0.1:${second.port}`, gossiped: true, tlsName: "localhost" },
    ]);
    expect(JSON.stringify(before)).not.toMatch(/alice|secret/);
    for (const given of [before, before.map(({ src }) => src)]) {
      await nc.setServers(given);
      expect(await nc.getServers()).toEqual(before);
    }
    await first.kill();
    await nc.statuses.at("reconnect", second.port);
    await nc.flush();
  });

  it("is not learnt from a server that another list replaced", async () => {
    const growing = await cluster(path, [tlsOf(byName), tlsOf(byName)]);
    const first = await growing.grow();
    const other = await started(path, "");
    const nc = await connectElsewhere({ ...quick, servers: `tls://localhost:${first.port}` }, { env });
    await nc.setServers([other.url]);
    const second = await growing.grow();
    await growing.formed();
    await nc.flush();
    expect((await nc.getServers()).map(({ port }) => port)).toEqual([other.port]);
    expect((await nc.getServer()).endsWith(`:${first.port}`)).toBe(true);
    await first.kill();
    await nc.statuses.at("reconnect", other.port);
    expect(nc.statuses.lines()).not.toContain(`reconnecting 127.0.0.1:${second.port}`);
  });

  it("may go by a name of its own where a server named it inside TLS", async () => {
    const growing = await cluster(path, [
      tlsOf(byAddress),
      (port) => ({ ...tlsOf(byName), client_advertise: `localhost:${port}` }),
    ]);
    const first = await growing.grow();
    const { nc, statuses } = await connected({ servers: `tls://127.0.0.1:${first.port}`, tls });
    const second = await growing.grow();
    await statuses.until("the second node", ({ type, added }) => type === "update" && added?.length === 1);
    await expect
      .poll(() => nc.getServers().find(({ port }) => port === second.port))
      .toMatchObject({ listen: `localhost:${second.port}`, tlsName: "" });
    await first.kill();
    await statuses.at("reconnect", second.port);
    await nc.flush();
  });
});

/** Since 2.10. */
const knowsHandshakeFirst = ({ version }: NatsServer) => {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 10);
};

describe.each(servers.filter(knowsHandshakeFirst))("handshake first with nats-server $label", ({ path }) => {
  it("lets all that the cluster names go by names of their own", async () => {
    const first = (certificate: Certificate) => {
      const { tls } = tlsOf(certificate);
      return { tls: { ...tls, handshake_first: true } };
    };
    const growing = await cluster(path, [
      first(byAddress),
      (port) => ({ ...first(byName), client_advertise: `localhost:${port}` }),
    ]);
    const [one, other] = [await growing.grow(), await growing.grow()];
    const options = { servers: `tls://127.0.0.1:${one.port}`, tls: { ...tls, handshakeFirst: true } };
    const { nc, statuses } = await connected(options);
    // The nodes may need a moment to know each other.
    await expect.poll(() => nc.getServers().map(({ listen }) => listen)).toContain(`localhost:${other.port}`);
    await one.kill();
    await statuses.at("reconnect", other.port);
    await nc.flush();
  });
});

async function connected(options: ConnectionOptions) {
  const statuses = new Statuses();
  const nc = await connect({ ...quick, ...options, onStatus: statuses.add });
  open.push(nc);
  return { nc, statuses };
}

/** A cluster whose nodes are started one by one. */
async function cluster(path: string, configs: readonly (ServerConfig | ((port: number) => ServerConfig))[]) {
  const ports = await freePorts(2 * configs.length);
  const routePorts = ports.slice(configs.length);
  const routes = routePorts.map((port) => `"nats-route://127.0.0.1:${port}"`).join(", ");
  const nodes: TestServer[] = [];
  return {
    formed: () => new TestCluster(nodes).formed(),
    grow: async () => {
      const place = nodes.length;
      const port = ports[place] ?? 0;
      const given = configs[place] ?? "";
      const own = configText(typeof given === "function" ? given(port) : given);
      const listen = `cluster { name: "test", listen: "127.0.0.1:${routePorts[place]}", routes: [${routes}] }`;
      const node = await startServer({ path, port, config: `server_name: "n${place}"\n${listen}\n${own}` });
      running.push(node);
      nodes.push(node);
      return node;
    },
  };
}

describe("whoever answers in the place of tls://127.0.0.1, and names a host that has a certificate", () => {
  /** Has a certificate of the same authority, for its own name; asks for a signature; accepts whoever comes. */
  async function thief() {
    let received = "";
    const server = await fakeServer((socket) => {
      socket.write(info({ server_id: "THIEF", tls_required: true, auth_required: true, nonce: "sign this" }));
      socket.removeAllListeners("data");
      const secured = new TLSSocket(socket, { isServer: true, cert: byName.cert, key: byName.key });
      secured.on("error", () => {});
      secured.on("data", (chunk: Buffer) => {
        received += chunk.toString();
        secured.write("PONG\r\n");
      });
    });
    fakes.push(server);
    return { server, received: () => received };
  }

  it.each<[string, ConnectionOptions, string]>([
    ["a password", {}, "alice:secret@"],
    [
      "a JWT and a signature",
      { authenticator: jwtAuthenticator("a.jwt.of.a.user", createUser().getSeed()) },
      "",
    ],
  ])(
    "gets nothing there of %s: the name is not the one that was asked for",
    async (_what, options, credentials) => {
      const { server, received } = await thief();
      const liar = await fakeServer((socket) => {
        socket.end(info({ tls_required: true, connect_urls: [`localhost:${server.port}`], nonce: "n" }));
      });
      fakes.push(liar);
      const error = await refused({
        ...quick,
        ...options,
        servers: `tls://${credentials}127.0.0.1:${liar.port}`,
        tls,
      });
      expect(error.attempts).toMatchObject([
        { server: `127.0.0.1:${liar.port}` },
        { server: `localhost:${server.port}`, step: "securing", error: { code: "TLS" } },
      ]);
      expect(error.message).toContain("for another name");
      await server.emptied();
      expect([server.connections, received()]).toEqual([1, ""]);
    },
  );
});

describe.each(servers)("beside a tls:// URL, with nats-server $label", ({ path }) => {
  it("a nats:// URL asks for TLS too: a server without it is told nothing", async () => {
    const secure = await started(path, tlsOf(byName));
    const plain = await started(path, "");
    const seen = await witness(plain.port);
    const servers = [`tls://localhost:${secure.port}`, `nats://bob:pw@127.0.0.1:${seen.port}`];
    const nc = await connectElsewhere({ ...quick, servers }, { env });
    await secure.kill();
    expect(await nc.statuses.at("error", seen.port)).toMatchObject({
      code: "SERVER_OPT_NA",
      message: expect.stringContaining("asks for TLS with all servers of its list"),
    });
    const before = nc.statuses.count;
    await secure.start();
    await nc.statuses.at("reconnect", secure.port, before);
    expect(seen.received()).toBe("");
  });

  it("a nats:// URL is connected to under TLS", async () => {
    const secure = await started(path, tlsOf(byName));
    const offering = await started(path, tlsOf(byAddress, { allow_non_tls: true }), true);
    const servers = [`tls://localhost:${secure.port}`, `nats://127.0.0.1:${offering.port}`];
    const nc = await connectElsewhere({ ...quick, servers }, { env });
    await secure.kill();
    await nc.statuses.at("reconnect", offering.port);
    const { connections } = (await offering.monitor("connz")) as { connections: object[] };
    expect(connections).toMatchObject([{ tls_version: "1.3" }]);
  });
});

describe.each(servers)(
  "TLS that nats-server $label offered, and offers no more after a restart",
  ({ path }) => {
    it("is missed: the client does not go on in the clear, and says which option would", async () => {
      const server = await started(path, tlsOf(byName, { allow_non_tls: true }));
      const servers = `alice:secret@localhost:${server.port}`;
      const nc = await connectElsewhere({ ...quick, servers }, { env });
      const { config } = server;
      await server.restart("");
      const refusal = await nc.statuses.until("SERVER_OPT_NA", ({ code }) => code === "SERVER_OPT_NA");
      expect(refusal.message).toContain("TLS was spoken before");
      expect(refusal.message).toContain("allowNonTls: true");
      expect(nc.statuses.lines()).not.toContain(`reconnect localhost:${server.port}`);
      await server.restart(config);
      await nc.statuses.at("reconnect", server.port);
      await nc.flush();
    });

    it("is not missed with allowNonTls", async () => {
      const server = await started(path, tlsOf(byName, { allow_non_tls: true }), true);
      const servers = `localhost:${server.port}`;
      const nc = await connectElsewhere({ ...quick, servers, allowNonTls: true }, { env });
      const connections = async () =>
        ((await server.monitor("connz")) as { connections: object[] }).connections;
      expect(await connections()).toMatchObject([{ tls_version: "1.3" }]);
      await server.restart("");
      await nc.statuses.at("reconnect", server.port);
      await nc.flush();
      expect(await connections()).toMatchObject([{ cid: expect.any(Number) }]);
      expect((await connections())[0]).not.toHaveProperty("tls_version");
    });
  },
);
