// One server that the client knows by two names, such as localhost and the address that its cluster tells: leaving it by one
// name must not lead back to it by the other. The rule: `isSame` in src/machine/server-pool.ts.

import { afterEach, describe, expect, it } from "vitest";
import { closeAll, connected } from "../harness/impatient.js";
import { startCluster, type TestCluster } from "../harness/nats-server.js";
import { type Passage, type Relay, relay } from "../harness/relay.js";
import { servers } from "../harness/versions.js";

const config = `lame_duck_duration: "30s"\nlame_duck_grace_period: "1s"`;
const relays: Relay[] = [];
let cluster: TestCluster | undefined;

afterEach(async () => {
  await closeAll();
  await Promise.all(relays.splice(0).map((one) => one.close()));
  await cluster?.stop();
});

async function nodes(path: string, count: number) {
  cluster = await startCluster(count, { path, config });
  const [first, second, third] = cluster.nodes;
  if (first === undefined || second === undefined) throw new Error("no cluster");
  return { first, second, third };
}

describe.each(servers)("nats-server $label that is known as localhost and as 127.0.0.1", ({ path }) => {
  it("is not moved to in lame duck mode: the client goes to another one at once", async () => {
    const { first, second } = await nodes(path, 2);
    const { nc, statuses } = await connected({
      // Both names configured: the duck tells the client to forget only those that it told before.
      servers: [`localhost:${first.port}`, `127.0.0.1:${first.port}`],
      onLameDuck: "migrate",
    });
    expect(nc.getServer()).toBe(`localhost:${first.port}`);
    const before = statuses.count;
    first.lameDuck();
    await statuses.at("reconnect", second.port, before);
    const lines = statuses.lines(before).filter((line) => !line.startsWith("update"));
    expect(lines).toEqual([
      `ldm localhost:${first.port}`,
      `reconnecting 127.0.0.1:${second.port}`,
      `reconnect 127.0.0.1:${second.port}`,
    ]);
  });

  it("is not dialed by its other name when it hangs: another one is", async () => {
    const { first, second } = await nodes(path, 2);
    const { nc, statuses } = await connected({
      servers: [`localhost:${first.port}`, `127.0.0.1:${first.port}`, `127.0.0.1:${second.port}`],
      pingInterval: 50,
      maxPingOut: 1,
    });
    expect(nc.getServer()).toBe(`localhost:${first.port}`);
    await first.freeze();
    await statuses.at("reconnect", second.port);
    const dialed = statuses.lines(1).filter((line) => line.startsWith("reconnecting"));
    expect(dialed).toEqual([`reconnecting 127.0.0.1:${second.port}`]);
    first.resume();
  });
});

describe.each(servers)("nats-server $label that is known by two addresses", ({ path }) => {
  it("is recognized by its id: a move that leads back to it goes on to another one", async () => {
    const { first, second } = await nodes(path, 2);
    // A real duck accepts nobody. What says so here is the first way to the server; the second leads to it all the same.
    let tell: (line: string) => void = () => {};
    const fromServer = (): Passage => (chunk, send) => {
      tell = (line) => send(Buffer.from(line));
      send(chunk);
    };
    const [one, other] = await Promise.all([relay(first.port, { fromServer }), relay(first.port)]);
    relays.push(one, other);
    const { nc, statuses } = await connected({
      servers: [one, other, second].map(({ port }) => `127.0.0.1:${port}`),
      ignoreClusterUpdates: true,
      onLameDuck: "migrate",
    });
    const before = statuses.count;
    tell(`INFO ${JSON.stringify({ ...nc.info, ldm: true })}\r\n`);
    await statuses.at("reconnect", second.port, before);
    expect(statuses.lines(before)).toEqual([
      `ldm 127.0.0.1:${one.port}`,
      `reconnecting 127.0.0.1:${other.port}`,
      `error 127.0.0.1:${other.port}`,
      `reconnecting 127.0.0.1:${second.port}`,
      `reconnect 127.0.0.1:${second.port}`,
    ]);
    expect(statuses.since(before)[2]?.error?.message).toContain("under another name");
    expect(other.links).toHaveLength(1);
    await nc.flush();
  });
});

describe.each(servers)("reconnectToServer, in a move off nats-server $label", ({ path }) => {
  it("says where to move to", async () => {
    const { first, second, third } = await nodes(path, 3);
    const offered: string[][] = [];
    const { nc, statuses } = await connected({
      servers: `localhost:${first.port}`,
      onLameDuck: "migrate",
      reconnectToServer: (pool) => {
        offered.push(pool.map(({ listen }) => listen));
        return pool.find(({ port }) => port === third?.port) ?? null;
      },
    });
    const before = statuses.count;
    first.lameDuck();
    await statuses.until("a move", ({ type }) => type === "reconnect");
    expect(nc.getServer()).toBe(`127.0.0.1:${third?.port}`);
    expect(statuses.lines(before)).not.toContain(`reconnecting 127.0.0.1:${second.port}`);
    // Once for the first connection, once for the move.
    expect(offered).toHaveLength(2);
    expect(offered[1]).toEqual(
      expect.arrayContaining([second, third].map((node) => `127.0.0.1:${node?.port}`)),
    );
  });
});
