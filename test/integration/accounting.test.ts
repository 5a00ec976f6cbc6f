// Every message accounted for: a short run of bench/accounting.ts, with each kind of fault once. The long one, with random faults and
// both reference clients, is `npm run bench:accounting`.

import { expect, it } from "vitest";
import type { Episode } from "../../bench/accounting/faults.js";
import { run } from "../../bench/accounting/run.js";
import { servers } from "../harness/versions.js";

const calm = 300;

/** The cut that loses messages, the one that loses only what confirms them, and then the faults that last. */
const faults: readonly Episode[] = [
  { calm, fault: { kind: "cut", by: "reset", swallows: "client", before: 100 } },
  { calm, fault: { kind: "cut", by: "end", swallows: "server", before: 100 } },
  { calm, fault: { kind: "half-open", lasts: 1_500 } },
  { calm, fault: { kind: "kill", silent: true, lasts: 1_200 } },
  { calm, fault: { kind: "stop", lasts: 1_500 } },
  { calm, fault: { kind: "outage", by: "kill", lasts: 300 } },
  { calm, fault: { kind: "flap", age: 30, lasts: 700 } },
  { calm, fault: { kind: "lame duck", lasts: 100 } },
];

it("delivers or tells every message by number, or delivers all of them, whatever happens to cluster and links", async () => {
  const path = servers.at(-1)?.path ?? "";
  const { outcomes } = await run({
    path,
    publishers: ["ours-report", "ours-resend"],
    rate: 100,
    episodes: faults,
    pingInterval: 300,
  });
  const [report, resend] = outcomes;
  expect(outcomes.flatMap(({ objections }) => objections)).toEqual([]);
  // Otherwise the faults did nothing.
  expect(report?.account.lost).toBeGreaterThan(0);
  expect(report?.account.toldAndDelivered).toBeGreaterThan(0);
  expect(report?.account.published).toBe((report?.account.delivered ?? 0) + (report?.account.lost ?? 0));
  expect(resend?.account.delivered).toBe(resend?.account.published);
  expect(resend?.account.doubled).toBeGreaterThan(0);
});
