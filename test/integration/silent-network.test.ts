// Networks that fall silent between a client and a real server that is well: they swallow what one side says, or lose one
// end without a word to the other. PINGs and timeouts find it; what went onto the dead wire is lost, and nothing else.
//
// Networks that are slow, cut or reset are in relay-faults.test.ts.

import { describe, expect, it } from "vitest";
import type { NatsError, Status } from "../../src/index.js";
import { leftovers, nothingLeft } from "../harness/leftovers.js";
import { lossBy, lossOf } from "../harness/losses.js";
import type { Link, Passage } from "../harness/relay.js";
import { servers } from "../harness/versions.js";
import { nextStatus } from "../harness/waiting.js";
import { numbers, throughRelay } from "./through-relay.js";

const straight: Passage = (chunk, send) => send(chunk);

describe.each(servers)("between a client and nats-server $label, a network that", ({ path }) => {
  const { through, witness, rejection } = throughRelay(path);

  describe("swallows", () => {
    it.each(["server", "client"] as const)(
      "what the %s says, from the beginning: connect rejects",
      async (from) => {
        const swallowing = (link: Link) => {
          link.swallow(from);
          return straight;
        };
        const { error } = await rejection({ fromServer: swallowing }, { timeout: 2_000 });
        expect(error).toMatchObject({
          code: "TIMEOUT",
          attempts: [{ step: from === "server" ? "greeting" : "authenticating" }],
        });
      },
    );

    it.each(["server", "client"] as const)(
      "what the %s says, in one attempt of a reconnect: the next attempt is made",
      async (from) => {
        const swallowing = (link: Link) => {
          if (link.number === 2) link.swallow(from);
          return straight;
        };
        const { nc: other, seen } = await witness();
        const { nc, link, statuses } = await through(
          { fromServer: swallowing },
          {
            timeout: 2_000,
            onStatus: ({ type }) => {
              if (type === "disconnect")
                for (const number of numbers(0, 100)) nc.publish("numbers", `${number}`);
            },
          },
        );
        const back = nextStatus(nc, "reconnect");
        link.reset();
        await back;
        await nc.flush();
        await other.flush();
        expect(statuses).toEqual(["disconnect", "reconnecting", "error", "reconnecting", "reconnect"]);
        expect(seen).toEqual(numbers(0, 100));
      },
    );

    const pings = { pingInterval: 400, maxPingOut: 2 };

    /**
     * Publishes before the fault, as it begins, with each PING and when it is found, ten numbers each time. Returns what
     * arrived, and where in it which part begins: what was published with the fault, and what no dead wire got.
     */
    async function publishing(fault: (link: Link) => void, unconfirmed: "report" | "resend" = "report") {
      const { nc: other, seen } = await witness();
      let next = 0;
      let dead = 0;
      const told: Status["unconfirmed"][] = [];
      const size = "PUB numbers 4\r\n0000\r\n".length;
      const publish = (count: number) => {
        for (let i = 0; i < count; i++) nc.publish("numbers", `${next++}`.padStart(4, "0"));
      };
      const { nc, link, statuses } = await through(
        {},
        {
          ...pings,
          unconfirmed,
          onStatus: ({ type, unconfirmed: amount }) => {
            // No wire is there any more: what waits went onto none, all before it did.
            if (type === "disconnect") dead = next - nc.outboundStats().waiting.messages;
            if (type === "disconnect") told.push(amount);
            if (type === "pingTimer" || type === "disconnect") publish(10);
          },
        },
      );
      const received: string[] = [];
      nc.subscribe("told", { callback: (_error, msg) => void received.push(msg.string()) });
      publish(10);
      // A PING may be due meanwhile, and ten numbers more: the fault comes when all that was published is confirmed.
      const isConfirmed = () => nc.outboundStats().confirmed.messages === next;
      do await nc.flush();
      while (!isConfirmed());
      const back = nextStatus(nc, "reconnect");
      const before = next;
      fault(link);
      publish(10);
      other.publish("told", "meanwhile");
      await other.flush();
      await back;
      expect((await nc.request("ask", "again", { timeout: 10_000 })).string()).toBe("answer again");
      other.publish("told", "again");
      await other.flush();
      const onTheDeadWire = { messages: dead - before, bytes: (dead - before) * size };
      expect(told).toEqual([onTheDeadWire]);
      const { code, unconfirmed: lost } = (await lossBy(nc.flush())) ?? {};
      const isTold = unconfirmed === "report";
      expect([code, lost]).toEqual(isTold ? ["DISCONNECT", onTheDeadWire] : [undefined, undefined]);
      await nc.flush();
      await other.flush();
      const found = ["staleConnection", "disconnect", "reconnecting", "reconnect"];
      expect(statuses.filter((type) => type !== "pingTimer")).toEqual(found);
      expect(dead).toBeGreaterThan(before);
      expect(next).toBeGreaterThan(dead);
      return { seen, received, before, dead, next };
    }

    it("what the server says: PINGs find it; all that was published arrives, once", async () => {
      const { seen, received, dead, next } = await publishing((link) => link.swallow("server"));
      expect([...seen].sort((a, b) => a - b)).toEqual(numbers(0, next));
      // The server reads two sockets, each in order.
      expect(seen.filter((number) => number < dead)).toEqual(numbers(0, dead));
      expect(seen.filter((number) => number >= dead)).toEqual(numbers(dead, next));
      expect(received).toEqual(["again"]);
    });

    it("what the client says: PINGs find it; only what went onto the dead wire is lost, and the client still hears", async () => {
      const { seen, received, before, dead, next } = await publishing((link) => link.swallow("client"));
      expect(seen).toEqual([...numbers(0, before), ...numbers(dead, next)]);
      expect(received).toEqual(["meanwhile", "again"]);
    });

    it("one end, and tells only the server: PINGs find it; only what went onto the dead wire is lost", async () => {
      const { seen, received, before, dead, next } = await publishing((link) => link.loseServer());
      expect(seen).toEqual([...numbers(0, before), ...numbers(dead, next)]);
      expect(received).toEqual(["again"]);
    });

    it("what the server says, with unconfirmed: resend: all arrives, and twice what went onto the dead wire", async () => {
      const { seen, before, dead, next } = await publishing((link) => link.swallow("server"), "resend");
      // The server reads two sockets, each in order.
      const twice = numbers(before, dead);
      expect([...seen].sort((a, b) => a - b)).toEqual([...numbers(0, next), ...twice].sort((a, b) => a - b));
      expect(seen.filter((number) => number >= dead)).toEqual(numbers(dead, next));
      expect(seen.slice(seen.indexOf(dead) - twice.length, seen.indexOf(dead))).toEqual(twice);
    });

    it.each<[string, (link: Link) => void]>([
      ["what the client says", (link) => link.swallow("client")],
      ["one end, and tells only the server", (link) => link.loseServer()],
    ])("%s, with unconfirmed: resend: all arrives, once and in order", async (_what, fault) => {
      const { seen, next } = await publishing(fault, "resend");
      expect(seen).toEqual(numbers(0, next));
    });

    it.each<[string, (link: Link) => void]>([
      ["what the server says", (link) => link.swallow("server")],
      ["what the client says", (link) => link.swallow("client")],
      ["one end, and tells only the server", (link) => link.loseServer()],
    ])(
      "%s: close, drain, requests and flushes end all the same, and tell what is not confirmed",
      async (_what, fault) => {
        for (const end of ["close", "drain"] as const) {
          const { nc, link } = await through({}, { drainTimeout: 100 });
          fault(link);
          nc.publish("numbers", "1");
          const sub = nc.subscribe("numbers");
          const read = (async () => {
            for await (const _ of sub);
          })();
          const asked = nc
            .request("nobody.answers", "", { timeout: 100 })
            .catch((error: NatsError) => error.code);
          const flushed = nc.flush().catch((error: NatsError) => error.code);
          // It sees what is there; so it would see what is left.
          const { timers, sockets } = leftovers();
          expect([timers.length, sockets]).toEqual([2, [nc.getServer()]]);
          const ended = nc[end]().catch((error: NatsError) => error.code);
          expect(await ended).toBe(end === "close" ? undefined : "TIMEOUT");
          expect(await flushed).toBe("CONNECTION_CLOSED");
          expect(["TIMEOUT", "CONNECTION_CLOSED"]).toContain(await asked);
          await Promise.all([read, sub.closed]);
          expect(lossOf(await nc.closed())).toEqual({
            code: end === "close" ? "DISCONNECT" : "TIMEOUT",
            message: expect.stringContaining("2 published messages were sent, but no server confirmed them"),
            unsent: undefined,
            unconfirmed: { messages: 2, bytes: expect.any(Number) },
          });
          expect(leftovers()).toEqual(nothingLeft);
        }
      },
    );
  });
});
