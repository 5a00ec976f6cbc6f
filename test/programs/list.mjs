// The programs, each with the packages that it installs, in the versions that were run. What they share: steps.mjs. Who runs
// them: scripts/programs.mjs.

const nats = "2.29.3";
const transportNode = "3.4.0";

const NEST = "a microservice and its client, with `queue`, `headers`, `gracefulShutdown` and a serializer";

/** What every program of NestJS installs. */
function nest(version) {
  return { "@nestjs/common": version, "@nestjs/core": version, "reflect-metadata": "0.2.2", rxjs: "7.8.2" };
}

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
  {
    name: "moleculer-0.15",
    file: "moleculer.mjs",
    packages: { moleculer: "0.15.2", nats },
    does: "two brokers: calls, errors, emits and broadcasts",
    on: "nats",
  },
  {
    name: "moleculer-channels",
    file: "moleculer-channels.mjs",
    packages: { "@moleculer/channels": "0.1.8", moleculer: "0.14.36", nats },
    shown: 2,
    does: "JetStream messages with retries and a dead letter queue",
    on: "nats",
  },
  {
    name: "moleculer-web",
    file: "moleculer-web.mjs",
    packages: { "moleculer-web": "0.11.0", moleculer: "0.15.2", nats },
    shown: 2,
    does: "a gateway for HTTP, with the services behind NATS",
    on: "nats",
  },
  {
    name: "moleculer-io",
    file: "moleculer-io.mjs",
    packages: { "moleculer-io": "2.2.0", moleculer: "0.14.36", nats, "socket.io-client": "4.8.4" },
    shown: 2,
    does: "a gateway for Socket.IO, with the services behind NATS",
    on: "nats",
  },
  {
    name: "nest-10",
    file: "nest.ts",
    packages: { "@nestjs/microservices": "10.4.20", ...nest("10.4.20"), nats },
    does: NEST,
    on: "nats",
  },
  {
    name: "nest-11",
    file: "nest.ts",
    packages: { "@nestjs/microservices": "11.2.3", ...nest("11.2.3"), nats },
    does: NEST,
    on: "nats",
  },
  {
    name: "nest-12",
    file: "nest.ts",
    packages: {
      "@nestjs/microservices": "12.1.1",
      ...nest("12.1.1"),
      "@nats-io/transport-node": transportNode,
    },
    does: NEST,
    on: "@nats-io/transport-node",
  },
  {
    name: "nestjs-plugins-jetstream",
    file: "nestjs-plugins-jetstream.ts",
    packages: {
      "@nestjs-plugins/nestjs-nats-jetstream-transport": "2.2.6",
      "@nestjs/microservices": "10.4.20",
      "@nestjs/platform-express": "10.4.20",
      ...nest("10.4.20"),
    },
    does: "JetStream events of a durable push consumer, and requests",
    on: "nats",
  },
  {
    name: "horizon-jetstream",
    file: "horizon-jetstream.ts",
    packages: {
      "@horizon-republic/nestjs-jetstream": "1.0.6",
      "@nestjs/microservices": "11.2.3",
      "@nestjs/platform-express": "11.2.3",
      ...nest("11.2.3"),
      nats,
    },
    does: "events and commands by pull consumers",
    on: "nats",
  },
  {
    name: "socket.io-nats",
    file: "socket.io-nats.mjs",
    packages: {
      "@mickl/socket.io-nats-adapter": "2.0.1",
      "socket.io": "4.8.4",
      "socket.io-client": "4.8.4",
      nats,
    },
    shown: 2,
    does: "two servers of Socket.IO, rooms and broadcasts",
    on: "nats",
  },
  {
    name: "nats-jobs",
    file: "nats-jobs.mjs",
    packages: { "nats-jobs": "0.3.0", nats },
    does: "jobs by a pull consumer, with a backoff",
    on: "nats",
  },
  {
    name: "well-known-nats",
    file: "well-known-nats.mjs",
    packages: { "@well-known-components/nats-component": "2.0.0" },
    does: "a component that publishes and subscribes",
    on: "nats",
  },
  {
    name: "nats-io-kv",
    file: "nats-io-kv.mjs",
    packages: { "@nats-io/kv": "3.4.0", "@nats-io/transport-node": transportNode },
    does: "puts, updates, conflicts, a watch, the history",
    on: "@nats-io/transport-node",
  },
  {
    name: "nats-io-obj",
    file: "nats-io-obj.mjs",
    packages: { "@nats-io/obj": "3.4.0", "@nats-io/transport-node": transportNode },
    does: "objects of many chunks",
    on: "@nats-io/transport-node",
  },
  {
    name: "nats-io-services",
    file: "nats-io-services.mjs",
    packages: { "@nats-io/services": "3.0.0-25", "@nats-io/transport-node": transportNode },
    does: "a service with a group, its discovery and its errors",
    on: "@nats-io/transport-node",
  },
  {
    name: "nats-jwt",
    file: "jwt.mjs",
    packages: { "nats-jwt": "0.0.9", "nkeys.js": "1.1.0", nats },
    does: "an operator, an account and a user; connects with the user's credentials",
    on: "nats",
    makesConfig: true,
  },
  {
    name: "nats-io-jwt",
    file: "jwt.mjs",
    packages: {
      "@nats-io/jwt": "0.0.11",
      "@nats-io/nkeys": "2.0.3",
      "@nats-io/transport-node": transportNode,
    },
    does: "an operator, an account and a user; connects with the user's credentials",
    on: "@nats-io/transport-node",
    makesConfig: true,
  },
  {
    name: "instana",
    file: "instana.mjs",
    packages: { "@instana/collector": "5.5.0", nats },
    does: "traces of what is published, requested and consumed",
    on: "nats",
  },
];
