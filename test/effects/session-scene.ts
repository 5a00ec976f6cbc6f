// One session over a socket that a test plays: what the session writes, what it tells, and what the server says to it.

import type { Credentials } from "../../src/effects/connect-command.js";
import type { Offered } from "../../src/effects/offered.js";
import type { Subscriptions } from "../../src/effects/ports.js";
import { Session, type SessionSide, type Untimed } from "../../src/effects/session.js";
import type { Mark } from "../../src/effects/unconfirmed.js";
import type { Confidential, Reader, Transport, TransportEvents, World } from "../../src/effects/world.js";
import type { ConnectionEvent } from "../../src/machine/events.js";
import type { Destination } from "../../src/machine/origin.js";

/** The server that a session is dialed to. */
export function server(name: string): Destination {
  return {
    name,
    host: "a",
    port: 4222,
    tlsName: null,
    otherTlsName: null,
    transport: { type: "tcp", tls: false },
    origin: name,
    tls: null,
  };
}

/** What a test may want to be otherwise. */
export interface Setting {
  readonly name?: string;
  readonly knownNames?: readonly string[];
  readonly offeredBefore?: Credentials;
  readonly isOwn?: boolean;
  readonly mark?: Mark;
  /** False for a socket that cannot stop reading. */
  readonly canPause?: boolean;
  /** Called with each message. */
  readonly message?: () => void;
  /** Called with each INFO. */
  readonly informed?: (session: Session) => void;
}

/** A session, and all that goes in and out of it, in order. */
export function scene(setting: Setting = {}) {
  const told: unknown[] = [];
  const events: Untimed<ConnectionEvent>[] = [];
  const written: string[] = [];
  const shown: (Confidential | undefined)[] = [];
  const turns: (() => void)[] = [];
  const socket = { hasRoom: true };
  const dialed: { events?: TransportEvents; to?: Destination; offered?: Offered | undefined } = {};
  const transport: Transport = {
    isOpen: true,
    write: (chunk, _written, confidential) => {
      written.push(new TextDecoder().decode(chunk));
      shown.push(confidential);
      return socket.hasRoom;
    },
    ...(setting.canPause === false
      ? {}
      : { pause: () => void told.push("pause"), resume: () => void told.push("resume") }),
    secure: (to, heard) => void told.push(["secure", to.name, new TextDecoder().decode(heard)]),
    end: () => void told.push("end"),
    destroy: () => void told.push("destroy"),
  };
  const world = {
    dial: (to: Destination, dialEvents: TransportEvents, offered?: Offered) => {
      Object.assign(dialed, { events: dialEvents, to, offered });
      return transport;
    },
    nextTurn: (run: () => void) => void turns.push(run),
  } as unknown as World;
  const causes: unknown[] = [];
  const side: SessionSide = {
    world,
    message: () => setting.message?.(),
    send: (event) => {
      events.push(event);
      told.push(event);
    },
    credentialsVersion: () => 7,
    offeredBefore: () => setting.offeredBefore ?? {},
    knownNames: () => setting.knownNames ?? [],
    informed: (session) => {
      told.push(["informed", session.info?.server_id]);
      setting.informed?.(session);
    },
    saidOf: (_session, info) => void told.push(["said", info.serverId]),
    drained: () => void told.push("drained"),
    mark: () => setting.mark,
    confirmed: (mark) => void told.push(["confirmed", mark]),
    line: () => ({ tell: () => {}, ask: () => {} }),
    isOwn: () => setting.isOwn ?? false,
    over: (session) => void told.push(["over", session.isOver]),
    caused: (failure, error) => {
      causes.push(error);
      return failure;
    },
  };
  const session = new Session(side, 3, server(setting.name ?? "a:4222"));
  const socketTells = dialed.events as TransportEvents;
  const encoder = new TextEncoder();
  return {
    session,
    /** All that is told: events, calls of what is around the session, and of the socket. */
    told,
    /** The events alone. */
    events,
    written,
    shown,
    causes,
    socket,
    dialed,
    socketTells,
    /** The server says this, in one read. */
    hear: (text: string, reader?: Reader) => socketTells.data(encoder.encode(text), reader),
    /** The next turn of the event loop. Returns how many had waited for it. */
    nextTurn: () => {
      const awaited = turns.splice(0);
      for (const run of awaited) run();
      return awaited.length;
    },
    subscriptions: {
      view: () => ({
        restore: () => "SUB a 1\r\n",
        leave: () => {},
        unsubscribeAll: () => "UNSUB 1\r\n",
        close: () => void told.push("view closed"),
      }),
    } as unknown as Subscriptions,
  };
}

/** A socket that the server is about to close, as it is told. */
export const closed = (halfClosed = false) => ({
  type: "socket.closed",
  attempt: 3,
  failure: null,
  halfClosed,
});
