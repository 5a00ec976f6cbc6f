import { describe, expect, it } from "vitest";
import { account, asRanges, type Ledger, objections } from "../../bench/accounting/account.js";
import { type Episode, episodes, inWords } from "../../bench/accounting/faults.js";

/** What a ledger has besides ten accepted messages, and how often those came that did not come once. */
type Given = Partial<Ledger> & { readonly times?: Readonly<Record<number, number>> };
type Case = readonly [what: string, given: Given, objection: string];

/** Ten accepted messages, numbered from 100 on, that came once each; but for what is given. */
function ledger(given: Given): Ledger {
  const { times = {}, ...rest } = given;
  const accepted = Array.from({ length: 10 }, (_, place) => 100 + place);
  return { accepted, refused: 0, told: [], timesSeen: (number) => times[number] ?? 1, ...rest };
}

describe("the account of a publisher", () => {
  it("counts what came, what did not, and what was told of it", () => {
    const drawnUp = account(ledger({ refused: 2, told: [[3, 6]], times: { 103: 0, 104: 0, 107: 2 } }));
    expect(drawnUp).toEqual({
      published: 10,
      refused: 2,
      delivered: 8,
      lost: 2,
      told: 3,
      toldAndDelivered: 1,
      toldAgain: 0,
      doubled: 1,
      silentlyLost: [],
      silentlyDoubled: [7],
    });
  });

  it("has nothing against a loss that was told, or against what was told and came", () => {
    expect(objections(account(ledger({ told: [[3, 6]], times: { 104: 0 } })), "report")).toEqual([]);
  });

  it("has nothing against one that came twice and was told, where it was sent again", () => {
    expect(objections(account(ledger({ told: [[3, 6]], times: { 104: 2 } })), "resend")).toEqual([]);
  });

  const overlapping: Given["told"] = [
    [3, 6],
    [5, 7],
  ];

  it.each([
    ["a loss beside those that were told", { told: [[3, 6]], times: { 106: 0 } }, "1 were lost and not told"],
    ["one that came twice", { told: [[3, 6]], times: { 104: 2 } }, "1 came twice"],
    ["one that was told twice", { told: overlapping }, "1 were told twice"],
  ] satisfies Case[])("objects to %s", (_, given, objection) => {
    expect(objections(account(ledger(given)), "report")).toEqual([objection]);
  });

  it.each([
    ["a loss, though it was told", { told: [[3, 6]], times: { 104: 0 } }, "1 were lost"],
    ["one that came twice and was not told", { times: { 104: 2 } }, "1 came twice and were not told"],
  ] satisfies Case[])("objects to %s, where it should have been sent again", (_, given, objection) => {
    expect(objections(account(ledger(given)), "resend")).toEqual([objection]);
  });

  it("names numbers as ranges", () => {
    expect(asRanges([1, 3, 4, 5, 9, 10])).toBe("1, 3-5, 9-10");
  });
});

describe("the faults of a run", () => {
  const first = (count: number, seed: number): Episode[] => {
    const drawn = episodes(seed);
    return Array.from({ length: count }, () => drawn.next().value);
  };

  it("are the same for the same seed, and others for another", () => {
    expect(first(20, 1)).toEqual(first(20, 1));
    expect(first(20, 1)).not.toEqual(first(20, 2));
  });

  it("are of every kind within a run of ten minutes", () => {
    const drawn = first(100, 1).flatMap(({ fault, beside }) => (beside ? [fault, beside.fault] : [fault]));
    const kinds = new Set(drawn.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(["cut", "flap", "half-open", "kill", "lame duck", "outage", "stop"]);
    expect(new Set(drawn.map(inWords)).size).toBeGreaterThan(50);
  });
});
