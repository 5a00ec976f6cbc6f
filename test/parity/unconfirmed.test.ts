// What no server had confirmed, by both clients: sent again where the user asks for it, waited for with a limit, and asked for
// before the end. What is told of it where it is lost: drain-close.test.ts.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ConnectionOptions } from "../../src/index.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { type Relay, relay } from "../harness/relay.js";
import { servers } from "../harness/versions.js";
import { sleep } from "../harness/waiting.js";
import { both, codeOf, type Seen, turns, Watch } from "./both.js";

const options: ConnectionOptions = { reconnectTimeWait: 1, reconnectJitter: 0, maxReconnectAttempts: -1 };
const words = ["1", "2", "3", "4", "5"];

describe.each(servers)(
  "what no server has confirmed, by both clients, with nats-server $label",
  ({ path }) => {
    let server: TestServer;
    let link: Relay;

    beforeEach(async () => {
      server = await startServer({ path });
      link = await relay(server.port);
    });
    afterEach(async () => {
      await link.close();
      await server.stop();
    });

    /** Publishes over a connection on which nothing arrives any more, which is then reset; gives what arrives after the reconnect. */
    function afterSwallowing(policy: ConnectionOptions): Promise<Seen<unknown>> {
      return both(async ({ connect, is }) => {
        const witness = await connect({ port: server.port });
        const received: string[] = [];
        witness.subscribe("words", { callback: (_error, msg) => void received.push(msg.string()) });
        await witness.flush();
        const nc = await connect({ ...options, ...policy, port: link.port });
        const watch = new Watch(nc);
        link.links.at(-1)?.swallow("client");
        for (const word of words) nc.publish("words", word);
        await turns();
        const unconfirmed = is === "ours" ? nc.outboundStats().unconfirmed.messages : undefined;
        link.links.at(-1)?.reset();
        await watch.until("reconnect");
        nc.publish("words", "later");
        const flushed = await codeOf(() => nc.flush());
        await nc.flush();
        await witness.flush();
        return { unconfirmed, flushed, received };
      });
    }

    it("is lost with its connection by default, and the next flush rejects (in the reference it resolves)", async () => {
      expect(await afterSwallowing({})).toEqual({
        reference: { unconfirmed: undefined, flushed: undefined, received: ["later"] },
        ours: { unconfirmed: words.length, flushed: "DISCONNECT", received: ["later"] },
      });
    });

    it("is sent again, before what follows, with unconfirmed: resend (the reference loses it)", async () => {
      expect(await afterSwallowing({ unconfirmed: "resend" })).toEqual({
        reference: { unconfirmed: undefined, flushed: undefined, received: ["later"] },
        ours: { unconfirmed: words.length, flushed: undefined, received: [...words, "later"] },
      });
    });

    it("is told by closed() where the server did not answer before the end (in the reference all is well)", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ ...options, port: link.port });
        await nc.flush();
        link.links.at(-1)?.swallow("client");
        for (const word of words) nc.publish("words", word);
        await nc.close();
        const error = (await nc.closed()) as { code?: string; unconfirmed?: object } | undefined;
        return { code: error?.code, unconfirmed: error?.unconfirmed };
      });
      const bytes = words.length * "PUB words 1\r\n1\r\n".length;
      expect(seen).toEqual({
        reference: { code: undefined, unconfirmed: undefined },
        ours: { code: "DISCONNECT", unconfirmed: { messages: words.length, bytes } },
      });
    });

    it("is waited for no longer than flush is told to (the reference takes no limit)", async () => {
      const seen = await both(async ({ connect, patience }) => {
        const nc = await connect({ ...options, reconnectTimeWait: 60_000, port: link.port });
        const watch = new Watch(nc);
        await link.close();
        for (const one of link.links) one.reset();
        await watch.until("disconnect");
        const flushed = codeOf(() => nc.flush({ timeout: 50 }));
        const outcome = await Promise.race([flushed, sleep(patience).then(() => "waits")]);
        link = await relay(server.port);
        return outcome;
      });
      expect(seen).toEqual({ reference: "waits", ours: "TIMEOUT" });
    });
  },
);
