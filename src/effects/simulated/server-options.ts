// How a model server is configured, what each option may be, and the clock that it is given. The server: model-server.ts.

import type { Bytes, Milliseconds } from "../../machine/units.js";
import type { World } from "../world.js";
import {
  type Check,
  type Fields,
  flag,
  from,
  listOf,
  milliseconds,
  oneOf,
  someMilliseconds,
  text,
} from "./checks.js";

/** Time, as a server needs it. */
export type Clock = Pick<World, "now" | "startTimer" | "stopTimer">;

/** How a model server is configured. Defaults are those of nats-server. */
export interface ModelServerOptions {
  /** Where it listens, as `host:port`: what it tells clients of itself. */
  readonly address: string;
  /** Default: its address. */
  readonly name: string;
  /** The version that it claims, and behaves like where versions differ for a client. Default `2.10.0`. */
  readonly version: string;
  /** Bytes of a message, headers included. Default 1 MiB. */
  readonly maxPayload: Bytes;
  /** Bytes of a protocol line behind its verb. Default 4,096. */
  readonly maxControlLine: Bytes;
  /** Subscriptions of one client. Default: no limit. */
  readonly maxSubscriptions: number;
  /** Milliseconds between two PINGs to a client. Default 120,000. */
  readonly pingInterval: Milliseconds;
  /** Unanswered PINGs at which a client is taken for gone. Default 2. */
  readonly maxPingsOut: number;
  /** Milliseconds that a client may take to say who it is, where it has to. Default 2,000. */
  readonly authTimeout: Milliseconds;
  /** Whether clients know headers. Default true. */
  readonly headers: boolean;
  /**
   * TLS, as far as a simulation knows it: the handshake takes its time, and nothing is encrypted. `offered` and
   * `required` are what INFO says, `first` is a handshake before INFO. Default `none`.
   */
  readonly tls: "none" | "offered" | "required" | "first";
  /**
   * The names and IP addresses that the server's certificate carries. The handshake fails for a client that needs another
   * one: its server's host, or the name of the server by way of which it learnt of this one. Default: the host of its address.
   */
  readonly certificate: readonly string[];
}

/** What a server is where nobody says otherwise; but for its name and its certificate, which follow from its address. */
export const serverDefaults: Omit<ModelServerOptions, "address" | "name" | "certificate"> = {
  version: "2.10.0",
  maxPayload: 1_048_576,
  maxControlLine: 4_096,
  maxSubscriptions: Number.POSITIVE_INFINITY,
  pingInterval: 120_000,
  maxPingsOut: 2,
  authTimeout: 2_000,
  headers: true,
  tls: "none",
};

/** What each option may be. */
export const serverFields: Fields<Omit<ModelServerOptions, "address">> = {
  name: text,
  version: [
    (value) => typeof value === "string" && /^\d+\.\d+/.test(value),
    "the version of a nats-server, such as 2.10.0",
  ],
  maxPayload: from(1),
  maxControlLine: from(1),
  maxSubscriptions: orNone(from(0)),
  pingInterval: someMilliseconds,
  maxPingsOut: from(1),
  authTimeout: milliseconds,
  headers: flag,
  tls: oneOf("none", "offered", "required", "first"),
  certificate: listOf(text),
};

/** That, or no limit. */
function orNone([isRight, what]: Check): Check {
  return [(value) => value === Number.POSITIVE_INFINITY || isRight(value), `${what}, or infinite`];
}
