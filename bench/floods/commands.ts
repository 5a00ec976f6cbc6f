// Floods of the shortest commands: PING, PONG and +OK.

import { FLOOD, type Flood } from "./flood.js";
import { alike, message } from "./lines.js";

const PING = "PING\r\n";

export const commands: readonly Flood[] = [
  {
    id: "pings",
    title: "1,000,000 PINGs (6 MB)",
    count: 1_000_000,
    smoke: 2_000,
    pieces: (count) => alike(count, PING),
    role: "idle",
  },
  {
    id: "pings-deaf",
    title: "1,000,000 PINGs (6 MB) of a server that does not read",
    count: 1_000_000,
    smoke: 2_000,
    pieces: (count) => alike(count, PING),
    role: "idle",
    isDeaf: true,
  },
  {
    id: "pings-dribbled",
    title: "20,000 PINGs, a write each",
    count: 20_000,
    smoke: 200,
    pieces: (count) => Array.from({ length: count }, () => Buffer.from(PING)),
    role: "idle",
    pace: "dribble",
  },
  {
    id: "pings-and-messages",
    title: "200,000 times PING and a message of 16 B",
    count: 200_000,
    smoke: 1_000,
    pieces: (count, sid) => alike(count, PING + message(FLOOD, sid, 16)),
    role: "callback",
    delivers: true,
  },
  {
    id: "pongs",
    title: "1,000,000 PONGs that nobody asked for",
    count: 1_000_000,
    smoke: 2_000,
    pieces: (count) => alike(count, "PONG\r\n"),
    role: "idle",
  },
  {
    id: "oks",
    title: "1,000,000 +OKs",
    count: 1_000_000,
    smoke: 2_000,
    pieces: (count) => alike(count, "+OK\r\n"),
    role: "idle",
  },
];
