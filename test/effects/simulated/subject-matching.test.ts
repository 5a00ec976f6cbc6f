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
      expect(new Set(list.match(subject).plain)).toEqual(new Set(expected));
    });
    fc.assert(property);
  });

  it("is empty again when all are removed, in any order", () => {
    const property = fc.property(
      fc.shuffledSubarray(["a", "a.b", "*", "a.*", ">", "a.>", "b.*.c"]),
      (subjects) => {
        const list = new Sublist<{ subject: string; queue: string | undefined }>();
        const all = ["a", "a.b", "*", "a.*", ">", "a.>", "b.*.c"].map((subject) => subscriber(subject));
        for (const one of all) list.add(one);
        for (const subject of subjects)
          list.remove(all.find((one) => one.subject === subject) ?? subscriber(""));
        expect(list.size).toBe(all.length - subjects.length);
      },
    );
    fc.assert(property);
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
        if (covers(pattern, other) && matches(other, subject)) expect(matches(pattern, subject)).toBe(true);
        expect(covers(pattern, subject)).toBe(matches(pattern, subject));
      }),
    );
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
