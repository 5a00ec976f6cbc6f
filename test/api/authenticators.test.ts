// Authenticators: their answers against those of nats@2.29.3, their promises, and errors that keep secrets.

import { runInNewContext } from "node:vm";
import * as reference from "nats";
import { createAccount, createCurve, createUser, decode, fromPublic, fromSeed } from "nkeys.js";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  type AsyncAuthenticator,
  type Auth,
  type Authenticator,
  buildAuthenticator,
  credsAuthenticator,
  jwtAuthenticator,
  type NKeyAuth,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "../../src/api/authenticators.js";
import { ErrorCode, NatsError } from "../../src/api/errors.js";
import { saidBy } from "../harness/texts.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (array: Uint8Array) => new TextDecoder().decode(array);

// A seed made for this test and used nowhere else: fixed, so that a damaged one is damaged in the same way each time.
const seed = bytes("SUALA2ZNVM4CGWCGZSBSZSRLGX6TEDOGWFBHPUAR5LRCGOEDI6B3RAHNG4");
const user = fromSeed(seed);
const jwt = "eyJ0eXAiOiJKV1QifQ.eyJqdGkiOiJBQkMifQ.c2lnbmF0dXJl-_";
const nonce = "PXoWU7zWAMt75FY";

const credentials = (theJwt = jwt, theSeed = textOf(seed)) =>
  `-----BEGIN NATS USER JWT-----
${theJwt}
------END NATS USER JWT------

************************* IMPORTANT *************************
NKEY Seed printed below can be used to sign and prove identity.

-----BEGIN USER NKEY SEED-----
${theSeed}
------END USER NKEY SEED------

*************************************************************
`;

async function failureOf(action: () => unknown): Promise<NatsError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof NatsError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

describe("usernamePasswordAuthenticator", () => {
  it("answers as the reference client, from values and from functions", () => {
    const cases = [
      ["me"],
      ["me", "secret"],
      [() => "me", () => "secret"],
      ["me", () => "secret"],
      ["", ""],
    ] as const;
    for (const [name, password] of cases) {
      const theirs = reference.usernamePasswordAuthenticator(name, password)(nonce);
      expect(usernamePasswordAuthenticator(name, password)(nonce)).toStrictEqual(theirs);
    }
  });

  it("waits for a name or a password that comes later", async () => {
    const answer = usernamePasswordAuthenticator("me", async () => "secret")();
    expect(answer).toBeInstanceOf(Promise);
    expect(await answer).toEqual({ user: "me", pass: "secret" });
    expect(await usernamePasswordAuthenticator(async () => "me", "secret")()).toEqual({
      user: "me",
      pass: "secret",
    });
  });

  it("asks its functions again for each attempt", () => {
    let attempt = 0;
    const authenticator = usernamePasswordAuthenticator("me", () => `secret${++attempt}`);
    expect([authenticator().pass, authenticator().pass]).toEqual(["secret1", "secret2"]);
  });

  it("says which part is not a string", async () => {
    const noUser = usernamePasswordAuthenticator((() => undefined) as unknown as () => string, "x");
    expect(await failureOf(() => noUser())).toMatchObject({
      code: ErrorCode.BadAuthentication,
      message: expect.stringMatching(/user .*must be a string, not undefined/),
    });
    const badPassword = usernamePasswordAuthenticator("me", 123_456 as unknown as string);
    const error = await failureOf(() => badPassword());
    expect(error.message).toMatch(/password .*must be a string, not number/);
    expect(saidBy(error)).not.toContain("123456");
  });
});

describe("tokenAuthenticator", () => {
  it("answers as the reference client, from a value and from a function", () => {
    for (const token of ["t", "", () => "t"]) {
      expect(tokenAuthenticator(token)()).toStrictEqual(reference.tokenAuthenticator(token)());
    }
  });

  it("waits for a token that comes later", async () => {
    expect(await tokenAuthenticator(async () => "t")()).toEqual({ auth_token: "t" });
  });

  it("refuses a token that is missing", async () => {
    const absent = tokenAuthenticator((() => undefined) as unknown as () => string);
    expect(await failureOf(() => absent())).toMatchObject({ code: ErrorCode.BadAuthentication });
  });
});

describe("nkeyAuthenticator", () => {
  it("answers as the reference client", () => {
    for (const key of [seed, () => seed, undefined]) {
      for (const challenge of [nonce, "", undefined]) {
        expect(nkeyAuthenticator(key)(challenge)).toStrictEqual(reference.nkeyAuthenticator(key)(challenge));
      }
    }
  });

  it("signs the nonce so that the public key verifies it", () => {
    // The type says that an answer from a plain seed is no promise.
    const { nkey, sig }: NKeyAuth = nkeyAuthenticator(seed)(nonce);
    expect(nkey).toBe(user.getPublicKey());
    expect(fromPublic(nkey).verify(bytes(nonce), decode(sig))).toBe(true);
    expect(fromPublic(nkey).verify(bytes(`${nonce}!`), decode(sig))).toBe(false);
  });

  it("waits for a seed that comes later", async () => {
    expect(await nkeyAuthenticator(async () => seed)(nonce)).toEqual(nkeyAuthenticator(seed)(nonce));
  });

  it("takes the content of a file, with the line end that it has, and leaves it as it was", () => {
    const file = bytes(`  ${textOf(seed)}\r\n`);
    const before = file.slice();
    expect(nkeyAuthenticator(file)(nonce)).toEqual(nkeyAuthenticator(seed)(nonce));
    expect(file).toEqual(before);
    expect(textOf(seed)).toMatch(/^SU/);
  });

  it("wipes the copy of the seed that it makes, whether it could sign or not", async () => {
    const from = vi.spyOn(Uint8Array, "from");
    const authenticators = [seed, bytes("SUNOSEED")].map((one) => nkeyAuthenticator(one));
    await Promise.allSettled(authenticators.map(async (authenticator) => authenticator(nonce)));
    const copies = from.mock.results.map(({ value }) => value as Uint8Array);
    from.mockRestore();
    expect(copies.map(({ length }) => length)).toEqual(expect.arrayContaining([58, 8]));
    expect(copies.filter((copy) => [58, 8].includes(copy.length) && copy.some((byte) => byte !== 0))).toEqual(
      [],
    );
  });

  const wrong = textOf(seed).replace(/(?<=^.{20})./, (one) => (one === "A" ? "B" : "A"));
  it.each([
    ["a seed with a wrong character", wrong, /checksum does not match/],
    ["a seed that was cut", textOf(seed).slice(0, -3), /checksum does not match|base 32/],
    ["a public key", createUser().getPublicKey(), /a key of another kind/],
    ["a curve key", textOf(createCurve().getSeed()), /curve key/],
    ["text that is no key", "my secret passphrase", /not the base 32 text/],
    ["nothing but white space", " \n", /not the base 32 text/],
    ["no bytes", "", /not the base 32 text/],
  ])("refuses %s, says why and does not quote it", async (_, text, reason) => {
    for (const make of [nkeyAuthenticator, (s: Uint8Array) => jwtAuthenticator(jwt, s)]) {
      const error = await failureOf(() => make(bytes(text))(nonce));
      expect(error.code).toBe(ErrorCode.BadAuthentication);
      expect(error.message).toMatch(reason);
      expectNoSecret(error, text);
    }
  });

  it("refuses a seed that is a string, and says how to make bytes of it", async () => {
    const error = await failureOf(() => nkeyAuthenticator(textOf(seed) as unknown as Uint8Array)(nonce));
    expect(error.message).toContain("TextEncoder");
    expectNoSecret(error, textOf(seed));
  });

  it("signs with the seed of another role too: the server decides who may enter", () => {
    const account = createAccount();
    expect(nkeyAuthenticator(account.getSeed())(nonce).nkey).toBe(account.getPublicKey());
  });
});

describe("jwtAuthenticator", () => {
  it("answers as the reference client", () => {
    for (const token of [jwt, () => jwt, "opaque"]) {
      for (const key of [seed, () => seed, undefined]) {
        for (const challenge of [nonce, undefined]) {
          expect(jwtAuthenticator(token, key)(challenge)).toStrictEqual(
            reference.jwtAuthenticator(token, key)(challenge),
          );
        }
      }
    }
  });

  it("waits for a JWT or a seed that comes later", async () => {
    const expected = jwtAuthenticator(jwt, seed)(nonce);
    expect(await jwtAuthenticator(async () => jwt, seed)(nonce)).toEqual(expected);
    expect(await jwtAuthenticator(jwt, async () => seed)(nonce)).toEqual(expected);
  });

  it("takes the content of a file, with the line end that it has", () => {
    expect(jwtAuthenticator(`${jwt}\n`)().jwt).toBe(jwt);
  });

  it.each([
    ["an empty string", ""],
    ["a path", "/home/me/user.jwt"],
    ["a credentials file", credentials()],
    ["two lines", `${jwt}\n${jwt}`],
    ["something else than a string", undefined as unknown as string],
  ])("refuses %s without quoting it", async (_, token) => {
    const error = await failureOf(() => jwtAuthenticator(token, seed)(nonce));
    expect(error.code).toBe(ErrorCode.BadAuthentication);
    expect(error.message).toMatch(/The JWT cannot be used/);
    expectNoSecret(error, token ?? "");
  });
});

describe("credsAuthenticator", () => {
  it("answers as the reference client", () => {
    for (const content of [bytes(credentials()), () => bytes(credentials())]) {
      for (const challenge of [nonce, undefined]) {
        const theirs = reference.credsAuthenticator(content)(challenge);
        expect(credsAuthenticator(content)(challenge)).toStrictEqual(theirs);
      }
    }
  });

  it("signs the nonce so that the public key verifies it", () => {
    const { nkey = "", sig = "" } = credsAuthenticator(bytes(credentials()))(nonce);
    expect(fromPublic(nkey).verify(bytes(nonce), decode(sig))).toBe(true);
  });

  it("reads line ends of Windows, and a file without a last line end", () => {
    const expected = credsAuthenticator(bytes(credentials()))(nonce);
    expect(credsAuthenticator(bytes(credentials().replaceAll("\n", "\r\n")))(nonce)).toEqual(expected);
    const cut = credentials().replace(/(END USER NKEY SEED------).*/s, "$1");
    expect(credsAuthenticator(bytes(cut))(nonce)).toEqual(expected);
  });

  it("asks a function once for each attempt, so that JWT and seed belong together", async () => {
    let asked = 0;
    const authenticator = credsAuthenticator(async () => {
      asked++;
      return bytes(credentials());
    });
    expect(await authenticator(nonce)).toEqual(credsAuthenticator(bytes(credentials()))(nonce));
    expect(asked).toBe(1);
  });

  it.each([
    ["nothing", "", /^The credentials cannot be used: they hold no user JWT/],
    ["a JWT alone", jwt, /no user JWT/],
    [
      "a file without a seed",
      credentials().replace(/-----BEGIN USER NKEY.*/s, ""),
      /^The credentials cannot be used: they hold no nkey seed/,
    ],
    [
      "a file whose seed has no END line",
      credentials().replace("------END USER NKEY SEED------", ""),
      /no nkey seed/,
    ],
    [
      "a file whose JWT has no END line",
      credentials().replace("------END NATS USER JWT------", ""),
      /JWT|seed/,
    ],
    ["a file with another JWT", credentials("not a jwt!"), /The JWT cannot be used/],
    ["a file with another seed", credentials(jwt, "SUNOTASEED"), /The nkey seed cannot be used/],
    [
      "a file with a damaged seed",
      credentials(jwt, textOf(seed).replace("SU", "SUA")),
      /The nkey seed cannot be used/,
    ],
    ["a file with empty sections", credentials("", ""), /JWT|seed/],
  ])("refuses %s, says why and quotes no secret", async (_, content, reason) => {
    const error = await failureOf(() => credsAuthenticator(bytes(content))(nonce));
    expect(error.code).toBe(ErrorCode.BadCreds);
    expect(error.message).toMatch(reason);
    expectNoSecret(error, textOf(seed));
    expectNoSecret(error, jwt);
  });

  it.each([
    ["dashes without end", `${"-".repeat(60_000)}x`, /no user JWT/],
    ["lines of dashes that are no frame", `${`${"-".repeat(1_600)}x\n`.repeat(40)}`, /no user JWT/],
    [
      "more than a file of credentials has",
      `${credentials()}${" ".repeat(65_536)}`,
      /^The credentials cannot be used: they have more than 65536 bytes/,
    ],
    ["a JWT that is too long", credentials("x".repeat(65_536)), /they have more than 65536 bytes/],
  ])("refuses %s before it takes long", async (_, content, reason) => {
    const error = await failureOf(() => credsAuthenticator(bytes(content))(nonce));
    expect(error.code).toBe(ErrorCode.BadCreds);
    expect(error.message).toMatch(reason);
  });

  it("refuses the file's name, or a string", async () => {
    const error = await failureOf(() => credsAuthenticator(credentials() as unknown as Uint8Array)(nonce));
    expect(error.code).toBe(ErrorCode.BadCreds);
    expect(error.message).toMatch(/^The credentials cannot be used: they must be a Uint8Array.* not string$/);
    expectNoSecret(error, textOf(seed));
  });
});

describe("in a realm whose TextEncoder is of another, as in jsdom", () => {
  const foreign = (text: string): Uint8Array =>
    runInNewContext("new Uint8Array(bytes)", { bytes: [...Buffer.from(text)] });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it("signs with a seed and with a file of credentials, as everywhere", async () => {
    const sig = Buffer.from(user.sign(bytes(nonce))).toString("base64");
    const nkey = user.getPublicKey();
    class ForeignEncoder extends TextEncoder {
      override encode = foreign as InstanceType<typeof TextEncoder>["encode"];
    }
    vi.stubGlobal("TextEncoder", ForeignEncoder);
    vi.resetModules();
    const there = await import("../../src/api/authenticators.js");
    expect(there.nkeyAuthenticator(foreign(textOf(seed)))(nonce)).toEqual({ nkey, sig });
    expect(there.credsAuthenticator(foreign(credentials()))(nonce)).toEqual({ jwt, nkey, sig });
  });
});

describe("what is too long", () => {
  const long = "x".repeat(65_537);

  it.each<[string, () => unknown, RegExp]>([
    [
      "a user",
      () => usernamePasswordAuthenticator(long)(),
      /The user cannot be used: it has more than 65536/,
    ],
    [
      "a password",
      () => usernamePasswordAuthenticator("me", long)(),
      /The password .*more than 65536 characters/,
    ],
    ["a token", () => tokenAuthenticator(() => long)(), /The token cannot be used: it has more than 65536/],
    [
      "a JWT",
      () => jwtAuthenticator(long)(nonce),
      /The JWT cannot be used: it has more than 65536 characters/,
    ],
    ["a seed", () => nkeyAuthenticator(bytes(long))(nonce), /The nkey seed .*more than 65536 bytes/],
  ])("is refused: %s", async (_, answer, reason) => {
    const error = await failureOf(answer as () => never);
    expect(error.code).toBe(ErrorCode.BadAuthentication);
    expect(error.message).toMatch(reason);
    expect(error.message.length).toBeLessThan(200);
  });
});

describe("buildAuthenticator", () => {
  const me: reference.Authenticator = () => ({ user: "me", pass: "one" });
  const token: reference.Authenticator = () => ({ auth_token: "t" });
  const signature: reference.Authenticator = (challenge) => ({ nkey: "U", sig: `${challenge}` });
  const nobody: reference.Authenticator = () => undefined;

  it.each([
    {},
    { authenticator: [] },
    { authenticator: nobody },
    { authenticator: me },
    { authenticator: [me, token, signature] },
    { authenticator: [nobody, me] },
    { authenticator: me, user: "you" },
    { authenticator: [token, me], user: "you", pass: "two", token: "u" },
    { user: "you", pass: "two" },
    { user: "you" },
    { pass: "two" },
    { token: "u", user: "", pass: "two" },
    { token: "" },
  ])("answers as the reference client, at once: %o", (options) => {
    expect(buildAuthenticator(options)(nonce)).toStrictEqual(reference.buildAuthenticator(options)(nonce));
  });

  it("answers with a promise when one of several does, merged in their order", async () => {
    const later =
      (auth: Auth): AsyncAuthenticator =>
      async () =>
        auth;
    const options = {
      authenticator: [later({ user: "a", pass: "b" }), me, later(undefined), later({ user: "c" })],
      token: "t",
    };
    const answer = buildAuthenticator(options)(nonce);
    expect(answer).toBeInstanceOf(Promise);
    expect(await answer).toEqual({ user: "c", pass: "one", auth_token: "t" });
  });

  it("asks them one after the other, each when the one before has answered", async () => {
    const calls: string[] = [];
    const slow: AsyncAuthenticator = async () => {
      calls.push("slow asked");
      await Promise.resolve();
      calls.push("slow answered");
    };
    const quick: Authenticator = () => void calls.push("quick asked");
    await buildAuthenticator({ authenticator: [slow, quick] })();
    expect(calls).toEqual(["slow asked", "slow answered", "quick asked"]);
  });

  it("passes on what an authenticator throws or rejects with", async () => {
    const reason = new Error("the vault is sealed");
    const throwing: Authenticator = () => {
      throw reason;
    };
    const rejecting: AsyncAuthenticator = () => Promise.reject(reason);
    expect(() => buildAuthenticator({ authenticator: [me, throwing] })()).toThrow(reason);
    await expect(buildAuthenticator({ authenticator: [rejecting, throwing] })()).rejects.toBe(reason);
  });

  it("keeps to the authenticators that it was given", () => {
    const list: Authenticator[] = [me];
    const authenticator = buildAuthenticator({ authenticator: list });
    list.push(token);
    expect(authenticator()).toEqual({ user: "me", pass: "one" });
  });

  it("refuses what is not an authenticator", async () => {
    for (const authenticator of ["me", {}, [me, "me"], 1] as unknown as Authenticator[]) {
      const error = await failureOf(() => buildAuthenticator({ authenticator }));
      expect(error.code).toBe(ErrorCode.NotFunction);
    }
  });

  it("refuses an answer that is not an object", async () => {
    const error = await failureOf(() =>
      buildAuthenticator({ authenticator: (() => "pw") as unknown as Authenticator })(),
    );
    expect(error).toMatchObject({
      code: ErrorCode.BadAuthentication,
      message: "The answer of an authenticator cannot be used: it must be an object, not string",
    });
  });
});

/** Nothing that the error says, wherever it does, has the secret in it, nor eight characters of a long word of it in a row. */
function expectNoSecret(error: NatsError, secret: string): void {
  expect(error.cause).toBeUndefined();
  const words = secret.match(/[\w=-]{16,}/g) ?? [];
  const parts = words.flatMap((word) =>
    Array.from({ length: word.length - 7 }, (_, at) => word.slice(at, at + 8)),
  );
  const said = saidBy(error);
  expect([secret, ...parts].filter((part) => part.trim() !== "" && said.includes(part))).toEqual([]);
}
