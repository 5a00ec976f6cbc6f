// From a name to a connection: what is left of a dial that is cancelled. With real servers: test/integration/dialing.test.ts.

import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { expect, it, vi } from "vitest";
import { DialQueue } from "../../../src/effects/node/dial-queue.js";
import { Dialer } from "../../../src/effects/node/dialing.js";
import type { LookupEvents } from "../../../src/effects/node/names.js";
import { VirtualTime } from "../../../src/effects/simulated/virtual-time.js";
import { reaching, serversOf } from "../../machine/servers.js";

it("a dial that is cancelled once the addresses of its name are known leaves no connection behind", () => {
  const timers = new VirtualTime();
  const limits = { atOnce: 1, longest: 1, pace: { atOnce: 1, interval: 1 } };
  const queue = new DialQueue(timers, () => timers.now(), limits);
  const dialer = new Dialer({ timers, seed: () => null, patience: 1_000 }, queue);
  let found: LookupEvents["found"] = () => {};
  vi.spyOn(dialer, "lookUp").mockImplementation((_host, events) => {
    found = events.found;
    return () => {};
  });
  const destroyed: string[] = [];
  const connect = (address: string) =>
    Object.assign(new EventEmitter(), { destroy: () => destroyed.push(address) }) as unknown as Socket;
  const name = "somewhere.example:4222";
  const server = reaching(serversOf(name), name);
  const cancel = dialer.dial(server, connect, { opened: () => {}, failed: () => {} });
  found(["10.0.0.1", "10.0.0.2"]);
  expect([destroyed, timers.planned]).toEqual([[], 1]);
  cancel();
  expect([destroyed, timers.planned]).toEqual([["10.0.0.1"], 0]);
});
