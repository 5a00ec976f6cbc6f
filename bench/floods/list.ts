// All floods, in the order of the table.

import { commands } from "./commands.js";
import { errors } from "./errors.js";
import type { Flood } from "./flood.js";
import { infos } from "./infos.js";
import { messages } from "./messages.js";

/** All floods. */
export const floods: readonly Flood[] = [...commands, ...infos, ...errors, ...messages];

/** The flood of that id. */
export function floodOf(id: string): Flood {
  const found = floods.find((flood) => flood.id === id);
  if (found === undefined)
    throw new Error(`there is no flood ${id}; there are ${floods.map((flood) => flood.id).join(", ")}`);
  return found;
}
