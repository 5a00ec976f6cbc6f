// Why a WebSocket failed, in words that say what to do: its close code and reason, or the error of the platform.

import { printable } from "../wire/control-characters.js";
import type { WebSocketClosed, WebSocketProblem } from "./web-socket.js";

/** A failure of a WebSocket. `code` is one of the client's error codes. */
export class WebSocketFailure extends Error {
  override readonly name = "WebSocketFailure";
  readonly code: string;

  constructor(message: string, code: string, cause?: unknown) {
    super(message, cause instanceof Error ? { cause } : undefined);
    this.code = code;
  }
}

/** What close codes mean (RFC 6455, section 7.4.1). */
const meanings: Readonly<Record<number, string>> = {
  1000: "normal closure",
  1001: "going away",
  1002: "protocol error",
  1003: "unacceptable data",
  1005: "no code was given",
  1006: "the connection broke",
  1007: "malformed data",
  1008: "policy violation",
  1009: "message too big",
  1010: "extension missing",
  1011: "internal error",
  1012: "service restart",
  1013: "try again later",
  1014: "bad gateway",
  1015: "TLS handshake failed",
};

/** `1001 (going away): Server Shutdown` */
function described({ code, reason }: WebSocketClosed): string {
  const meaning = meanings[code];
  const named = meaning === undefined ? `${code}` : `${code} (${meaning})`;
  return reason === "" ? named : `${named}: ${printable(reason)}`;
}

function errorIn(problem: WebSocketProblem | undefined): Error | undefined {
  return problem?.error instanceof Error ? problem.error : undefined;
}

/** Codes of Node that say by themselves what is wrong, and that the client knows (../failures.ts). */
const isOfNetwork = (code: unknown) =>
  typeof code === "string" && /^E[A-Z_]+$/.test(code) && code !== "EPROTO";

/**
 * Why no WebSocket was opened. An error of the network stays as it is; of what a browser keeps to itself the message
 * says what it may have been.
 */
export function notOpened(problem: WebSocketProblem | undefined, closed: WebSocketClosed | undefined): Error {
  const error = errorIn(problem);
  const root = error?.cause instanceof Error ? error.cause : error;
  if (root !== undefined && isOfNetwork((root as { readonly code?: unknown }).code)) return root;
  const said = root?.message ?? (typeof problem?.message === "string" ? problem.message : "");
  const status = /\b(?:response|status|code)\D{0,20}(\d{3})\b/.exec(said)?.[1];
  if (status !== undefined && status !== "101") {
    const message = `the server answered with the HTTP status ${status} instead of opening a WebSocket: check host, port and path`;
    return new WebSocketFailure(message, "CONNECTION_REFUSED", error);
  }
  if (/HTTP\//.test(said)) {
    const message = `what listens there is no WebSocket server: check that it is the port of the server's "websocket" block (${said})`;
    return new WebSocketFailure(message, "CONNECTION_REFUSED", error);
  }
  const why = said === "" ? "" : `: ${said.replace(/\.$/, "")}`;
  // 1006 says no more than that; 0 is what Deno gives instead.
  const saysMore = closed !== undefined && closed.code !== 1006 && closed.code !== 0;
  const code = saysMore ? `, close code ${described(closed)}` : "";
  const message = `no WebSocket could be opened${why}${code}; nothing listens there, it is no WebSocket server, its origin rules or its certificate stand against it`;
  return new WebSocketFailure(message, "CONNECTION_REFUSED", error);
}

/** Why an open WebSocket closed. */
export function wasClosed(problem: WebSocketProblem | undefined, closed: WebSocketClosed): Error {
  const error = errorIn(problem);
  const root = error?.cause instanceof Error ? error.cause : error;
  if (root !== undefined && isOfNetwork((root as { readonly code?: unknown }).code)) return root;
  const said = root === undefined ? "" : ` (${root.message})`;
  const message = `the WebSocket was closed with code ${described(closed)}${said}`;
  return new WebSocketFailure(message, "DISCONNECT", error);
}
