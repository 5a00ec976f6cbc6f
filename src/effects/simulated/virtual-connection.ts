// A virtual TCP connection: two pipes, and what each end sees of them. Made by virtual-network.ts.

import type { Milliseconds } from "../../machine/units.js";
import type { Transport, TransportEvents } from "../world.js";
import { check, oneOf } from "./checks.js";
import { Pipe, type PipeOptions } from "./pipe.js";
import type { Random } from "./random.js";
import type { Route } from "./route.js";
import type { Accept, Certificate, ServerPeer, ServerSocket } from "./server-socket.js";
import type { VirtualTime } from "./virtual-time.js";

/** The machine of the server, as a connection sees it: virtual-host.ts. */
interface Host {
  /** Where it listens, as `host:port`. */
  readonly name: string;
  /** True while its process stands still. */
  readonly isPaused: boolean;
  /** Those that stand. */
  readonly connections: Set<VirtualConnection>;
}

/** Which way packets go, between a client and a server. */
export type Direction = "toServer" | "toClient" | "both";

/** All of them. */
export const directions = oneOf("toServer", "toClient", "both");

const texts = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by peer",
  ETIMEDOUT: "connection timed out",
  TLS: "the server does not speak TLS at this point",
} as const;
const wrongCertificate = "the certificate of the server is for another host";

/** Why a connection fails, as the platform would say it. */
export type Trouble = keyof typeof texts;

function errorOf(code: Trouble, text: string = texts[code]): Error {
  return Object.assign(new Error(text), { code });
}

/** A socket of a client: a connection to a server, or one that is being opened. */
export class VirtualConnection {
  /**
   * Name of the client.
   * @internal
   */
  readonly client: string;
  /**
   * The client's end.
   * @internal
   */
  readonly transport: Transport;
  readonly #port: number;
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #events: TransportEvents;
  readonly #toServer: Pipe;
  readonly #toClient: Pipe;
  #host: Host | undefined;
  #peer: ServerPeer | undefined;
  #accept: (() => void) | undefined;
  #isOpen = false;
  #isEnding = false;
  /** The name that the certificate must carry, while the handshake lasts. */
  #securing: readonly string[] | null = null;
  #offered: Certificate = [];
  #certificate: Certificate | null = null;
  #clientIsGone = false;
  #serverIsGone = false;

  /** @internal */
  constructor(
    time: VirtualTime,
    random: Random,
    route: Route,
    pipe: PipeOptions,
    { client, port }: Pick<ServerSocket, "client" | "port">,
    events: TransportEvents,
  ) {
    this.client = client;
    this.#port = port;
    this.#time = time;
    this.#random = random;
    this.#events = events;
    const server = {
      data: (bytes: Uint8Array) => this.#peer?.data(bytes),
      hello: () => this.#helloArrived(),
      ended: () => this.#clientLeft(),
      reset: () => this.#clientLeft(),
    };
    const own = {
      data: (bytes: Uint8Array) => this.#dataArrived(bytes),
      hello: () => this.#secured(),
      ended: () => this.#serverEnded(),
      reset: () => this.#serverLeft(errorOf("ECONNRESET")),
    };
    this.#toServer = new Pipe(time, random, route, pipe, server, () => {
      if (!this.#clientIsGone) this.#events.drained();
    });
    this.#toClient = new Pipe(time, random, route, pipe, own);
    const isOpen = () => !this.#clientIsGone && !this.#isEnding;
    this.transport = {
      get isOpen() {
        return isOpen();
      },
      write: (bytes, written) => this.#toServer.write(bytes, written),
      pause: () => this.#toClient.hold(),
      resume: () => this.#toClient.read(),
      secure: ({ host, tlsName, otherTlsName }) => {
        this.#securing = [tlsName ?? host, ...(otherTlsName === null ? [] : [otherTlsName])];
        this.#toServer.hello();
      },
      end: () => {
        this.#isEnding = true;
        this.#toServer.end();
      },
      destroy: () => this.#destroy(),
    };
  }

  /** True once the client's end is closed. */
  get isClosed(): boolean {
    return this.#clientIsGone;
  }

  /**
   * What the server's certificate carries; null where the connection is not under TLS.
   * @internal
   */
  get certificate(): Certificate | null {
    return this.#certificate;
  }

  /**
   * Bytes that the client has written and its kernel has not taken.
   * @internal
   */
  get queued(): number {
    return this.#toServer.queued;
  }

  /**
   * The client's packet has reached the host; the answer takes `back`.
   * @internal
   */
  reached(host: Host, accept: Accept, back: Milliseconds): void {
    this.#host = host;
    host.connections.add(this);
    this.#toClient.notBefore(this.#time.now() + back);
    this.#time.startTimer(back, () => {
      if (this.#clientIsGone) return;
      this.#isOpen = true;
      this.#events.opened(host.name);
    });
    this.#accept = () => {
      this.#accept = undefined;
      this.#peer = accept(this.#serverEnd());
    };
    if (host.isPaused) this.#toServer.hold();
    else this.#accept();
  }

  /**
   * The connection could not be opened.
   * @internal
   */
  failed(trouble: Trouble): void {
    this.#failed(errorOf(trouble));
  }

  /**
   * Half-open: from here on everything in that direction vanishes for good, and nobody is told.
   * @throws TypeError where there is no such direction
   */
  vanish(direction: Direction): void {
    check("direction", direction, directions);
    if (direction !== "toClient") this.#toServer.vanish();
    if (direction !== "toServer") this.#toClient.vanish();
  }

  /** Something in between resets the connection: both ends are told. */
  reset(): void {
    this.#toServer.abort(true);
    this.#toClient.abort(true);
  }

  /** @internal */
  serverCrashed(): void {
    this.#serverIsGone = true;
    this.#toServer.vanish();
    this.#toClient.abort(true);
  }

  /** @internal */
  pauseServer(): void {
    this.#toServer.hold();
  }

  /** @internal */
  resumeServer(): void {
    this.#accept?.();
    this.#toServer.read();
  }

  #serverEnd(): ServerSocket {
    return {
      client: this.client,
      port: this.#port,
      write: (bytes) => void this.#toClient.write(bytes),
      end: () => {
        this.#serverClosed();
        this.#toClient.end();
      },
      destroy: () => {
        this.#serverClosed();
        this.#toClient.abort(true);
      },
    };
  }

  #serverClosed(): void {
    this.#serverIsGone = true;
    this.#host?.connections.delete(this);
  }

  #dataArrived(bytes: Uint8Array): void {
    if (!this.#clientIsGone && !this.#isEnding) this.#events.data(bytes);
  }

  #helloArrived(): void {
    if (this.#serverIsGone) return;
    const certificate = this.#peer?.secure() ?? null;
    if (certificate === null) return;
    this.#offered = certificate;
    this.#toClient.hello();
  }

  /** The server's certificate is here: the client goes on with the server that it meant, and with no other. */
  #secured(): void {
    if (this.#clientIsGone || this.#securing === null) return;
    if (!this.#securing.some((name) => this.#offered.includes(name))) return this.#refuseCertificate();
    this.#securing = null;
    this.#certificate = this.#offered;
    this.#events.secured();
  }

  #refuseCertificate(): void {
    this.#toServer.abort(false);
    this.#failed(errorOf("TLS", wrongCertificate));
  }

  #failed(error: Error): void {
    if (this.#clientIsGone) return;
    this.#clientIsGone = true;
    this.#events.closed(error);
  }

  /** The client's end is closed: the server hears of it and closes too. */
  #clientLeft(): void {
    // Half closed before: nobody is left to answer.
    if (this.#serverIsGone) return this.#isEnding ? this.#serverLeft(null) : undefined;
    this.#serverClosed();
    this.#peer?.closed();
    this.#toClient.end();
  }

  /** The server sends no more. As in Node, its client learns whether there is still something on its way to it. */
  #serverEnded(): void {
    const isWaiting = this.#toServer.queued > 0 && this.#securing === null && !this.#isEnding;
    if (!isWaiting) return this.#serverLeft(this.#securing === null ? null : errorOf("TLS"));
    if (!this.#clientIsGone) this.#events.halfClosed(null);
  }

  #serverLeft(error: Error | null): void {
    if (this.#clientIsGone) return;
    this.#clientIsGone = true;
    this.#toServer.abort(false);
    this.#events.closed(error);
  }

  #destroy(): void {
    if (this.#clientIsGone) return;
    this.#clientIsGone = true;
    // A kernel that has unread bytes says so rudely.
    if (this.#host !== undefined) this.#toServer.abort(this.#isOpen && this.#random.chance(0.3));
  }
}
