// A graceful shutdown while handlers still work: an answer that can go nowhere any more is refused by a return value, and the
// process ends as it should. What `respond` returns when: test/api/respond.test.ts.

import { connect as connectTo } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { connect } from "../../src/index.js";
import { startServer } from "../harness/nats-server.js";
import { start, usePrograms } from "../harness/program.js";
import { servers } from "../harness/versions.js";

const program = fileURLToPath(new URL("late-answers/program.ts", import.meta.url));
const handlers = ["callback", "connection", "core", "service"];

usePrograms();

/** Publishes as no good client does: nats-server does not look at reply subjects. */
async function publishFoul(port: number, replies: readonly string[]): Promise<void> {
  const socket = connectTo(port, "127.0.0.1");
  const lines = replies.map((reply, i) => `PUB now ${reply} 1\r\n${i}\r\n`).join("");
  socket.write(`CONNECT {"verbose":false,"pedantic":false}\r\n${lines}PING\r\n`);
  let said = "";
  for await (const data of socket) {
    said += data;
    if (said.includes("PONG")) break;
  }
  socket.destroy();
}

it.each(servers)(
  "a process outlives requests whose reply subject is none, with nats-server $label",
  async ({ path }) => {
    const server = await startServer({ path });
    try {
      const service = await start(program, { NATS_URL: server.url });
      await service.printed(/ready/);
      await publishFoul(server.port, ["a..b", ".a", "a\u0001b", "fine"]);
      await service.printed(/3 was answered/);
      const { code, stdout, stderr } = await service.stop();
      expect([code, stderr]).toEqual([0, ""]);
      const answers = stdout.split("\n").filter((line) => line.includes("was answered"));
      expect(answers).toEqual([
        "0 was answered: false",
        "1 was answered: false",
        "2 was answered: false",
        "3 was answered: true",
      ]);
    } finally {
      await server.stop();
    }
  },
);

it.each(servers)(
  "a process whose handlers answer after its drain ends with code 0, with nats-server $label",
  async ({ path }) => {
    const server = await startServer({ path });
    const customer = await connect({ servers: server.url });
    try {
      const service = await start(program, { NATS_URL: server.url });
      await service.printed(/ready/);
      for (const handler of handlers) {
        customer.publish(handler, "", { reply: "nobody" });
        await service.printed(new RegExp(`${handler} was asked`));
      }
      const { code, stdout, stderr } = await service.stop();
      expect(stderr).toBe("");
      expect(code).toBe(0);
      for (const handler of handlers) expect(stdout).toContain(`${handler} answered: false`);
    } finally {
      await customer.close();
      await server.stop();
    }
  },
);
