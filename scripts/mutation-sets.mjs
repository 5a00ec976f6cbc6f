// The sets of the mutation testing: what is mutated, which tests are to notice, and the score that each must reach.
// stryker.config.mjs, vitest.mutation.config.ts and mutation.mjs read them; docs/mutation.md says what came of them.
//
// Every file of `src` is in one set, but those that only list names or types, and the page of the inspector: that one
// runs in a browser, where no mutant is switched on. A set has the tests that are near to it and quick.

/**
 * @typedef {object} MutationSet
 * @property {string[]} mutate Globs of what is mutated.
 * @property {string[]} tests Globs of the test files that are to notice, the nearest first.
 * @property {number} least The score of 100 below which the run fails.
 */

/** @type {Record<string, MutationSet>} */
export const mutationSets = {
  machine: {
    mutate: ["src/machine/**/*.ts", "!src/machine/index.ts"],
    // The chart is built when its module is loaded: a mutant of it needs every test. So nothing slow is among them.
    tests: ["test/machine/*.test.ts"],
    least: 90,
  },
  wire: {
    mutate: ["src/effects/wire/**/*.ts"],
    tests: ["test/effects/wire/*.test.ts", "test/api/slow-consumer.test.ts"],
    least: 85,
  },
  effects: {
    mutate: [
      "src/effects/**/*.ts",
      "!src/effects/{wire,simulated,node,web-socket}/**",
      "!src/effects/{ports,world}.ts",
    ],
    tests: ["test/effects/**/!(chart-garbage).test.ts", "test/api/!(forgotten-option|two-copies).test.ts"],
    least: 85,
  },
  // What touches a network needs real servers. The clients of `late-answers` are processes, where no mutant is switched on.
  sockets: {
    mutate: ["src/effects/{node,web-socket}/**/*.ts"],
    tests: [
      "test/effects/node/*.test.ts",
      "test/effects/web-socket.test.ts",
      "test/integration/{closing-sockets,giving-up,life,one-server-two-names,tls,tls-failures}.test.ts",
      "test/integration/{websocket,websocket-tls}.test.ts",
    ],
    least: 85,
  },
  simulated: {
    mutate: ["src/effects/simulated/**/*.ts"],
    tests: [
      "test/effects/simulated/*.test.ts",
      // Those of worlds and faults: the others, of clients with a mistake, take long.
      "test/testing/{embedded-faults,faults,input,misleading,scripted-outage,simulation,sites}.test.ts",
      "test/api/!(forgotten-option|two-copies).test.ts",
    ],
    least: 85,
  },
  api: {
    mutate: ["src/api/**/*.ts"],
    tests: ["test/api/!(forgotten-option|two-copies).test.ts", "test/nats-core/*.test.ts"],
    least: 85,
  },
  "nats-core": {
    mutate: ["src/nats-core/**/*.ts", "!src/nats-core/index.ts"],
    tests: ["test/nats-core/*.test.ts"],
    least: 80,
  },
  // What runs clients and judges them. Without the tests that look for their mistake in drawn plans: they take long.
  testing: {
    mutate: ["src/testing/*.ts", "!src/testing/{index,arbitraries,shrink,draw-*}.ts"],
    tests: [
      "test/testing/!(disturbances|drawn-*|lost-messages|recordings|secrets|shrink|simulate).test.ts",
      // The pattern leaves it out as well, for the beginning of its name.
      "test/testing/secrets-law.test.ts",
    ],
    least: 80,
  },
  // What draws plans and stories of the chart, and makes them shorter.
  drawn: {
    mutate: ["src/testing/{arbitraries,shrink,draw-*}.ts", "src/testing/chart/*.ts"],
    tests: [
      "test/testing/{drawn-*,moves,outside,recordings,shrink}.test.ts",
      "test/properties/chart/contradictions.test.ts",
      "test/testing/disturbances.test.ts",
    ],
    least: 80,
  },
  cli: {
    mutate: ["src/cli/**/*.ts"],
    // Those that start the tool as a process are not among them: no mutant is switched on there. And none that is slow.
    tests: ["test/cli/!(chart|docs|large-recording|usage).test.ts"],
    least: 80,
  },
  // What runs in the process that is inspected, and serves the page.
  inspector: {
    mutate: ["src/inspector/*.ts"],
    tests: [
      "test/inspector/*.test.ts",
      "test/integration/{local-inspector-server,local-inspector-sockets,inspecting}.test.ts",
    ],
    least: 80,
  },
  // What is shown of it, on the page and in a terminal.
  drawing: {
    mutate: ["src/inspector/{drawing,story}/**/*.ts"],
    tests: ["test/inspector/*.test.ts", "test/cli/*.test.ts"],
    least: 60,
  },
};

/** Whether the tests of a set need nats-servers. */
export const needsServers = ({ tests }) => tests.some((glob) => glob.startsWith("test/integration/"));

/** The set that MUTATION names, `machine` without it. */
export const chosenSet = process.env.MUTATION ?? "machine";
