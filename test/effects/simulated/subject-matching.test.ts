import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { covers, isLiteral, isSubject, Sublist } from "../../../src/effects/simulated/subject-matching.js";

const subscriber = (subject: string, queue?: string) => ({ subject, queue });

/** Whether a message on `subject` is one on `pattern`, straight from the documentation of NATS. */
function matches(pattern: string, subject: string): boolean {
  const [wanted, given] = [pattern.split("."), subject.split(".")];
  const isOpen = wanted.at(-1) === ">";
  if (isOpen ? given.length < wanted.length : given.length !== wanted.length) return false;
  return wanted.every(
    (token, at) => token === "*" || token === given[at] || (isOpen && at === wanted.length - 1),
  );
}

const token = fc.constantFrom("a", "b", "c");
const literals = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join("."));
const patterns = fc
  .tuple(fc.array(fc.oneof(token, fc.constant("*")), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([tokens, isOpen]) => [...tokens, ...(isOpen ? [">"] : [])].join("."));

describe("the subscriptions of a model server", () => {
  it("finds the same as looking at each of them would", () => {
    const property = fc.property(fc.array(patterns), literals, (subjects, subject) => {
      const list = new Sublist<{ subject: string; queue: string | undefined }>();
      const all = subjects.map((pattern) => subscriber(pattern));
      for (const one of all) list.add(one);
      const expected = all.filter((one) => matches(one.subject, subject));
      const found = list.match(subject).plain;
      expect(found).toHaveLength(expected.length);
      expect(expected.filter((one) => !found.includes(one))).toEqual([]);
    });
    fc.assert(property);
  });

  it("finds those that are left when some are removed, in any order, and nobody when all are", () => {
    const all = ["a", "a.b", "*", "a.*", ">", "a.>", "b.*.c"].map((subject) => subscriber(subject));
    const property = fc.property(fc.shuffledSubarray(all), literals, (removed, subject) => {
      const list = new Sublist<{ subject: string; queue: string | undefined }>();
      for (const one of all) list.add(one);
      for (const one of removed) list.remove(one);
      const left = all.filter((one) => !removed.includes(one));
      const found = list.match(subject).plain;
      expect(list.size).toBe(left.length);
      expect(found.map((one) => one.subject).sort()).toEqual(
        left.flatMap((one) => (matches(one.subject, subject) ? one.subject : [])).sort(),
      );
    });
    fc.assert(property, { examples: [[all, "a.b"]] });
  });

  it("puts a queue group together from all subjects that it listens on", () => {
    const list = new Sublist<{ subject: string; queue: string | undefined }>();
    const members = [subscriber("a.b", "q"), subscriber("a.*", "q"), subscriber(">", "other")];
    for (const one of members) list.add(one);
    const { plain, groups } = list.match("a.b");
    expect(plain).toEqual([]);
    expect(groups.map((group) => group.length).sort()).toEqual([1, 2]);
  });

  it("says of a pattern that it covers another only where it covers all that the other matches", () => {
    fc.assert(
      fc.property(patterns, patterns, literals, (pattern, other, subject) => {
        const hasMissed = covers(pattern, other) && matches(other, subject) && !matches(pattern, subject);
        expect(hasMissed).toBe(false);
        expect(covers(pattern, subject)).toBe(matches(pattern, subject));
      }),
    );
  });

  it.each([
    [">", ">", true],
    [">", "a.>", true],
    [">", "*", true],
    ["*", ">", false],
    ["*", "*", true],
    ["*", "*.*", false],
    ["*.*", "*", false],
    ["a.>", "a", false],
    ["a.>", "a.*", true],
    ["a.>", "a.>", true],
    ["a.*", "a.>", false],
    ["a.*", "a.b.c", false],
    ["a.*.c", "a.b.c", true],
    ["a.*.c", "a.>", false],
    ["a.b", "a.*", false],
    ["a", "b", false],
  ])("says whether %s covers %s: %s", (pattern, subject, expected) => {
    expect(covers(pattern, subject)).toBe(expected);
  });

  it("gives what is published to a wildcard to subscriptions with wildcards alone, once", () => {
    const list = new Sublist<{ subject: string; queue: string | undefined }>();
    for (const subject of ["a.*", "a.>", "a.b", "*.b", ">"]) list.add(subscriber(subject));
    const found = (subject: string) => list.match(subject).plain.map((one) => one.subject);
    expect(found("a.*").sort()).toEqual([">", "a.*", "a.>"]);
    expect(found("a.>").sort()).toEqual([">", "a.*", "a.>"]);
  });

  it("gives nobody what is published to a subject with an empty token", () => {
    const list = new Sublist<{ subject: string; queue: string | undefined }>();
    for (const subject of [">", "a.>", "*.*.*", "*"]) list.add(subscriber(subject));
    expect(["a..b", "", ".", "a."].map((subject) => list.match(subject).plain)).toEqual([[], [], [], []]);
  });

  it("takes out nobody but the one that it is told, and no one who is not in", () => {
    const list = new Sublist<{ subject: string; queue: string | undefined }>();
    const [one, other] = [subscriber("a.b"), subscriber("a.b")];
    for (const given of [one, other]) list.add(given);
    for (const stranger of [subscriber("a.b"), subscriber("a"), subscriber("c.d"), subscriber("a.b.c")])
      list.remove(stranger);
    expect([list.size, list.match("a.b").plain]).toEqual([2, [one, other]]);
    list.remove(one);
    list.remove(one);
    expect([list.size, list.match("a.b").plain]).toEqual([1, [other]]);
  });

  it.each([
    ["a.b", true, true],
    ["a.*", true, false],
    ["a.>", true, false],
    ["a*", true, true],
    ["a..b", false, false],
    [">.a", false, false],
    ["", false, false],
  ])("knows what %s is", (subject, subscribable, literal) => {
    expect([isSubject(subject), isLiteral(subject)]).toEqual([subscribable, literal]);
  });
});
