// The statuses obey a grammar. Written down, with the chart's own marks in capitals between them:
//
//   life       = first ( CLOSED | CONNECTED standing )
//   first      = attempt*
//   attempt    = reconnecting news*                        every status names the server of its `reconnecting`
//   news       = error | update | ldm
//   standing   = ( news | pingTimer )* ( CLOSED | DRAINING news* CLOSED | lost )
//   lost       = [ error | pingTimer staleConnection | "client initiated reconnect" ] disconnect again
//   again      = attempt* ( CLOSED | CONNECTED reconnect standing )
//
// CONNECTED is releaseOutbound, DRAINING is drainSubscriptions, CLOSED is settleClosed. `table` is the same grammar as
// an automaton: in each place, what may come, and where it leads.

import type { Effect } from "../../../../src/machine/effects.js";
import type { Rule } from "./rule.js";

type Place = "first" | "attempt" | "standing" | "leaving" | "lost" | "again" | "back" | "draining" | "over";
type Token =
  | Extract<Effect, { readonly type: "notifyStatus" }>["params"]["status"]["type"]
  | "CONNECTED"
  | "DRAINING"
  | "CLOSED";

const news = (place: Place) => ({ error: place, update: place, ldm: place });

/** The grammar as an automaton. */
export const table: Readonly<Record<Place, Readonly<Partial<Record<Token, Place>>>>> = {
  first: { reconnecting: "attempt", CLOSED: "over" },
  attempt: { ...news("attempt"), reconnecting: "attempt", CONNECTED: "standing", CLOSED: "over" },
  standing: {
    ...news("standing"),
    pingTimer: "standing",
    staleConnection: "leaving",
    "client initiated reconnect": "leaving",
    disconnect: "lost",
    DRAINING: "draining",
    CLOSED: "over",
  },
  leaving: { disconnect: "lost" },
  lost: { reconnecting: "again", CLOSED: "over" },
  again: { ...news("again"), reconnecting: "again", CONNECTED: "back", CLOSED: "over" },
  back: { reconnect: "standing" },
  draining: { ...news("draining"), CLOSED: "over" },
  over: {},
};

function tokenOf(effect: Effect): Token | null {
  switch (effect.type) {
    case "notifyStatus":
      return effect.params.status.type;
    case "releaseOutbound":
      return "CONNECTED";
    case "drainSubscriptions":
      return "DRAINING";
    case "settleClosed":
      return "CLOSED";
    default:
      return null;
  }
}

export const statusesObeyTheirGrammar: Rule = {
  sentence: "the statuses obey their grammar, and each names the server of the current attempt",
  watch: () => {
    let place: Place = "first";
    let server = "";
    let previous: Token | null = null;
    return ({ effects }) => {
      for (const effect of effects) {
        if (effect.type === "openSocket" && effect.params.server.name !== server) {
          return `${effect.params.server.name} is dialed, but ${server} was reported`;
        }
        const token = tokenOf(effect);
        if (token === null) continue;
        const next: Place | undefined = table[place][token];
        if (next === undefined) return `${token} in ${place}`;
        if (token === "staleConnection" && previous !== "pingTimer") return "staleConnection without a pingTimer";
        if (effect.type === "notifyStatus") {
          const { status } = effect.params;
          if (status.type === "reconnecting") server = status.server;
          else if (status.server !== server) return `${token} names ${status.server}, not ${server}`;
        }
        place = next;
        previous = token;
      }
      return undefined;
    };
  },
};

export const endsAreReported: Rule = {
  sentence: "every failed attempt is reported as an error that says where, and every lost connection as a disconnect",
  watch:
    () =>
    ({ before, after, from, to, event, effects }) => {
      if (before === null || before.context.socket === null || before.context.socket === after.context.socket) {
        return undefined;
      }
      if (event?.type === "user.close" || event?.type === "user.drain" || from.startsWith("draining")) return undefined;
      const statuses = effects.flatMap((effect) => (effect.type === "notifyStatus" ? [effect.params.status] : []));
      if (from === "connected") {
        return statuses.some(({ type }) => type === "disconnect") ? undefined : "a loss that nobody hears of";
      }
      const [first] = statuses;
      if (first?.type !== "error") return `an attempt failed, and the first status is ${first?.type}`;
      if (`${from.split(".")[0]}.${first.step}` !== from) return `the failure is in ${first.step}, the chart was in ${from}`;
      const { failure } = after.context;
      const stays = to === "closed" || to.endsWith(".waiting") || to.endsWith(".asking");
      return stays && JSON.stringify(failure) !== JSON.stringify(first.failure) ? "the failure is forgotten" : undefined;
    },
};
