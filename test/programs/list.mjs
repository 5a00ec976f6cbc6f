// The programs, each with the packages that it installs, in the versions that were run. What they share: steps.mjs. Who runs
// them: scripts/programs.mjs.

const nats = "2.29.3";
const transportNode = "3.4.0";

/** `does` says what the program does, `on` the package whose place ours takes, `shown` how many of the packages the table names. */
export const PROGRAMS = [
  {
    name: "nats-io-jetstream",
    file: "nats-io-jetstream.mjs",
    packages: { "@nats-io/jetstream": "3.4.0", "@nats-io/transport-node": transportNode },
    does: "publishes with acknowledgements, consumes, fetches, an ordered consumer",
    on: "@nats-io/transport-node",
    isShort: true,
  },
  {
    name: "nats-micro",
    file: "nats-micro.mjs",
    packages: { "nats-micro": "0.25.0" },
    does: "a microservice, its discovery, requests and broadcasts",
    on: "nats",
    isShort: true,
  },
  {
    name: "moleculer-0.14",
    file: "moleculer.mjs",
    packages: { moleculer: "0.14.36", nats },
    does: "two brokers: calls, errors, emits and broadcasts",
    on: "nats",
    isShort: true,
  },
];
