// A steady load on one client: numbers that it publishes and hears itself, and requests. It remembers of each whether
// the client was connected when it was accepted, since that decides what may become of it.
//
// Who answers and who counts what arrived is a witness: another client, on a server that no test harms.

import type { NatsConnection, NatsError, Status } from "../../src/index.js";
import { answered } from "./ports.js";
import { sleep } from "./waiting.js";

/** Something that the client accepted. */
export interface Accepted {
  readonly number: number;
  /** Whether the client was disconnected then. */
  readonly held: boolean;
}

/** What became of a request. */
export interface Asked extends Accepted {
  /** `answer N`, or the code of the error. */
  readonly outcome: string;
}

/** Subscribes to the numbers and answers the requests; returns the numbers that come, in their order. */
export function witnessOf(nc: NatsConnection): readonly number[] {
  const seen: number[] = [];
  nc.subscribe("numbers", { callback: (_error, msg) => void seen.push(Number(msg.string())) });
  nc.subscribe("ask", { callback: (_error, msg) => void msg.respond(`answer ${msg.string()}`) });
  return seen;
}

/** Resolves when the server of that client knows who answers: the news takes a moment to cross a cluster. */
export async function known(nc: NatsConnection): Promise<void> {
  let seen = "";
  await answered(
    () => `an answer by way of ${nc.getServer()}; instead of it came ${seen}`,
    async () => {
      const answer = await nc.request("ask", "probe").catch((error: NatsError) => error);
      if (!(answer instanceof Error)) return true;
      seen = `${answer.code}: ${answer.message}`;
      return undefined;
    },
  );
}

/** A load that goes on until it is stopped. */
export class Load {
  readonly published: Accepted[] = [];
  /** The numbers that the client hears itself. */
  readonly own: number[] = [];
  /** What was reported since the start, but for the news of the cluster, which come when they come. */
  readonly statuses: string[] = [];
  /** How many messages may be lost with each connection, as its end was told. */
  readonly told: number[] = [];
  /** Which ones that are, `numbers N` or `ask N`, where the client publishes nothing but this load. */
  readonly doubtful = new Set<string>();
  readonly #order: string[] = [];
  readonly #asked: Promise<Asked>[] = [];
  #nc: NatsConnection | undefined;
  #isDown = false;
  #loop = Promise.resolve();

  /** For the option of that name: an outage may be over in milliseconds, so something is published as it begins. */
  readonly onStatus = ({ type, unconfirmed }: Status): void => {
    if (this.#nc === undefined || type === "update") return;
    this.statuses.push(type);
    if (type === "reconnect") this.#isDown = false;
    if (type !== "disconnect" || unconfirmed === undefined) return;
    this.#isDown = true;
    this.told.push(unconfirmed.messages);
    // They are the last ones that the socket was handed.
    const handed = this.#order.length - this.#nc.outboundStats().waiting.messages;
    for (const one of this.#order.slice(handed - unconfirmed.messages, handed)) this.doubtful.add(one);
    this.#burst(this.#nc, 100);
  };

  /** Subscribes and begins. */
  start(nc: NatsConnection): void {
    this.#nc = nc;
    nc.subscribe("numbers", { callback: (_error, msg) => void this.own.push(Number(msg.string())) });
    this.#loop = this.#run(nc);
  }

  /** Ends the load; resolves with what became of each request, once all are settled. */
  async stop(): Promise<readonly Asked[]> {
    this.#nc = undefined;
    await this.#loop;
    return Promise.all(this.#asked);
  }

  async #run(nc: NatsConnection): Promise<void> {
    while (this.#nc !== undefined) {
      this.#burst(nc, 5);
      await sleep(1);
    }
  }

  #burst(nc: NatsConnection, count: number): void {
    for (let i = 0; i < count; i++) {
      const accepted = { number: this.published.length, held: this.#isDown };
      nc.publish("numbers", `${accepted.number}`);
      this.published.push(accepted);
      this.#order.push(`numbers ${accepted.number}`);
    }
    const accepted = { number: this.#asked.length, held: this.#isDown };
    const asked = nc.request("ask", `${accepted.number}`, { timeout: 3_000 }).then(
      (msg) => msg.string(),
      (error: NatsError) => error.code,
    );
    this.#order.push(`ask ${accepted.number}`);
    this.#asked.push(asked.then((outcome) => ({ ...accepted, outcome })));
  }
}
