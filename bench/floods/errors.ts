// Floods of -ERR: what concerns one subject, what a client does not know, and what is long.

import type { Flood } from "./flood.js";
import { alike, different } from "./lines.js";

const refused = (number: number) => `-ERR 'Permissions Violation for Publish to "orders.${number}"'\r\n`;

export const errors: readonly Flood[] = [
  {
    id: "errors-same",
    title: "100,000 -ERRs, permissions violation, of one subject",
    count: 100_000,
    smoke: 500,
    pieces: (count) => alike(count, refused(1)),
    role: "idle",
  },
  {
    id: "errors-different",
    title: "100,000 -ERRs, permissions violation, each of another subject",
    count: 100_000,
    smoke: 500,
    pieces: (count) => different(count, refused),
    role: "idle",
    holds: true,
  },
  {
    id: "errors-status",
    title: "100,000 -ERRs, permissions violation, each of another subject, an unread status()",
    count: 100_000,
    smoke: 500,
    pieces: (count) => different(count, refused),
    role: "unread status",
    holds: true,
  },
  {
    id: "errors-unknown",
    title: "100,000 -ERRs, unknown protocol operation",
    count: 100_000,
    smoke: 500,
    pieces: (count) => alike(count, "-ERR 'Unknown Protocol Operation'\r\n"),
    role: "idle",
  },
  {
    id: "errors-limit",
    title: "100,000 -ERRs, maximum subscriptions exceeded",
    count: 100_000,
    smoke: 500,
    pieces: (count) => alike(count, "-ERR 'maximum subscriptions exceeded'\r\n"),
    role: "idle",
  },
  {
    id: "errors-long",
    title: "100 -ERRs of 60,000 B, permissions violation, an unread status()",
    count: 100,
    smoke: 3,
    pieces: (count) =>
      different(
        count,
        (number) => `-ERR 'Permissions Violation for Publish to "${number}.${"x".repeat(60_000)}"'\r\n`,
      ),
    role: "unread status",
    holds: true,
  },
];
