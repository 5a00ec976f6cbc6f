// What the parts of the model know of each other: cluster, server, connection of a client, subscription. As types, so that
// the parts need not import each other both ways. They are model-cluster.ts, model-server.ts and model-connection.ts.

import type { ConnectRequest, User } from "./authorization.js";
import type { Published } from "./command-reader.js";
import type { Clock, ModelServerOptions } from "./server-options.js";
import type { Sublist, Subscriber } from "./subject-matching.js";

/** A subscription of a client. */
export interface ModelSubscription extends Subscriber {
  readonly connection: Client;
  readonly sid: string;
  /** Messages after which it ends. */
  max: number | undefined;
  delivered: number;
}

/** The connection of a client, as its server and the cluster see it. */
export interface Client {
  /** The client's address, or its name in a simulation. */
  readonly client: string;
  /** The port on the client's side; in a simulation the number of the client's socket. */
  readonly port: number;
  readonly server: Server;
  /** What it said in CONNECT; undefined before. */
  readonly request: ConnectRequest | undefined;
  /** Hands a message to one of its subscriptions, which may have ended meanwhile. */
  deliver(subscription: ModelSubscription, message: Published): void;
  /** Sends what was said. */
  flush(): void;
}

/** A server, as its connections and the cluster see it. */
export interface Server {
  readonly address: string;
  readonly options: ModelServerOptions;
  readonly cluster: Cluster;
  readonly clock: Clock;
  /** True where it is like nats-server 2.12 or later: INFO is said twice, and 503 names the subject. */
  readonly isRecent: boolean;
  /** What INFO says, but for what concerns one client. */
  info(): Record<string, unknown>;
  /** That connection has something to say, once it is time to flush. */
  hasToFlush(connection: Client): void;
  /** Sends what was said. */
  flush(): void;
  /** A connection has ended. */
  left(connection: Client): void;
}

/** A cluster, as its servers and their connections see it. */
export interface Cluster {
  readonly interest: Sublist<ModelSubscription>;
  /** Who may connect; null: everybody. */
  readonly users: readonly User[] | null;
  readonly observer: ClusterObserver;
  /** True while nobody is let in, whatever the credentials. */
  readonly isLockedOut: boolean;
  /** The servers that a client of `node` is told of: none where there is no cluster. */
  clientAddresses(node: Server): readonly string[];
  /** A server came, went or changed: in a moment all tell their clients. */
  changed(): void;
  /** Hands a message to whoever is subscribed. Returns whether anybody is. */
  publish(from: Client, message: Published): boolean;
}

/** Who watches what servers do with messages. */
export interface ClusterObserver {
  /** A server has read a message from a client. */
  read?(from: Client, message: Published): void;
  /** A server is about to write a message to a member of a queue group, the one that it chose. */
  handed?(member: ModelSubscription, message: Published): void;
  /** The member that was chosen had ended when the message came to its server from another one: it goes to nobody. */
  missed?(member: ModelSubscription, message: Published): void;
}
