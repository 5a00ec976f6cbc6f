// What a page of an inspector gets from the relay of the tool, in a test: the messages, as they come.

import { once } from "node:events";
import { WebSocket } from "ws";

/** An inspection message, as far as the tests look at it. */
export interface Message {
  readonly type: string;
  readonly sessionId?: string;
  readonly name?: string;
  readonly definition?: string;
  readonly event?: { readonly type: string };
  /** How many characters it had, where it is cut. */
  readonly cut?: number;
  readonly snapshot?: { readonly value: unknown; readonly status?: string };
}

/** A page that is connected to a relay. */
export interface Page {
  readonly messages: readonly Message[];
  /** The states of the chart so far, one after the other, without repetition. */
  states(): readonly unknown[];
  /** Resolves when the messages so far are as wanted; rejects where the relay ends before. */
  until(isSo: (page: Page) => boolean): Promise<void>;
  close(): void;
}

/** Connects to the relay behind that address, as its page does. */
export async function openPage(url: string): Promise<Page> {
  const socket = new WebSocket(`${url.replace("http:", "ws:")}page`, { origin: url.replace(/\/$/, "") });
  const messages: Message[] = [];
  const closed = once(socket, "close");
  socket.on("message", (data) => messages.push(JSON.parse(String(data)).message));
  const page: Page = {
    messages,
    states: () => {
      const told = messages.flatMap(({ type, snapshot }) =>
        type === "@xstate.snapshot" && snapshot?.value !== undefined ? [JSON.stringify(snapshot.value)] : [],
      );
      return told.filter((state, index) => state !== told[index - 1]).map((state) => JSON.parse(state));
    },
    until: async (isSo) => {
      while (!isSo(page)) {
        const ended = await Promise.race([
          closed.then(() => true),
          once(socket, "message").then(() => false),
        ]);
        if (ended && !isSo(page)) throw new Error(`the relay ended: ${JSON.stringify(page.states())}`);
      }
    },
    close: () => socket.terminate(),
  };
  await once(socket, "open");
  return page;
}

/** The address of the page that a tool has printed. */
export function addressIn(stdout: string): string {
  const url = /^Inspector: (http:\/\/127\.0\.0\.1:\d+\/)$/m.exec(stdout)?.[1];
  if (url === undefined) throw new Error(`no address of a page in: ${stdout}`);
  return url;
}
