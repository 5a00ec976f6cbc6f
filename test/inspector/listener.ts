// What a Stately inspector would receive: a WebSocket relay on loopback that keeps every message, to wait for and to
// search. It draws nothing (src/inspector does) and relays to nobody.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { StatelyActorEvent, StatelyEventEvent, StatelyInspectionEvent } from "@statelyai/inspect";
import { WebSocketServer } from "ws";

/** A relay that listens. */
export interface Listener {
  /** For `createWebSocketInspector({ url })`. */
  readonly url: string;
  /** What arrived, oldest first. */
  readonly messages: readonly StatelyInspectionEvent[];
  /** The same as text: every byte that an inspector gets. */
  readonly texts: readonly string[];
  /** Resolves with what `find` finds in the messages, as soon as it does. */
  found<T>(find: (messages: readonly StatelyInspectionEvent[]) => T | undefined): Promise<T>;
  /** As a relay that dies: every socket is gone. */
  close(): Promise<void>;
}

/** Listens on a free loopback port. */
export async function listener(): Promise<Listener> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const messages: StatelyInspectionEvent[] = [];
  const texts: string[] = [];
  const waiting = new Set<() => void>();
  server.on("connection", (socket) => {
    socket.on("message", (data) => {
      texts.push(String(data));
      messages.push(JSON.parse(String(data)));
      for (const look of [...waiting]) look();
    });
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages,
    texts,
    found: (find) =>
      new Promise((resolve) => {
        const look = () => {
          const found = find(messages);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    close: async () => {
      if (server.address() === null) return;
      for (const socket of server.clients) socket.terminate();
      server.close();
      await once(server, "close");
    },
  };
}

/** The message that announces an actor of that name. */
export function actorNamed(name: string) {
  return (messages: readonly StatelyInspectionEvent[]): StatelyActorEvent | undefined =>
    messages.find((message) => message.type === "@xstate.actor" && message.name === name) as
      | StatelyActorEvent
      | undefined;
}

/** A state as one word: `connected`, `connecting.dialing`. */
export function stateName(value: unknown): string {
  return typeof value === "string"
    ? value
    : Object.entries(value as object)
        .flat()
        .join(".");
}

/** The states that the snapshots tell of, one after the other, each once until it changes. */
export function statesTold(messages: readonly StatelyInspectionEvent[]): string[] {
  const all = messages.flatMap((message) =>
    message.type === "@xstate.snapshot"
      ? [stateName((message.snapshot as unknown as { value: unknown }).value)]
      : [],
  );
  return all.filter((state, index) => state !== all[index - 1]);
}

/** The arrows of the sequence diagram: `server → connection: server.info`. */
export function arrows(messages: readonly StatelyInspectionEvent[]): string[] {
  const names = new Map<string | undefined, string>();
  for (const message of messages)
    if (message.type === "@xstate.actor") names.set(message.sessionId, message.name);
  const isArrow = (message: StatelyInspectionEvent): message is StatelyEventEvent =>
    message.type === "@xstate.event" && message.sourceId !== undefined;
  return messages
    .filter(isArrow)
    .map(
      ({ sourceId, sessionId, event }) => `${names.get(sourceId)} → ${names.get(sessionId)}: ${event.type}`,
    );
}
