// Options of nats-core as ours: all that are given, under our names, and none that is not.

import { headers, type MsgHdrs, type RequestOptions } from "@nats-io/nats-core";
import { describe, expect, it } from "vitest";
import { RequestStrategy } from "../../src/index.js";
import { publishOptions, requestManyOptions, requestOptions } from "../../src/nats-core/options.js";

/** What they are, with the headers as a record. */
const shown = (options: { headers?: Iterable<[string, string[]]> } | undefined) =>
  options?.headers === undefined
    ? options
    : { ...options, headers: Object.fromEntries<string[]>(options.headers) };

const made = (key: string, value: string): MsgHdrs => {
  const own = headers();
  own.set(key, value);
  return own;
};

/** What each of the three does with headers, and with the request for a trace. */
const traced: readonly (readonly [string, object, object])[] = [
  ["headers", { headers: made("Key", "1") }, { Key: ["1"] }],
  ["a trace", { traceDestination: "t" }, { "Nats-Trace-Dest": ["t"] }],
  [
    "a trace alone",
    { traceDestination: "t", traceOnly: true },
    { "Nats-Trace-Dest": ["t"], "Nats-Trace-Only": ["true"] },
  ],
  [
    "a trace that is delivered, too",
    { traceDestination: "t", traceOnly: false },
    { "Nats-Trace-Dest": ["t"] },
  ],
  ["a trace without a place to send it to", { traceOnly: true }, { "Nats-Trace-Only": ["true"] }],
  [
    "headers and a trace",
    { headers: made("Key", "1"), traceDestination: "t" },
    { Key: ["1"], "Nats-Trace-Dest": ["t"] },
  ],
];

describe.each([
  ["a publish", publishOptions],
  ["a request", (given: object) => requestOptions(given as RequestOptions)],
  ["a request for many answers", requestManyOptions],
])("the options of %s", (_what, converted) => {
  it.each(traced)("ask by headers for %s", (_name, given, expected) => {
    expect(shown(converted(given))).toStrictEqual({ headers: expected });
  });

  it("leave the headers that were given as they are", () => {
    const given = made("Key", "1");
    converted({ headers: given, traceDestination: "t", traceOnly: true });
    expect([...given]).toEqual([["Key", ["1"]]]);
  });

  it("are empty where nothing is given, or null", () => {
    expect(converted({})).toStrictEqual({});
    const all = ["headers", "traceDestination", "traceOnly", "reply", "timeout", "noMux"];
    const more = ["strategy", "maxWait", "maxMessages", "stall"];
    expect(converted(Object.fromEntries([...all, ...more].map((name) => [name, null])))).toStrictEqual({});
    expect(converted(null as never)).toStrictEqual({});
    expect(converted({ traceOnly: false })).toStrictEqual({});
  });
});

describe("the options of a publish", () => {
  it("have the reply subject", () => {
    expect(publishOptions({ reply: "back" })).toStrictEqual({ reply: "back" });
  });

  it("are none where there are none", () => {
    expect(publishOptions(undefined)).toBeUndefined();
  });
});

describe("the options of a request", () => {
  it("have timeout, reply subject and whether it has an inbox of its own", () => {
    expect(requestOptions({ timeout: 5, noMux: true, reply: "back" })).toStrictEqual({
      timeout: 5,
      noMux: true,
      reply: "back",
    });
    expect(requestOptions({ timeout: 5, noMux: false })).toStrictEqual({ timeout: 5, noMux: false });
  });

  it("leave a timeout of 0 to the default", () => {
    expect(requestOptions({ timeout: 0 })).toStrictEqual({});
  });

  it("are empty where there are none", () => {
    expect(requestOptions(undefined)).toStrictEqual({});
  });
});

describe("the options of a request for many answers", () => {
  it.each([
    ["timer", RequestStrategy.Timer],
    ["count", RequestStrategy.Count],
    ["stall", RequestStrategy.JitterTimer],
    ["sentinel", RequestStrategy.SentinelMsg],
  ] as const)("have the strategy %s under our name", (strategy, own) => {
    expect(requestManyOptions({ strategy })).toStrictEqual({ strategy: own });
  });

  it("have what bounds it", () => {
    expect(requestManyOptions({ maxWait: 5, maxMessages: 0, noMux: true, stall: 7 })).toStrictEqual({
      maxWait: 5,
      maxMessages: 0,
      noMux: true,
      jitter: 7,
    });
  });

  it("leave times of 0 to their defaults", () => {
    expect(requestManyOptions({ maxWait: 0, stall: 0 })).toStrictEqual({});
  });
});
