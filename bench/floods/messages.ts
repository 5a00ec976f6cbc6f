// Floods of messages: to nobody, to a callback, with headers, to readers that do not come, and in bytes of their own.

import { FLOOD, type Flood, TICK } from "./flood.js";
import { alike, bytewise, message, messageWithHeaders } from "./lines.js";

/** A number that no subscription of the client has. */
const NOBODY = "987654";

/** The line of each message bytewise, its payload as one piece. */
function* brokenLines(count: number, sid: string): Generator<Buffer> {
  const bytes = Buffer.from(message(FLOOD, sid, 16));
  const payload = bytes.indexOf("\r\n") + 2;
  for (let number = 0; number < count; number += 1) {
    yield* bytewise(bytes.subarray(0, payload));
    yield bytes.subarray(payload);
  }
}

export const messages: readonly Flood[] = [
  {
    id: "messages-nobody",
    title: "1,000,000 messages of 16 B to a subscription that nobody has",
    count: 1_000_000,
    smoke: 2_000,
    pieces: (count) => alike(count, message(FLOOD, NOBODY, 16)),
    role: "idle",
  },
  {
    id: "messages-callback",
    title: "1,000,000 messages of 16 B to a callback",
    count: 1_000_000,
    smoke: 2_000,
    pieces: (count, sid) => alike(count, message(FLOOD, sid, 16)),
    role: "callback",
    delivers: true,
  },
  {
    id: "headers-16",
    title: "1,000 messages of 1,000 headers (16 KB), read by the callback",
    count: 1_000,
    smoke: 5,
    pieces: (count, sid) => alike(count, messageWithHeaders(FLOOD, sid, 1_000, 16)),
    role: "headers",
    delivers: true,
  },
  {
    id: "headers-60",
    title: "1,000 messages of 1,000 headers (60 KB), read by the callback",
    count: 1_000,
    smoke: 5,
    pieces: (count, sid) => alike(count, messageWithHeaders(FLOOD, sid, 1_000, 60)),
    role: "headers",
    delivers: true,
  },
  {
    id: "unread",
    title: "200,000 messages of 1 KiB, an iterator that nobody reads",
    count: 200_000,
    smoke: 200,
    pieces: (count, sid) => alike(count, message(FLOOD, sid, 1_024)),
    role: "unread iterator",
    holds: true,
  },
  {
    id: "unread-limited",
    title: "200,000 messages of 1 KiB, an iterator that nobody reads, at most 1,000 wait",
    count: 200_000,
    smoke: 200,
    pieces: (count, sid) => alike(count, message(FLOOD, sid, 1_024)),
    role: "unread iterator with a limit",
    holds: true,
    without: { nats2: "has no limit", nats3: "has no limit" },
  },
  {
    id: "slow-limited",
    title: "200,000 messages of 1 KiB, an iterator that reads 4 in 100, at most 1,000 wait",
    count: 200_000,
    smoke: 200,
    pieces: (count, sid, tick) =>
      alike(count / 100, message(FLOOD, sid, 1_024).repeat(100) + message(TICK, tick, 0)),
    role: "slow iterator with a limit",
    holds: true,
    without: { nats2: "has no limit", nats3: "has no limit" },
  },
  {
    id: "kept",
    title: "100,000 messages of 1 KiB, every 100th payload is kept",
    count: 100_000,
    smoke: 200,
    pieces: (count, sid) => alike(count, message(FLOOD, sid, 1_024)),
    role: "keeps every 100th",
    holds: true,
    delivers: true,
  },
  {
    id: "message-bytewise",
    title: "one message of 60 KB, a write for each byte",
    count: 1,
    smoke: 1,
    pieces: (count, sid) => bytewise(Buffer.from(message(FLOOD, sid, count * 60_000))),
    role: "callback",
    pace: "dribble",
    delivers: true,
  },
  {
    id: "lines-bytewise",
    title: "10,000 messages of 16 B, a write for each byte of their lines",
    count: 10_000,
    smoke: 20,
    pieces: brokenLines,
    role: "callback",
    pace: "dribble",
    delivers: true,
  },
];
