// Inspecting costs nothing where nobody asked for it: no observer is given to XState, and nothing wraps one.

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { connect as Connect } from "../../src/index.js";
import { fakeServer, info } from "../harness/fake-server.js";

const created: (object | undefined)[] = [];
let wrapped = 0;
let connect: typeof Connect;

// Other files have loaded the client in this process, as it is: it is loaded anew, with what tells, and so after this.
beforeAll(async () => {
  vi.resetModules();
  vi.doMock("xstate", async (original) => {
    const xstate = await original<typeof import("xstate")>();
    const createActor = (logic: never, options: never) => {
      created.push(options);
      return xstate.createActor(logic, options);
    };
    return { ...xstate, createActor };
  });
  vi.doMock("../../src/api/inspection.js", async (original) => {
    const { inspection } = await original<typeof import("../../src/api/inspection.js")>();
    return {
      inspection: (...args: Parameters<typeof inspection>) => {
        wrapped++;
        return inspection(...args);
      },
    };
  });
  ({ connect } = await import("../../src/index.js"));
});

afterAll(() => {
  vi.doUnmock("xstate");
  vi.doUnmock("../../src/api/inspection.js");
  vi.resetModules();
});

afterEach(() => {
  created.length = 0;
  wrapped = 0;
});

/** Connects to a server that greets, answers PING, and sends `count` messages. */
async function exchange(
  count: number,
  inspect?: (event: { readonly type: string }) => void,
): Promise<number> {
  const server = await fakeServer((socket) => {
    socket.write(info());
    socket.on("data", (data) => {
      for (const [command] of String(data).matchAll(/PING\r\n|SUB many 1\r\n/g)) {
        socket.write(command === "PING\r\n" ? "PONG\r\n" : "MSG many 1 2\r\nhi\r\n".repeat(count));
      }
    });
  });
  const nc = await connect({ port: server.port, ...(inspect === undefined ? {} : { inspect }) });
  let received = 0;
  const all = new Promise<void>((resolve) => {
    nc.subscribe("many", { callback: () => ++received === count && resolve() });
  });
  await all;
  await nc.close();
  await server.close();
  return received;
}

describe("the cost of inspecting", () => {
  it("is nothing where connect has no inspect: the chart runs without an observer", async () => {
    expect(await exchange(1)).toBe(1);
    expect(created.length).toBe(1);
    expect(Object.keys(created[0] ?? {})).toEqual(["input"]);
    expect(wrapped).toBe(0);
  });

  it("is one observer where it has, which 100,000 messages do not reach", async () => {
    const told: string[] = [];
    expect(await exchange(1, ({ type }) => void told.push(type))).toBe(1);
    const few = told.splice(0);
    expect(await exchange(100_000, ({ type }) => void told.push(type))).toBe(100_000);
    expect(told).toEqual(few);
    expect(few.length).toBeGreaterThan(20);
    expect(created.map((options) => Object.keys(options ?? {}))).toEqual([
      ["input", "inspect", "id"],
      ["input", "inspect", "id"],
    ]);
    expect(wrapped).toBe(2);
  });
});
