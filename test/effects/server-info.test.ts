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

  it("that says nothing has all the fields that a client relies on, and no other", () => {
    const nothing = {
      server_id: "",
      server_name: "",
      version: "",
      host: "",
      go: "",
      port: 0,
      proto: 0,
      client_id: 0,
      max_payload: 1_048_576,
    };
    expect(parseInfo("{}")).toEqual(nothing);
    expect(
      parseInfo('{"nonce":7,"connect_urls":"a:1","port":-1,"proto":1e999,"max_payload":null,"host":[]}'),
    ).toEqual(nothing);
    expect(parseInfo('{"max_payload":0}').max_payload).toBe(0);
    expect(summaryOf(parseInfo("{}"))).toEqual({
      serverId: "",
      serverName: "",
      version: "",
      tlsRequired: false,
      tlsAvailable: false,
      lameDuck: false,
      connectUrls: [],
    });
  });

  it("of nats-server is kept as it is", () => {
    const said = {
      server_id: "NDIKJ",
      server_name: "a",
      version: "2.12.0",
      proto: 1,
      go: "go1.25.1",
      git_commit: "abc",
      host: "0.0.0.0",
      port: 4222,
      headers: true,
      auth_required: true,
      tls_required: true,
      tls_available: true,
      tls_verify: true,
      max_payload: 1_000,
      jetstream: true,
      client_id: 5,
      client_ip: "127.0.0.1",
      nonce: "nonce",
      cluster: "c",
      connect_urls: ["a:1", "b:2"],
      ldm: true,
      xkey: "XABC",
    };
    expect(parseInfo(JSON.stringify(said))).toEqual(said);
    expect(summaryOf(parseInfo(JSON.stringify(said)))).toEqual({
      serverId: "NDIKJ",
      serverName: "a",
      version: "2.12.0",
      tlsRequired: true,
      tlsAvailable: true,
      lameDuck: true,
      connectUrls: ["a:1", "b:2"],
    });
  });

  it("keeps 16,384 characters, numbers and names of what is unknown, 2,048 of a known field, and counts the rest", () => {
    const read = (fields: unknown) =>
      parseInfo(JSON.stringify(fields)) as unknown as Record<string, unknown[]>;
    const ones = (count: number) => Array<number>(count).fill(1);
    // The list itself counts, too, and the name of an unknown field.
    expect(read({ cluster: ones(2_047) })["cluster"]).toEqual(ones(2_047));
    expect(read({ cluster: ones(3_000) })["cluster"]).toEqual([...ones(2_047), "… (left out: 953 more)"]);
    expect(read({ x: ones(16_382) })["x"]).toEqual(ones(16_382));
    expect(read({ x: ones(20_000) })["x"]).toEqual([...ones(16_382), "… (left out: 3618 more)"]);
    expect(read({ cluster: [["a".repeat(1_020)], [], "b".repeat(2_000), 1] })["cluster"]).toEqual([
      ["a".repeat(1_020)],
      [],
      `${"b".repeat(1_023)}… (cut off: 2000 characters)`,
      "… (left out: 1 more)",
    ]);
    const fields = Object.fromEntries(Array.from({ length: 1_500 }, (_, i) => [`${1_000 + i}`, null]));
    // A name of four characters and a value: five each.
    const kept = read({ cluster: fields })["cluster"] as unknown as Record<string, unknown>;
    expect(Object.keys(kept)).toHaveLength(411);
    expect(kept["…"]).toBe("… (left out: 1090 more)");
  });

  it("keeps seven lists within one another", () => {
    const nested = (depth: number) => `${"[".repeat(depth)}1${"]".repeat(depth)}`;
    const read = (depth: number) => JSON.stringify(parseInfo(`{"cluster":${nested(depth)}}`).cluster);
    expect(read(7)).toBe(nested(7));
    expect(read(8)).toBe(nested(7).replace("1", '"… (left out: too deep)"'));
    const unknown = parseInfo(`{"x":{"y":${nested(6)}}}`) as unknown as Record<string, unknown>;
    expect(JSON.stringify(unknown["x"])).toBe(`{"y":${nested(6)}}`);
    const deeper = parseInfo(`{"x":{"y":${nested(7)}}}`) as unknown as Record<string, unknown>;
    expect(JSON.stringify(deeper["x"])).toContain("too deep");
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

  it.each([
    ...["", "nonsense", "{"].map((json) => [json, "valid JSON"]),
    ...["[]", "null", "42", '"text"'].map((json) => [json, "a JSON object"]),
  ])("that is %j is a protocol violation: it is not %s", (json, what) => {
    expect(() => parseInfo(json as string)).toThrow(ProtocolViolation);
    expect(() => parseInfo(json as string)).toThrow(`INFO is not followed by ${what}`);
  });

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
