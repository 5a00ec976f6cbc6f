// Origins: how each server is reached, and whose credentials it is offered. Kept from what the user named and what servers
// said over which socket, not from what the chart remembers.

import { linkIn } from "../../../../src/machine/link.js";
import { parseAddress, type ServerAddress } from "../../../../src/machine/server-address.js";
import type { Snapshot } from "../chart.js";
import type { Scene } from "../told.js";
import { establishes, isOf, isOfRefuser, type Rule } from "./rule.js";

/** A server that the user named. */
interface Configured {
  readonly address: ServerAddress;
  /** True where a URL of its list asks for TLS. */
  asksForTls: boolean;
  /** True once a server of it spoke TLS. */
  spokeTls: boolean;
  /** How the chart calls it: one name for each, and each name for one. */
  id: string | null;
}

/** Where a server comes from, and whether it was named inside TLS. */
interface Known {
  readonly from: Configured;
  readonly learnt: boolean;
  vouched: boolean;
}

/** One socket. */
interface Socket {
  readonly server: string;
  readonly known: Known;
  secured: boolean;
}

const addressesOf = (servers: readonly string[]) =>
  servers.flatMap((server) => {
    const parsed = parseAddress(server);
    return parsed.ok ? [parsed.value] : [];
  });

export const isReachedAsItsOriginSays: Rule = {
  sentence:
    "each server is dialed by TCP or WebSocket, under TLS, by the name for its certificate and with the credentials of the URL that it comes from; who was named in the clear is not dialed by its own name",
  watch: (policy, input) => {
    const pool = new Map<string, Known>();
    const sockets = new Map<number, Socket>();
    const ids = new Map<string, Configured>();
    const name = (servers: readonly string[]) => {
      // Who is in the pool is kept, and asks as before.
      const addresses = addressesOf(servers).filter((one) => !pool.has(one.name));
      const asksForTls =
        addresses.some(({ transport }) => transport.tls) ||
        [...pool.values()].some(({ from }) => from.asksForTls);
      for (const { from } of pool.values()) from.asksForTls = asksForTls;
      for (const address of addresses) {
        const from = { address, asksForTls, spokeTls: false, id: null };
        if (!pool.has(address.name)) pool.set(address.name, { from, learnt: false, vouched: false });
      }
    };
    name(input.servers);
    /** Names of servers that have spoken TLS, or were asked for it because of others. */
    const spoke = new Set<string>();
    let origins = [...pool.values()].map(({ from }) => from);
    return (scene) => {
      const { event, possible, effects, before, after } = scene;
      const replaces = event?.type === "user.setServers" && addressesOf(event.servers).length > 0;
      if (replaces && before?.context.pool !== after.context.pool) {
        const { servers, kept } = event;
        const was = new Map(pool);
        pool.clear();
        for (const [known, value] of was)
          if (kept.includes(known) && addressesOf(servers).some((one) => one.name === known))
            pool.set(known, value);
        name(servers);
        const these = new Set([...pool.values()].map(({ from }) => from));
        // What was seen of a server stays true, whatever list it is in.
        for (const [one, { from, learnt }] of was)
          if (from.spokeTls || (learnt && from.asksForTls)) spoke.add(one);
        for (const from of these) from.spokeTls ||= !policy.allowNonTls && spoke.has(from.address.name);
        origins = [...these];
      }
      const socket = event !== null && "attempt" in event ? sockets.get(event.attempt) : undefined;
      if (possible && socket !== undefined && event?.type === "socket.secured") {
        socket.secured = true;
        socket.known.from.spokeTls = true;
        spoke.add(socket.server);
      }
      // Those that are being left are not listened to.
      const { live, next } = before?.context ?? {};
      const isHeard = possible && (isOf(scene, live) || isOf(scene, next));
      if (isHeard && socket !== undefined) learn(scene, pool, socket, origins);
      if (establishes(scene) && before !== null) settle(scene, pool, sockets, origins);
      for (const effect of effects) {
        if (effect.type !== "openSocket") continue;
        const { attempt, server } = effect.params;
        const known = pool.get(server.name);
        if (known === undefined) return `${server.name} is dialed, and nobody named it`;
        sockets.set(attempt, { server: server.name, known, secured: false });
        const { from, learnt, vouched } = known;
        const asks = from.asksForTls || (from.spokeTls && !policy.allowNonTls);
        if (server.transport.type !== from.address.transport.type)
          return `${server.name} is dialed by ${server.transport.type}`;
        if ((server.tls !== null) !== asks) return `${server.name} is ${asks ? "not " : ""}asked for TLS`;
        const names = !learnt
          ? [server.host]
          : vouched
            ? [server.host, from.address.host]
            : [from.address.host];
        const carries = [
          server.tlsName ?? server.host,
          ...(server.otherTlsName === null ? [] : [server.otherTlsName]),
        ];
        if ([...new Set(names)].sort().join() !== [...carries].sort().join())
          return `the certificate of ${server.name} may carry ${carries}, not ${[...new Set(names)]}`;
        from.id ??= server.origin;
        const other = ids.get(server.origin) ?? from;
        ids.set(server.origin, from);
        if (from.id !== server.origin || other !== from)
          return `${server.name} is offered what belongs to another`;
      }
      for (const known of pool.keys())
        if (!after.context.pool.some((server) => server.name === known)) pool.delete(known);
      return undefined;
    };
  },
};

/** The server that lets the client in has those that it named before. */
function settle(
  { before, after }: Scene,
  pool: Map<string, Known>,
  sockets: ReadonlyMap<number, Socket>,
  origins: readonly Configured[],
): void {
  const { live } = after.context;
  const socket = live === null ? undefined : sockets.get(live.id);
  if (live === null || live.info === null || socket === undefined || before === null) return;
  if (before.context.policy.ignoreClusterUpdates || !origins.includes(socket.known.from)) return;
  for (const { name } of addressesOf(live.info.connectUrls)) {
    const was = pool.get(name);
    if (was?.learnt === true && was.from === socket.known.from && live.infoSecured) was.vouched = true;
    else take(name, socket.known.from, live.infoSecured, pool, before);
  }
}

/** A server names others: they come from where it comes from, if that is in the list of the moment. */
function learn(
  { event, before, after }: Scene,
  pool: Map<string, Known>,
  { server, known, secured }: Socket,
  origins: readonly Configured[],
): void {
  if (event?.type !== "server.info" || before === null) return;
  const link = linkIn(before.context, event);
  if (link !== undefined && isOfRefuser(before.context, link)) return;
  const named = addressesOf(event.info.connectUrls.map((url) => url));
  const configured = [...pool.values()].filter(({ learnt }) => !learnt).map(({ from }) => from);
  const sameName = (wanted: string) => configured.find(({ address }) => address.name === wanted);
  const from = origins.includes(known.from) ? known.from : sameName(server);
  if (from === undefined) return;
  const letIn = before.context.live?.id === event.attempt;
  for (const { name } of named) {
    const isIn = after.context.pool.some((one) => one.name === name);
    const was = pool.get(name);
    // Who was named by the user, and left the pool, comes back as what it was.
    const { type } = from.address.transport;
    const own = origins.find(({ address }) => address.name === name && address.transport.type === type);
    const comesBack = own === undefined ? undefined : { from: own, learnt: false, vouched: false };
    if (was === undefined && isIn) pool.set(name, comesBack ?? { from, learnt: true, vouched: secured });
    else if (was?.learnt === true && was.from === from && secured) was.vouched = true;
    else if (letIn) take(name, from, secured, pool, before);
  }
}

/** A server that is known by way of another URL, and was not reached: who lets the client in, has it. */
function take(
  name: string,
  from: Configured,
  vouched: boolean,
  pool: Map<string, Known>,
  before: Snapshot,
): void {
  const was = pool.get(name);
  const isReached = before.context.pool.some((one) => one.name === name && one.didConnect);
  if (was?.learnt === true && was.from !== from && !isReached)
    pool.set(name, { from, learnt: true, vouched });
}
