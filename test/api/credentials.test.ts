// Which credentials go to which server: those of the options, and those of the URL of its origin, as long as that is there.

import { describe, expect, it } from "vitest";
import { tokenAuthenticator } from "../../src/api/authenticators.js";
import { configuredServers } from "../../src/api/configured-servers.js";
import { ServerCredentials } from "../../src/api/credentials.js";
import { ErrorCode, NatsError } from "../../src/api/errors.js";
import type { ConnectionOptions } from "../../src/api/options.js";
import { type Destination, originId } from "../../src/machine/origin.js";
import { saidBy } from "../harness/texts.js";
import { learning, reaching, serversOf } from "../machine/servers.js";
import { reachable } from "./reachable.js";

const replaced = expect.objectContaining({
  code: ErrorCode.Cancelled,
  message: "the list of servers was replaced",
});

function credentials(options: ConnectionOptions): ServerCredentials {
  const all = new ServerCredentials(options);
  all.replace(configuredServers(options), 0);
  return all;
}

/** The error of ours that it ends with. */
const failureOf = (run: () => Promise<unknown>): Promise<NatsError> =>
  run().then(
    () => expect.unreachable("there are credentials"),
    (error) => {
      expect(error).toBeInstanceOf(NatsError);
      return error;
    },
  );

/** A configured server, of the list of that number. */
const to = (host: string, list = 0): Destination => {
  const name = `${host}:4222`;
  return { ...reaching(serversOf(host), name), origin: originId(name, list) };
};
/** A server that is known by way of another. */
const learntFrom = (host: string, learnt: string): Destination => {
  const by = `${host}:4222`;
  return reaching(learning(serversOf(host), [learnt], { by }), `${learnt}:4222`);
};

describe("the credentials for a server", () => {
  it("are those of the options", () => {
    expect(credentials({ user: "u", pass: "p", servers: "a" }).of(to("a"), undefined)).toEqual({
      user: "u",
      pass: "p",
    });
    expect(credentials({ token: "t", servers: "a" }).of(to("a"), undefined)).toEqual({ auth_token: "t" });
    expect(credentials({ servers: "a" }).of(to("a"), undefined)).toEqual({});
  });

  it("are those of its own URL, whatever the options say", () => {
    const all = credentials({ servers: ["nats://x:y@a", "b"], user: "u", pass: "p" });
    expect(all.of(to("a"), undefined)).toEqual({ user: "x", pass: "y" });
    expect(all.of(to("b"), undefined)).toEqual({ user: "u", pass: "p" });
  });

  it("are those of the first URL that has some where a server is named twice", () => {
    const all = credentials({ servers: ["a", "nats://x:y@a", "nats://v:w@a"] });
    expect(all.of(to("a"), undefined)).toEqual({ user: "x", pass: "y" });
  });

  it("that was learnt are those of the server by way of which it was, and of no other URL", () => {
    const all = credentials({ servers: ["b", "nats://x:y@a"] });
    expect(all.of(learntFrom("a", "c"), undefined)).toEqual({ user: "x", pass: "y" });
    expect(all.of(learntFrom("b", "c"), undefined)).toEqual({});
    expect(all.of(to("b"), undefined)).toEqual({});
    expect([all.isOffered("a:4222"), all.isOffered("b:4222")]).toEqual([true, false]);
  });

  it("are asked for anew each time, with the nonce", () => {
    const nonces: (string | undefined)[] = [];
    const all = credentials({
      servers: "a",
      authenticator: (nonce) => {
        nonces.push(nonce);
        return { user: `u${nonces.length}` };
      },
    });
    expect(all.of(to("a"), "n1")).toEqual({ user: "u1" });
    expect(all.of(to("a"), undefined)).toEqual({ user: "u2" });
    expect(nonces).toEqual(["n1", undefined]);
  });

  it("may be promised, and are overridden by the URL then, too", async () => {
    const all = credentials({ servers: ["a", "nats://x:y@b"], authenticator: async () => ({ user: "u" }) });
    await expect(all.of(to("a"), undefined)).resolves.toEqual({ user: "u" });
    await expect(all.of(to("b"), undefined)).resolves.toEqual({ user: "x", pass: "y" });
  });

  it("that no server takes, since they are too long, are refused, be they of an authenticator or of a URL", () => {
    const long = "s3cret".repeat(11_000);
    for (const options of [
      { servers: "a", authenticator: () => ({ sig: long }) },
      { servers: `nats://${long}@a` },
    ]) {
      expect(() => credentials(options).of(to("a"), undefined)).toThrow(
        /^the credentials cannot be used: "(sig|auth_token)" has more than 65536 characters$/,
      );
    }
  });

  it("that fail give an error of ours, whose cause is the user's, and whose message quotes nothing", async () => {
    const cause = new Error("could not read s3cret");
    const throwing = credentials({
      servers: "a",
      authenticator: () => {
        throw cause;
      },
    });
    const rejecting = credentials({ servers: "a", authenticator: () => Promise.reject(cause) });
    for (const failing of [throwing, rejecting]) {
      const error = await failureOf(async () => failing.of(to("a"), undefined));
      expect(error).toMatchObject({ code: ErrorCode.BadAuthentication, cause });
      // The cause is what the user's own code said.
      error.cause = undefined;
      expect(saidBy(error)).not.toContain("s3cret");
    }
  });

  it("that fail with a NatsError of the user's have its code, and its message only in the cause", async () => {
    const cause = new NatsError("the vault says s3cret", ErrorCode.AuthenticationExpired);
    const all = credentials({ servers: "a", authenticator: () => Promise.reject(cause) });
    const error = await failureOf(async () => all.of(to("a"), undefined));
    expect(error).toMatchObject({
      code: ErrorCode.AuthenticationExpired,
      message: "the authenticator failed; the error's cause says why",
      cause,
    });
    error.cause = undefined;
    expect(saidBy(error)).not.toContain("s3cret");
  });

  it("that cannot be used are an error in words of ours, which say what is wrong", () => {
    const all = credentials({ servers: "a", authenticator: tokenAuthenticator(() => 5 as never) });
    expect(() => all.of(to("a"), undefined)).toThrow(
      "The token cannot be used: it must be a string, not number",
    );
    const odd = credentials({ servers: "a", authenticator: () => ({ pass: 5 }) as never });
    expect(() => odd.of(to("a"), undefined)).toThrow('"pass" must be a string, not number');
  });

  it("are asked for with a signal, of all authenticators in turn until it is aborted", async () => {
    const abort = new AbortController();
    const seen: unknown[] = [];
    const all = credentials({
      servers: "a",
      authenticator: [
        async (nonce, signal) => void seen.push(["first", nonce, signal]),
        (nonce, signal) => {
          seen.push(["second", nonce, signal]);
          abort.abort();
          return { user: "u" };
        },
        () => void seen.push("third"),
      ],
    });
    const answer = Promise.resolve(all.of(to("a"), "n", abort.signal));
    await expect(answer).rejects.toMatchObject({ cause: { name: "AbortError" } });
    expect(seen).toEqual([
      ["first", "n", abort.signal],
      ["second", "n", abort.signal],
    ]);
  });

  it("that are no object are refused", () => {
    const all = credentials({ servers: "a", authenticator: () => "s3cret" as never });
    expect(() => all.of(to("a"), undefined)).toThrow(/must be an object, not string/);
  });
});

describe("a list of servers that replaces another", () => {
  const list = (...servers: readonly string[]) => configuredServers({ servers: [...servers] });

  it("brings its own credentials, by the ids of its own origins", () => {
    const all = credentials({ servers: "nats://x:y@a" });
    all.replace(list("nats://v:w@a", "b"), 1);
    expect(all.of(to("a", 1), undefined)).toEqual({ user: "v", pass: "w" });
    expect(all.of(to("b", 1), undefined)).toEqual({});
  });

  it("keeps those of the servers that stay, although the list has no credentials for them", () => {
    const all = credentials({ servers: ["nats://x:y@a", "nats://t0ken@b"] });
    all.replace(list("c"), 1, ["b:4222"]);
    expect(all.of(to("b"), undefined)).toEqual({ auth_token: "t0ken" });
    // As long as they stay, list by list, and no longer.
    all.replace(list("nats://v:w@d"), 2, ["b:4222", "c:4222#1"]);
    expect(all.of(to("b"), undefined)).toEqual({ auth_token: "t0ken" });
    expect(all.of(to("c", 1), undefined)).toEqual({});
    expect(["a:4222", "b:4222", "c:4222#1", "d:4222#2"].map((id) => all.isOffered(id))).toEqual([
      false,
      true,
      false,
      true,
    ]);
  });

  it("does not bring back an origin that is gone", () => {
    const all = credentials({ servers: "nats://x:y@a" });
    all.replace(list("b"), 1);
    all.replace(list("c"), 2, ["a:4222"]);
    expect(all.isOffered("a:4222")).toBe(false);
    expect(() => all.of(to("a"), undefined)).toThrow(replaced);
  });

  it("leaves no secret of the others behind, anywhere in the object", () => {
    const servers = ["nats://me:s3cret-a@a", "nats://me:s3cret-b@b"];
    const all = credentials({ servers, user: "me", pass: "s3cret-o" });
    const secrets = () =>
      ["s3cret-a", "s3cret-b", "s3cret-c", "s3cret-o"].filter((one) =>
        [...reachable(all)].some((text) => text.includes(one)),
      );
    expect(secrets()).toEqual(["s3cret-a", "s3cret-b", "s3cret-o"]);
    all.replace(list("nats://me:s3cret-c@c"), 1, ["b:4222"]);
    expect(secrets()).toEqual(["s3cret-b", "s3cret-c", "s3cret-o"]);
  });

  it("means that a server of an origin that is gone is offered nothing, and nobody is asked for it", () => {
    let asked = 0;
    const authenticator = () => ({ user: `u${++asked}` });
    const all = credentials({ servers: "nats://x:y@a", authenticator });
    all.replace(list("b"), 1);
    for (const gone of [to("a"), learntFrom("a", "c")]) {
      expect(() => all.of(gone, undefined)).toThrow(replaced);
    }
    expect(asked).toBe(0);
    expect(all.of(to("b", 1), undefined)).toEqual({ user: "u1" });
  });

  it("means it also where the list is replaced while the authenticator thinks", async () => {
    let answer: (auth: { user: string }) => void = () => {};
    const authenticator = () =>
      new Promise<{ user: string }>((resolve) => {
        answer = resolve;
      });
    const all = credentials({ servers: "nats://x:y@a", authenticator });
    const asked = all.of(to("a"), undefined) as Promise<unknown>;
    all.replace(list("b"), 1);
    answer({ user: "u" });
    await expect(asked).rejects.toThrow(replaced);
  });

  it("means it also where the authenticator itself replaces the list", () => {
    const all: ServerCredentials = credentials({
      servers: "nats://x:y@a",
      authenticator: () => {
        all.replace(list("b"), 1);
        return { user: "u" };
      },
    });
    expect(() => all.of(to("a"), undefined)).toThrow(replaced);
  });
});
