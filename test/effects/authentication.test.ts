// Authenticators that take their time: one call in flight, a signal for each, and answers that nobody waits for any more.

import { expect, it, vi } from "vitest";
import { Authentication } from "../../src/effects/authentication.js";
import type { Credentials } from "../../src/effects/connect-command.js";
import type { Destination } from "../../src/machine/origin.js";
import { reaching, serversOf } from "../machine/servers.js";

const a = reaching(serversOf("a"), "a:4222");
const b = reaching(serversOf("b"), "b:4222");
const c = reaching(serversOf("c"), "c:4222");

/** An authenticator whose calls a test answers. */
function asked() {
  const calls: {
    readonly server: Destination;
    readonly nonce: string | undefined;
    readonly signal: AbortSignal;
    readonly answer: (credentials: Credentials) => void;
    readonly fail: (error: unknown) => void;
  }[] = [];
  const authentication = new Authentication(
    (server, nonce, signal) =>
      new Promise<Credentials>((answer, fail) => {
        calls.push({ server, nonce, signal, answer, fail });
      }),
  );
  return { authentication, calls };
}

/** What becomes of a promise, to be looked at without waiting for it. */
function outcome(promise: unknown): unknown[] {
  const seen: unknown[] = [];
  Promise.resolve(promise).then(
    (value) => seen.push(value),
    (error: unknown) => seen.push(error),
  );
  return seen;
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

it("an answer that comes at once is given at once", () => {
  const authenticate = vi.fn(() => ({ user: "u" }));
  const authentication = new Authentication(authenticate);
  expect(authentication.credentials(1, a, "nonce")).toEqual({ user: "u" });
  expect(authenticate).toHaveBeenCalledWith(a, "nonce", expect.any(AbortSignal));
  expect(authentication.unanswered(1, 9)).toBeUndefined();
});

it("what it throws at once is thrown at once", () => {
  const authentication = new Authentication(() => {
    throw new Error("no");
  });
  expect(() => authentication.credentials(1, a, undefined)).toThrow("no");
  expect(authentication.unanswered(1, 9)).toBeUndefined();
});

it("a promise is waited for, and its signal is not aborted when the attempt ends well or badly later", async () => {
  const { authentication, calls } = asked();
  const seen = outcome(authentication.credentials(1, a, "nonce"));
  expect(authentication.unanswered(1, 9)?.message).toContain("the authenticator did not answer within 9 ms");
  calls[0]?.answer({ user: "u" });
  await settled();
  expect(seen).toEqual([{ user: "u" }]);
  expect(authentication.unanswered(1, 9)).toBeUndefined();
  authentication.end(1);
  expect(calls[0]?.signal.aborted).toBe(false);
});

it("the call of an attempt that is over is told so, and the next one begins when it has settled", async () => {
  const { authentication, calls } = asked();
  const first = outcome(authentication.credentials(1, a, "one"));
  expect(calls[0]?.signal.aborted).toBe(false);
  authentication.end(1);
  expect(calls[0]?.signal.aborted).toBe(true);
  const second = outcome(authentication.credentials(2, b, "two"));
  await settled();
  expect(calls).toHaveLength(1);
  expect(authentication.unanswered(2, 9)?.message).toContain("the call of an earlier attempt within 9 ms");
  calls[0]?.answer({ user: "late" });
  await settled();
  expect(first).toEqual([{ user: "late" }]);
  expect(calls).toHaveLength(2);
  expect(calls[1]).toMatchObject({ server: b, nonce: "two" });
  expect(calls[1]?.signal.aborted).toBe(false);
  expect(authentication.unanswered(2, 9)?.message).toContain("the authenticator did not answer within 9 ms");
  calls[1]?.answer({ user: "second" });
  await settled();
  expect(second).toEqual([{ user: "second" }]);
});

it("an earlier call that fails is one that has settled", async () => {
  const { authentication, calls } = asked();
  const first = outcome(authentication.credentials(1, a, undefined));
  authentication.end(1);
  const second = outcome(authentication.credentials(2, b, undefined));
  calls[0]?.fail(new Error("aborted"));
  await settled();
  expect(first).toEqual([expect.objectContaining({ message: "aborted" })]);
  calls[1]?.answer({ user: "second" });
  await settled();
  expect(second).toEqual([{ user: "second" }]);
});

it("of several attempts that wait for an earlier call, only the one that is not over makes its own", async () => {
  const { authentication, calls } = asked();
  outcome(authentication.credentials(1, a, undefined));
  authentication.end(1);
  const second = outcome(authentication.credentials(2, b, undefined));
  authentication.end(2);
  const third = outcome(authentication.credentials(3, c, undefined));
  calls[0]?.fail(new Error("aborted"));
  await settled();
  expect(second).toEqual([expect.objectContaining({ name: "AbortError" })]);
  expect(calls.map(({ server }) => server)).toEqual([a, c]);
  calls[1]?.answer({ user: "third" });
  await settled();
  expect(third).toEqual([{ user: "third" }]);
  expect(authentication.unanswered(3, 9)).toBeUndefined();
});

it("when all ends, every call is told so", () => {
  const { authentication, calls } = asked();
  outcome(authentication.credentials(1, a, undefined));
  outcome(authentication.credentials(2, b, undefined));
  authentication.endAll();
  expect(calls.map(({ signal }) => signal.aborted)).toEqual([true]);
  expect([authentication.unanswered(1, 9), authentication.unanswered(2, 9)]).toEqual([undefined, undefined]);
});
