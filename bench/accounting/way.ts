// The way from the publishers to one node: a relay on a port that stays the same. What the network does happens here, so that
// it happens to the links of the publishers and not to those of the witnesses.

import { setTimeout as sleep } from "node:timers/promises";
import { type Link, type Passage, type Relay, relay } from "../../test/harness/relay.js";
import type { LinkFault, Swallowed } from "./faults.js";

/** Milliseconds that everything takes in each direction. Without it nothing is ever on its way when a link is cut. */
const DELAY = 5;

const straight: Passage = (chunk, send) => send(chunk);

/** A way to a node. Open at first. */
export class Way {
  readonly port: number;
  readonly #target: number;
  #relay: Relay | undefined;
  #isSilent = false;
  #age: number | undefined;

  /** @param port what the publishers dial, @param target where the node listens */
  constructor(port: number, target: number) {
    this.port = port;
    this.#target = target;
  }

  /** The links that are open. */
  get links(): readonly Link[] {
    return this.#relay?.links.filter(({ isOpen }) => isOpen) ?? [];
  }

  /** From now on whoever dials gets through; what was silent is reset. */
  async open(): Promise<void> {
    if (this.#isSilent) for (const link of this.links) link.reset();
    this.#isSilent = false;
    this.#relay ??= await relay(this.#target, {
      port: this.port,
      delay: DELAY,
      fromClient: (link) => {
        if (this.#isSilent) swallow(link, "both");
        else if (this.#age !== undefined) setTimeout(() => link.reset(), this.#age);
        return straight;
      },
    });
  }

  /** From now on nothing passes, on new links neither, and nobody is told. */
  silence(): void {
    this.#isSilent = true;
    for (const link of this.links) swallow(link, "both");
  }

  /** Resets every link, and refuses new ones. */
  async refuse(): Promise<void> {
    const closing = this.#relay;
    for (const link of this.links) link.reset();
    this.#relay = undefined;
    this.#isSilent = false;
    await closing?.close();
  }

  /** Resolves when the fault is over. */
  async suffer(fault: LinkFault): Promise<void> {
    const { links } = this;
    if (fault.kind === "cut") {
      if (fault.before > 0) for (const link of links) swallow(link, fault.swallows);
      await sleep(fault.before);
      for (const link of links) link[fault.by]();
    } else if (fault.kind === "half-open") {
      for (const link of links) swallow(link, "both");
      await sleep(fault.lasts);
      for (const link of links) link.reset();
    } else {
      this.#age = fault.age;
      for (const link of links) link.reset();
      await sleep(fault.lasts);
      this.#age = undefined;
    }
  }
}

function swallow(link: Link, whose: Swallowed): void {
  if (whose !== "server") link.swallow("client");
  if (whose !== "client") link.swallow("server");
}
