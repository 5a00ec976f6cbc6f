// What a user reads where the outbound stream accepts no message.

import { expect, it } from "vitest";
import { OutboundClosed, OutboundFinishing, OutboundFull } from "../../src/effects/refusals.js";

it.each([
  [
    new OutboundFull(990, 1_000),
    "OutboundFull",
    "not connected, and the reconnect buffer has no room for the message: 990 of 1000 bytes are taken (reconnectBufferSize)",
  ],
  [
    new OutboundFull(0, 0),
    "OutboundFull",
    "not connected, and the reconnect buffer has no room for the message: nothing is kept (reconnectBufferSize)",
  ],
  [new OutboundFinishing(), "OutboundFinishing", "the connection is draining"],
  [new OutboundClosed(), "OutboundClosed", "the connection is closed"],
])("a refused message says why: %s", (error, name, message) => {
  expect([error.name, error.message]).toEqual([name, message]);
});
