// One connection to one server by the library itself, watched: when each step was reached, what the server said, and
// where it ended. What it means: findings.ts. What is asked besides, around the library: probes.ts.

import type { PeerCertificate, TLSSocket } from "node:tls";
import { Connection } from "../../api/connection.js";
import { isNatsError, type NatsError } from "../../api/errors.js";
import { checkOptions } from "../../api/option-table.js";
import type { ConnectionOptions } from "../../api/options.js";
import { NodeWorld } from "../../effects/node/node-world.js";
import { parseInfo, type ServerInfo } from "../../effects/server-info.js";
import type { AttemptStep } from "../../machine/failure.js";
import type { Recording } from "../../machine/recording.js";
import { DEFAULT_TIMEOUT } from "../connection-options.js";
import { listeningWorld, StopWatch } from "./listening-world.js";
import type { CertificateSeen, FailureSeen, InfoSeen, Observation, TlsSeen } from "./observation.js";

/** The part of an observation that the attempt itself gives. */
export type Attempted = Pick<
  Observation,
  "opened" | "greeted" | "info" | "secured" | "tls" | "accepted" | "roundTrips" | "failure"
>;

const ROUND_TRIPS = 5;

/** Connects once, measures, and closes again. Never rejects for what a server or a network does. */
export async function attempt(server: string, options: ConnectionOptions): Promise<Attempted> {
  const seen: { info?: ServerInfo; tls?: TlsSeen } = {};
  const clock = new StopWatch();
  const wanted: ConnectionOptions = {
    ...options,
    servers: [server],
    name: "nats-statechart check",
    reconnect: false,
    ignoreClusterUpdates: true,
    record: true,
  };
  checkOptions(wanted);
  const node = new NodeWorld({
    noRandomize: false,
    tls: wanted.tls,
    timeout: wanted.timeout,
    secured: (socket) => {
      seen.tls = tlsSeen(socket);
    },
  });
  const world = listeningWorld(node, clock, (json) => {
    seen.info = parseInfo(json);
  });
  const connection = new Connection(world, wanted);
  let failure: FailureSeen | null = null;
  let roundTrips: readonly number[] = [];
  let recording: Recording | undefined;
  try {
    await connection.start();
    // What ends it, the round trips tell.
    void connection.closed();
    clock.note("accepted");
    recording = connection.recording();
    roundTrips = await measured(() => connection.flush(), options.timeout ?? DEFAULT_TIMEOUT);
  } catch (error) {
    recording ??= connection.recording();
    failure = failureSeen(error, recording);
  } finally {
    await connection.close();
  }
  return {
    ...clock.times(),
    info: seen.info === undefined ? null : infoSeen(seen.info),
    tls: seen.tls ?? null,
    roundTrips,
    failure,
  };
}

/** Milliseconds of some round trips, one after the other. */
async function measured(roundTrip: () => Promise<void>, limit: number): Promise<readonly number[]> {
  const all: number[] = [];
  for (let count = 0; count < ROUND_TRIPS; count++) {
    const start = performance.now();
    await inTime(roundTrip(), limit);
    all.push(performance.now() - start);
  }
  return all;
}

async function inTime(work: Promise<void>, limit: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(Object.assign(new Error(`no answer to PING within ${limit} ms`), { code: "TIMEOUT" })),
      limit,
    );
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    // Closing the connection settles what is left of it; nobody is interested any more.
    work.catch(() => {});
  }
}

function failureSeen(error: unknown, recording: Recording | undefined): FailureSeen {
  const { code = "UNKNOWN_ERROR", message } = error as NatsError;
  const step = isNatsError(error) ? error.attempts?.at(-1)?.step : undefined;
  const complaint = recording?.events.findLast((event) => event.type === "server.error");
  return {
    step: (step as AttemptStep | undefined) ?? "authenticating",
    code,
    message,
    complaint: complaint?.error.kind ?? null,
    cause: deepestCode(error),
  };
}

/** The code of the error at the bottom: the platform's own name for what happened. */
function deepestCode(error: unknown): string | null {
  let code: string | null = null;
  let at: unknown = (error as Error).cause;
  for (let depth = 0; depth < 5 && at instanceof Error; depth++) {
    code = (at as NodeJS.ErrnoException).code ?? code;
    at = at.cause;
  }
  return code;
}

function infoSeen(info: ServerInfo): InfoSeen {
  return {
    serverName: info.server_name,
    serverId: info.server_id,
    version: info.version,
    cluster: typeof info.cluster === "string" && info.cluster !== "" ? info.cluster : null,
    jetstream: info.jetstream === true,
    tlsRequired: info.tls_required === true,
    tlsAvailable: info.tls_available === true,
    tlsVerify: info.tls_verify === true,
    authRequired: info.auth_required === true,
    challenges: info.nonce !== undefined,
    lameDuck: info.ldm === true,
    maxPayload: info.max_payload,
    clientId: info.client_id,
    clientIp: typeof info.client_ip === "string" ? info.client_ip : null,
    connectUrls: info.connect_urls ?? [],
  };
}

function tlsSeen(socket: TLSSocket): TlsSeen {
  return {
    protocol: socket.getProtocol() ?? "TLS",
    cipher: socket.getCipher().name,
    certificate: certificateSeen(socket),
  };
}

/** The certificate that the server showed. */
export function certificateSeen(socket: TLSSocket): CertificateSeen {
  const certificate = socket.getPeerCertificate(true);
  let root: PeerCertificate = certificate;
  // The chain ends with an authority that signed itself.
  for (let at = certificate; at.issuerCertificate !== undefined && at.issuerCertificate !== at; ) {
    at = at.issuerCertificate;
    root = at;
    if (at.fingerprint256 === at.issuerCertificate?.fingerprint256) break;
  }
  return {
    subject: nameOf(certificate.subject),
    names: certificate.subjectaltname ?? "",
    issuer: nameOf(certificate.issuer),
    root: root === certificate ? nameOf(certificate.issuer) : nameOf(root.subject),
    validFrom: Date.parse(certificate.valid_from),
    validTo: Date.parse(certificate.valid_to),
    fingerprint: certificate.fingerprint256 ?? "",
  };
}

/** A distinguished name, such as `CN=test, O=Example`. */
function nameOf(name: PeerCertificate["subject"] | undefined): string {
  const parts = Object.entries(name ?? {}).flatMap(([key, value]) =>
    [value].flat().map((one) => `${key}=${one}`),
  );
  return parts.reverse().join(", ");
}
