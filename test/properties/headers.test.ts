// Headers for every input that fast-check thinks of: round trips, agreement with nats@2.29.3, and framing.

import * as fc from "fast-check";
import * as reference from "nats";
import { describe, expect, it } from "vitest";
import { ErrorCode, NatsError } from "../../src/api/errors.js";
import { canonicalMIMEHeaderKey, headers, Match, MsgHdrsImpl } from "../../src/api/headers.js";

/** Keys that may be set: few and similar ones, so that they meet, and any others. */
const key = fc.oneof(
  fc.constantFrom("a", "A", "Content-Type", "content-type", "CONTENT-TYPE", "-x", "a--b", "__proto__"),
  fc.string({
    unit: fc.constantFrom(..."!#$%&'*+-.^_`|~azAZ09\"(),/;<=>?@[]{}\\"),
    minLength: 1,
    maxLength: 8,
  }),
);
const value = fc.string({ unit: "binary", maxLength: 12 }).filter((text) => !/[\r\n]/.test(text));
const match = fc.constantFrom(Match.Exact, Match.CanonicalMIME, Match.IgnoreCase);

/** Text that would like to be a line of its own. */
const hostile = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(
      fc.constantFrom(
        "\r",
        "\n",
        "\r\n",
        ":",
        " ",
        "a",
        "PUB x 0",
        "Nats-Rollup: all",
        "\u0085",
        "\u2028",
        "\0",
      ),
    )
    .map((parts) => parts.join("")),
);

type Change = { act: "set" | "append" | "delete"; key: string; value: string; match: Match };
const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.record({ act: fc.constantFrom("set", "append", "delete"), key, value, match }),
  { maxLength: 12 },
);

function applied<H extends MsgHdrsImpl | reference.MsgHdrsImpl>(h: H, list: readonly Change[]): H {
  for (const { act, key: k, value: v, match: m } of list) {
    if (act === "delete") h.delete(k, m as number);
    else h[act](k, v, m as number);
  }
  return h;
}

describe("headers", () => {
  it("come back from their bytes as they were", () => {
    fc.assert(
      fc.property(
        changes,
        fc.option(fc.integer({ min: 1, max: 999 })),
        fc.string({ minLength: 1 }),
        (list, code, text) => {
          const description = text.trim().replace(/[\r\n]/g, "");
          const h = applied(new MsgHdrsImpl(code ?? 0, code === null ? "" : description), list);
          const back = MsgHdrsImpl.decode(h.encode());
          expect([...back]).toEqual([...h]);
          expect([back.code, back.description, back.status]).toEqual([h.code, h.description, h.status]);
          expect(back.equals(h)).toBe(true);
          expect(back.toString()).toBe(h.toString());
          expect((MsgHdrsImpl.fromRecord(h.toRecord()) as MsgHdrsImpl).toRecord()).toEqual(h.toRecord());
        },
      ),
    );
  });

  it("answer every question as the reference client does, after any changes", () => {
    fc.assert(
      fc.property(changes, fc.array(fc.tuple(key, match)), (list, questions) => {
        const ours = applied(new MsgHdrsImpl(), list);
        const theirs = applied(new reference.MsgHdrsImpl(), list);
        expect([...ours]).toEqual([...theirs]);
        expect([ours.keys(), ours.size(), ours.toString()]).toEqual([
          theirs.keys(),
          theirs.size(),
          theirs.toString(),
        ]);
        expect(Buffer.compare(ours.encode(), theirs.encode())).toBe(0);
        const asked = [...questions, ...list.map((change) => [change.key, change.match] as const)];
        for (const [k, m] of asked) {
          for (const question of ["get", "last", "has", "values"] as const) {
            expect(ours[question](k, m)).toEqual(theirs[question](k, m as number));
          }
        }
      }),
    );
  });

  it("read what the reference client wrote, and the other way round", () => {
    fc.assert(
      fc.property(changes, (list) => {
        const ours = applied(new MsgHdrsImpl(), list);
        const theirs = applied(new reference.MsgHdrsImpl(), list);
        expect([...MsgHdrsImpl.decode(theirs.encode())]).toEqual([...theirs]);
        expect([...reference.MsgHdrsImpl.decode(ours.encode())]).toEqual([...ours]);
      }),
    );
  });

  it("never let a string of the user add a line: each is refused, or is one line", () => {
    let [refused, taken] = [0, 0];
    fc.assert(
      fc.property(hostile, hostile, fc.integer({ min: 1, max: 999 }), hostile, (k, v, code, description) => {
        const status = tried(() => headers(code, description)) ?? headers();
        const change = (add: () => void) => {
          const before = status.toString();
          const isTaken = tried(() => add() ?? true) === true;
          expectFraming(status as MsgHdrsImpl);
          if (isTaken) taken++;
          else refused++;
          return isTaken || status.toString() === before;
        };
        const changes = [
          () => status.set(k, v),
          () => status.append(k, v, Match.IgnoreCase),
          () => status.append("Safe", v),
        ];
        expect(changes.map(change)).toEqual([true, true, true]);
        const record = tried(() => MsgHdrsImpl.fromRecord({ [k]: [v, v] }));
        expectFraming((record ?? headers()) as MsgHdrsImpl);
      }),
    );
    expect(Math.min(refused, taken)).toBeGreaterThan(30);
  });

  it("read any bytes without an error, and pass them on as whole lines", () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      hostile.map((text) => new TextEncoder().encode(`NATS/1.0 ${text}\r\n\r\n`)),
      fc.array(hostile).map((lines) => new TextEncoder().encode(`NATS/1.0\r\n${lines.join("\r\n")}\r\n\r\n`)),
    );
    fc.assert(
      fc.property(noise, (bytes) => {
        const h = MsgHdrsImpl.decode(bytes);
        for (const k of h.keys()) expect(h.values(k).length).toBeGreaterThan(0);
        expect(h.hasError).toBe(h.code >= 300);
        expectFraming(h);
      }),
    );
  });

  it("bring keys into the canonical form of the reference client", () => {
    fc.assert(
      fc.property(fc.oneof(key, hostile), (k) => {
        const theirs = tried(() => reference.canonicalMIMEHeaderKey(k));
        expect(tried(() => canonicalMIMEHeaderKey(k))).toBe(theirs);
      }),
    );
  });
});

/** The result of an action; undefined where it was refused with the right error, any other error is thrown. */
function tried<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof NatsError || error instanceof reference.NatsError) {
      if (error.code === ErrorCode.BadHeader) return undefined;
    }
    throw error;
  }
}

/** The bytes are a version line, one line for each value, and an empty line at the end; nothing else breaks a line. */
function expectFraming(h: MsgHdrsImpl): void {
  const text = h.toString();
  if (text === "") return;
  const values = [...h].flatMap(([, all]) => all);
  const lines = text.split(/\r\n|\r|\n/);
  expect(lines.length).toBe(1 + values.length + 2);
  expect(lines.slice(-2)).toEqual(["", ""]);
  expect(lines[0]).toMatch(/^NATS\/1\.0( \d+.*)?$/s);
  expect(lines.slice(1, -2).every((line) => line.indexOf(": ") > 0)).toBe(true);
}
