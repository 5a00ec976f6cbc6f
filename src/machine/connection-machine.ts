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
    "socket.closed": { guard: "isCurrent", target: "selecting", actions: failsBySocket(step) },
    "timer.fired": { guard: "attemptTimedOut", target: "selecting", actions: fails(step) },
    "protocol.violated": { guard: "isCurrent", target: "selecting", actions: fails(step) },
    "server.error": [
      { guard: "isFatal", target: "selecting", actions: fails(step) },
      { guard: "isCurrent", actions: { type: "reportError", params: { step } } },
    ],
  }) as const;

// The four steps in which a socket becomes a connection.
const handshake = {
  dialing: {
    description: "The TCP connection is being opened.",
    entry: [does.startAttemptTimer, does.reportReconnecting, does.openSocket],
    on: {
      ...canFail("dialing"),
      "socket.opened": [
        { guard: "tlsComesFirst", target: "securing" },
        { guard: "isCurrent", target: "greeting" },
      ],
    },
  },
  greeting: {
    description: "The server is to say INFO.",
    on: {
      ...canFail("greeting"),
      "server.info": [
        { guard: "tlsIsImpossible", target: "selecting", actions: fails("greeting") },
        { guard: "tlsIsNext", target: "securing", actions: ["reportInfo", "noteInfo"] },
        { guard: "isCurrent", target: "authenticating", actions: ["reportInfo", "noteInfo"] },
      ],
    },
  },
  securing: {
    description: "The TLS handshake.",
    entry: does.upgradeToTls,
    on: {
      ...canFail("securing"),
      "socket.secured": [
        { guard: "isGreeted", target: "authenticating", actions: "noteSecured" },
        { guard: "isCurrent", target: "greeting", actions: "noteSecured" },
      ],
    },
  },
  authenticating: {
    description: "CONNECT with the credentials and PING are sent; a PONG says that they are accepted.",
    entry: does.sendConnect,
    on: {
      ...canFail("authenticating"),
      "credentials.failed": { guard: "isCurrent", target: "selecting", actions: fails("authenticating") },
      "server.info": { guard: "isCurrent", actions: ["reportInfo", "noteInfo"] },
      "server.ping": { guard: "isCurrent", actions: does.sendPong },
    },
  },
} as const;

// An attempt while no connection stands, within `connecting` and `reconnecting`: the handshake, and what comes between
// two of them. In each step the user may leave; what is unsent stays unsent then.
const isLeft = {
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
      "server.chosen": { guard: "isChoice", target: "selecting", actions: "noteChoice" },
      "choice.failed": { guard: "isChoice", target: "#connection.closed", actions: "recordChoiceFailure" },
    },
  },
  asking: {
    description: "The user's reconnectDelayHandler is asked how long to leave the server alone.",
    entry: does.askReconnectDelay,
    on: {
      "delay.chosen": { guard: "isAnswer", target: "selecting", actions: "noteDelay" },
    },
  },
  waiting: {
    description: "Every server was tried a moment ago: until the first is out of its wait.",
    entry: does.startReconnectTimer,
    exit: does.stopReconnectTimer,
    on: {
      "timer.fired": { guard: "waitIsOver", target: "selecting", actions: "noteTime" },
      "user.setServers": { target: "selecting", actions: "replaceServers" },
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
        "user.close": { target: "closed", actions: "recordUnsent" },
        "user.drain": { target: "closed", actions: "recordUnsent" },
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
            guard: "isTimeToMigrate",
            target: "migrating",
            actions: ["reportInfo", "noteInfo", "beginMove"],
          },
          { guard: "isCurrent", actions: ["reportInfo", "noteInfo"] },
        ],
        "server.error": [
          {
            guard: "isRefusal",
            target: "reconnecting",
            actions: [{ type: "reportError", params: { step: "connected" } }, does.closeSocket, "recordLoss"],
          },
          {
            guard: "isFatal",
            actions: [{ type: "reportError", params: { step: "connected" } }, "noteError"],
            description: "The server will close the connection.",
          },
          { guard: "isCurrent", actions: { type: "reportError", params: { step: "connected" } } },
        ],
        "timer.fired": [
          {
            guard: "isStale",
            target: "reconnecting",
            actions: [does.reportPing, does.reportStale, does.closeSocket, "recordLoss"],
          },
          {
            guard: "pingIsDue",
            actions: [does.reportPing, "countPing", does.sendPing, does.startPingTimer],
          },
        ],
        "socket.closed": { guard: "isCurrent", target: "reconnecting", actions: "recordLoss" },
        "protocol.violated": {
          guard: "isCurrent",
          target: "reconnecting",
          actions: [{ type: "reportError", params: { step: "connected" } }, does.closeSocket, "recordLoss"],
        },
        "user.reconnect": {
          target: "reconnecting",
          actions: [does.reportClientReconnect, does.closeSocket, "recordLoss"],
        },
        "user.setServers": { actions: "replaceServers" },
        "user.drain": { target: "draining" },
        "user.close": { target: "closed", actions: [does.closeSocketAfterFlush, "recordClose"] },
      },
    },

    migrating: {
      description:
        "The server is about to shut down (lame duck mode). While messages still flow, a second socket is made to another one.",
      initial: "selecting",
      states: {
        selecting: {
          description: "Is there another server that may be dialed now? Left at once.",
          always: [
            { guard: "aServerIsReady", target: "dialing", actions: "beginAttempt" },
            { target: "#connection.connected", actions: "giveUpMove" },
          ],
        },
        ...handshake,
        authenticating: {
          ...handshake.authenticating,
          on: {
            ...handshake.authenticating.on,
            "server.pong": { guard: "isCurrent", target: "subscribing" },
          },
        },
        subscribing: {
          description: "Subscribed with both servers, until the new one confirms.",
          entry: [does.resubscribe, does.sendPing],
          on: {
            ...canFail("subscribing"),
            "server.info": { guard: "isCurrent", actions: ["reportInfo", "noteInfo"] },
            "server.ping": { guard: "isCurrent", actions: does.sendPong },
            "server.pong": { guard: "isCurrent", target: "handingOver" },
          },
        },
        handingOver: {
          description:
            "What was published goes to the old server; what follows is kept until that has all of it.",
          entry: does.pauseOutbound,
          on: {
            "outbound.flushed": {
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
                guard: "isOld",
                target: "#connection.connected",
                actions: [does.stopAttemptTimer, does.releaseOutbound, "recordSuccess", does.reportReconnect],
              },
              {
                guard: "isCurrent",
                target: "selecting",
                actions: [does.releaseOutboundToOld, ...failsBySocket("handingOver")],
              },
            ],
            "timer.fired": {
              guard: "attemptTimedOut",
              target: "selecting",
              actions: [does.releaseOutboundToOld, ...fails("handingOver")],
            },
            "protocol.violated": {
              guard: "isCurrent",
              target: "selecting",
              actions: [does.releaseOutboundToOld, ...fails("handingOver")],
            },
            "server.error": [
              {
                guard: "isFatal",
                target: "selecting",
                actions: [does.releaseOutboundToOld, ...fails("handingOver")],
              },
              { guard: "isCurrent", actions: { type: "reportError", params: { step: "handingOver" } } },
            ],
            "server.info": { guard: "isCurrent", actions: ["reportInfo", "noteInfo"] },
            "server.ping": { guard: "isCurrent", actions: does.sendPong },
            "user.close": {
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
              target: "#connection.draining",
              actions: [does.closeSocket, does.stopAttemptTimer, does.releaseOutboundToOld, "giveUpMove"],
            },
          },
        },
      },
      on: {
        "server.ping": { guard: "isOld", actions: does.sendPongToOld },
        "server.info": { guard: "isOld", actions: ["reportInfo", "noteInfo"] },
        "user.setServers": { actions: "replaceServers" },
        "server.error": { guard: "isOld", actions: { type: "reportError", params: { step: "connected" } } },
        "socket.closed": {
          guard: "isOld",
          target: "reconnecting",
          actions: [does.closeSocket, does.stopAttemptTimer, "recordOldLoss"],
        },
        "protocol.violated": {
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
          target: "draining",
          actions: [does.closeSocket, does.stopAttemptTimer, "giveUpMove"],
        },
        "user.close": {
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
        "user.close": { target: "closed", actions: "recordUnsent" },
        "user.drain": { target: "closed", actions: "recordUnsent" },
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
            "subscriptions.drained": { guard: "isCurrent", target: "publishers" },
          },
        },
        publishers: {
          description: "No more publishes; what was published reaches the server.",
          entry: does.flushOutbound,
          on: {
            "outbound.flushed": {
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
          { guard: "isFatal", actions: [{ type: "reportError", params: { step: "draining" } }, "noteError"] },
          { guard: "isCurrent", actions: { type: "reportError", params: { step: "draining" } } },
        ],
        "timer.fired": {
          guard: "drainTimedOut",
          target: "closed",
          actions: [does.closeSocketAfterFlush, "recordDrainFailure"],
        },
        "socket.closed": { guard: "isCurrent", target: "closed", actions: "recordDrainFailure" },
        "protocol.violated": {
          guard: "isCurrent",
          target: "closed",
          actions: [does.closeSocket, "recordDrainFailure"],
        },
        "user.setServers": { actions: "replaceServers" },
        "user.close": { target: "closed", actions: [does.closeSocketAfterFlush, "recordClose"] },
      },
    },

    closed: {
      description: "The end: no socket, no timer, no promise is left.",
      type: "final",
      entry: ["rejectConnect", does.settleClosed],
    },
  },
});
