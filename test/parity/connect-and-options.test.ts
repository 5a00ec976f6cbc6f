// `connect` and its options through both clients: where they dial, what they say in CONNECT, what each option does.
// What the options of reconnecting do to statuses: statuses.test.ts.

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type ConnectionOptions, connect, type TlsOptions } from "../../src/index.js";
import { defaultPolicy } from "../../src/machine/reconnect-policy.js";
import { Authority } from "../harness/certificates.js";
import { fakeServer, info } from "../harness/fake-server.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { freePorts } from "../harness/ports.js";
import { servers } from "../harness/versions.js";
import { sleep } from "../harness/waiting.js";
import {
  both,
  codeOf,
  errorOf,
  read,
  same,
  text,
  turns,
  until,
  Watch,
  type Wire,
  welcome,
  wireTo,
} from "./both.js";

/** Quick attempts, one after the other. */
const quick = { reconnectTimeWait: 1, reconnectJitter: 0 };

describe.each(servers)("connect, by both clients, to nats-server $label", ({ path, version }) => {
  /** Since 2.10. */
  const knowsHandshakeFirst = !/^2\.[0-9]\./.test(version);
  let server: TestServer;
  let wire: Wire;
  const running: { stop(): Promise<void> }[] = [];

  beforeAll(async () => {
    server = await startServer({ path, monitor: true });
    wire = await wireTo(server.port);
  });
  afterAll(async () => {
    await wire.close();
    await server.stop();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.stop()));
  });

  async function started(config: Record<string, unknown> | string): Promise<TestServer> {
    const one = await startServer({ path, config });
    running.push(one);
    return one;
  }

  /** What CONNECT says without options. */
  const plain = { protocol: 1, verbose: false, pedantic: false, headers: true, no_responders: true };

  it("gives every method of the reference, but those of JetStream and services", async () => {
    const { NatsConnectionImpl } = await import("nats/lib/nats-base-client/nats.js");
    const nc = await connect({ port: server.port });
    const missing = Object.getOwnPropertyNames(NatsConnectionImpl.prototype).filter((name) => !(name in nc));
    await nc.close();
    const notInItsTypes = ["_check", "_resub", "context", "features", "getServerVersion"];
    expect(missing.sort()).toEqual([...notInItsTypes, "jetstream", "jetstreamManager", "services"].sort());
  });

  describe("where it dials", () => {
    it("takes host and port, with a scheme or without, as a string or a list", async () => {
      const { port } = server;
      const forms: ConnectionOptions["servers"][] = [
        `127.0.0.1:${port}`,
        `nats://127.0.0.1:${port}`,
        `localhost:${port}`,
        [`127.0.0.1:${port}`],
        [`nats://LOCALHOST:${port}`],
      ];
      const names = await both(async ({ connect }) => {
        const connected = await Promise.all(forms.map((servers) => connect({ servers: servers ?? "" })));
        return connected.map((nc) => nc.getServer());
      });
      const [address, name] = [`127.0.0.1:${port}`, `localhost:${port}`];
      expect(names).toEqual(same([address, address, name, address, name]));
    });

    it("takes an IPv6 address in brackets", async () => {
      const v6 = await wireTo(server.port, "::1");
      const names = await both(async ({ connect }) => {
        const bare = await connect({ servers: `[::1]:${v6.port}` });
        const withScheme = await connect({ servers: `nats://[::1]:${v6.port}` });
        return [bare.getServer(), withScheme.getServer()];
      });
      await v6.close();
      expect(names).toEqual(same([`[::1]:${v6.port}`, `[::1]:${v6.port}`]));
    });

    it("dials port 4222 where none is given, and 127.0.0.1 where nothing is", async () => {
      /** Where an attempt went: this machine may have a server there, or not. */
      const dialed = (error: unknown) => {
        const { chainedError } = error as { chainedError?: { address: string; port: number } };
        return `${chainedError?.address}:${chainedError?.port}`;
      };
      const seen = await both(async ({ connect }) => {
        const where = (options?: ConnectionOptions) => connect(options).then((nc) => nc.getServer(), dialed);
        return [await where(), await where({ servers: [] }), await where({ servers: "127.0.0.2" })];
      });
      expect(seen).toEqual(same(["127.0.0.1:4222", "127.0.0.1:4222", "127.0.0.2:4222"]));
    });

    it("dials 127.0.0.1 with the option port, and refuses it beside servers", async () => {
      const { port } = server;
      const seen = await both(async ({ connect }) => ({
        server: (await connect({ port })).getServer(),
        beside: await codeOf(() => connect({ port, servers: `127.0.0.1:${port}` })),
      }));
      expect(seen).toEqual(same({ server: `127.0.0.1:${port}`, beside: "INVALID_OPTION" }));
    });

    it("goes on to the next server where one does not answer", async () => {
      const [dead] = await freePorts(1);
      const names = await both(async ({ connect }) => {
        const list = [`127.0.0.1:${dead}`, `127.0.0.1:${server.port}`];
        return (await connect({ servers: list, noRandomize: true })).getServer();
      });
      expect(names).toEqual(same(`127.0.0.1:${server.port}`));
    });

    it("keeps a server that failed at first in the pool (the reference forgets it)", async () => {
      const [down] = await freePorts(1);
      const seen = await both(async ({ connect }) => {
        const options = { ...quick, noRandomize: true, maxReconnectAttempts: 3 };
        const one = await startServer({ path });
        const nc = await connect({ ...options, servers: [`127.0.0.1:${down}`, one.url] });
        const late = await startServer({ path, port: down as number });
        await one.stop();
        const outcome = await Promise.race([
          nc.closed().then(() => "closed"),
          until(() => nc.getServer() === `127.0.0.1:${down}` && nc.info !== undefined).then(
            () => "reconnected",
          ),
        ]);
        await nc.close();
        await late.stop();
        return outcome;
      });
      expect(seen).toEqual({ reference: "closed", ours: "reconnected" });
    });

    it("uses user and password of a URL (the reference ignores them)", async () => {
      const closed = await started('authorization { user: "ann", password: "s3cret" }');
      const seen = await both(({ connect }) =>
        codeOf(() => connect({ servers: `nats://ann:s3cret@127.0.0.1:${closed.port}` })),
      );
      expect(seen).toEqual({ reference: "AUTHORIZATION_VIOLATION", ours: undefined });
    });

    it("takes tcp:// as nats://, and refuses other schemes, paths and queries (the reference passes over them)", async () => {
      const at = `127.0.0.1:${server.port}`;
      const urls = [
        `tcp://${at}`,
        `http://${at}`,
        `nats://${at}/path`,
        `nats://${at}?tls=1`,
        `nats://${at}#a`,
      ];
      const seen = await both(({ connect }) =>
        Promise.all(urls.map((servers) => codeOf(() => connect({ servers })))),
      );
      const refused = "INVALID_OPTION";
      expect(seen).toEqual({
        reference: [undefined, undefined, undefined, undefined, undefined],
        ours: [undefined, refused, refused, refused, refused],
      });
    });

    it("refuses functions for user, pass and token, which are for authenticators (the reference calls them)", async () => {
      const closed = await started('authorization { user: "ann", password: "s3cret" }');
      const functions = { user: () => "ann", pass: () => "s3cret" };
      const seen = await both(async ({ connect, lib }) => {
        const authenticator = lib.usernamePasswordAuthenticator(functions.user, functions.pass);
        return [
          await codeOf(() => connect({ port: closed.port, ...functions } as never)),
          await codeOf(() => connect({ port: closed.port, authenticator })),
        ];
      });
      expect(seen).toEqual({ reference: [undefined, undefined], ours: ["INVALID_OPTION", undefined] });
    });

    it("refuses a password without a user (the reference connects without it)", async () => {
      const seen = await both(async ({ connect }) => [
        await codeOf(() => connect({ port: server.port, pass: "s3cret" })),
        await codeOf(() => connect({ port: server.port, user: "", pass: "s3cret" })),
      ]);
      expect(seen).toEqual({
        reference: [undefined, undefined],
        ours: ["INVALID_OPTION", "INVALID_OPTION"],
      });
    });

    it("asks for TLS where the URL says tls:// (the reference connects in the clear)", async () => {
      const seen = await both(({ connect }) =>
        codeOf(() => connect({ servers: `tls://127.0.0.1:${server.port}` })),
      );
      expect(seen).toEqual({ reference: undefined, ours: "SERVER_OPT_NA" });
    });

    it("dials in the order given with noRandomize, and else in some order", async () => {
      let order = "";
      const fakes = await Promise.all(
        ["a", "b", "c"].map((name) =>
          fakeServer((socket) => {
            order += name;
            socket.destroy();
          }),
        ),
      );
      const servers = fakes.map((fake) => `127.0.0.1:${fake.port}`);
      const seen = await both(async ({ connect }) => {
        const orderOf = async (noRandomize: boolean) => {
          order = "";
          await errorOf(() => connect({ servers, noRandomize }));
          return order;
        };
        const given = [await orderOf(true), await orderOf(true)];
        // Twenty random orders of three are the same once in 10 ** 15.
        const any = new Set<string>();
        for (let i = 0; i < 20; i++) any.add(await orderOf(false));
        return { given, several: any.size > 1 };
      });
      await Promise.all(fakes.map((fake) => fake.close()));
      expect(seen).toEqual(same({ given: ["abc", "abc"], several: true }));
    });
  });

  describe("what it says in CONNECT", () => {
    /** What both say to a server with these options, without their own names and versions. */
    async function connects(options: ConnectionOptions, port = wire.port) {
      return both(async ({ connect }) => {
        const nc = await connect({ ...options, port });
        const { lang, version, ...fields } = wire.connects.at(-1) ?? {};
        await nc.close();
        return fields;
      });
    }

    it("is the same without options", async () => {
      expect(await connects({})).toEqual(same(plain));
    });

    it.each<[string, ConnectionOptions, Record<string, unknown>]>([
      ["name", { name: "parity" }, { name: "parity" }],
      ["verbose", { verbose: true }, { verbose: true }],
      ["pedantic", { pedantic: true }, { pedantic: true }],
      ["noEcho", { noEcho: true }, { echo: false }],
      ["user and pass", { user: "ann", pass: "s3cret" }, { user: "ann", pass: "s3cret" }],
      ["user", { user: "ann" }, { user: "ann" }],
      ["token", { token: "t0ken" }, { auth_token: "t0ken" }],
      ["authenticator", { authenticator: () => ({ user: "a", pass: "b" }) }, { user: "a", pass: "b" }],
      [
        "several authenticators, merged",
        { authenticator: [() => ({ user: "a", pass: "b" }), () => ({ auth_token: "t" })] },
        { user: "a", pass: "b", auth_token: "t" },
      ],
      [
        "authenticator, token and user, the last wins",
        { authenticator: () => ({ user: "a", pass: "b" }), token: "t", user: "ann", pass: "s3cret" },
        { user: "ann", pass: "s3cret", auth_token: "t" },
      ],
      ["an authenticator without an answer", { authenticator: () => {} }, {}],
    ])("is the same with %s", async (_what, options, fields) => {
      expect(await connects(options)).toEqual(same({ ...plain, ...fields }));
    });

    it("is followed by a PING at once, and names the client and its version", async () => {
      const seen = await both(async ({ connect, lib }) => {
        await connect({ port: wire.port });
        const [, lang, tail] = /"lang":"([^"]+)".*\}(\r\n.*)$/s.exec(wire.sent.at(-1) ?? "") ?? [];
        return { lang, tail, version: typeof lib === "object" && wire.connects.at(-1)?.["version"] };
      });
      expect(seen).toMatchObject({
        reference: { lang: "nats.js", tail: "\r\nPING\r\n", version: "2.29.3" },
        ours: {
          lang: "nats-statechart",
          tail: "\r\nPING\r\n",
          version: expect.stringMatching(/^\d+\.\d+\.\d+/),
        },
      });
    });

    it("says nothing of headers to a server that has none", async () => {
      let said = "";
      const fake = await fakeServer((socket) => {
        said = "";
        socket.on("data", (chunk) => (said += chunk));
        welcome(socket, { headers: false });
      });
      const seen = await both(async ({ connect, lib }) => {
        const nc = await connect({ port: fake.port });
        const { headers, no_responders } = JSON.parse(/CONNECT (.*)\r\n/.exec(said)?.[1] ?? "");
        const code = await codeOf(() => nc.publish("a", "", { headers: lib.headers() }));
        return { headers, no_responders, code };
      });
      await fake.close();
      expect(seen).toEqual(same({ headers: undefined, no_responders: undefined, code: "SERVER_OPT_NA" }));
    });
  });

  describe("what its options do", () => {
    it("name: the server's monitor shows it", async () => {
      const seen = await both(async ({ connect, is }) => {
        await connect({ port: server.port, name: `parity of ${is}` });
        const { connections } = (await server.monitor("connz")) as { connections: { name?: string }[] };
        return connections.some(({ name }) => name === `parity of ${is}`);
      });
      expect(seen).toEqual(same(true));
    });

    it("verbose and pedantic: messages, requests and flushes work", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port, verbose: true, pedantic: true });
        nc.subscribe("ask", { callback: (_error, msg) => void msg.respond(`${msg.string()}!`) });
        const answers = [];
        for (const word of ["a", "b", "c"]) answers.push((await nc.request("ask", word)).string());
        await nc.flush();
        return answers;
      });
      expect(seen).toEqual(same(["a!", "b!", "c!"]));
    });

    it("noEcho: what it publishes does not come back", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port, noEcho: true });
        const other = await connect({ port: server.port });
        const sub = nc.subscribe("echo", { max: 1 });
        await nc.flush();
        nc.publish("echo", "mine");
        await nc.flush();
        other.publish("echo", "another's");
        return read(sub, text);
      });
      expect(seen).toEqual(same({ read: ["another's"], code: undefined }));
    });

    it("inboxPrefix: replies are sent to subjects below it", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port, inboxPrefix: "my.own" });
        nc.subscribe("where", { callback: (_error, msg) => void msg.respond(msg.reply ?? "") });
        const replies = [
          await nc.request("where"),
          await nc.request("where", "", { timeout: 1_000, noMux: true }),
        ];
        return replies.map((msg) => msg.string().startsWith("my.own."));
      });
      expect(seen).toEqual(same([true, true]));
    });

    it("inboxPrefix: one that cannot be used is refused (ours finds more, and says INVALID_OPTION)", async () => {
      const seen = await both(({ connect }) =>
        Promise.all(
          ["a.*", "a.>", "a b", "a..b"].map((inboxPrefix) =>
            codeOf(() => connect({ port: server.port, inboxPrefix })),
          ),
        ),
      );
      expect(seen).toEqual({
        reference: ["BAD API", "BAD API", undefined, undefined],
        ours: ["INVALID_OPTION", "INVALID_OPTION", "INVALID_OPTION", "INVALID_OPTION"],
      });
    });

    it("debug: prints the protocol (the reference with secrets, ours without)", async () => {
      const seen = await both(async ({ connect }) => {
        const printed: string[] = [];
        const print = (...words: unknown[]) => void printed.push(words.join(" "));
        const spies = (["log", "info"] as const).map((name) =>
          vi.spyOn(console, name).mockImplementation(print),
        );
        try {
          const nc = await connect({ port: server.port, debug: true, user: "ann", pass: "s3cret" });
          await nc.flush();
        } finally {
          for (const spy of spies) spy.mockRestore();
        }
        const all = printed.join("\n");
        return {
          commands: ["INFO", "CONNECT", "PING", "PONG"].every((word) => all.includes(word)),
          secret: all.includes("s3cret"),
        };
      });
      expect(seen).toEqual({
        reference: { commands: true, secret: true },
        ours: { commands: true, secret: false },
      });
    });

    it("timeout: ends an attempt at a silent server (ours says which server, and how far it got)", async () => {
      const silent = await fakeServer(() => {});
      const seen = await both(async ({ connect }) => {
        const error = await errorOf(() => connect({ port: silent.port, timeout: 50 }));
        const says = error?.message.includes(`127.0.0.1:${silent.port}`);
        return { code: error?.code, says, steps: error?.attempts?.map(({ step }) => step) };
      });
      await silent.close();
      expect(seen).toEqual({
        reference: { code: "TIMEOUT", says: false, steps: undefined },
        ours: { code: "TIMEOUT", says: true, steps: ["greeting"] },
      });
    });

    it("reconnect false: the connection closes when it is lost (ours says why)", async () => {
      const seen = await both(async ({ connect }) => {
        const one = await startServer({ path });
        const nc = await connect({ port: one.port, reconnect: false });
        const watch = new Watch(nc);
        await one.kill();
        const error = await nc.closed();
        await turns();
        return {
          types: watch.types,
          closed: nc.isClosed(),
          code: (error as { code?: string } | undefined)?.code,
        };
      });
      expect(seen).toEqual({
        reference: { types: ["disconnect"], closed: true, code: undefined },
        ours: { types: ["disconnect", "close"], closed: true, code: "DISCONNECT" },
      });
    });

    /** How often a client dials a server that welcomes the first and turns away all that follow. */
    async function attempts(options: ConnectionOptions, enough = Number.POSITIVE_INFINITY) {
      return both(async ({ connect }) => {
        let first = true;
        const fake = await fakeServer((socket) => {
          if (first) welcome(socket);
          else socket.destroy();
          first = false;
        });
        const nc = await connect({ ...quick, ...options, port: fake.port });
        fake.sockets[0]?.destroy();
        await Promise.race([nc.closed(), until(() => fake.connections > enough)]);
        const count = nc.isClosed() ? fake.connections - 1 : "more";
        await nc.close();
        await fake.close();
        return count;
      });
    }

    it("maxReconnectAttempts: after that many failed attempts a server is given up; 10 by default", async () => {
      expect(await attempts({ maxReconnectAttempts: 3 })).toEqual(same(3));
      expect(await attempts({})).toEqual(same(10));
    });

    it("maxReconnectAttempts -1 or Infinity: goes on", async () => {
      for (const maxReconnectAttempts of [-1, Number.POSITIVE_INFINITY]) {
        expect(await attempts({ maxReconnectAttempts }, 15)).toEqual(same("more"));
      }
    });

    it("maxReconnectAttempts 0: one attempt", async () => {
      expect(await attempts({ maxReconnectAttempts: 0 })).toEqual(same(1));
    });

    it("reconnectTimeWait and reconnectJitter: a server that was dialed is left alone for that long", async () => {
      // 2 ** 30 ms are twelve days: of what is drawn from that many, one in a million is below a second.
      const far = 2 ** 30;
      const seen = await both(async ({ connect }) => {
        const outcome = async (options: ConnectionOptions, ms: number) => {
          const fake = await fakeServer((socket) => welcome(socket));
          const nc = await connect({ ...options, port: fake.port });
          const watch = new Watch(nc);
          fake.sockets[0]?.destroy();
          await watch.until("disconnect");
          await Promise.race([until(() => watch.types.includes("reconnect")), sleep(ms)]);
          await nc.close();
          await fake.close();
          return watch.types.filter((type) => type !== "update");
        };
        return {
          quick: await outcome({ reconnectTimeWait: 1, reconnectJitter: 0 }, 10_000),
          waits: await outcome({ reconnectTimeWait: far, reconnectJitter: 0 }, 300),
          jitters: await outcome({ reconnectTimeWait: 0, reconnectJitter: far }, 300),
        };
      });
      const dialed = ["disconnect", "reconnecting", "reconnect"];
      expect(seen).toEqual({
        reference: { quick: dialed, waits: ["disconnect"], jitters: ["disconnect"] },
        ours: {
          quick: [...dialed, "close"],
          waits: ["disconnect", "close"],
          jitters: ["disconnect", "close"],
        },
      });
    });

    it("reconnectJitterTLS: takes the place of reconnectJitter where TLS is in use", async () => {
      const far = 2 ** 30;
      const authority = new Authority();
      const { certFile, keyFile } = authority.issue();
      const secure = await started({ tls: { cert_file: certFile, key_file: keyFile } });
      const seen = await both(async ({ connect }) => {
        const outcome = async (options: ConnectionOptions, ms: number) => {
          const ca = authority.cert;
          const nc = await connect({ reconnectTimeWait: 0, ...options, port: secure.port, tls: { ca } });
          const watch = new Watch(nc);
          await nc.reconnect();
          await watch.until("disconnect");
          await Promise.race([until(() => watch.types.includes("reconnect")), sleep(ms)]);
          const last = watch.types.at(-1);
          await nc.close();
          return last;
        };
        return {
          quick: await outcome({ reconnectJitter: far, reconnectJitterTLS: 0 }, 10_000),
          waits: await outcome({ reconnectJitter: 0, reconnectJitterTLS: far }, 300),
        };
      });
      expect(seen).toEqual(same({ quick: "reconnect", waits: "disconnect" }));
    });

    it("reconnectDelayHandler: is asked for the wait", async () => {
      const seen = await both(async ({ connect }) => {
        let asked = 0;
        const one = await startServer({ path });
        const reconnectDelayHandler = () => {
          asked++;
          return 5;
        };
        const nc = await connect({
          port: one.port,
          maxReconnectAttempts: -1,
          reconnectTimeWait: 2 ** 30,
          reconnectDelayHandler,
        });
        const before = asked;
        const watch = new Watch(nc);
        await one.kill();
        await watch.until("reconnecting", 2);
        await one.start();
        await watch.until("reconnect");
        await nc.close();
        await one.stop();
        return {
          asked: asked - before > 1,
          code: await codeOf(() => connect({ reconnectDelayHandler: 5 as never })),
        };
      });
      expect(seen).toEqual(same({ asked: true, code: "NOT_FUNC" }));
    });

    it("waitOnFirstConnect: waits until a server is there", async () => {
      const [port = 0] = await freePorts(1);
      const seen = await both(async ({ connect }) => {
        const refused = await codeOf(() => connect({ ...quick, port }));
        const connecting = connect({ ...quick, port, waitOnFirstConnect: true, maxReconnectAttempts: 1 });
        await sleep(100);
        const late = await startServer({ path, port });
        const nc = await connecting;
        const name = nc.getServer();
        await nc.close();
        await late.stop();
        return { refused, name };
      });
      expect(seen).toEqual(same({ refused: "CONNECTION_REFUSED", name: `127.0.0.1:${port}` }));
    });

    it("ignoreAuthErrorAbort: goes on after the same refusal twice, which else ends the connection", async () => {
      const seen = await both(async ({ connect }) => {
        const outcome = async (ignoreAuthErrorAbort: boolean) => {
          let first = true;
          const fake = await fakeServer((socket) => {
            if (first) welcome(socket);
            else {
              socket.write(info());
              socket.once("data", () => socket.end("-ERR 'Authorization Violation'\r\n"));
            }
            first = false;
          });
          const options = { ...quick, port: fake.port, ignoreAuthErrorAbort, maxReconnectAttempts: 5 };
          const nc = await connect(options);
          const watch = new Watch(nc);
          fake.sockets[0]?.destroy();
          const error = await nc.closed();
          await turns();
          await fake.close();
          const refusals = watch.statuses.filter(({ data }) => data === "AUTHORIZATION_VIOLATION").length;
          return { refusals, code: (error as { code?: string } | undefined)?.code };
        };
        return { stops: await outcome(false), goesOn: await outcome(true) };
      });
      expect(seen).toEqual(
        same({
          stops: { refusals: 2, code: "AUTHORIZATION_VIOLATION" },
          goesOn: { refusals: 5, code: "AUTHORIZATION_VIOLATION" },
        }),
      );
    });

    it("waitOnFirstConnect: ends all the same where the same credentials are refused twice", async () => {
      const strict = await started('authorization { token: "t" }');
      const seen = await both(({ connect }) =>
        codeOf(() => connect({ ...quick, port: strict.port, token: "wrong", waitOnFirstConnect: true })),
      );
      expect(seen).toEqual(same("AUTHORIZATION_VIOLATION"));
    });

    it("noAsyncTraces: leaves out of an error where the request was made", async () => {
      const seen = await both(async ({ connect }) => {
        const stackOf = async (options: ConnectionOptions) => {
          const nc = await connect({ port: server.port, ...options });
          const error = await errorOf(function askedHere() {
            return nc.request("nobody");
          });
          return error?.stack?.includes("askedHere");
        };
        return { traced: await stackOf({}), untraced: await stackOf({ noAsyncTraces: true }) };
      });
      expect(seen).toEqual(same({ traced: true, untraced: false }));
    });

    it("noAsyncTraces: leaves out of an error where connect was called (the reference never says it)", async () => {
      const [dead = 0] = await freePorts(1);
      const seen = await both(async ({ connect }) => {
        const stackOf = async (options: ConnectionOptions) => {
          const error = await errorOf(function connectedHere() {
            return connect({ port: dead, ...options });
          });
          return error?.stack?.includes("connectedHere");
        };
        return { traced: await stackOf({}), untraced: await stackOf({ noAsyncTraces: true }) };
      });
      expect(seen).toEqual({
        reference: { traced: false, untraced: false },
        ours: { traced: true, untraced: false },
      });
    });

    it("resolve: false leaves looking up names to the system", async () => {
      const seen = await both(async ({ connect }) => {
        const dialed = async (options: ConnectionOptions) => {
          const nc = await connect({ ...quick, servers: `localhost:${wire.port}`, ...options });
          const watch = new Watch(nc);
          await nc.reconnect();
          await watch.until("reconnect");
          await nc.close();
          return watch.seen.filter(([type]) => type === "reconnecting");
        };
        return { resolved: await dialed({}), left: await dialed({ resolve: false }) };
      });
      const dialed = [["reconnecting", `localhost:${wire.port}`]];
      expect(seen).toEqual({
        // An address where the machine's resolver knows the name, and the name where it does not.
        reference: { resolved: [["reconnecting", expect.stringContaining(`:${wire.port}`)]], left: dialed },
        ours: { resolved: dialed, left: dialed },
      });
    });

    it("tls: {} asks for it, null forbids it", async () => {
      const authority = new Authority();
      const { certFile, keyFile } = authority.issue();
      const tls = { cert_file: certFile, key_file: keyFile };
      const secure = await started({ tls });
      const either = await started({ tls, allow_non_tls: true });
      const seen = await both(async ({ connect }) => {
        const encrypted = async (options: ConnectionOptions) => codeOf(() => connect(options));
        return {
          "{} at a server without": await encrypted({ port: server.port, tls: {} }),
          "null at a server with": await encrypted({ port: secure.port, tls: null }),
          "null at a server that offers it": await encrypted({ port: either.port, tls: null }),
          "with the authority": await encrypted({ port: secure.port, tls: { ca: authority.cert } }),
          "with the authority's file": await encrypted({
            port: secure.port,
            tls: { caFile: authority.certFile },
          }),
          "without the authority": await encrypted({ port: secure.port, tls: {} }),
        };
      });
      expect(seen).toEqual({
        reference: {
          "{} at a server without": "SERVER_OPT_NA",
          "null at a server with": "TLS",
          "null at a server that offers it": undefined,
          "with the authority": undefined,
          "with the authority's file": undefined,
          "without the authority": "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
        },
        ours: {
          "{} at a server without": "SERVER_OPT_NA",
          "null at a server with": "SERVER_OPT_NA",
          "null at a server that offers it": undefined,
          "with the authority": undefined,
          "with the authority's file": undefined,
          "without the authority": "TLS",
        },
      });
    });

    it("tls: certificates of the client by value and by file; options of node:tls are handed on", async () => {
      const authority = new Authority();
      const { cert, key, certFile, keyFile } = authority.issue();
      const secure = await started({
        tls: { cert_file: certFile, key_file: keyFile, ca_file: authority.certFile, verify: true },
      });
      const seen = await both(async ({ connect, patience }) => {
        const outcome = (tls: TlsOptions) =>
          codeOf(async () => (await connect({ port: secure.port, tls })).flush());
        let asked = 0;
        const checkServerIdentity = () => {
          asked++;
          return undefined;
        };
        return {
          values: await outcome({ ca: authority.cert, cert, key }),
          files: await outcome({ caFile: authority.certFile, certFile, keyFile }),
          unverified: await outcome({ cert, key, rejectUnauthorized: false }),
          identity: [await outcome({ ca: authority.cert, cert, key, checkServerIdentity }), asked],
          none: await codeOf(() =>
            connect({ port: secure.port, timeout: patience, tls: { ca: authority.cert } }),
          ),
        };
      });
      const common = { values: undefined, files: undefined, unverified: undefined, identity: [undefined, 1] };
      // The server refuses after the handshake of TLS 1.3: the reference does not hear it.
      expect(seen).toEqual({ reference: { ...common, none: "TIMEOUT" }, ours: { ...common, none: "TLS" } });
    });

    it("tls: a certificate without the address that is dialed is refused (the reference asks it for localhost)", async () => {
      const authority = new Authority();
      const codes = async (names: readonly string[]) => {
        const { certFile, keyFile } = authority.issue({ names });
        const secure = await started({ tls: { cert_file: certFile, key_file: keyFile } });
        const tls = { ca: authority.cert };
        return both(async ({ connect }) => [
          await codeOf(() => connect({ port: secure.port, tls })),
          await codeOf(() => connect({ servers: `localhost:${secure.port}`, tls })),
        ]);
      };
      expect(await codes(["localhost"])).toEqual({
        reference: [undefined, undefined],
        ours: ["TLS", undefined],
      });
      expect(await codes(["127.0.0.1", "localhost"])).toEqual(same([undefined, undefined]));
    });

    it("tls: half a certificate of the client is refused (the reference connects without one)", async () => {
      const authority = new Authority();
      const { certFile, keyFile } = authority.issue();
      const secure = await started({ tls: { cert_file: certFile, key_file: keyFile } });
      const seen = await both(({ connect }) =>
        Promise.all(
          [{ certFile }, { keyFile }].map((half) =>
            codeOf(() => connect({ port: secure.port, tls: { ca: authority.cert, ...half } })),
          ),
        ),
      );
      expect(seen).toEqual({
        reference: [undefined, undefined],
        ours: ["INVALID_OPTION", "INVALID_OPTION"],
      });
    });

    // Nothing to run, and so nothing to skip, where the server does not know it.
    it.each(knowsHandshakeFirst ? [path] : [])(
      "tls.handshakeFirst: TLS before the first byte of the protocol",
      async () => {
        const authority = new Authority();
        const { certFile, keyFile } = authority.issue();
        const secure = await started({
          tls: { cert_file: certFile, key_file: keyFile, handshake_first: true },
        });
        const through = await wireTo(secure.port);
        const seen = await both(async ({ connect }) => {
          const nc = await connect({ port: through.port, tls: { ca: authority.cert, handshakeFirst: true } });
          await nc.flush();
          // The first byte of a TLS record that holds a handshake.
          return through.sent.at(-1)?.charCodeAt(0);
        });
        await through.close();
        expect(seen).toEqual(same(22));
      },
    );

    it("tls.timeout: bounds the handshake (in the reference, Node only emits an event that nobody hears)", async () => {
      const silent = await fakeServer((socket) => socket.write(info({ tls_required: true })));
      const seen = await both(({ connect, patience }) =>
        codeOf(() => connect({ port: silent.port, timeout: patience, tls: { timeout: 30 } })),
      );
      await silent.close();
      expect(seen).toEqual({ reference: "TIMEOUT", ours: "TLS" });
    });

    it("have the same defaults", async () => {
      const { defaultOptions } = await import("nats/lib/nats-base-client/options.js");
      const { reconnectJitterTLS, tls, verbose, pedantic, ...steering } = defaultOptions();
      expect(defaultPolicy).toMatchObject({
        ...steering,
        reconnectJitterTls: reconnectJitterTLS,
        tls: "offered",
      });
      // What the reference has elsewhere in its code.
      expect(defaultPolicy).toMatchObject({ timeout: 20_000, ignoreClusterUpdates: false });
      expect([tls, verbose, pedantic]).toEqual([undefined, false, false]);
    });

    it("are as left out where they are undefined", async () => {
      const names = [
        "user",
        "pass",
        "token",
        "authenticator",
        "name",
        "tls",
        "inboxPrefix",
        "noEcho",
        "debug",
      ];
      const seen = await both(async ({ connect }) => {
        const nothing = Object.fromEntries(names.map((name) => [name, undefined]));
        const nc = await connect({ port: wire.port, ...nothing } as ConnectionOptions);
        await nc.flush();
        const { lang, version, ...fields } = wire.connects.at(-1) ?? {};
        return fields;
      });
      expect(seen).toEqual(same(plain));
    });

    it("that are unknown are ignored (ours tells the process)", async () => {
      const { port } = server;
      const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
      const seen = await both(({ connect }) =>
        codeOf(async () => (await connect({ port, pinginterval: 5 } as ConnectionOptions)).close()),
      );
      warned.mockRestore();
      expect(seen).toEqual(same(undefined));
    });

    it("takes no option whose value makes no sense (the reference ignores them)", async () => {
      const { port } = server;
      const wrong = [{ maxPingOut: "2" }, { timeout: -1 }, { servers: 5 }, { reconnect: "no" }];
      const seen = await both(({ connect }) =>
        Promise.all(wrong.map((options) => codeOf(() => connect({ port, ...options } as ConnectionOptions)))),
      );
      expect(seen.ours).toEqual(wrong.map(() => "INVALID_OPTION"));
      expect(seen.reference.filter((code) => code === "INVALID_OPTION")).toEqual([]);
    });
  });
});
