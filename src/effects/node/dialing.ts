// From a server to an open TCP connection, over the address that answers first. An IP address is dialed at once; the
// addresses of a name are looked up (names.ts) and race each other (race.ts).

import { isIP, type Socket } from "node:net";
import type { Destination } from "../../machine/origin.js";
import { parseAddress } from "../../machine/server-address.js";
import { loadDns } from "./late-parts.js";
import { type LookupEvents, type LookupOptions, lookUp } from "./names.js";
import { type Cancel, race } from "./race.js";

/** How dialing ends: one of the two is called, once, unless it is cancelled before. */
export interface DialingEvents {
  /** @param address the address that was reached, as a name of a server is written: `10.0.0.5:4222`, `[::1]:4222` */
  opened(socket: Socket, address: string): void;
  failed(error: Error): void;
}

/** Dials servers by TCP. */
export class Dialer {
  readonly #options: LookupOptions;

  constructor(options: LookupOptions) {
    this.#options = options;
  }

  /**
   * Connects to a server.
   * @param connect makes a socket that connects to that address
   */
  dial(server: Destination, connect: (address: string) => Socket, events: DialingEvents): Cancel {
    const { host } = server;
    if (isIP(host) !== 0) return this.race([host], server, connect, events);
    let cancel = this.lookUp(host, {
      found: (addresses) => {
        cancel = this.race(addresses, server, connect, events);
      },
      failed: events.failed,
    });
    return () => cancel();
  }

  /** Looks up the addresses of a host, one or more, in the order in which they are to be dialed. An IP address is its own. */
  lookUp(host: string, events: LookupEvents): Cancel {
    let isOver = false;
    let cancel = () => {};
    // An address has no need of node:dns.
    loadDns().then(
      (dns) => {
        if (!isOver) cancel = lookUp(dns, host, this.#options, events);
      },
      (error: Error) => {
        if (!isOver) events.failed(error);
      },
    );
    return () => {
      isOver = true;
      cancel();
    };
  }

  /** Connects to the first of these addresses that answers. */
  race(
    addresses: readonly string[],
    { port }: Destination,
    connect: (address: string) => Socket,
    events: DialingEvents,
  ): Cancel {
    return race(
      addresses,
      (address, { opened, failed }) => {
        const socket = connect(address);
        socket.on("connect", opened);
        // It stays on the socket: an error that nobody hears would end the process.
        socket.on("error", failed);
        return socket;
      },
      this.#options.timers,
      {
        won: (socket, address) => events.opened(socket, nameOf(address, port)),
        failed: events.failed,
      },
    );
  }
}

/** An address and a port as the name of a server is written. */
function nameOf(address: string, port: number): string {
  if (!address.includes(":")) return `${address}:${port}`;
  const name = `[${address}]:${port}`;
  // An address with a zone (fe80::1%eth0) is none that a URL may have.
  const parsed = parseAddress(name);
  return parsed.ok ? parsed.value.name : name;
}
