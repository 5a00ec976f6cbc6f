import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AwaitingTable } from "../../src/api/awaiting-table.js";

describe("a table of those who wait", () => {
  it("knows who waits for a number, until they wait no more", () => {
    const table = new AwaitingTable<string>();
    const [a, b] = [table.add("a"), table.add("b")];
    expect([table.get(a), table.get(b), table.size]).toEqual(["a", "b", 2]);
    table.delete(a);
    expect([table.get(a), table.get(b), table.size]).toEqual([undefined, "b", 1]);
    table.delete(a);
    expect([table.get(b), table.size]).toEqual(["b", 1]);
  });

  it.each([Number.NaN, 0, -1, 1.5, 2 ** 32 + 1, Number.POSITIVE_INFINITY])(
    "knows nobody by the number %s",
    (number) => {
      const table = new AwaitingTable<string>();
      table.add("a");
      expect(table.get(number)).toBeUndefined();
      table.delete(number);
      expect(table.size).toBe(1);
    },
  );

  it("gives no number twice, whoever waits how long", () => {
    const table = new AwaitingTable<number>();
    const seen = new Set<number>();
    const kept = Array.from({ length: 100 }, (_, i) => table.add(i));
    for (let i = 0; i < 10_000; i++) {
      const number = table.add(i);
      expect(seen.has(number) || kept.includes(number)).toBe(false);
      seen.add(number);
      table.delete(number);
    }
    expect(kept.map((number) => table.get(number))).toEqual(kept.map((_, i) => i));
  });

  it("does what a Map does, with any number of them, in any order", () => {
    const actions = fc.array(
      fc.oneof(
        { weight: 3, arbitrary: fc.record({ add: fc.integer({ min: 1, max: 400 }) }) },
        { weight: 2, arbitrary: fc.record({ remove: fc.integer({ min: 1, max: 400 }), from: fc.nat() }) },
        { weight: 1, arbitrary: fc.record({ removeAll: fc.constant(true) }) },
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(actions, (all) => {
        const table = new AwaitingTable<number>();
        const model = new Map<number, number>();
        let added = 0;
        const remove = (number: number) => {
          table.delete(number);
          model.delete(number);
        };
        for (const action of all) {
          if ("add" in action) {
            for (let i = 0; i < action.add; i++) {
              const one = ++added;
              const number = table.add(one);
              if (model.has(number)) throw new Error(`${number} was given twice`);
              model.set(number, one);
            }
          } else if ("remove" in action) {
            const numbers = [...model.keys()];
            const start = numbers.length === 0 ? 0 : action.from % numbers.length;
            for (const number of numbers.slice(start, start + action.remove)) remove(number);
          } else {
            for (const number of [...model.keys()]) remove(number);
          }
          expect(table.size).toBe(model.size);
          const inOrder = (all: Iterable<number>) => [...all].sort((a, b) => a - b);
          expect(inOrder(table.values())).toEqual(inOrder(model.values()));
          expect([...model].filter(([number, one]) => table.get(number) !== one)).toEqual([]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("holds many at once, and is small again when nobody waits", () => {
    const table = new AwaitingTable<number>();
    const numbers = Array.from({ length: 20_000 }, (_, i) => table.add(i));
    expect(table.size).toBe(20_000);
    expect(numbers.every((number, i) => table.get(number) === i)).toBe(true);
    for (const number of numbers) table.delete(number);
    expect([table.size, table.values()]).toEqual([0, []]);
    expect(table.get(table.add(7))).toBe(7);
  });
});
