// A drain of the connection, in the place of `nats`: it waits for the loops that work on messages of JetStream, as it does for those
// over the client's own subscriptions. The reference's drain closes the connection below them.

import { describe, expect, it } from "vitest";
import { printedOn, useInPlace } from "../harness/in-place.js";
import { servers } from "../harness/versions.js";
import { startJetStream } from "../nats-core/clients.js";

useInPlace();

describe.each(servers)("with nats-server $version", ({ path }) => {
  it("a drain waits until the loop over a push consumer has acknowledged what had arrived", async () => {
    await using server = await startJetStream(path);
    const printed = await printedOn("ours", "drain", { NATS_URL: server.url });
    expect([...printed].sort()).toEqual([
      "acknowledged 5 0",
      "drained",
      "the loop ended true",
      ...[1, 2, 3, 4, 5].map((n) => `worked on ${n}`),
    ]);
    expect(printed.indexOf("drained")).toBeGreaterThan(printed.indexOf("worked on 5"));
  });
});
