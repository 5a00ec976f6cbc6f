// What must happen in stories for a rule to say anything: a rule of moves proves nothing where nobody moves. For each rule
// what it is about, as a question to one scene. report.ts counts the stories in which it was so; stories.test.ts asks that each
// of them is in one of a hundred stories at least.

import type { ConnectionContext } from "../../../src/machine/context.js";
import { type Link, linkIn, serverOf } from "../../../src/machine/link.js";
import { originFor } from "../../../src/machine/origin.js";
import { isRefusal } from "../../../src/machine/server-error.js";
import { findServer, readyAt } from "../../../src/machine/server-pool.js";
import { isAttempting, isMigrating, isOver } from "./chart.js";
import type { RuleName } from "./rules/index.js";
import {
  establishes,
  failedServer,
  isExhausted,
  isOf,
  isOfRefuser,
  leftServer,
  lostLink,
} from "./rules/rule.js";
import type { Scene } from "./told.js";

type Premise = (scene: Scene) => boolean;

/** The scene has such an effect. */
const wants =
  (name: Scene["effects"][number]["type"]): Premise =>
  ({ effects }) =>
    effects.some(({ type }) => type === name);
/** Such an event, which could happen. */
const hears =
  (name: string, where: (scene: Scene) => boolean = () => true): Premise =>
  (scene) =>
    scene.possible && scene.event?.type === name && where(scene);
const fires = (timer: string, where: (scene: Scene) => boolean = () => true): Premise =>
  hears(
    "timer.fired",
    (scene) => scene.event?.type === "timer.fired" && scene.event.timer === timer && where(scene),
  );
const reports =
  (status: string): Premise =>
  ({ effects }) =>
    effects.some((effect) => effect.type === "notifyStatus" && effect.params.status.type === status);
const dials =
  (where: (name: string, scene: Scene) => boolean): Premise =>
  (scene) =>
    scene.effects.some((effect) => effect.type === "openSocket" && where(effect.params.server.name, scene));
/** The link that the event is of is in that phase. */
const over =
  (phase: string): Premise =>
  ({ event, before }) =>
    event !== null && before !== null && linkIn(before.context, event)?.phase === phase;
const ends: Premise = ({ from, to }) => isOver(to) && !isOver(from);
const changesPool: Premise = ({ before, after }) =>
  before !== null && before.context.pool !== after.context.pool;
const grows = ({ before, after }: Scene) => after.context.pool.length - (before?.context.pool.length ?? 0);
const server = (scene: Scene, name: string) =>
  findServer(scene.before?.context.pool ?? [], name) ?? findServer(scene.after.context.pool, name);
const isSecondTime: Premise = ({ event, before, from }) => {
  const next = before?.context.next ?? null;
  if (next === null || event?.type !== "server.error" || !/\.(authenticating|subscribing)$/.test(from))
    return false;
  const last = findServer(before?.context.pool ?? [], serverOf(next))?.refusal;
  return (
    isRefusal(event.error) &&
    last?.kind === event.error.kind &&
    last.credentialsVersion === event.credentialsVersion
  );
};

/** An INFO names servers, where the cluster is not to be ignored, over such a link. */
const namesServers = (
  { event, before }: Scene,
  isSuch: (context: ConnectionContext, link: Link) => boolean,
): boolean => {
  if (before === null || event?.type !== "server.info" || event.info.connectUrls.length === 0) return false;
  const link = linkIn(before.context, event);
  return link !== undefined && !before.context.policy.ignoreClusterUpdates && isSuch(before.context, link);
};
const isOfAnotherList = ({ origins, pool }: ConnectionContext, { destination }: Link) =>
  originFor(origins, pool, destination) === undefined;

/** For each rule, what it is about. */
export const premises: Readonly<Record<RuleName, Readonly<Record<string, Premise>>>> = {
  noMomentContradictsItself: {
    "a second link is made while one is in use": ({ after }) =>
      after.context.live !== null && after.context.next !== null,
    "a link is being left": ({ after, to }) => after.context.retiring.length > 0 && !isOver(to),
    "what had arrived is processed without a connection": ({ after }) => after.context.processing,
    "a server is chosen, and in its backoff": ({ after, to }) =>
      after.context.chosen !== null && to.endsWith(".backingOff"),
  },
  socketsAreLinks: {
    "the other side closes a socket": hears("socket.closed"),
    "the client closes a socket": wants("closeSocket"),
  },
  onlyOneIsInUse: {
    "a socket is opened while another is in use": (scene) =>
      wants("openSocket")(scene) && scene.before?.context.live != null && isMigrating(scene.to),
  },
  sendsOverOpenSocket: {
    "a TLS handshake begins over an open socket": wants("upgradeToTls"),
    "a socket ends": wants("endSocket"),
  },
  credentialsUnderTls: {
    "CONNECT is sent under TLS": (scene) =>
      wants("sendConnect")(scene) && scene.after.context.next?.secured === true,
    "CONNECT is sent in the clear": (scene) =>
      wants("sendConnect")(scene) && scene.after.context.next?.secured === false,
  },
  answersPings: {
    "the server in use pings": hears("server.ping", over("live")),
    "a server that is being left pings": hears(
      "server.ping",
      (scene) => over("overlapping")(scene) || over("unsubscribing")(scene),
    ),
    "several PINGs are answered": hears(
      "server.ping",
      (scene) =>
        wants("sendPong")(scene) && scene.event?.type === "server.ping" && (scene.event.count ?? 1) > 1,
    ),
  },
  pingsAreBounded: {
    "a PING is due, and sent": fires("ping", wants("sendPing")),
    "a connection is stale": reports("staleConnection"),
  },
  handsOverInOrder: {
    "a move is completed": (scene) => leftServer(scene) !== null,
    "a reconnect is completed": (scene) => establishes(scene) && scene.from.startsWith("reconnecting."),
    "the old server is gone in the middle of the hand-over": hears(
      "socket.closed",
      (scene) => scene.from === "migrating.cuttingOver" && over("live")(scene),
    ),
  },
  leavesInOrder: {
    "an overlap is over": wants("unsubscribe"),
    "the UNSUBs are confirmed": hears("subscriptions.drained", over("unsubscribing")),
    "the UNSUBs are not confirmed in time": fires("retire"),
    "what was published is confirmed at the end": hears("outbound.flushed", over("confirming")),
    "what was published is not confirmed in time": fires("confirm"),
    "a socket does not hand over its last bytes": fires("linger"),
    "the server in use closes one half": hears(
      "socket.closed",
      (scene) => over("live")(scene) && scene.event?.type === "socket.closed" && scene.event.halfClosed,
    ),
  },
  timersBelongToLinks: {
    "an attempt takes too long": fires("attempt"),
    "a backoff is over": fires("reconnect"),
    "a drain takes too long": fires("drain"),
    "a server greets that had less time than the option says": (scene) =>
      hears("server.info", over("greeting"))(scene) &&
      wants("stopTimer")(scene) &&
      wants("startTimer")(scene),
  },
  somethingWakesTheChart: {
    "the user is asked how long not to dial": wants("askReconnectDelay"),
    "the user is asked where to move": (scene) => wants("askNextServer")(scene) && isMigrating(scene.to),
  },
  isReachedAsItsOriginSays: {
    "a server is dialed that another named in the clear": dials(
      (name, scene) => server(scene, name)?.learnt === true && server(scene, name)?.vouched === false,
    ),
    "a server is dialed that another named inside TLS": dials(
      (name, scene) => server(scene, name)?.vouched === true,
    ),
    "TLS is demanded since it was spoken before": ({ effects, after }) =>
      effects.some(
        (effect) =>
          effect.type === "openSocket" &&
          effect.params.server.tls !== null &&
          after.context.origins.some(
            ({ id, tls, spokeTls }) => id === effect.params.server.origin && tls === null && spokeTls,
          ),
      ),
  },
  dialsInTime: {
    "every server is in its backoff": (scene) => scene.to.endsWith(".backingOff") && scene.from !== scene.to,
    "one of several servers is dialed": dials((_, { after }) => after.context.pool.length > 1),
    "a server is dialed that has failed before": dials(
      (name, scene) => (server(scene, name)?.failures ?? 0) > 0,
    ),
    "a server is dialed that the user chose": dials(
      (name, { before }) => before?.context.chosen?.server === name || false,
    ),
    "a dial waits for others, and begins": hears("dial.begun"),
    "a server is dialed while another is in its backoff": dials((_, { after, at }) =>
      after.context.pool.some((one) => readyAt(one) > at),
    ),
  },
  queueIsKept: {
    "a server fails, and there are others": (scene) =>
      failedServer(scene) !== null && scene.after.context.pool.length > 1,
    "a server is lost, and there are others": (scene) =>
      lostLink(scene) !== null && scene.after.context.pool.length > 1,
    "servers join the cluster": hears("server.info", (scene) => grows(scene) > 0),
    "servers leave the cluster": hears("server.info", (scene) => grows(scene) < 0),
    "a server of another list names servers": hears("server.info", (scene) =>
      namesServers(scene, isOfAnotherList),
    ),
    "a server that refused names servers": hears("server.info", (scene) => namesServers(scene, isOfRefuser)),
    "the user names other servers": hears("user.setServers", changesPool),
  },
  attemptsAreCounted: {
    "a server leaves the pool": (scene) => failedServer(scene) !== null && grows(scene) < 0,
    "a server that failed is reached": (scene) =>
      establishes(scene) && (server(scene, serverOf(scene.before?.context.next as never))?.failures ?? 0) > 0,
  },
  refusedTwiceCloses: {
    "a second refusal closes the connection": (scene) =>
      isSecondTime(scene) && ends(scene) && !isExhausted(scene),
    "a second refusal, which the user ignores": (scene) =>
      isSecondTime(scene) && scene.after.context.policy.ignoreAuthErrorAbort,
    "a server that another named refuses twice": (scene) =>
      isSecondTime(scene) && server(scene, serverOf(scene.before?.context.next as never))?.learnt === true,
    "the server in use refuses": hears("server.error", (scene) => lostLink(scene) !== null),
  },
  statusesObeyTheirGrammar: {
    "the cluster changes": reports("update"),
    "a server is in lame duck mode": reports("ldm"),
    "an error comes while connected": (scene) => reports("error")(scene) && scene.from === "connected",
  },
  statusesNameTheirServer: {
    "a status is about the server that a move goes to": (scene) =>
      reports("error")(scene) && isMigrating(scene.from) && isOf(scene, scene.before?.context.next),
    "a status is about the server that a move leaves": (scene) =>
      isMigrating(scene.from) && isOf(scene, scene.before?.context.live) && wants("notifyStatus")(scene),
    "the user wants another connection": reports("client initiated reconnect"),
  },
  endsAreReported: {
    "an attempt fails": (scene) =>
      failedServer(scene) !== null && isAttempting(scene.from) && !isMigrating(scene.from),
    "a move fails": (scene) => failedServer(scene) !== null && isMigrating(scene.from),
    "a connection is lost": (scene) => lostLink(scene) !== null,
  },
  gateOpensAfterAuthentication: {
    "what is published is kept for a hand-over": wants("pauseOutbound"),
    "a hand-over is given up": (scene) =>
      scene.from === "migrating.cuttingOver" && wants("releaseOutbound")(scene) && !establishes(scene),
  },
  drainsInOrder: {
    "the publishers are drained": wants("finishOutbound"),
    "a drain is finished": hears("outbound.flushed", ({ from }) => from === "draining.publishers"),
    "a drain begins while disconnected": (scene) =>
      wants("drainSubscriptions")(scene) && scene.from.startsWith("reconnecting."),
    "a drain loses its connection": (scene) =>
      hears("socket.closed", over("live"))(scene) && scene.from.startsWith("draining."),
  },
  connectSettlesOnce: {
    "connect is resolved": wants("resolveConnect"),
    "connect is rejected": wants("rejectConnect"),
  },
  closedSettlesLast: {
    "the end takes a while": ({ from, to }) => to === "closing" && from !== "closing",
    "the end is at once": ({ from, to }) => to === "closed" && from !== "closing",
  },
  closingHastens: {
    "something happens in closing": ({ possible, from }) => possible && from === "closing",
    "a server confirms what was published, in closing": (scene) =>
      scene.from === "closing" && wants("endSocket")(scene),
    "the user waits no longer for what had arrived": hears(
      "user.close",
      ({ before }) => before?.context.processing === true,
    ),
  },
  closesForAReason: {
    "no reconnect is wanted": (scene) =>
      ends(scene) && lostLink(scene) !== null && !scene.after.context.policy.reconnect,
    "no server is left": (scene) => ends(scene) && isExhausted(scene),
    "the user's function fails": hears("choice.failed", ends),
    "the user closes": hears("user.close", ends),
    "the user drains while disconnected": hears("user.drain", ends),
  },
  closedIsAbsorbing: { "something happens after the end": ({ from }) => from === "closed" },
  staleChangesNothing: {
    "a word of a link that is over": ({ event, possible, before }) =>
      !possible &&
      event !== null &&
      before !== null &&
      "attempt" in event &&
      linkIn(before.context, event) === undefined,
    "an answer to what was not asked, over a link that is there": ({ event, possible, before }) =>
      !possible && event !== null && before !== null && linkIn(before.context, event) !== undefined,
  },
  reconnectActsAtOnce: {
    "reconnect while connected": hears("user.reconnect", ({ from }) => from === "connected"),
    "reconnect in an attempt": hears(
      "user.reconnect",
      ({ from }) => isAttempting(from) && !isMigrating(from),
    ),
    "reconnect in a backoff": hears("user.reconnect", ({ from }) => from.endsWith(".backingOff")),
    "reconnect while the user is asked": hears("user.reconnect", ({ from }) => from.includes(".awaiting")),
    "reconnect in a drain or at the end": hears(
      "user.reconnect",
      ({ from }) => from.startsWith("draining.") || isOver(from),
    ),
  },
  allIsPlainJson: {
    "a permission is told": ({ effects }) =>
      effects.some(
        (e) =>
          e.type === "notifyStatus" &&
          e.params.status.type === "error" &&
          e.params.status.permission !== null,
      ),
  },
  noUnknownField: { "a failure has a cause": ({ after }) => after.context.failure?.cause !== undefined },
};
