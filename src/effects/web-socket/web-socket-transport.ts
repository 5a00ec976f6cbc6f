// A Transport over a WebSocket. The bytes of the protocol go out and come in as binary frames; where a frame ends means
// nothing, as with the segments of TCP.
//
// Back pressure: a WebSocket takes whatever it is given, and does not say when it is out. So `bufferedAmount` is looked at,
// whenever the WebSocket calls and by a timer while it is above zero: what is out is reported as written; above FULL bytes
// the transport says that it is full, and at ROOM that it has room again.

import type { Destination } from "../../machine/origin.js";
import { webSocketUrl } from "../../machine/server-address.js";
import type { Transport, TransportEvents } from "../world.js";
import type {
  WebSocketClosed,
  WebSocketLike,
  WebSocketMessage,
  WebSocketProblem,
  WebSocketSource,
} from "./web-socket.js";
import { notOpened, WebSocketFailure, wasClosed } from "./web-socket-failure.js";

/** Bytes in the WebSocket at which it is full. As much as `ready()` waits for by default. */
export const FULL = 1_048_576;
/** Bytes in it at which there is room again: enough to keep the network busy until the next look. */
const ROOM = FULL / 2;
/** Milliseconds between two looks. Browsers make 4 of it, and a second in a tab that nobody sees. */
const LOOK_AGAIN = 2;

const OPEN = 1;
const NORMAL_CLOSURE = 1000;

type Phase =
  /** The WebSocket is not established yet. */
  | "dialing"
  /** Bytes of the protocol go out and come in. */
  | "open"
  /** This side sends no more, but what the WebSocket holds; what still arrives is thrown away. */
  | "ending"
  /** Nothing is told any more. */
  | "done";

/** A socket to one server, by WebSocket. */
export class WebSocketTransport implements Transport {
  readonly #events: TransportEvents;
  readonly #source: WebSocketSource;
  readonly #unwanted = new AbortController();
  #socket: WebSocketLike | undefined;
  #address: string | undefined;
  #phase: Phase = "dialing";
  #problem: WebSocketProblem | undefined;
  #looking: ReturnType<typeof setTimeout> | undefined;
  #isFull = false;
  /** Bytes that the WebSocket was given, and for those that are not out who is told at which of them. */
  #given = 0;
  #unsent: Receipt[] = [];

  constructor(server: Destination, events: TransportEvents, source: WebSocketSource) {
    this.#events = events;
    this.#source = source;
    const opening = {
      signal: this.#unwanted.signal,
      reached: (address: string) => {
        this.#address = address;
      },
    };
    const opened = Promise.resolve().then(() =>
      this.#phase === "done" ? undefined : source.open(webSocketUrl(server), opening),
    );
    opened.then(
      (socket) => socket !== undefined && this.#listen(socket),
      (error: unknown) => this.#closed(error instanceof Error ? error : new Error(String(error))),
    );
  }

  // Closing, and the event is on its way: what it were given now would be lost.
  get isOpen(): boolean {
    return this.#socket?.readyState === OPEN;
  }

  write(chunk: Uint8Array, written?: () => void): boolean {
    const socket = this.#socket;
    if (socket === undefined || socket.readyState !== OPEN) return false;
    socket.send(chunk, this.#sent);
    this.#given += chunk.length;
    if (written !== undefined) this.#unsent.push({ end: this.#given, written });
    const held = socket.bufferedAmount;
    this.#settle(held);
    if (held > FULL) this.#isFull = true;
    this.#lookAgain();
    return !this.#isFull;
  }

  pause(): void {
    if (this.#phase === "open") this.#socket?.pause?.();
  }

  resume(): void {
    if (this.#phase === "open") this.#socket?.resume?.();
  }

  secure(): void {
    // The chart does not ask for it: TLS comes with the URL, or not at all.
    this.#closed(new WebSocketFailure("TLS cannot begin over an open WebSocket: use wss://", "TLS"));
  }

  end(): void {
    // A WebSocket that is not established yet was handed nothing.
    if (this.#phase === "dialing") this.#closed(null);
    if (this.#phase !== "open") return;
    this.#enter("ending");
    // Closing, a WebSocket sends first what it holds.
    this.#socket?.close(NORMAL_CLOSURE);
  }

  destroy(): void {
    this.#enter("done");
    clearTimeout(this.#looking);
    this.#unwanted.abort();
    if (this.#socket !== undefined) discard(this.#socket);
  }

  /** The only way from one phase to the next. */
  #enter(phase: Phase): void {
    this.#phase = phase;
  }

  #listen(socket: WebSocketLike): void {
    if (this.#phase === "done") return discard(socket);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (this.#phase !== "dialing") return;
      this.#enter("open");
      this.#events.opened(this.#address);
    };
    socket.onmessage = ({ data }: WebSocketMessage) => {
      this.#look();
      if (this.#phase === "open") this.#events.data(bytesOf(data));
    };
    // The event `close` follows at once, and says more. But Node 20 tells an error and no more where none was opened.
    socket.onerror = (problem: WebSocketProblem) => {
      this.#problem ??= problem;
      if (this.#phase === "dialing") setTimeout(() => this.#fail(undefined), 0);
    };
    socket.onclose = (closed: WebSocketClosed) => this.#fail(closed);
    if (socket.readyState === OPEN) socket.onopen(undefined as never);
  }

  #fail(closed: WebSocketClosed | undefined): void {
    // Both sides agreed to close: what was out before is told. Where it broke, nobody knows, and it stays counted.
    if (closed?.code === NORMAL_CLOSURE && this.#socket !== undefined)
      this.#settle(this.#socket.bufferedAmount);
    if (this.#phase === "ending") return this.#closed(null);
    if (this.#phase === "open" && closed !== undefined) return this.#closed(wasClosed(this.#problem, closed));
    this.#closed(notOpened(this.#problem, closed));
  }

  #closed(error: Error | null): void {
    if (this.#phase === "done") return;
    this.destroy();
    this.#events.closed(error === null ? null : (this.#source.explain?.(error) ?? error));
  }

  readonly #sent = (error?: unknown) => {
    if (error === undefined || error === null) this.#look();
  };

  /** Looks again, a little later, as long as there is something to see. */
  #lookAgain(): void {
    if (this.#looking !== undefined || (this.#unsent.length === 0 && !this.#isFull)) return;
    this.#looking = setTimeout(() => {
      this.#looking = undefined;
      this.#look();
    }, LOOK_AGAIN);
  }

  /** What is out meanwhile? Is there room again? */
  #look(): void {
    if (this.#socket === undefined || this.#phase === "done") return;
    const held = this.#socket.bufferedAmount;
    this.#settle(held);
    if (this.#isFull && held <= ROOM) {
      this.#isFull = false;
      this.#events.drained();
    }
    this.#lookAgain();
  }

  /** Reports what is out. `held` counts what a frame has around its bytes, in some runtimes: so never too early. */
  #settle(held: number): void {
    let first = this.#unsent[0];
    while (first !== undefined && first.end <= this.#given - held) {
      this.#unsent.shift();
      first.written();
      first = this.#unsent[0];
    }
  }
}

/** Who is told that the WebSocket has sent all up to that byte. */
interface Receipt {
  readonly end: number;
  readonly written: () => void;
}

const encoder = new TextEncoder();

/** The bytes of a frame, whatever its kind. */
function bytesOf(data: unknown): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return encoder.encode(String(data));
}

/** Lets go of a WebSocket. What it still has to tell goes nowhere; an error that nobody hears would end a Node process. */
function discard(socket: WebSocketLike): void {
  const nobody = () => {};
  socket.onopen = nobody;
  socket.onmessage = nobody;
  socket.onerror = nobody;
  socket.onclose = nobody;
  if (socket.terminate !== undefined) socket.terminate();
  else socket.close();
}
