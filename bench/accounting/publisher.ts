// The publishers: each client numbers its messages, writes down what became of each `publish`, and what its statuses tell. Ours
// twice, with `unconfirmed: "report"` and `"resend"`, and both reference clients, all with the same settings.

import { connect as nats3 } from "@nats-io/transport-node";
import { connect as nats2 } from "nats";
import { connect as ours, type Status } from "../../src/index.js";
import type { Range } from "./account.js";
import { SUBJECT } from "./witnesses.js";

/** The names by which the publishers are chosen. */
export const publisherNames = ["ours-report", "ours-resend", "nats", "transport-node"] as const;
export type PublisherName = (typeof publisherNames)[number];

/** Messages, and the bytes of their commands. */
interface Amount {
  readonly messages: number;
}

/** What ours says of its outbound stream. */
interface OutboundStats {
  readonly waiting: Amount;
  readonly unconfirmed: Amount;
  readonly confirmed: Amount;
}

/** What each client can do; only ours has `outboundStats`. */
interface Client {
  publish(subject: string, payload: string): void;
  flush(): Promise<void>;
  drain(): Promise<void>;
  close(): Promise<void>;
  closed(): Promise<unknown>;
  status(): AsyncIterable<{ readonly type: string }>;
  outboundStats?(): OutboundStats;
}

/** The settings of all of them. Pings are so often that a half-open link is found within seconds. */
export interface Settings {
  readonly servers: string[];
  readonly pingInterval: number;
}

const common = { maxPingOut: 2, maxReconnectAttempts: -1, reconnectTimeWait: 250, timeout: 2_000 };

/** How long each of the last steps may take. */
const PATIENCE = 30_000;

/** A publisher, and what is written down of it. */
export class Publisher {
  readonly name: PublisherName;
  /** What becomes of unconfirmed messages; undefined for clients that forget them. */
  readonly unconfirmed: "report" | "resend" | undefined;
  readonly accepted: number[] = [];
  readonly told: Range[] = [];
  refused = 0;
  disconnects = 0;
  /** What the books of ours contradict themselves in. */
  readonly contradictions: string[] = [];
  /** What the last steps said: `flush()`, `drain()` and `closed()`. */
  readonly lastWords: string[] = [];
  #client: Client | undefined;

  private constructor(name: PublisherName) {
    this.name = name;
    this.unconfirmed = name === "ours-report" ? "report" : name === "ours-resend" ? "resend" : undefined;
  }

  /** Resolves when it is connected. */
  static async connect(name: PublisherName, settings: Settings): Promise<Publisher> {
    const publisher = new Publisher(name);
    await publisher.#connect(settings);
    return publisher;
  }

  /** Publishes that number. */
  publish(number: number): void {
    try {
      this.#connected.publish(`${SUBJECT}.${this.name}`, `${number}`);
      this.accepted.push(number);
    } catch {
      this.refused++;
    }
  }

  /** Flushes and drains. Resolves when it is closed, or one of the steps took too long. */
  async end(): Promise<void> {
    const client = this.#connected;
    const closed = client.closed();
    const steps = [
      ["flush", () => client.flush()],
      ["flush again", () => client.flush()],
      ["drain", () => client.drain()],
      ["closed", () => closed],
    ] as const;
    for (const [step, take] of steps) this.lastWords.push(`${step}: ${await outcome(take)}`);
    if (this.unconfirmed === undefined) return;
    const first = this.#toldSoFar === 0 ? "fine" : `DISCONNECT (${this.#toldSoFar} unconfirmed)`;
    const expected = [`flush: ${first}`, "flush again: fine", "drain: fine", "closed: fine"];
    if (`${this.lastWords}` !== `${expected}`)
      this.contradictions.push(`the last words are ${this.lastWords.join(", ")}, not ${expected.join(", ")}`);
  }

  /** Closes at once, whatever is not done. */
  async close(): Promise<void> {
    await this.#client?.close();
  }

  get #connected(): Client {
    if (this.#client === undefined) throw new Error(`${this.name} is not connected`);
    return this.#client;
  }

  async #connect(settings: Settings): Promise<void> {
    const options = { ...common, ...settings, name: this.name };
    if (this.unconfirmed !== undefined) {
      const onStatus = (status: Status) => this.#hear(status);
      // "report" is the default.
      const more = this.unconfirmed === "resend" ? { unconfirmed: this.unconfirmed, onStatus } : { onStatus };
      this.#client = (await ours({ ...options, ...more } as typeof options)) as Client;
      return;
    }
    const connecting = this.name === "nats" ? nats2(options) : nats3(options);
    this.#client = (await (connecting as Promise<unknown>)) as Client;
    void this.#countDisconnects(this.#client.status());
  }

  async #countDisconnects(statuses: AsyncIterable<{ readonly type: string }>): Promise<void> {
    for await (const { type } of statuses) if (type === "disconnect") this.disconnects++;
  }

  /**
   * What a status of ours tells. Messages are handed over in the order of publishing, and a PONG confirms all before it: so the
   * confirmed come first, then those that were told, then those that wait.
   */
  #hear(status: Status & { readonly unconfirmed?: Amount; readonly unsent?: Amount }): void {
    if (status.type === "disconnect") this.disconnects++;
    const { unconfirmed, unsent } = status;
    const told = (unconfirmed?.messages ?? 0) + (unsent?.messages ?? 0);
    const stats = this.#client?.outboundStats?.();
    if (told === 0 || stats === undefined) return;
    const from = stats.confirmed.messages + this.#toldSoFar;
    this.told.push([from, from + told]);
    // What is told at the end is all that was left, and what is sent again waits with the rest.
    const waits = status.type === "disconnect" && this.unconfirmed === "report" ? stats.waiting.messages : 0;
    const sum = from + told + waits;
    const { length } = this.accepted;
    if (this.unconfirmed === "report" ? sum === length : sum <= length) return;
    this.contradictions.push(
      `${status.type}: ${from} confirmed or told before, ${told} told, ${waits} waiting; published are ${length}`,
    );
  }

  /** How many messages will not be confirmed any more. Those that are sent again may be. */
  get #toldSoFar(): number {
    return this.unconfirmed === "report" ? this.told.reduce((sum, [from, to]) => sum + to - from, 0) : 0;
  }
}

/** How a step ended, in words. */
async function outcome(take: () => Promise<unknown>): Promise<string> {
  const patience = new Promise<string>((resolve) => setTimeout(resolve, PATIENCE, "pending").unref());
  const said = (value: unknown) => (value instanceof Error ? describe(value) : "fine");
  return Promise.race([patience, take().then(said, describe)]);
}

function describe(error: Error & { readonly code?: string; readonly unconfirmed?: Amount }): string {
  const number = error.unconfirmed === undefined ? "" : ` (${error.unconfirmed.messages} unconfirmed)`;
  return `${error.code ?? error.name}${number}`;
}
