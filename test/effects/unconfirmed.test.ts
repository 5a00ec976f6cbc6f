// The part of the outbound stream that sinks were handed: what is counted, what is kept, and what goes out once more.

import { describe, expect, it } from "vitest";
import { Chunk } from "../../src/effects/chunks.js";
import { piecesOf, type Segment, segmentOf } from "../../src/effects/segments.js";
import { between, NOTHING, plus, Unconfirmed } from "../../src/effects/unconfirmed.js";

const pub = (subject: string) => `PUB ${subject} 0\r\n\r\n`;
const PUB = pub("a").length;
const LINE = "SUB a 1\r\n";

/** A stream, handed over in segments of a chunk each, and what is let go of it. */
function scene(policy: "report" | "resend" = "resend") {
  const released: Segment[] = [];
  const unconfirmed = new Unconfirmed(policy, (segment) => {
    segment.chunk.pending -= 1;
    released.push(segment);
  });
  let position = 0;
  /** A segment of these commands, which lies somewhere in its chunk. */
  const segment = (...commands: readonly string[]) => {
    const text = commands.join("");
    const chunk = new Chunk(text.length + 20);
    const start = 7;
    chunk.bytes.set(new TextEncoder().encode(text), start);
    const made = segmentOf(chunk, {
      start,
      end: start + text.length,
      position,
      messages: commands.filter((one) => one.startsWith("PUB")).length,
      isRepeated: false,
    });
    position += text.length;
    return made;
  };
  const add = (...commands: readonly string[]) => {
    const one = segment(...commands);
    unconfirmed.add(one);
    return one;
  };
  /** A place in the stream with what was handed over before it. */
  const mark = (at: number, messages: number) => ({ position: at, messages, bytes: at });
  return { unconfirmed, released, segment, add, mark };
}

const textOf = ({ chunk, start, end }: Segment) => new TextDecoder().decode(chunk.bytes.slice(start, end));

describe("amounts", () => {
  it("are added and taken from each other, messages and bytes for themselves", () => {
    const [one, other] = [
      { messages: 1, bytes: 10 },
      { messages: 3, bytes: 25 },
    ];
    expect([plus(one, other), between(one, other)]).toEqual([
      { messages: 4, bytes: 35 },
      { messages: 2, bytes: 15 },
    ]);
  });
});

describe("what was handed over", () => {
  it("is unconfirmed until a PONG confirms it, as far as its mark", () => {
    const { unconfirmed, add } = scene("report");
    add(pub("a"), LINE);
    const { here } = unconfirmed;
    add(pub("b"), pub("c"));
    expect(here).toEqual({ position: PUB + LINE.length, messages: 1, bytes: PUB + LINE.length });
    expect([unconfirmed.amount, unconfirmed.bytes]).toEqual([
      { messages: 3, bytes: 3 * PUB + LINE.length },
      3 * PUB + LINE.length,
    ]);
    unconfirmed.confirm(here);
    expect([unconfirmed.amount, unconfirmed.bytes]).toEqual([{ messages: 2, bytes: 2 * PUB }, 2 * PUB]);
    expect([unconfirmed.confirmed, unconfirmed.settled]).toEqual([
      { messages: 1, bytes: here.bytes },
      here.position,
    ]);
  });

  it("stays confirmed where an older mark comes later", () => {
    const { unconfirmed, add } = scene("report");
    add(pub("a"));
    const first = unconfirmed.here;
    add(pub("b"));
    unconfirmed.confirm(unconfirmed.here);
    unconfirmed.confirm(first);
    expect([unconfirmed.amount, unconfirmed.settled]).toEqual([NOTHING, 2 * PUB]);
  });

  it("is counted up to places within a segment", () => {
    const { unconfirmed, add, segment } = scene();
    add(pub("a"));
    const next = segment(pub("b"), LINE, pub("c"), pub("d"));
    const places = [2 * PUB, 2 * PUB + LINE.length, 3 * PUB + LINE.length, 4 * PUB + LINE.length];
    expect(unconfirmed.marksWithin(next, places)).toEqual(
      [2, 2, 3, 4].map((messages, i) => ({ position: places[i], messages, bytes: places[i] })),
    );
  });
});

describe("what a lost sink had", () => {
  it("is lost where nothing is kept: it is told once, and never counts as confirmed", () => {
    const { unconfirmed, add, mark } = scene("report");
    expect(unconfirmed.keeps).toBe(false);
    add(pub("a"));
    unconfirmed.confirm(unconfirmed.here);
    add(pub("b"), pub("c"));
    const lost = { messages: 2, bytes: 2 * PUB };
    expect(unconfirmed.lose()).toEqual(lost);
    expect([unconfirmed.lost, unconfirmed.amount, unconfirmed.settled]).toEqual([lost, NOTHING, 3 * PUB]);
    // Its PONG comes too late.
    unconfirmed.confirm(mark(2 * PUB, 2));
    add(pub("d"));
    expect(unconfirmed.lose()).toEqual({ messages: 1, bytes: PUB });
    expect([unconfirmed.takeLost(), unconfirmed.lost, unconfirmed.takeLost()]).toEqual([
      { messages: 3, bytes: 3 * PUB },
      NOTHING,
      NOTHING,
    ]);
    expect(unconfirmed.confirmed).toEqual({ messages: 1, bytes: PUB });
  });

  it("goes nowhere once more where nothing is kept", () => {
    const { unconfirmed, add, released } = scene("report");
    add(pub("a"));
    unconfirmed.withdraw(0, PUB);
    expect(unconfirmed.amount.messages).toBe(1);
    unconfirmed.confirm(unconfirmed.here);
    unconfirmed.clear();
    expect([unconfirmed.takeBack(), released]).toEqual([[], []]);
  });

  it("goes out once more where it is kept, in order, and is not handed over any more", () => {
    const { unconfirmed, add, released } = scene();
    expect(unconfirmed.keeps).toBe(true);
    add(pub("a"));
    unconfirmed.confirm(unconfirmed.here);
    add(pub("b"), pub("c"));
    add(LINE, pub("d"));
    const again = unconfirmed.takeBack();
    expect(again.map(textOf)).toEqual([`${pub("b")}${pub("c")}`, `${LINE}${pub("d")}`]);
    expect(again).toMatchObject([
      { position: PUB, messages: 2, isRepeated: true, next: null, chunk: { pending: 1 } },
      { position: 3 * PUB, messages: 1, isRepeated: true, next: null, chunk: { pending: 1 } },
    ]);
    expect([released.map(textOf), unconfirmed.amount]).toEqual([[pub("a")], NOTHING]);
    expect(unconfirmed.here).toEqual({ position: PUB, messages: 1, bytes: PUB });
    expect(unconfirmed.takeBack()).toEqual([]);
  });

  it("goes out without what was withdrawn, and memory of which nothing is left is let go", () => {
    const { unconfirmed, add, released } = scene();
    const first = add(pub("a"), pub("b"), pub("c"));
    const second = add(pub("d"));
    unconfirmed.withdraw(PUB, 2 * PUB);
    unconfirmed.withdraw(3 * PUB, 4 * PUB);
    const again = unconfirmed.takeBack();
    expect(again.map((piece) => [textOf(piece), piece.position, piece.messages])).toEqual([
      [pub("a"), 0, 1],
      [pub("c"), 2 * PUB, 1],
    ]);
    expect([released, first.chunk.pending, second.chunk.pending]).toEqual([[second], 2, 0]);
  });
});

describe("a message that is withdrawn", () => {
  it("is found in whichever segment it is, at its beginning and its end", () => {
    for (const withdrawn of [0, 1, 2, 3]) {
      const { unconfirmed, add } = scene();
      add(pub("a"), pub("b"));
      add(pub("c"), pub("d"));
      unconfirmed.withdraw(withdrawn * PUB, (withdrawn + 1) * PUB);
      const expected = ["a", "b", "c", "d"].map(pub).filter((_, i) => i !== withdrawn);
      expect(unconfirmed.takeBack().map(textOf).join("")).toBe(expected.join(""));
    }
  });

  it("a second time, after its place was left out of what was handed over, changes nothing", () => {
    const { unconfirmed, segment } = scene();
    const whole = segment(pub("a"), pub("b"), pub("c"));
    whole.gaps = [PUB, 2 * PUB];
    for (const piece of piecesOf(whole)) unconfirmed.add(piece);
    unconfirmed.withdraw(PUB, 2 * PUB);
    expect(unconfirmed.takeBack().map(textOf)).toEqual([pub("a"), pub("c")]);
  });

  it("leaves alone what is confirmed, and what no sink was handed", () => {
    const { unconfirmed, add } = scene();
    add(pub("a"), pub("b"));
    unconfirmed.confirm({ position: PUB, messages: 1, bytes: PUB });
    unconfirmed.withdraw(0, PUB);
    unconfirmed.withdraw(2 * PUB, 3 * PUB);
    expect(unconfirmed.takeBack().map(textOf)).toEqual([pub("b")]);
  });
});

describe("memory that is kept", () => {
  it("is let go as far as a mark goes: segment by segment, and of the one that it divides the rest stays", () => {
    const { unconfirmed, add, released } = scene();
    const first = add(pub("a"));
    const second = add(pub("b"));
    const third = add(pub("c"), LINE, pub("d"));
    unconfirmed.confirm({ position: 3 * PUB + LINE.length, messages: 3, bytes: 3 * PUB + LINE.length });
    expect(released).toEqual([first, second]);
    expect(third.chunk.pending).toBe(1);
    const [rest, ...others] = unconfirmed.takeBack();
    expect(others).toEqual([]);
    expect([rest && textOf(rest), rest?.messages, rest?.position]).toEqual([
      pub("d"),
      1,
      3 * PUB + LINE.length,
    ]);
  });

  it("is let go where a mark ends with a segment, and the next one stays as it is", () => {
    const { unconfirmed, add, released } = scene();
    const first = add(pub("a"));
    const second = add(pub("b"));
    unconfirmed.confirm({ position: PUB, messages: 1, bytes: PUB });
    expect([released, second.chunk.pending]).toEqual([[first], 1]);
    expect(unconfirmed.takeBack().map(textOf)).toEqual([pub("b")]);
  });

  it("is let go where all behind the mark was withdrawn, and else has as many pieces as are left", () => {
    const divided = (withdrawn: readonly number[]) => {
      const { unconfirmed, add, released } = scene();
      const { chunk } = add(pub("a"), pub("b"), pub("c"), pub("d"));
      for (const one of withdrawn) unconfirmed.withdraw(one * PUB, (one + 1) * PUB);
      unconfirmed.confirm({ position: PUB, messages: 1, bytes: PUB });
      const { pending } = chunk;
      return [pending, released.length, unconfirmed.takeBack().map(textOf)];
    };
    expect(divided([1, 2, 3])).toEqual([0, 1, []]);
    expect(divided([2])).toEqual([2, 0, [pub("b"), pub("d")]]);
    expect(divided([0])).toEqual([1, 0, [`${pub("b")}${pub("c")}${pub("d")}`]]);
    expect(divided([1])).toEqual([1, 0, [`${pub("c")}${pub("d")}`]]);
  });

  it("is all let go at the end", () => {
    const { unconfirmed, add } = scene();
    add(pub("a"));
    unconfirmed.clear();
    expect(unconfirmed.takeBack()).toEqual([]);
  });
});
