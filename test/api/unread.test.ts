// How it is said what a drain had not done.

import { expect, test } from "vitest";
import { notDone } from "../../src/api/unread.js";

const rule = "(a message counts until its reader takes the next one, or leaves)";
const of = (all: Readonly<Record<string, number>>) =>
  Object.entries(all).map(([subject, messages]) => ({ subject, messages }));

test.each([
  [{}, 0, ""],
  [{ a: 1 }, 0, `; 1 message was not processed ${rule}: 1 of "a"`],
  [{ a: 2 }, 0, `; 2 messages were not processed ${rule}: 2 of "a"`],
  [{ a: 1, b: 3 }, 0, `; 4 messages were not processed ${rule}: 3 of "b", 1 of "a"`],
  [
    { a: 1, b: 1, c: 1, d: 1 },
    0,
    `; 4 messages were not processed ${rule}: 1 of "a", 1 of "b", 1 of "c", and 1 of 1 more subscription`,
  ],
  [
    { a: 1, b: 1, c: 5, d: 1, e: 9 },
    0,
    `; 17 messages were not processed ${rule}: 9 of "e", 5 of "c", 1 of "a", and 2 of 2 more subscriptions`,
  ],
  [{}, 1, "; 1 request was not answered"],
  [{ a: 1 }, 2, `; 1 message was not processed ${rule}: 1 of "a"; 2 requests were not answered`],
])("%j, and %i requests", (unread, requests, words) => {
  expect(notDone(of(unread), requests)).toBe(words);
});

test("a subject is cut where it is long, and stays on its line", () => {
  expect(notDone(of({ ['"\n']: 1 }), 0)).toMatch(/1 of "\\"\\n"$/);
  expect(notDone(of({ ["x".repeat(100)]: 1 }), 0)).toMatch(/1 of "x{100}"$/);
  expect(notDone(of({ ["x".repeat(101)]: 1 }), 0)).toMatch(/1 of "x{100}…"$/);
});
