// A socket to one server, by node:net and node:tls. Who dials and when: dialing.ts and dial-queue.ts.

import { connect, type OnReadOpts, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Destination } from "../../machine/origin.js";
import { decodeText } from "../wire/text.js";
import type { Reader, Transport, TransportEvents } from "../world.js";
import { readMaterial } from "./certificates.js";
import type { Turn } from "./dial-queue.js";
import type { Dialer } from "./dialing.js";
import { loadTls } from "./late-parts.js";
import type { Cancel } from "./race.js";
import { ReceiveBuffer } from "./receive-buffer.js";
import { isDeno, isNode } from "./runtime.js";
import { handshake } from "./tls.js";
import { closedInHandshake, isTlsError, refusedInTheClear, tlsFailure } from "./tls-failure.js";
import { offersCertificate, type TlsOptions } from "./tls-options.js";

/** Bytes that are kept of what is said in the clear where TLS was awaited: enough for the text of an error. */
const MOST_HEARD = 512;

/** Deno (2.9) cannot begin TLS on a socket that reads into memory of ours. */
const knowsOnread = !isDeno;

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

/** What the socket needs to know of its world. */
export interface NodeTransportOptions {
  /** Options of the TLS handshake; see tls-options.ts. */
  readonly tls: TlsOptions | null | undefined;
  /** Shown the socket of each TLS handshake that succeeded: protocol, cipher and certificate are there to be read. */
  readonly secured?: ((socket: TLSSocket) => void) | undefined;
}

/** A socket to one server, from the dial to its end. */
export class NodeTransport implements Transport {
  readonly #events: TransportEvents;
  readonly #tls: TlsOptions;
  readonly #secured: NodeTransportOptions["secured"];
  /** It lasts until the client speaks: by then there is a TCP connection, and TLS where the server does it. */
  readonly #turn: Turn;
  #cancelDialing: Cancel = () => {};
  /** The socket that counts: the TCP socket that is open, after the handshake the TLS socket around it. */
  #socket: Socket | TLSSocket | undefined;
  #phase: Phase = "dialing";
  /** The first error of the socket, told when it is closed. */
  #error: Error | null = null;
  /** What the other side said in the clear after TLS was to begin: the first of it, and bounded. */
  #heard = "";
  /** What arrived while the material of the handshake was read. The socket is paused: it is one read. */
  readonly #early: Uint8Array[] = [];

  constructor(server: Destination, events: TransportEvents, options: NodeTransportOptions, dialer: Dialer) {
    this.#events = events;
    this.#tls = options.tls ?? {};
    this.#secured = options.secured;
    this.#turn = dialer.queue.ask(server.name, events, () => {
      this.#cancelDialing = dialer.dial(server, (address) => this.#connect(address, server.port), {
        opened: (socket, address) => {
          this.#socket = socket;
          this.#listen(socket);
          this.#enter("open");
          events.opened(address);
        },
        failed: (error) => this.#closed(error),
      });
    });
  }

  get isOpen(): boolean {
    return this.#socket?.writable ?? false;
  }

  write(chunk: Uint8Array, written?: () => void): boolean {
    const socket = this.#socket;
    if (socket === undefined) return false;
    this.#turn.end();
    const hasRoom = socket.write(chunk, (error) => {
      // Called also where it failed: then it was not written.
      if (error === undefined || error === null) written?.();
    });
    if (socket.writableLength > 0) return hasRoom;
    // The system took all of it at once: say so now, and the memory is free for what comes next in this turn.
    written?.();
    return true;
  }

  pause(): void {
    if (this.#isRead) this.#socket?.pause();
  }

  resume(): void {
    if (this.#isRead) this.#socket?.resume();
  }

  /** What arrives is told. In between the handshake reads, or nobody does. */
  get #isRead(): boolean {
    return this.#phase === "open" || this.#phase === "secured";
  }

  secure(server: Destination, heard?: Uint8Array): void {
    const plain = this.#socket;
    if (plain === undefined) return;
    // In TLS the client speaks first. What arrives before it does is no TLS, and nothing that may be believed: the handshake
    // fails by it. What came together with INFO is thrown away: whoever is on the way could have put it there. The paused
    // socket reads once more, so that a refusal in the clear can be told.
    this.#enter("preparing");
    plain.pause();
    plain.removeAllListeners("data");
    if (heard !== undefined) this.#overhear(heard);
    // Now it may be in the middle of a read, which its pause ends.
    process.nextTick(() => {
      if (isNode && this.#phase === "preparing") plain.read(0);
    });
    const failed = (error: Error) => this.#closed(this.#tlsFailure(error));
    prepareTls(this.#tls).then(({ tls, material }) => {
      if (this.#phase !== "preparing") return;
      this.#enter("securing");
      plain.pause();
      // Here, and not when it came: what a paused socket is given while it reads, node:tls may never find.
      if (this.#early.length > 0) plain.unshift(Buffer.concat(this.#early));
      handshake(tls, plain, server, this.#tls, material, {
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
    // A connection that is not established yet was handed nothing.
    if (this.#socket === undefined) return this.#closed(null);
    this.#enter("ending");
    this.#socket.end();
  }

  destroy(): void {
    this.#enter("done");
    this.#turn.end();
    this.#cancelDialing();
    this.#socket?.destroy();
  }

  /** The only way from one phase to the next. None leads out of `done`. */
  #enter(phase: Phase): void {
    if (this.#phase !== "done") this.#phase = phase;
  }

  /** What comes from the TCP socket is for node:tls. */
  get #isForHandshake(): boolean {
    return this.#phase === "preparing" || this.#phase === "securing" || this.#phase === "secured";
  }

  /** A socket that connects to that address. Others may do so beside it: only the one that wins is heard. */
  #connect(host: string, port: number): Socket {
    if (!knowsOnread) return connect({ host, port, noDelay: true });
    // Reads of the TCP socket go into memory of ours; then no event `data` tells of them.
    const received = new ReceiveBuffer(() => performance.now());
    const onread: OnReadOpts = {
      buffer: () => received.room(),
      callback: (bytes) => {
        const chunk = received.taken(bytes);
        if (!this.#isForHandshake) this.#received(chunk, received);
        else if (this.#phase === "preparing") {
          this.#overhear(chunk);
          this.#early.push(chunk);
        } else socket.push(chunk);
        return !this.#isForHandshake;
      },
    };
    const socket = connect({ host, port, noDelay: true, onread });
    return socket;
  }

  /** The server went on in the clear. Where it turns the client away, that is a hint, and no more: see tls-failure.ts. */
  #overhear(chunk: Uint8Array): void {
    const { length } = this.#heard;
    if (length < MOST_HEARD) this.#heard += decodeText(chunk, 0, Math.min(chunk.length, MOST_HEARD - length));
  }

  #received(chunk: Uint8Array, reader?: Reader): void {
    if (this.#isRead) this.#events.data(chunk, reader);
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
  return { tls: await loadTls(), material: await readMaterial(options) };
}
