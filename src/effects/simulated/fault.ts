// What can go wrong, as data: a list that a person can read, a seed can make, and a shrinker can shorten. Each fault
// names servers and clients by their place, and says for how long; `Faults` (faults.ts) makes it happen, and fault-checks.ts
// says whether it is whole.

import type { Milliseconds } from "../../machine/units.js";
import type { Handshake } from "./handshakes.js";
import type { Misleading } from "./misleading.js";
import type { Direction } from "./virtual-connection.js";

/**
 * One fault. Plain JSON. `node` is a server by its place in the cluster, `client` a client by the order in which they
 * were connected, both from 0; `ms` is how many milliseconds the fault lasts, after which it ends by itself.
 */
export type Fault =
  /** The process dies, and is started again later. */
  | { readonly type: "crash"; readonly node: number; readonly ms: Milliseconds }
  /** The machine is gone without a word, and comes back later. */
  | { readonly type: "powerOff"; readonly node: number; readonly ms: Milliseconds }
  /** The process stands still. */
  | { readonly type: "pause"; readonly node: number; readonly ms: Milliseconds }
  /** No packet gets through between a client and a server, or any server (null). */
  | { readonly type: "cut"; readonly client: number; readonly node: number | null; readonly ms: Milliseconds }
  /** The client's connections become half-open: packets vanish in that direction, for good. */
  | { readonly type: "vanish"; readonly client: number; readonly direction: Direction }
  /** The client's connections are reset by something in between. */
  | { readonly type: "reset"; readonly client: number }
  /** Lame duck mode: after `grace` milliseconds the clients are sent away, within as many again. It is started again later. */
  | {
      readonly type: "lameDuck";
      readonly node: number;
      readonly grace: Milliseconds;
      readonly ms: Milliseconds;
    }
  /** The server greets every new client like that. */
  | {
      readonly type: "greet";
      readonly node: number;
      readonly handshake: Handshake;
      readonly ms: Milliseconds;
    }
  /**
   * Clients of the server are told in INFO of other servers, of a shutdown, or something else about TLS: by a machine in the
   * way of it, which cannot speak inside TLS, or by the server itself (`by`).
   */
  | (Misleading & { readonly type: "mislead"; readonly node: number; readonly ms: Milliseconds })
  /** The server says something to a client that makes no sense, or only at another time. */
  | { readonly type: "say"; readonly client: number; readonly text: string }
  /** The server sends -ERR with this text and closes the client's connections. */
  | { readonly type: "expel"; readonly client: number; readonly error: string }
  /** The way between a client and a server is slow and narrow: a packet takes up to `latency` milliseconds. */
  | {
      readonly type: "slow";
      readonly client: number;
      readonly node: number;
      readonly latency: Milliseconds;
      /** Bytes a millisecond. */
      readonly bandwidth: number;
      readonly ms: Milliseconds;
    }
  /** The server loses the other servers, not its clients. */
  | { readonly type: "isolate"; readonly node: number; readonly ms: Milliseconds }
  /** A server joins the cluster. */
  | { readonly type: "join" }
  /** A server leaves the cluster for good, unless it is the last that may be left. */
  | { readonly type: "leave"; readonly node: number }
  /** Nobody is let in, whatever the credentials; who is in stays. A client may give up: see `ignoreAuthErrorAbort`. */
  | { readonly type: "lockOut"; readonly ms: Milliseconds };

/** A fault, and when it happens. Plain JSON. */
export interface Disturbance {
  /** Milliseconds of virtual time from when it is scheduled. */
  readonly at: Milliseconds;
  readonly fault: Fault;
}
