// `instanceof` across copies of this package: a program may have the ESM one beside the CommonJS one, or two versions. What a class
// of one copy made is an instance of the same class in all of them.

/** What the instances of the class of that name have, in all copies. */
export const markOf = (name: string): symbol => Symbol.for(`nats-statechart:${name}`);

type Class = abstract new (...given: never[]) => object;

/**
 * Marks the instances of a class, so that `instanceof` of every copy knows them.
 * @param name its name, the same in all copies
 */
export function brand(own: Class, name: string): void {
  const mark = markOf(name);
  // That of every class which has none of its own.
  const ordinary = Object[Symbol.hasInstance];
  Object.defineProperty(own.prototype, mark, { value: true });
  Object.defineProperty(own, Symbol.hasInstance, {
    configurable: true,
    writable: true,
    // A class of the user's that extends it inherits this: of that one there is no other copy.
    value(this: unknown, value: unknown): boolean {
      return this === own
        ? typeof value === "object" && value !== null && mark in value
        : ordinary.call(this as never, value);
    },
  });
}
