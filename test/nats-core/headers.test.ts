// Headers from ours to nats-core's and back: nothing is lost, and what is sent is checked as ours are.

import { MsgHdrsImpl as CoreHdrsImpl, headers as coreMake, Match } from "@nats-io/nats-core";
import { describe, expect, it } from "vitest";
import { MsgHdrsImpl } from "../../src/api/headers.js";
import { coreHeaders, ownHeaders } from "../../src/nats-core/headers.js";

const block = (text: string) => new TextEncoder().encode(text);

describe("received headers", () => {
  it.each([
    "NATS/1.0\r\nA: 1\r\na: 2\r\nA: 3\r\n\r\n",
    "NATS/1.0 503\r\n\r\n",
    "NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 7\r\n\r\n",
    "NATS/1.0 409 Message Size Exceeds MaxBytes\r\n\r\n",
    "NATS/1.0\r\nEmpty:\r\nColon: a:b\r\nUmlaut: \u00fc\r\n\r\n",
  ])("are what nats-core reads from the same bytes: %j", (text) => {
    const converted = coreHeaders(MsgHdrsImpl.decode(block(text)));
    const read = CoreHdrsImpl.decode(block(text));
    expect(converted).toBeInstanceOf(CoreHdrsImpl);
    expect([...converted]).toEqual([...read]);
    expect((converted as CoreHdrsImpl).equals(read)).toBe(true);
    const { code, description, status, hasError } = read;
    expect(converted).toMatchObject({ code, description, status, hasError });
  });

  it("are matched by nats-core's Match", () => {
    const converted = coreHeaders(MsgHdrsImpl.decode(block("NATS/1.0\r\nmy-KEY: 1\r\n\r\n")));
    expect([converted.get("MY-key"), converted.get("MY-key", Match.IgnoreCase)]).toEqual(["", "1"]);
  });

  it("do not fail where a server sends a key that may not be set", () => {
    expect(coreHeaders(MsgHdrsImpl.decode(block("NATS/1.0\r\nA B: 1\r\n\r\n"))).get("A B")).toBe("1");
  });
});

describe("headers to be sent", () => {
  it("are the same bytes as nats-core's", () => {
    const made = coreMake(400, "Bad Request");
    made.append("Nats-Msg-Id", "1");
    made.append("Other", "a");
    made.append("Other", " b ");
    expect(ownHeaders(made).toString()).toBe((made as CoreHdrsImpl).toString());
  });

  it("cannot add a line, whoever made them", () => {
    const made = CoreHdrsImpl.fromRecord({ Key: ["a\r\nOther: b"] });
    expect(() => ownHeaders(made)).toThrow(expect.objectContaining({ code: "BAD_HEADER" }));
  });
});
