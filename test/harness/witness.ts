// What servers are offered: a way to a server that remembers the credentials in each CONNECT. What else can become of bytes on
// the way: relay.ts.

import { afterEach } from "vitest";
import { relay } from "./relay.js";

/** A way to a server, on a port of its own. */
export interface Witness {
  readonly port: number;
  /** The credentials in each CONNECT that came by, oldest first; an object without fields where there were none. */
  readonly offered: readonly Readonly<Record<string, unknown>>[];
  /** All that clients sent, as text. */
  received(): string;
}

const closing: (() => Promise<void>)[] = [];

/** Closes all witnesses after each test of a file. */
export function useWitnesses(): void {
  afterEach(() => Promise.all(closing.splice(0).map((close) => close())));
}

/** Listens on a free loopback port, and relays to that one. */
export async function witness(port: number): Promise<Witness> {
  const received: string[] = [];
  const fromClient = () => {
    const place = received.push("") - 1;
    return (chunk: Buffer, send: (chunk: Uint8Array) => void) => {
      received[place] += chunk.toString("latin1");
      send(chunk);
    };
  };
  const way = await relay(port, { fromClient });
  closing.push(way.close);
  return {
    port: way.port,
    get offered() {
      return received.flatMap(offeredIn);
    },
    received: () => received.join(""),
  };
}

/** The credentials in each CONNECT of what a client sent. */
export function offeredIn(sent: string): Record<string, unknown>[] {
  return [...sent.matchAll(/CONNECT (\{.*?\})\r\n/g)].map(([, json = ""]) => {
    const { user, pass, auth_token, jwt, nkey, sig } = JSON.parse(json) as Record<string, unknown>;
    const all = Object.entries({ user, pass, auth_token, jwt, nkey, sig });
    return Object.fromEntries(all.filter(([, value]) => value !== undefined));
  });
}
