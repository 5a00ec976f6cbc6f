// Floods of INFO: many, long, with many servers, with absurd ones.

import type { Flood } from "./flood.js";
import { alike, different, infoLine } from "./lines.js";

/** Addresses of a cluster that has none in common with that of another number. */
function addresses(count: number, cluster: number): string[] {
  return Array.from(
    { length: count },
    (_, node) => `10.${cluster >> 8}.${cluster & 255}.${node & 255}:${4_222 + (node >> 8)}`,
  );
}

const nobodyElseRecords = "does not record";

export const infos: readonly Flood[] = [
  {
    id: "infos-urls-same",
    title: "300 INFOs of the same 1,000 URLs",
    count: 300,
    smoke: 3,
    pieces: (count) => alike(count, infoLine({ connect_urls: addresses(1_000, 0) })),
    role: "idle",
    holds: true,
  },
  {
    id: "infos-urls-different",
    title: "300 INFOs of 1,000 URLs, different ones each time",
    count: 300,
    smoke: 3,
    pieces: (count) => different(count, (number) => infoLine({ connect_urls: addresses(1_000, number) })),
    role: "idle",
    holds: true,
  },
  {
    id: "infos-small",
    title: "20,000 small INFOs, each of another client_id",
    count: 20_000,
    smoke: 200,
    pieces: (count) => different(count, (number) => infoLine({ client_id: number })),
    role: "idle",
  },
  {
    id: "info-host",
    title: "one INFO, one URL of 0.9 MB",
    count: 1,
    smoke: 1,
    pieces: (count) => alike(count, infoLine({ connect_urls: [`${"a".repeat(900_000)}:4222`] })),
    role: "idle",
  },
  {
    id: "info-host-idna",
    title: "one INFO, one URL of 0.9 MB of 20,000 different ideographs",
    // Of characters, not of INFOs: three bytes each.
    count: 300_000,
    smoke: 3_000,
    pieces: (count) => alike(1, infoLine({ connect_urls: [`${ideographs(count)}:4222`] })),
    role: "idle",
  },
  {
    id: "infos-large",
    title: "20 INFOs of 1 MB of unknown fields",
    count: 20,
    smoke: 2,
    pieces: (count) => alike(count, largeInfo()),
    role: "idle",
    holds: true,
  },
  {
    id: "infos-status",
    title: "20,000 small INFOs of other URLs each time, an unread status()",
    count: 20_000,
    smoke: 200,
    pieces: (count) => different(count, (number) => infoLine({ connect_urls: addresses(3, number) })),
    role: "unread status",
    holds: true,
  },
  {
    id: "infos-status-large",
    title: "1,000 INFOs of 1,000 URLs, different ones each time, an unread status()",
    count: 1_000,
    smoke: 3,
    pieces: (count) => different(count, (number) => infoLine({ connect_urls: addresses(1_000, number) })),
    role: "unread status",
    holds: true,
  },
  {
    id: "infos-recorded",
    title: "100 INFOs of 1 MB, 50,000 URLs, different ones each time, `record: true`",
    count: 100,
    smoke: 1,
    pieces: (count) => different(count, (number) => infoLine({ connect_urls: addresses(50_000, number) })),
    role: "records",
    holds: true,
    without: { nats2: nobodyElseRecords, nats3: nobodyElseRecords },
  },
  {
    id: "infos-urls-recorded",
    title: "300 INFOs of 1,000 URLs, different ones each time, `record: true`",
    count: 300,
    smoke: 2,
    pieces: (count) => different(count, (number) => infoLine({ connect_urls: addresses(1_000, number) })),
    role: "records",
    holds: true,
    without: { nats2: nobodyElseRecords, nats3: nobodyElseRecords },
  },
];

/** A name whose Punycode takes as long as the product of its length and the number of its different characters. */
function ideographs(length: number): string {
  return Array.from({ length }, (_, place) => String.fromCodePoint(0x4e00 + (place % 20_000))).join("");
}

/** An INFO of 1 MB of fields that nobody knows. */
function largeInfo(): string {
  const fields = Array.from({ length: 20_000 }, (_, field) => [`x_${field}`, "x".repeat(38)]);
  return infoLine(Object.fromEntries(fields));
}
