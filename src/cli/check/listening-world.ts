// The outside of a client, overheard: the first INFO whole, which the chart does not keep, and when each step was reached.
// It changes nothing. Who uses it: attempt.ts.

import { type World, withDial } from "../../effects/world.js";

/** Characters of an INFO: the library takes no longer one. */
const MAX_INFO = 1_048_576;

/** What may be reached. */
export type Mark = "opened" | "greeted" | "secured" | "accepted";

/** When each step was reached, in milliseconds from the dial. */
export class StopWatch {
  #start = 0;
  readonly #marks = new Map<Mark, number>();

  /** The dial. */
  start(): void {
    this.#start = performance.now();
  }

  /** It is reached, unless it was before. */
  note(mark: Mark): void {
    if (!this.#marks.has(mark)) this.#marks.set(mark, performance.now() - this.#start);
  }

  /** Null where it was not reached. */
  times(): Readonly<Record<Mark, number | null>> {
    const when = (mark: Mark) => this.#marks.get(mark) ?? null;
    return {
      opened: when("opened"),
      greeted: when("greeted"),
      secured: when("secured"),
      accepted: when("accepted"),
    };
  }
}

/**
 * A world that behaves as another, and hears the first INFO: the whole of it, which the chart does not keep. `heard` gets
 * its JSON.
 */
export function listeningWorld(world: World, clock: StopWatch, heard: (json: string) => void): World {
  return withDial(world, (server, events) => {
    let text: string | undefined = "";
    const listen = (chunk: Uint8Array) => {
      if (text === undefined) return;
      const piece = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
      // What came before has no end of line: it is not looked through again with every piece.
      const end = piece.indexOf("\n");
      text += end === -1 ? piece : piece.slice(0, end);
      if (end === -1 && text.length < MAX_INFO) return;
      const json = /^INFO\s+(.*)$/i.exec(text.trimEnd())?.[1];
      text = undefined;
      if (json === undefined) return;
      clock.note("greeted");
      tell(Buffer.from(json, "latin1").toString("utf8"));
    };
    const tell = (json: string) => {
      try {
        heard(json);
      } catch {
        // The library reads it too, and says what is wrong with it.
      }
    };
    clock.start();
    return world.dial(server, {
      opened: (address) => {
        clock.note("opened");
        events.opened(address);
      },
      secured: () => {
        clock.note("secured");
        events.secured();
      },
      drained: () => events.drained(),
      halfClosed: (error) => events.halfClosed(error),
      closed: (error) => events.closed(error),
      data: (chunk) => {
        listen(chunk);
        events.data(chunk);
      },
    });
  });
}
