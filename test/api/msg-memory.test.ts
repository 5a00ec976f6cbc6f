// What a kept message holds: the memory that its bytes came in. And the way out of it.

import { expect, test } from "vitest";
import type { Msg } from "../../src/api/msg.js";
import { connect } from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";
import { fakeServer, info } from "../harness/fake-server.js";

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

/** Keeps each hundredth payload of a flood of so many messages of that size. */
async function keptOf(count: number, size: number): Promise<Uint8Array[]> {
  const flood = `MSG many 1 ${size}\r\n${"x".repeat(size)}\r\n`;
  const server = await fakeServer((socket) => {
    socket.write(info());
    socket.on("data", (data) => {
      for (const [command] of String(data).matchAll(/PING\r\n|SUB many 1\r\n/g)) {
        socket.write(command === "PING\r\n" ? "PONG\r\n" : flood.repeat(count));
      }
    });
  });
  const nc = await connect({ port: server.port });
  const kept: Uint8Array[] = [];
  let received = 0;
  await new Promise<void>((resolve) => {
    nc.subscribe("many", {
      callback: (_error, { data }) => {
        if (++received % 100 === 0) kept.push(data);
        if (received === count) resolve();
      },
    });
  });
  await nc.close();
  await server.close();
  return kept;
}

test("a kept payload of 1 KiB out of a flood holds at most 64 KiB, as much as with the reference", async () => {
  const kept = await keptOf(20_000, 1_024);
  expect(kept).toHaveLength(200);
  expect(Math.max(...kept.map(({ buffer }) => buffer.byteLength))).toBeLessThanOrEqual(65_536);
});

test("a kept payload of 64 KiB holds at most four times as much", async () => {
  const kept = await keptOf(500, 65_536);
  expect(kept).toHaveLength(5);
  expect(Math.max(...kept.map(({ buffer }) => buffer.byteLength))).toBeLessThanOrEqual(262_144);
});
