// Where a published message is, as far as the client knows: for the errors of requests. A user who knows that a request was
// not sent may repeat it.
//
// Told by positions in the outbound stream, so that it costs a message nothing. What is not known is not said.

import type { Milliseconds } from "../machine/failure.js";

/** Where a message is. */
export type Whereabouts =
  /** No socket has it. `disconnectedFor` is null while connected: it waits behind others. */
  | { readonly type: "notSent"; readonly server: string; readonly disconnectedFor: Milliseconds | null }
  /** A socket to the server in use has it. */
  | { readonly type: "sent"; readonly server: string }
  /** A socket to that server had it, and the connection was lost since. */
  | { readonly type: "lost"; readonly server: string }
  /** A socket had it, to one of the servers before; which is not known any more. */
  | { readonly type: "left" };

/** The connection at the moment that is asked for. */
export interface LinkNow {
  /** Where in the outbound stream ends what sockets were handed. */
  readonly handedOver: number;
  /** The server in use, or used last, as `host:port`. */
  readonly server: string;
  /** How long there has been no connection; null while there is one. */
  readonly disconnectedFor: Milliseconds | null;
}

/** Remembers which server was handed which part of the outbound stream: for the one in use, and for the last one lost. */
export class Deliveries {
  /** From here on all that was handed over is with the server in use. */
  #since = 0;
  #lost: { readonly server: string; readonly from: number; readonly to: number } | undefined;

  /** The connection to that server is lost, with all that was handed over. */
  lost(server: string, handedOver: number): void {
    this.#lost = { server, from: this.#since, to: handedOver };
    this.#since = handedOver;
  }

  /** Another server is in use, and none was lost. What was handed over may be with either. */
  moved(handedOver: number): void {
    this.#since = handedOver;
  }

  /** Where the message is that ends at that position. */
  of(end: number, { handedOver, server, disconnectedFor }: LinkNow): Whereabouts {
    const lost = this.#lost;
    if (end > handedOver) {
      // The server in use is the one that is dialed by now.
      const last = disconnectedFor === null ? undefined : lost?.server;
      return { type: "notSent", server: last ?? server, disconnectedFor };
    }
    if (end > this.#since) return { type: "sent", server };
    if (lost === undefined || end <= lost.from || end > lost.to) return { type: "left" };
    return { type: "lost", server: lost.server };
  }
}

/** As the end of a sentence, with how many answers came. */
export function inWords(where: Whereabouts, answers: number): string {
  switch (where.type) {
    case "notSent": {
      const { server, disconnectedFor } = where;
      if (disconnectedFor === null) return `not sent, connected to ${server}`;
      return `not sent, disconnected from ${server} for ${duration(disconnectedFor)}`;
    }
    case "sent":
      return `sent to ${where.server}, ${counted(answers)}`;
    case "lost":
      if (answers === 0) return `sent to ${where.server}, which was lost before an answer came`;
      return `sent to ${where.server}, which was lost since; ${counted(answers)}`;
    case "left":
      return `sent to a server that is no longer in use, ${counted(answers)}`;
    default:
      return where satisfies never;
  }
}

function counted(answers: number): string {
  if (answers === 0) return "no answer came";
  return answers === 1 ? "1 answer came" : `${answers} answers came`;
}

function duration(ms: Milliseconds): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
