// How errors look where they are printed, and what JSON has of them: errors of `connect`, of statuses, and made by hand.

import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { connect, ErrorCode, JSONCodec, NatsError, type Status } from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";
import { fakeServer, info } from "../harness/fake-server.js";

/** An error as JSON has it. */
const inJson = (error: unknown) => JSON.parse(JSON.stringify(error));

/** How often the text has this. */
const count = (text: string, part: string) => text.split(part).length - 1;

const refused = () => Object.assign(new Error("connect ECONNREFUSED 10.9.9.9:1"), { code: "ECONNREFUSED" });

/** What `connect` is rejected with, in a simulated world. */
async function rejection(options: object): Promise<NatsError> {
  return new Simulation().connect(options).then(
    () => expect.unreachable("it connects"),
    (error: NatsError) => error,
  );
}

describe("an error that is printed", () => {
  it.each<readonly [string, () => NatsError]>([
    ["made with its cause", () => new NatsError("lost", ErrorCode.Disconnect, refused())],
    ["made by its code", () => NatsError.errorForCode(ErrorCode.Disconnect, refused())],
    [
      "given its cause later",
      () => {
        const error = new NatsError("lost", ErrorCode.Disconnect);
        error.chainedError = refused();
        return error;
      },
    ],
  ])("shows its cause once: %s", (_how, make) => {
    expect(count(inspect(make()), "ECONNREFUSED 10.9.9.9:1")).toBe(1);
    expect(count(inspect(make(), { depth: 10 }), "ECONNREFUSED 10.9.9.9:1")).toBe(1);
  });

  it("shows the reason of an aborted signal once", async () => {
    const reason = new Error("the user went away");
    const error = await rejection({ signal: AbortSignal.abort(reason) });
    expect(error.chainedError).toBe(reason);
    expect(count(inspect(error), "the user went away")).toBe(1);
  });

  it("shows the cause of a failed connect once", async () => {
    const error = await rejection({ servers: "10.9.9.9:1" });
    expect(error.chainedError).toBeInstanceOf(Error);
    expect(count(inspect(error), "[cause]")).toBe(1);
    expect(inspect(error)).not.toContain("chainedError");
  });
});

describe("chainedError", () => {
  it("is the cause, where that is an Error", () => {
    const cause = refused();
    expect(new NatsError("lost", ErrorCode.Disconnect, cause).chainedError).toBe(cause);
    const other = new NatsError("lost", ErrorCode.Disconnect);
    other.cause = "a text";
    expect(other.chainedError).toBeUndefined();
  });

  it("can be set, as in the reference, and is the cause then", () => {
    const error = new NatsError("lost", ErrorCode.Disconnect);
    const cause = refused();
    error.chainedError = cause;
    expect([error.chainedError, error.cause]).toEqual([cause, cause]);
    error.chainedError = undefined;
    expect([error.chainedError, error.cause]).toEqual([undefined, undefined]);
  });
});

describe("an error in JSON", () => {
  it("has its name, its message and its code, and nothing that it has not", () => {
    expect(JSON.stringify(new NatsError("lost", "DISCONNECT"))).toBe(
      '{"name":"NatsError","message":"lost","code":"DISCONNECT"}',
    );
  });

  it("has what it carries besides", () => {
    const error = new NatsError("lost", "DISCONNECT");
    error.permissionContext = { operation: "publish", subject: "a" };
    error.api_error = { code: 404, description: "stream not found", err_code: 10_059 };
    error.unsent = { messages: 3, bytes: 60 };
    error.unconfirmed = { messages: 2, bytes: 40 };
    expect(inJson(error)).toEqual({
      name: "NatsError",
      message: "lost",
      code: "DISCONNECT",
      permissionContext: { operation: "publish", subject: "a" },
      api_error: { code: 404, description: "stream not found", err_code: 10_059 },
      unsent: { messages: 3, bytes: 60 },
      unconfirmed: { messages: 2, bytes: 40 },
    });
  });

  it("has of its cause the name, the message and the code", () => {
    expect(inJson(new NatsError("lost", "DISCONNECT", refused())).cause).toEqual({
      name: "Error",
      message: "connect ECONNREFUSED 10.9.9.9:1",
      code: "ECONNREFUSED",
    });
    expect(inJson(new NatsError("lost", "DISCONNECT", new TypeError("no function"))).cause).toEqual({
      name: "TypeError",
      message: "no function",
    });
    const timeout = new DOMException("too late", "TimeoutError");
    expect(inJson(new NatsError("aborted", "CANCELLED", timeout)).cause).toEqual({
      name: "TimeoutError",
      message: "too late",
      code: 23,
    });
  });

  it("has no cause that is no Error", async () => {
    const error = await rejection({ signal: AbortSignal.abort({ token: "s3cret" }) });
    expect(inJson(error)).toEqual({
      name: "NatsError",
      message: "connect was aborted by its signal",
      code: "CANCELLED",
    });
  });

  it("has no stack and no recording", async () => {
    const error = await rejection({ servers: "10.9.9.9:1", record: true });
    expect(error.recording?.events.map(({ type }) => type)).toEqual(["socket.closed"]);
    expect(Object.keys(inJson(error)).sort()).toEqual(["attempts", "cause", "code", "message", "name"]);
  });

  it("has the attempts of a failed connect, each with its error", async () => {
    const error = await rejection({ servers: ["10.9.9.9:1", "10.9.9.9:2"], noRandomize: true });
    const entry = (server: string) => ({
      server,
      step: "dialing",
      error: {
        name: "NatsError",
        message: `${server}: nothing accepts connections there`,
        code: "CONNECTION_REFUSED",
        cause: { name: "Error", message: expect.any(String), code: "ECONNREFUSED" },
      },
      at: expect.any(Number),
    });
    expect(inJson(error)).toEqual({
      name: "NatsError",
      message: error.message,
      code: "CONNECTION_REFUSED",
      attempts: [entry("10.9.9.9:1"), entry("10.9.9.9:2")],
      cause: { name: "Error", message: expect.any(String), code: "ECONNREFUSED" },
    });
  });

  it("has nothing that an authenticator said, of whatever class its error is", async () => {
    const world = new Simulation();
    const servers = world.cluster().urls;
    for (const thrown of [new TypeError("token s3cret"), new NatsError("token s3cret", "BAD_CREDS")]) {
      const statuses: Status[] = [];
      const authenticator = () => {
        throw thrown;
      };
      const onStatus = (status: Status) => void statuses.push(status);
      const error = await world.connect({ servers, authenticator, onStatus }).catch((reason) => reason);
      expect(error.cause).toBe(thrown);
      expect(inJson(error).cause.name).toBe(thrown.name);
      expect(JSON.stringify(error)).not.toContain("s3cret");
      expect(JSON.stringify(statuses)).not.toContain("s3cret");
    }
  });

  it("has nothing of a payload that is no JSON", async () => {
    const decode = async () => JSONCodec().decode(new TextEncoder().encode("s3cret"));
    const error = await decode().then(
      () => expect.unreachable("it is decoded"),
      (reason: NatsError) => reason,
    );
    expect(error).toBeInstanceOf(NatsError);
    expect(inJson(error).cause).toEqual({ name: "SyntaxError" });
    expect(JSON.stringify(error)).not.toContain("s3cret");
  });
});

describe("the error of a status", () => {
  /** The statuses of a client that is not permitted something, then loses its only server. */
  async function errors(): Promise<readonly NatsError[]> {
    const world = new Simulation();
    const users = [{ token: "t", publish: { allow: ["ok.>"] } }];
    const cluster = world.cluster(1, { users });
    const seen: NatsError[] = [];
    const nc = await world.connect({
      servers: cluster.urls,
      token: "t",
      maxReconnectAttempts: 1,
      onStatus: ({ error }) => void (error !== undefined && seen.push(error)),
    });
    nc.publish("forbidden");
    await world.until(nc.flush());
    cluster.node(0).crash();
    await world.until(nc.closed());
    return seen;
  }

  it("has in JSON what an error of connect has, and shows its cause once", async () => {
    const all = await errors();
    const [permission, refusal] = [ErrorCode.PermissionsViolation, ErrorCode.ConnectionRefused].map((code) =>
      all.find((error) => error.code === code),
    );
    expect(inJson(permission)).toMatchObject({
      name: "NatsError",
      code: "PERMISSIONS_VIOLATION",
      message: expect.stringContaining("forbidden"),
      permissionContext: { operation: "publish", subject: "forbidden" },
    });
    expect(inJson(refusal)).toEqual({
      name: "NatsError",
      message: "10.0.1.1:4222: nothing accepts connections there",
      code: "CONNECTION_REFUSED",
      cause: { name: "Error", message: expect.any(String), code: "ECONNREFUSED" },
    });
    expect(count(inspect(refusal), "[cause]")).toBe(1);
    expect(inspect(refusal)).not.toContain("chainedError");
  });
});

describe("what a server says in an error", () => {
  const steering = "\u001b[2J\u009b2J\u0007\u202e\u2066\u061c";
  const steers = (text: string) => /[^\P{Cc}\n]|[\p{Bidi_Control}\u2028\u2029]/u.test(text);

  /** A server that says that, once a client has said PING. */
  const saying = (...lines: readonly string[]) =>
    fakeServer((socket) => {
      socket.write(info());
      socket.on("data", (data) => {
        if (!String(data).includes("PING\r\n")) return;
        socket.end(lines.map((line) => `${line}\r\n`).join(""));
      });
    });

  it("steers no terminal on which it is printed, where connect fails", async () => {
    const server = await saying(`-ERR 'Authorization Violation ${steering}'`);
    const error: NatsError = await connect({ port: server.port, reconnect: false }).then(
      () => expect.unreachable("it connects"),
      (reason) => reason,
    );
    await server.close();
    expect(error.message).toContain("\\x1b[2J\\x9b2J\\x07\\u202e\\u2066\\u061c");
    for (const text of [error.message, error.stack ?? "", inspect(error)]) expect(steers(text)).toBe(false);
  });

  it("steers none where a status tells of it, nor where closed() does", async () => {
    const server = await saying(
      "PONG",
      `-ERR 'Invalid Subject ${steering}'`,
      `-ERR 'Stale Connection ${steering}'`,
    );
    const statuses: Status[] = [];
    const nc = await connect({
      port: server.port,
      reconnect: false,
      onStatus: (status) => void statuses.push(status),
    });
    const closed = await nc.closed();
    await server.close();
    const errors = statuses.flatMap(({ error }) => error ?? []);
    expect(errors.map(({ message }) => message).join()).toContain("Invalid Subject \\x1b[2J");
    for (const error of [...errors, closed]) expect(steers(inspect(error))).toBe(false);
    expect((closed as NatsError).message).toContain("Stale Connection \\x1b[2J");
  });
});
