// A program that does with the packed package what every user does, on whatever runtime it is started: see check-runtimes.mjs,
// which bundles it with the test harness and puts it into a project that has the package installed. Not a test suite.
//
// First how many steps there are; then a line for each: `ok`, or `no`, why, and what its connection went through. The steps
// after one that fails are done all the same. It has to end by itself: what keeps it alive would keep a user's process
// alive. NATS_SERVER names the nats-server to run.

import { setTimeout as sleep } from "node:timers/promises";
import { createUser } from "@nats-io/nkeys";
import { connect, headers, nkeyAuthenticator } from "nats-statechart";
import { connectionMachine } from "nats-statechart/machine";
import { Simulation, startEmbeddedServer } from "nats-statechart/testing";
import { initialTransition } from "xstate";
import { Authority } from "../test/harness/certificates.ts";
import { startServer } from "../test/harness/nats-server.ts";
import { relay } from "../test/harness/relay.ts";
import { startWebSocketServer } from "../test/harness/web-socket-server.ts";

const PATIENCE = 20_000;
const path = process.env.NATS_SERVER;
const PAYLOAD = new Uint8Array(512 * 1024).map((_, index) => index % 251);

function expect(isSo, otherwise) {
  if (!isSo) throw new Error(otherwise);
}

/** Resolves when that is true; the deadline of the step ends it where it never is. */
async function until(isSo) {
  while (!isSo()) await sleep(5);
}

async function withServer(config, work) {
  const server = await startServer({ path, config });
  try {
    await work(server);
  } finally {
    await server.kill();
  }
}

/** Options of a client whose server comes back soon, and on a slow machine later. */
const untilBack = { reconnectTimeWait: 50, maxReconnectAttempts: -1 };

/** What the connection of this step went through, so that one that fails says where it stood. */
let events = [];

function note({ type, event }) {
  if (type === "@xstate.event") events.push(event.type);
}

async function withConnection(options, work) {
  const nc = await connect({ inspect: note, ...options });
  try {
    await work(nc);
  } finally {
    await nc.close();
  }
}

const connected = (work, config) =>
  withServer(config, (server) =>
    withConnection({ port: server.port, ...untilBack }, (nc) => work(nc, server)),
  );

/** The types of the statuses from now on, in a list that grows. */
function statuses(nc) {
  const seen = [];
  void (async () => {
    for await (const { type } of nc.status()) seen.push(type);
  })();
  return seen;
}

async function errorOf(promise) {
  return promise.then(
    () => undefined,
    (error) => error,
  );
}

const steps = {
  "connect, publish, subscribe": () =>
    connected(async (nc) => {
      const sub = nc.subscribe("greet.*", { max: 3 });
      for (const name of ["a", "b", "c"]) nc.publish(`greet.${name}`, name.toUpperCase());
      const heard = [];
      for await (const msg of sub) heard.push(`${msg.subject} ${msg.string()}`);
      expect(heard.join() === "greet.a A,greet.b B,greet.c C", `it heard ${heard}`);
    }),

  "request, headers, nobody there": () =>
    connected(async (nc) => {
      nc.subscribe("ask", { callback: (_error, msg) => msg.respond(msg.data, { headers: msg.headers }) });
      const asked = headers();
      asked.append("trace", "one");
      const answer = await nc.request("ask", "?", { headers: asked, timeout: PATIENCE });
      expect(answer.string() === "?" && answer.headers?.get("trace") === "one", "another answer");
      const nobody = await errorOf(nc.request("nobody", "?", { timeout: PATIENCE }));
      expect(nobody?.code === "503", `it says ${nobody?.code}`);
    }),

  "half a megabyte, there and back": () =>
    connected(async (nc) => {
      nc.subscribe("echo", { callback: (_error, msg) => msg.respond(msg.data) });
      const { data } = await nc.request("echo", PAYLOAD, { timeout: PATIENCE });
      expect(data.length === PAYLOAD.length, `${data.length} bytes`);
      expect(
        data.every((byte, index) => byte === PAYLOAD[index]),
        "other bytes",
      );
    }),

  "the server is killed and comes back; nothing is lost": () =>
    connected(async (nc, server) => {
      const seen = statuses(nc);
      const heard = [];
      nc.subscribe("numbers", { callback: (_error, msg) => heard.push(Number(msg.string())) });
      await nc.flush();
      await server.kill();
      await until(() => seen.includes("disconnect"));
      for (let number = 0; number < 100; number++) nc.publish("numbers", `${number}`);
      await server.start();
      await until(() => seen.includes("reconnect"));
      await nc.flush();
      await until(() => heard.length >= 100);
      expect(heard.join() === [...Array(100).keys()].join(), `it heard ${heard}`);
    }),

  "drain processes what has arrived, and ends": () =>
    withServer("", async ({ port }) => {
      const nc = await connect({ port });
      let heard = 0;
      const sub = nc.subscribe("many");
      const reading = (async () => {
        for await (const _ of sub) heard++;
      })();
      for (let number = 0; number < 1_000; number++) nc.publish("many");
      await nc.drain();
      await reading;
      expect(heard === 1_000, `${heard} of 1000 were processed`);
      expect((await nc.closed()) === undefined && nc.isClosed(), "it is not closed, or with an error");
    }),

  "password, and a wrong one": () =>
    withServer({ authorization: { user: "ann", password: "secret" } }, async ({ port }) => {
      await withConnection({ port, user: "ann", pass: "secret" }, (nc) => nc.flush());
      const refused = await errorOf(connect({ port, user: "ann", pass: "guess" }));
      expect(refused?.code === "AUTHORIZATION_VIOLATION", `it says ${refused?.code}: ${refused?.message}`);
    }),

  nkey: async () => {
    const user = createUser();
    const config = { authorization: { users: [{ nkey: user.getPublicKey() }] } };
    await withServer(config, ({ port }) =>
      withConnection({ port, authenticator: nkeyAuthenticator(user.getSeed()) }, (nc) => nc.flush()),
    );
  },

  "TLS, and an unknown authority": async () => {
    const authority = new Authority();
    const { certFile, keyFile } = authority.issue();
    const config = { tls: { cert_file: certFile, key_file: keyFile, timeout: 5 } };
    await withServer(config, async ({ port }) => {
      await withConnection({ port, tls: { ca: authority.cert } }, async (nc) => {
        nc.subscribe("echo", { callback: (_error, msg) => msg.respond(msg.data) });
        const { data } = await nc.request("echo", PAYLOAD, { timeout: PATIENCE });
        expect(data.length === PAYLOAD.length, `${data.length} bytes`);
      });
      const refused = await errorOf(connect({ port, tls: { ca: new Authority().cert } }));
      expect(refused?.code === "TLS", `it says ${refused?.code}: ${refused?.message}`);
    });
  },

  "TLS, to an IPv6 address": async () => {
    const authority = new Authority();
    const { certFile, keyFile } = authority.issue();
    const config = { tls: { cert_file: certFile, key_file: keyFile, timeout: 5 } };
    await withServer(config, async ({ port }) => {
      const there = await relay(port, { host: "::1" });
      try {
        const servers = `[::1]:${there.port}`;
        await withConnection({ servers, tls: { ca: authority.cert } }, (nc) => nc.flush());
      } finally {
        await there.close();
      }
    });
  },

  "WebSocket, or what to install for it": async () => {
    const there = await startWebSocketServer({ path });
    try {
      if (globalThis.WebSocket === undefined) {
        const told = await errorOf(connect({ servers: there.url }));
        expect(told?.message.includes("npm install ws"), `it says ${told?.message}`);
        return;
      }
      await withConnection({ servers: there.url, ...untilBack }, async (nc) => {
        const seen = statuses(nc);
        nc.subscribe("echo", { callback: (_error, msg) => msg.respond(msg.data) });
        await nc.flush();
        await there.restart();
        await until(() => seen.includes("reconnect"));
        const { data } = await nc.request("echo", PAYLOAD, { timeout: PATIENCE });
        expect(data.length === PAYLOAD.length, `${data.length} bytes`);
      });
    } finally {
      await there.server.kill();
    }
  },

  "inspect shows the states": () =>
    withServer("", async ({ port }) => {
      const values = [];
      const inspect = ({ type, snapshot }) => {
        if (type === "@xstate.snapshot" && snapshot?.value) values.push(JSON.stringify(snapshot.value));
      };
      await withConnection({ port, inspect }, (nc) => nc.flush());
      expect(values.includes('"connected"') && values.at(-1) === '"closed"', values.join());
    }),

  "the chart alone": async () => {
    const [snapshot] = initialTransition(connectionMachine, { servers: ["a:4222"], seed: 1, at: 0 });
    expect(JSON.stringify(snapshot.value) === '{"connecting":"dialing"}', JSON.stringify(snapshot.value));
  },

  "a simulated outage": async () => {
    const world = new Simulation({ seed: 1 });
    const nc = await world.connect({ servers: world.cluster(3).urls, maxReconnectAttempts: -1 });
    nc.subscribe("greet", { callback: (_error, msg) => msg.respond("hello") });
    world.schedule([{ at: 1_000, fault: { type: "crash", node: 0, ms: 1_000 } }]);
    await world.advance(10 * 60_000);
    const answer = await world.until(nc.request("greet", "?", { timeout: 5_000 }));
    expect(answer.string() === "hello", "another answer");
  },

  "the embedded server is killed and comes back": async () => {
    const server = await startEmbeddedServer();
    const nc = await connect({ servers: server.url, ...untilBack });
    try {
      nc.subscribe("echo", { callback: (_error, msg) => msg.respond(msg.data) });
      await nc.flush();
      const seen = statuses(nc);
      await server.kill();
      await server.start();
      // Before, a request could go out on the old socket: what is on the wire in a crash is lost.
      await until(() => seen.includes("reconnect"));
      const answer = await nc.request("echo", "still there", { timeout: PATIENCE });
      expect(answer.string() === "still there", "another answer");
    } finally {
      await nc.close();
      await server.stop();
    }
  },
};

console.log(`of\t${Object.keys(steps).length}`);
for (const [name, step] of Object.entries(steps)) {
  events = [];
  const deadline = new AbortController();
  const late = sleep(PATIENCE, undefined, { signal: deadline.signal }).then(
    () => {
      throw new Error(`not done after ${PATIENCE / 1000} seconds`);
    },
    () => {},
  );
  try {
    await Promise.race([step(), late]);
    console.log(`ok\t${name}`);
  } catch (error) {
    const [reason] = String(error?.message ?? error).split("\n");
    console.log(`no\t${name}\t${reason} (last events: ${events.slice(-20).join(", ") || "none"})`);
  } finally {
    deadline.abort();
  }
}
