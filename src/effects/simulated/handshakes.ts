// How a model server can greet, other than it should: what a client meets on a bad day, or on the wrong port.

import type { Milliseconds } from "../../machine/units.js";

/** How a server greets a new connection. Plain JSON. */
export type Handshake =
  /** As it should be. */
  | { readonly type: "normal" }
  /** Nothing is ever said. */
  | { readonly type: "silent" }
  /** INFO comes, but late: after `ms` milliseconds. */
  | { readonly type: "late"; readonly ms: Milliseconds }
  /** Something else is said instead of INFO; what the client says is not read. */
  | { readonly type: "other"; readonly text: string }
  /** INFO, and then the connection is closed. */
  | { readonly type: "closing" }
  /** INFO, and then nothing is answered. */
  | { readonly type: "mute" }
  /** CONNECT is answered with this error, and the connection is closed. */
  | { readonly type: "refusing"; readonly error: string }
  /** PONG comes before it is asked for, with INFO; all else is as it should be. */
  | { readonly type: "eager" }
  /** INFO demands TLS, which the server does not speak. */
  | { readonly type: "tlsLie" };

export const normal: Handshake = { type: "normal" };

/** What servers of other kinds, and broken ones, say first. */
export const strangeGreetings: readonly string[] = [
  "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
  "SSH-2.0-OpenSSH_9.2p1\r\n",
  "\u0015\u0003\u0001\u0000\u0002\u0002\u0016",
  "-ERR 'maximum connections exceeded'\r\n",
  "-ERR 'attempted to connect to route port'\r\n",
  "INFO {\r\n",
  "INFO []\r\n",
  "INFO {}\r\n",
  "INFO \r\n",
  'INFO {"server_id":7,"max_payload":"much","connect_urls":[1,null,"::::","x y:1","ok.example:4222"]}\r\n',
  "+OK\r\n",
  "PING\r\n",
  "MSG a 999999 5\r\nhello\r\n",
  "MSG a 999999 -5\r\n",
  "MSG a 999999 99999999999999999999\r\n",
  "HMSG a 999999 50 5\r\nhello\r\n",
  "\r\n\r\n\r\n",
  `INFO {"server_id":"${"x".repeat(4_096)}`,
];
