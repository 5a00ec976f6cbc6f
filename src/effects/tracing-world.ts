// The option `debug`: a world that prints what goes over its sockets. Secrets are masked: CONNECT is the only command
// that carries any, and it is always written whole.

import { printable } from "./wire/control-characters.js";
import { decodeText } from "./wire/text.js";
import { type World, withDial } from "./world.js";

/** Fields of CONNECT that may be seen. All others may be, or prove, a secret: whatever an authenticator gave. */
const PUBLIC = new Set([
  "protocol",
  "lang",
  "version",
  "verbose",
  "pedantic",
  "name",
  "echo",
  "tls_required",
  "headers",
  "no_responders",
]);

/** The CONNECT line with its secrets masked; everything else as it is. */
function masked(text: string): string {
  return text.replace(/^CONNECT (\{.*\})/, (_, json: string) => {
    const fields = Object.entries(JSON.parse(json) as Record<string, unknown>);
    const shown = fields.map(([name, value]) => [name, PUBLIC.has(name) ? value : "***"]);
    return `CONNECT ${JSON.stringify(Object.fromEntries(shown))}`;
  });
}

/** Bytes as one line of text: CR and LF as symbols, as one is used to from protocol traces. */
function shown(bytes: Uint8Array): string {
  const text = masked(decodeText(bytes, 0, bytes.length))
    .replaceAll("\r", "␍")
    .replaceAll("\n", "␊");
  // A terminal would obey the others, whoever sent them.
  return printable(text);
}

/** A world that behaves as another and prints every chunk that a socket sends (`>`) and receives (`<`). */
export function tracingWorld(world: World, print: (line: string) => void): World {
  return withDial(world, (server, events) => {
    const transport = world.dial(server, {
      opened: (address) => events.opened(address),
      secured: () => events.secured(),
      drained: () => events.drained(),
      halfClosed: (error) => events.halfClosed(error),
      closed: (error) => events.closed(error),
      data: (chunk) => {
        print(`< ${shown(chunk)}`);
        events.data(chunk);
      },
    });
    return {
      get isOpen() {
        return transport.isOpen;
      },
      secure: (to) => transport.secure(to),
      end: () => transport.end(),
      destroy: () => transport.destroy(),
      write: (chunk, written) => {
        print(`> ${shown(chunk)}`);
        return transport.write(chunk, written);
      },
    };
  });
}
