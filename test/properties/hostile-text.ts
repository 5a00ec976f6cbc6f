// Strings of the worst kind that a user can hand over, as an arbitrary, and which of them NATS allows where. For the tests
// in which every string is sent: no protocol line may come of one.

import fc from "fast-check";

/** Text, never empty (that often means: none), that would like to be more than one argument, more than one line, or no UTF-8. */
export const text = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.string({ unit: fc.constantFrom(..."ab.*>é😀-_$"), minLength: 1, maxLength: 12 }),
  },
  {
    weight: 3,
    arbitrary: fc
      .array(
        fc.constantFrom(
          ...["a", "b.c", ".", "*", ">", " ", "\t", "\r", "\n", "\r\n", "\0", "\x01", "\x1f", "\x7f"],
          ...[
            "\x80",
            "\x85",
            "\xa0",
            "\u2028",
            "\ufeff",
            "\ufffd",
            "\ud800",
            "\udfff",
            "é",
            "😀",
            '"',
            "\\",
            ":",
          ],
          ...["PUB evil 0\r\n\r\n", "\r\nSUB > 1\r\n", " 0\r\n\r\nPING\r\n", "\r\n\r\n", "CONNECT {}"],
        ),
        { minLength: 1, maxLength: 6 },
      )
      .map((parts) => parts.join("")),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 8 }) },
  // Around the lengths at which the encoder changes its ways.
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 20, max: 30 }), fc.constantFrom("", "é", " ", "\r\n", "\ud800", "."))
      .map(([length, end]) => "x".repeat(length) + end),
  },
);

// What NATS allows, said once more and in another way than in src.

/** Whether a text is the same after a way through UTF-8. */
export const isUtf8 = (name: string) => Buffer.from(name).toString() === name;
/** Whether it can be one argument of a command: a queue, for example. */
export const isOneArgument = (name: string) =>
  name !== "" && isUtf8(name) && [...name].every((character) => character > " " && character !== "\x7f");
/** Whether one can publish to it. */
export const isSubject = (name: string) =>
  isOneArgument(name) && name.split(".").every((token) => token !== "");
/** Whether one can subscribe to it. */
export const isPattern = (name: string) => isSubject(name) && !name.split(".").slice(0, -1).includes(">");
/** Whether inboxes can begin with it. */
export const isPrefix = (name: string) =>
  isSubject(name) && !name.split(".").some((token) => token === "*" || token === ">");
/** Whether it can be the key of a header. */
export const isKey = (key: string) =>
  key !== "" && [...key].every((character) => character > " " && character < "\x7f" && character !== ":");
/** Whether it can be the value of a header. */
export const isValue = (value: string) => !/[\r\n]/.test(value);
/** What arrives of a text that need not be UTF-8. */
export const arriving = (given: string) => Buffer.from(given).toString();
