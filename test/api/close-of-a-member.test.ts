// A member of a queue group closes its connection while the server has yet to confirm what it published. The socket stays open for
// that, and what the server still sent to the member would be lost to the group.

import { expect, test } from "vitest";
import { Simulation } from "../../src/testing/index.js";

const ONE_WAY = 100;

test("what comes while a closing client waits for the last PONG goes to other members of the queue group", async () => {
  const world = new Simulation({ seed: 1, latency: [1, 1] });
  const cluster = world.cluster(1);
  const servers = cluster.urls;
  const [leaving, staying, sender] = [
    await world.connect({ servers }),
    await world.connect({ servers }),
    await world.connect({ servers }),
  ];
  const worked: string[] = [];
  leaving.subscribe("work", { queue: "workers", callback: () => {} });
  staying.subscribe("work", { queue: "workers", callback: (_, msg) => void worked.push(msg.string()) });
  await world.until(Promise.all([leaving.flush(), staying.flush()]));
  world.route(leaving, cluster.node(0)).latency = [ONE_WAY, ONE_WAY];

  leaving.publish("report");
  const closed = leaving.close();
  await world.advance(ONE_WAY + 5);
  const sent = Array.from({ length: 20 }, (_, number) => `${number}`);
  for (const number of sent) sender.publish("work", number);
  await world.until(closed);
  await world.until(sender.flush());
  await world.advance(10);
  expect(worked).toEqual(sent);
  await world.until(Promise.all([staying.close(), sender.close()]));
});
