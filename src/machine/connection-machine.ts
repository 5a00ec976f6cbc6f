// The life of a NATS connection, as one statechart. Read it top to bottom; every picture of it is made from here.
//
// How to think about it: the chart only says what should happen. An event comes in (events.ts), the chart moves,
// remembers (memory.ts) and emits effects as data (effects.ts; written for the chart in actions.ts). The
// interpreter carries them out and reports what came of it by further events. Messages never pass through here.
//
//   connecting ──▶ connected ──▶ draining ──▶ closing ──▶ closed
//        │         │ ▲   │ ▲                     ▲   from each of them by user.close
//        │         ▼ │   ▼ │                     │
//        │  migrating   reconnecting ────────────┤   no server left, refused twice, reconnect is off, or user.drain
//        └───────────────────────────────────────┘
//
// The machines. There are five kinds, and all but the last are here, in plain sight:
//   1. The states below: one, for the connection.
//   2. A link for each socket (link.ts), with a phase: dialing ... authenticating, subscribing, cuttingOver, live,
//      then overlapping, unsubscribing, confirming, ending. The context has one `live`, one `next`, and a list of those `retiring`.
//   3. A server for each entry of the pool (server-pool.ts): may be dialed, in its backoff, or awaiting the user's delay.
//   4. A timer for each name and link (effects.ts): runs or does not.
//   5. Behind the effects, and only there: the gate of the outbound stream (outbound.ts) and what of it is confirmed
//      (unconfirmed.ts), what each server knows of the subscriptions (subscription-view.ts), and the socket itself (world.ts).
//
// What couples them:
//   - State and `next`: in a step of an attempt there is a `next`, and its phase is the step. In all other steps there is none.
//   - State and `live`: there is one in `connected`, `migrating` and `draining`, and no other state has one.
//   - Retiring links go on in every state: what is said to them is answered at the root of the chart. `closing` waits for those that
//     hand over their last bytes or ask whether they arrived, and closes the others at once. After a drain without a
//     connection it also waits for what had arrived to be processed (`processing`).
//   - Links and timers: an attempt has `attempt`, which begins anew when a dial that was `queued` begins; a link in use `ping`, one
//     that is being left `overlap`, `retire`, `confirm` or `linger`, by its phase. `reconnect` runs in `backingOff`, where no link is
//     being made, and `drain` in `draining` and while `closing` waits for what had arrived.
//   - State and gate: open in `connected`, `draining` and most of `migrating`, paused in `cuttingOver`, shut while disconnected.
// The function `contradictionsIn` (src/testing/chart/contradictions.ts) says all this as code; the tests ask it at every step.
//
// What is still ugly: the phase of `next` repeats the step that the state names, so that functions of the context know it,
// and `enterStep` must keep the two together. `lastInUse` and `failure` outlive the link that they are about.
//
// An attempt to connect takes the same steps inside `connecting`, `reconnecting` and `migrating`, written once below, as is
// what happens to the link in use in `connected` and `migrating`. Two levels of states: the Stately inspector cuts off what is deeper.

import { setup } from "xstate";
import * as does from "./actions.js";
import { type ConnectionContext, type ConnectionInput, createContext } from "./context.js";
import type { ConnectionEvent } from "./events.js";
import type { AttemptStep } from "./failure.js";
import { guards } from "./guards.js";
import { memory } from "./memory.js";

const chart = setup({
  types: {
    context: {} as ConnectionContext,
    events: {} as ConnectionEvent,
    input: {} as ConnectionInput,
  },
  actions: { ...does.effectActions, ...does.conditionalActions, ...memory },
  guards,
});

const enters = (step: AttemptStep) => ({ type: "enterStep", params: { step } }) as const;

// What can end an attempt in each of its steps, always with the same consequences: say why, close the socket, remember
// it, and see which server is next.
const fails = ["reportError", does.closeNextSocket, does.stopAttemptTimer, "recordFailure"] as const;
const canFail = {
  "socket.closed": {
    description: "Nobody listens there, or the socket broke.",
    guard: "fromNextServer",
    target: "selecting",
    actions: fails,
  },
  "timer.fired": {
    description: "The attempt took longer than the option timeout.",
    guard: "attemptTimedOut",
    target: "selecting",
    actions: fails,
  },
  "protocol.violated": {
    description: "What answers there does not speak NATS.",
    guard: "fromNextServer",
    target: "selecting",
    actions: fails,
  },
  "server.error": [
    { description: "The server refuses.", guard: "isFatalToAttempt", target: "selecting", actions: fails },
    { guard: "fromNextServer", actions: "reportError" },
  ],
} as const;

// The same where the server has seen the credentials, and no connection is established.
const canRefuse = {
  "server.error": [
    {
      description: "The server refuses the same credentials a second time.",
      guard: "isSecondRefusal",
      target: "#connection.closing",
      actions: fails,
    },
    ...canFail["server.error"],
  ],
} as const;

// The four steps in which a socket becomes a connection.
const handshake = {
  dialing: {
    description: "The TCP connection, or the WebSocket, is being opened.",
    entry: [does.startAttemptTimer, does.reportReconnecting, does.openSocket],
    on: {
      ...canFail,
      // The dial may wait for others of the process. That takes none of the attempt's time: nobody waits for the server.
      "dial.queued": { guard: "dialIsQueued", actions: "noteQueued" },
      "dial.begun": {
        guard: "turnHasCome",
        actions: [does.stopAttemptTimer, "noteDialed", does.startAttemptTimer],
      },
      "timer.fired": [{ guard: "timeDoesNotCount", actions: does.startAttemptTimer }, canFail["timer.fired"]],
      "socket.opened": [
        {
          description: "TLS before the first word.",
          guard: "tlsComesFirst",
          target: "securing",
          actions: "noteOpened",
        },
        {
          description: "The socket is open.",
          guard: "dialSucceeded",
          target: "greeting",
          actions: "noteOpened",
        },
      ],
    },
  },
  greeting: {
    description: "The server is to say INFO.",
    entry: enters("greeting"),
    on: {
      ...canFail,
      "server.info": [
        {
          description: "One side demands TLS, the other does not do it.",
          guard: "tlsIsImpossible",
          target: "selecting",
          actions: fails,
        },
        {
          description: "The server demands TLS, or offers it.",
          guard: "tlsIsNext",
          target: "securing",
          actions: ["noteInfo", "grantTime"],
        },
        {
          description: "The server greets; no TLS.",
          guard: "fromNextServer",
          target: "authenticating",
          actions: ["noteInfo", "grantTime"],
        },
      ],
    },
  },
  securing: {
    description: "The TLS handshake.",
    entry: [enters("securing"), does.upgradeToTls],
    on: {
      ...canFail,
      "socket.secured": [
        {
          description: "The certificate is accepted.",
          guard: "infoHasCome",
          target: "authenticating",
          actions: "noteSecured",
        },
        {
          description: "The certificate is accepted; the server has not greeted yet.",
          guard: "fromNextServer",
          target: "greeting",
          actions: "noteSecured",
        },
      ],
    },
  },
  authenticating: {
    description: "CONNECT with the credentials and PING are sent; a PONG says that they are accepted.",
    entry: [enters("authenticating"), does.sendConnect],
    on: {
      ...canFail,
      "credentials.failed": {
        description: "The authenticator gave nothing to log in with.",
        guard: "fromNextServer",
        target: "selecting",
        actions: fails,
      },
      "server.info": { guard: "fromNextServer", actions: "noteInfo" },
      "server.ping": { guard: "fromNextServer", actions: does.sendPong },
    },
  },
} as const;

const choosesNext = {
  description: "The user chose, or left it to the client.",
  guard: "isChoice",
  target: "selecting",
  actions: "noteChoice",
} as const;
const untilReady = { entry: does.startReconnectTimer, exit: does.stopReconnectTimer } as const;

// The user does not want to wait for an attempt to connect: it is given up, and the next one begins.
const givesUp = {
  "user.setServers": {
    description: "Other servers are to be dialed.",
    guard: "nextIsReplaced",
    target: "selecting",
    actions: [does.closeNextSocket, does.stopAttemptTimer, "replaceServers"],
  },
  "user.reconnect": {
    description: "The user does not want to wait for this server.",
    target: "selecting",
    actions: [does.reportClientReconnect, does.closeNextSocket, does.stopAttemptTimer, "hasten"],
  },
} as const;

// What happens while no connection is established, within `connecting` and `reconnecting`: attempts, and what comes
// between two of them. How an attempt ends well differs: `accepted`.
const disconnected = <const Accepted extends object>(accepted: Accepted) =>
  ({
    selecting: {
      description: "Which server is next, and when? Left at once.",
      always: [
        { guard: "reconnectIsOff", target: "#connection.closing" },
        { guard: "noServerIsLeft", target: "#connection.closing" },
        { guard: "delayIsUnknown", target: "awaitingDelay" },
        { guard: "serverIsUnchosen", target: "awaitingServerChoice" },
        { guard: "aServerIsReady", target: "dialing", actions: "beginAttempt" },
        { target: "backingOff" },
      ],
    },
    awaitingServerChoice: {
      description: "The user's reconnectToServer is asked which server is next.",
      entry: does.askNextServer,
      on: {
        "server.chosen": choosesNext,
        "choice.failed": {
          description: "The user's function failed: there is no next server.",
          guard: "isChoice",
          target: "#connection.closing",
          actions: "recordChoiceFailure",
        },
      },
    },
    awaitingDelay: {
      description: "The user's reconnectDelayHandler is asked how long not to dial the server.",
      entry: does.askReconnectDelay,
      on: {
        "delay.chosen": {
          description: "The user said how long.",
          guard: "isAnswer",
          target: "selecting",
          actions: "noteDelay",
        },
      },
    },
    backingOff: {
      description: "Every server was tried a moment ago: until the first is out of its backoff.",
      ...untilReady,
      on: {
        "timer.fired": {
          description: "The first server is out of its backoff.",
          guard: "backoffIsOver",
          target: "selecting",
          actions: "noteTime",
        },
        "user.setServers": {
          description: "One of the new servers may be dialed at once.",
          guard: "namesServers",
          target: "selecting",
          actions: "replaceServers",
        },
        "user.reconnect": {
          description: "The user does not want to wait.",
          target: "selecting",
          actions: [does.reportClientReconnect, "hasten"],
        },
      },
    },
    dialing: { ...handshake.dialing, on: { ...handshake.dialing.on, ...givesUp } },
    greeting: { ...handshake.greeting, on: { ...handshake.greeting.on, ...givesUp } },
    securing: { ...handshake.securing, on: { ...handshake.securing.on, ...givesUp } },
    authenticating: {
      ...handshake.authenticating,
      on: {
        ...handshake.authenticating.on,
        ...givesUp,
        ...canRefuse,
        "server.pong": accepted,
      },
    },
  }) as const;
const takesIntoUse = [
  does.stopAttemptTimer,
  "completeAttempt",
  does.resubscribe,
  does.releaseOutbound,
] as const;
const whileDisconnected = {
  "user.setServers": { actions: "replaceServers" },
  "user.close": {
    description: "The user leaves; what is unsent stays unsent, and is told.",
    target: "closing",
    actions: ["dropNext", "recordLeaving"],
  },
} as const;

// The user leaves while a connection is established.
const leaves = [
  {
    description: "The user leaves; a server has confirmed all that was published.",
    guard: "allIsConfirmed",
    target: "#connection.closing",
    actions: ["dropNext", does.endLiveSocket, does.startLingerTimer, "recordClose"],
  },
  {
    description:
      "The user leaves; what was published is handed over, and the server is asked whether it arrived.",
    target: "#connection.closing",
    actions: ["dropNext", does.confirmOutbound, does.startConfirmTimer, "recordUnconfirmedClose"],
  },
] as const;

// What happens to the link in use, in `connected` and in `migrating`. A server that was being dialed meanwhile is dropped.
const whileConnected = {
  "server.ping": { guard: "fromServerInUse", actions: does.sendPong },
  "server.pong": { guard: "fromServerInUse", actions: "clearPings" },
  "server.info": { guard: "fromServerInUse", actions: "noteInfo" },
  "server.error": [
    {
      description: "The credentials are no longer accepted: expired or revoked.",
      guard: "isRefusal",
      target: "reconnecting",
      actions: ["reportError", does.closeLiveSocket, "dropNext", "recordLoss"],
    },
    {
      description: "The server will close the connection.",
      guard: "isFatalToConnection",
      actions: ["reportError", "noteError"],
    },
    { guard: "fromServerInUse", actions: "reportError" },
  ],
  "timer.fired": [
    {
      description: "The server left maxPingOut PINGs unanswered.",
      guard: "isStale",
      target: "reconnecting",
      actions: [does.reportPing, does.reportStale, does.closeLiveSocket, "dropNext", "recordLoss"],
    },
    {
      description: "Is the server still there?",
      guard: "pingIsDue",
      actions: [does.reportPing, "countPing", does.sendPing, does.startPingTimer],
    },
  ],
  "socket.closed": {
    description: "The connection is lost.",
    guard: "fromServerInUse",
    target: "reconnecting",
    actions: ["dropNext", "recordLoss"],
  },
  "protocol.violated": {
    description: "What the server sent is not NATS.",
    guard: "fromServerInUse",
    target: "reconnecting",
    actions: ["reportError", does.closeLiveSocket, "dropNext", "recordLoss"],
  },
  "user.reconnect": {
    description: "The user wants a new connection.",
    target: "reconnecting",
    actions: [does.reportClientReconnect, does.closeLiveSocket, "dropNext", "recordLoss"],
  },
  "user.setServers": { actions: "replaceServers" },
  "user.drain": {
    description: "The user leaves, and loses nothing.",
    target: "draining",
    actions: "dropNext",
  },
  "user.close": leaves,
} as const;

// A move is given up while the old server has been paused: it goes on with what was kept.
const failsAfterPause = [does.releaseOutbound, ...fails] as const;
const newServerIsLeft = [does.stopAttemptTimer, "retireNext", does.startOverlapTimer] as const;
const moves = {
  description: "Other servers are to be moved to.",
  guard: "nextIsReplaced",
  target: "selecting",
  actions: ["dropNext", "replaceServers"],
} as const;
const movesOn = { ...moves, actions: [...newServerIsLeft, "replaceServers"] } as const;

/** The chart of a NATS connection. Pure: run it by `transition()`, or live with the interpreter's actions provided. */
export const connectionMachine = chart.createMachine({
  id: "connection",
  description: "The life of a NATS connection.",
  context: ({ input }) => createContext(input),
  initial: "connecting",
  states: {
    connecting: {
      description: "The first connection is being made.",
      initial: "selecting",
      states: disconnected({
        description: "Accepted: subscribe, then let messages flow.",
        guard: "fromNextServer",
        target: "#connection.connected",
        actions: [...takesIntoUse, does.resolveConnect],
      }),
      on: {
        ...whileDisconnected,
        "user.drain": {
          description: "The user leaves.",
          target: "closing",
          actions: ["dropNext", "recordLeaving"],
        },
      },
    },

    connected: {
      description: "Messages flow.",
      entry: does.startPingTimer,
      exit: does.stopPingTimer,
      on: {
        ...whileConnected,
        "server.info": [
          {
            description: "Lame duck mode, and onLameDuck is migrate: move before the server is gone.",
            guard: "isTimeToMigrate",
            target: "migrating",
            actions: ["noteInfo", "beginMove"],
          },
          whileConnected["server.info"],
        ],
      },
    },

    migrating: {
      description:
        "The server is about to shut down (lame duck mode). While messages still flow, a second socket is made to another one.",
      entry: does.startPingTimer,
      exit: does.stopPingTimer,
      initial: "selecting",
      states: {
        selecting: {
          description: "Is there another server that may be dialed now? Left at once.",
          always: [
            { guard: "serverIsUnchosen", target: "awaitingServerChoice" },
            { guard: "aServerIsReady", target: "dialing", actions: "beginAttempt" },
            { guard: "choiceIsDelayed", target: "backingOff" },
            { description: "None: stay.", target: "#connection.connected", actions: "forgetChoice" },
          ],
        },
        awaitingServerChoice: {
          description: "The user's reconnectToServer is asked where to move.",
          entry: does.askNextServer,
          on: {
            "server.chosen": choosesNext,
            "choice.failed": {
              description: "The user's function failed: stay.",
              guard: "isChoice",
              target: "#connection.connected",
              actions: "reportChoiceFailed",
            },
          },
        },
        backingOff: {
          description: "The user's function chose a server, and how long to wait before it is dialed.",
          ...untilReady,
          on: {
            "timer.fired": {
              description: "The time that the user's function named is over.",
              guard: "backoffIsOver",
              target: "selecting",
              actions: "noteTime",
            },
            "server.info": {
              description: "The server that was chosen may have left the cluster.",
              guard: "fromServerInUse",
              target: "selecting",
              actions: ["noteInfo", "noteTime"],
            },
            "user.setServers": { ...moves, guard: "namesServers" },
          },
        },
        dialing: { ...handshake.dialing, on: { ...handshake.dialing.on, "user.setServers": moves } },
        greeting: {
          ...handshake.greeting,
          on: {
            ...handshake.greeting.on,
            "server.info": [
              {
                description: "It is the server that is to be left, under another name.",
                guard: "isServerBeingMovedFrom",
                target: "selecting",
                actions: fails,
              },
              ...handshake.greeting.on["server.info"],
            ],
            "user.setServers": moves,
          },
        },
        securing: { ...handshake.securing, on: { ...handshake.securing.on, "user.setServers": moves } },
        authenticating: {
          ...handshake.authenticating,
          on: {
            ...handshake.authenticating.on,
            "user.setServers": moves,
            "server.pong": { description: "Accepted.", guard: "fromNextServer", target: "subscribing" },
          },
        },
        subscribing: {
          description: "Subscribed with both servers, until the new one confirms.",
          entry: [enters("subscribing"), does.resubscribeWithNext, does.sendPingToNext],
          on: {
            ...canFail,
            "server.info": { guard: "fromNextServer", actions: "noteInfo" },
            "server.ping": { guard: "fromNextServer", actions: does.sendPong },
            "server.pong": {
              description: "The new server has every subscription.",
              guard: "fromNextServer",
              target: "cuttingOver",
            },
            "user.setServers": movesOn,
            "user.drain": {
              description:
                "The user leaves by way of the old server; what the new one has sent is taken, too.",
              target: "#connection.draining",
              actions: newServerIsLeft,
            },
          },
        },
        cuttingOver: {
          description:
            "What was published goes to the old server; what follows is kept until that has all of it.",
          entry: [enters("cuttingOver"), does.pauseOutbound],
          on: {
            "outbound.flushed": {
              description: "The old server has all: from here on the new one.",
              guard: "fromNextServer",
              target: "#connection.connected",
              actions: [
                does.stopAttemptTimer,
                "completeMove",
                does.releaseOutbound,
                does.startOverlapTimer,
                does.reportReconnect,
              ],
            },
            "socket.closed": [
              {
                description: "The old server is gone already.",
                guard: "fromServerInUse",
                target: "#connection.connected",
                actions: [
                  does.stopAttemptTimer,
                  does.holdOutbound,
                  does.reportDisconnect,
                  "completeMove",
                  "endHalfClosed",
                  "noteClosed",
                  does.releaseOutbound,
                  does.reportReconnect,
                ],
              },
              {
                description: "The new socket broke: go on with the old one, and try another.",
                guard: "fromNextServer",
                target: "selecting",
                actions: failsAfterPause,
              },
            ],
            "timer.fired": {
              description: "The move took longer than the option timeout.",
              guard: "attemptTimedOut",
              target: "selecting",
              actions: failsAfterPause,
            },
            "protocol.violated": {
              description: "What answers there does not speak NATS.",
              guard: "fromNextServer",
              target: "selecting",
              actions: failsAfterPause,
            },
            "server.error": [
              {
                description: "The new server refuses.",
                guard: "isFatalToAttempt",
                target: "selecting",
                actions: failsAfterPause,
              },
              { guard: "fromNextServer", actions: "reportError" },
            ],
            "server.info": { guard: "fromNextServer", actions: "noteInfo" },
            "server.ping": { guard: "fromNextServer", actions: does.sendPong },
            "user.setServers": { ...movesOn, actions: [does.releaseOutbound, ...movesOn.actions] },
            "user.drain": {
              description:
                "The user leaves by way of the old server; what the new one has sent is taken, too.",
              target: "#connection.draining",
              actions: [does.releaseOutbound, ...newServerIsLeft],
            },
            // The old server gets what was published.
            "user.close": [
              { ...leaves[0], actions: [does.releaseOutbound, ...leaves[0].actions] },
              { ...leaves[1], actions: [does.releaseOutbound, ...leaves[1].actions] },
            ],
          },
        },
      },
      on: whileConnected,
    },

    reconnecting: {
      description: "The connection was lost; what is published is kept.",
      // Held first: what no socket has taken is for the next server, not for one that may read no more.
      entry: [does.holdOutbound, "endHalfClosed", does.reportDisconnect],
      initial: "selecting",
      states: {
        ...disconnected({
          description: "Accepted: subscribe again.",
          guard: "fromNextServer",
          target: "subscribing",
        }),
        subscribing: {
          description:
            "Subscribed again. What was kept is not handed over before the connection has carried a PING there and its PONG back.",
          entry: [enters("subscribing"), does.resubscribeWithNext, does.sendPingToNext],
          on: {
            ...canFail,
            ...canRefuse,
            ...givesUp,
            "server.info": { guard: "fromNextServer", actions: "noteInfo" },
            "server.ping": { guard: "fromNextServer", actions: does.sendPong },
            "server.pong": {
              description: "The server has every subscription: send what was kept.",
              guard: "fromNextServer",
              target: "#connection.connected",
              actions: [does.stopAttemptTimer, "completeAttempt", does.releaseOutbound, does.reportReconnect],
            },
          },
        },
      },
      on: {
        ...whileDisconnected,
        "user.drain": {
          description:
            "The user leaves; what has arrived is processed, what is unsent stays unsent, and is told.",
          target: "closing",
          actions: [
            "dropNext",
            "recordLeaving",
            does.drainSubscriptions,
            does.startDrainTimer,
            "beginProcessing",
          ],
        },
      },
    },

    draining: {
      description: "What has arrived is processed, what was published is sent; then the connection closes.",
      entry: ["beginDrain", does.startDrainTimer],
      exit: does.stopDrainTimer,
      initial: "subscriptions",
      states: {
        subscriptions: {
          description: "Subscriptions are unsubscribed and process what has arrived.",
          entry: does.drainSubscriptions,
          on: {
            "subscriptions.drained": {
              description: "All that arrived is processed.",
              guard: "isProcessed",
              target: "publishers",
            },
          },
        },
        publishers: {
          description: "No more publishes; what was published reaches the server.",
          entry: does.finishOutbound,
          on: {
            "outbound.flushed": {
              description: "The server has all that was published.",
              guard: "fromServerInUse",
              target: "#connection.closing",
              actions: [does.endLiveSocket, does.startLingerTimer, "recordDrained"],
            },
            "socket.closed": {
              description: "The connection is lost, and what was not confirmed with it.",
              guard: "fromServerInUse",
              target: "#connection.closing",
              actions: ["endHalfClosed", "recordDrainLoss"],
            },
            "protocol.violated": {
              description: "What the server sent is not NATS.",
              guard: "fromServerInUse",
              target: "#connection.closing",
              actions: [does.closeLiveSocket, "recordDrainLoss"],
            },
          },
        },
      },
      on: {
        "server.ping": whileConnected["server.ping"],
        "server.info": whileConnected["server.info"],
        "server.error": [
          {
            description: "The server will close the connection.",
            guard: "isFatalToConnection",
            actions: ["reportError", "noteError"],
          },
          { guard: "fromServerInUse", actions: "reportError" },
        ],
        "timer.fired": {
          description: "The drain took longer than the option drainTimeout.",
          guard: "drainTimedOut",
          target: "closing",
          actions: [does.endLiveSocket, does.startLingerTimer, "recordDrainTimeout"],
        },
        "socket.closed": {
          description: "The connection is lost: what had arrived is still processed.",
          guard: "fromServerInUse",
          target: "closing",
          actions: ["endHalfClosed", "recordDrainLoss", does.startDrainTimer, "beginProcessing"],
        },
        "protocol.violated": {
          description: "What the server sent is not NATS.",
          guard: "fromServerInUse",
          target: "closing",
          actions: [does.closeLiveSocket, "recordDrainLoss", does.startDrainTimer, "beginProcessing"],
        },
        "user.setServers": { actions: "replaceServers" },
        // The user waits no longer.
        "user.close": leaves,
      },
    },

    closing: {
      description:
        "All that waited is settled. What was published is confirmed, and the last bytes are handed over, for a second each at most.",
      entry: ["closeRetiring", "rejectConnectBefore", does.settlePending],
      always: {
        description: "Every socket is closed, and what had arrived is processed.",
        guard: "nothingIsLeft",
        target: "closed",
      },
      on: {
        "subscriptions.drained": {
          description: "All that had arrived is processed.",
          guard: "restIsProcessed",
          actions: [does.stopDrainTimer, "endProcessing"],
        },
        "timer.fired": {
          description: "To process what had arrived took longer than the option drainTimeout.",
          guard: "restTimedOut",
          actions: "recordProcessingTimeout",
        },
        "user.close": {
          description: "The user waits no longer.",
          guard: "isProcessing",
          actions: [does.stopDrainTimer, "recordImpatience"],
        },
      },
    },

    closed: {
      description: "The end: no socket, no timer, no promise is left.",
      type: "final",
      entry: does.settleClosed,
    },
  },
  // The links that are being left, whatever the connection does meanwhile.
  on: {
    "timer.fired": [
      {
        description: "The cluster knows the new subscriptions: the old server may forget them.",
        guard: "overlapIsOver",
        actions: [does.unsubscribeThere, "beginUnsubscribing", does.startRetireTimer],
      },
      {
        description: "The old server did not confirm the UNSUBs.",
        guard: "retirementTimedOut",
        actions: [does.endThatSocket, "beginEnding", does.startLingerTimerThere],
      },
      {
        description: "The server did not confirm what was published.",
        guard: "confirmationTimedOut",
        actions: [does.endThatSocket, "beginEnding", does.startLingerTimerThere],
      },
      {
        description: "The socket did not hand over its last bytes.",
        guard: "lingerIsOver",
        actions: [does.closeThatSocket, "forgetLink"],
      },
    ],
    "subscriptions.drained": {
      description: "All that the old server had to deliver has arrived.",
      guard: "unsubscribedThere",
      actions: [does.stopRetireTimer, does.endThatSocket, "beginEnding", does.startLingerTimerThere],
    },
    "outbound.flushed": {
      description: "The server has all that was published.",
      guard: "confirmedThere",
      actions: [does.stopConfirmTimer, does.endThatSocket, "beginEnding", does.startLingerTimerThere],
    },
    "server.ping": { guard: "fromServerBeingLeft", actions: does.sendPong },
    "socket.closed": {
      description: "The socket that was being left is closed.",
      guard: "fromServerBeingLeft",
      actions: ["stopTimerThere", "endHalfClosed", "noteClosed"],
    },
    "protocol.violated": {
      description: "What the old server sent is not NATS.",
      guard: "fromServerBeingLeft",
      actions: ["stopTimerThere", does.closeThatSocket, "forgetLink"],
    },
  },
});
