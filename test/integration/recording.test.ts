// The flight recorder in a real outage: what it recorded replays to the states and effects that really were.

import { afterEach, describe, expect, it } from "vitest";
import { connect, type NatsConnection, type NatsError } from "../../src/index.js";
import { effectActions } from "../../src/machine/actions.js";
import { type EffectName, replay } from "../../src/machine/index.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";
import { nextStatus } from "../harness/waiting.js";

describe.each(servers)("a recording of a connection to nats-server $label", ({ path }) => {
  let server: TestServer;
  let nc: NatsConnection;
  afterEach(async () => {
    await nc.close();
    await server.stop();
  });

  it("replays an outage to the same states and effects", async () => {
    server = await startServer({ path });
    const states: unknown[] = [];
    const effects: unknown[] = [];
    nc = await connect({
      port: server.port,
      reconnectTimeWait: 50,
      maxReconnectAttempts: -1,
      pingInterval: 40,
      record: true,
      inspect: (event) => {
        if (event.type === "@xstate.snapshot" && "value" in event.snapshot) {
          if (event.event.type !== "xstate.init") states.push(event.snapshot.value);
        }
        if (event.type === "@xstate.action" && Object.hasOwn(effectActions, event.action.type)) {
          effects.push({ type: event.action.type as EffectName, params: event.action.params });
        }
      },
    });
    await nextStatus(nc, "pingTimer");
    const lost = nextStatus(nc, "disconnect");
    await server.kill();
    await lost;
    nc.publish("kept");
    await nextStatus(nc, "error");
    const back = nextStatus(nc, "reconnect");
    await server.start();
    await back;
    await nc.drain();
    const recording = nc.recording();
    if (recording === undefined) throw new Error("nothing was recorded");
    const steps = replay(JSON.parse(JSON.stringify(recording)));
    expect(steps.slice(1).map((step) => step.state)).toEqual(states);
    expect(steps.flatMap((step) => step.effects)).toEqual(effects);
    expect(steps.at(-1)?.state).toBe("closed");
  });

  it("goes with the error that closes the connection", async () => {
    server = await startServer({ path });
    nc = await connect({ port: server.port, reconnect: false, record: true });
    await server.kill();
    const error = (await nc.closed()) as NatsError;
    expect(replay(error.recording as never).at(-1)?.state).toBe("closed");
    await server.start();
  });

  it("goes with the error of a connect that is rejected", async () => {
    server = await startServer({ path });
    nc = await connect({ port: server.port });
    const error = await connect({ port: 1, record: true }).catch((failed: NatsError) => failed);
    expect(replay((error as NatsError).recording as never).map((step) => step.state)).toEqual([
      { connecting: "dialing" },
      "closed",
    ]);
  });

  it("is not kept unless asked for", async () => {
    server = await startServer({ path });
    nc = await connect({ port: server.port });
    expect(nc.recording()).toBeUndefined();
  });
});
