// What a program is left with once its connections have ended: no timer and no socket keeps it from ending, of whatever part of the
// client. A timer that is left behind for a second would show in no test that only waits for the end of a process.

import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, expect, it } from "vitest";
import { type FakeServer, fakeServer, info } from "../harness/fake-server.js";
import { start, usePrograms } from "../harness/program.js";
import { startWebSocketServer } from "../harness/web-socket-server.js";

const program = fileURLToPath(new URL("left-behind/program.ts", import.meta.url));
const fakes: FakeServer[] = [];

usePrograms();
afterEach(async () => {
  await Promise.all(fakes.splice(0).map((fake) => fake.close()));
});

async function fake(greets: (socket: Socket) => void): Promise<string> {
  const one = await fakeServer(greets);
  fakes.push(one);
  return `${one.port}`;
}

it("nothing keeps a program from ending once its connections have ended, in whatever way they did", async () => {
  const { server, webSocketPort } = await startWebSocketServer();
  try {
    const { ended } = await start(program, {
      NATS: `${server.port}`,
      WEB_SOCKET: `${webSocketPort}`,
      SILENT: await fake(() => {}),
      TLS: await fake((socket) => void socket.write(info({ tls_required: true }))),
      // It lets the client in, and reads nothing from then on.
      UNREAD: await fake((socket) => {
        socket.write(info());
        socket.once("data", () => {
          socket.pause();
          socket.write("PONG\r\n");
        });
      }),
    });
    const { code, stdout, stderr } = await ended();
    expect([code, stderr]).toEqual([0, ""]);
    const told = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as [string, unknown[]]);
    expect(told.length).toBeGreaterThan(10);
    expect(told).toEqual(told.map(([what]) => [what, []]));
  } finally {
    await server.stop();
  }
});
