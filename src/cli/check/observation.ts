// What one check of one server saw: plain data, from which findings.ts tells what it means. Nothing is decided here.

import type { AttemptStep } from "../../machine/failure.js";
import type { TlsPolicy } from "../../machine/reconnect-policy.js";
import type { ServerErrorKind } from "../../machine/server-error.js";
import type { CredentialsKind } from "../connection-options.js";

/** The look-up of a host name. */
export type Lookup =
  | { readonly ms: number; readonly addresses: readonly string[] }
  | { readonly ms: number; readonly code: string };

/** What INFO said, as far as a user wants to know; texts are the server's own. Its nonce is left out. */
export interface InfoSeen {
  readonly serverName: string;
  readonly serverId: string;
  readonly version: string;
  readonly cluster: string | null;
  readonly jetstream: boolean;
  readonly tlsRequired: boolean;
  readonly tlsAvailable: boolean;
  /** True where the server wants a certificate of the client. */
  readonly tlsVerify: boolean;
  readonly authRequired: boolean;
  /** True where it challenges clients with a nonce: it knows users with nkeys or JWTs. */
  readonly challenges: boolean;
  readonly lameDuck: boolean;
  /** Largest message in bytes. */
  readonly maxPayload: number;
  readonly clientId: number;
  /** Address of this client, as the server sees it. */
  readonly clientIp: string | null;
  readonly connectUrls: readonly string[];
}

/** A server's certificate. */
export interface CertificateSeen {
  readonly subject: string;
  /** The names that it is for, such as `DNS:localhost, IP Address:127.0.0.1`. */
  readonly names: string;
  readonly issuer: string;
  /** The authority at the top of its chain, as far as the chain is known. */
  readonly root: string;
  /** Milliseconds since 1970. */
  readonly validFrom: number;
  /** Milliseconds since 1970. */
  readonly validTo: number;
  /** SHA-256, in hexadecimal digits. */
  readonly fingerprint: string;
}

/** A TLS handshake that succeeded. */
export interface TlsSeen {
  /** Such as `TLSv1.3`. */
  readonly protocol: string;
  readonly cipher: string;
  readonly certificate: CertificateSeen;
}

/** Why the attempt failed. */
export interface FailureSeen {
  readonly step: AttemptStep;
  /** An `ErrorCode`, or a code of the platform. */
  readonly code: string;
  readonly message: string;
  /** What the server complained of by -ERR; null where it did not. */
  readonly complaint: ServerErrorKind | null;
  /** The platform's code of the error behind it, such as `DEPTH_ZERO_SELF_SIGNED_CERT`. */
  readonly cause: string | null;
}

/** What answers on a port that is no nats-server, when it is spoken to in other ways. */
export type Neighbour =
  /** An HTTP server; `isMonitor` where it is the monitoring page of a nats-server. */
  | { readonly speaks: "http"; readonly overTls: boolean; readonly isMonitor: boolean }
  /** TLS, and NATS within it. */
  | { readonly speaks: "nats over tls" }
  /** TLS, and something unknown within it. */
  | { readonly speaks: "tls" }
  | { readonly speaks: "nothing" };

/** What was seen. Times are milliseconds from the dial; null where it was not reached. */
export interface Observation {
  /** `host:port`. */
  readonly server: string;
  /** Null where the host is an address. */
  readonly lookup: Lookup | null;
  readonly opened: number | null;
  readonly greeted: number | null;
  readonly info: InfoSeen | null;
  readonly secured: number | null;
  readonly tls: TlsSeen | null;
  readonly accepted: number | null;
  /** Milliseconds of each round trip; empty where none was measured. */
  readonly roundTrips: readonly number[];
  /** Null where all is well. */
  readonly failure: FailureSeen | null;
  /** Looked for only where there was no greeting. */
  readonly neighbour: Neighbour | null;
  /** The certificate that was refused, looked at without trusting it; null where none was. */
  readonly refusedCertificate: CertificateSeen | null;
  readonly credentials: CredentialsKind;
  /** When the JWT of the credentials file ends, in milliseconds since 1970; null where it does not, or there is none. */
  readonly credentialsEnd: number | null;
  /** Whether TLS was wanted; `required` also where the URL asks for it. */
  readonly tlsPolicy: TlsPolicy;
}

/** Of a server that was not tried. */
export const NOTHING_SEEN = {
  opened: null,
  greeted: null,
  info: null,
  secured: null,
  tls: null,
  accepted: null,
  roundTrips: [],
  failure: null,
  neighbour: null,
  refusedCertificate: null,
} as const satisfies Partial<Observation>;
