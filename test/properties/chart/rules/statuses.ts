// The statuses obey a grammar. Written down, with the chart's own marks in capitals between them:
//
//   life       = attempt* ( CLOSED | CONNECTED STANDS standing )
//   attempt    = reconnecting news*
//   news       = error | update | ldm
//   standing   = ( news | pingTimer STANDS | move )* ( CLOSED | DRAINS news* CLOSED | lost )
//   move       = ( attempt | pingTimer | CONNECTED error )+ [ CONNECTED reconnect ] STANDS
//   lost       = [ error | pingTimer staleConnection | "client initiated reconnect" ] HELD disconnect again
//   again      = attempt* ( CLOSED | CONNECTED reconnect STANDS standing )
//
// CONNECTED is releaseOutbound, STANDS the start of the ping timer outside a move, HELD holdOutbound, DRAINS drainSubscriptions, CLOSED
// settleClosed. In a move, CONNECTED is also the release to the old server where the hand-over is given up; a move that
// is lost, drained or closed ends as `standing` does. `table` is the same grammar as an automaton: in each place, what
// may come, and where it leads.

import type { Effect } from "../../../../src/machine/effects.js";
import { isAttempting, isMigrating } from "../chart.js";
import type { Scene } from "../told.js";
import { failedServer, lostServer, type Rule } from "./rule.js";

type Place =
  | "first"
  | "attempt"
  | "made"
  | "standing"
  | "leaving"
  | "held"
  | "lost"
  | "again"
  | "back"
  | "moving"
  | "moved"
  | "draining"
  | "over";
type Status = Extract<Effect, { readonly type: "notifyStatus" }>["params"]["status"];
type Token = Status["type"] | "CONNECTED" | "STANDS" | "HELD" | "DRAINS" | "CLOSED";

const news = (place: Place) => ({ error: place, update: place, ldm: place });
const ends = {
  HELD: "held",
  DRAINS: "draining",
  CLOSED: "over",
  "client initiated reconnect": "leaving",
} as const;

/** The grammar as an automaton. */
export const table: Readonly<Record<Place, Readonly<Partial<Record<Token, Place>>>>> = {
  first: { reconnecting: "attempt", CLOSED: "over" },
  attempt: { ...news("attempt"), reconnecting: "attempt", CONNECTED: "made", CLOSED: "over" },
  made: { STANDS: "standing" },
  standing: {
    ...news("standing"),
    ...ends,
    pingTimer: "standing",
    STANDS: "standing",
    staleConnection: "leaving",
    reconnecting: "moving",
  },
  moving: {
    ...news("moving"),
    ...ends,
    pingTimer: "moving",
    staleConnection: "leaving",
    reconnecting: "moving",
    STANDS: "standing",
    // What was published is released to the new server, or to the old one again.
    CONNECTED: "moved",
  },
  moved: { ...news("moving"), ...ends, reconnect: "made", reconnecting: "moving", STANDS: "standing" },
  leaving: { HELD: "held" },
  held: { disconnect: "lost" },
  lost: { reconnecting: "again", CLOSED: "over" },
  again: { ...news("again"), reconnecting: "again", CONNECTED: "back", CLOSED: "over" },
  back: { reconnect: "made" },
  draining: { ...news("draining"), CLOSED: "over" },
  over: {},
};

function tokenOf(effect: Effect, to: string): Token | null {
  switch (effect.type) {
    case "notifyStatus":
      return effect.params.status.type;
    case "releaseOutbound":
      return "CONNECTED";
    case "startTimer":
      return effect.params.timer === "ping" && !isMigrating(to) ? "STANDS" : null;
    case "holdOutbound":
      return "HELD";
    case "drainSubscriptions":
      return "DRAINS";
    case "settleClosed":
      return "CLOSED";
    default:
      return null;
  }
}

export const statusesObeyTheirGrammar: Rule = {
  sentence: "the statuses obey their grammar",
  watch: () => {
    let place: Place = "first";
    let previous: Token | null = null;
    return ({ effects, to }) => {
      for (const effect of effects) {
        const token = tokenOf(effect, to);
        if (token === null) continue;
        const next: Place | undefined = table[place][token];
        if (next === undefined) return `${token} in ${place}`;
        if (token === "staleConnection" && previous !== "pingTimer")
          return "staleConnection without a pingTimer";
        place = next;
        previous = token;
      }
      return undefined;
    };
  },
};

/** The server that a status is about. */
function serverOf({ type }: Status, dialed: string, { event, before, after, from }: Scene): string {
  const leaving = before?.context.leaving ?? null;
  const isOld = event !== null && "attempt" in event && event.attempt === leaving?.socket;
  switch (type) {
    case "reconnecting":
    case "reconnect":
      return dialed;
    case "disconnect":
    case "client initiated reconnect":
      return isMigrating(from) ? (leaving?.server ?? "") : dialed;
    default:
      if (isMigrating(from)) return isOld ? (leaving?.server ?? "") : (before?.context.server ?? "");
      return before?.context.server ?? after.context.server ?? "";
  }
}

export const statusesNameTheirServer: Rule = {
  sentence: "every status names the server that it is about",
  watch: () => {
    let dialed = "";
    return (scene) => {
      for (const effect of scene.effects) {
        if (effect.type === "openSocket" && effect.params.server.name !== dialed) {
          return `${effect.params.server.name} is dialed, but ${dialed} was reported`;
        }
        if (effect.type !== "notifyStatus") continue;
        const { status } = effect.params;
        if (status.type === "reconnecting") dialed = status.server;
        const due = serverOf(status, dialed, scene);
        if (status.server !== due) return `${status.type} names ${status.server}, not ${due}`;
      }
      // A move that was given up: the connection is still the old one.
      if (isMigrating(scene.from) && !isMigrating(scene.to)) dialed = scene.after.context.server ?? "";
      return undefined;
    };
  },
};

export const endsAreReported: Rule = {
  judgesAlone: true,
  sentence:
    "every failed attempt is reported as an error that says where, and every lost connection as a disconnect",
  watch: () => (scene) => {
    const { after, from, to, effects } = scene;
    const statuses = effects.flatMap((effect) =>
      effect.type === "notifyStatus" ? [effect.params.status] : [],
    );
    if (lostServer(scene) !== null) {
      return statuses.some(({ type }) => type === "disconnect") ? undefined : "a loss that nobody hears of";
    }
    if (failedServer(scene) === null || !isAttempting(from)) return undefined;
    const [first] = statuses;
    if (first?.type !== "error") return `an attempt failed, and the first status is ${first?.type}`;
    if (`${from.split(".")[0]}.${first.step}` !== from) return `it failed in ${from}, not in ${first.step}`;
    const rests = to === "closed" || /\.(waiting|asking|choosing)$/.test(to);
    if (!rests || isMigrating(from)) return undefined;
    return JSON.stringify(after.context.failure) === JSON.stringify(first.failure)
      ? undefined
      : "it is forgotten";
  },
};
