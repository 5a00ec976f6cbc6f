// The clusters of a run: how clients are told of their servers, and who may connect.

import { describe, expect, test } from "vitest";
import { drawPlan } from "../../src/testing/draw-plan.js";
import type { Plan } from "../../src/testing/index.js";
import { secretOf } from "../../src/testing/secrets-law.js";
import { Simulation } from "../../src/testing/simulation.js";
import { foreignServers, namesOf, Sites } from "../../src/testing/sites.js";

const quiet: Plan = {
  ...drawPlan(1, { servers: 2, clients: 1, acts: 0, faults: 0 }),
  server: { tls: "none" },
};
const plain: Plan = {
  ...quiet,
  clients: quiet.clients.map(({ list: _, ...client }) => ({ ...client, credentials: { type: "none" } })),
};
const other = { servers: 2, tls: "offered", known: "byName" } as const;

function setUp(changes: Partial<Plan> = {}) {
  const simulation = new Simulation();
  return { simulation, sites: new Sites({ ...plain, ...changes }, simulation) };
}
/** Who may connect to the first cluster, and to the others. */
const usersOf = ({ clusters }: Sites) => clusters.map(({ model }) => model.users);
const withSecrets = {
  clients: plain.clients.map((client) => ({ ...client, list: { from: 0, secrets: "all" as const } })),
};

test("servers are told by their addresses, or all of a cluster by one name", () => {
  expect(setUp().sites.servers).toEqual(["10.0.1.1:4222", "10.0.1.2:4222"]);
  expect(setUp({ known: "byName" }).sites.servers).toEqual(["site-1.sim:4222"]);
  const { sites } = setUp({ other });
  expect(sites.servers).toEqual(["10.0.1.1:4222", "10.0.1.2:4222", "site-2.sim:4222"]);
  expect([namesOf(other), namesOf({ servers: 2, known: "byAddress" })]).toEqual([1, 2]);
  expect(sites.clusters).toHaveLength(2);
  expect(sites.clusterOf("site-2.sim:4222")).toBe(sites.clusters[1]);
  expect(sites.clusterOf("10.0.1.2:4222")).toBe(sites.clusters[0]);
  expect(sites.clusterOf(foreignServers[0] as string)).toBeUndefined();
});

test("addresses are of one cluster or of two, and foreign ones of none", () => {
  const { sites } = setUp({ other });
  const [one, next, far, foreign] = [
    "10.0.1.1:4222",
    "10.0.1.9:4222",
    "10.0.2.1:4222",
    "10.66.0.1:4222",
  ] as const;
  expect([sites.isOfAnother(one, far), sites.isOfAnother(one, next)]).toEqual([true, false]);
  expect([sites.isOfAnother(foreign, one), sites.isOfAnother(`x${far}`, one)]).toEqual([false, false]);
});

test("a list begins anywhere, goes round, and names no server twice", () => {
  const { sites } = setUp({ other });
  expect(sites.namesIn({ from: 5, count: 2 })).toEqual(["site-2.sim:4222", "10.0.1.1:4222"]);
  expect(sites.namesIn({ from: 1, count: 9 })).toEqual(["10.0.1.2:4222", "site-2.sim:4222", "10.0.1.1:4222"]);
});

describe("the URLs of a list", () => {
  const all = { from: 0, count: 3 } as const;

  test("ask for TLS with the first server that speaks it, where they are to", () => {
    const { sites } = setUp({ other });
    expect(sites.urls("c0", 1, all)).toEqual(
      ["10.0.1.1:4222", "10.0.1.2:4222", "site-2.sim:4222"].map((name) => `nats://${name}`),
    );
    expect(sites.urls("c0", 1, { ...all, tls: true })[2]).toBe("tls://site-2.sim:4222");
    const secured = setUp({ server: { tls: "required" } }).sites;
    expect(secured.urls("c0", 1, { ...all, tls: true })).toEqual([
      "tls://10.0.1.1:4222",
      "nats://10.0.1.2:4222",
    ]);
    expect(setUp().sites.urls("c0", 1, { ...all, tls: true })).toEqual([
      "nats://10.0.1.1:4222",
      "nats://10.0.1.2:4222",
    ]);
  });

  test("have a secret each, or the first, with which the client may connect there", () => {
    const { sites } = setUp({ ...withSecrets, other });
    const [user, token, last] = [0, 1, 2].map((place) => secretOf("c0", 4, place));
    expect(sites.urls("c0", 4, { ...all, secrets: "all" })).toEqual([
      `nats://user-${user}:pass-${user}@10.0.1.1:4222`,
      `nats://${token}@10.0.1.2:4222`,
      `nats://user-${last}:pass-${last}@site-2.sim:4222`,
    ]);
    expect(usersOf(sites)).toEqual([
      [{}, { user: `user-${user}`, pass: `pass-${user}` }, { token }],
      [{}, { user: `user-${last}`, pass: `pass-${last}` }],
    ]);
    const urls = sites.urls("c1", 1, { ...all, secrets: "first" });
    expect(urls.map((url) => url.includes("@"))).toEqual([true, false, false]);
  });
});

describe("who may connect", () => {
  test("is everybody where nobody has credentials, and otherwise who has them", () => {
    expect(usersOf(setUp().sites)).toEqual([null]);
    expect(usersOf(setUp(withSecrets).sites)).toEqual([[{}]]);
    const moves = (secrets: "none" | "first") =>
      setUp({ entries: [{ at: 0, act: { type: "move", client: 0, from: 0, count: 1, secrets } }] }).sites;
    expect([usersOf(moves("first")), usersOf(moves("none"))]).toEqual([[[{}]], [null]]);
    const credentials = { type: "constant" } as const;
    expect(
      usersOf(setUp({ clients: plain.clients.map((client) => ({ ...client, credentials })) }).sites),
    ).toEqual([[{}]]);
  });

  test("is let in everywhere, with one password", () => {
    const { sites } = setUp({ other });
    sites.admit({ user: "u", pass: "1" });
    sites.admit({ user: "v", pass: "1" });
    sites.admit({ user: "u", pass: "2" });
    const users = [
      { user: "v", pass: "1" },
      { user: "u", pass: "2" },
    ];
    expect(usersOf(sites)).toEqual([users, users]);
  });
});

test("servers have the certificate of their name, and headers where they are to", async () => {
  const { simulation, sites } = setUp({
    known: "byName",
    server: { tls: "required", headers: true },
    other: { ...other, headers: false },
  });
  const [first, second] = sites.clusters.map(({ nodes }) => nodes[0]);
  const nc = await simulation.connect({ servers: "tls://site-1.sim:4222" });
  expect([nc.info?.headers, nc.info?.tls_required]).toEqual([true, true]);
  expect(simulation.nodeOf(nc)).toBe(first);
  const next = await simulation.connect({ servers: "site-2.sim:4222" });
  expect(next.info?.headers).toBe(false);
  expect(simulation.nodeOf(next)).toBe(second);
  await simulation.until(Promise.all([nc.close(), next.close()]));
});

test("foreign hosts are there where somebody misleads, let nobody in, and hear each secret", async () => {
  expect(setUp().sites.foreigners).toEqual([]);
  const lie = {
    type: "mislead",
    node: 0,
    by: "path",
    connectUrls: [],
    lameDuck: false,
    tls: "honest",
    cuts: false,
    ms: 1,
  } as const;
  const { simulation, sites } = setUp({ entries: [{ at: 0, act: lie }] });
  expect(sites.foreigners.map(({ server }) => server)).toEqual(foreignServers);
  const secret = secretOf("c0", 1, 0);
  for (const server of foreignServers) {
    const options = { servers: server, token: secret, waitOnFirstConnect: false, timeout: 1_000 };
    await expect(simulation.connect(options)).rejects.toMatchObject({ code: "AUTHORIZATION_VIOLATION" });
  }
  expect(sites.foreigners.map(({ heard }) => [...heard])).toEqual([[secret], [secret], [secret]]);
});
