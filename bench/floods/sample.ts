// What one process measures in one flood.

/** What a flood costs: milliseconds and bytes. */
export interface Cost {
  /** Delay of the event loop, in milliseconds: 99 of 100 turns, and the longest. */
  readonly delayP99: number;
  readonly delayMax: number;
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
