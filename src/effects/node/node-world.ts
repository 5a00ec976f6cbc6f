// The real world: timers and clock of Node, its sockets (node-transport.ts), and who of the process may dial now (dial-queue.ts).

import type { Destination } from "../../machine/origin.js";
import type { Milliseconds } from "../../machine/units.js";
import { counted, hasDeferred } from "../deferred.js";
import type { Timer, Transport, TransportEvents, World } from "../world.js";
import { type DialLimits, DialQueue } from "./dial-queue.js";
import { Dialer } from "./dialing.js";
import { NodeTransport, type NodeTransportOptions } from "./node-transport.js";
import type { Timers } from "./race.js";

/** What the real world needs to know. */
export interface NodeWorldOptions extends NodeTransportOptions {
  /** Take a host's addresses in the order in which the system gives them. */
  readonly noRandomize: boolean;
  /** How long an attempt may take. Default: no name server has to answer sooner for it. */
  readonly timeout?: Milliseconds | undefined;
  /** Who may dial now. Default: all worlds of the process have one queue. */
  readonly queue?: DialQueue | undefined;
  /** Opens WebSockets, for servers that are reached by them; see ../web-socket. Without it there are none. */
  readonly dialWebSocket?: WebSocketDial | undefined;
}

/** Opens a WebSocket over a connection of the dialer, where the WebSocket can be given one. */
export type WebSocketDial = (server: Destination, events: TransportEvents, dialer: Dialer) => Transport;

/** How long a name server has to answer at most: as long as the system waits before it asks again. */
const NAME_SERVER_PATIENCE: Milliseconds = 5_000;
/** The part of an attempt's time that it may take at most: its silence is to be told, not that time ran out. */
const PART_FOR_NAME_SERVER = 0.75;

/**
 * How the connections of a process dial: 50 at once, and then one each millisecond, as long as no more than 200 are in the
 * middle of it. One that takes longer than half a second does not count.
 */
const dialLimits: DialLimits = { atOnce: 200, longest: 500, pace: { atOnce: 50, interval: 1 } };

const timers: Timers = {
  // A longer time would make Node fire at once; whoever waits that long looks at the clock again.
  startTimer: (ms, fired) => setTimeout(fired, Math.min(ms, 2 ** 31 - 1)),
  stopTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

// Pure: a bundle without the client holds no queue.
const queueOfProcess = /* @__PURE__ */ new DialQueue(timers, () => performance.now(), dialLimits);

/** The world of a Node process. */
export class NodeWorld implements World {
  readonly seed = crypto.getRandomValues(new Int32Array(1))[0] as number;
  readonly #options: NodeWorldOptions;
  readonly #dialer: Dialer;

  constructor(options: NodeWorldOptions) {
    this.#options = options;
    const { noRandomize, timeout = Number.POSITIVE_INFINITY } = options;
    const lookup = {
      timers,
      seed: () => (noRandomize ? null : (crypto.getRandomValues(new Int32Array(1))[0] as number)),
      patience: Math.min(NAME_SERVER_PATIENCE, timeout * PART_FOR_NAME_SERVER),
    };
    this.#dialer = new Dialer(lookup, options.queue ?? queueOfProcess);
  }

  fillRandom(bytes: Uint8Array): void {
    crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
  }

  now(): number {
    return Math.floor(performance.timeOrigin + performance.now());
  }

  startTimer(ms: number, fired: () => void): Timer {
    return timers.startTimer(ms, fired);
  }

  stopTimer(timer: Timer): void {
    timers.stopTimer(timer);
  }

  defer(run: () => void): void {
    process.nextTick(counted(run));
  }

  nextTurn(run: () => void): void {
    // No timer: those that are due are all run in one turn, also where one is started by the one before.
    setImmediate(run);
  }

  get hasDeferred(): boolean {
    return hasDeferred();
  }

  dial(server: Destination, events: TransportEvents): Transport {
    const { dialWebSocket } = this.#options;
    if (server.transport.type === "tcp")
      return new NodeTransport(server, events, this.#options, this.#dialer);
    if (dialWebSocket === undefined) throw new Error("this world opens no WebSockets");
    return dialWebSocket(server, events, this.#dialer);
  }
}
