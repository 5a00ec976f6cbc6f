// A hostile server says what it was offered, in every place and spelling: nobody who watches the client sees a secret of it.
//
// How a text is masked is in test/effects/offered.test.ts; over real sockets: test/integration/echoed-secrets.test.ts.

import fc from "fast-check";
import { expect, test } from "vitest";
import { Connection } from "../../src/api/connection.js";
import type { ConnectionOptions } from "../../src/api/options.js";
import type { Credentials } from "../../src/effects/connect-command.js";
import { tracingWorld } from "../../src/effects/tracing-world.js";
import type { Transport, TransportEvents, World } from "../../src/effects/world.js";
import { info } from "../harness/fake-server.js";
import { textsIn } from "../harness/texts.js";

const spellings = {
  "as it is": (text: string) => text,
  "in JSON": (text: string) => JSON.stringify(text),
  "in ASCII": (text: string) =>
    JSON.stringify(text).replace(/[^ -~]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`),
  percent: (text: string) => encodeURIComponent(Buffer.from(text).toString()),
  "base 64": (text: string) => Buffer.from(text).toString("base64"),
} as const;
type Spelling = keyof typeof spellings;

/** Where a server can say something. It must be one line. */
const places = {
  error: (text: string) => `-ERR '${text}'\r\n`,
  refusal: (text: string) => `-ERR 'Authorization Violation: ${text}'\r\n`,
  timeout: (text: string) => `-ERR 'Authentication Timeout: ${text}'\r\n`,
  permission: (text: string) => `-ERR 'Permissions Violation for Publish to "${text}"'\r\n`,
  queue: (text: string) => `-ERR 'Permissions Violation for Subscription to "a" using queue "${text}"'\r\n`,
  info: (text: string) =>
    info({
      server_name: text,
      server_id: text,
      version: text,
      cluster: [{ deep: text }],
      [text]: text,
      port: text,
    }),
  urls: (text: string) => info({ connect_urls: [text, `${text}:4222`, "127.0.0.1:1"], ldm: true }),
  nonsense: (text: string) => `${text}\r\n`,
  message: (text: string) => `MSG ${text.replaceAll(" ", "")} 1 ${text.replaceAll(" ", "")}\r\n`,
  ok: (text: string) => `+OK ${text}\r\n`,
  payload: (text: string) => `MSG a 1 ${Buffer.byteLength(text)}\r\n${text}\r\n`,
  cut: (text: string) => `MSG a 1 1\r\n${text}\r\n`,
} as const;
type Place = keyof typeof places;

interface Script {
  /** Whether the server lets the client in, before it says anything. */
  readonly accepts: boolean;
  /** What it says: of CONNECT or of a secret alone, where, how it is spelled, and how much of it. */
  readonly says: readonly {
    readonly place: Place;
    readonly spelling: Spelling;
    readonly whole: boolean;
    readonly length: number;
  }[];
  /** Whether it says so when the socket closes, too, as a WebSocket can. */
  readonly saysWhy: boolean;
  /** How many bytes there are in each chunk. */
  readonly size: number;
}

/** A socket that plays the script as soon as it hears CONNECT. */
function hostileWorld(script: Script, secrets: readonly string[]): World {
  const ignore = () => {};
  const dial = (_server: unknown, events: TransportEvents): Transport => {
    let isOpen = true;
    const later = (run: () => void) => queueMicrotask(() => isOpen && run());
    const say = (text: string) => {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += script.size) {
        later(() => events.data(new Uint8Array(bytes.subarray(at, at + script.size))));
      }
    };
    const closed = (error: Error | null) =>
      later(() => {
        isOpen = false;
        events.closed(error);
      });
    let heard = "";
    const play = (connect: string) => {
      const texts = script.says.map(({ spelling, whole, length }, i) =>
        spellings[spelling](whole ? connect : (secrets[i % secrets.length] ?? "")).slice(0, length),
      );
      for (const [i, { place }] of script.says.entries()) {
        say(places[place]((texts[i] ?? "").replace(/[\r\n]/g, " ")));
      }
      const why = texts.join(" ");
      const error = Object.assign(new Error(why, { cause: new Error(why) }), { reason: why });
      closed(script.saysWhy ? error : null);
    };
    later(() => events.opened());
    say(info({ nonce: "nonce" }));
    return {
      isOpen: true,
      write: (chunk, written) => {
        const text = Buffer.from(chunk).toString();
        written?.();
        const connect = /^CONNECT (.*)\r\nPING\r\n$/s.exec(text)?.[1];
        if (connect !== undefined) heard = connect;
        // A server that lets the client in waits until it has a subscription.
        if (connect !== undefined && script.accepts) say("PONG\r\n");
        else if (connect !== undefined || text.startsWith("SUB ")) play(heard);
        return true;
      },
      secure: ignore,
      end: () => closed(null),
      destroy: () => {
        isOpen = false;
      },
    };
  };
  return {
    seed: 1,
    fillRandom: (bytes) => bytes.fill(7),
    now: () => 0,
    startTimer: () => ({}),
    stopTimer: ignore,
    hasDeferred: false,
    defer: (run) => queueMicrotask(run),
    nextTurn: (run) => void setImmediate(run),
    dial,
  };
}

/** Lives through the script, and returns all that anybody could see. */
async function seenOf(script: Script, credentials: Credentials): Promise<unknown[]> {
  const seen: unknown[] = [];
  const secrets = [credentials.pass, credentials.auth_token, credentials.jwt, credentials.sig].filter(
    (one) => one !== undefined,
  );
  const world = tracingWorld(hostileWorld(script, secrets), (line) => seen.push(line));
  const options: ConnectionOptions = {
    authenticator: () => credentials,
    reconnect: false,
    record: true,
    onStatus: (status) => seen.push(status),
    inspect: (event) => {
      const { event: told, snapshot } = event as unknown as Record<string, unknown>;
      seen.push(JSON.stringify([told, snapshot]));
    },
  };
  const connection = new Connection(world, options);
  try {
    const nc = await connection.start();
    nc.subscribe("a", { callback: () => {} });
    const info = () => seen.push(nc.info, nc.getServer(), nc.getServers());
    info();
    queueMicrotask(info);
    seen.push(await nc.closed());
  } catch (error) {
    seen.push(error);
  }
  seen.push(connection.recording(), connection.info, connection.getServers());
  return seen;
}

/** What betrays a secret, by spelling. */
const signs: Readonly<Record<Spelling, (secret: string) => string>> = {
  "as it is": (secret) => secret,
  "in JSON": (secret) => spellings["in JSON"](secret).slice(1, -1),
  "in ASCII": (secret) => spellings["in ASCII"](secret).slice(1, -1),
  percent: spellings.percent,
  "base 64": (secret) => spellings["base 64"](secret).replace(/=+$/, ""),
};

/** In which texts there is a secret, in any spelling. */
function foundIn(seen: readonly unknown[], credentials: Credentials): string[] {
  const secrets = [credentials.pass, credentials.auth_token, credentials.jwt, credentials.sig];
  const all = secrets
    .filter((secret) => secret !== undefined)
    .flatMap((secret) => Object.values(signs).map((sign) => sign(secret)))
    // As a line of a trace has it, too.
    .flatMap((sign) => [sign, sign.replaceAll("\r", "␍").replaceAll("\n", "␊")]);
  return textsIn(seen).filter((text) => all.some((sign) => text.includes(sign)));
}

/** A secret of any characters. Its beginning is none of the client's own words. */
const secret = fc
  .oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc
      .array(
        fc.constantFrom(
          "\u2028",
          "\u2029",
          '"',
          "\\",
          "\r\n",
          "\0",
          "%",
          "'",
          " ",
          "é",
          "\ud800",
          "x",
          "}",
          "+",
        ),
        {
          maxLength: 12,
        },
      )
      .map((parts) => parts.join("")),
    fc.string({ unit: fc.constantFrom(..."abcdefABCDEF0123._-"), minLength: 16, maxLength: 60 }),
  )
  .map((text) => `Zq§7${text}`);
const credentials: fc.Arbitrary<Credentials> = fc.record(
  {
    user: fc.constant("alice"),
    pass: secret,
    auth_token: secret,
    jwt: secret,
    sig: secret,
    nkey: fc.constant("UABC"),
  },
  { requiredKeys: ["pass"] },
);
const script: fc.Arbitrary<Script> = fc.record({
  accepts: fc.boolean(),
  says: fc.array(
    fc.record({
      place: fc.constantFrom(...(Object.keys(places) as Place[])),
      spelling: fc.constantFrom(...(Object.keys(spellings) as Spelling[])),
      whole: fc.boolean(),
      length: fc.oneof(fc.constant(10_000), fc.integer({ min: 1, max: 200 })),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  saysWhy: fc.boolean(),
  size: fc.oneof(fc.constant(100_000), fc.integer({ min: 1, max: 40 })),
});

test("nothing that can be seen of a connection holds a secret, whatever the server says of it", async () => {
  await fc.assert(
    fc.asyncProperty(credentials, script, async (offered, played) => {
      expect(foundIn(await seenOf(played, offered), offered)).toEqual([]);
    }),
    { numRuns: 400 },
  );
});

/** Where what is said is told to nobody but those who trace, or not at all. */
const untold: readonly Place[] = ["message", "ok", "payload", "urls"];

test.each(Object.keys(places) as Place[])(
  "the search finds what is said in the place '%s'",
  async (place) => {
    const offered = { pass: "Zq§7-one-that-is-long-enough" };
    for (const spelling of Object.keys(spellings) as Spelling[]) {
      const text = spellings[spelling](offered.pass);
      expect(foundIn([{ deep: [new Error("x", { cause: new Error(text) })] }], offered)).not.toEqual([]);
      for (const accepts of [true, false]) {
        const says = [{ place, spelling, whole: false, length: 10_000 }];
        const seen = await seenOf({ accepts, says, saysWhy: false, size: 7 }, offered);
        const masked = textsIn(seen).filter((one) => one.includes("***"));
        expect(masked.filter((one) => one.startsWith("< "))).not.toEqual([]);
        const isTold = masked.some((one) => !/^[<>] /.test(one));
        expect(isTold || untold.includes(place)).toBe(true);
      }
    }
  },
);

test("the search finds what a socket says when it closes", async () => {
  const offered = { pass: "Zq§7-one-that-is-long-enough" };
  const seen = await seenOf({ accepts: true, says: [], saysWhy: true, size: 7 }, offered);
  expect(seen.some((one) => one instanceof Error)).toBe(true);
  const says = [{ place: "payload", spelling: "as it is", whole: true, length: 10_000 }] as const;
  const error = (await seenOf({ accepts: true, says, saysWhy: true, size: 7 }, offered)).find(
    (one) => one instanceof Error,
  );
  expect(error).toMatchObject({
    message: expect.stringContaining("***"),
    cause: { reason: expect.stringContaining("***") },
  });
  expect((error as Error & { cause: Error }).cause.cause).toMatchObject({
    message: expect.stringContaining("***"),
  });
});
