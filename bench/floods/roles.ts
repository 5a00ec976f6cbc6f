// What the client does while it is flooded.

import { FLOOD, type RoleName, TICK } from "./flood.js";

/** A message, as the roles use it. */
interface Message {
  readonly data: Uint8Array;
  readonly headers?: Iterable<[string, string[]]> | undefined;
}

/** A connection, as the roles use it. The three libraries have this in common. */
export interface Client {
  publish(subject: string): void;
  subscribe(
    subject: string,
    options?: {
      readonly callback?: (error: Error | null, message: Message) => void;
      readonly maxPending?: number;
    },
  ): AsyncIterable<unknown>;
  status(): unknown;
  flush(): Promise<void>;
  closed(): Promise<unknown>;
}

/** What a role has seen. Whatever else it holds stays reachable through it. */
export interface Played {
  seen: number;
  readonly keeps: unknown[];
}

type Role = (client: Client, played: Played) => unknown;

/** What each role does, once connected. */
export const roles: { readonly [Name in RoleName]: Role } = {
  idle: () => {},
  records: () => {},
  callback: (client, played) => {
    client.subscribe(FLOOD, {
      callback: (_, { data }) => {
        if (data.length > 0) played.seen += 1;
      },
    });
  },
  headers: (client, played) => {
    client.subscribe(FLOOD, {
      callback: (_, { headers }) => {
        let values = 0;
        for (const [, all] of headers ?? []) values += all.length;
        if (values > 0) played.seen += 1;
      },
    });
  },
  "unread iterator": (client, { keeps }) => {
    keeps.push(client.subscribe(FLOOD));
  },
  "unread iterator with a limit": (client, { keeps }) => {
    keeps.push(client.subscribe(FLOOD, { maxPending: 1_000 }));
  },
  "slow iterator with a limit": async (client) => {
    let readOn = () => {};
    client.subscribe(TICK, { callback: () => readOn() });
    const subscription = client.subscribe(FLOOD, { maxPending: 1_000 });
    let read = 0;
    for await (const _ of subscription) {
      read += 1;
      // Some at a time: the first that comes then may lie on the border of two reads, and have memory of its own.
      if (read % 4 !== 0) continue;
      await new Promise<void>((resolve) => {
        readOn = resolve;
      });
    }
  },
  "keeps every 100th": (client, played) => {
    client.subscribe(FLOOD, {
      callback: (_, { data }) => {
        if (played.seen % 100 === 0) played.keeps.push(data);
        played.seen += 1;
      },
    });
  },
  "unread status": (client, { keeps }) => {
    keeps.push(client.status());
  },
};
