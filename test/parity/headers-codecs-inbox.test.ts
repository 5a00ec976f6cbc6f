// What both clients export besides `connect`: headers, codecs, inboxes, ids, authenticators. None needs a server.

import { readFile } from "node:fs/promises";
import * as reference from "nats";
import { createUser } from "nkeys.js";
import { describe, expect, it } from "vitest";
import * as ours from "../../src/index.js";
import { Operator } from "../harness/operator.js";
import { both, codeOf, same } from "./both.js";

/** What a call gives, or the code with which it throws; `threw` where the error has none. */
function outcome(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return { threw: (error as { code?: string }).code ?? "without a code" };
  }
}

const decoded = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("headers, of both clients,", () => {
  it("are set, appended to, read and deleted, by every kind of match", async () => {
    const seen = await both(({ lib }) => {
      const { Match } = lib;
      const h = lib.headers();
      h.append("Aa-bb", " one ");
      h.append("aa-bb", "two");
      h.append("aa-bb", "three");
      h.append("other", "žluťoučký");
      h.set("AA-BB", "four", Match.Exact);
      const reading = [Match.Exact, Match.CanonicalMIME, Match.IgnoreCase].map((match) => ({
        get: h.get("aa-bb", match),
        last: h.last("aa-bb", match),
        values: h.values("aa-bb", match),
        has: h.has("aA-Bb", match),
        missing: [h.get("none", match), h.last("none", match), h.values("none", match), h.has("none", match)],
      }));
      const keys = h.keys();
      const pairs = [...h].map(([key, values]) => [key, [...values]]);
      const text = decoded((h as ours.MsgHdrsImpl).encode());
      h.append("AA-bb", "five", Match.IgnoreCase);
      h.append("x-y", "six", Match.CanonicalMIME);
      h.set("aa-bb", "seven", Match.IgnoreCase);
      const changed = [...h];
      h.delete("X-Y");
      h.delete("AA-BB", Match.IgnoreCase);
      return { reading, keys, pairs, text, changed, left: h.keys() };
    });
    expect(seen.ours).toEqual(seen.reference);
    expect(seen.ours.keys).toEqual(["Aa-bb", "aa-bb", "other", "AA-BB"]);
    expect(seen.ours.left).toEqual(["other"]);
  });

  it("carry a status", async () => {
    const seen = await both(({ lib }) => {
      const tell = ({ code, status, description, hasError }: ours.MsgHdrs) => ({
        code,
        status,
        description,
        hasError,
      });
      return {
        none: tell(lib.headers()),
        fine: tell(lib.headers(204, "No Content")),
        bad: tell(lib.headers(503, "No Responders")),
        encoded: decoded((lib.headers(503, "No Responders") as ours.MsgHdrsImpl).encode()),
        empty: decoded((lib.headers() as ours.MsgHdrsImpl).encode()),
      };
    });
    expect(seen.ours).toEqual(seen.reference);
    expect(seen.ours.bad).toEqual({
      code: 503,
      status: "503 No Responders",
      description: "No Responders",
      hasError: true,
    });
  });

  it("are decoded", async () => {
    const blocks = [
      "NATS/1.0\r\nKey: one\r\nKey: two\r\nother:x\r\n\r\n",
      "NATS/1.0 503\r\n\r\n",
      "NATS/1.0 404 Not Found\r\nA: b\r\n\r\n",
      "NATS/1.0   408   Request Timeout \r\n\r\n",
      "NATS/1.0\r\n\r\n",
      "NATS/1.0\r\nUrl: http://a:80/\r\n\r\n",
    ];
    const seen = await both(({ lib }) =>
      blocks.map((block) => {
        const h = lib.MsgHdrsImpl.decode(new TextEncoder().encode(block));
        return { pairs: [...h], code: h.code, description: h.description, status: h.status };
      }),
    );
    expect(seen.ours).toEqual(seen.reference);
    expect(seen.ours[0]?.pairs).toEqual([
      ["Key", ["one", "two"]],
      ["other", ["x"]],
    ]);
  });

  it("are turned into records and text, and compared", async () => {
    const seen = await both(({ lib }) => {
      const h = new lib.MsgHdrsImpl();
      h.append("a", "1");
      h.append("a", "2");
      const from = (record: Record<string, string[]>) =>
        lib.MsgHdrsImpl.fromRecord(record) as ours.MsgHdrsImpl;
      const [copy, other, different] = [from(h.toRecord()), from({ a: ["2", "1"] }), from({ a: ["1"] })];
      return {
        record: h.toRecord(),
        text: h.toString(),
        none: new lib.MsgHdrsImpl().toString(),
        size: h.size(),
        equals: [h.equals(copy), h.equals(other), h.equals(different)],
      };
    });
    expect(seen).toEqual(
      same({
        record: { a: ["1", "2"] },
        text: "NATS/1.0\r\na: 1\r\na: 2\r\n\r\n",
        none: "",
        size: 1,
        equals: [true, true, false],
      }),
    );
  });

  it("refuse keys and values that would break the protocol (ours empty keys too, and half a status with a code)", async () => {
    const seen = await both(({ lib }) => ({
      colon: outcome(() => lib.headers().append("a:b", "x")),
      space: outcome(() => lib.headers().append("a b", "x")),
      umlaut: outcome(() => lib.headers().set("ä", "x")),
      lines: outcome(() => lib.headers().append("a", "x\r\ny")),
      empty: outcome(() => lib.headers().append("", "x")),
      "half a status": outcome(() => lib.headers(503)),
    }));
    const bad = { threw: "BAD_HEADER" };
    const common = { colon: bad, space: bad, umlaut: bad, lines: bad };
    expect(seen).toEqual({
      reference: { ...common, empty: undefined, "half a status": { threw: "without a code" } },
      ours: { ...common, empty: bad, "half a status": bad },
    });
  });

  it("have canonical keys as MIME writes them, and the same kinds of match", async () => {
    const seen = await both(({ lib }) => ({
      keys: ["content-type", "CONTENT-TYPE", "x", "a-b-c", "Nats-Msg-Id", "a--b"].map(
        lib.canonicalMIMEHeaderKey,
      ),
      bad: outcome(() => lib.canonicalMIMEHeaderKey("a b")),
      match: { ...lib.Match },
    }));
    expect(seen.ours).toEqual(seen.reference);
    expect(seen.ours.keys[0]).toBe("Content-Type");
  });
});

describe("codecs, of both clients,", () => {
  it("write and read text and JSON", async () => {
    const values = [
      1,
      "a",
      null,
      true,
      [1, 2],
      { a: { b: "žluťoučký" } },
      undefined,
      Number.NaN,
      new Date(0),
    ];
    const seen = await both(({ lib }) => {
      const [json, string] = [lib.JSONCodec(), lib.StringCodec()];
      return {
        json: values.map((value) => decoded(json.encode(value))),
        back: values.map((value) => json.decode(json.encode(value))),
        string: ["", "a", "🐎", "\ud800"].map((text) => [...string.encode(text)]),
        stringBack: string.decode(new Uint8Array([0xef, 0xbb, 0xbf, 97, 0xff])),
        revived: lib
          .JSONCodec((_key, value) => (value === 1 ? 2 : value))
          .decode(new TextEncoder().encode("[1]")),
        empty: [...lib.Empty],
      };
    });
    expect(seen.ours).toEqual(seen.reference);
  });

  it("say BAD_JSON for what is none (the reference sends nothing for a function)", async () => {
    const seen = await both(({ lib }) => {
      const json = lib.JSONCodec();
      const cycle: unknown[] = [];
      cycle.push(cycle);
      return {
        decode: outcome(() => json.decode(new TextEncoder().encode("{"))),
        cycle: outcome(() => json.encode(cycle)),
        bigint: outcome(() => json.encode(1n)),
        function: outcome(() => json.encode(() => {}).length),
      };
    });
    const bad = { threw: "BAD_JSON" };
    const common = { decode: bad, cycle: bad, bigint: bad };
    expect(seen).toEqual({ reference: { ...common, function: 0 }, ours: { ...common, function: bad } });
  });
});

describe("inboxes and ids, of both clients,", () => {
  it("are a prefix and 22 letters and digits (ours also small ones), each once", async () => {
    const seen = await both(({ lib }) => {
      const ids = Array.from({ length: 1_000 }, () => lib.nuid.next());
      const own = new lib.Nuid();
      return {
        inbox: /^_INBOX\.[0-9A-Za-z]{22}$/.test(lib.createInbox()),
        prefixed: /^my\.own\.[0-9A-Za-z]{22}$/.test(lib.createInbox("my.own")),
        unique: new Set(ids).size,
        shape: [...ids, own.next()].every((id) => /^[0-9A-Za-z]{22}$/.test(id)),
        small: ids.some((id) => /[a-z]/.test(id)),
      };
    });
    const common = { inbox: true, prefixed: true, unique: 1_000, shape: true };
    expect(seen).toEqual({ reference: { ...common, small: false }, ours: { ...common, small: true } });
  });

  it("refuse prefixes with wildcards (ours all that is no prefix, with a code)", async () => {
    const prefixes = ["a.*", "a.>", "a b", "a..b", 5 as never];
    const seen = await both(({ lib }) =>
      prefixes.map((prefix) => {
        const given = outcome(() => lib.createInbox(prefix));
        return typeof given === "string" ? "an inbox" : given;
      }),
    );
    const bare = { threw: "without a code" };
    expect(seen).toEqual({
      reference: [bare, bare, "an inbox", "an inbox", bare],
      ours: prefixes.map(() => ({ threw: "INVALID_OPTION" })),
    });
  });
});

describe("authenticators, of both clients,", () => {
  const operator = new Operator();
  const user = operator.account("A").user();
  const seed = createUser().getSeed();
  const nonce = "a-nonce";

  it("answer alike: user and password, token, nkey, JWT, credentials file", async () => {
    const seen = await both(({ lib }) => ({
      userPass: lib.usernamePasswordAuthenticator("ann", "s3cret")(),
      user: lib.usernamePasswordAuthenticator("ann")(),
      lazy: lib.usernamePasswordAuthenticator(
        () => "ann",
        () => "s3cret",
      )(),
      token: lib.tokenAuthenticator("t0ken")(),
      lazyToken: lib.tokenAuthenticator(() => "t0ken")(),
      nkey: lib.nkeyAuthenticator(seed)(nonce),
      lazyNkey: lib.nkeyAuthenticator(() => seed)(nonce),
      noNonce: lib.nkeyAuthenticator(seed)(),
      noSeed: lib.nkeyAuthenticator()(nonce),
      jwt: lib.jwtAuthenticator(user.jwt, user.seed)(nonce),
      bearer: lib.jwtAuthenticator(user.jwt)(nonce),
      creds: lib.credsAuthenticator(user.creds)(nonce),
      built: lib.buildAuthenticator({ user: "ann", pass: "s3cret", token: "t" })(nonce),
      nobody: lib.buildAuthenticator({})(nonce),
    }));
    expect(seen.ours).toEqual(seen.reference);
    expect(seen.ours.creds).toMatchObject({ jwt: user.jwt, nkey: user.publicKey });
  });

  it("say what is wrong: BAD_CREDS, BAD_AUTHENTICATION (of a seed, the reference says what nkeys.js says)", async () => {
    const bytes = new TextEncoder().encode("nonsense");
    const seen = await both(async ({ lib }) => ({
      creds: await codeOf(() => lib.credsAuthenticator(bytes)(nonce)),
      seed: (await codeOf(() => lib.nkeyAuthenticator(bytes)(nonce))) ?? "none",
    }));
    expect(seen).toEqual({
      reference: { creds: "BAD_CREDS", seed: expect.not.stringMatching(/^BAD_/) },
      ours: { creds: "BAD_CREDS", seed: "BAD_AUTHENTICATION" },
    });
  });
});

describe("the exports of both clients", () => {
  /** Of JetStream, key-value, object store. */
  const jetStream =
    "AckPolicy AdvisoryKind ConsumerDebugEvents ConsumerEvents DeliverPolicy DirectMsgHeaders DiscardPolicy JsHeaders " +
    "KvWatchInclude ReplayPolicy RepublishHeaders RetentionPolicy StorageType StoreCompression checkJsError " +
    "consumerOpts isFlowControlMsg isHeartbeatMsg";
  /** Of services. */
  const services = "ServiceError ServiceErrorCodeHeader ServiceErrorHeader ServiceResponseType ServiceVerb";
  const typesOfServices =
    "Endpoint EndpointInfo EndpointOptions EndpointStats NamedEndpointStats Service ServiceClient ServiceConfig ServiceGroup " +
    "ServiceHandler ServiceIdentity ServiceInfo ServiceMetadata ServiceMsg ServiceResponse ServiceStats ServicesAPI";
  const typesOfHelpers = "Backoff BenchOpts Deferred Delay Nanos Perf SyncIterator Timeout";
  /** Of filters and adapters with which the reference makes its JetStream, and of what it is made of. */
  const typesOfWorkings =
    "DispatchedFn IngestionFilterFn IngestionFilterFnResult MsgAdapter ProtocolFilterFn Publisher QueuedIterator " +
    "TypedCallback TypedSubscriptionOptions";
  /** Helpers that have nothing to do with a connection. */
  const helpers = "Bench Metric backoff deadline deferred delay millis nanos nkeys syncIterator";

  it("differ in JetStream, services and helpers, and in what is ours alone", () => {
    const theirs = new Set(Object.keys(reference));
    const own = new Set(Object.keys(ours));
    const missing = [...theirs].filter((name) => !own.has(name)).sort();
    const known = `${jetStream} ${services} ${helpers}`.split(" ");
    expect(missing).toEqual(known.sort());
    expect([...own].filter((name) => !theirs.has(name)).sort()).toEqual(["isNatsError", "version"]);
  });

  it("differ in types by those of JetStream, services, helpers and workings", async () => {
    const root = new URL("../../", import.meta.url);
    const declared = await readFile(new URL("node_modules/nats/lib/nats-base-client/mod.d.ts", root), "utf8");
    const types = /^export type \{ ([^}]+), \}/m.exec(declared)?.[1]?.split(", ") ?? [];
    const exported = await readFile(new URL("src/exports.ts", root), "utf8");
    expect(types.length).toBeGreaterThan(50);
    expect(types.filter((name) => !new RegExp(`\\b${name}\\b`).test(exported)).sort()).toEqual(
      `${typesOfServices} ${typesOfHelpers} ${typesOfWorkings}`.split(" ").sort(),
    );
  });
});
