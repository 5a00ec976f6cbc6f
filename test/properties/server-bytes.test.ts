// Whatever a server sends to a client that is connected can end the connection, never the process. The parser
// alone is in parser.test.ts; here is all that comes behind it: INFO, errors, subscriptions, messages that are looked at.

import fc from "fast-check";
import { expect, test } from "vitest";
import { NatsError } from "../../src/api/errors.js";
import type { Msg } from "../../src/api/msg.js";
import { connectIn, ListeningWorld, settled } from "./listening-world.js";

const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc
    .array(
      fc.constantFrom(
        "a",
        ".",
        "*",
        ">",
        " ",
        "\t",
        "\r",
        "\0",
        "\x7f",
        "\ud800",
        "é",
        "'",
        '"',
        ":",
        "-1",
        "{}",
      ),
      {
        maxLength: 6,
      },
    )
    .map((parts) => parts.join("")),
);
/** JSON that has the names of INFO, with values of any kind. */
const odd = fc.oneof(fc.jsonValue({ maxDepth: 2 }), hostile, fc.constantFrom(-1, 1e300, 0.5, true));
const urls = fc.array(
  fc.oneof(hostile, fc.constantFrom("127.0.0.1:4222", "[::1]:4222", "nats://u:p@b:1", "b:0")),
  { maxLength: 3 },
);
const anyInfo = fc
  .record(
    {
      server_id: odd,
      server_name: odd,
      version: odd,
      proto: odd,
      host: odd,
      port: odd,
      headers: odd,
      max_payload: odd,
      client_id: odd,
      connect_urls: fc.oneof(odd, urls),
      ldm: odd,
      nonce: odd,
      cluster: odd,
      ["__proto__"]: odd,
      toString: odd,
    },
    { requiredKeys: [] },
  )
  .map((info) => `INFO ${JSON.stringify(info)}\r\n`);
const error = fc
  .tuple(
    fc.constantFrom(
      "",
      "Permissions Violation for Publish to ",
      'Permissions Violation for Subscription to "a" using queue ',
      "Maximum Payload Violation ",
      "User Authentication Expired",
      "Stale Connection",
    ),
    hostile,
  )
  .map(([text, more]) => `-ERR '${text}${more.replace(/\n/g, "")}'\r\n`);
const headerBlock = fc.oneof(
  hostile,
  fc
    .tuple(hostile, fc.array(hostile))
    .map(([status, lines]) => `NATS/1.0${status}\r\n${lines.join("\r\n")}\r\n\r\n`),
  fc.constantFrom("NATS/1.0 503\r\n\r\n", "NATS/1.0 100 Idle\r\n\r\n", "NATS/1.0\r\nA: b\r\n\r\n"),
);
/** A message with names that the client would never send. */
const name = hostile.map((text) => text.replace(/[ \t\r\n]/g, "") || "x");
const anyMessage = fc
  .tuple(fc.integer({ min: 1, max: 4 }), name, fc.option(name), fc.option(headerBlock), hostile)
  .map(([sid, subject, reply, block, payload]) => {
    const names = reply === null ? `${subject} ${sid}` : `${subject} ${sid} ${reply}`;
    const size = Buffer.byteLength(payload);
    if (block === null) return `MSG ${names} ${size}\r\n${payload}\r\n`;
    const headerSize = Buffer.byteLength(block);
    return `HMSG ${names} ${headerSize} ${headerSize + size}\r\n${block}${payload}\r\n`;
  });
const garbage = fc.oneof(
  fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  fc.constantFrom("\r\n", "PONG\r\n", "PING\r\n", "+OK\r\n", "INFO 42\r\n", "MSG a 1 -1\r\n", "\x16\x03\x01"),
);
const said = fc.oneof(
  { weight: 4, arbitrary: anyMessage },
  { weight: 2, arbitrary: anyInfo },
  { weight: 2, arbitrary: error },
  { weight: 1, arbitrary: garbage },
);

/** Looks at everything a message has, and answers it. Nothing but our own errors may come of that. */
function lookAt(msg: Msg): void {
  const calls: (() => unknown)[] = [
    () => msg.subject,
    () => msg.reply,
    () => msg.sid,
    () => msg.data.length,
    () => msg.string(),
    () => msg.json(),
    () => [...(msg.headers ?? [])],
    () => msg.headers?.status,
    () => msg.headers?.hasError,
    () => msg.respond("answer", msg.headers === undefined ? {} : { headers: msg.headers }),
  ];
  for (const call of calls) {
    try {
      call();
    } catch (error) {
      if (!(error instanceof NatsError)) throw error;
    }
  }
}

test("whatever a server says, wherever it is cut, the client hears it without an error of its own, and closes in good order", async () => {
  let looked = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(said, { minLength: 1, maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1 }),
      fc.boolean(),
      async (all, lengths, reconnect) => {
        const world = new ListeningWorld();
        const nc = await connectIn(world, {
          reconnect,
          reconnectTimeWait: 0,
          reconnectJitter: 0,
          onLameDuck: "migrate",
        });
        if (nc === undefined) throw new Error("this server accepts everybody");
        // What is thrown into the client may be told by it, or not.
        const faults: unknown[] = [];
        const look = (error: NatsError | null, msg: Msg) => {
          looked++;
          try {
            if (error === null) lookAt(msg);
            else if (!(error instanceof NatsError)) throw error;
          } catch (fault) {
            faults.push(fault);
          }
        };
        nc.subscribe("a", { callback: look });
        nc.subscribe("b", { callback: look });
        const sub = nc.subscribe("c", { max: 2 });
        const read = (async () => {
          for await (const msg of sub) look(null, msg);
        })().catch((error: unknown) => expect(error).toBeInstanceOf(NatsError));
        const asked = nc.request("d").catch((error: unknown) => expect(error).toBeInstanceOf(NatsError));
        await settled("flush()", nc.flush());
        const bytes = Buffer.from(all.join(""), "utf8");
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const length = lengths[i % lengths.length] as number;
          world.say(new Uint8Array(bytes.subarray(at, at + length)));
          at += length;
        }
        await settled("close()", nc.close());
        const ended = await settled("closed()", nc.closed());
        await settled("the loop over a subscription", read);
        await settled("request()", asked);
        expect(faults).toEqual([]);
        expect(String(ended)).not.toContain("a bug in nats-statechart");
      },
    ),
    // A rare failure is told at once, with its seed: to shrink it might take longer than the test may.
    {
      numRuns: 500,
      endOnFailure: true,
      // A message that is cut where the client moves away: the other part is for the server that it leaves, too.
      examples: [
        [
          [
            "MSG x 1 x 0\r\n\r\n",
            'INFO {"connect_urls":["[::1]:4222"]}\r\n',
            'INFO {"version":-1,"ldm":true}\r\n',
            "HMSG x 1 14 14\r\nNATS/1.0\r\n\r\n\r\n\r\n",
          ],
          [51],
          false,
        ],
      ],
    },
  );
  // The messages were not all beyond the end of the connection.
  expect(looked).toBeGreaterThan(100);
});

test("a promise that does not settle is an error with its name, not a test without an end", async () => {
  await expect(settled("one that waits", new Promise(() => {}))).rejects.toThrow(
    "one that waits has not settled",
  );
  await expect(settled("one that is kept", Promise.resolve(1))).resolves.toBe(1);
  await expect(settled("one that is broken", Promise.reject(new Error("so")))).rejects.toThrow("so");
});
