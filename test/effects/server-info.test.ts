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

  it("keeps of its servers those that can be dialed, a thousand at most, and 128 KiB of names", () => {
    const kept = (...urls: unknown[]) => parseInfo(JSON.stringify({ connect_urls: urls })).connect_urls;
    const long = `${"a".repeat(253)}:65535`;
    expect(kept("a:1", "é".repeat(100_000), long, 7, "b:2")).toEqual(["a:1", long, "b:2"]);
    expect(kept(...Array(70_000).fill("a:1"))).toHaveLength(1_000);
    expect(kept(...Array(1_000).fill(long))).toHaveLength(Math.floor(131_072 / long.length));
  });

  it("has texts of 1,024 characters at most, and says what it cut off", () => {
    const text = "é".repeat(900_000);
    const info = parseInfo(
      JSON.stringify({
        server_id: text,
        server_name: text,
        version: text,
        cluster: text,
        client_ip: text,
        x: text,
      }),
    );
    const cut = `${"é".repeat(1_024)}… (cut off: 900000 characters)`;
    expect(info).toMatchObject({
      server_id: cut,
      server_name: cut,
      version: cut,
      cluster: cut,
      client_ip: cut,
      x: cut,
    });
    expect(parseInfo(JSON.stringify({ cluster: "é".repeat(1_024) })).cluster).toBe("é".repeat(1_024));
    expect(parseInfo(JSON.stringify({ cluster: `x${"😀".repeat(600)}` })).cluster).toMatch(/^x(😀){511}… /u);
  });

  it("is small, whatever it is that fills it", () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => i);
    const size = 300_000;
    const fillings: Record<string, unknown> = {
      "a list": many(size),
      lists: many(size).map(() => []),
      texts: many(size / 10).map((i) => `text ${i}`),
      names: Object.fromEntries(many(size / 10).map((i) => [`name ${i}`, i])),
    };
    for (const filling of Object.values(fillings)) {
      for (const field of ["cluster", "unknown"]) {
        const info = parseInfo(JSON.stringify({ [field]: filling, port: 4222 }));
        expect(JSON.stringify(info).length).toBeLessThan(100_000);
        expect(JSON.stringify(info)).toMatch(/left out: \d+ more/);
        expect(info.port).toBe(4222);
      }
    }
    const fields = Object.fromEntries(many(size / 10).map((i) => [`name ${i}`, "x"]));
    const info = parseInfo(JSON.stringify({ ...fields, server_name: "a" }));
    expect(JSON.stringify(info).length).toBeLessThan(100_000);
    expect(info).toMatchObject({ "…": expect.stringMatching(/left out: \d+ more/), server_name: "a" });
  });

  it("is read however deep it is", () => {
    const depth = 200_000;
    const info = parseInfo(`{"deep":${"[".repeat(depth)}${"]".repeat(depth)}}`);
    expect(JSON.stringify(info)).toContain("left out: too deep");
  });

  it("has a nonce that can be signed, or is a protocol violation", () => {
    expect(parseInfo(JSON.stringify({ nonce: "x".repeat(1_024) })).nonce).toHaveLength(1_024);
    expect(() => parseInfo(JSON.stringify({ nonce: "x".repeat(1_025) }))).toThrow(
      "INFO has a nonce of more than 1024 characters",
    );
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
