// A network that exists only in virtual time: hosts that listen, links between them, connections over those.
//
// A client is known by a name, a host by the `host:port` on which it listens. What can go wrong is here as plain
// methods; when it does is decided by whoever runs the simulation (faults.ts has a list).

import type { Milliseconds } from "../../machine/units.js";
import type { TransportEvents } from "../world.js";
import type { PipeOptions } from "./pipe.js";
import type { Random } from "./random.js";
import { Route } from "./route.js";
import { VirtualConnection } from "./virtual-connection.js";
import { VirtualHost } from "./virtual-host.js";
import type { VirtualTime } from "./virtual-time.js";

/** How long a kernel asks for a connection that nobody answers. */
const DIAL_TIMEOUT: Milliseconds = 130_000;

/** After so long a kernel asks again, then after twice as long, and so on. */
const DIAL_AGAIN: Milliseconds = 1_000;

/** How the network is where nobody says otherwise. */
export interface NetworkOptions {
  /** Milliseconds of a packet, at least and at most. Default 0.5 to 5. */
  readonly latency?: readonly [least: Milliseconds, most: Milliseconds];
  /**
   * Behaviour of one direction of a new connection. Default: 64 KiB of window, 16 KiB of queue, up to 3 pieces.
   * @internal
   */
  readonly pipe?: () => PipeOptions;
}

const defaultPipe: PipeOptions = { window: 65_536, highWater: 16_384, pieces: 3 };

/** All hosts and links. */
export class VirtualNetwork {
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #options: NetworkOptions;
  readonly #hosts = new Map<string, VirtualHost>();
  readonly #routes = new Map<string, Route>();
  /** Where names lead, which are not the address of a host themselves. */
  readonly #names = new Map<string, string>();

  constructor(time: VirtualTime, random: Random, options: NetworkOptions = {}) {
    this.#time = time;
    this.#random = random;
    this.#options = options;
  }

  /** The host of that name (`host:port`), made at first use. Until it listens, it refuses connections. */
  host(name: string): VirtualHost {
    let host = this.#hosts.get(name);
    if (host === undefined) {
      host = new VirtualHost(name);
      this.#hosts.set(name, host);
    }
    return host;
  }

  /** From here on a name (`name:port`) leads to that host. */
  name(name: string, host: string): void {
    this.#names.set(name, host);
  }

  /** The host that a name leads to, as `host:port`. */
  resolve(name: string): string {
    return this.#names.get(name) ?? name;
  }

  /** The route between a client and a host, made at first use. */
  route(client: string, host: string): Route {
    const name = `${client} ${host}`;
    let route = this.#routes.get(name);
    if (route === undefined) {
      route = new Route(this.#options.latency ?? [0.5, 5]);
      this.#routes.set(name, route);
    }
    return route;
  }

  /** The connections of a client to a host, oldest first. */
  connections(client: string, host: string): readonly VirtualConnection[] {
    return [...this.host(host).connections].filter((connection) => connection.client === client);
  }

  /**
   * Opens a connection; its `transport` is what `World.dial` gives.
   * @param server name or address of the host
   * @param port on the client's side; default 0
   */
  dial(client: string, server: string, events: TransportEvents, port = 0): VirtualConnection {
    const host = this.resolve(server);
    const pipe = this.#options.pipe?.() ?? defaultPipe;
    const route = this.route(client, host);
    const connection = new VirtualConnection(this.#time, this.#random, route, pipe, { client, port }, events);
    const oneWay = () => route.delay(this.#random);
    const timeout = this.#time.startTimer(DIAL_TIMEOUT, () => connection.failed("ETIMEDOUT"));
    let tries = 0;
    const arrive = () => {
      if (connection.isClosed) return this.#time.stopTimer(timeout);
      if (route.isCut) return route.whenHealed(() => this.#time.startTimer(oneWay(), arrive));
      const target = this.host(host);
      if (target.isOff) return void this.#time.startTimer(DIAL_AGAIN * 2 ** tries++, arrive);
      this.#time.stopTimer(timeout);
      const back = oneWay();
      if (target.accept === null) this.#time.startTimer(back, () => connection.failed("ECONNREFUSED"));
      else connection.reached(target, target.accept, back);
    };
    this.#time.startTimer(oneWay(), arrive);
    return connection;
  }
}
