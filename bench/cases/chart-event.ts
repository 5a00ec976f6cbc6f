// What one event costs on its way through the chart, with nobody to carry out its effects.

import { createActor } from "xstate";
import { Stopwatch } from "../stopwatch.js";
import type { Sample, Task } from "../task.js";

const bundle = "../nats-statechart/machine/index.js";

export async function chartEvent(task: Task): Promise<Sample> {
  const { connectionMachine } = (await import(bundle)) as typeof import("../../src/machine/index.js");
  const actor = createActor(connectionMachine, { input: { servers: ["127.0.0.1:4222"], seed: 1, at: 0 } });
  const info = {
    serverId: "S",
    serverName: "S",
    version: "2.9.10",
    tlsRequired: false,
    tlsAvailable: false,
    lameDuck: false,
    connectUrls: [],
  };
  actor.start();
  actor.send({ type: "socket.opened", attempt: 1, at: 1 });
  actor.send({ type: "server.info", attempt: 1, info, at: 2 });
  actor.send({ type: "server.pong", attempt: 1, at: 3 });
  if (!actor.getSnapshot().matches("connected")) throw new Error("the chart is not connected");
  const pings = (total: number) => {
    for (let i = 0; i < total; i += 1) actor.send({ type: "server.ping", attempt: 1, at: 4 + i });
  };
  pings(task.warmup);
  const stopwatch = new Stopwatch();
  pings(task.operations);
  return stopwatch.stop(task.operations);
}
