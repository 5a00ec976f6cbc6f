// A program of `@nats-io/transport-node` on the package that takes its place: the same text prints the same lines on both.

import { describe, expect, it } from "vitest";
import { printedOn, useInPlace } from "../harness/in-place.js";
import { freePorts } from "../harness/ports.js";
import { servers } from "../harness/versions.js";
import { startJetStream } from "../nats-core/clients.js";

useInPlace();

/** What the program prints on one side, with a server of its own. */
async function printed(side: "ours" | "reference", path: string): Promise<readonly string[]> {
  const [port = 0] = await freePorts(1);
  const websocket = { listen: `127.0.0.1:${port}`, no_tls: true };
  const authorization = { user: "program", password: "secret" };
  await using server = await startJetStream(path, { websocket, authorization });
  const env = { NATS_URL: server.url, NATS_WEBSOCKET: `ws://127.0.0.1:${port}` };
  return await printedOn(side, "version-three", env);
}

describe.each(servers)("with nats-server $version", ({ path }) => {
  it("core NATS, errors, JetStream, key-value, WebSocket", async () => {
    const reference = await printed("reference", path);
    const ours = await printed("ours", path);
    expect(ours).toEqual(reference);
    expect(ours.at(-1)).toBe("[null,true]");
  });
});
