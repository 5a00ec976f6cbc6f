// The simulation sees a secret that goes to the wrong host. Each client here has a mistake of that kind, and drawn runs find it;
// the same runs find nothing in the client as it is (test/properties/simulation).

import { afterEach, describe, expect, it, vi } from "vitest";
import type { ServerCredentials } from "../../src/api/credentials.js";
import type * as Origin from "../../src/machine/origin.js";
import { drawPlan } from "../../src/testing/draw-plan.js";
import { type ClientPlan, type Plan, simulate } from "../../src/testing/index.js";

const ORIGIN = "../../src/machine/origin.js";
const CREDENTIALS = "../../src/api/credentials.js";

/** A client whose origins are not as they should be. */
function withOrigins(mistake: (right: typeof Origin) => Partial<typeof Origin>): void {
  vi.doMock(ORIGIN, async (original) => {
    const right = await original<typeof Origin>();
    return { ...right, ...mistake(right) };
  });
}

/** A client that remembers the credentials of every URL, and uses them where a later list has none for that server. */
function withOldCredentials(): void {
  vi.doMock(CREDENTIALS, async (original) => {
    const right = await original<{ readonly ServerCredentials: typeof ServerCredentials }>();
    class Remembering extends right.ServerCredentials {
      readonly #ever = new Map<string, Parameters<ServerCredentials["replace"]>[0][number]>();

      override replace(...[servers, ...more]: Parameters<ServerCredentials["replace"]>): void {
        for (const server of servers) if (server.auth !== undefined) this.#ever.set(server.name, server);
        super.replace(
          servers.map((server) =>
            server.auth === undefined ? (this.#ever.get(server.name) ?? server) : server,
          ),
          ...more,
        );
      }
    }
    return { ...right, ServerCredentials: Remembering };
  });
}

/** How the simulation says what is wrong with that client, and after how many runs. */
async function found(most: number) {
  vi.resetModules();
  const { shrinkPlan, SimulationFailure, simulate } = await import("../../src/testing/index.js");
  for (let seed = 1; seed <= most; seed++) {
    try {
      await simulate({ seed });
    } catch (error) {
      if (!(error instanceof SimulationFailure)) throw error;
      const { broken } = error;
      return { broken, runs: seed, shrunk: () => shrinkPlan(error) };
    }
  }
  return undefined;
}

const clear = { tls: null, transport: { type: "tcp", tls: false } } as const;

const mistakes: readonly (readonly [what: string, plant: () => void, broken: RegExp])[] = [
  [
    "offers every server the credentials of the first URL",
    () =>
      withOrigins(({ destinationOf }) => ({
        destinationOf: (origins, server) => ({
          ...destinationOf(origins, server),
          origin: origins[0]?.id ?? "",
        }),
      })),
    /which is not of its origin$/,
  ],
  [
    "takes what was said before TLS for what was said inside",
    () =>
      withOrigins(({ destinationOf }) => ({
        destinationOf: (origins, server) => destinationOf(origins, { ...server, vouched: true }),
      })),
    /which is not of its origin$/,
  ],
  [
    "dials servers that it learnt of as if nobody had asked for TLS",
    () =>
      withOrigins(({ destinationOf }) => ({
        destinationOf: (origins, server) => ({
          ...destinationOf(origins, server),
          ...(server.learnt ? clear : {}),
        }),
      })),
    /in the clear, although (its list asks for TLS|TLS was spoken there before)$/,
  ],
  [
    "forgets that a server has spoken TLS",
    () => withOrigins(() => ({ spoke: (origins) => origins })),
    /in the clear, although TLS was spoken there before$/,
  ],
  [
    "uses the credentials of an old list where the new one has none",
    withOldCredentials,
    /whose list was replaced/,
  ],
];

describe("simulate finds a client that", { timeout: 120_000 }, () => {
  afterEach(() => {
    vi.doUnmock(ORIGIN);
    vi.doUnmock(CREDENTIALS);
    vi.resetModules();
  });

  it.each(mistakes)("%s", async (_, plant, broken) => {
    plant();
    const failure = await found(300);
    if (process.env["NATS_SIMULATION_TELLS"] !== undefined) console.info(_, failure);
    expect(failure?.broken).toMatch(broken);
  });

  it("lets the servers that a replaced server names into the new list, in a plan of its own", async () => {
    const { options, ...client } = drawPlan(1, { clients: 1, faults: 0 }).clients[0] as ClientPlan;
    const steady = {
      reconnect: true,
      maxReconnectAttempts: -1,
      noRandomize: true,
      ignoreClusterUpdates: false,
    };
    const plan: Plan = {
      ...drawPlan(1, { clients: 1, servers: 2, duration: 60_000, acts: 0, faults: 0 }),
      server: { tls: "none" },
      other: { servers: 1, tls: "none", known: "byAddress" },
      clients: [
        {
          ...client,
          options: { ...options, ...steady, onLameDuck: "notify", timeout: 5_000 },
          credentials: { type: "none" },
          chooses: null,
          delay: null,
          knows: 1,
          list: { from: 0, secrets: "all" },
        },
      ],
      entries: [
        { at: 5_000, act: { type: "move", client: 0, from: 2, count: 1, secrets: "all" } },
        { at: 6_000, act: { type: "join" } },
        { at: 7_000, act: { type: "crash", node: 0, ms: 30_000 }, site: 1 },
        { at: 8_000, act: { type: "reconnect", client: 0 } },
      ],
    };
    expect((await simulate({ seed: 1, plan })).counts.dialed).toBeGreaterThan(2);
    withOrigins(({ originFor }) => ({
      originFor: (origins, pool, destination) => originFor(origins, pool, destination) ?? origins[0],
    }));
    vi.resetModules();
    const planted = await import("../../src/testing/index.js");
    const broken = expect.stringMatching(
      /^c0 sends the secret of 10\.0\.2\.1:4222 to 10\.0\.1\.\d:4222 in the clear, which is not of its origin$/,
    );
    await expect(planted.simulate({ seed: 1, plan })).rejects.toMatchObject({ broken });
  });

  it("uses the credentials of an old list, in a story of a few steps", async () => {
    withOldCredentials();
    const { broken, plan } = (await (await found(300))?.shrunk()) ?? {};
    expect(broken).toMatch(/whose list was replaced/);
    const acts = plan?.entries.map(({ act }) => act.type) ?? [];
    expect(acts).toContain("move");
    expect(acts.length).toBeLessThan(6);
  });
});
