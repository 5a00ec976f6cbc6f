// Where a published message is, as far as the client knows: for the errors of requests. A user who knows that a request was
// not sent may repeat it.
//
// Told by positions in the outbound stream, so that it costs a message nothing. What is not known is not said.

import type { Milliseconds } from "../machine/units.js";

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
  /** Where in the outbound stream begins what the server in use was handed, or the one used last. */
  readonly since: number;
  /** Where in the outbound stream ends what sockets were handed. */
  readonly handedOver: number;
  /** The server in use, or used last, as `host:port`. */
  readonly server: string;
  /** How long there has been no connection; null while there is one. */
  readonly disconnectedFor: Milliseconds | null;
}

/** Remembers which part of the outbound stream the last server was handed that was lost. */
export class Deliveries {
  #lost: { readonly server: string; readonly from: number; readonly to: number } | undefined;

  /** The connection to that server is lost, with the part of the stream that it was handed. */
  lost(server: string, from: number, to: number): void {
    this.#lost = { server, from, to };
  }

  /** Where the message is that ends at that position. */
  of(end: number, { since, handedOver, server, disconnectedFor }: LinkNow): Whereabouts {
    const wasSent = end > since && end <= handedOver;
    if (wasSent && disconnectedFor === null) return { type: "sent", server };
    // What goes out once more waits again, but it was sent.
    const lost = this.#lost;
    if (lost !== undefined && end > lost.from && end <= lost.to) return { type: "lost", server: lost.server };
    if (end > handedOver) return { type: "notSent", server, disconnectedFor };
    return wasSent ? { type: "sent", server } : { type: "left" };
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
