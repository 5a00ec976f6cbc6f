// The declarations of the specification, as they stand there, and the proof by the compiler that ours keep them.
// There is nothing to run here: `npm run types` is the test.

import type * as ours from "../../src/index.js";

/** The specification's declarations. Optional members may also be undefined, as in a project without exactOptionalPropertyTypes. */
declare namespace spec {
  function connect(opts?: ConnectionOptions): Promise<NatsConnection>;
  interface ConnectionOptions {
    servers?: string[] | string;
    port?: number;
    user?: string;
    pass?: string;
    token?: string;
    authenticator?: Authenticator | Authenticator[];
    reconnect?: boolean;
    maxReconnectAttempts?: number;
    reconnectTimeWait?: number;
    reconnectJitter?: number;
    reconnectJitterTLS?: number;
    reconnectDelayHandler?: () => number;
    timeout?: number;
    pingInterval?: number;
    maxPingOut?: number;
    name?: string;
    verbose?: boolean;
    pedantic?: boolean;
    tls?: TlsOptions | null;
    ignoreClusterUpdates?: boolean;
    inboxPrefix?: string;
    noEcho?: boolean;
    debug?: boolean;
    noRandomize?: boolean;
    waitOnFirstConnect?: boolean;
    ignoreAuthErrorAbort?: boolean;
    noAsyncTraces?: boolean;
  }
  interface NatsConnection {
    info?: ServerInfo | undefined;
    close(): Promise<void>;
    // biome-ignore lint/suspicious/noConfusingVoidType: as it stands in the specification
    closed(): Promise<void | Error>;
    drain(): Promise<void>;
    isClosed(): boolean;
    isDraining(): boolean;
    flush(): Promise<void>;
    rtt(): Promise<number>;
    getServer(): string;
    stats(): Stats;
    status(): AsyncIterable<Status>;
    reconnect(): void;
  }
  type Authenticator = (nonce?: string) => Auth;
  interface Auth {
    user?: string | undefined;
    pass?: string | undefined;
    auth_token?: string | undefined;
    nkey?: string | undefined;
    sig?: string | undefined;
    jwt?: string | undefined;
  }
  interface NoAuth extends Auth {}
  interface UserPass extends Auth {
    user: string;
    pass: string;
  }
  interface TokenAuth extends Auth {
    auth_token: string;
  }
  interface NKeyAuth extends Auth {
    nkey: string;
    sig: string;
  }
  interface JwtAuth extends Auth {
    jwt: string;
    nkey?: string;
    sig?: string;
  }
  interface TlsOptions {
    cert?: string;
    key?: string;
    ca?: string;
    // biome-ignore lint/suspicious/noExplicitAny: as it stands in the specification
    checkServerIdentity?: (hostname: string, cert: any) => Error | undefined;
    rejectUnauthorized?: boolean;
    timeout?: number;
  }
  interface Stats {
    inBytes: number;
    outBytes: number;
    inMsgs: number;
    outMsgs: number;
  }
  interface Status {
    type: ours.Events | ours.DebugEvents;
    data: string | ServersChanged | number;
    permissionContext?: { operation: string; subject: string };
  }
  interface ServersChanged {
    // The specification has string[]: see the bug in Proof.
    readonly added: string[];
    readonly deleted: string[];
  }
  interface ServerInfo {
    server_id: string;
    server_name: string;
    version: string;
    proto: number;
    host: string;
    port: number;
    headers?: boolean;
    max_payload: number;
    jetstream?: boolean;
    auth_required?: boolean;
    tls_required?: boolean;
    tls_available?: boolean;
    client_id: number;
    client_ip?: string;
    cluster?: string;
    connect_urls?: string[];
    ldm?: boolean;
    git_commit?: string;
    go: string;
    nonce?: string;
    tls_verify?: boolean;
  }
  type Codes = {
    Disconnect: "disconnect";
    Reconnect: "reconnect";
    Update: "update";
    LDM: "ldm";
    Error: "error";
  };
  type DebugCodes = {
    Reconnecting: "reconnecting";
    PingTimer: "pingTimer";
    StaleConnection: "staleConnection";
    ClientInitiatedReconnect: "client initiated reconnect";
  };
}

/** Compiles only where `Given` can be used as `Wanted`. */
type Fits<Given extends Wanted, Wanted> = Given;

/** Compiles only where `Given` has every member of that name, also those that need not be there. */
type Has<Given, Name extends keyof Given> = Pick<Given, Name>;

/** What a program written for the specification passes in is accepted; what it gets back is what it expects. */
export type Proof = [
  Fits<typeof ours.connect, typeof spec.connect>,
  Fits<spec.ConnectionOptions, ours.ConnectionOptions>,
  Fits<ours.NatsConnection, spec.NatsConnection>,
  Fits<spec.TlsOptions, ours.TlsOptions>,
  Fits<ours.Stats, spec.Stats>,
  Fits<spec.Stats, ours.Stats>,
  Fits<ours.Status, spec.Status>,
  Fits<ours.ServersChanged, spec.ServersChanged>,
  Fits<spec.ServersChanged, ours.ServersChanged>,
  Fits<ours.ServerInfo, spec.ServerInfo>,
  Fits<spec.ServerInfo, ours.ServerInfo>,
  Fits<spec.Authenticator, ours.Authenticator>,
  Fits<ReturnType<ours.Authenticator>, ours.Auth>,
  Fits<ours.Authenticator, ours.AsyncAuthenticator>,
  Fits<spec.NoAuth, ours.Auth>,
  Fits<spec.UserPass, ours.UserPass>,
  Fits<spec.UserPass, ours.Auth>,
  Fits<spec.TokenAuth, ours.TokenAuth>,
  Fits<spec.TokenAuth, ours.Auth>,
  Fits<spec.NKeyAuth, ours.NKeyAuth>,
  Fits<spec.NKeyAuth, ours.Auth>,
  Fits<spec.JwtAuth, ours.JwtAuth>,
  Fits<spec.JwtAuth, ours.Auth>,
  Fits<ours.TokenAuth, spec.TokenAuth>,
  Fits<ours.NKeyAuth, spec.NKeyAuth>,
  Fits<ours.JwtAuth, spec.JwtAuth>,
  Fits<typeof ours.buildAuthenticator, (opts: spec.ConnectionOptions) => ours.Authenticator>,
  Fits<typeof ours.usernamePasswordAuthenticator, (user: string, pass: string) => spec.Authenticator>,
  Fits<typeof ours.tokenAuthenticator, (token: string) => spec.Authenticator>,
  Fits<typeof ours.nkeyAuthenticator, (nkey: Uint8Array) => spec.Authenticator>,
  Fits<typeof ours.jwtAuthenticator, (jwt: string, sk?: Uint8Array) => spec.Authenticator>,
  Fits<typeof ours.credsAuthenticator, (creds: Uint8Array) => spec.Authenticator>,
  Fits<{ [Name in keyof typeof ours.Events]: `${(typeof ours.Events)[Name]}` }, spec.Codes>,
  Fits<{ [Name in keyof typeof ours.DebugEvents]: `${(typeof ours.DebugEvents)[Name]}` }, spec.DebugCodes>,
];

/** A member that need not be there could be missing and nothing above would say so. */
export type Members = [
  Has<ours.ConnectionOptions, keyof spec.ConnectionOptions>,
  Has<ours.NatsConnection, keyof spec.NatsConnection>,
  Has<ours.AnyAuth, keyof spec.Auth>,
  Has<ours.JwtAuth, Exclude<keyof spec.JwtAuth, keyof spec.UserPass | keyof spec.TokenAuth>>,
  Has<ours.TlsOptions, keyof spec.TlsOptions>,
  Has<ours.Status, keyof spec.Status>,
  Has<ours.ServerInfo, keyof spec.ServerInfo>,
];

/** What may be configured here may be configured there; TLS and authenticators take more than the specification says. */
export type Values = Fits<
  Pick<ours.ConnectionOptions, Exclude<keyof spec.ConnectionOptions, "tls" | "authenticator">>,
  spec.ConnectionOptions
>;

/** An authenticator answers at once, as in the specification; one that answers later has a type of its own. Options take both. */
export type Authenticators = [
  Fits<(nonce?: string) => Promise<ours.UserPass>, ours.AsyncAuthenticator>,
  Fits<ours.AsyncAuthenticator, ours.ConnectionOptions["authenticator"]>,
  Fits<(ours.Authenticator | ours.AsyncAuthenticator)[], ours.ConnectionOptions["authenticator"]>,
  // @ts-expect-error: a promise is no answer of it
  Fits<(nonce?: string) => Promise<ours.UserPass>, ours.Authenticator>,
];

export function answerAtOnce(custom: ours.Authenticator): ours.Auth {
  const auth: ours.Auth = custom("nonce");
  return auth;
}
