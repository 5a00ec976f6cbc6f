// What a rule is: a sentence that must hold in every story, and a watcher that looks at one scene after the other and
// says how the sentence was broken.

import type { ConnectionInput } from "../../../../src/machine/context.js";
import type { Policy } from "../../../../src/machine/reconnect-policy.js";
import type { Scene } from "../told.js";

/** Says how the scene broke the rule, or nothing. */
export type Watcher = (scene: Scene) => string | undefined;

export interface Rule {
  readonly sentence: string;
  readonly watch: (policy: Policy, input: ConnectionInput) => Watcher;
}

/** The first socket event of the scene that the socket of the current attempt could not have avoided: it is gone. */
export function socketBroke({ event, possible }: Scene): boolean {
  return possible && event?.type === "socket.closed";
}
