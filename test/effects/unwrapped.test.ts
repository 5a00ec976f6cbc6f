// An unwrapped machine does what the machine does: whoever inspects it sees the same.

import { expect, test } from "vitest";
import { createActor, type InspectionEvent } from "xstate";
import { unwrapped } from "../../src/effects/unwrapped.js";
import { connectionMachine } from "../../src/machine/connection-machine.js";
import type { ConnectionEvent } from "../../src/machine/events.js";
import { info } from "../machine/story.js";

const about = { attempt: 1, at: 1 } as const;
const error = { kind: "other", code: "X", message: "no" } as const;
const story: readonly ConnectionEvent[] = [
  { type: "socket.opened", ...about },
  { ...about, ...info({ connectUrls: ["127.0.0.1:4223"] }) } as ConnectionEvent,
  { type: "server.pong", ...about },
  { type: "server.ping", ...about, count: 2 },
  { type: "server.error", ...about, error, others: [error], credentialsVersion: 0 },
  { ...about, ...info() } as ConnectionEvent,
  { type: "socket.closed", ...about, failure: null, halfClosed: false },
  { type: "user.close", at: 2, unconfirmed: 0, failure: null },
];

function seenOf(machine: typeof connectionMachine): readonly unknown[] {
  const seen: unknown[] = [];
  const inspect = (event: InspectionEvent) => {
    const action = event.type === "@xstate.action" ? event.action : undefined;
    const value = "snapshot" in event ? (event.snapshot as { readonly value?: unknown }).value : undefined;
    seen.push({ type: event.type, action, value, event: "event" in event ? event.event : undefined });
  };
  const input = { servers: ["127.0.0.1:4222"], seed: 1, at: 0 };
  const actor = createActor(machine, { input, inspect });
  actor.start();
  for (const event of story) actor.send(event);
  return [...seen, actor.getSnapshot().value, actor.getSnapshot().context];
}

test("an inspector sees the same events, actions and snapshots of a machine that runs its actions without XState's wrapper", () => {
  const seen = seenOf(unwrapped(connectionMachine.provide({})));
  expect(seen).toEqual(seenOf(connectionMachine));
  expect(seen.filter((one) => (one as { type?: unknown }).type === "@xstate.action").length).toBeGreaterThan(
    10,
  );
});
