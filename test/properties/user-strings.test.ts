// Whatever string a user hands over, wherever it goes, the server reads what was meant and nothing else, or
// hears nothing because the string was refused. Strings here are of the worst kind.
//
// The same with real servers: test/integration/user-strings.test.ts; named examples: test/integration/wire-safety.test.ts.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Auth } from "../../src/api/authenticators.js";
import { NatsError } from "../../src/api/errors.js";
import { headers, type MsgHdrs } from "../../src/api/headers.js";
import { createInbox } from "../../src/api/inbox.js";
import type { Msg } from "../../src/api/msg.js";
import type { NatsConnection } from "../../src/api/nats-connection.js";
import type { ConnectionOptions } from "../../src/api/options.js";
import {
  arriving,
  isKey,
  isOneArgument,
  isPattern,
  isPrefix,
  isSubject,
  isUtf8,
  isValue,
  text,
} from "./hostile-text.js";
import { connectIn, type Heard, ListeningWorld, settled } from "./listening-world.js";

/** Whether a call was refused, by an error or, where it answers a message, by false. Any error but ours fails the test. */
async function isRefused(call: () => unknown): Promise<boolean> {
  try {
    return (await call()) === false;
  } catch (error) {
    if (!(error instanceof NatsError)) throw error;
    return true;
  }
}

/** Lets a client connect, hands it over, and closes it. False where its options are refused. */
async function withClient(
  options: ConnectionOptions,
  run: (nc: NatsConnection, heard: () => readonly Heard[]) => Promise<void>,
): Promise<boolean> {
  const world = new ListeningWorld();
  const nc = await connectIn(world, options);
  if (nc === undefined) {
    // Refused at once, or by the authenticator before anything was said.
    if (world.heard.length > 0) throw new Error(`the server heard ${JSON.stringify(world.heard)}`);
    return false;
  }
  await run(nc, () => world.heard.splice(0));
  await settled("close()", nc.close());
  return true;
}

/** How often something was taken, and how often refused: a test in which only one of the two happens says half of what it seems to. */
class Tally {
  #taken = 0;
  #refused = 0;

  count(isTaken: boolean): void {
    if (isTaken) this.#taken++;
    else this.#refused++;
  }

  get least(): number {
    return Math.min(this.#taken, this.#refused);
  }
}

describe("a string of the user", () => {
  test("in CONNECT is what the server reads there, in one line, followed by a PING and nothing else", async () => {
    const optional = fc.option(text, { nil: undefined });
    const credentials = fc.record({
      user: optional,
      pass: optional,
      auth_token: optional,
      nkey: optional,
      sig: optional,
      jwt: optional,
    });
    const options = fc.record({ name: optional, user: optional, pass: optional, token: optional });
    const connects = new Tally();
    await fc.assert(
      fc.asyncProperty(options, fc.option(credentials, { nil: undefined }), async (given, auth) => {
        const authenticator = auth === undefined ? [] : [() => auth as Auth];
        const isTaken = await withClient(
          { ...(given as ConnectionOptions), authenticator },
          async (nc, heard) => {
            await nc.flush();
            const [connect, ...more] = heard();
            expect(more).toEqual([]);
            expect(connect?.[0]).toBe("CONNECT");
            const expected = {
              ...auth,
              ...(given.token === undefined ? {} : { auth_token: given.token }),
              ...(given.user === undefined ? {} : { user: given.user, pass: given.pass }),
              name: given.name,
            };
            expect(connect?.[1]).toMatchObject(JSON.parse(JSON.stringify(expected)));
          },
        );
        connects.count(isTaken);
      }),
      { numRuns: 500 },
    );
    expect(connects.least).toBeGreaterThan(20);
  });

  test("as credentials in a server's URL, encoded or raw, is in CONNECT", async () => {
    const compared = { encoded: 0, raw: 0 };
    await fc.assert(
      fc.asyncProperty(text, text, fc.constantFrom("encoded", "raw"), async (user, pass, how) => {
        const encoded = (part: string) =>
          how === "encoded" && isUtf8(part) ? encodeURIComponent(part) : part;
        const servers = `nats://${encoded(user)}:${encoded(pass)}@127.0.0.1:4222`;
        // Where it is raw, the first colon of all ends the name of the user; % and @ have a meaning of their own.
        const [first, ...rest] = `${user}:${pass}`.split(":");
        const expected = how === "encoded" ? { user, pass } : { user: first, pass: rest.join(":") };
        const isKnown = isUtf8(user) && isUtf8(pass) && (how === "encoded" || !/[%@]/.test(user + pass));
        const isTaken = await withClient({ servers }, async (nc, heard) => {
          await nc.flush();
          const all = heard();
          expect(all.map(([verb]) => verb)).toEqual(["CONNECT"]);
          if (!isKnown) return;
          expect(all[0]?.[1]).toMatchObject(expected);
          compared[how]++;
        });
        expect(isTaken).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(Math.min(compared.encoded, compared.raw)).toBeGreaterThan(100);
  });

  test("as subject, reply or queue is refused, or arrives as it is in one command", async () => {
    const message = (subject: string, reply: string, data: string) =>
      ({ subject, reply, data: Buffer.from(data) }) as unknown as Msg;
    type Call = (nc: NatsConnection, name: string, other: string) => unknown;
    const calls: Record<
      string,
      readonly [
        Call,
        isFine: (name: string, other: string) => boolean,
        expected: (name: string, other: string) => readonly unknown[],
      ]
    > = {
      publish: [
        (nc, subject, data) => nc.publish(subject, data),
        isSubject,
        (subject, data) => ["PUB", subject, undefined, undefined, arriving(data)],
      ],
      "publish with a reply": [
        (nc, reply, subject) => nc.publish(subject, "x", { reply }),
        (reply, subject) => isSubject(subject) && isSubject(reply),
        (reply, subject) => ["PUB", subject, reply, undefined, "x"],
      ],
      publishMessage: [
        (nc, subject, reply) => nc.publishMessage(message(subject, reply, "x")),
        (subject, reply) => isSubject(subject) && isSubject(reply),
        (subject, reply) => ["PUB", subject, reply, undefined, "x"],
      ],
      respondMessage: [
        (nc, reply, data) => nc.respondMessage(message("a", reply, data)),
        isSubject,
        (reply, data) => ["PUB", reply, reply, undefined, arriving(data)],
      ],
      subscribe: [
        (nc, subject) => nc.subscribe(subject),
        isPattern,
        (subject) => ["SUB", subject, undefined, expect.stringMatching(/^\d+$/)],
      ],
      "subscribe with a queue": [
        (nc, queue, subject) => nc.subscribe(subject, { queue }),
        (queue, subject) => isPattern(subject) && isOneArgument(queue),
        (queue, subject) => ["SUB", subject, queue, expect.stringMatching(/^\d+$/)],
      ],
    };
    const call = fc.tuple(fc.constantFrom(...Object.keys(calls)), text, text);
    const sent = Object.fromEntries(Object.keys(calls).map((name) => [name, new Tally()]));
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 8 }), async (all) => {
        await withClient({}, async (nc, heard) => {
          await nc.flush();
          heard();
          const expected: unknown[] = [];
          for (const [name, first, second] of all) {
            const [run, isFine, command] = calls[name] as (typeof calls)[string];
            const isOk = isFine(first, second);
            expect([name, await isRefused(() => run(nc, first, second))]).toEqual([name, !isOk]);
            if (isOk) expected.push(command(first, second));
            sent[name]?.count(isOk);
          }
          await nc.flush();
          expect(heard()).toEqual(expected);
        });
      }),
      { numRuns: 1_000 },
    );
    for (const [name, { least }] of Object.entries(sent)) expect(least, name).toBeGreaterThan(20);
  });

  test("in a request is refused, or arrives as it is; of what is refused nothing is heard but its inbox", async () => {
    const kinds = ["request", "noMux", "reply", "requestMany"] as const;
    const kind = fc.constantFrom(...kinds);
    const asked = Object.fromEntries(kinds.map((name) => [name, new Tally()]));
    await fc.assert(
      fc.asyncProperty(kind, text, text, async (how, subject, other) => {
        await withClient({}, async (nc, heard) => {
          await nc.flush();
          heard();
          const isFine = isSubject(subject) && (how !== "reply" || isPattern(other));
          const asking =
            how === "requestMany"
              ? readAll(nc.requestMany(subject, other))
              : nc.request(subject, other, {
                  noMux: how !== "request",
                  ...(how === "reply" ? { reply: other } : {}),
                });
          const answer = isRefused(() => asking);
          // One that is fine waits for its answer.
          expect(isFine || (await answer)).toBe(true);
          await nc.flush();
          const all = heard();
          const inbox = /^_INBOX\.\w{22}(\.(\*|\w+))?$/;
          const reply = how === "reply" ? other : expect.stringMatching(inbox);
          const published = all.filter(([verb]) => verb !== "SUB" && verb !== "UNSUB");
          expect(published).toEqual(isFine ? [["PUB", subject, reply, undefined, arriving(other)]] : []);
          for (const [, to, queue] of all.filter(([verb]) => verb === "SUB")) {
            expect([to, queue]).toEqual([reply, undefined]);
          }
          asked[how]?.count(isFine);
        });
      }),
      { numRuns: 1_000 },
    );
    for (const [name, { least }] of Object.entries(asked)) expect(least, name).toBeGreaterThan(20);
  });

  test("as inboxPrefix is refused at once, or begins the inboxes", async () => {
    const connects = new Tally();
    await fc.assert(
      fc.asyncProperty(text, async (inboxPrefix) => {
        expect(await isRefused(() => createInbox(inboxPrefix))).toBe(!isPrefix(inboxPrefix));
        let isConnected = false;
        await withClient({ inboxPrefix }, async (nc, heard) => {
          isConnected = true;
          await nc.flush();
          heard();
          const asked = isRefused(() => nc.request("a"));
          await nc.flush();
          const [sub, pub, ...more] = heard();
          expect(more).toEqual([]);
          expect(sub?.slice(0, 3)).toEqual(["SUB", expect.stringMatching(/\.\w{22}\.\*$/), undefined]);
          expect(pub?.[2]).toMatch(/\.\w{22}\.\w+$/);
          for (const name of [sub?.[1], pub?.[2]])
            expect(String(name).startsWith(`${inboxPrefix}.`)).toBe(true);
          await nc.close();
          expect(await asked).toBe(true);
        });
        expect(isConnected).toBe(isPrefix(inboxPrefix));
        connects.count(isConnected);
      }),
      { numRuns: 1_000 },
    );
    expect(connects.least).toBeGreaterThan(100);
  });

  test("as a header's key or value, of our headers or those of another making, is refused, or is one line of the block", async () => {
    const fields = fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 4 });
    const sent = new Tally();
    await fc.assert(
      fc.asyncProperty(fields, fc.boolean(), async (given, isForeign) => {
        await withClient({}, async (nc, heard) => {
          await nc.flush();
          heard();
          const foreign = {
            code: 0,
            description: "",
            [Symbol.iterator]: () => given.map(([key, value]) => [key, [value]])[Symbol.iterator](),
          } as unknown as MsgHdrs;
          const ours = () => {
            const made = headers();
            for (const [key, value] of given) made.append(key, value);
            return made;
          };
          const isFine = given.every(([key, value]) => isKey(key) && isValue(value));
          sent.count(isFine);
          expect(
            await isRefused(() => nc.publish("a", "payload", { headers: isForeign ? foreign : ours() })),
          ).toBe(!isFine);
          await nc.flush();
          const all = heard();
          const command = ["PUB", "a", undefined, expect.any(String), "payload"];
          expect(all).toEqual(isFine ? [command] : []);
          if (!isFine) return;
          const keys = [...new Set(given.map(([key]) => key))];
          const lines = keys.flatMap((key) =>
            given.filter(([other]) => other === key).map(([, value]) => `${key}: ${arriving(value.trim())}`),
          );
          expect(all[0]?.[3]).toBe(["NATS/1.0", ...lines, "", ""].join("\r\n"));
        });
      }),
      { numRuns: 1_000 },
    );
    expect(sent.least).toBeGreaterThan(20);
  });
});

async function readAll(answers: Promise<AsyncIterable<Msg>>): Promise<void> {
  for await (const _ of await answers);
}
