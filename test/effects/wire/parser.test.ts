import { describe, expect, test } from "vitest";
import {
  Parser,
  type ParserLimits,
  type ParserSink,
  ProtocolViolation,
} from "../../../src/effects/wire/parser.js";
import { type Call, message, pushAll, recorder } from "./calls.js";

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

function parse(
  chunks: readonly string[],
  instead: Partial<ParserSink> = {},
  limits: ParserLimits = {},
): Call[] {
  const calls: Call[] = [];
  const parser = new Parser(recorder(calls, instead), limits);
  for (const chunk of chunks) parser.push(bytes(chunk));
  return calls;
}

/** Why parsing those bytes fails. */
function violation(text: string, limits: ParserLimits = {}): string {
  try {
    parse([text], {}, limits);
  } catch (error) {
    if (error instanceof ProtocolViolation) return error.reason;
    throw error;
  }
  return "no violation";
}

describe("what a server says", () => {
  test.each<[string, string, Call]>([
    ["a message", "MSG a.b 7 5\r\nhello\r\n", message(7, "a.b", "", "", "hello")],
    [
      "a message with a reply",
      "MSG a.b 7 _INBOX.x 5\r\nhello\r\n",
      message(7, "a.b", "_INBOX.x", "", "hello"),
    ],
    [
      "a message whose reply is a number",
      "MSG a.b 7 12 5\r\nhello\r\n",
      message(7, "a.b", "12", "", "hello"),
    ],
    ["an empty message", "MSG a 1 0\r\n\r\n", message(1, "a", "", "", "")],
    ["a payload with line ends", "MSG a 1 6\r\n\r\nPING\r\n", message(1, "a", "", "", "\r\nPING")],
    ["headers", "HMSG a 1 12 14\r\nNATS/1.0\r\n\r\nhi\r\n", message(1, "a", "", "NATS/1.0\r\n\r\n", "hi")],
    [
      "headers and a reply",
      "HMSG a 1 r.s 12 12\r\nNATS/1.0\r\n\r\n\r\n",
      message(1, "a", "r.s", "NATS/1.0\r\n\r\n", ""),
    ],
    [
      "headers and a reply of digits",
      "HMSG a 1 9 12 12\r\nNATS/1.0\r\n\r\n\r\n",
      message(1, "a", "9", "NATS/1.0\r\n\r\n", ""),
    ],
    ["HMSG without headers", "HMSG a 1 0 2\r\nhi\r\n", message(1, "a", "", "", "hi")],
    ["a subject beyond ASCII", "MSG \xc3\xa9.x 1 1\r\n\xff\r\n", message(1, "\xc3\xa9.x", "", "", "\xff")],
    ["a subject with a control character", "MSG a\x01b 1 0\r\n\r\n", message(1, "a\x01b", "", "", "")],
    [
      "the largest sid",
      "MSG a 9007199254740991 0\r\n\r\n",
      message(Number.MAX_SAFE_INTEGER, "a", "", "", ""),
    ],
    ["INFO", 'INFO {"port":4222} \r\n', ["info", '{"port":4222}']],
    ["INFO beyond ASCII", 'INFO {"server_name":"\xc3\xa9"}\r\n', ["info", '{"server_name":"é"}']],
    ["PING", "PING\r\n", ["ping"]],
    ["PONG", "PONG\r\n", ["pong"]],
    ["+OK", "+OK\r\n", ["ok"]],
    ["-ERR", "-ERR 'Unknown Protocol Operation'\r\n", ["error", "Unknown Protocol Operation"]],
    ["-ERR without quotes", "-ERR Slow Consumer\r\n", ["error", "Slow Consumer"]],
    ["-ERR with a quote inside", "-ERR 'isn't allowed'\r\n", ["error", "isn't allowed"]],
    ["-ERR without a text", "-ERR\r\n", ["error", ""]],
    ["-ERR with a quote at its beginning only", "-ERR 'half\r\n", ["error", "'half"]],
    ["-ERR with a quote at its end only", "-ERR half'\r\n", ["error", "half'"]],
    ["-ERR of one quote", "-ERR '\r\n", ["error", "'"]],
    ["-ERR of nothing in quotes", "-ERR ''\r\n", ["error", ""]],
  ])("reads %s", (_, text, call) => {
    expect(parse([text])).toEqual([call]);
  });

  test.each<[string, string, Call]>([
    ["small letters", "msg a 1 2\r\nhi\r\n", message(1, "a", "", "", "hi")],
    ["small letters of HMSG", "hMsG a 1 0 2\r\nhi\r\n", message(1, "a", "", "", "hi")],
    ["several spaces and tabs", "MSG \t a\t\t1   r  \t2 \t\r\nhi\r\n", message(1, "a", "r", "", "hi")],
    ["leading zeros", "MSG a 01 0000000000002\r\nhi\r\n", message(1, "a", "", "", "hi")],
    ["a line that ends without CR", "MSG a 1 2\nhi\r\n", message(1, "a", "", "", "hi")],
    ["a PING with something behind it", "ping  now\r\n", ["ping"]],
  ])("accepts %s, as the parsers of NATS do", (_, text, call) => {
    expect(parse([text])).toEqual([call]);
  });

  test("reads many commands of one chunk in order", () => {
    const text =
      "INFO {}\r\nMSG a 1 1\r\nx\r\nMSG a 1 1\r\ny\r\nPING\r\nMSG a 1 r 1\r\nz\r\nHMSG a 1 2 3\r\nhhz\r\n+OK\r\n";
    expect(parse([text])).toEqual([
      ["info", "{}"],
      message(1, "a", "", "", "x"),
      message(1, "a", "", "", "y"),
      ["ping"],
      message(1, "a", "r", "", "z"),
      message(1, "a", "", "hh", "z"),
      ["ok"],
    ]);
  });

  test("tells lines apart that begin alike, in a chunk long enough to compare them", () => {
    const lines = [
      "MSG a.b 1 1",
      "MSG a.b 1 1",
      "MSG a.b 12 1",
      "MSG a.bc 1 1",
      "MSG a.b 1 r 1",
      "msg b 7 1",
      "MSG a.b 1 1",
      "HMSG a.b 1 1 1",
      "MSG a.c 1 1",
    ];
    const round: Call[] = [
      message(1, "a.b", "", "", "x"),
      message(1, "a.b", "", "", "x"),
      message(12, "a.b", "", "", "x"),
      message(1, "a.bc", "", "", "x"),
      message(1, "a.b", "r", "", "x"),
      message(7, "b", "", "", "x"),
      message(1, "a.b", "", "", "x"),
      message(1, "a.b", "", "x", ""),
      message(1, "a.c", "", "", "x"),
    ];
    const text = lines.map((line) => `${line}\r\nx\r\n`).join("");
    expect(parse([text.repeat(20)])).toEqual(Array(20).fill(round).flat());
  });
});

describe("chunks", () => {
  test("say how long the message is that has begun and is not whole", () => {
    const parser = new Parser(recorder([]));
    const lengths = ["MSG a 1", " 5\r\n", "hel", "lo\r\nMSG a 1 3\r\nab", "c\r", "\nPING\r\n"].map(
      (chunk) => {
        parser.push(bytes(chunk));
        return parser.underWay;
      },
    );
    expect(lengths).toEqual([0, 18, 18, 16, 16, 0]);
  });

  const stream =
    "INFO {\"a\":1}\r\nMSG a.b 12 5\r\nhello\r\nPING\r\n-ERR 'No'\r\nHMSG a 1 r 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPONG\r\n+OK\r\nMSG a 1 0\r\n\r\n";

  test("may be cut at any byte", () => {
    const whole = parse([stream]);
    expect(whole).toHaveLength(8);
    for (let cut = 0; cut <= stream.length; cut += 1) {
      expect(parse([stream.slice(0, cut), stream.slice(cut)])).toEqual(whole);
    }
  });

  test("that begin like a command in the middle of one are the middle of one", () => {
    const inner = "MSG b 2 1\r\ny\r\n";
    expect(parse([`MSG a 1 ${inner.length}\r\n`, `${inner}\r\n`])).toEqual([message(1, "a", "", "", inner)]);
    expect(() => parse(["-ERR ", inner])).toThrow('unknown command: "y"');
  });

  test("may hold many lines, each of which keeps the limit", () => {
    const limits = { maxControlLine: 20 };
    expect(parse(["PING\r\n".repeat(50)], {}, limits)).toHaveLength(50);
  });

  test("may be single bytes, and empty", () => {
    expect(parse([...stream].flatMap((byte) => [byte, ""]))).toEqual(parse([stream]));
  });

  test("may be views into larger memory", () => {
    const calls: Call[] = [];
    const parser = new Parser(recorder(calls));
    const around = bytes(`garbage${stream}garbage`);
    parser.push(around.subarray(7, 7 + stream.length));
    expect(calls).toEqual(parse([stream]));
  });

  test("of a payload of several MiB are put together", () => {
    const payload = new Uint8Array(5 * 1024 * 1024 + 3).map((_, i) => i * 7);
    const all = Buffer.concat([
      Buffer.from(`MSG big 1 ${payload.length}\r\n`),
      payload,
      Buffer.from("\r\nPING\r\n"),
    ]);
    const seen: Uint8Array[] = [];
    let pings = 0;
    const parser = new Parser({
      ...recorder([]),
      message: (from, ...offsets) => seen.push(from.window(offsets[6] as number, offsets[7] as number)),
      ping: () => pings++,
    });
    for (let i = 0; i < all.length; i += 65_536) parser.push(all.subarray(i, i + 65_536));
    expect(seen).toHaveLength(1);
    expect(Buffer.compare(seen[0] as Uint8Array, payload)).toBe(0);
    expect(pings).toBe(1);
  });

  test("are not copied where their chunks lie one behind the other in memory", () => {
    const all = Buffer.alloc(300_000, "x");
    all.write(`MSG big 1 ${250_000}\r\n`);
    const start = all.indexOf("\n") + 1;
    all.write("\r\nPING\r\n", start + 250_000);
    const seen: Uint8Array[] = [];
    const calls: Call[] = [];
    const parser = new Parser({
      ...recorder(calls),
      message: (from, ...offsets) => seen.push(from.window(offsets[6] as number, offsets[7] as number)),
    });
    const length = start + 250_008;
    for (let i = 0; i < length; i += 65_536) parser.push(all.subarray(i, Math.min(length, i + 65_536)));
    expect(calls).toEqual([["ping"]]);
    expect(seen).toHaveLength(1);
    expect(seen[0]?.buffer).toBe(all.buffer);
    expect(seen[0]?.byteOffset).toBe(all.byteOffset + start);
    expect(seen[0]).toHaveLength(250_000);
  });

  test("are not copied where they begin in the middle of a chunk", () => {
    const all = new Uint8Array(Buffer.from("PING\r\nMSG a 1 9\r\n123456789\r\nPING\r\n"));
    const seen: Uint8Array[] = [];
    const parser = new Parser({
      ...recorder([]),
      message: (from, ...offsets) => seen.push(from.window(offsets[6] as number, offsets[7] as number)),
    });
    pushAll(parser, [all.subarray(0, 20), all.subarray(20)]);
    expect(seen.map(({ buffer, byteOffset, length }) => [buffer, byteOffset, length])).toEqual([
      [all.buffer, 17, 9],
    ]);
  });

  test("are copied where the next chunk lies elsewhere in the same memory", () => {
    const all = Buffer.from("MSG a 1 9\r\n123456789\r\n");
    const memory = new Uint8Array(100);
    memory.set(all.subarray(0, 14), 50);
    memory.set(all.subarray(14), 10);
    const calls: Call[] = [];
    pushAll(new Parser(recorder(calls)), [memory.subarray(50, 64), memory.subarray(10, 18)]);
    expect(calls).toEqual([message(1, "a", "", "", "123456789")]);
  });

  test("are copied where one chunk lies elsewhere, and nothing is taken for what it is not", () => {
    const all = Buffer.from("MSG a 1 9\r\n123456789\r\nMSG b 1 1\r\nx\r\n");
    // The second chunk has its place right behind the first one, in another memory; the third lies before the first.
    const memory = new Uint8Array(100);
    const place = (at: number, bytes: Uint8Array, into = memory) => {
      into.set(bytes, at);
      return into.subarray(at, at + bytes.length);
    };
    const chunks = [
      place(50, all.subarray(0, 14)),
      place(64, all.subarray(14, 16), new Uint8Array(100)),
      place(0, all.subarray(16)),
    ];
    const calls: Call[] = [];
    pushAll(new Parser(recorder(calls)), chunks);
    expect(calls).toEqual([message(1, "a", "", "", "123456789"), message(1, "b", "", "", "x")]);
  });

  test("do not change what a sink has kept", () => {
    const kept: [Uint8Array, string][] = [];
    const parser = new Parser({
      ...recorder([]),
      message: (from, _sid, start, _end, _r, _s, _h, _p, end) => {
        const view = from.window(start, end);
        kept.push([view, Buffer.from(view).toString("latin1")]);
      },
    });
    for (let round = 0; round < 50; round += 1) {
      const text = bytes(`MSG a.${round} 1 9\r\npayload${round % 10}.\r\n`);
      parser.push(text.subarray(0, round % text.length));
      parser.push(text.subarray(round % text.length));
    }
    expect(kept).toHaveLength(50);
    for (const [view, text] of kept) expect(Buffer.from(view).toString("latin1")).toBe(text);
  });

  test("that announce a large message take little memory before it arrives", () => {
    const parser = new Parser(recorder([]));
    const before = process.memoryUsage().arrayBuffers;
    parser.push(bytes(`MSG a 1 ${64 * 1024 * 1024}\r\nx`));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * 1024 * 1024);
  });
});

describe("what is not the protocol", () => {
  test.each([
    ["another protocol", "HTTP/1.1 400 Bad Request\r\n", 'unknown command: "HTTP/1.1 400 Bad Request"'],
    [
      "bytes that are no text",
      "\x15\x03\x01\x00\x02\x02",
      'unknown command: "\\x15\\x03\\x01\\x00\\x02\\x02"',
    ],
    ["another protocol that sends no line", "SSH-2.0", 'unknown command: "SSH-2.0"'],
    ["an empty line", "\r\n", 'unknown command: ""'],
    ["a longer verb", "MSGS a 1 0\r\n", 'unknown command: "MSGS a 1 0"'],
    ["a shorter verb", "PIN\r\n", 'unknown command: "PIN"'],
    ["a client's command", "PUB a 0\r\n", 'unknown command: "PUB a 0"'],
    ["no arguments", "MSG\r\n", 'MSG with 0 arguments instead of 3 or 4: ""'],
    ["too few arguments", "MSG a 1\r\n", 'MSG with 2 arguments instead of 3 or 4: " a 1"'],
    ["too many arguments", "MSG a 1 r s 2\r\n", 'MSG with 5 arguments instead of 3 or 4: " a 1 r s 2"'],
    [
      "far too many arguments",
      "HMSG 1 2 3 4 5 6 7\r\n",
      'HMSG with more than 5 arguments instead of 4 or 5: " 1 2 3 4 5 6 7"',
    ],
    ["an empty sid", "MSG a 0\r\n", 'MSG with 2 arguments instead of 3 or 4: " a 0"'],
    ["the sid 0", "MSG a 0 0\r\n\r\n", 'MSG with the subscription id 0: " a 0 0"'],
    ["a negative sid", "MSG a -1 0\r\n\r\n", 'MSG with a subscription id that is not a number: "-1"'],
    [
      "a sid past what numbers can count",
      "MSG a 9007199254740993 0\r\n\r\n",
      'MSG with a subscription id over 9007199254740991: "9007199254740993"',
    ],
    ["a negative size", "MSG a 1 -5\r\n", 'MSG with a size that is not a number: "-5"'],
    ["a size that is no number", "MSG a 1 0x10\r\n", 'MSG with a size that is not a number: "0x10"'],
    [
      "a size past all bounds",
      `MSG a 1 ${"9".repeat(400)}\r\n`,
      `MSG with a size over 68157440: "${"9".repeat(64)}"… (400 bytes)`,
    ],
    ["a size over the limit", "MSG a 1 68157441\r\n", 'MSG with a size over 68157440: "68157441"'],
    ["headers longer than the whole", "HMSG a 1 13 12\r\n", 'HMSG with a header size over 12: "13"'],
    [
      "headers longer than the whole, which is all there",
      "HMSG a 1 13 12\r\nNATS/1.0\r\n\r\n\r\n",
      'HMSG with a header size over 12: "13"',
    ],
    ["headers of no size", "HMSG a 1 x 12\r\n", 'HMSG with a header size that is not a number: "x"'],
    [
      "a payload longer than announced",
      "MSG a 1 2\r\nhello\r\n",
      'no CRLF after the 2 bytes of a message, but: "ll"',
    ],
    [
      "a payload that ends without LF",
      "MSG a 1 2\r\nhi\r!",
      'no CRLF after the 2 bytes of a message, but: "\\r!"',
    ],
    [
      "a payload that ends without CR",
      "MSG a 1 2\r\nhi\n\n",
      'no CRLF after the 2 bytes of a message, but: "\\n\\n"',
    ],
  ])("%s is refused, with what was seen", (_, text, reason) => {
    expect(violation(text)).toBe(reason);
    // Wherever it is cut, too.
    const calls: Call[] = [];
    const parser = new Parser(recorder(calls));
    expect(() => pushAll(parser, [...text].map(bytes))).toThrow(ProtocolViolation);
    expect(calls).toEqual([]);
  });

  test("a line without end is refused at its limit, in one chunk or in many", () => {
    const limits = { maxControlLine: 100, maxInfo: 200 };
    expect(violation(`-ERR ${"x".repeat(96)}\r\n`, limits)).toMatch(
      /^line of more than 100 bytes: "-ERR x+"… \(103 bytes\)$/,
    );
    expect(violation(`INFO ${"x".repeat(196)}\r\n`, limits)).toMatch(/^line of more than 200 bytes/);
    expect(parse([`INFO ${"x".repeat(195)}\r\n`], {}, limits)).toEqual([["info", "x".repeat(195)]]);
    expect(() => parse(Array(1000).fill("MSG "), {}, limits)).toThrow("line of more than 100 bytes");
  });

  test.each([
    ["MSG with a long subject", `MSG ${"a".repeat(70_000)} 1 2\r\nhi\r\n`],
    ["MSG with a long reply", `MSG a 1 ${"a".repeat(70_000)} 2\r\nhi\r\n`],
    ["HMSG with a long subject", `HMSG ${"a".repeat(70_000)} 1 12 12\r\nNATS/1.0\r\n\r\n\r\n`],
  ])("a plain line that is too long is refused also where all of it is in one chunk: %s", (_what, text) => {
    expect(violation(`MSG b 1 0\r\n\r\n${text}`)).toMatch(
      /^line of more than 65536 bytes: ".*"… \(65539 bytes\)$/,
    );
    expect(() => parse(text.match(/[\s\S]{1,999}/g) ?? [])).toThrow(violation(text));
  });

  test("the limit of INFO is for INFO, in any case and wherever it is cut, and for no other line", () => {
    const limits = { maxControlLine: 100, maxInfo: 200 };
    const text = "x".repeat(150);
    const pieces = (line: string) => line.match(/.{1,7}|\r\n/g) ?? [];
    for (const verb of ["INFO", "info"]) {
      expect(parse([`${verb} ${text}\r\n`], {}, limits)).toEqual([["info", text]]);
      expect(parse([...pieces(`${verb} ${text}`), "\r\n"], {}, limits)).toEqual([["info", text]]);
    }
    const tooLong = "line of more than 100 bytes";
    // Pieces that begin like INFO, in a line that does not.
    expect(() => parse(["-ERR ", ...Array(40).fill("INFO")], {}, limits)).toThrow(tooLong);
    // An INFO before it, in the same chunk or cut.
    expect(() => parse([`INFO {}\r\n-ERR ${text}`], {}, limits)).toThrow(tooLong);
    expect(() => parse(["INF", "O {}\r\n", `-ERR ${text}`], {}, limits)).toThrow(tooLong);
  });

  test("messages before it are delivered", () => {
    const calls: Call[] = [];
    const parser = new Parser(recorder(calls));
    expect(() => parser.push(bytes("MSG a 1 1\r\nx\r\nnonsense\r\nPING\r\n"))).toThrow("unknown command");
    expect(calls).toEqual([message(1, "a", "", "", "x")]);
  });

  test("ends the stream: every later push fails alike, until a reset", () => {
    const calls: Call[] = [];
    const parser = new Parser(recorder(calls));
    expect(() => parser.push(bytes("nonsense\r\n"))).toThrow("nonsense");
    expect(() => parser.push(bytes("PING\r\n"))).toThrow("nonsense");
    parser.reset();
    parser.push(bytes("PING\r\n"));
    expect(calls).toEqual([["ping"]]);
  });

  test("a limit of the payload can be changed", () => {
    const parser = new Parser(recorder([]));
    parser.setMaxPayload(10);
    parser.push(bytes(`MSG a 1 10\r\n${"x".repeat(10)}\r\n`));
    expect(() => parser.push(bytes(`MSG a 1 11\r\n${"x".repeat(11)}\r\n`))).toThrow(
      'MSG with a size over 10: "11"',
    );
  });
});

test("a reset between chunks keeps nothing", () => {
  const calls: Call[] = [];
  const parser = new Parser(recorder(calls));
  parser.push(bytes("PING\r\nPO"));
  parser.reset();
  expect(parser.rest()).toHaveLength(0);
  parser.push(bytes("PONG\r\n"));
  expect(calls).toEqual([["ping"], ["pong"]]);
});

describe("a callback", () => {
  test("that resets keeps the rest of the chunk from being parsed, and can have it", () => {
    const calls: Call[] = [];
    const rest: string[] = [];
    const parser: Parser = new Parser(
      recorder(calls, {
        info: () => {
          parser.reset();
          rest.push(Buffer.from(parser.rest()).toString());
        },
      }),
    );
    parser.push(bytes("PING\r\nINFO {}\r\nTLS bytes"));
    expect(calls).toEqual([["ping"], ["info", "{}"]]);
    expect(rest).toEqual(["TLS bytes"]);
    parser.push(bytes("PONG\r\n"));
    expect(calls.at(-1)).toEqual(["pong"]);
  });

  test("of a message that resets stops the parser too, whole or cut", () => {
    for (const chunks of [["MSG a 1 1\r\nx\r\nPING\r\n"], ["MSG a 1 1\r\n", "x\r\nPING\r\n"]]) {
      const calls: Call[] = [];
      const parser: Parser = new Parser(recorder(calls, { message: () => parser.reset() }));
      for (const chunk of chunks) parser.push(bytes(chunk));
      expect(calls).toEqual([message(1, "a", "", "", "x")]);
      expect(Buffer.from(parser.rest()).toString()).toBe("PING\r\n");
    }
  });

  test("that throws has had its message; the next push goes on behind it", () => {
    for (const chunks of [["MSG a 1 1\r\nx\r\nPING\r\nPO"], ["MSG a 1 1\r\n", "x\r\nPING\r\nPO"]]) {
      const calls: Call[] = [];
      const failing = () => {
        throw new RangeError("user code");
      };
      const parser = new Parser(recorder(calls, { message: failing }));
      expect(() => pushAll(parser, chunks.map(bytes))).toThrow(RangeError);
      parser.push(bytes("NG\r\n"));
      expect(calls).toEqual([message(1, "a", "", "", "x"), ["ping"], ["pong"]]);
    }
  });

  test("that throws a ProtocolViolation ends the stream", () => {
    const refuse = () => {
      throw new ProtocolViolation("INFO is not JSON");
    };
    const parser = new Parser(recorder([], { info: refuse }));
    expect(() => parser.push(bytes("INFO x\r\n"))).toThrow("INFO is not JSON");
    expect(() => parser.push(bytes("PING\r\n"))).toThrow("INFO is not JSON");
  });

  test("that resets and then throws leaves a parser as new", () => {
    const calls: Call[] = [];
    const parser: Parser = new Parser(
      recorder(calls, {
        info: () => {
          parser.reset();
          throw new ProtocolViolation("of a stream that is over");
        },
      }),
    );
    expect(() => parser.push(bytes("INFO {}\r\nPING\r\n"))).toThrow("of a stream that is over");
    parser.push(bytes("PONG\r\n"));
    expect(calls).toEqual([["info", "{}"], ["pong"]]);
  });

  test("that pushes is served after what came before", () => {
    const calls: Call[] = [];
    const parser: Parser = new Parser(
      recorder(calls, {
        ping: () => parser.push(bytes("+OK\r\n")),
      }),
    );
    parser.push(bytes("PING\r\nPONG\r\n"));
    expect(calls).toEqual([["ping"], ["pong"], ["ok"]]);
  });
});

describe("a parser that is held", () => {
  /** Holds behind each PING, and goes on when nothing more comes: the calls of each part. */
  function inParts(text: string): Call[][] {
    const calls: Call[] = [];
    const parser: Parser = new Parser(
      recorder(calls, {
        ping: () => parser.hold(),
      }),
    );
    const parts: Call[][] = [];
    const part = () => parts.push(calls.splice(0));
    parser.push(bytes(text));
    part();
    for (let i = 0; i < 100 && parts.at(-1)?.length !== 0; i++) {
      parser.goOn();
      part();
    }
    return parts.slice(0, -1);
  }

  test("stops behind the line that is being told, and goes on with what follows", () => {
    expect(inParts("+OK\r\nPING\r\n+OK\r\n+OK\r\nPING\r\n")).toEqual([
      [["ok"], ["ping"]],
      [["ok"], ["ok"], ["ping"]],
    ]);
  });

  test("what is pushed meanwhile waits behind what is there", () => {
    const calls: Call[] = [];
    const parser: Parser = new Parser(recorder(calls, { ping: () => parser.hold() }));
    parser.push(bytes("PING\r\n+O"));
    parser.push(bytes("K\r\nMSG a 1 2\r\nh"));
    parser.push(bytes("i\r\n"));
    expect(calls).toEqual([["ping"]]);
    parser.goOn();
    expect(calls).toEqual([["ping"], ["ok"], message(1, "a", "", "", "hi")]);
  });

  test("a line that was cut holds, too", () => {
    const calls: Call[] = [];
    const parser: Parser = new Parser(recorder(calls, { ping: () => parser.hold() }));
    parser.push(bytes("PI"));
    parser.push(bytes("NG\r\n+OK\r\n"));
    expect(calls).toEqual([["ping"]]);
    parser.goOn();
    expect(calls).toEqual([["ping"], ["ok"]]);
  });

  test("reset ends the hold: a new stream begins", () => {
    const calls: Call[] = [];
    const parser: Parser = new Parser(recorder(calls, { ping: () => parser.hold() }));
    parser.push(bytes("PING\r\n+OK\r\n"));
    parser.reset();
    expect(parser.rest()).toEqual(bytes("+OK\r\n"));
    parser.push(bytes("+OK\r\n"));
    expect(calls).toEqual([["ping"], ["ok"]]);
  });

  test("what is wrong behind it is found when it goes on, and stays found", () => {
    const parser: Parser = new Parser(recorder([], { ping: () => parser.hold() }));
    parser.push(bytes("PING\r\nHELLO\r\n"));
    expect(() => parser.goOn()).toThrow(ProtocolViolation);
    expect(() => parser.goOn()).toThrow(ProtocolViolation);
    expect(() => parser.push(bytes("+OK\r\n"))).toThrow(ProtocolViolation);
  });
});
