// The statuses obey a grammar. Written down, with the chart's own marks in capitals between them:
//
//   life        = [ hastened ] attempt* ( end | CONNECTED STANDS established )
//   attempt     = reconnecting news* [ hastened ]
//   news        = error | update | ldm
//   established = ( news | pingTimer STANDS | move )* ( end | DRAINS news* end | lost )
//   move        = ( attempt | pingTimer | CONNECTED ( news | pingTimer | attempt )* )+ [ CONNECTED [ reconnect ] ] STANDS
//   lost        = [ error | pingTimer staleConnection | "client initiated reconnect" ] HELD disconnect again
//   again       = [ hastened ] attempt* ( end | DRAINS news* end | CONNECTED reconnect STANDS established )
//   hastened    = "client initiated reconnect"*
//   end         = CLOSING CLOSED
//
// CONNECTED is releaseOutbound, STANDS the start of the ping timer outside a move, HELD holdOutbound, DRAINS drainSubscriptions, CLOSING
// settlePending, CLOSED settleClosed. In a move, CONNECTED is also the release to the old server where the hand-over is given
// up; a move that is lost, drained or closed ends as `established` does, or goes on as `again` without an attempt, where the old
// server was gone in the middle of the hand-over. `table` is the same grammar as an automaton: in each
// place, what may come, and where it leads.

import { serverInUse } from "../../../../src/machine/context.js";
import type { Effect } from "../../../../src/machine/effects.js";
import type { ConnectionEvent } from "../../../../src/machine/events.js";
import { linkIn, serverOf } from "../../../../src/machine/link.js";
import { isAttempting, isMigrating, isOver } from "../chart.js";
import type { Scene } from "../told.js";
import { failedServer, lostLink, type Rule } from "./rule.js";

type Place =
  | "first"
  | "attempt"
  | "made"
  | "established"
  | "leaving"
  | "held"
  | "lost"
  | "again"
  | "back"
  | "moving"
  | "moved"
  | "draining"
  | "closing"
  | "over";
type Status = Extract<Effect, { readonly type: "notifyStatus" }>["params"]["status"];
type Token = Status["type"] | "CONNECTED" | "STANDS" | "HELD" | "DRAINS" | "CLOSING" | "CLOSED";

const news = (place: Place) => ({ error: place, update: place, ldm: place });
const hastened = (place: Place) => ({ reconnecting: place, "client initiated reconnect": place });
const ends = {
  HELD: "held",
  DRAINS: "draining",
  CLOSING: "closing",
  "client initiated reconnect": "leaving",
} as const;

/** The grammar as an automaton. */
export const table: Readonly<Record<Place, Readonly<Partial<Record<Token, Place>>>>> = {
  first: { ...hastened("first"), reconnecting: "attempt", CLOSING: "closing" },
  attempt: { ...news("attempt"), ...hastened("attempt"), CONNECTED: "made", CLOSING: "closing" },
  made: { STANDS: "established" },
  established: {
    ...news("established"),
    ...ends,
    pingTimer: "established",
    STANDS: "established",
    staleConnection: "leaving",
    reconnecting: "moving",
  },
  moving: {
    ...news("moving"),
    ...ends,
    pingTimer: "moving",
    staleConnection: "leaving",
    reconnecting: "moving",
    STANDS: "established",
    // What was published is released to the new server, or to the old one again.
    CONNECTED: "moved",
  },
  moved: {
    // A hand-over that the user ends by other servers is over without a word, and may wait for the user's choice of the next.
    ...news("moving"),
    ...ends,
    pingTimer: "moving",
    reconnect: "made",
    reconnecting: "moving",
    STANDS: "established",
  },
  leaving: { HELD: "held" },
  held: { disconnect: "lost" },
  lost: {
    ...hastened("lost"),
    reconnecting: "again",
    CONNECTED: "back",
    DRAINS: "draining",
    CLOSING: "closing",
  },
  again: {
    ...news("again"),
    ...hastened("again"),
    CONNECTED: "back",
    DRAINS: "draining",
    CLOSING: "closing",
  },
  back: { reconnect: "made" },
  draining: { ...news("draining"), CLOSING: "closing" },
  closing: { CLOSED: "over" },
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
    case "settlePending":
      return "CLOSING";
    case "settleClosed":
      return "CLOSED";
    default:
      return null;
  }
}

/** The cells of the table that were used, as `place token`: what is permitted and never happens is no part of a grammar. */
export const usedCells = new Set<string>();

/** All cells of the table. */
export const allCells: readonly string[] = Object.entries(table).flatMap(([place, tokens]) =>
  Object.keys(tokens).map((token) => `${place} ${token}`),
);

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
        usedCells.add(`${place} ${token}`);
        place = next;
        previous = token;
      }
      return undefined;
    };
  },
};

/** The answer of a function of the user is numbered by the last attempt, and not about its link, which may still be being left. */
const isAnswer = ({ type }: ConnectionEvent) =>
  type === "server.chosen" || type === "choice.failed" || type === "delay.chosen";

/** The server that a status is about. */
function serverOfStatus({ type }: Status, dialed: string, scene: Scene): string {
  const { event, before, after } = scene;
  switch (type) {
    case "reconnecting":
      return dialed;
    case "reconnect":
      return after.context.live === null ? "" : serverOf(after.context.live);
    case "client initiated reconnect":
      // About the server in use, or the one that was.
      return before === null ? "" : serverInUse(before.context);
    default: {
      // About the link that the event is of; where it is the user's, about the one in use.
      const { live = null, next = null } = before?.context ?? {};
      const isOfLink = event !== null && before !== null && !isAnswer(event);
      const link = (isOfLink && linkIn(before.context, event)) || live || next;
      return link === null ? "" : serverOf(link);
    }
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
        const due = serverOfStatus(status, dialed, scene);
        if (status.server !== due) return `${status.type} names ${status.server}, not ${due}`;
      }
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
    const isLost = lostLink(scene) !== null;
    if (!isLost && (failedServer(scene) === null || !isAttempting(from))) return undefined;
    const statuses = effects.flatMap((effect) =>
      effect.type === "notifyStatus" ? [effect.params.status] : [],
    );
    if (isLost) {
      return statuses.some(({ type }) => type === "disconnect") ? undefined : "a loss that nobody hears of";
    }
    const [first] = statuses;
    if (first?.type !== "error") return `an attempt failed, and the first status is ${first?.type}`;
    if (`${from.split(".")[0]}.${first.step}` !== from) return `it failed in ${from}, not in ${first.step}`;
    const rests = isOver(to) || /\.(backingOff|awaitingDelay|awaitingServerChoice)$/.test(to);
    if (!rests || isMigrating(from)) return undefined;
    return JSON.stringify(after.context.failure) === JSON.stringify(first.failure)
      ? undefined
      : "it is forgotten";
  },
};
