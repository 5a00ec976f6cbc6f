// One line of a message, read in the two ways there are: the quick one takes every line as servers write it and gives up on
// any other, the complete one is the measure. What is wrong with a line, and everything around it: parser.test.ts.

import { describe, expect, test } from "vitest";
import { argumentText, MessageLine, mayBecomeVerb, verbOf } from "../../../src/effects/wire/message-line.js";

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

/** What a line says, and where it ends. */
function said(line: MessageLine, from: Uint8Array) {
  const text = (start: number, end: number) => Buffer.from(from.subarray(start, end)).toString("latin1");
  const { sid, headerSize, size } = line;
  return {
    subject: text(line.subjectStart, line.subjectEnd),
    sid,
    reply: text(line.replyStart, line.replyEnd),
    headerSize,
    size,
  };
}

/** What the complete way reads. */
function complete(text: string) {
  const line = new MessageLine();
  const from = bytes(text);
  line.read(from, text.indexOf(" "), text.trimEnd().length, text.startsWith("H"), Number.MAX_SAFE_INTEGER);
  return said(line, from);
}

const plain = [
  "MSG a 1 0\r\n",
  "MSG a 1 7\r\n",
  "MSG a.b.c 12 5\r\n",
  "MSG a.b 123456789 123456789\r\n",
  "MSG a 1 r 5\r\n",
  "MSG a 1 _INBOX.reply 5\r\n",
  "MSG a 1 12 5\r\n",
  "MSG a 1 9x 5\r\n",
  "MSG a 1 1234567890 123456789\r\n",
  "HMSG a 1 12 14\r\n",
  "HMSG a.b 123456789 123456789 123456789\r\n",
  "HMSG a 1 r.s 12 14\r\n",
  "HMSG a 1 9 12 14\r\n",
  "HMSG a 1 9x 12 14\r\n",
  "HMSG a 1 1234567890 12 14\r\n",
  "HMSG a 1 r 123456789 123456789\r\n",
];
const odd = [
  "msg a 1 0\r\n",
  "XSG a 1 0\r\n",
  "MXG a 1 0\r\n",
  "MSX a 1 0\r\n",
  "MSGS a 1 0\r\n",
  "XMSG a 1 0 0\r\n",
  "HXSG a 1 0 0\r\n",
  "PING\r\n",
  "MSG\ta 1 0\r\n",
  "MSG  a 1 0\r\n",
  "MSG a\t1 0\r\n",
  "MSG a  1 0\r\n",
  "MSG a 1  0\r\n",
  "MSG a 1\t0\r\n",
  "MSG a 0 0\r\n",
  "MSG a x 0\r\n",
  "MSG a 1x 0\r\n",
  "MSG a /1 0\r\n",
  "MSG a :1 0\r\n",
  "MSG a 1234567890 0\r\n",
  "MSG a 1 1234567890\r\n",
  "MSG a 1 0 \r\n",
  "MSG a 1 0\n",
  "MSG a 1 0\rx",
  "MSG a 1 0\r\r\n",
  "MSG a 1 x\r\n",
  "MSG a 1 \r\n",
  "MSG a 1\r\n        ",
  "MSG a\r\n          ",
  "MSG a 1 r x\r\n",
  "MSG a 1 r \r\n",
  "MSG a 1 r\r\n",
  "MSG a 1 r  5\r\n",
  "MSG a 1 r 5x\n",
  "HMSG a 1 12 14x\n",
  "MSG a 1 r\t5\r\n",
  "MSG a 1 r 1234567890\r\n",
  "MSG a 1 r s 5\r\n",
  "HMSG a 1 12\r\n",
  "HMSG a 1 r 12\r\n",
  "HMSG a 1 x\r\n",
  "HMSG a 1 12 x\r\n",
  "HMSG a 1 r x 12\r\n",
  "HMSG a 1 r 12 x\r\n",
  "HMSG a 1  12 14\r\n",
  "HMSG a 1 12  14\r\n",
  "HMSG a 1 12\t14\r\n",
  "HMSG a 1 r 12  14\r\n",
  "HMSG a 1 r 12\t14\r\n",
  "HMSG a 1 r 1234567890 14\r\n",
  "HMSG a 1 12 1234567890\r\n",
  "HMSG a 1 r 12 1234567890\r\n",
  "HMSG a 1 r s 12 14\r\n",
];

describe("the quick way", () => {
  test.each(plain)("takes %j, wherever it begins", (text) => {
    for (const before of ["", "x", "MSG a 1 0\r\n\r\n"]) {
      const line = new MessageLine();
      const from = bytes(`${before}${text}`);
      expect(line.readPlain(from, before.length)).toBe(true);
      expect(said(line, from)).toEqual(complete(text));
      expect(line.end).toBe(from.length);
      // An empty reply is no place outside the line, and the line may be moved with all that it says.
      expect(line.replyEnd).toBeGreaterThanOrEqual(line.replyStart);
      line.move(-before.length);
      expect(said(line, bytes(text))).toEqual(complete(text));
    }
  });

  test.each(odd)("gives up on %j", (text) => {
    for (const more of ["", "x".repeat(600)]) {
      const line = new MessageLine();
      expect(line.readPlain(bytes(`${text}${more}`), 0)).toBe(false);
      expect(line.readPlain(bytes(`MSG a 1 0\r\n${text}${more}`), 11)).toBe(false);
    }
  });

  test.each(plain)("gives up on %j that is cut anywhere", (text) => {
    for (let cut = 0; cut < text.length; cut++) {
      expect(new MessageLine().readPlain(bytes(text.slice(0, cut)), 0)).toBe(false);
    }
  });
});

describe("a line that begins like the one before", () => {
  const lines = [...plain, ...plain.map((text) => text.replace(" 1 ", " 2 ")), ...odd];

  // Short chunks are not compared, long ones are: both must read the same.
  test.each([0, 600])("is read for what it is, in a chunk with %i bytes behind it", (behind) => {
    for (const first of plain) {
      for (const second of lines) {
        const line = new MessageLine();
        const from = bytes(`${first}${first}${second}${"x".repeat(behind)}`);
        expect(line.readPlain(from, 0)).toBe(true);
        expect(line.readPlain(from, first.length)).toBe(true);
        expect(said(line, from)).toEqual(complete(first));
        const read = line.readPlain(from, 2 * first.length) ? said(line, from) : "given up";
        expect(read, `${first}${second}`).toEqual(odd.includes(second) ? "given up" : complete(second));
      }
    }
  });

  test("is read where it stands, each of a hundred times", () => {
    const before = "MSG first 7 0\r\n";
    const text = "MSG abc 1 0\r\n";
    const from = bytes(`${before}${text.repeat(100)}`);
    const line = new MessageLine();
    expect(line.readPlain(from, 0)).toBe(true);
    for (let at = before.length; at < from.length; at += text.length) {
      expect(line.readPlain(from, at)).toBe(true);
      expect([line.subjectStart, line.subjectEnd, line.end]).toEqual([at + 4, at + 7, at + text.length]);
    }
  });

  test("is given up, and no more, where the end of a long chunk cuts it", () => {
    const text = "MSG a.long.subject 123 0\r\n";
    const before = text.repeat(30);
    for (let cut = 0; cut < text.length; cut++) {
      const from = bytes(before + text.slice(0, cut));
      const line = new MessageLine();
      expect(line.readPlain(from, 0)).toBe(true);
      expect(line.readPlain(from, before.length - text.length)).toBe(true);
      expect(line.readPlain(from, before.length)).toBe(false);
    }
  });

  test("is not compared with one of another chunk, or of one that was let go", () => {
    const line = new MessageLine();
    const one = bytes(`MSG abc 1 0\r\n${"x".repeat(600)}`);
    const other = bytes(`MSG abd 2 0\r\n${"x".repeat(600)}`);
    expect(line.readPlain(one, 0)).toBe(true);
    expect(line.readPlain(other, 0)).toBe(true);
    expect(said(line, other)).toMatchObject({ subject: "abd", sid: 2 });
    line.forget();
    other.set(bytes("MSG abe 3 0\r\n"));
    expect(line.readPlain(other, 0)).toBe(true);
    expect(said(line, other)).toMatchObject({ subject: "abe", sid: 3 });
  });

  test("after one that was given up is read from its beginning", () => {
    const line = new MessageLine();
    const texts = ["MSG abc 1 0\r\n", "MSG xyz 0 0\r\n", "MSG abc 1 0\r\n"];
    const from = bytes(`${texts.join("")}${"x".repeat(600)}`);
    expect(texts.map((text, place) => line.readPlain(from, place * text.length))).toEqual([
      true,
      false,
      true,
    ]);
    expect(said(line, from)).toMatchObject({ subject: "abc", sid: 1 });
  });
});

describe("verbs", () => {
  const verbs = ["MSG", "HMSG", "PING", "PONG", "+OK", "-ERR", "INFO"];
  const inAnyCase = (verb: string) => [
    verb,
    verb.toLowerCase(),
    verb.slice(0, 1) + verb.slice(1).toLowerCase(),
  ];

  test.each(verbs)("%s is one in any case, alone or before white space", (verb) => {
    for (const written of inAnyCase(verb)) {
      for (const line of [written, `${written} x`, `${written}\tx`]) {
        expect(verbOf(bytes(`..${line}`), 2, line.length + 2)).toBe(verb);
      }
    }
  });

  test.each(verbs)("%s with anything else behind it or left out is none", (verb) => {
    for (const line of [`${verb}x`, `${verb}1`, verb.slice(0, -1), `x${verb}`, ""]) {
      expect(verbOf(bytes(line), 0, line.length)).toBeNull();
    }
    // What is behind the end of the line does not count.
    expect(verbOf(bytes(verb), 0, verb.length - 1)).toBeNull();
  });

  test.each(verbs)("%s may become of each of its beginnings, in any case", (verb) => {
    for (const written of inAnyCase(verb)) {
      for (let cut = 0; cut <= verb.length; cut++) {
        expect(mayBecomeVerb(bytes(`.${written}`), 1, 1 + cut)).toBe(true);
      }
      expect(mayBecomeVerb(bytes(`${written} x`), 0, verb.length + 2)).toBe(true);
    }
  });

  test.each(["X", "MX", "MSX", "HX", "PX", "PINX", "[", "`", "{", "@", "K", "IN O"])(
    "%j becomes none",
    (text) => {
      expect(mayBecomeVerb(bytes(text), 0, text.length)).toBe(false);
      expect(verbOf(bytes(text), 0, text.length)).toBeNull();
    },
  );

  test.each([
    ["INFO  {} \t", 4, "{}"],
    ["INFO", 4, ""],
    ["INFO \t ", 4, ""],
    ["INFO a b", 4, "a b"],
  ])("what stands behind the verb of %j is %s", (line, start, text) => {
    expect(argumentText(bytes(line), start, line.length)).toBe([start, text].at(-1));
  });
});
