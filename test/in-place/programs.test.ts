// Programs of `nats` 2.29.3 on the package that takes its place: the same text prints the same lines on both. What the
// programs do: programs/*.ts. In an outage: outage.test.ts.

import { describe, expect, it } from "vitest";
import { printedOn, useInPlace } from "../harness/in-place.js";
import { startServer } from "../harness/nats-server.js";
import { Operator } from "../harness/operator.js";
import { servers } from "../harness/versions.js";
import { startJetStream } from "../nats-core/clients.js";

useInPlace();

/** What is printed on either side, each with a server of its own, since both make the same streams. */
async function both(name: string, path: string) {
  await using first = await startJetStream(path);
  await using second = await startJetStream(path);
  return await Promise.all([
    printedOn("reference", name, { NATS_URL: first.url }),
    printedOn("ours", name, { NATS_URL: second.url }),
  ]);
}

describe.each(servers)("with nats-server $version", ({ path }) => {
  it("core NATS, with credentials", async () => {
    const operator = new Operator();
    const account = operator.account("programs");
    const server = await startServer({ path, config: operator.config() });
    const user = account.user({ pub: { deny: ["forbidden"] } });
    const env = { NATS_URL: server.url, NATS_CREDS: new TextDecoder().decode(user.creds) };
    const reference = await printedOn("reference", "core", env);
    const ours = await printedOn("ours", "core", env);
    expect(ours).toEqual(reference);
    expect(ours.at(-1)).toBe('["refused","NatsError","CONNECTION_REFUSED",false,false]');
  });

  it("JetStream", async () => {
    const [reference, ours] = await both("jetstream", path);
    expect(ours).toEqual(reference);
    expect(ours.at(-1)).toBe('[["ORDERS"],"orders.new",true]');
  });

  it("key-value, object store, services", async () => {
    const [reference, ours] = await both("stores", path);
    expect(ours).toEqual(reference);
    expect(ours.at(-1)).toBe("[null,true]");
  });
});
