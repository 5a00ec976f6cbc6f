// What the nodes got. A raw subscriber of each node is connected to it directly: no fault of a link reaches it, and what the
// node wrote to it before it was killed is in the kernel and is read.
//
// Each node writes its name into the subjects that its own clients publish to (`mappings` of its configuration), and the routes
// carry messages to the witnesses of the other nodes. So a witness knows where a message came in, and a node in lame duck mode,
// which closes its witness too, is seen through the others.

import { connect, type Socket } from "node:net";
import { answered } from "../../test/harness/ports.js";

/** What publishers publish to: it ends in their name. */
export const SUBJECT = "published";

/** The configuration of a node by which its name comes before the subject. */
export const mapping = (node: number) => `mappings: { "${SUBJECT}.*": "${node}.${SUBJECT}.$1" }`;

/** How often one message was seen: by node that it came in at, and by witness. */
type Seen = readonly number[][];

/** The witnesses of a cluster. */
export class Witnesses {
  readonly #count: number;
  readonly #byPublisher = new Map<string, Map<number, Seen>>();
  readonly #witnesses: readonly Witness[];
  readonly #probes = new Map<string, Set<number>>();
  #probe = 0;

  /** @param count how many nodes there are */
  constructor(count: number) {
    this.#count = count;
    this.#witnesses = Array.from(
      { length: count },
      (_, place) => new Witness((subject, payload) => this.#saw(place, subject, payload)),
    );
  }

  /** Connects the witness of a node that has started; resolves when it is subscribed. */
  async attach(node: number, port: number): Promise<void> {
    await this.#at(node).attach(port);
  }

  /**
   * Resolves when the witness of that node has read all that the node had for it. Rejects where the node does not answer it, or has
   * closed its connection: then something may have been missed.
   */
  async settle(node: number): Promise<void> {
    await this.#at(node).flush(`the witness of node ${node}`);
  }

  /** Resolves when what comes in at that node is seen at all the others. */
  async reaches(node: number): Promise<void> {
    const name = `${this.#probe++}`;
    const seen = new Set<number>();
    this.#probes.set(name, seen);
    await answered(
      () => `routes from node ${node} to all others`,
      async () => {
        if (seen.size === this.#count) return true;
        this.#at(node).publish(`${SUBJECT}.probe`, name);
        return undefined;
      },
    );
    this.#probes.delete(name);
  }

  /** How often that message of that publisher came in, at whatever node. */
  timesSeen(publisher: string, number: number): number {
    const seen = this.#byPublisher.get(publisher)?.get(number) ?? [];
    return seen.reduce((sum, byWitness) => sum + Math.max(...byWitness), 0);
  }

  /** How many messages of that publisher only the witnesses of other nodes saw. */
  seenByOthersOnly(publisher: string): number {
    const messages = [...(this.#byPublisher.get(publisher)?.values() ?? [])];
    return messages.filter((seen) => seen.every((byWitness, node) => byWitness[node] === 0)).length;
  }

  close(): void {
    for (const witness of this.#witnesses) witness.close();
  }

  #at(node: number): Witness {
    const witness = this.#witnesses[node];
    if (witness === undefined) throw new RangeError(`there is no node ${node}`);
    return witness;
  }

  #saw(witness: number, subject: string, payload: string): void {
    const [node = "", , publisher = ""] = subject.split(".");
    if (publisher === "probe") {
      this.#probes.get(payload)?.add(witness);
      return;
    }
    const messages = this.#byPublisher.get(publisher) ?? new Map<number, Seen>();
    this.#byPublisher.set(publisher, messages);
    const never = () => Array.from({ length: this.#count }, () => new Array<number>(this.#count).fill(0));
    const seen = messages.get(Number(payload)) ?? never();
    messages.set(Number(payload), seen);
    const byWitness = seen[Number(node)];
    if (byWitness === undefined) throw new Error(`a message on ${subject}, which no node wrote`);
    byWitness[witness] = (byWitness[witness] ?? 0) + 1;
  }
}

/** One of them: it subscribes, answers PINGs and reads. */
class Witness {
  readonly #saw: (subject: string, payload: string) => void;
  #socket: Socket | undefined;
  #unread = "";
  #pongs: (() => void)[] = [];

  constructor(saw: (subject: string, payload: string) => void) {
    this.#saw = saw;
  }

  async attach(port: number): Promise<void> {
    this.#unread = "";
    this.#pongs = [];
    this.#socket = connect({ host: "127.0.0.1", port, noDelay: true });
    this.#socket.on("data", (chunk) => this.#read(chunk));
    this.#socket.on("error", () => {});
    // The server does not wait for its INFO to be read.
    this.#socket.write(`CONNECT {"verbose":false,"pedantic":false}\r\nSUB *.${SUBJECT}.* 1\r\n`);
    await this.flush("a new witness");
  }

  /** Resolves with the PONG: whatever the server had for it comes before. */
  async flush(who: string): Promise<void> {
    let isThere = false;
    this.#pongs.push(() => {
      isThere = true;
    });
    this.#socket?.write("PING\r\n");
    await answered(
      () => `a PONG for ${who}`,
      async () => isThere || undefined,
    );
  }

  publish(subject: string, payload: string): void {
    this.#socket?.write(`PUB ${subject} ${payload.length}\r\n${payload}\r\n`);
  }

  close(): void {
    this.#socket?.destroy();
  }

  #read(chunk: Buffer): void {
    const text = this.#unread + chunk.toString("latin1");
    let at = 0;
    for (;;) {
      const end = text.indexOf("\r\n", at);
      if (end === -1) break;
      const [verb, subject = "", ...rest] = text.slice(at, end).split(" ");
      if (verb === "MSG") {
        const size = Number(rest.at(-1));
        if (text.length < end + 2 + size + 2) break;
        this.#saw(subject, text.slice(end + 2, end + 2 + size));
        at = end + 2 + size + 2;
        continue;
      }
      if (verb === "PING") this.#socket?.write("PONG\r\n");
      if (verb === "PONG") this.#pongs.shift()?.();
      at = end + 2;
    }
    this.#unread = text.slice(at);
  }
}
