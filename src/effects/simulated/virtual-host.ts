// A machine on the virtual network: whether it listens, and what becomes of its connections when it dies or stands still.
// What runs on it is given by `listen`; how a client reaches it: virtual-network.ts.

import type { Accept } from "./server-socket.js";
import type { VirtualConnection } from "./virtual-connection.js";

/** A machine with one port. */
export class VirtualHost {
  readonly name: string;
  readonly connections = new Set<VirtualConnection>();
  #accept: Accept | null = null;
  #isOff = false;
  #isPaused = false;

  constructor(name: string) {
    this.name = name;
  }

  /** True while nobody answers, not even to say no. */
  get isOff(): boolean {
    return this.#isOff;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** What is to be done with a new connection; null where they are refused. */
  get accept(): Accept | null {
    return this.#accept;
  }

  /** Accepts connections from here on. */
  listen(accept: Accept): void {
    this.#accept = accept;
    this.#isOff = false;
    this.#isPaused = false;
  }

  /** Refuses new connections; those that stand go on. */
  refuse(): void {
    this.#accept = null;
  }

  /** The process is gone: every connection is reset, new ones are refused. */
  crash(): void {
    this.#accept = null;
    this.#isPaused = false;
    for (const connection of [...this.connections]) connection.serverCrashed();
    this.connections.clear();
  }

  /** The machine is gone: nobody hears of it, and new connections are not answered. */
  powerOff(): void {
    this.#isOff = true;
    for (const connection of this.connections) connection.vanish("both");
    this.crash();
  }

  /** The process stands still (SIGSTOP): its kernel takes connections and bytes, nobody reads them. */
  pause(): void {
    this.#isPaused = true;
    for (const connection of this.connections) connection.pauseServer();
  }

  /** The process goes on (SIGCONT). */
  resume(): void {
    this.#isPaused = false;
    for (const connection of [...this.connections]) connection.resumeServer();
  }
}
