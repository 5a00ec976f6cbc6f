// JSON as it is printed: the same value, harmless on any terminal, and no more of others' texts than has a place there.

import { describe, expect, it } from "vitest";
import { cutToPrint, jsonOfList, MOST_ENTRIES, MOST_TEXT, toJson } from "../../src/cli/json.js";
import { steering, steers } from "./steering.js";

describe("JSON that is printed", () => {
  const text = `${steering}\u0000\u001f\u200e\u2029\u202a\u2069 \ud800 Grüße 世界`;

  it("has no character that steers a terminal or turns text around, and is the same value", () => {
    const value = { [text]: [text, { n: 1, nothing: null }] };
    const json = toJson(value);
    expect(steers(json)).toBe(false);
    expect(json).toContain("\\u009b2J");
    expect(json).toContain("\\u202e");
    expect(json).toContain("Grüße 世界");
    expect(JSON.parse(json)).toEqual(value);
    expect(json).toContain('\n  "');
  });

  it("has the items of a list as they would be all at once", () => {
    for (const items of [[], [1], [{ a: [1, {}] }, "x\ny", null]])
      expect(JSON.parse([...jsonOfList("items", items)].join("\n"))).toEqual({ version: 1, items });
    const items = [{ a: [1, { b: "\u202e" }] }, { c: null }];
    expect([...jsonOfList("items", items)].join("\n")).toBe(toJson({ version: 1, items }));
  });

  it("has each item of a list as soon as the next is known, and asks for none before", () => {
    const asked: number[] = [];
    function* items() {
      for (const n of [1, 2]) {
        asked.push(n);
        yield n;
      }
    }
    const lines = jsonOfList("items", items());
    expect([lines.next().value, asked]).toEqual(['{\n  "version": 1,\n  "items": [', [1]]);
    expect([lines.next().value, asked]).toEqual(["    1,", [1, 2]]);
    expect([...lines]).toEqual(["    2", "  ]\n}"]);
  });
});

describe("what others wrote", () => {
  it("is left as it is where it is not too long", () => {
    const details = {
      ms: 1,
      name: "x".repeat(MOST_TEXT),
      urls: Array.from({ length: MOST_ENTRIES }, () => "a:1"),
      none: null,
    };
    expect(cutToPrint(details)).toEqual(details);
    expect(cutToPrint(details)).not.toHaveProperty("cut");
  });

  it("is cut where it is, and says by its place how long it was", () => {
    const details = {
      name: "x".repeat(900_000),
      certificate: { names: "y".repeat(MOST_TEXT + 1), subject: "CN=a" },
      urls: ["z".repeat(9_000), ...Array.from({ length: 5_000 }, () => "a:1")],
    };
    expect(cutToPrint({ urls: details.urls.slice(0, MOST_ENTRIES + 1) }).cut).toEqual({
      urls: MOST_ENTRIES + 1,
      "urls[0]": 9_000,
    });
    const { cut, ...shown } = cutToPrint(details);
    expect(cut).toEqual({ name: 900_000, "certificate.names": MOST_TEXT + 1, urls: 5_001, "urls[0]": 9_000 });
    expect(shown.name).toBe("x".repeat(MOST_TEXT));
    expect(shown.certificate).toEqual({ names: "y".repeat(MOST_TEXT), subject: "CN=a" });
    expect(shown.urls).toEqual([
      "z".repeat(MOST_TEXT),
      ...Array.from({ length: MOST_ENTRIES - 1 }, () => "a:1"),
    ]);
  });
});
