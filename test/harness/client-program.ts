// What client-process.ts runs: a client that does what its parent says, and tells its statuses.

import { type ConnectionOptions, connect, type NatsConnection, type NatsError } from "../../src/index.js";

/** What the parent wants. */
export interface Question {
  readonly id: number;
  readonly method: "connect" | "setServers" | "getServers" | "getServer" | "isClosed" | "reconnect" | "flush";
  readonly args: readonly unknown[];
}

/** What came of it. */
export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  /** Code and message. */
  readonly error?: string;
}

let nc: NatsConnection | undefined;
const tell = (message: Answer | { readonly status: object }) => void process.send?.(message);

async function connected(options: ConnectionOptions): Promise<void> {
  nc = await connect({
    ...options,
    onStatus: ({ type, server, error }) =>
      tell({ status: { type, server, code: error?.code, message: error?.message } }),
  });
}

async function answer({ method, args }: Question): Promise<unknown> {
  if (method === "connect") return connected(...(args as [ConnectionOptions]));
  if (nc === undefined) throw new Error("not connected");
  return (nc[method] as (...args: readonly unknown[]) => unknown)(...args);
}

process.on("message", (question: Question) => {
  answer(question).then(
    (value) => tell({ id: question.id, value }),
    (error: NatsError) => tell({ id: question.id, error: `${error.code}: ${error.message}` }),
  );
});
// The parent is gone.
process.once("disconnect", () => process.exit());
