// A program on the package in the place of `nats`, while its nats-server is killed (SIGKILL) and started again on the same port
// and store. Without outages, beside the reference: programs.test.ts.

import { describe, expect, it } from "vitest";
import { startOn, useInPlace } from "../harness/in-place.js";
import { servers } from "../harness/versions.js";
import { startJetStream } from "../nats-core/clients.js";

useInPlace();

describe.each(servers)("with nats-server $version", ({ path }) => {
  it("loses no message to a server that is killed, and says what happened", async () => {
    await using server = await startJetStream(path);
    const program = await startOn("ours", "outage", { NATS_URL: server.url });
    await program.printed(/^ready$/m);
    await server.kill();
    await program.printed(/^outage/m);
    await server.restart();
    const { code, stdout, stderr } = await program.ended();
    expect({ code, stderr, lines: stdout.trimEnd().split("\n") }).toEqual({
      code: 0,
      stderr: expect.stringContaining("NatsConnectionWarning: the connection is closed"),
      lines: [
        "ready",
        "outage true 1048576",
        "core published in the outage",
        "watched key",
        "ordered true",
        "consumed true",
        "statuses true",
        "stats 0",
      ],
    });
  });

  it("keeps no pull of an outage, which would bring messages that nobody asked for any more", async () => {
    await using server = await startJetStream(path);
    const program = await startOn("ours", "pulls", { NATS_URL: server.url });
    await program.printed(/^ready$/m);
    await server.kill();
    await program.printed(/^pulled$/m);
    await server.restart();
    const { stdout, stderr } = await program.ended();
    expect(`${stdout}${stderr}`.trimEnd().split("\n")).toEqual(["ready", "pulled", "delivered 2"]);
  });
});
