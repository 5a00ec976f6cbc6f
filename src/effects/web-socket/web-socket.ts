// A WebSocket as every runtime has it: the part of the W3C interface that the client uses, and how one is opened.
//
// Not the types of a browser or of Node: the client compiles without either. What the client makes of it is in
// web-socket-transport.ts; where Node gets one from, in node-web-sockets.ts.

/** A message: `ArrayBuffer`, since `binaryType` asks for it; text where a server sends that. */
export interface WebSocketMessage {
  readonly data: unknown;
}

/** How a WebSocket ended (RFC 6455, section 7.4). */
export interface WebSocketClosed {
  /** 1006 where nobody said why: no closing handshake, or none was opened. */
  readonly code: number;
  /** What the other side said; often empty. */
  readonly reason: string;
}

/** What went wrong: browsers say nothing, Node has an Error or a text. */
export interface WebSocketProblem {
  readonly error?: unknown;
  readonly message?: unknown;
}

/** A WebSocket of a browser, of Node 22, or of the package `ws`. */
export interface WebSocketLike {
  binaryType: string;
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number;
  /** Bytes that `send` took and the network has not. */
  readonly bufferedAmount: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  /** Copies the bytes. The package `ws` calls `sent` when the network has them, or will not; others do not know it. */
  send(data: Uint8Array, sent?: (error?: unknown) => void): void;
  close(code?: number, reason?: string): void;
  /** Stops reading; only the package `ws` has it. */
  pause?(): void;
  /** Reads again; only the package `ws` has it. */
  resume?(): void;
  /** Closes at once; only the package `ws` has it. */
  terminate?(): void;
}

/** What the opening of a WebSocket is told, and tells. */
export interface Opening {
  /** Aborted when the WebSocket is not wanted any more. */
  readonly signal: AbortSignal;
  /** The address of the server that was reached, where the source knows it. */
  reached(address: string): void;
}

/** Where WebSockets come from. */
export interface WebSocketSource {
  /** Opens one. May throw or reject: then the attempt failed. */
  open(url: string, opening: Opening): WebSocketLike | Promise<WebSocketLike>;
  /** Says what an error of this runtime means. Default: the error says it. */
  explain?(error: Error): Error;
}

/** The WebSocket class of the runtime: browsers, Deno, Bun, and Node since 22; undefined where there is none. */
export function globalWebSocket(): (new (url: string) => WebSocketLike) | undefined {
  return (globalThis as { readonly WebSocket?: new (url: string) => WebSocketLike }).WebSocket;
}
