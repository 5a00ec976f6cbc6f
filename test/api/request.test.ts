// When a request goes out, whose answers it takes, and from where it is told to have been made. What becomes of
// requests: ../integration/request.test.ts.

import { describe, expect, it } from "vitest";
import { ErrorCode, NatsError } from "../../src/api/errors.js";
import { type Msg, MsgImpl, type Receiver } from "../../src/api/msg.js";
import { Mux } from "../../src/api/mux.js";
import { type RequestOptions, request } from "../../src/api/request.js";
import {
  MOST_WAITING,
  type RequestManyOptions,
  RequestStrategy,
  requestMany,
} from "../../src/api/request-many.js";
import type { Requester } from "../../src/api/requester.js";
import { Secrets } from "../../src/api/secrets.js";
import type { Subscription, SubscriptionOptions } from "../../src/api/subscription.js";
import { Received } from "../../src/effects/wire/bytes.js";
import type { World } from "../../src/effects/world.js";

/** A message on that subject, with a payload that says of itself that it has so many bytes. */
function messageOn(subject: string, size: number): Msg {
  const bytes = new TextEncoder().encode(subject);
  const end = bytes.length;
  return new MsgImpl({ sid: 1 } as Receiver, new Received(bytes), 0, end, 0, end, end, end + size);
}

/** A connection as requests see it: it writes down what they ask of it, in order. */
function scene({ asyncTraces = true, hasDeferred = false } = {}) {
  const done: string[] = [];
  const replies: string[] = [];
  const timers: (() => void)[] = [];
  const stopped: object[] = [];
  const subscribed: string[] = [];
  let answer: SubscriptionOptions["callback"];
  let refusal: NatsError | undefined;
  let meanwhile = () => {};
  const requester: Requester = {
    world: {
      startTimer: (_ms: number, fired: () => void) => timers.push(fired),
      stopTimer: (timer: object) => void stopped.push(timer),
      hasDeferred,
    } as unknown as World,
    secrets: new Secrets((bytes) => void crypto.getRandomValues(bytes)),
    inboxPrefix: "",
    resends: false,
    asyncTraces,
    publish: (subject, _payload, { reply }) => {
      meanwhile();
      if (refusal !== undefined) throw refusal;
      replies.push(reply as string);
      done.push(`publish ${subject}`);
    },
    handOver: () => void done.push("hand over"),
    position: () => 10 * done.length,
    withdraw: (start, end) => void done.push(`withdraw ${start} to ${end}`),
    whereabouts: () => ({ type: "sent", server: "here:4222" }),
    subscribe: (subject, { callback }) => {
      subscribed.push(subject);
      answer = callback;
      let end = () => {};
      const closed = new Promise<void>((resolve) => {
        end = resolve;
      });
      return { closed, unsubscribe: () => end() } as Subscription;
    },
  };
  const mux = new Mux(requester);
  return {
    mux,
    done: () => done.splice(0),
    ask: (subject: string, opts: RequestOptions = {}) => request(requester, mux, subject, "", opts),
    /** The timers of what was asked fire. */
    expire: () => {
      for (const fired of timers.splice(0)) fired();
    },
    /** The subjects that were subscribed to. */
    subscribed,
    /** The reply subjects of what was asked. */
    replies,
    askMany: (subject: string, opts: Partial<RequestManyOptions>) =>
      requestMany(requester, mux, subject, "", opts),
    answer: (subject: string, bytes = 0) => answer?.(null, messageOn(subject, bytes)),
    refuse: (error: NatsError) => {
      refusal = error;
    },
    /** Done while something is published. */
    meanwhile: (run: () => void) => {
      meanwhile = run;
    },
    running: () => timers.length - stopped.length,
  };
}

describe("a request for many answers", () => {
  it.each([RequestStrategy.Timer, RequestStrategy.JitterTimer])(
    "is ended where more answers wait than may: those that wait can be read, then the error says what to do (%s)",
    async (strategy) => {
      const { askMany, answer, replies, running } = scene();
      const answers = askMany("a", { strategy });
      for (let n = 0; n < 10; n++) answer(replies[0] as string, MOST_WAITING / 4);
      const seen: Msg[] = [];
      const read = async () => {
        for await (const msg of answers) seen.push(msg);
      };
      await expect(read()).rejects.toMatchObject({
        code: ErrorCode.RequestError,
        message: expect.stringMatching(/"a" was ended: more than 268435456 bytes of answers.*maxMessages/),
      });
      expect([seen.length, running()]).toEqual([3, 0]);
    },
  );
});

describe("a request", () => {
  it("that is alone is handed over at once, so that the server works while the rest is done", () => {
    const { ask, done } = scene();
    void ask("a");
    expect(done()).toEqual(["publish a", "hand over"]);
  });

  it("beside others waits for the end of the turn, and shares a write with them", async () => {
    const { ask, answer, done, replies, subscribed } = scene();
    const all = [ask("a"), ask("b"), ask("c")];
    expect(subscribed).toHaveLength(1);
    expect(done()).toEqual(["publish a", "hand over", "publish b", "publish c"]);
    for (const reply of replies) answer(reply);
    await Promise.all(all);
    void ask("d");
    expect(done()).toEqual(["publish d", "hand over"]);
  });

  it("does not overtake what another connection of the process has still to send", () => {
    const { ask, done } = scene({ hasDeferred: true });
    void ask("a");
    expect(done()).toEqual(["publish a"]);
  });

  it("is not answered by who was asked something else, and counts on from there", async () => {
    const { ask, answer, replies } = scene();
    const [first, second] = [ask("a"), ask("b")];
    const [asked = "", other = ""] = replies;
    const token = (reply: string) => reply.slice(reply.lastIndexOf(".") + 1);
    const counted = token(asked).replace(/1$/, "2");
    expect(token(other)).toMatch(/^\w{8}2$/);
    for (const forged of [
      counted,
      "2",
      "000000002",
      `${token(other)}0`,
      `0${token(other)}`,
      // By the digits' rule it is the same number.
      `${token(asked)}'`,
      token(other).slice(1),
    ]) {
      answer(asked.replace(token(asked), forged));
    }
    answer(other);
    expect((await second).subject).toBe(other);
    answer(asked);
    expect((await first).subject).toBe(asked);
  });

  it("is answered among many that are on their way, in any order", async () => {
    const { ask, answer, replies } = scene();
    const all = Array.from({ length: 120 }, () => ask("a"));
    const asked = [...replies];
    for (const reply of replies.reverse()) answer(reply);
    expect((await Promise.all(all)).map(({ subject }) => subject)).toEqual(asked);
  });

  it.each([false, true])(
    "that is settled is none that is under way, once for all (noMux: %s)",
    async (noMux) => {
      const { ask, answer, replies, mux } = scene();
      const asked = ask("a", { noMux });
      answer(replies[0] as string);
      await asked;
      // The end of its inbox.
      await new Promise(setImmediate);
      mux.close();
      expect(mux.underWay).toBe(0);
    },
  );

  it("has a secret that is never used again", () => {
    const { ask, replies } = scene();
    for (let i = 0; i < 10_000; i++) void ask("a");
    expect(new Set(replies.map((reply) => reply.slice(0, reply.lastIndexOf(".") + 9))).size).toBe(10_000);
  });

  it("that is given up is taken back, and one that is answered is not", async () => {
    const { ask, answer, done, expire, replies } = scene();
    const abort = new AbortController();
    const all = Promise.allSettled([ask("a"), ask("b"), ask("c", { signal: abort.signal })]);
    answer(replies[0] as string);
    done();
    abort.abort();
    expect(done()).toEqual(["withdraw 30 to 40"]);
    expire();
    expect(done()).toEqual(["withdraw 20 to 30"]);
    expect((await all).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
  });

  it("that the server does not permit is taken back, if no socket has it", async () => {
    const { ask, done, mux } = scene();
    const asked = ask("a");
    done();
    const denied = { operation: "publish", subject: "a" } as const;
    mux.refuse(denied, new NatsError("denied", ErrorCode.PermissionsViolation));
    expect(done()).toEqual(["withdraw 0 to 10"]);
    await expect(asked).rejects.toMatchObject({ code: ErrorCode.PermissionsViolation });
  });

  it.each([
    ["aborted", (abort: AbortController) => abort.abort(), ErrorCode.Cancelled],
    [
      "closed",
      (_abort: AbortController, { mux }: ReturnType<typeof scene>) => mux.close(),
      "CONNECTION_CLOSED",
    ],
  ])("that is %s while it is published is taken back, and no timer is started", async (_how, end, code) => {
    const the = scene();
    const abort = new AbortController();
    the.meanwhile(() => end(abort, the));
    await expect(the.ask("a", { signal: abort.signal })).rejects.toMatchObject({ code });
    expect(the.done()).toEqual(["publish a", "withdraw 0 to 10"]);
    expect([the.running(), the.mux.underWay]).toEqual([0, 0]);
  });

  it("that is aborted while its publish is refused is settled once", async () => {
    const the = scene();
    const abort = new AbortController();
    the.meanwhile(() => abort.abort());
    the.refuse(new NatsError("refused", ErrorCode.BadSubject));
    await expect(the.ask("a", { signal: abort.signal })).rejects.toMatchObject({ code: ErrorCode.Cancelled });
    expect([the.running(), the.mux.underWay]).toEqual([0, 0]);
  });

  it("that cannot be published is not handed over, and says where it was made", async () => {
    const { ask, done, refuse, mux } = scene();
    refuse(new NatsError("refused", ErrorCode.BadSubject));
    async function askedFromHere(): Promise<Msg> {
      return await ask("a");
    }
    const error = await askedFromHere().catch((reason: NatsError) => reason);
    expect(error).toMatchObject({
      code: ErrorCode.BadSubject,
      stack: expect.stringContaining("askedFromHere"),
    });
    expect([done(), mux.underWay]).toEqual([[], 0]);
  });

  it("that fails later says where it was made, also where nobody awaits it there", async () => {
    for (const asyncTraces of [true, false]) {
      const { ask, mux } = scene({ asyncTraces });
      const askedFromHere = () => ask("a");
      const asked = askedFromHere();
      mux.close();
      const { stack } = (await asked.catch((reason: NatsError) => reason)) as NatsError;
      const tells = [/^Error: request made$/m, /askedFromHere/].map((words) => words.test(stack ?? ""));
      expect(tells).toEqual([asyncTraces, asyncTraces]);
    }
  });
});
