// A world of one server that is always well, accepts everybody, and writes down all commands it hears. No network and no
// time: timers never fire, and whoever awaits a flush has been heard.
//
// For worlds with faults and time there is src/effects/simulated; the reader of commands is the one of its model server.

import { Connection } from "../../src/api/connection.js";
import { NatsError } from "../../src/api/errors.js";
import type { NatsConnection } from "../../src/api/nats-connection.js";
import { checkOptions } from "../../src/api/option-table.js";
import type { ConnectionOptions } from "../../src/api/options.js";
import { CommandReader } from "../../src/effects/simulated/command-reader.js";
import type { Transport, TransportEvents, World } from "../../src/effects/world.js";
import { info } from "../harness/fake-server.js";

/** A command as the server read it; CONNECT with its JSON parsed, PUB and HPUB alike. */
export type Heard = readonly [verb: "CONNECT" | "PONG" | "SUB" | "UNSUB" | "PUB", ...rest: unknown[]];

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

/** The world, and the ear of its server. */
export class ListeningWorld implements World {
  readonly seed = 1;
  /** All commands so far, PINGs left out: the client sends them when it likes. */
  readonly heard: Heard[] = [];
  /** The ways to the client: its sockets that are open, in the order in which it dialed them. */
  readonly #ways = new Set<(chunk: Uint8Array) => void>();

  /**
   * The server says this over the socket that was opened first. Whatever comes of it comes at once, errors too. A client that moves to
   * another socket hears the rest over the one that it leaves: what was cut is not put together from two.
   */
  say(chunk: Uint8Array): void {
    for (const way of this.#ways) return way(chunk);
  }

  fillRandom(bytes: Uint8Array): void {
    crypto.getRandomValues(bytes);
  }

  now(): number {
    return 0;
  }

  startTimer(): object {
    return {};
  }

  stopTimer(): void {}

  readonly hasDeferred = false;

  defer(run: () => void): void {
    queueMicrotask(run);
  }

  nextTurn(run: () => void): void {
    setImmediate(run);
  }

  dial(_server: unknown, events: TransportEvents): Transport {
    let isOpen = true;
    const answer = (text: string) => queueMicrotask(() => isOpen && events.data(bytes(text)));
    const reader = new CommandReader({
      connect: (json) => void this.heard.push(["CONNECT", JSON.parse(json)]),
      ping: () => answer("PONG\r\n"),
      pong: () => void this.heard.push(["PONG"]),
      sub: (subject, queue, sid) => void this.heard.push(["SUB", subject, queue, sid]),
      unsub: (sid, max) => void this.heard.push(["UNSUB", sid, max]),
      publish: ({ subject, reply, headers, payload }) => {
        const text = (given: Uint8Array | undefined) => given && Buffer.from(given).toString();
        this.heard.push(["PUB", subject, reply, text(headers), text(payload)]);
      },
      mayTalk: () => true,
      isListening: () => true,
    });
    const way = (chunk: Uint8Array) => events.data(chunk);
    this.#ways.add(way);
    queueMicrotask(() => {
      events.opened();
      answer(info({ nonce: "nonce" }));
    });
    return {
      isOpen: true,
      write: (chunk, written) => {
        // What a server would close the connection for is an error here, thrown into the client: the test fails.
        reader.push(chunk.slice());
        written?.();
        return true;
      },
      secure: () => {},
      end: () =>
        queueMicrotask(() => {
          isOpen = false;
          this.#ways.delete(way);
          events.closed(null);
        }),
      destroy: () => {
        isOpen = false;
        this.#ways.delete(way);
      },
    };
  }
}

/** In this world all that is due comes after a few turns of the event loop: nothing waits for a network or a clock. */
const MOST_TURNS = 1_000;

/**
 * What the promise settles with. Throws an error that names the promise where it has not settled after `MOST_TURNS` turns of the
 * event loop: it never will.
 */
export async function settled<T>(name: string, promise: Promise<T>): Promise<T> {
  let isPending = true;
  const settles = () => {
    isPending = false;
  };
  promise.then(settles, settles);
  for (let turn = 0; isPending && turn < MOST_TURNS; turn++)
    await new Promise<void>((resolve) => setImmediate(resolve));
  if (isPending) throw new Error(`${name} has not settled after ${MOST_TURNS} turns of the event loop`);
  return promise;
}

/** Connects in that world, as `connect` does in Node's; undefined where the options are refused. */
export async function connectIn(
  world: World,
  options: ConnectionOptions,
): Promise<NatsConnection | undefined> {
  try {
    checkOptions(options);
    return await settled("connect()", new Connection(world, options).start());
  } catch (error) {
    if (error instanceof NatsError) return undefined;
    throw error;
  }
}
