// Each fault that lasts: it is seen while it lasts, it ends by itself when its time is over, and `heal` ends it sooner.

import { describe, expect, it } from "vitest";
import type { ConnectionOptions, NatsConnection, NatsError } from "../../src/index.js";
import { type Fault, Simulation } from "../../src/testing/index.js";

const MINUTE = 60_000;
const endless: ConnectionOptions = { maxReconnectAttempts: -1, pingInterval: 5_000, timeout: 2_000 };

/** What a promise comes to within two seconds of virtual time: its value, or the code of its error. */
const outcome = <T>(world: Simulation, promise: Promise<T>): Promise<T | string> =>
  world.until(
    Promise.race([promise, world.sleep(2_000).then(() => "nothing")]).catch(({ code }: NatsError) => code),
  );

/** Two servers, and a client at each, the first at the first; and what shows of a fault. */
async function scene(seed: number) {
  const world = new Simulation({ seed });
  const cluster = world.cluster(2, { users: [{ user: "ann", pass: "s3cret" }] });
  const ann = { user: "ann", pass: "s3cret" };
  const [here = "", there = ""] = cluster.urls;
  const alone = { ...endless, ...ann, ignoreClusterUpdates: true };
  const nc = await world.connect({ ...alone, servers: here });
  const other = await world.connect({ ...alone, servers: there });
  const received: string[] = [];
  nc.subscribe("a", { callback: (_error, msg) => void received.push(msg.string()) });
  await world.until(nc.flush());

  /** How fast the first server answers, what arrives there from the other one, and what a new client is told. */
  const look = async () => {
    const rtt = await outcome(world, nc.rtt());
    received.length = 0;
    other.publish("a", "across");
    await world.advance(1_000);
    const arrived = [...received];
    const told = async (guest: NatsConnection) => {
      const servers = guest.getServers().map(({ listen }) => listen);
      const lameDuck = guest.info?.ldm ?? false;
      const server = guest.getServer();
      await guest.close();
      return { server, servers: servers.sort(), lameDuck };
    };
    const guest = await outcome(
      world,
      world.dial({ ...ann, servers: here, timeout: 1_000, reconnect: false }).then(told),
    );
    return { rtt: typeof rtt === "number" ? (rtt < 100 ? "fast" : "slow") : rtt, arrived, guest };
  };
  return { world, cluster, look };
}

const noLie = { lameDuck: false, tls: "honest", cuts: false } as const;

const lasting: readonly (Fault & { readonly ms: number })[] = [
  { type: "crash", node: 0, ms: MINUTE },
  { type: "powerOff", node: 0, ms: MINUTE },
  { type: "pause", node: 0, ms: MINUTE },
  { type: "cut", client: 0, node: 0, ms: MINUTE },
  { type: "cut", client: 0, node: null, ms: MINUTE },
  { type: "slow", client: 0, node: 0, latency: 600, bandwidth: 1_000, ms: MINUTE },
  { type: "slow", client: 0, node: 0, latency: 1, bandwidth: 0.01, ms: MINUTE },
  { type: "lameDuck", node: 0, grace: 1_000, ms: MINUTE },
  { type: "greet", node: 0, handshake: { type: "mute" }, ms: MINUTE },
  { type: "mislead", node: 0, by: "path", connectUrls: ["10.9.9.9:4222"], ...noLie, ms: MINUTE },
  { type: "mislead", node: 0, by: "server", connectUrls: [], ...noLie, lameDuck: true, ms: MINUTE },
  { type: "isolate", node: 0, ms: MINUTE },
  { type: "lockOut", ms: MINUTE },
];

describe("a fault that lasts", () => {
  it.each(lasting.map((fault) => [JSON.stringify(fault), fault] as const))("%s", async (_name, fault) => {
    const { world, look } = await scene(1);
    const well = await look();
    expect(well).toMatchObject({ rtt: "fast", arrived: ["across"], guest: { lameDuck: false } });
    for (const endsIt of [() => world.advance(MINUTE), async () => world.heal()]) {
      world.inject(fault);
      await world.advance(5_000);
      expect(await look()).not.toEqual(well);
      await endsIt();
      // The client has time to come back.
      await world.advance(30_000);
      expect(await look()).toEqual(well);
    }
  });

  it("is ended in a server that left and comes back by heal()", async () => {
    const { world, look } = await scene(1);
    const well = await look();
    world.inject({ type: "leave", node: 0 });
    await world.advance(5_000);
    expect((await look()).guest).toBe("CONNECTION_REFUSED");
    world.heal();
    await world.advance(30_000);
    expect(await look()).toEqual(well);
  });
});

describe("a server that is started anew", () => {
  it.each<readonly [string, readonly ("pause" | "lameDuck" | "stop" | "crash" | "powerOff")[]]>([
    ["paused and stopped", ["pause", "stop"]],
    ["paused and killed", ["pause", "crash"]],
    ["paused, and the machine switched off", ["pause", "powerOff"]],
    ["in lame duck mode", ["lameDuck"]],
    ["stopped in lame duck mode", ["lameDuck", "stop"]],
    ["killed in lame duck mode", ["lameDuck", "crash"]],
  ])("is as it was before it was %s", async (_what, does) => {
    const { world, cluster, look } = await scene(1);
    const well = await look();
    const node = cluster.node(0);
    for (const what of does) node[what]();
    await world.advance(5_000);
    expect((await look()).guest).toBeTypeOf("string");
    node.start();
    await world.advance(30_000);
    expect(await look()).toEqual(well);
    // Its timers run, too.
    node.greetNext({ type: "late", ms: 500 });
    expect(await look()).toEqual(well);
  });
});

describe("what happens in between", () => {
  it("a server that has left while a fault lasted is not started when the fault is over", async () => {
    const { world, cluster } = await scene(1);
    const node = cluster.node(0);
    world.inject({ type: "crash", node: 0, ms: MINUTE });
    world.inject({ type: "leave", node: 0 });
    await world.advance(2 * MINUTE);
    expect([node.isRunning, cluster.nodes.includes(node)]).toEqual([false, false]);
  });

  it("a fault that was healed is not ended once more when its time would have been over", async () => {
    const { world, cluster } = await scene(1);
    const statuses: string[] = [];
    world.inject({ type: "crash", node: 0, ms: MINUTE });
    await world.advance(1_000);
    world.heal();
    const nc = await world.connect({
      servers: cluster.node(0).address,
      user: "ann",
      pass: "s3cret",
      onStatus: ({ type }) => void statuses.push(type),
    });
    await world.advance(MINUTE);
    await world.until(nc.flush());
    expect(statuses).not.toContain("disconnect");
  });

  it("a server that is isolated, rejoins, or enters lame duck mode is told of by the others", async () => {
    const world = new Simulation();
    const [here, isolated, lame] = world.cluster(3).nodes;
    const told: unknown[] = [];
    await world.connect({
      servers: `${here?.address}`,
      onStatus: ({ type, data }) => void (type === "update" && told.push(data)),
    });
    await world.advance(1_000);
    told.length = 0;
    world.inject({ type: "isolate", node: 1, ms: 5_000 });
    await world.advance(1_000);
    expect(told.splice(0)).toEqual([{ added: [], deleted: [isolated?.address] }]);
    await world.advance(5_000);
    expect(told.splice(0)).toEqual([{ added: [isolated?.address], deleted: [] }]);
    lame?.lameDuck();
    await world.advance(1_000);
    expect(told).toEqual([{ added: [], deleted: [lame?.address] }]);
  });

  it("a second lame duck mode does not hurry the first one", async () => {
    const { world, cluster, look } = await scene(1);
    const node = cluster.node(0);
    node.lameDuck(20_000, 0);
    node.lameDuck(0, 0);
    await world.advance(10_000);
    expect(await look()).toMatchObject({ rtt: "fast", arrived: ["across"] });
    await world.advance(10_000);
    expect(node.clients).toBe(0);
  });

  it("greetings that were still to come are forgotten with the fault that greets strangely", async () => {
    const { world, cluster, look } = await scene(1);
    const well = await look();
    world.inject({ type: "greet", node: 0, handshake: { type: "silent" }, ms: MINUTE });
    cluster.node(0).greetNext({ type: "mute" }, { type: "mute" });
    world.heal();
    expect(await look()).toEqual(well);
  });
});
