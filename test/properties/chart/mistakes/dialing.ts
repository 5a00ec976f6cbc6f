// Mistakes about servers: which is dialed, when and how, and what is remembered of it.

import { assign } from "xstate";
import { originFor } from "../../../../src/machine/origin.js";
import { isRefusal } from "../../../../src/machine/server-error.js";
import { sabotaged } from "../chart.js";
import type { RuleName } from "../rules/index.js";
import { isOfRefuser } from "../rules/rule.js";
import {
  type Asked,
  acting,
  changed,
  changing,
  dialing,
  dialingOther,
  guarding,
  learning,
  leave,
  type Mistake,
  making,
  never,
  pooling,
  putBack,
  remembering,
  taking,
  turnedRound,
  withoutLast,
} from "./mistake.js";

export const mistakesOfDialing = {
  isReachedAsItsOriginSays: [
    [
      "dials a server that was named in the clear by its own name",
      dialing((server) => ({ ...server, tlsName: null })),
      /the certificate of/,
    ],
    [
      "dials without TLS where the list asks for it",
      dialing((server) => ({ ...server, tls: null, transport: { ...server.transport, tls: false } })),
      /is not asked for TLS/,
    ],
    [
      "offers each server the credentials of the first origin",
      dialing((server, [first]) => ({ ...server, origin: first?.id ?? "" })),
      /is offered what belongs to another/,
    ],
    [
      "forgets that TLS was spoken",
      remembering(({ origins }) => ({ origins: origins.map((one) => ({ ...one, spokeTls: false })) })),
      /is not asked for TLS/,
    ],
    [
      "takes all that servers say for what is said inside TLS",
      remembering(({ pool }) => ({ pool: pool.map((one) => ({ ...one, vouched: one.learnt })) })),
      /the certificate of/,
    ],
    [
      "dials a server that nobody named",
      dialing((server) => ({ ...server, name: "x:4222" })),
      /nobody named it/,
    ],
    [
      "dials by WebSocket",
      dialing((server) => ({ ...server, transport: { type: "webSocket", tls: false, path: "/" } })),
      /is dialed by webSocket/,
    ],
    [
      "demands TLS where nobody asks for it",
      dialing((server) => ({ ...server, tls: "url" })),
      /is asked for TLS/,
    ],
  ],
  dialsInTime: [
    [
      "does not ask the user how long a server is left alone",
      guarding({ delayIsUnknown: never }),
      /is dialed too soon/,
    ],
    [
      "waits too long",
      sabotaged((effects) =>
        effects.map((effect) =>
          effect.type === "startTimer" && effect.params.timer === "reconnect"
            ? { ...effect, params: { ...effect.params, ms: effect.params.ms + 2_000 } }
            : effect,
        ),
      ),
      /not between/,
    ],
    [
      "takes the time in which a dial waited for its turn for a part of the backoff",
      acting({
        noteDialed: assign(({ context: { next }, event: { at } }: Asked) => ({
          next: next === null ? null : { ...next, queued: false, begunAt: at },
        })),
      }),
      /is dialed too soon|it waits/,
    ],
    [
      "forgets when it dialed",
      remembering(({ pool }) => ({ pool: pool.map((one) => ({ ...one, wait: 0 })) })),
      /is dialed too soon/,
    ],
    ["waits although a server is eligible", guarding({ aServerIsReady: never }), /it waits, although/],
    [
      "dials a server that left the pool",
      dialing((server) => ({ ...server, name: "x:4222" })),
      /is dialed, but not in the pool/,
    ],
    [
      "dials the server of the user's choice without the wait",
      acting({
        noteChoice: assign(({ event }: Asked) =>
          event.type === "server.chosen" && event.server !== null
            ? { chosen: { server: event.server, at: event.at }, now: event.at }
            : {},
        ),
      }),
      /was chosen for/,
    ],
    [
      "waits too long for the user's choice",
      changed("startTimer", (params) =>
        params.timer === "reconnect" ? { ...params, ms: params.ms + 2_000 } : params,
      ),
      /it waits \d+ ms for .* chosen for/,
    ],
    [
      "asks the user about a server that is not there",
      changed("askNextServer", (params) => ({
        ...params,
        pool: params.pool.map((one) => ({ ...one, name: "x:4222" })),
      })),
      /asked, but x:4222 is not in the pool/,
    ],
    [
      "asks the user about the last server first",
      changed("askNextServer", (params) => ({ ...params, pool: turnedRound(params.pool) })),
      /asked, but .* is dialed/,
    ],
    ["moves to the server in use", dialingOther(({ live }) => live?.destination.name), /while it is in use/],
    [
      "dials a server again that had its try",
      dialingOther(({ pool, connectedBefore }) =>
        connectedBefore ? undefined : pool.find(({ failures }) => failures > 0)?.name,
      ),
      /is dialed again/,
    ],
    [
      "dials the last server first",
      dialingOther(({ pool, live }) => (live === null ? pool.at(-1)?.name : undefined)),
      /is dialed before/,
    ],
  ],
  queueIsKept: [
    [
      "turns the queue round",
      remembering(({ pool }) => ({ pool: [...pool].reverse() })),
      /the pool changes from/,
    ],
    [
      "does not hear that the user names other servers",
      making((made, event, { context: { pool, origins } }) => {
        if (event.type !== "user.setServers") return made;
        const context = { ...made.snapshot.context, pool: [...pool], origins };
        return { ...made, snapshot: changing(made.snapshot, { context }) };
      }),
      /^the pool is /,
    ],
    [
      "leaves a server that failed where it is",
      remembering(({ pool }) => ({
        pool: pool.toSorted((one, other) => one.name.localeCompare(other.name)),
      })),
      /the pool was .* and is/,
    ],
    [
      "turns the queue round because of an INFO",
      learning((pool) => turnedRound(pool)),
      /changed the order of the pool/,
    ],
    [
      "hears of the cluster though it is to be ignored",
      learning((pool, { policy }) => (policy.ignoreClusterUpdates ? withoutLast(pool) : pool)),
      /the cluster is to be ignored/,
    ],
    [
      "hears of a cluster that is not in the list",
      learning(
        (pool) => withoutLast(pool),
        ({ destination }, { origins, pool }) => originFor(origins, pool, destination) === undefined,
      ),
      /is of another list/,
    ],
    [
      "hears who refused the client",
      learning(
        (pool) => withoutLast(pool),
        (link, before) => isOfRefuser(before, link),
      ),
      /who says so refused the client/,
    ],
    ["forgets a server that the cluster names", learning((pool) => withoutLast(pool)), /should stay/],
    [
      "remembers a server that left the cluster",
      learning((pool, before) => [
        ...before.pool,
        ...pool.filter(({ name }) => !before.pool.some((one) => one.name === name)),
      ]),
      /should leave/,
    ],
    [
      "invents a server of the cluster",
      learning((pool) => pool.slice(0, 1).flatMap((one) => [...pool, { ...one, name: "x:4222" }])),
      /joins, but the cluster does not name it/,
    ],
  ],
  attemptsAreCounted: [
    [
      "does not count",
      remembering(({ pool }) => ({ pool: pool.map((one) => ({ ...one, failures: 0 })) })),
      /failed \d+ times, not 0/,
    ],
    ["keeps a server that failed too often", pooling(putBack), /times and stays/],
    [
      "drops a server that failed before the first connection",
      remembering(({ pool, connectedBefore }) =>
        connectedBefore ? {} : { pool: pool.filter(({ failures }) => failures === 0) },
      ),
      /left before a connection stood/,
    ],
    [
      "drops a server at its first failure",
      remembering(({ pool, connectedBefore }) =>
        connectedBefore ? { pool: pool.filter(({ failures }) => failures === 0) } : {},
      ),
      /left after \d+ failures/,
    ],
  ],
  refusedTwiceCloses: [
    ["does not notice a second refusal", guarding({ isSecondRefusal: never }), /the chart goes on/],
    [
      "takes a first refusal for the second",
      guarding({
        isSecondRefusal: ({ event }: Asked) => event.type === "server.error" && isRefusal(event.error),
      }),
      /no server refused twice/,
    ],
    [
      "keeps a server that another named and that refused twice",
      pooling(putBack),
      /refused twice, and stays/,
    ],
    [
      "closes where the server refuses that a move goes to",
      taking((event, { context }) =>
        event.type === "server.error" && context.live !== null && event.attempt === context.next?.id
          ? leave(event)
          : null,
      ),
      /a move closes it/,
    ],
  ],
} satisfies Partial<Record<RuleName, readonly Mistake[]>>;
