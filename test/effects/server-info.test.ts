// INFO from servers that say what they should, and from those that do not.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseInfo, summaryOf } from "../../src/effects/server-info.js";
import { ProtocolViolation } from "../../src/effects/wire/parser.js";

describe("INFO", () => {
  it("is kept whole, also what this client does not know", () => {
    const info = parseInfo(
      '{"server_id":"A","version":"2.15.0","max_payload":1000,"port":4222,"future":{"a":1}}',
    );
    expect(info).toMatchObject({
      server_id: "A",
      version: "2.15.0",
      max_payload: 1000,
      port: 4222,
      future: { a: 1 },
    });
  });

  it("gets defaults where a field is missing or of another kind", () => {
    const info = parseInfo('{"max_payload":"lots","connect_urls":"a:1","server_id":7,"port":-1}');
    expect(info).toMatchObject({ max_payload: 1_048_576, server_id: "", port: 0 });
    expect(summaryOf(info).connectUrls).toEqual([]);
  });

  it("keeps of connect_urls what is text", () => {
    const info = parseInfo('{"connect_urls":["a:1",7,null,"b:2"]}');
    expect(summaryOf(info).connectUrls).toEqual(["a:1", "b:2"]);
  });

  it("tells of a thousand servers at most", () => {
    const urls = Array.from({ length: 70_000 }, (_, i) => `h${i}:1`);
    const info = parseInfo(JSON.stringify({ connect_urls: urls }));
    expect(summaryOf(info).connectUrls).toEqual(urls.slice(0, 1_000));
  });

  it("tells the chart of TLS and lame duck mode only where they are true", () => {
    expect(summaryOf(parseInfo('{"tls_required":true,"tls_available":"yes","ldm":1}'))).toMatchObject({
      tlsRequired: true,
      tlsAvailable: false,
      lameDuck: false,
    });
  });

  it.each(["", "nonsense", "{", "[]", "null", "42", '"text"'])(
    "that is %j is a protocol violation",
    (json) => {
      expect(() => parseInfo(json)).toThrow(ProtocolViolation);
    },
  );

  it("of any JSON object gives the chart plain JSON of the right kinds", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const summary = summaryOf(parseInfo(JSON.stringify(object)));
        expect(JSON.parse(JSON.stringify(summary))).toEqual(summary);
        expect(summary.connectUrls.every((url) => typeof url === "string")).toBe(true);
        for (const flag of [summary.tlsRequired, summary.tlsAvailable, summary.lameDuck]) {
          expect(typeof flag).toBe("boolean");
        }
      }),
    );
  });
});
