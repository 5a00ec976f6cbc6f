// A live connection as a Stately inspector sees it, over a real WebSocket: its states in order, no secret in any byte,
// and no message lost because somebody watches. What is told of the chart alone: test/inspector.

import { randomBytes } from "node:crypto";
import { createWebSocketInspector, type StatelyInspectionEvent } from "@statelyai/inspect";
import { afterEach, describe, expect, it } from "vitest";
import type { InspectionEvent } from "xstate";
import type { Inspect } from "../../src/effects/inspect.js";
import {
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NatsError,
  nkeyAuthenticator,
} from "../../src/index.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { Operator } from "../harness/operator.js";
import { servers } from "../harness/versions.js";
import { nextStatus } from "../harness/waiting.js";
import { arrows, type Listener, listener, statesTold } from "../inspector/listener.js";

const open: NatsConnection[] = [];
const inspectors: { stop(): void }[] = [];
const running: (TestServer | Listener)[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((nc) => nc.close()));
  for (const inspector of inspectors.splice(0)) inspector.stop();
  await Promise.all(running.splice(0).map((one) => ("stop" in one ? one.stop() : one.close())));
});

async function relay(): Promise<Listener> {
  const one = await listener();
  running.push(one);
  return one;
}

function inspectorAt({ url }: Listener): Inspect {
  const inspector = createWebSocketInspector({ url });
  inspectors.push(inspector);
  return inspector.inspect;
}

async function connected(options: ConnectionOptions): Promise<NatsConnection> {
  const nc = await connect(options);
  open.push(nc);
  return nc;
}

/** All messages, once one tells that the chart is closed. */
const toTheEnd = (all: readonly StatelyInspectionEvent[]) =>
  statesTold(all).at(-1) === "closed" ? [...all] : undefined;

describe.each(servers)("inspecting a connection to nats-server $label", ({ path }) => {
  async function server(config: Record<string, unknown> = {}): Promise<TestServer> {
    const one = await startServer({ path, config });
    running.push(one);
    return one;
  }

  it("shows a connect, an outage, a reconnect and a drain in order, exactly as they were", async () => {
    const watched = await server();
    const here = await relay();
    const toRelay = inspectorAt(here);
    const really: unknown[] = [];
    const nc = await connected({
      port: watched.port,
      reconnectTimeWait: 50,
      maxReconnectAttempts: -1,
      inspect: (event) => {
        if (event.type === "@xstate.snapshot") really.push(JSON.parse(JSON.stringify(event.snapshot)));
        next(toRelay, event);
      },
    });
    nc.subscribe("greet", { callback: () => {} });
    await nc.flush();
    const failed = nextStatus(nc, "error");
    await watched.kill();
    await failed;
    nc.publish("kept");
    const back = nextStatus(nc, "reconnect");
    await watched.start();
    await back;
    await nc.drain();
    const messages = await here.found(toTheEnd);
    expect(statesTold(messages).join(" ")).toMatch(
      new RegExp(
        "^connecting.dialing connecting.greeting connecting.authenticating connected" +
          "( reconnecting.(backingOff|dialing|greeting))+ reconnecting.authenticating reconnecting.subscribing connected" +
          " draining.subscriptions draining.publishers closing closed$",
      ),
    );
    const told = messages.flatMap((message) =>
      message.type === "@xstate.snapshot" ? [message.snapshot] : [],
    );
    expect(told).toEqual(really);
    // And who did what, from the kill on.
    const story = arrows(messages).slice(arrows(messages).indexOf("server → connection: socket.closed"));
    expect(story.slice(0, 5)).toEqual([
      "server → connection: socket.closed",
      "connection → timers: stopTimer",
      "connection → messages: holdOutbound",
      "connection → user: notifyStatus",
      "connection → timers: startTimer",
    ]);
    expect(story.slice(story.lastIndexOf("user → connection: user.drain"))).toEqual([
      "user → connection: user.drain",
      "connection → timers: stopTimer",
      "connection → timers: startTimer",
      "connection → messages: drainSubscriptions",
      "messages → connection: subscriptions.drained",
      "connection → messages: finishOutbound",
      "messages → connection: outbound.flushed",
      "connection → timers: stopTimer",
      "connection → server: endSocket",
      "connection → timers: startTimer",
      "connection → user: settlePending",
      "server → connection: socket.closed",
      "connection → timers: stopTimer",
      "connection → user: settleClosed",
    ]);
  });

  it("names each connection as its user does", async () => {
    const watched = await server();
    const here = await relay();
    for (const name of ["orders", undefined, "billing"]) {
      const named = name === undefined ? {} : { name };
      const nc = await connected({ port: watched.port, inspect: inspectorAt(here), ...named });
      await nc.close();
    }
    const charts = await here.found((messages) => {
      const all = messages.filter((message) => message.type === "@xstate.actor");
      const found = all.filter(({ sessionId, rootId }) => sessionId === rootId);
      return found.length === 3 ? found : undefined;
    });
    expect(charts.map(({ name }) => name).sort()).toEqual(["billing", "connection", "orders"]);
    for (const { definition } of charts)
      expect(JSON.parse(definition ?? "")).toHaveProperty("id", "connection");
  });

  it("has no secret in any byte that is sent: password, token, credentials in a URL, creds, seed", async () => {
    const here = await relay();
    const [user, password, token, wrong] = ["user", "password", "token", "wrong"].map(
      (kind) => `${kind}/${randomBytes(15).toString("hex")} "é`,
    ) as [string, string, string, string];
    const account = new Operator();
    const { creds, jwt, seed } = account.account("A").user();
    const text = Buffer.from(seed).toString();
    const byUser = await server({ authorization: { users: [{ user, password }] } });
    const byToken = await server({ authorization: { token } });
    const byJwt = await server(account.config());
    const inUrl = (port: number, ...parts: string[]) =>
      `nats://${parts.map(encodeURIComponent).join(":")}@127.0.0.1:${port}`;
    const logins: readonly ConnectionOptions[] = [
      { port: byUser.port, user, pass: password },
      { port: byUser.port, user, pass: wrong },
      { port: byToken.port, token },
      { port: byToken.port, token: wrong },
      { servers: inUrl(byUser.port, user, password) },
      { servers: inUrl(byUser.port, user, wrong) },
      { servers: inUrl(byToken.port, token) },
      { port: byJwt.port, authenticator: credsAuthenticator(creds) },
      { port: byJwt.port, authenticator: nkeyAuthenticator(seed) },
    ];
    const ends: (string | undefined)[] = [];
    for (const [index, login] of logins.entries()) {
      const before = here.messages.length;
      const options = { ...login, reconnectTimeWait: 10, inspect: inspectorAt(here) };
      const nc = await connected(options).catch((error: NatsError) => error);
      if (nc instanceof Error) ends.push(nc.code);
      else {
        const back = nextStatus(nc, "reconnect");
        await nc.reconnect();
        await back;
        await nc.drain();
        ends.push(undefined);
      }
      await here.found((all) => toTheEnd(all.slice(before)) && index);
    }
    const refused = "AUTHORIZATION_VIOLATION";
    const fine = undefined;
    expect(ends).toEqual([fine, refused, fine, refused, fine, refused, fine, fine, refused]);
    const bytes = here.texts.join("\n");
    expect(bytes).toContain('"sendConnect"');
    expect(bytes).toContain("Authorization Violation");
    const pieces = (secret: string) => secret.match(/.{12}/gs) ?? [];
    const secrets = [user, password, token, wrong, text, ...jwt.split(".").slice(1)].flatMap(pieces);
    const isIn = (all: string, secret: string) =>
      [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")].some((form) =>
        all.includes(form),
      );
    expect(secrets.filter((secret) => isIn(bytes, secret))).toEqual([]);
    // The search finds what is there.
    expect(
      secrets.filter((secret) => isIn(JSON.stringify({ url: inUrl(1, user, password) }), secret)),
    ).not.toEqual([]);
  });

  describe("under a load of 100,000 messages", () => {
    const COUNT = 100_000;

    /** Sends them all to itself; returns the numbers as they arrived, and what was told meanwhile. */
    async function load(
      inspect: Inspect,
      halfway = async () => {},
    ): Promise<{ readonly numbers: number[]; readonly told: string[] }> {
      const { port } = await server();
      let isLoaded = false;
      const told: string[] = [];
      const nc = await connected({
        port,
        inspect: (event) => {
          if (isLoaded && "event" in event) told.push(event.event.type);
          next(inspect, event);
        },
      });
      const numbers: number[] = [];
      nc.subscribe("load", { callback: (_error, msg) => void numbers.push(Number(msg.string())) });
      await nc.flush();
      isLoaded = true;
      for (let number = 0; number < COUNT; number++) {
        nc.publish("load", `${number}`);
        if (number % 1_000 === 0) await nc.ready();
        if (number === COUNT / 2) await halfway();
      }
      await nc.flush();
      isLoaded = false;
      await nc.drain();
      return { numbers, told };
    }

    const all = Array.from({ length: COUNT }, (_, number) => number);
    // The server's own PINGs may come at any time.
    const ofMessages = (told: readonly string[]) =>
      told.filter((type) => !/^(server\.ping|sendPong)$/.test(type));

    it("loses none and keeps their order, and not one of them is told to the inspector", async () => {
      const here = await relay();
      const { numbers, told } = await load(inspectorAt(here));
      expect(numbers).toEqual(all);
      expect(ofMessages(told)).toEqual([]);
      const messages = await here.found(toTheEnd);
      expect(messages.length).toBeLessThan(60);
    });

    it("loses none where the inspector dies halfway", async () => {
      const here = await relay();
      const { numbers } = await load(inspectorAt(here), async () => {
        await here.found((all) => statesTold(all).at(-1) === "connected" || undefined);
        await here.close();
      });
      expect(numbers).toEqual(all);
      expect(statesTold(here.messages).at(-1)).toBe("connected");
    });

    it("loses none where the observer is slow", async () => {
      const clock = new Int32Array(new SharedArrayBuffer(4));
      let observed = 0;
      const { numbers } = await load(() => {
        observed++;
        Atomics.wait(clock, 0, 0, 10);
      });
      expect(numbers).toEqual(all);
      expect(observed).toBeGreaterThan(30);
    });

    it("loses none where the observer throws: that is an uncaught exception, and the connection lives", async () => {
      const listeners = process.listeners("uncaughtException");
      process.removeAllListeners("uncaughtException");
      const uncaught = new Set<string>();
      process.on("uncaughtException", ({ message }) => void uncaught.add(message));
      try {
        const { numbers } = await load(() => {
          throw new Error("the observer's own bug");
        });
        expect(numbers).toEqual(all);
        expect([...uncaught]).toEqual(["the observer's own bug"]);
      } finally {
        process.removeAllListeners("uncaughtException");
        for (const listener of listeners) process.on("uncaughtException", listener);
      }
    });
  });
});

function next(inspect: Inspect, event: InspectionEvent): void {
  if (typeof inspect === "function") inspect(event);
  else inspect.next?.(event);
}
