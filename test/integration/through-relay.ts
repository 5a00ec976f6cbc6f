// The scene of tests in which a network does something to a connection: a real server that is well, a relay in front of
// it, a client behind that, and a witness who is connected past it. What the network does is the test's business.

import { afterEach, beforeAll, expect } from "vitest";
import { connect, type NatsConnection, type NatsError, type Status } from "../../src/index.js";
import { leftovers, nothingLeft } from "../harness/leftovers.js";
import { witnessOf } from "../harness/load.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { type Link, type Relay, type RelayOptions, relay } from "../harness/relay.js";

type Options = Parameters<typeof connect>[0];

/** The whole numbers from one to before another. */
export const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** Sets the scene for the tests of a `describe`; after each, nothing of the clients may be left. */
export function throughRelay(path: string) {
  let server: TestServer;
  const relays: Relay[] = [];
  const open: NatsConnection[] = [];

  beforeAll(async () => {
    server = await startServer({ path });
    return () => server.stop();
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((nc) => nc.close()));
    expect(leftovers()).toEqual(nothingLeft);
    await Promise.all(relays.splice(0).map((one) => one.close()));
  });

  async function inFront(options: RelayOptions): Promise<Relay> {
    const one = await relay(server.port, options);
    relays.push(one);
    return one;
  }

  return {
    /** A connection through a relay, its link, and the kinds of its statuses since it stands. */
    async through(options: RelayOptions = {}, more: Options = {}) {
      const { port, links } = await inFront(options);
      const statuses: string[] = [];
      const onStatus = (status: Status) => {
        statuses.push(status.type);
        more.onStatus?.(status);
      };
      const nc = await connect({ port, reconnectTimeWait: 20, ...more, onStatus });
      open.push(nc);
      statuses.length = 0;
      return { nc, link: links[0] as Link, statuses };
    },

    /** Why no connection comes through a relay. */
    async rejection(options: RelayOptions, more: Options = {}) {
      const { port } = await inFront(options);
      const attempt = connect({ port, ...more });
      const error = await attempt.then(
        (nc) => {
          open.push(nc);
          throw new Error("connect was not rejected");
        },
        (failed: NatsError) => failed,
      );
      return { error, port };
    },

    /** A client past the relay: the numbers that reach the server; it answers, too. */
    async witness() {
      const nc = await connect({ port: server.port });
      open.push(nc);
      const seen = witnessOf(nc);
      await nc.flush();
      return { nc, seen };
    },
  };
}
