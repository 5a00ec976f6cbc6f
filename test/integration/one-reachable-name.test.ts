// A cluster behind one name: its nodes tell addresses that only they can reach. Whichever node is lost, the client is back by way
// of the name, and waits for none of the addresses. In a network of its own, in which such an address swallows all packets.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Networks } from "../harness/network.js";
import { servers } from "../harness/versions.js";
import type { Outcome, Task } from "./failover/program.js";

let networks: Networks;

beforeAll(async () => {
  networks = await Networks.create();
});
afterAll(() => networks.remove());

describe.each(servers)("a cluster of nats-server $label that can be reached by one name only", ({ path }) => {
  it("is back by way of that name after each loss, and no address is dialed before", async () => {
    // However soon the next loss comes, the name is out of its backoff.
    const task: Task = { path, losses: 5, apart: 0, reconnectTimeWait: 0, reconnectJitter: 0 };
    const program = await networks.start({}, "test/integration/failover/program.ts", {
      args: [JSON.stringify(task)],
    });
    const { code, stdout, stderr } = await program.ended();
    expect(code, stderr).toBe(0);
    const outcomes = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Outcome);
    expect(outcomes).toHaveLength(5);
    for (const { lines, known } of outcomes) {
      const [name] = known.filter((server) => server.startsWith("localhost:"));
      expect(lines).toEqual([`disconnect ${name}`, `reconnecting ${name}`, `reconnect ${name}`]);
      // Addresses are known all the time.
      expect(known.some((server) => server.startsWith("10.9.0.20"))).toBe(true);
    }
  });
});
