// What a kept message holds: the memory that its bytes came in. And the way out of it.

import { expect, test } from "vitest";
import type { Msg } from "../../src/api/msg.js";
import { Simulation } from "../../src/testing/index.js";

test("a payload shares memory with all that came with it; its slice, its text and its JSON do not", async () => {
  const world = new Simulation({ seed: 5 });
  const nc = await world.connect({ servers: world.cluster().urls });
  const messages: Msg[] = [];
  nc.subscribe("a", { callback: (_error, msg) => void messages.push(msg) });
  for (let sent = 0; sent < 100; sent++) nc.publish("a", `{"sent":${sent}}`);
  await world.until(nc.flush());
  // The network may have cut the first off from the rest.
  const [first, second] = messages.slice(50) as [Msg, Msg];
  expect(first.data.buffer === second.data.buffer).toBe(true);
  expect(first.data.buffer.byteLength).toBeGreaterThan(1_000);
  const kept = first.data.slice();
  expect(kept.buffer.byteLength).toBe(kept.length);
  const [text, json] = [first.string(), first.json()];
  new Uint8Array(first.data.buffer).fill(88);
  expect(new TextDecoder().decode(kept)).toBe('{"sent":50}');
  expect([text, json]).toEqual(['{"sent":50}', { sent: 50 }]);
});
