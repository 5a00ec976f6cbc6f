// The real world: sockets by node:net and node:tls, timers and clock of Node.

import { connect, isIP, type LookupFunction, type OnReadOpts, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Destination } from "../../machine/effects.js";
import { shuffled } from "../../machine/reconnect-policy.js";
import { counted, hasDeferred } from "../deferred.js";
import { decodeText } from "../wire/text.js";
import type { Timer, Transport, TransportEvents, World } from "../world.js";
import { ReceiveBuffer } from "./receive-buffer.js";
import { closedInHandshake, isTlsError, refusedInTheClear, tlsFailure } from "./tls-failure.js";
import { offersCertificate, type TlsOptions } from "./tls-options.js";

/** What the real world needs to know. */
export interface NodeWorldOptions {
  /** Take a host's addresses in the order in which the system gives them. */
  readonly noRandomize: boolean;
  /** Options of the TLS handshake; see tls-options.ts. */
  readonly tls: TlsOptions | null | undefined;
  /** Shown the socket of each TLS handshake that succeeded: protocol, cipher and certificate are there to be read. */
  readonly secured?: ((socket: TLSSocket) => void) | undefined;
  /** Opens WebSockets, for servers that are reached by them; see ../web-socket. Without it there are none. */
  readonly dialWebSocket?: World["dial"] | undefined;
}

/**
 * How long one address of a host with several is tried before the next one is (happy eyeballs, RFC 8305).
 * Node gives up on the earlier address then, so this is longer than the 250 ms of the RFC.
 */
const ADDRESS_ATTEMPT_TIMEOUT = 500;

/** Bytes that are kept of what is said in the clear where TLS was awaited: enough for the text of an error. */
const MOST_HEARD = 512;

/** Deno (2.9) cannot begin TLS on a socket that reads into memory of ours. */
const knowsOnread = process.versions["deno"] === undefined;

/** Other runtimes take a socket over for TLS in ways of their own: there it is left as it is. */
const isNode = knowsOnread && process.versions["bun"] === undefined;

/** The world of a Node process. */
export class NodeWorld implements World {
  readonly seed = crypto.getRandomValues(new Int32Array(1))[0] as number;
  readonly #options: NodeWorldOptions;

  constructor(options: NodeWorldOptions) {
    this.#options = options;
  }

  fillRandom(bytes: Uint8Array): void {
    crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
  }

  now(): number {
    return Math.floor(performance.timeOrigin + performance.now());
  }

  startTimer(ms: number, fired: () => void): Timer {
    // A longer time would make Node fire at once; whoever waits that long looks at the clock again.
    return setTimeout(fired, Math.min(ms, 2 ** 31 - 1));
  }

  stopTimer(timer: Timer): void {
    clearTimeout(timer as NodeJS.Timeout);
  }

  defer(run: () => void): void {
    process.nextTick(counted(run));
  }

  get hasDeferred(): boolean {
    return hasDeferred();
  }

  dial(server: Destination, events: TransportEvents): Transport {
    const { dialWebSocket } = this.#options;
    if (server.transport.type === "tcp") return new NodeTransport(server, events, this.#options);
    if (dialWebSocket === undefined) throw new Error("this world opens no WebSockets");
    return dialWebSocket(server, events);
  }
}

/** What the socket is for now. `preparing` and what follows it up to `ending` is TLS. */
type Phase =
  /** The TCP connection is not established yet. */
  | "dialing"
  /** Bytes of the protocol come from the TCP socket. */
  | "open"
  /** What comes from the TCP socket is for the handshake, which begins as soon as its material is read. */
  | "preparing"
  /** The handshake is in progress. It tells by itself when the TCP socket fails. */
  | "securing"
  /** Bytes of the protocol come from the TLS socket. */
  | "secured"
  /** The other side sends no more; what was written to it is not all out. */
  | "halfClosed"
  /** This side sends no more; what still arrives is thrown away. */
  | "ending"
  /** Nothing is told any more. */
  | "done";

class NodeTransport implements Transport {
  readonly #events: TransportEvents;
  readonly #tls: TlsOptions;
  readonly #secured: NodeWorldOptions["secured"];
  /** The socket that counts: the TCP socket, after the handshake the TLS socket around it. */
  #socket: Socket | TLSSocket;
  #phase: Phase = "dialing";
  /** The first error of the socket, told when it is closed. */
  #error: Error | null = null;
  /** What the other side said in the clear after TLS was to begin, as far as it can be seen, and bounded. */
  #heard = "";

  constructor(server: Destination, events: TransportEvents, options: NodeWorldOptions) {
    this.#events = events;
    this.#tls = options.tls ?? {};
    this.#secured = options.secured;
    const { host, port } = server;
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_TIMEOUT,
      ...(knowsOnread ? { onread: this.#onread() } : {}),
      ...(isIP(host) !== 0 || options.noRandomize ? {} : { lookup: shufflingLookup }),
    });
    this.#listen(this.#socket);
    this.#socket.on("connect", () => {
      if (this.#phase !== "dialing") return;
      this.#enter("open");
      events.opened();
    });
  }

  get isOpen(): boolean {
    return this.#socket.writable;
  }

  write(chunk: Uint8Array, written?: () => void): boolean {
    const hasRoom = this.#socket.write(chunk, (error) => {
      // Called also where it failed: then it was not written.
      if (error === undefined || error === null) written?.();
    });
    if (this.#socket.writableLength > 0) return hasRoom;
    // The system took all of it at once: say so now, and the memory is free for what comes next in this turn.
    written?.();
    return true;
  }

  secure(server: Destination, heard?: Uint8Array): void {
    const plain = this.#socket;
    if (heard !== undefined) this.#overhear(heard);
    // What arrives from here on is for the handshake. It waits in the socket; and when node:tls takes it from there, the
    // socket tells of it as data: whoever got in between could slip in a line of the protocol. The paused socket reads
    // once more, so that a refusal in the clear can be told.
    this.#enter("preparing");
    plain.pause();
    plain.removeAllListeners("data");
    // Now it may be in the middle of a read, which its pause ends.
    process.nextTick(() => {
      if (isNode && this.#phase === "preparing") plain.read(0);
    });
    const failed = (error: Error) => this.#closed(this.#tlsFailure(error));
    prepareTls(this.#tls).then(({ handshake, material }) => {
      if (this.#phase !== "preparing") return;
      this.#enter("securing");
      plain.pause();
      handshake(plain, server, this.#tls, material, {
        failed,
        secured: (secured) => {
          if (this.#phase !== "securing") return void secured.destroy();
          this.#enter("secured");
          this.#socket = secured;
          this.#listen(secured);
          this.#secured?.(secured);
          this.#events.secured();
        },
      });
    }, failed);
  }

  end(): void {
    this.#enter("ending");
    this.#socket.end();
  }

  destroy(): void {
    this.#enter("done");
    this.#socket.destroy();
  }

  /** The only way from one phase to the next. None leads out of `done`. */
  #enter(phase: Phase): void {
    if (this.#phase !== "done") this.#phase = phase;
  }

  /** What comes from the TCP socket is for node:tls. */
  get #isForHandshake(): boolean {
    return this.#phase === "preparing" || this.#phase === "securing" || this.#phase === "secured";
  }

  /** Reads of the TCP socket go into memory of ours; then no event `data` tells of them. */
  #onread(): OnReadOpts {
    const received = new ReceiveBuffer(() => performance.now());
    return {
      buffer: () => received.room(),
      callback: (bytes) => {
        const chunk = received.taken(bytes);
        if (!this.#isForHandshake) this.#received(chunk);
        else {
          this.#overhear(chunk);
          this.#socket.push(chunk);
        }
        return !this.#isForHandshake;
      },
    };
  }

  /** A server that turns a client away says so in the clear, whatever was to come. It is no more than a hint: see tls-failure.ts. */
  #overhear(chunk: Uint8Array): void {
    const { length } = this.#heard;
    if (length < MOST_HEARD) this.#heard += decodeText(chunk, 0, Math.min(chunk.length, MOST_HEARD - length));
  }

  #received(chunk: Uint8Array): void {
    if (this.#phase === "open" || this.#phase === "secured") this.#events.data(chunk);
  }

  // The listeners stay on the socket to the end: an error that nobody hears would end the process.
  #listen(socket: Socket | TLSSocket): void {
    const counts = () => socket === this.#socket && this.#phase !== "done";
    socket.on("data", (chunk) => {
      if (counts()) this.#received(chunk);
    });
    socket.on("drain", () => {
      if (counts()) this.#events.drained();
    });
    socket.on("error", (error) => {
      this.#error ??= isTlsError(error) ? this.#tlsFailure(error) : error;
      // A TLS socket may tell of an error and stay open.
      socket.destroy();
    });
    socket.on("end", () => {
      if (counts() && this.#phase !== "securing" && this.#phase !== "ending") this.#ended(socket);
    });
    socket.on("close", () => {
      if (counts() && this.#phase !== "securing") this.#closed(this.#error);
    });
  }

  #tlsFailure(error: Error): Error {
    return tlsFailure(error, offersCertificate(this.#tls));
  }

  /**
   * The other side sends no more: it is closing. `close` would follow only when all that was written is out, which may be
   * never where that side does not read. So that is told now.
   */
  #ended(socket: Socket | TLSSocket): void {
    if (socket.writableLength === 0) return this.#closed(this.#error);
    this.#enter("halfClosed");
    this.#events.halfClosed(this.#error);
  }

  #closed(error: Error | null): void {
    if (this.#phase === "done") return;
    const isHandshake = this.#phase === "preparing" || this.#phase === "securing";
    this.destroy();
    this.#events.closed(
      isHandshake ? (refusedInTheClear(this.#heard, error) ?? error ?? closedInHandshake()) : error,
    );
  }
}

async function prepareTls(options: TlsOptions) {
  const { handshake, readMaterial } = await import("./tls.js");
  return { handshake, material: await readMaterial(options) };
}

/** Looks a name up as the system does, and gives its addresses in random order, so that clients spread over them. */
const shufflingLookup: LookupFunction = async (host, options, found) => {
  // Who dials addresses only never loads it.
  const { lookup } = await import("node:dns");
  lookup(host, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return found(error, []);
    const seed = crypto.getRandomValues(new Int32Array(1))[0] as number;
    const [random] = shuffled(addresses, seed);
    if (options.all === true) return found(null, [...random]);
    const first = random[0];
    return first === undefined
      ? found(new Error(`no address for ${host}`), [])
      : found(null, first.address, first.family);
  });
};
