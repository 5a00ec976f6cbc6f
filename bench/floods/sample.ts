// What one process measures in one flood, and whether that is what it should be. Pure.

import type { Flood } from "./flood.js";

/** What a flood costs. */
export interface Cost {
  /** Delay of the event loop, in milliseconds: 99 of 100 turns, and the longest. */
  readonly delayP99: number;
  readonly delayMax: number;
  /** The most CPU time of the process in one turn of the event loop, in milliseconds. Others at work on the machine do not add to it. */
  readonly turn: number;
  /** CPU time of the process, in milliseconds. */
  readonly cpu: number;
  /** The most memory that the process had, in bytes. */
  readonly rss: number;
  /** Bytes that it holds afterwards, more than before; only in floods about that. */
  readonly held?: number;
}

/** A flood of which the client has seen the end, or by which it has lost the connection. */
export interface Sample extends Cost {
  /** `end`, or why the client closed the connection. */
  readonly outcome: string;
  /** Messages that the client's callback has seen. */
  readonly seen: number;
}

/** The sample, or why it is none: the client saw the end of the flood, but not all of its messages. */
export function checked(flood: Pick<Flood, "delivers">, count: number, sample: Sample): Sample | string {
  const isComplete = flood.delivers !== true || sample.outcome !== "end" || sample.seen === count;
  return isComplete ? sample : `${sample.seen} of ${count} messages seen`;
}

/** What is wrong with a sample of ours; undefined where nothing is. */
export function objection(flood: Pick<Flood, "closes">, sample: Sample | string): string | undefined {
  if (typeof sample === "string") return sample;
  const right = flood.closes === undefined ? "end" : `closed: ${flood.closes}`;
  return sample.outcome === right ? undefined : `${sample.outcome} instead of ${right}`;
}
