// Servers that the cluster named to a client which came by WebSocket: they are reached by WebSocket too, under TLS where the URL
// begins with wss://, whatever list of servers took the place of another. The rule: src/machine/origin.ts; TCP: origins-tls.test.ts.

import { afterEach, describe, expect, it } from "vitest";
import { Authority } from "../harness/certificates.js";
import { closeAll, connected } from "../harness/impatient.js";
import { TestCluster } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";
import {
  startWebSocketPair,
  startWebSocketServer,
  type WebSocketServer,
  type WebSocketServerOptions,
} from "../harness/web-socket-server.js";

const authority = new Authority();
const certificate = authority.issue({ names: ["localhost"] });
const running: WebSocketServer[] = [];

afterEach(async () => {
  await closeAll();
  await Promise.all(running.splice(0).map(({ server }) => server.stop()));
});

async function pair(options: WebSocketServerOptions): Promise<[WebSocketServer, WebSocketServer]> {
  const [first, second] = await startWebSocketPair(options);
  if (first === undefined || second === undefined) throw new Error("no pair");
  running.push(first, second);
  return [first, second];
}

describe.each(servers)("a server that was learnt by WebSocket from nats-server $label", ({ path }) => {
  describe.each([
    ["ws", undefined, {}],
    ["wss", certificate, { tls: { ca: authority.cert } }],
  ] as const)("by way of %s://", (scheme, certificate, options) => {
    /** Under the name that the certificate carries; the cluster tells addresses. */
    const url = ({ webSocketPort }: WebSocketServer) => `${scheme}://me:secret@localhost:${webSocketPort}`;
    const config = { authorization: { users: [{ user: "me", password: "secret" }] } };
    const ofPair = { path, config, ...(certificate === undefined ? {} : { certificate }) };

    it("is reached by it after setServers named its cluster", async () => {
      const one = await startWebSocketServer(ofPair);
      running.push(one);
      const [first, second] = await pair(ofPair);
      const { nc, statuses } = await connected({ ...options, servers: url(one) });
      nc.setServers([url(first)]);
      await nc.reconnect();
      await statuses.at("reconnect", first.webSocketPort);
      await first.server.kill();
      await statuses.at("reconnect", second.webSocketPort);
      await nc.flush();
    });

    it("is reached by it after setServers was given what getServers gave", async () => {
      const [first, second] = await pair(ofPair);
      const { nc, statuses } = await connected({ ...options, servers: url(first) });
      const before = nc.getServers();
      expect(before.find(({ port }) => port === second.webSocketPort)).toMatchObject({
        src: expect.stringContaining(`${scheme}://***@127.0.0.1:${second.webSocketPort}`),
        gossiped: true,
      });
      for (const given of [before, before.map(({ src }) => src)]) {
        nc.setServers(given);
        expect(nc.getServers()).toEqual(before);
      }
      await first.server.kill();
      await statuses.at("reconnect", second.webSocketPort);
      await nc.flush();
    });

    it("is not learnt from a server that another list replaced", async () => {
      const [first, second] = await pair(ofPair);
      const [other] = await pair(ofPair);
      const { nc, statuses } = await connected({ ...options, servers: url(first) });
      nc.setServers([url(other)]);
      // The server in use tells its clients anew of a cluster that has lost one, and then of one that has it again.
      await second.restart();
      await new TestCluster([first.server, second.server]).formed();
      await nc.flush();
      const ports = nc.getServers().map(({ port }) => port);
      expect(ports).toEqual([other.webSocketPort]);
      await first.server.kill();
      await statuses.at("reconnect", other.webSocketPort);
      await nc.flush();
    });
  });
});
