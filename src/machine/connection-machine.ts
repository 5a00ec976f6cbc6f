// The life of a NATS connection, as one statechart. Read it top to bottom; every picture of it is made from here.
//
// How to think about it: the chart only says what should happen. An event comes in (events.ts), the chart moves,
// remembers (memory.ts) and emits effects as data (effects.ts; written for the chart in actions.ts). The
// interpreter carries them out and reports what came of it by further events. Messages never pass through here.
//
//   connecting ──▶ connected ──▶ draining ──▶ closed
//                  │ ▲   │ ▲                   ▲   from everywhere: user.close
//                  ▼ │   ▼ │                   │
//           migrating   reconnecting ──────────┘   no server left, refused twice, or reconnect is off
//
// An attempt to connect takes the same steps inside `connecting`, `reconnecting` and `migrating`, written once below.
// Two levels of states, not more: the Stately inspector cuts off what is deeper.

import { setup } from "xstate";
import * as does from "./actions.js";
import { type ConnectionContext, type ConnectionInput, createContext } from "./context.js";
import type { ConnectionEvent } from "./events.js";
import type { Step } from "./failure.js";
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

// What can end an attempt in each of its steps, always with the same consequences: say why, close what is open,
// remember it, and see which server is next.
const fails = (step: Step) =>
  [
    { type: "reportError", params: { step } },
    does.closeSocket,
    does.stopAttemptTimer,
    { type: "recordFailure", params: { step } },
  ] as const;
const failsBySocket = (step: Step) =>
  [
    { type: "reportError", params: { step } },
    does.stopAttemptTimer,
    { type: "recordFailure", params: { step } },
  ] as const;
const canFail = (step: Step) =>
  ({
    "socket.closed": {
      description: "Nobody listens there, or the socket broke.",
      guard: "isCurrent",
      target: "selecting",
      actions: failsBySocket(step),
    },
    "timer.fired": {
      description: "The attempt took longer than the option timeout.",
      guard: "attemptTimedOut",
      target: "selecting",
      actions: fails(step),
    },
    "protocol.violated": {
      description: "What answers there does not speak NATS.",
      guard: "isCurrent",
      target: "selecting",
      actions: fails(step),
    },
    "server.error": [
      { description: "The server refuses.", guard: "isFatal", target: "selecting", actions: fails(step) },
      { guard: "isCurrent", actions: { type: "reportError", params: { step } } },
    ],
  }) as const;

// The four steps in which a socket becomes a connection.
const handshake = {
  dialing: {
    description: "The TCP connection, or the WebSocket, is being opened.",
    entry: [does.startAttemptTimer, does.reportReconnecting, does.openSocket],
    on: {
      ...canFail("dialing"),
      "socket.opened": [
        { description: "TLS before the first word.", guard: "tlsComesFirst", target: "securing" },
        { description: "The socket is open.", guard: "isCurrent", target: "greeting" },
      ],
    },
  },
  greeting: {
    description: "The server is to say INFO.",
    on: {
      ...canFail("greeting"),
      "server.info": [
        {
          description: "One side demands TLS, the other does not do it.",
          guard: "tlsIsImpossible",
          target: "selecting",
          actions: fails("greeting"),
        },
        {
          description: "The server demands TLS, or offers it.",
          guard: "tlsIsNext",
          target: "securing",
          actions: ["reportInfo", "noteInfo"],
        },
        {
          description: "The server greets; no TLS.",
          guard: "isCurrent",
          target: "authenticating",
          actions: ["reportInfo", "noteInfo"],
        },
      ],
    },
  },
  securing: {
    description: "The TLS handshake.",
    entry: does.upgradeToTls,
    on: {
      ...canFail("securing"),
      "socket.secured": [
        {
          description: "The certificate is accepted.",
          guard: "isGreeted",
          target: "authenticating",
          actions: "noteSecured",
        },
        {
          description: "The certificate is accepted; the server has not greeted yet.",
          guard: "isCurrent",
          target: "greeting",
          actions: "noteSecured",
        },
      ],
    },
  },
  authenticating: {
    description: "CONNECT with the credentials and PING are sent; a PONG says that they are accepted.",
    entry: does.sendConnect,
    on: {
      ...canFail("authenticating"),
      "credentials.failed": {
        description: "The authenticator gave nothing to log in with.",
        guard: "isCurrent",
        target: "selecting",
        actions: fails("authenticating"),
      },
      "server.info": { guard: "isCurrent", actions: ["reportInfo", "noteInfo"] },
      "server.ping": { guard: "isCurrent", actions: does.sendPong },
    },
  },
} as const;

// An attempt while no connection stands, within `connecting` and `reconnecting`: the handshake, and what comes between
// two of them. In each step the user may leave; what is unsent stays unsent then.
const isLeft = {
  description: "The user leaves; what is unsent stays unsent, and is told.",
  target: "#connection.closed",
  actions: [does.closeSocket, does.stopAttemptTimer, "recordUnsent"],
} as const;
const leaving = { "user.close": isLeft, "user.drain": isLeft } as const;
const attemptSteps = {
  selecting: {
    description: "Which server is next, and when? Left at once.",
    always: [
      { guard: "isRefusedTwice", target: "#connection.closed" },
      { guard: "reconnectIsOff", target: "#connection.closed" },
      { guard: "noServerIsLeft", target: "#connection.closed" },
      { guard: "delayIsUnknown", target: "asking" },
      { guard: "serverIsUnchosen", target: "choosing" },
      { guard: "aServerIsReady", target: "dialing", actions: "beginAttempt" },
      { target: "waiting" },
    ],
  },
  choosing: {
    description: "The user's reconnectToServer is asked which server is next.",
    entry: does.askNextServer,
    on: {
      "server.chosen": {
        description: "The user chose, or left it to the client.",
        guard: "isChoice",
        target: "selecting",
        actions: "noteChoice",
      },
      "choice.failed": {
        description: "The user's function failed: there is no next server.",
        guard: "isChoice",
        target: "#connection.closed",
        actions: "recordChoiceFailure",
      },
    },
  },
  asking: {
    description: "The user's reconnectDelayHandler is asked how long to leave the server alone.",
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
  waiting: {
    description: "Every server was tried a moment ago: until the first is out of its wait.",
    entry: does.startReconnectTimer,
    exit: does.stopReconnectTimer,
    on: {
      "timer.fired": {
        description: "The first server is out of its wait.",
        guard: "waitIsOver",
        target: "selecting",
        actions: "noteTime",
      },
      "user.setServers": {
        description: "One of the new servers may be dialed at once.",
        target: "selecting",
        actions: "replaceServers",
      },
    },
  },
  dialing: { ...handshake.dialing, on: { ...handshake.dialing.on, ...leaving } },
  greeting: { ...handshake.greeting, on: { ...handshake.greeting.on, ...leaving } },
  securing: { ...handshake.securing, on: { ...handshake.securing.on, ...leaving } },
} as const;

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
      states: {
        ...attemptSteps,
        authenticating: {
          ...handshake.authenticating,
          on: {
            ...handshake.authenticating.on,
            ...leaving,
            "server.pong": {
              description: "Accepted: subscribe, then let messages flow.",
              guard: "isCurrent",
              target: "#connection.connected",
              actions: [
                does.stopAttemptTimer,
                "recordSuccess",
                does.resubscribe,
                does.releaseOutbound,
                does.settleConnect,
              ],
            },
          },
        },
      },
      on: {
        "user.setServers": { actions: "replaceServers" },
        "user.close": { description: isLeft.description, target: "closed", actions: "recordUnsent" },
        "user.drain": { description: isLeft.description, target: "closed", actions: "recordUnsent" },
      },
    },

    connected: {
      description: "Messages flow.",
      entry: does.startPingTimer,
      exit: does.stopPingTimer,
      on: {
        "server.ping": { guard: "isCurrent", actions: does.sendPong },
        "server.pong": { guard: "isCurrent", actions: "clearPings" },
        "server.info": [
          {
            description: "Lame duck mode, and onLameDuck is migrate: move before the server is gone.",
            guard: "isTimeToMigrate",
            target: "migrating",
            actions: ["reportInfo", "noteInfo", "beginMove"],
          },
          { guard: "isCurrent", actions: ["reportInfo", "noteInfo"] },
        ],
        "server.error": [
          {
            description: "The credentials are no longer accepted: expired or revoked.",
            guard: "isRefusal",
            target: "reconnecting",
            actions: [{ type: "reportError", params: { step: "connected" } }, does.closeSocket, "recordLoss"],
          },
          {
            description: "The server will close the connection.",
            guard: "isFatal",
            actions: [{ type: "reportError", params: { step: "connected" } }, "noteError"],
          },
          { guard: "isCurrent", actions: { type: "reportError", params: { step: "connected" } } },
        ],
        "timer.fired": [
          {
            description: "The server left maxPingOut PINGs unanswered.",
            guard: "isStale",
            target: "reconnecting",
            actions: [does.reportPing, does.reportStale, does.closeSocket, "recordLoss"],
          },
          {
            description: "Is the server still there?",
            guard: "pingIsDue",
            actions: [does.reportPing, "countPing", does.sendPing, does.startPingTimer],
          },
        ],
        "socket.closed": {
          description: "The connection is lost.",
          guard: "isCurrent",
          target: "reconnecting",
          actions: "recordLoss",
        },
        "protocol.violated": {
          description: "What the server sent is not NATS.",
          guard: "isCurrent",
          target: "reconnecting",
          actions: [{ type: "reportError", params: { step: "connected" } }, does.closeSocket, "recordLoss"],
        },
        "user.reconnect": {
          description: "The user wants a new connection.",
          target: "reconnecting",
          actions: [does.reportClientReconnect, does.closeSocket, "recordLoss"],
        },
        "user.setServers": { actions: "replaceServers" },
        "user.drain": { description: "The user leaves, and loses nothing.", target: "draining" },
        "user.close": {
          description: "The user leaves; what was published is handed over.",
          target: "closed",
          actions: [does.closeSocketAfterFlush, "recordClose"],
        },
      },
    },

    migrating: {
      description:
        "The server is about to shut down (lame duck mode). While messages still flow, a second socket is made to another one.",
      entry: does.startPingTimerOfOld,
      exit: does.stopPingTimer,
      initial: "selecting",
      states: {
        selecting: {
          description: "Is there another server that may be dialed now? Left at once.",
          always: [
            { guard: "aServerIsReady", target: "dialing", actions: "beginAttempt" },
            { description: "None: stay.", target: "#connection.connected", actions: "giveUpMove" },
          ],
        },
        ...handshake,
        authenticating: {
          ...handshake.authenticating,
          on: {
            ...handshake.authenticating.on,
            "server.pong": { description: "Accepted.", guard: "isCurrent", target: "subscribing" },
          },
        },
        subscribing: {
          description: "Subscribed with both servers, until the new one confirms.",
          entry: [does.resubscribe, does.sendPing],
          on: {
            ...canFail("subscribing"),
            "server.info": { guard: "isCurrent", actions: ["reportInfo", "noteInfo"] },
            "server.ping": { guard: "isCurrent", actions: does.sendPong },
            "server.pong": {
              description: "The new server has every subscription.",
              guard: "isCurrent",
              target: "handingOver",
            },
            "user.drain": {
              description:
                "The user leaves by way of the old server; what the new one has sent is taken, too.",
              target: "#connection.draining",
              actions: [does.retireSocket, does.stopAttemptTimer, "giveUpMove"],
            },
          },
        },
        handingOver: {
          description:
            "What was published goes to the old server; what follows is kept until that has all of it.",
          entry: does.pauseOutbound,
          on: {
            "outbound.flushed": {
              description: "The old server has all: from here on the new one.",
              guard: "isOld",
              target: "#connection.connected",
              actions: [
                does.stopAttemptTimer,
                does.releaseOutbound,
                does.retireOldSocket,
                "recordSuccess",
                does.reportReconnect,
              ],
            },
            "socket.closed": [
              {
                description: "The old server is gone already.",
                guard: "isOld",
                target: "#connection.connected",
                actions: [does.stopAttemptTimer, does.releaseOutbound, "recordSuccess", does.reportReconnect],
              },
              {
                description: "The new socket broke: go on with the old one, and try another.",
                guard: "isCurrent",
                target: "selecting",
                actions: [does.releaseOutboundToOld, ...failsBySocket("handingOver")],
              },
            ],
            "timer.fired": {
              description: "The move took longer than the option timeout.",
              guard: "attemptTimedOut",
              target: "selecting",
              actions: [does.releaseOutboundToOld, ...fails("handingOver")],
            },
            "protocol.violated": {
              description: "What answers there does not speak NATS.",
              guard: "isCurrent",
              target: "selecting",
              actions: [does.releaseOutboundToOld, ...fails("handingOver")],
            },
            "server.error": [
              {
                description: "The new server refuses.",
                guard: "isFatal",
                target: "selecting",
                actions: [does.releaseOutboundToOld, ...fails("handingOver")],
              },
              { guard: "isCurrent", actions: { type: "reportError", params: { step: "handingOver" } } },
            ],
            "server.info": { guard: "isCurrent", actions: ["reportInfo", "noteInfo"] },
            "server.ping": { guard: "isCurrent", actions: does.sendPong },
            "user.close": {
              description: "The user leaves; the old server gets what was published.",
              target: "#connection.closed",
              actions: [
                does.closeSocket,
                does.stopAttemptTimer,
                does.releaseOutboundToOld,
                does.closeOldSocketAfterFlush,
                "recordClose",
              ],
            },
            "user.drain": {
              description:
                "The user leaves by way of the old server; what the new one has sent is taken, too.",
              target: "#connection.draining",
              actions: [does.retireSocket, does.stopAttemptTimer, does.releaseOutboundToOld, "giveUpMove"],
            },
          },
        },
      },
      on: {
        "server.ping": { guard: "isOld", actions: does.sendPongToOld },
        "server.pong": { guard: "isOld", actions: "clearPings" },
        "timer.fired": [
          {
            description: "The old server left maxPingOut PINGs unanswered.",
            guard: "isStale",
            target: "reconnecting",
            actions: [
              does.reportPing,
              does.reportStale,
              does.closeOldSocket,
              does.closeSocket,
              does.stopAttemptTimer,
              "recordOldLoss",
            ],
          },
          {
            description: "Is the old server still there?",
            guard: "pingIsDue",
            actions: [does.reportPing, "countPing", does.sendPingToOld, does.startPingTimerOfOld],
          },
        ],
        "server.info": { guard: "isOld", actions: ["reportInfo", "noteInfo"] },
        "user.setServers": { actions: "replaceServers" },
        "server.error": { guard: "isOld", actions: { type: "reportError", params: { step: "connected" } } },
        "socket.closed": {
          description: "The old server is gone before the new one is ready.",
          guard: "isOld",
          target: "reconnecting",
          actions: [does.closeSocket, does.stopAttemptTimer, "recordOldLoss"],
        },
        "protocol.violated": {
          description: "What the old server sent is not NATS.",
          guard: "isOld",
          target: "reconnecting",
          actions: [
            { type: "reportError", params: { step: "connected" } },
            does.closeOldSocket,
            does.closeSocket,
            does.stopAttemptTimer,
            "recordOldLoss",
          ],
        },
        "user.reconnect": {
          description: "The user wants a new connection.",
          target: "reconnecting",
          actions: [
            does.reportClientReconnect,
            does.closeOldSocket,
            does.closeSocket,
            does.stopAttemptTimer,
            "recordOldLoss",
          ],
        },
        "user.drain": {
          description: "The user leaves by way of the old server, and loses nothing.",
          target: "draining",
          actions: [does.closeSocket, does.stopAttemptTimer, "giveUpMove"],
        },
        "user.close": {
          description: "The user leaves; the old server gets what was published.",
          target: "closed",
          actions: [does.closeSocket, does.stopAttemptTimer, does.closeOldSocketAfterFlush, "recordClose"],
        },
      },
    },

    reconnecting: {
      description: "The connection was lost; what is published is kept.",
      entry: [does.holdOutbound, does.reportDisconnect],
      initial: "selecting",
      states: {
        ...attemptSteps,
        authenticating: {
          ...handshake.authenticating,
          on: {
            ...handshake.authenticating.on,
            ...leaving,
            "server.pong": {
              description: "Accepted: subscribe again, then send what was kept.",
              guard: "isCurrent",
              target: "#connection.connected",
              actions: [
                does.stopAttemptTimer,
                "recordSuccess",
                does.resubscribe,
                does.releaseOutbound,
                does.reportReconnect,
              ],
            },
          },
        },
      },
      on: {
        "user.setServers": { actions: "replaceServers" },
        "user.close": { description: isLeft.description, target: "closed", actions: "recordUnsent" },
        "user.drain": { description: isLeft.description, target: "closed", actions: "recordUnsent" },
      },
    },

    draining: {
      description: "What has arrived is processed, what was published is sent; then the connection closes.",
      entry: does.startDrainTimer,
      exit: does.stopDrainTimer,
      initial: "subscriptions",
      states: {
        subscriptions: {
          description: "Subscriptions are unsubscribed and process what has arrived.",
          entry: does.drainSubscriptions,
          on: {
            "subscriptions.drained": {
              description: "All that arrived is processed.",
              guard: "isCurrent",
              target: "publishers",
            },
          },
        },
        publishers: {
          description: "No more publishes; what was published reaches the server.",
          entry: does.flushOutbound,
          on: {
            "outbound.flushed": {
              description: "The server has all that was published.",
              guard: "isCurrent",
              target: "#connection.closed",
              actions: [does.closeSocketAfterFlush, "recordDrained"],
            },
          },
        },
      },
      on: {
        "server.ping": { guard: "isCurrent", actions: does.sendPong },
        "server.info": { guard: "isCurrent", actions: ["reportInfo", "noteInfo"] },
        "server.error": [
          {
            description: "The server will close the connection.",
            guard: "isFatal",
            actions: [{ type: "reportError", params: { step: "draining" } }, "noteError"],
          },
          { guard: "isCurrent", actions: { type: "reportError", params: { step: "draining" } } },
        ],
        "timer.fired": {
          description: "The drain took longer than the option drainTimeout.",
          guard: "drainTimedOut",
          target: "closed",
          actions: [does.closeSocketAfterFlush, "recordDrainFailure"],
        },
        "socket.closed": {
          description: "The connection is lost, and what was not done with it.",
          guard: "isCurrent",
          target: "closed",
          actions: "recordDrainFailure",
        },
        "protocol.violated": {
          description: "What the server sent is not NATS.",
          guard: "isCurrent",
          target: "closed",
          actions: [does.closeSocket, "recordDrainFailure"],
        },
        "user.setServers": { actions: "replaceServers" },
        "user.close": {
          description: "The user waits no longer.",
          target: "closed",
          actions: [does.closeSocketAfterFlush, "recordClose"],
        },
      },
    },

    closed: {
      description: "The end: no socket, no timer, no promise is left.",
      type: "final",
      entry: ["rejectConnect", does.settleClosed],
    },
  },
});
