// A program that was written for `nats` and knows nothing of ours goes on through an outage: what it calls there neither throws nor
// waits for ever. Beside the reference, but for what ours adds: the messages that are kept, and warnings of the process.

import { expect, it } from "vitest";
import { type Side, startOn, useInPlace } from "../harness/in-place.js";
import { startServer } from "../harness/nats-server.js";

useInPlace();

/** Runs the program through a kill of its server; what it printed, and its warnings. */
async function through(side: Side, end: string) {
  const server = await startServer();
  const program = await startOn(side, "outage-of-others", { NATS_URL: server.url, END: end });
  await program.printed(/^connected$/m);
  await server.kill();
  await program.printed(/^restart$/m);
  if (end !== "away") await server.start();
  if (end === "kill") {
    await program.printed(/^kill$/m);
    await server.kill();
  }
  const { code, stdout, stderr } = await program.ended();
  const warnings = [...stderr.matchAll(/NatsConnectionWarning: (.*)/g)].map(([, message]) => message);
  return { code, lines: stdout.trimEnd().split("\n"), warnings };
}

const lines = [
  "answered a",
  "connected",
  "published",
  "flush DISCONNECT",
  "restart",
  "errors false",
  "flushed",
];

it.each(["drain", "close"])(
  "runs as on the reference, to its %s, and is told what was not kept, by number",
  async (end) => {
    const reference = await through("reference", end);
    expect(reference).toEqual({ code: 0, lines: [...lines, end], warnings: [] });
    const ours = await through("ours", end);
    expect(ours).toEqual({
      code: 0,
      lines: [...lines, end],
      warnings: [
        expect.stringContaining("a published message is not kept"),
        "published messages that were not kept in the outage: 17",
      ],
    });
  },
);

it("is told what was never sent before its drain resolves, though it ends its process there", async () => {
  const { code, lines: printed, warnings } = await through("ours", "kill");
  expect({ code, lines: printed }).toEqual({ code: 0, lines: [...lines, "kill", "kill"] });
  expect(warnings.at(-1)).toContain("1 published message was not sent");
});

it("is told the number of what was not kept where the connection ends in the outage", async () => {
  const { code, lines: printed, warnings } = await through("ours", "away");
  expect({ code, lines: printed }).toEqual({ code: 0, lines: [...lines.slice(0, 5), "away"] });
  expect(warnings).toContain("published messages that were not kept in the outage: 17");
});
