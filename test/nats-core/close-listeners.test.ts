// Who is told that a connection is closed: once, whenever they began to listen, and whatever the others throw.

import { describe, expect, it } from "vitest";
import { CloseListeners } from "../../src/nats-core/close-listeners.js";
import { uncaughtIn } from "../harness/uncaught.js";

/** Listeners of a connection that ends when it is told to, and what they were told. */
function listening() {
  let end: (error: Error | undefined) => void = () => {};
  const closed = new Promise<Error | undefined>((resolve) => {
    end = resolve;
  });
  const listeners = new CloseListeners(closed);
  const told: unknown[] = [];
  const listener = (name: string) => ({
    connectionClosedCallback: (error: Error | undefined) => void told.push([name, error]),
  });
  /** Ends the connection; resolves when all have been told. */
  const close = async (error?: Error) => {
    end(error);
    await new Promise(setImmediate);
  };
  return { listeners, told, listener, close };
}

describe("listeners to the end of a connection", () => {
  it("are told once, with the error, in the order in which they came; but for those that were removed", async () => {
    const { listeners, told, listener, close } = listening();
    const gone = listener("removed");
    listeners.add(listener("first"));
    listeners.add(gone);
    listeners.add(listener("second"));
    listeners.remove(gone);
    const error = new Error("gone");
    await close(error);
    expect(told).toEqual([
      ["first", error],
      ["second", error],
    ]);
  });

  it("are told after the end, too, where they come late", async () => {
    const { listeners, told, listener, close } = listening();
    const error = new Error("gone");
    await close(error);
    listeners.add(listener("late"));
    expect(told).toEqual([]);
    await close();
    expect(told).toEqual([["late", error]]);
  });

  it("keep no other from being told by what they throw, which is an uncaught exception", async () => {
    const { listeners, told, listener, close } = listening();
    const thrown = new RangeError("of a listener");
    listeners.add({
      connectionClosedCallback: () => {
        throw thrown;
      },
    });
    listeners.add(listener("next"));
    expect(await uncaughtIn(() => close())).toEqual([thrown]);
    expect(told).toEqual([["next", undefined]]);
  });
});
