// The world of one simulated client: virtual time, a virtual network, a seed. The client in it cannot tell the
// difference; whoever runs the simulation can see what it has left running, and what it sends.

import type { Destination } from "../../machine/origin.js";
import type { Milliseconds } from "../../machine/units.js";
import type { Timer, Transport, TransportEvents, World } from "../world.js";
import { Random } from "./random.js";
import type { VirtualNetwork } from "./virtual-network.js";
import type { VirtualTime } from "./virtual-time.js";

/** Who watches a client from outside. Sockets are numbered from 1, in the order in which they are opened. */
export interface WorldObserver {
  dialed?(socket: number, server: string): void;
  /** The socket is under TLS from here on: what the certificate of its server carries. */
  secured?(socket: number, certificate: readonly string[]): void;
  /** The client handed bytes over; `kept` are not taken by the kernel yet, those included. Without room it should wait. */
  wrote?(socket: number, bytes: Uint8Array, kept: number, hasRoom: boolean): void;
  /** The socket has room again; the client is about to be told. */
  drained?(socket: number): void;
  received?(socket: number, bytes: Uint8Array): void;
  /** The client closes the socket: in good order, or at once; what is kept then is lost. */
  ended?(socket: number, atOnce: boolean, kept: number): void;
  /** The socket was closed or reset from the other side. */
  closed?(socket: number, error: Error | null): void;
}

/** A world for one client. */
export class SimulatedWorld implements World {
  readonly seed: number;
  /** Name of the client on the network. */
  readonly name: string;
  readonly #random: Random;
  readonly #time: VirtualTime;
  readonly #network: VirtualNetwork;
  readonly #observer: WorldObserver;
  readonly #timers = new Set<Timer>();
  readonly #sockets = new Map<number, Transport>();
  #lastSocket = 0;

  constructor(
    time: VirtualTime,
    network: VirtualNetwork,
    name: string,
    seed: number,
    observer: WorldObserver = {},
  ) {
    this.#time = time;
    this.#network = network;
    this.name = name;
    this.seed = seed;
    // The chart draws from the seed itself.
    this.#random = new Random(seed).fork();
    this.#observer = observer;
  }

  /** How many timers run. */
  get timers(): number {
    return this.#timers.size;
  }

  /** How many sockets are open, or being opened or closed. */
  get sockets(): number {
    return this.#sockets.size;
  }

  /** From the seed: a simulation repeats what it says byte for byte. So these are no secrets. */
  fillRandom(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.#random.below(0x100);
  }

  now(): Milliseconds {
    return Math.floor(this.#time.now());
  }

  startTimer(ms: Milliseconds, fired: () => void): Timer {
    const timer = this.#time.startTimer(ms, () => {
      this.#timers.delete(timer);
      fired();
    });
    this.#timers.add(timer);
    return timer;
  }

  stopTimer(timer: Timer): void {
    this.#timers.delete(timer);
    this.#time.stopTimer(timer);
  }

  defer(run: () => void): void {
    this.#time.defer(run);
  }

  nextTurn(run: () => void): void {
    this.#time.startTimer(0, run);
  }

  get hasDeferred(): boolean {
    return this.#time.hasDeferred;
  }

  dial(server: Destination, events: TransportEvents): Transport {
    const socket = ++this.#lastSocket;
    const observer = this.#observer;
    observer.dialed?.(socket, server.name);
    const dialed: TransportEvents = {
      opened: (address) => events.opened(address),
      secured: () => {
        observer.secured?.(socket, connection.certificate ?? []);
        events.secured();
      },
      drained: () => {
        observer.drained?.(socket);
        events.drained();
      },
      data: (bytes) => {
        observer.received?.(socket, bytes);
        events.data(bytes);
      },
      halfClosed: (error) => events.halfClosed(error),
      closed: (error) => {
        this.#sockets.delete(socket);
        observer.closed?.(socket, error);
        events.closed(error);
      },
    };
    const connection = this.#network.dial(this.name, server.name, dialed, socket);
    const inner = connection.transport;
    const transport: Transport = {
      get isOpen() {
        return inner.isOpen;
      },
      write: (bytes, written) => {
        const hasRoom = inner.write(bytes, written);
        observer.wrote?.(socket, bytes, connection.queued, hasRoom);
        return hasRoom;
      },
      pause: () => inner.pause?.(),
      resume: () => inner.resume?.(),
      secure: (to, heard) => inner.secure(to, heard),
      end: () => {
        observer.ended?.(socket, false, connection.queued);
        inner.end();
      },
      destroy: () => {
        if (!this.#sockets.delete(socket)) return;
        observer.ended?.(socket, true, connection.queued);
        inner.destroy();
      },
    };
    this.#sockets.set(socket, transport);
    return transport;
  }
}
