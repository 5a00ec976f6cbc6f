// Errors of both clients: the codes, the class, and what a failed `connect` and a server's -ERR come to.

import { describe, expect, it, vi } from "vitest";
import * as ours from "../../src/index.js";
import { Authority } from "../harness/certificates.js";
import { type FakeServer, fakeServer, info } from "../harness/fake-server.js";
import { startServer } from "../harness/nats-server.js";
import { freePorts } from "../harness/ports.js";
import { servers } from "../harness/versions.js";
import { sleep } from "../harness/waiting.js";
import { both, codeOf, errorOf, same, until, Watch, welcome } from "./both.js";

describe("errors, of both clients,", () => {
  it("have the same codes; ours one more", async () => {
    const seen = await both(({ lib }) => ({ ...lib.ErrorCode }));
    expect(seen.ours).toEqual({ ...seen.reference, ReconnectBufferExceeded: "RECONNECT_BUFFER_EXCEEDED" });
    expect(Object.keys(seen.reference)).toHaveLength(39);
  });

  it("are of the same class: name, code, chained error, and what they tell of themselves", async () => {
    const cause = new Error("the cause");
    const seen = await both(({ lib }) => {
      const error = new lib.NatsError("a message", "CODE", cause);
      const tells = Object.values(lib.ErrorCode)
        .filter((code) => (code as string) !== "RECONNECT_BUFFER_EXCEEDED")
        .map((code) => {
          const one = lib.NatsError.errorForCode(code);
          return [
            one.code,
            one.name,
            one.isAuthError(),
            one.isAuthTimeout(),
            one.isPermissionError(),
            one.isProtocolError(),
            one.isJetStreamError(),
            one.jsError(),
          ];
        });
      const api = new lib.NatsError("a message", "404");
      api.api_error = { code: 404, description: "stream not found", err_code: 10_059 };
      return {
        error: [error.name, error.message, error.code, error.chainedError, error instanceof Error],
        chained: lib.NatsError.errorForCode("TIMEOUT", cause).chainedError,
        tells,
        api: [api.isJetStreamError(), api.jsError()],
      };
    });
    expect(seen.ours).toEqual(seen.reference);
  });

  it("have messages that explain (those of the reference are mostly the code)", async () => {
    const seen = await both(({ lib }) => {
      const message = lib.NatsError.errorForCode("MAX_PAYLOAD_EXCEEDED").message;
      return { code: message.includes("MAX_PAYLOAD_EXCEEDED"), says: message.includes("server") };
    });
    expect(seen).toEqual({ reference: { code: true, says: false }, ours: { code: true, says: true } });
  });

  it("are known by isNatsError, in ours not those of Node", async () => {
    const { isNatsError } = await import("nats/lib/nats-base-client/core.js");
    const node = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    const known = { reference: isNatsError, ours: ours.isNatsError };
    const seen = await both(({ lib, is }) => [
      known[is](new lib.NatsError("m", "CODE")),
      known[is](node as never),
      known[is](new Error("m") as never),
    ]);
    expect(seen).toEqual({ reference: [true, true, false], ours: [true, false, false] });
  });
});

describe.each(servers)("what goes wrong, in both clients, with nats-server $label", ({ path }) => {
  /** The code with which `connect` is rejected by a server that does this. */
  async function refusals(fake: FakeServer, options: ours.ConnectionOptions = {}) {
    const seen = await both(({ connect }) =>
      codeOf(() => connect({ port: fake.port, timeout: 5_000, ...options })),
    );
    await fake.close();
    return seen;
  }

  it("connect: nobody listens", async () => {
    const [port = 0] = await freePorts(1);
    const seen = await both(async ({ connect }) => {
      const error = await errorOf(() => connect({ port }));
      const chained = error?.chainedError as { code?: string } | undefined;
      return { code: error?.code, chained: chained?.code, attempts: error?.attempts?.length };
    });
    expect(seen).toEqual({
      reference: { code: "CONNECTION_REFUSED", chained: "ECONNREFUSED", attempts: undefined },
      ours: { code: "CONNECTION_REFUSED", chained: "ECONNREFUSED", attempts: 1 },
    });
  });

  it("connect: of several servers, the last error; ours has all of them", async () => {
    const [dead] = await freePorts(1);
    const strict = await startServer({ path, config: 'authorization { token: "t" }' });
    const seen = await both(async ({ connect }) => {
      const list = [`127.0.0.1:${dead}`, `127.0.0.1:${strict.port}`];
      const error = await errorOf(() => connect({ servers: list, noRandomize: true }));
      return {
        code: error?.code,
        attempts: error?.attempts?.map((one) => [one.server, one.step, one.error.code]),
      };
    });
    await strict.stop();
    expect(seen).toEqual({
      reference: { code: "AUTHORIZATION_VIOLATION", attempts: undefined },
      ours: {
        code: "AUTHORIZATION_VIOLATION",
        attempts: [
          [`127.0.0.1:${dead}`, "dialing", "CONNECTION_REFUSED"],
          [`127.0.0.1:${strict.port}`, "authenticating", "AUTHORIZATION_VIOLATION"],
        ],
      },
    });
  });

  it.each([
    ["Authorization Violation", "AUTHORIZATION_VIOLATION"],
    ["User Authentication Expired", "AUTHENTICATION_EXPIRED"],
    ["Account Authentication Expired", "ACCOUNT_EXPIRED"],
  ])("connect: the server says %s", async (sentence, code) => {
    const fake = await fakeServer((socket) => {
      socket.write(info());
      socket.once("data", () => socket.end(`-ERR '${sentence}'\r\n`));
    });
    expect(await refusals(fake)).toEqual(same(code));
  });

  it("connect: the server says something else and ends it (which the reference takes for a timeout)", async () => {
    const saying = (sentence: string) =>
      fakeServer((socket) => {
        socket.write(info());
        socket.once("data", () => socket.end(`-ERR '${sentence}'\r\n`));
      });
    const brief = { timeout: 400 };
    expect([
      await refusals(await saying("maximum connections exceeded"), brief),
      await refusals(await saying("Authentication Timeout"), brief),
    ]).toEqual([
      { reference: "TIMEOUT", ours: "NATS_PROTOCOL_ERR" },
      { reference: "TIMEOUT", ours: "AUTHENTICATION_TIMEOUT" },
    ]);
  });

  it("connect: a server that closes at once, or speaks something else", async () => {
    const closes = await fakeServer((socket) => socket.end());
    const speaks = await fakeServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    expect({ closes: await refusals(closes), speaks: await refusals(speaks) }).toEqual({
      closes: { reference: "CONNECTION_REFUSED", ours: "DISCONNECT" },
      speaks: { reference: undefined, ours: "NATS_PROTOCOL_ERR" },
    });
  });

  it("connect: the authenticator throws", async () => {
    const fake = await fakeServer((socket) => welcome(socket));
    const authenticator = () => {
      throw new ours.NatsError("no secret today", "BAD_AUTHENTICATION");
    };
    expect(await refusals(fake, { authenticator })).toEqual(same("BAD_AUTHENTICATION"));
  });

  it("connect: the authenticator throws another error (ours is BAD_AUTHENTICATION, with that one in it)", async () => {
    const fake = await fakeServer((socket) => welcome(socket));
    const thrown = new Error("the vault is sealed");
    const authenticator = () => {
      throw thrown;
    };
    const seen = await both(async ({ connect }) => {
      const error = await errorOf(() => connect({ port: fake.port, authenticator }));
      return {
        code: error?.code,
        isThrown: (error as Error) === thrown,
        isInIt: error?.chainedError === thrown,
      };
    });
    await fake.close();
    expect(seen).toEqual({
      reference: { code: undefined, isThrown: true, isInIt: false },
      ours: { code: "BAD_AUTHENTICATION", isThrown: false, isInIt: true },
    });
  });

  it("connect: TLS that fails has the code TLS (in the reference, that of Node)", async () => {
    const { certFile, keyFile } = new Authority().issue();
    const secure = await startServer({ path, config: { tls: { cert_file: certFile, key_file: keyFile } } });
    const seen = await both(async ({ connect }) => ({
      unknown: await codeOf(() => connect({ port: secure.port, tls: {} })),
      noFile: await codeOf(() => connect({ port: secure.port, tls: { caFile: "/nowhere.pem" } })),
    }));
    await secure.stop();
    expect(seen).toEqual({
      reference: { unknown: "UNABLE_TO_VERIFY_LEAF_SIGNATURE", noFile: "TLS" },
      ours: { unknown: "TLS", noFile: "TLS" },
    });
  });

  it("-ERR while connected: the same codes, by a status (of too large a message and a bad subject ours has its own)", async () => {
    const sentences = [
      'Permissions Violation for Publish to "a.b"',
      'Permissions Violation for Subscription to "a.b"',
      'Permissions Violation for Subscription to "a.b" using queue "q"',
      "Unknown Protocol Operation",
      "Invalid Client Protocol",
      "Maximum Payload Violation",
      "Invalid Publish Subject",
    ];
    const seen = await both(async ({ connect }) => {
      const fake = await fakeServer((socket) => welcome(socket));
      const nc = await connect({ port: fake.port });
      const watch = new Watch(nc);
      for (const sentence of sentences) fake.sockets[0]?.write(`-ERR '${sentence}'\r\n`);
      await watch.until("error", sentences.length);
      await fake.close();
      return watch.statuses.filter(({ type }) => type === "error").map(({ data }) => data);
    });
    const [permission, protocol] = ["PERMISSIONS_VIOLATION", "NATS_PROTOCOL_ERR"];
    const common = [permission, permission, permission, protocol, protocol];
    expect(seen).toEqual({
      reference: [...common, protocol, protocol],
      ours: [...common, "MAX_PAYLOAD_EXCEEDED", "BAD_SUBJECT"],
    });
  });

  it("a server that speaks nonsense: ours reconnects, the reference stops reading and notices nothing", async () => {
    const seen = await both(async ({ connect, patience }) => {
      const quiet = vi.spyOn(console, "log").mockImplementation(() => {});
      const fake = await fakeServer((socket) => welcome(socket));
      const nc = await connect({ port: fake.port, reconnectTimeWait: 1, reconnectJitter: 0 });
      const watch = new Watch(nc);
      fake.sockets[0]?.write("NONSENSE\r\n");
      await Promise.race([until(() => watch.types.includes("reconnect")), sleep(patience)]);
      const flushed = await Promise.race([codeOf(() => nc.flush()), sleep(patience).then(() => "waits")]);
      quiet.mockRestore();
      await nc.close();
      await fake.close();
      return { types: watch.types.filter((type) => type !== "update"), flushed };
    });
    expect(seen).toEqual({
      reference: { types: [], flushed: "waits" },
      ours: { types: ["error", "disconnect", "reconnecting", "reconnect", "close"], flushed: undefined },
    });
  });

  it("a callback that throws: an uncaught exception in ours, a reader that is stuck in the reference", async () => {
    const server = await startServer({ path });
    const seen = await both(async ({ connect, patience }) => {
      const quiet = vi.spyOn(console, "log").mockImplementation(() => {});
      const before = process.listeners("uncaughtException");
      process.removeAllListeners("uncaughtException");
      const uncaught: string[] = [];
      process.on("uncaughtException", (error) => void uncaught.push(error.message));
      try {
        const nc = await connect({ port: server.port });
        nc.subscribe("a", {
          callback: () => {
            throw new Error("the user's bug");
          },
        });
        nc.publish("a");
        const flushed = await Promise.race([codeOf(() => nc.flush()), sleep(patience).then(() => "waits")]);
        await nc.close();
        return { uncaught, flushed };
      } finally {
        process.removeAllListeners("uncaughtException");
        for (const listener of before) process.on("uncaughtException", listener);
        quiet.mockRestore();
      }
    });
    await server.stop();
    expect(seen).toEqual({
      reference: { uncaught: [], flushed: "waits" },
      ours: { uncaught: ["the user's bug"], flushed: undefined },
    });
  });
});
