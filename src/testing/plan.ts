// What is done in a run of the simulation, as data: servers, clients, and a list of what they do and what befalls
// them. Made from a seed (draw-plan.ts), run by simulate.ts, shortened by shrink.ts.

import type { Fault } from "../effects/simulated/fault.js";
import type { ModelServerOptions } from "../effects/simulated/server-options.js";
import type { UnconfirmedPolicy } from "../effects/unconfirmed.js";
import type { Bytes, Milliseconds } from "../machine/units.js";

/** Servers that a client is told of, among those of all clusters. */
export interface ServerListPlan {
  /** Place of the first. */
  readonly from: number;
  readonly count: number;
  /** Asks for TLS with the first of them that speaks TLS. Default false. */
  readonly tls?: boolean;
  /** Which URLs have credentials, each its own. Default none. */
  readonly secrets?: "none" | "first" | "all";
}

/** A cluster. */
export interface SitePlan {
  /** How many servers there are at first. */
  readonly servers: number;
  readonly tls: ModelServerOptions["tls"];
  /**
   * What clients are told, and what certificates carry: the address of each server, or one name for all of them, which leads to
   * the first.
   */
  readonly known: "byAddress" | "byName";
  /** False where its servers know no headers. Default: as those of the first cluster. */
  readonly headers?: boolean;
}

/** Something that a client does. Plain JSON. Clients are named by their place. */
export type Act =
  /** Publishes that many messages, one after the other. */
  | {
      readonly type: "publish";
      readonly client: number;
      /** Where: to itself, to all clients, to a queue group, or where nobody listens. */
      readonly to: "self" | "all" | "work" | "nobody";
      readonly count: number;
      readonly size: Bytes;
      readonly headers: boolean;
      /** Flushes behind them. */
      readonly flush: boolean;
    }
  /** Makes a request to one of the clients (`ask`), to nobody, or to somebody who does not answer. */
  | {
      readonly type: "request";
      readonly client: number;
      readonly to: "ask" | "nobody" | "silent";
      readonly timeout: Milliseconds;
      readonly noMux: boolean;
      /** After how long its signal is aborted. */
      readonly abort: Milliseconds | null;
    }
  /** Makes a request for many answers. */
  | {
      readonly type: "gather";
      readonly client: number;
      readonly maxWait: Milliseconds;
      readonly noMux: boolean;
    }
  /** Subscribes, for a while. */
  | {
      readonly type: "subscribe";
      readonly client: number;
      readonly to: "all" | "work" | "silent";
      readonly max: number | null;
      /** Reads with `for await` instead of a callback. */
      readonly iterates: boolean;
      readonly ms: Milliseconds;
      /**
       * How it ends; `limit` asks for three more messages, `inCallback` unsubscribes while it takes the second, `abort`
       * is by a signal, `timeout` by its own limit of `ms` until the first message.
       */
      readonly end:
        | "unsubscribe"
        | "drain"
        | "limit"
        | "break"
        | "inCallback"
        | "abort"
        | "timeout"
        | "never";
    }
  /** Replaces its servers by those of another list. */
  | (ServerListPlan & { readonly type: "move"; readonly client: number })
  /** Gives its servers back as it tells of them: all of them are kept. */
  | { readonly type: "keep"; readonly client: number }
  | { readonly type: "flush" | "rtt" | "ready" | "reconnect"; readonly client: number }
  /** Ends the client. Another takes its place after `ms`. */
  | { readonly type: "close" | "drain"; readonly client: number; readonly ms: Milliseconds };

/** An entry of a plan: something that happens at a time. */
export interface PlanEntry {
  /** Milliseconds since the beginning. */
  readonly at: Milliseconds;
  readonly act: Act | Fault;
  /** The cluster that a fault befalls. Default 0, the first. */
  readonly site?: number;
}

/** How a client gets its credentials: it needs none, or always the same, or new ones for each attempt. */
export type CredentialsPlan =
  | { readonly type: "none" }
  | { readonly type: "constant" }
  /** Each are good for `ms`; asking for them takes `takes`, and fails with probability `fails`. */
  | {
      readonly type: "issued";
      readonly ms: Milliseconds;
      readonly takes: Milliseconds;
      readonly fails: number;
    };

/** A client. Its options are those of `connect` that are plain JSON. */
export interface ClientPlan {
  readonly options: {
    readonly pingInterval: Milliseconds;
    readonly maxPingOut: number;
    readonly reconnectTimeWait: Milliseconds;
    readonly reconnectJitter: Milliseconds;
    readonly timeout: Milliseconds;
    readonly drainTimeout: Milliseconds;
    readonly reconnectBufferSize: Bytes;
    readonly maxReconnectAttempts: number;
    readonly reconnect: boolean;
    readonly waitOnFirstConnect: boolean;
    readonly noRandomize: boolean;
    readonly ignoreClusterUpdates: boolean;
    readonly ignoreAuthErrorAbort: boolean;
    readonly verbose: boolean;
    readonly onLameDuck: "notify" | "migrate";
    readonly allowNonTls?: boolean;
    /** Default `report`. */
    readonly unconfirmed?: UnconfirmedPolicy;
  };
  /** Whether `reconnectDelayHandler` is set, and what it returns. */
  readonly delay: Milliseconds | null;
  /** Whether `reconnectToServer` is set: it picks any server of the pool, after that time. */
  readonly chooses: Milliseconds | null;
  /** Whether what happens is recorded; the recording is replayed at the end. */
  readonly records: boolean;
  readonly credentials: CredentialsPlan;
  /** How many of the servers it is told of. */
  readonly knows: number;
  /** Where they begin, and what their URLs say. Default: at the first, without TLS and credentials. */
  readonly list?: Omit<ServerListPlan, "count">;
}

/** A run. Plain JSON. */
export interface Plan {
  readonly seed: number;
  /** How many servers there are at first. */
  readonly servers: number;
  readonly server: Partial<
    Pick<ModelServerOptions, "version" | "pingInterval" | "maxPingsOut" | "tls" | "headers">
  >;
  /** What clients are told of the first cluster, and its certificates carry. Default: addresses. */
  readonly known?: SitePlan["known"];
  /** Another cluster, which knows nothing of the first. */
  readonly other?: SitePlan;
  readonly network: {
    readonly latency: readonly [least: Milliseconds, most: Milliseconds];
    readonly window: Bytes;
    readonly highWater: Bytes;
    readonly pieces: number;
  };
  readonly clients: readonly ClientPlan[];
  /** How long the trouble lasts. Then everything is healed, looked at, and closed. */
  readonly duration: Milliseconds;
  readonly entries: readonly PlanEntry[];
}
