import { describe, expect, it } from "vitest";
import { deliverySize, headerBlock, PreparedMessages, publication, subjects } from "../../bench/messages.js";

describe("a prepared message", () => {
  it("is what a client would send", () => {
    expect(publication("orders.created", 3, false).toString()).toBe("PUB orders.created 3\r\nxxx\r\n");
    expect(publication("orders.created", 3, false, "inbox").toString()).toBe(
      "PUB orders.created inbox 3\r\nxxx\r\n",
    );
  });

  it("carries headers with their size", () => {
    const block = headerBlock();
    const line = `HPUB orders.created ${block.length} ${block.length + 3}\r\n`;
    expect(publication("orders.created", 3, true).toString()).toBe(`${line}${block}xxx\r\n`);
  });
});

describe("prepared messages", () => {
  const read = (prepared: PreparedMessages, messages: number) =>
    Buffer.concat([...prepared.pieces(messages)])
      .toString()
      .match(/PUB \S+ \d+\r\nx*\r\n/g);

  it("are as many as asked for, to each subject in turn", () => {
    const prepared = new PreparedMessages(subjects(3), 16, false);
    for (const messages of [1, 2, 3, 4, 10_000]) {
      const all = read(prepared, messages);
      expect(all).toHaveLength(messages);
      expect(all?.at(-1)).toContain(`.0000${(messages - 1) % 3} `);
    }
  });

  it("come in pieces of about 64 KiB, which hold whole messages", () => {
    const [piece] = new PreparedMessages(subjects(1), 16, false).pieces(
      100_000,
    ) as unknown as Iterable<Buffer>;
    expect(piece?.length).toBeGreaterThan(65_000);
    expect(piece?.length).toBeLessThan(66_000);
  });
});

describe("the size of a delivery", () => {
  it("is that of what the server sends", () => {
    expect(deliverySize("orders.created", 1_000, 16, false)).toBe(
      "MSG orders.created 1000 16\r\n".length + 18,
    );
    expect(deliverySize("a", 1, 16, false, "inbox")).toBe("MSG a 1 inbox 16\r\n".length + 18);
    const block = headerBlock().length;
    expect(deliverySize("a", 1, 16, true)).toBe(`HMSG a 1 ${block} ${block + 16}\r\n`.length + block + 18);
  });
});
