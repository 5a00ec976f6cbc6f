// The lists of servers that the user has given and the chart has not heard of: whoever calls `setServers` in a callback, and then
// asks for the servers, is to see what was given, although the chart is still busy with what it called back for.

import type { ConnectionContext } from "../machine/context.js";
import type { UserSetServers } from "../machine/events.js";
import { parseAddress, type ServerAddress } from "../machine/server-address.js";
import { replacePool, type Servers } from "../machine/server-pool.js";

/** Lists that are on their way to the chart. */
export class GivenLists {
  #last: { readonly list: number; readonly servers: Servers } | undefined;

  /** A list is about to be told to the chart. */
  add(
    { servers, kept, list }: Pick<UserSetServers, "servers" | "kept" | "list">,
    context: ConnectionContext,
  ): void {
    const addresses = servers.flatMap((url): readonly ServerAddress[] => {
      const parsed = parseAddress(url);
      return parsed.ok ? [parsed.value] : [];
    });
    const { spokeTls } = context;
    const replaced = replacePool(this.servers(context), { addresses, kept, list, spokeTls }, true, 0);
    this.#last = { list, servers: replaced };
  }

  /** The servers, with the lists that the chart has not heard of. */
  servers(context: ConnectionContext): Servers {
    if (this.#last === undefined || this.#last.list <= context.list) {
      this.#last = undefined;
      return context;
    }
    return this.#last.servers;
  }
}
