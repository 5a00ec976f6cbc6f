// A service whose server is gone for good ends, as there is nothing left to wait for. What its process says of that.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { startServer } from "../harness/nats-server.js";
import { start, usePrograms } from "../harness/program.js";

const service = join(fileURLToPath(new URL("..", import.meta.url)), "harness/greeting-program.ts");

usePrograms();

/** What a service says whose server is killed, and how it ends. */
async function lastWords(listensTo: string) {
  const server = await startServer();
  const program = await start(service, { SERVER: server.url, LISTENS_TO: listensTo });
  await program.printed(/serves/);
  await server.kill();
  const { code, stderr } = await program.ended();
  return { code, stderr, server: `127.0.0.1:${server.port}` };
}

it("a service to whose end nobody listens says what ended, and why", async () => {
  const { code, stderr, server } = await lastWords("nothing");
  expect(code).toBe(0);
  expect(stderr).toContain(
    `[CONNECTION_REFUSED] NatsConnectionWarning: the connection to ${server} has ended: ${server}: nothing accepts connections there`,
  );
  expect(stderr.split("NatsConnectionWarning")).toHaveLength(2);
  expect(stderr).toContain("closed(), status() or the option onStatus");
});

it.each(["closed", "status", "onStatus"])(
  "a service that listens to %s says nothing by itself",
  async (what) => {
    expect(await lastWords(what)).toMatchObject({ code: 0, stderr: "" });
  },
);
