// The lines that `nats-statechart inspect` prints beside the picture. What it does: test/integration/cli-inspect.test.ts.

import { expect, it } from "vitest";
import { statusLine } from "../../src/cli/inspect.js";
import { DebugEvents, Events, NatsError, type Status } from "../../src/index.js";

const now = new Date("2026-01-02T03:04:05.678Z");
const error = (message: string) => new NatsError(message, "X");

it.each<[Status, string]>([
  [{ type: DebugEvents.Reconnecting, data: "a:1", server: "a:1" }, "dialing  a:1"],
  [{ type: Events.Disconnect, data: "a:1", server: "a:1" }, "disconnect  a:1"],
  [{ type: DebugEvents.PingTimer, data: "2", server: "a:1" }, "pingTimer  a:1  (2 unanswered with this one)"],
  [
    { type: Events.Error, data: "X", server: "a:1", step: "dialing", error: error("a:1: nobody there") },
    "error  dialing: a:1: nobody there",
  ],
  [{ type: Events.Error, data: "X", server: "a:1", error: error("bad\r\n\u001b[2J") }, "error  a:1  bad [2J"],
])("tells of %j in a line", (status, line) => {
  expect(statusLine(status, now)).toBe(`03:04:05.678Z  ${line}`);
});
