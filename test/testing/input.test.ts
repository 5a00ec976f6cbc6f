// What a test asks of the kit and makes no sense is refused, with words that say what to do: a test that tests nothing
// would pass.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Disturbance,
  disturbances,
  type EmbeddedServer,
  type Fault,
  plans,
  recordings,
  Simulation,
  simulate,
  startEmbeddedServer,
} from "../../src/testing/index.js";

/** What the compiler would not let through, as it comes from plain JavaScript, from JSON or out of a computation. */
const wrong = (value: unknown) => value as never;

type Refusal = readonly [
  what: string,
  ask: () => unknown,
  kind: typeof TypeError | typeof RangeError,
  says: string,
];

const wholeFrom = (least: number) => `it must be a whole number from ${least} to 2147483647`;
const number = "it must be a number of milliseconds, 0 or more";
const fault = (given: object) => () => worldWithCluster().inject(wrong(given));

function worldWithCluster(): Simulation {
  const world = new Simulation();
  world.cluster(3);
  return world;
}

const times: readonly Refusal[] = (["advance", "sleep"] as const).flatMap((name): Refusal[] => {
  const ask = (...ms: unknown[]) => {
    const world = new Simulation();
    return (world[name] as (...ms: unknown[]) => Promise<void>).call(world, ...ms);
  };
  return [
    [`${name}(NaN)`, () => ask(Number.NaN), RangeError, `ms is NaN: ${number}`],
    [`${name}(-5)`, () => ask(-5), RangeError, `ms is -5: ${number}`],
    [`${name}(Infinity)`, () => ask(Number.POSITIVE_INFINITY), RangeError, `ms is Infinity: ${number}`],
    [`${name}()`, () => ask(), TypeError, `ms is undefined: ${number}`],
    [`${name}("100")`, () => ask("100"), TypeError, `ms is "100": ${number}`],
  ];
});

const worlds: readonly Refusal[] = [
  ["until of no promise", () => new Simulation().until(wrong(() => {})), TypeError, "it must be a promise"],
  ["a limit of NaN", () => new Simulation().until(Promise.resolve(), Number.NaN), RangeError, "limit is NaN"],
  [
    "an unknown option",
    () => new Simulation(wrong({ sede: 1 })),
    TypeError,
    'a simulation knows no "sede": it takes',
  ],
  [
    "a seed of NaN",
    () => new Simulation({ seed: Number.NaN }),
    RangeError,
    "seed is NaN: it must be a whole number",
  ],
  [
    "latencies the wrong way round",
    () => new Simulation({ latency: [5, 1] }),
    TypeError,
    "latency is [5, 1]",
  ],
  ["options that are none", () => new Simulation(wrong(7)), TypeError, "takes an object; it is given 7"],
  ["cluster(-1)", () => new Simulation().cluster(-1), RangeError, `size is -1: ${wholeFrom(1)}`],
  ["cluster(0)", () => new Simulation().cluster(0), RangeError, `size is 0: ${wholeFrom(1)}`],
  ["cluster(NaN)", () => new Simulation().cluster(Number.NaN), RangeError, "size is NaN"],
  ["cluster('3')", () => new Simulation().cluster(wrong("3")), TypeError, 'size is "3"'],
  [
    "an unknown option of servers",
    () => new Simulation().cluster(1, wrong({ pingIntervall: 5 })),
    TypeError,
    'a cluster knows no "pingIntervall"',
  ],
  [
    "PINGs without a pause",
    () => new Simulation().cluster(1, { pingInterval: 0 }),
    RangeError,
    "pingInterval is 0",
  ],
  [
    "a version that is none",
    () => new Simulation().cluster(1, { version: "new" }),
    TypeError,
    'version is "new"',
  ],
  [
    "a user with a password of another name",
    () => new Simulation().cluster(1, { users: [wrong({ user: "ann", password: "secret" })] }),
    TypeError,
    'a user knows no "password": it takes user, pass, token, expiresAt, publish, subscribe',
  ],
  [
    "a permission that is no list",
    () => new Simulation().cluster(1, { users: [{ user: "ann", publish: wrong({ allow: "ok.>" }) }] }),
    TypeError,
    'allow is "ok.>": it must be a list',
  ],
  [
    "a user whom the cluster does not know",
    () => new Simulation().cluster(1, { users: [{ user: "ann" }] }).revoke({ user: "ann" }),
    RangeError,
    "the same object",
  ],
  [
    "a lame duck for NaN",
    () => new Simulation().cluster().node(0).lameDuck(Number.NaN),
    RangeError,
    "grace is NaN",
  ],
  [
    "a greeting that there is not",
    () =>
      new Simulation()
        .cluster()
        .node(0)
        .greetNext(wrong({ type: "rude" })),
    RangeError,
    'there is no such greeting: {"type":"rude"}; its type must be one of normal, silent',
  ],
];

const faults: readonly Refusal[] = [
  [
    "node -1",
    fault({ type: "crash", node: -1, ms: 5 }),
    RangeError,
    `node of the fault crash is -1: ${wholeFrom(0)}`,
  ],
  ["node 0.5", fault({ type: "crash", node: 0.5, ms: 5 }), RangeError, "node of the fault crash is 0.5"],
  ["no node", fault({ type: "crash", ms: 5 }), TypeError, "node of the fault crash is undefined"],
  [
    "node null where one is needed",
    fault({ type: "leave", node: null }),
    TypeError,
    "node of the fault leave is null",
  ],
  [
    "ms NaN",
    fault({ type: "pause", node: 0, ms: Number.NaN }),
    RangeError,
    `ms of the fault pause is NaN: ${number}`,
  ],
  ["client -1", fault({ type: "reset", client: -1 }), RangeError, "client of the fault reset is -1"],
  ["a field of another name", fault({ type: "join", node: 1 }), TypeError, 'the fault join knows no "node"'],
  [
    "a direction that there is not",
    fault({ type: "vanish", client: 0, direction: "toserver" }),
    TypeError,
    'it must be one of "toServer", "toClient", "both"',
  ],
  [
    "a greeting in it that is not whole",
    fault({ type: "greet", node: 0, ms: 5, handshake: { type: "late" } }),
    TypeError,
    "ms of the greeting late is undefined",
  ],
  [
    "a kind that there is not",
    fault({ type: "crsh", node: 0 }),
    RangeError,
    'there is no such fault: {"type":"crsh"',
  ],
  ["no fault at all", fault(wrong(undefined)), RangeError, "there is no such fault: undefined"],
];

const generated: readonly Refusal[] = [
  [
    "an unknown option",
    () => disturbances(fc, wrong({ severs: 3 })),
    TypeError,
    'disturbances knows no "severs": it takes servers',
  ],
  [
    "a kind that there is not",
    () => disturbances(fc, { kinds: [wrong("crsh")] }),
    TypeError,
    'kinds is ["crsh"]: it must be',
  ],
  ["servers as a text", () => disturbances(fc, wrong({ servers: "3" })), TypeError, 'servers is "3"'],
  ["an unknown size of plans", () => plans(fc, wrong({ server: 3 })), TypeError, 'plans knows no "server"'],
  ["plans of NaN acts", () => plans(fc, { acts: Number.NaN }), RangeError, "acts is NaN"],
  [
    "an unknown option of recordings",
    () => recordings(fc, wrong({ mots: 3 })),
    TypeError,
    'recordings knows no "mots"',
  ],
  [
    "an unknown field of a policy",
    () => recordings(fc, { policy: wrong({ reconnectTimewait: 3 }) }),
    TypeError,
    'the policy knows no "reconnectTimewait"',
  ],
  [
    "an unknown option of a run",
    () => simulate(wrong({ seed: 1, client: 1 })),
    TypeError,
    'simulate knows no "client"',
  ],
  [
    "a run without a seed",
    () => simulate(wrong({})),
    TypeError,
    "seed is undefined: it must be a whole number",
  ],
  [
    "a seed as a text",
    () => simulate(wrong({ seed: "17" })),
    TypeError,
    'seed is "17": it must be a whole number',
  ],
];

const embedded: readonly Refusal[] = [
  [
    "an unknown option",
    () => startEmbeddedServer(wrong({ prot: 4222 })),
    TypeError,
    'an embedded server knows no "prot": it takes',
  ],
  ["a port that there is not", () => startEmbeddedServer({ port: 65_536 }), RangeError, "port is 65536"],
  ["TLS", () => startEmbeddedServer(wrong({ tls: "required" })), TypeError, 'knows no "tls"'],
  [
    "a cluster of something else",
    () => startEmbeddedServer({ joins: wrong({}) }),
    TypeError,
    "joins is an object",
  ],
];

describe.each([
  ["a simulation refuses", [...times, ...worlds]],
  ["a fault is refused with", faults],
  ["what makes things up refuses", generated],
  ["an embedded server refuses", embedded],
])("%s", (_name, refusals) => {
  it.each(refusals)("%s", async (_what, ask, kind, says) => {
    const error: unknown = await (async () => ask())().then(
      () => undefined,
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toContain(says);
  });
});

describe("disturbances that are scheduled", () => {
  it.each<[string, unknown, string]>([
    ["at NaN", { at: Number.NaN, fault: { type: "join" } }, "at of a disturbance is NaN"],
    ["before now", { at: -1, fault: { type: "join" } }, "at of a disturbance is -1"],
    ["without a fault", { at: 5 }, "there is no such fault: undefined"],
    ["as a fault alone", { type: "join" }, 'a disturbance knows no "type"'],
  ])("%s are refused, and those beside them do not happen", async (_what, disturbance, says) => {
    const world = worldWithCluster();
    const good: Disturbance = { at: 1, fault: { type: "crash", node: 0, ms: 1_000 } };
    expect(() => world.schedule([good, wrong(disturbance)])).toThrow(says);
    await world.advance(10);
    expect(world.clusters[0]?.node(0).isRunning).toBe(true);
  });

  it("befall a server modulo how many there are, so that they make sense after one has left", async () => {
    const world = worldWithCluster();
    const crash: Fault = { type: "crash", node: 3, ms: 1_000 };
    world.inject(crash);
    expect(world.clusters[0]?.nodes.map(({ isRunning }) => isRunning)).toEqual([false, true, true]);
  });
});

describe("an embedded server", () => {
  it("takes users, or a cluster and its users, not both", async () => {
    const users = [{ token: "t" }];
    const server = await startEmbeddedServer({ users });
    let other: EmbeddedServer | undefined;
    try {
      await expect(startEmbeddedServer({ users, joins: server })).rejects.toThrow("exclude each other");
      other = await startEmbeddedServer({ joins: server });
      expect(() => server.lameDuck(-1)).toThrow("grace is -1");
      expect(() => server.expel(wrong(undefined))).toThrow("error is undefined");
      expect(() => server.greetNext(wrong("silent"))).toThrow("there is no such greeting");
    } finally {
      await Promise.all([server.stop(), other?.stop()]);
    }
  });
});

describe("a promise that waits for a timer of the platform", () => {
  it("is not settled in virtual time, and the error says why", async () => {
    const world = new Simulation();
    // biome-ignore lint/style/noRestrictedGlobals: nobody waits for it; it is what the error is about.
    const timer = new Promise((resolve) => void setTimeout(resolve, 60_000).unref());
    await expect(world.until(timer)).rejects.toThrow(
      "the promise was not settled within 3600000 ms of virtual time. The most likely reason: timers of the platform " +
        "(setTimeout) do not run in virtual time: see world.sleep",
    );
  });
});
