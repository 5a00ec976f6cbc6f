// What a user reads where the outbound stream accepts no message.

import { expect, it } from "vitest";
import { OutboundClosed, OutboundFinishing, OutboundFull } from "../../src/effects/refusals.js";

const noRoom = "not connected, and the reconnect buffer has no room for the message:";

it.each([
  [
    "OutboundFull",
    `${noRoom} 990 of 1000 bytes are taken (reconnectBufferSize)`,
    () => new OutboundFull(990, 1_000),
  ],
  ["OutboundFull", `${noRoom} nothing is kept (reconnectBufferSize)`, () => new OutboundFull(0, 0)],
  ["OutboundFinishing", "the connection is draining", () => new OutboundFinishing()],
  ["OutboundClosed", "the connection is closed", () => new OutboundClosed()],
])("a refused message says why: %s, %s", (name, message, refusal) => {
  const error = refusal();
  expect([error.name, error.message]).toEqual([name, message]);
});
