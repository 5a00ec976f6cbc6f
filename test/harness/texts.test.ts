// The search for secrets finds a text wherever it is: a test that finds nothing proves something only then.

import { expect, it } from "vitest";
import { textsIn } from "./texts.js";

const circle: Record<string, unknown> = {};
circle["circle"] = circle;
circle["deep"] = [{ hidden: "s3cret" }];

it.each<[string, unknown]>([
  ["a value", { a: [["s3cret"]] }],
  ["a name", { s3cret: 1 }],
  ["the message of an error", new Error("the password is s3cret")],
  ["a later line of an error", new Error("wrong:\nit is s3cret")],
  ["the stack of an error", Object.assign(new Error("wrong"), { stack: "Error: wrong\n    at s3cret" })],
  ["a cause of a cause", new Error("a", { cause: new Error("b", { cause: "s3cret" }) })],
  ["one of several errors", new AggregateError([new Error("s3cret")])],
  ["a property that is not enumerable", Object.defineProperty({}, "a", { value: "s3cret" })],
  [
    "a getter",
    {
      get a() {
        return "s3cret";
      },
    },
  ],
  [
    "what a getter throws",
    {
      get a() {
        throw new Error("s3cret");
      },
    },
  ],
  ["a Map", new Map([["a", new Set(["s3cret"])]])],
  ["bytes", { data: new TextEncoder().encode("a s3cret b") }],
  ["a circle", circle],
])("a secret in %s is found", (_where, value) => {
  expect(textsIn(value).filter((text) => text.includes("s3cret"))).not.toEqual([]);
});

it("nothing is found where it is not", () => {
  const texts = textsIn({ a: [1, null, undefined, true], b: "text" });
  expect(texts).toEqual(expect.arrayContaining(["a", "1", "b", "text"]));
  expect(texts.filter((text) => text.includes("s3cret"))).toEqual([]);
});
