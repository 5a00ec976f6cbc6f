// What a server was offered is found in what it says: in every spelling, in part, at the edges, and in errors.

import { describe, expect, it, test } from "vitest";
import type { Credentials } from "../../src/effects/connect-command.js";
import { Offered } from "../../src/effects/offered.js";
import { parseInfo } from "../../src/effects/server-info.js";
import { saidBy } from "../harness/texts.js";

function offered(...all: readonly (Credentials | string)[]): Offered {
  const one = new Offered();
  for (const credentials of all)
    one.offer(typeof credentials === "string" ? { pass: credentials } : credentials);
  return one;
}

/** As Go's `%q` writes it. */
const goQuoted = (text: string) =>
  JSON.stringify(text)
    .replace(/[\u0080-\u009f]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .replace(/\\u00([01])/g, "\\x$1");
const allEscaped = (text: string) =>
  Array.from(
    { length: text.length },
    (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`,
  ).join("");
const hexEscaped = (text: string) => Buffer.from(text).toString("hex").replace(/../g, "\\x$&");
const percentEscaped = (text: string) => Buffer.from(text).toString("hex").replace(/../g, "%$&");

describe("what is masked", () => {
  test("is password, token, JWT and signature, and neither user nor nkey", () => {
    const all = offered({
      user: "alice",
      pass: "the password",
      auth_token: "the token",
      jwt: "the.jwt",
      sig: "the signature",
      nkey: "UABC",
    });
    const said = "alice: the password, UABC: the token, the.jwt, the signature";
    expect(all.masked(said)).toBe("alice: ***, UABC: ***, ***, ***");
  });

  test("is nothing where nothing was offered", () => {
    const nothing = offered({ user: "alice", pass: "", nkey: "UABC" });
    expect(nothing.isNothing).toBe(true);
    const error = new Error("alice");
    expect(nothing.cleaned(error)).toBe(error);
    expect([nothing.masked("alice"), nothing.maskedExcerpt("a"), nothing.stream()("alice")]).toEqual([
      "alice",
      "a",
      "alice",
    ]);
  });

  test("is all that several calls offered", () => {
    expect(offered("first one", "second one").masked("first one, second one")).toBe("***, ***");
    expect(offered("first", "second").masked("firstsecond")).toBe("***");
  });

  test("is a text of ours that happens to be the same, too", () => {
    expect(offered("nats").masked("nats-server")).toBe("***-server");
  });
});

describe.each([
  ["a plain one", "s3cret-word"],
  ["one with quotes and backslashes", 's3"cr\\e/t\\\\"'],
  ["one with controls", "s3\r\n\t\0\x1bcret"],
  ["one with separators", "s3\u2028cr\u2029et<&>"],
  ["one that is no ASCII", "pässwörd€😀"],
  ["one with / and + in base 64", "s3~?~?~?~>~>~>"],
  ["one of escapes", "\\u0041%41\\n"],
  ["a half of a surrogate pair", "s3cret\ud800"],
])("a secret: %s", (_what, secret) => {
  const utf8 = Buffer.from(secret).toString();
  it.each<[string, string]>([
    ["as it is", secret],
    ["in UTF-8", utf8],
    ["in JSON", JSON.stringify(secret)],
    ["in JSON within JSON", JSON.stringify(JSON.stringify(secret))],
    ["in JSON within JSON within JSON", JSON.stringify(JSON.stringify(JSON.stringify(secret)))],
    ["in JSON as Go writes it", JSON.stringify(secret).replace(/[<>&\u2028\u2029]/g, allEscaped)],
    ["as Go quotes it", goQuoted(utf8)],
    ["in escapes of 16 bits", allEscaped(secret)],
    ["in escapes of bytes", hexEscaped(secret)],
    ["percent-encoded", encodeURIComponent(utf8)],
    ["percent-encoded, all of it, in small letters", percentEscaped(secret)],
    ["percent-encoded JSON", encodeURIComponent(JSON.stringify(utf8))],
    ["in base 64", Buffer.from(secret).toString("base64")],
    ["in base 64 for URLs", Buffer.from(secret).toString("base64url")],
    ["in base 64, with something before and behind", Buffer.from(`user:${secret}!`).toString("base64")],
    ["in base 64, with something else before", Buffer.from(`user ${secret}`).toString("base64")],
  ])("is masked %s", (how, spelled) => {
    const masked = offered(secret).masked(`before '${spelled}' behind`);
    expect(masked).toMatch(/^before '.*' behind$/s);
    expect(masked).toContain("***");
    // What is left: quotes, and in base 64 what stands beside the secret.
    const left = masked.slice("before '".length, -"' behind".length);
    const inBase64 = /^\w{0,8}\*\*\*[\w+/-]{0,4}=*$/;
    expect(left).toMatch(how.includes("base 64") ? inBase64 : /^(\\*"|%22)*\*\*\*(\\*"|%22)*$/);
  });

  it("is masked wherever it stands, as often as it does", () => {
    expect(offered(secret).masked(`${secret} and ${secret}, ${secret}`)).toBe("*** and ***, ***");
  });
});

describe("a part of a secret", () => {
  const long = "abcdefgh-ijklmnop-qrstuvwx";

  test("of a long one is masked from eight characters on, of a short one only at an edge", () => {
    expect(offered(long).masked("'cdefgh-i' it says")).toBe("'***' it says");
    expect(offered(long).masked("'cdefgh-' it says")).toBe("'cdefgh-' it says");
    expect(offered("fifteen letters").masked("'fifteen lett' it says")).toBe("'fifteen lett' it says");
  });

  test.each([
    ["short", "s3cr\\et-word"],
    ["long", "s3cr\\et-word-of-many-letters"],
  ])("that an end of the text cuts off is masked from three characters on (%s)", (_what, secret) => {
    const one = offered(secret);
    for (let length = 3; length < secret.length; length++) {
      expect(one.masked(`pass: ${secret.slice(0, length)}`)).toBe("pass: ***");
      expect(one.masked(`${secret.slice(-length)} it was`)).toBe("*** it was");
    }
    expect(one.masked("it was s3")).toBe("it was s3");
    expect(one.masked(`${secret.slice(-2)} it was`)).toBe(`${secret.slice(-2)} it was`);
  });

  test("is masked where the end cuts off an escape in it", () => {
    const json = JSON.stringify('s3c"ret\u0001word').slice(0, -1);
    for (let length = 5; length <= json.length; length++) {
      expect(offered('s3c"ret\u0001word').masked(json.slice(0, length))).toMatch(/^"\*\*\*/);
    }
  });

  test("in an excerpt may be a single character, at an edge", () => {
    const one = offered("s3cret");
    expect(one.maskedExcerpt("it is s")).toBe("it is ***");
    expect(one.maskedExcerpt("t it is not")).toBe("*** it is not");
    expect(one.maskedExcerpt("cr")).toBe("***");
    expect(one.maskedExcerpt("\\x63r")).toBe("***");
    expect(one.maskedExcerpt("")).toBe("");
    expect(one.maskedExcerpt("-PONG")).toBe("-PONG");
  });
});

describe("a secret of fewer than four characters", () => {
  test("is masked where it is a word of its own, and nowhere else", () => {
    const one = offered("abc");
    expect(one.masked("abc 'abc' abcd xabc äabc abc_ abc1 (abc)")).toBe(
      "*** '***' abcd xabc äabc abc_ abc1 (***)",
    );
    expect(one.masked("it says ab")).toBe("it says ab");
  });

  test("is masked in base 64 where that has four characters, and no piece of it at an edge", () => {
    expect(offered("abc").masked("it says YWJj, and FiY")).toBe("it says ***, and FiY");
    expect(offered("a").masked("it says Y")).toBe("it says Y");
    expect(offered("abc").stream()("it says a")).toBe("it says a");
  });

  test("is masked within a word from four on, and at an edge", () => {
    expect(offered("abcd").masked("xabcdy")).toBe("x***y");
    expect(offered("abcd").masked("it says abc")).toBe("it says ***");
  });
});

describe("an INFO", () => {
  const masked = (json: string, ...secrets: string[]) => {
    const one = offered(...secrets);
    return parseInfo(json, {
      text: (text) => one.masked(text),
      servers: (urls) => one.without(urls, () => ""),
    });
  };

  test("has its strings, numbers and unknown names masked", () => {
    const json = JSON.stringify({
      a: 's3"cret',
      's3"cret': [{ b: 'x s3"cret' }, true, null],
      n: 12345,
      m: 1,
    });
    expect(masked(json, 's3"cret', "12345")).toMatchObject({
      a: "***",
      "***": [{ b: "x ***" }, true, null],
      n: 0,
      m: 1,
    });
    expect(masked('{"n":1.2345e4}', "12345")).toMatchObject({ n: 0 });
  });

  test.each(['"', ":", '":"', ",", "true", "}", "{", "\\", "port"])(
    "stays what it is where the secret is %j",
    (secret) => {
      const json = `{"port":4222,"nonce":${JSON.stringify(secret)} , "ok" : true}`;
      expect(masked(json, secret)).toMatchObject({ port: 4222, nonce: "***", ok: true });
    },
  );

  test("keeps the names of known fields, and their values where they are no secret", () => {
    expect(masked('{"port" : 4222, "nonce":"x"}', "port", "nonce")).toMatchObject({ port: 4222, nonce: "x" });
  });

  test("that is none has no secret either", () => {
    for (const json of ['{"a": "s3cret', '{"a": "\\x s3cret"']) {
      expect(() => masked(json, "s3cret")).toThrow(/^INFO is not followed by valid JSON$/);
    }
  });

  test("is not touched where nothing was offered", () => {
    expect(masked('{"a" : "b"}')).toMatchObject({ a: "b" });
  });

  test("has a secret masked that the end of what is kept of a text would divide", () => {
    for (const secret of ["s3cretMost", "s3cret-that-is-long-enough-for-pieces"]) {
      for (let before = 1_024 - secret.length - 2; before < 1_026; before++) {
        const { a } = masked(JSON.stringify({ a: "x".repeat(before) + secret.repeat(3) }), secret) as {
          a?: string;
        };
        expect(a).toMatch(/^x*(\*{0,3}){0,3}… \(cut off: \d+ characters\)$/);
      }
    }
  });

  test("takes work in proportion to its size, whatever the secret is", () => {
    // As many places as a text has characters: they are joined, not handed over one by one.
    const one = offered("aaaa", "a");
    expect(one.masked("a".repeat(1_000_000))).toBe("***");
    expect(offered("abcd").masked("abcd".repeat(200_000))).toBe("***");
    expect(offered("abcd").masked("abcd ".repeat(200_000))).toBe("*** ".repeat(200_000));
  });
});

describe("a name", () => {
  const isIn = (name: string, known: string, ...secrets: string[]) =>
    offered(...secrets).without([name], () => known).length === 0;

  test("holds a secret as a whole, unless that is part of the names that everybody knows", () => {
    const secrets = ["nats", "s3cret-s3cret-s3cret"];
    expect(isIn("nats-2:4222", "", ...secrets)).toBe(true);
    expect(isIn("nats-2:4222", "nats-1:4222", ...secrets)).toBe(false);
    expect(isIn("s3cret-s3cret-s3cret.nats:4222", "nats-1:4222", ...secrets)).toBe(true);
    expect(isIn("s3cret-s3:4222", "nats-1:4222", ...secrets)).toBe(false);
    expect(isIn("b:4222", "", ...secrets)).toBe(false);
  });

  test("is left out that holds one of several secrets; the others stay", () => {
    const one = offered("first-secret", "second-secret");
    const names = ["first-secret:1", "a:1", "second-secret:1", "b:1"];
    expect(one.without(names, () => "")).toEqual(["a:1", "b:1"]);
    expect(one.without(["a%32:1", "b:1"], () => "")).toEqual(["b:1"]);
  });

  test("with an escape, which no host has, is left out where a secret was offered", () => {
    expect(isIn("b%32:4222", "", "s3cret")).toBe(true);
    expect(isIn("b\\x32:4222", "", "s3cret")).toBe(true);
    expect(isIn("b%32:4222", "")).toBe(false);
  });

  test("is looked at once more only where one of all names holds a secret", () => {
    let asked = 0;
    const known = () => `${asked++}`;
    const one = offered("s3cret");
    const names = ["a:1", "b:2", "s3c", "ret"];
    expect(one.without(names, known)).toBe(names);
    expect(asked).toBe(0);
    expect(one.without([...names, "s3cret:1"], known)).toEqual(names);
    expect(asked).toBe(1);
  });
});

describe("an error", () => {
  const one = offered("s3cret");

  test("without a secret is the same error", () => {
    const error = new Error("no", { cause: new TypeError("at all") });
    expect(one.cleaned(error)).toBe(error);
  });

  test("is the same one where nothing was offered, or if it stands for several without a secret", () => {
    const odd = new Error("no", { cause: "s3cret" });
    expect(offered().cleaned(odd)).toBe(odd);
    const several = new AggregateError([new Error("one"), new Error("two")], "no");
    expect(one.cleaned(several)).toBe(several);
  });

  test("with one is a copy without that has its texts and numbers, as they were, and nothing else", () => {
    const error = Object.assign(new Error("s3cret"), { code: "s3cret", port: 1, socket: {} });
    const cleaned = one.cleaned(error);
    expect(Object.getOwnPropertyNames(cleaned).sort()).toEqual(["code", "message", "name", "port", "stack"]);
    const code = { value: "***", configurable: true, writable: true };
    expect(Object.getOwnPropertyDescriptors(cleaned)).toMatchObject({
      code: { ...code, enumerable: true },
      message: { ...code, enumerable: false },
    });
  });

  test("with one is a copy without, causes and all", () => {
    class Odd extends Error {
      override readonly name = "Odd";
      readonly code = "ODD s3cret";
      readonly status = 1008;
      readonly socket = { pass: "s3cret" };
    }
    const cause = Object.assign(new TypeError("it is s3cret"), { reason: "s3cret, too" });
    const error = new Odd("closed: s3cret", { cause: new Error("clean", { cause }) });
    const cleaned = one.cleaned(error) as Odd;
    expect(cleaned).toMatchObject({ name: "Odd", message: "closed: ***", code: "ODD ***", status: 1008 });
    expect(cleaned).not.toHaveProperty("socket");
    expect(cleaned.stack).toContain("closed: ***");
    expect((cleaned.cause as Error).message).toBe("clean");
    expect((cleaned.cause as Error).cause).toMatchObject({
      name: "TypeError",
      message: "it is ***",
      reason: "***, too",
    });
    expect(saidBy(cleaned)).not.toContain("s3cret");
    expect(error.message).toBe("closed: s3cret");
  });

  test.each<[string, Error]>([
    ["a cause that is no error", new Error("no", { cause: "s3cret" })],
    ["one of several errors", new AggregateError([new Error("clean"), new Error("s3cret")], "no")],
    ["a number", Object.assign(new Error("no"), { port: 12345 })],
  ])("with one in %s is a copy without", (_what, error) => {
    const cleaned = offered("s3cret", "12345").cleaned(error) as AggregateError & { port?: unknown };
    expect(cleaned).not.toBe(error);
    expect(cleaned.message).toBe("no");
    expect(saidBy(cleaned)).not.toMatch(/s3cret|12345/);
  });

  test("that is its own cause comes to an end", () => {
    const error = new Error("s3cret");
    error.cause = new Error("loop", { cause: error });
    expect(one.cleaned(error).message).toBe("***");
  });
});

describe("a stream", () => {
  test("masks a secret wherever it is cut", () => {
    const json = JSON.stringify('s3c"rét\u2028');
    const text = `it is ${json} or s3c"rét\u2028, or s4`;
    for (let first = 0; first < text.length; first++) {
      const next = offered('s3c"rét\u2028').stream();
      const seen = next(text.slice(0, first)) + next(text.slice(first));
      expect(seen).not.toMatch(/s3c|rét|\u2028/);
      expect(seen.endsWith(", or s4") || first > text.length - 3).toBe(true);
    }
  });

  test("masks a secret once, in the call in which it ends", () => {
    const next = offered("s3cretM").stream();
    expect([next("s3cretM, "), next("s3cretM"), next(" and"), next(" s4")]).toEqual([
      "***, ",
      "***",
      " and",
      " s4",
    ]);
  });

  test("masks no end of a secret whose beginning was not there", () => {
    const next = offered("s3cretM").stream();
    expect([next("PING\n"), next("MSG"), next("s"), next("ub")]).toEqual(["PING\n", "MSG", "***", "ub"]);
  });
});
