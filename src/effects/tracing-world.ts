// The option `debug`: a world that prints what goes over its sockets. It never looks for secrets in bytes that hold some:
// whoever writes them says what may be printed instead (`Confidential` of world.ts). In all that follows over the same
// socket, in either direction, those secrets are masked.

import type { Offered } from "./offered.js";
import { printable } from "./wire/control-characters.js";
import { type World, withDial } from "./world.js";

/** Text as one line: CR and LF as symbols, as one is used to from protocol traces. */
function oneLine(text: string): string {
  // A terminal would obey the others, whoever sent them.
  return printable(text.replaceAll("\r", "␍").replaceAll("\n", "␊"));
}

/** What goes over a socket in one direction, as lines. */
class Direction {
  readonly #print: (line: string) => void;
  readonly #sign: string;
  /** A character may be cut by the end of a chunk: it is printed with the next. */
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #masked = (text: string) => text;

  constructor(sign: "<" | ">", print: (line: string) => void) {
    this.#sign = sign;
    this.#print = print;
  }

  /** From here on this is masked. */
  mask(offered: Offered): void {
    this.#masked = offered.stream();
  }

  bytes(chunk: Uint8Array): void {
    this.text(this.#decoder.decode(chunk, { stream: true }));
  }

  text(text: string): void {
    this.#print(`${this.#sign} ${oneLine(this.#masked(text))}`);
  }
}

/** A world that behaves as another and prints every chunk that a socket sends (`>`) and receives (`<`). */
export function tracingWorld(world: World, print: (line: string) => void): World {
  return withDial(world, (server, events, offered) => {
    const sent = new Direction(">", print);
    const received = new Direction("<", print);
    // A server may repeat what it got over the socket before.
    if (offered !== undefined) for (const direction of [sent, received]) direction.mask(offered);
    const transport = world.dial(
      server,
      {
        queued: () => events.queued(),
        dialing: () => events.dialing(),
        opened: (address) => events.opened(address),
        secured: () => events.secured(),
        drained: () => events.drained(),
        halfClosed: (error) => events.halfClosed(error),
        closed: (error) => events.closed(error),
        data: (chunk, reader) => {
          received.bytes(chunk);
          events.data(chunk, reader);
        },
      },
      offered,
    );
    return {
      get isOpen() {
        return transport.isOpen;
      },
      pause: () => transport.pause?.(),
      resume: () => transport.resume?.(),
      secure: (to, heard) => transport.secure(to, heard),
      end: () => transport.end(),
      destroy: () => transport.destroy(),
      write: (chunk, written, confidential) => {
        if (confidential === undefined) {
          sent.bytes(chunk);
        } else {
          sent.mask(confidential.offered);
          received.mask(confidential.offered);
          sent.text(confidential.shown);
        }
        return transport.write(chunk, written, confidential);
      },
    };
  });
}
