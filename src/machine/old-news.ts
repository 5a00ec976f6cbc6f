// An INFO that says what the last one over the same socket said: mostly the chart need not hear it. A server may send thousands of
// them, and each event costs more than reading it did. Pure.

import type { ConnectionContext } from "./context.js";
import type { ServerInfoReceived } from "./events.js";

/**
 * True where the server in use has said the same before, and nothing has happened since on which it depends what the chart makes of
 * it: the event would change nothing. Lame duck mode is always news, since it begins a move where the last one was given up.
 * @param noted what the chart remembered once it had heard the same `info` (the very object)
 * @param now what it remembers now
 */
export function isOldNews(
  noted: ConnectionContext,
  now: ConnectionContext,
  { attempt, info }: Pick<ServerInfoReceived, "attempt" | "info">,
): boolean {
  const [then, live] = [noted.live, now.live];
  // Where the user's function chose a server to move to, every INFO is the occasion to look whether it is still there.
  if (then === null || live === null || live.id !== attempt || info.lameDuck || now.chosen !== null)
    return false;
  const saysTheSame = then.info === info && live.info === info && live.infoSecured === live.secured;
  // Who is named joins or leaves the pool, by way of the origins. Who is linked, and who was refused, does not leave.
  return saysTheSame && depending.every((field) => noted[field] === now[field]);
}

const depending = [
  "pool",
  "origins",
  "policy",
  "next",
  "retiring",
] as const satisfies readonly (keyof ConnectionContext)[];
