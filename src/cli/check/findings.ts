// From what a check saw to what it tells: the six steps, each with its result, and the problem with advice. Pure; this
// is also the shape that `check --json` prints, described in docs/cli.md. How it looks on a terminal: report.ts.

import type { AttemptStep } from "../../machine/failure.js";
import { cutToPrint } from "../json.js";
import { printable } from "../terminal.js";
import { problemOf } from "./advice.js";
import type { CertificateSeen, InfoSeen, Lookup, Observation } from "./observation.js";
import { dayOf, type Problem } from "./problem.js";

/** The steps of a check, in the order in which they happen; with `--tls-first`, `tls` comes before `info`. */
const stepNames = ["dns", "tcp", "info", "tls", "credentials", "rtt"] as const;
export type StepName = (typeof stepNames)[number];

/** One step of a check. */
export interface StepFinding {
  readonly step: StepName;
  /** `skipped`: not reached, or not needed. */
  readonly result: "ok" | "failed" | "skipped";
  /** One line for a person. */
  readonly text: string;
  /** Further lines for a person; mostly none. */
  readonly notes: readonly string[];
  /** What there is to know more exactly; its fields depend on the step. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** What a check tells of one server. */
export interface Finding {
  /** `host:port`. */
  readonly server: string;
  readonly ok: boolean;
  /** What is wrong; null where all is well. */
  readonly problem: Problem | null;
  readonly steps: readonly StepFinding[];
}

/** Days before the end of a certificate from which on it is worth a word. */
const SOON = 14;
const DAY = 86_400_000;

/** What it means. `now` in milliseconds since 1970. */
export function findingOf(seen: Observation, now: number): Finding {
  const problem = problemOf(seen, now);
  const failedStep = problem === null ? null : failedStepOf(seen, problem);
  const steps = orderOf(seen).map((step): StepFinding => {
    const finding: StepFinding =
      step === failedStep && problem !== null
        ? failed(step, problem, seen)
        : { step, ...told[step](seen, now) };
    return { ...finding, details: cutToPrint(finding.details) };
  });
  return { server: seen.server, ok: problem === null, problem, steps };
}

function failed(step: StepName, { text }: Problem, seen: Observation): StepFinding {
  const { refusedCertificate } = seen;
  const notes = step === "tls" && refusedCertificate !== null ? certificateNotes(refusedCertificate) : [];
  return { step, result: "failed", text, notes, details: failureDetails(seen, step) };
}

function orderOf({ tlsPolicy }: Observation): readonly StepName[] {
  if (tlsPolicy !== "first") return stepNames;
  const others: readonly StepName[] = stepNames.filter((step) => step !== "tls");
  return others.toSpliced(others.indexOf("info"), 0, "tls");
}

const byAttemptStep: Readonly<Record<AttemptStep, StepName>> = {
  dialing: "tcp",
  greeting: "info",
  securing: "tls",
  authenticating: "credentials",
  subscribing: "credentials",
  cuttingOver: "credentials",
};

/** The step that a problem belongs to: mostly where the attempt ended, but not always. */
function failedStepOf({ lookup, failure, accepted }: Observation, problem: Problem): StepName {
  if (lookup !== null && "code" in lookup) return "dns";
  switch (problem.code) {
    case "tls-required":
    case "tls-not-offered":
    case "tls-first":
    // TLS 1.3: the client believes itself secured before the server has seen its certificate.
    case "client-certificate":
      return "tls";
    default:
      return accepted === null ? byAttemptStep[failure?.step ?? "dialing"] : "rtt";
  }
}

type Told = Omit<StepFinding, "step">;

const ok = (text: string, details: StepFinding["details"] = {}): Told => ({
  result: "ok",
  text,
  notes: [],
  details,
});
const skipped = (text: string): Told => ({ result: "skipped", text, notes: [], details: {} });
const notReached = skipped("not reached");

const told: { readonly [Name in StepName]: (seen: Observation, now: number) => Told } = {
  dns: ({ lookup, server }) => dnsTold(lookup, server),
  tcp: ({ opened }) =>
    opened === null ? notReached : ok(`connected (${milliseconds(opened)})`, { ms: rounded(opened) }),
  info: (seen) =>
    seen.info === null
      ? notReached
      : ok(infoText(seen.info), { ms: tookFor(seen, "greeted"), ...publicInfo(seen.info) }),
  tls: tlsTold,
  credentials: credentialsTold,
  rtt: ({ roundTrips }) => rttTold(roundTrips),
};

function dnsTold(lookup: Lookup | null, server: string): Told {
  if (lookup === null) return skipped("not needed: the host is an address");
  if ("code" in lookup) return notReached;
  const host = server.slice(0, server.lastIndexOf(":"));
  const { addresses, ms } = lookup;
  return ok(`${host} is ${printable(addresses.join(", "))} (${milliseconds(ms)})`, {
    ms: rounded(ms),
    addresses,
  });
}

function infoText(info: InfoSeen): string {
  const name = info.serverName === info.serverId ? "" : ` "${printable(info.serverName)}"`;
  const parts = [
    `nats-server ${printable(info.version)}${name}`,
    ...(info.cluster === null ? [] : [`cluster "${printable(info.cluster)}"`]),
    info.jetstream ? "JetStream" : "no JetStream",
    tlsText(info),
    info.authRequired ? "credentials required" : "no credentials required",
    ...(info.lameDuck ? ["in lame duck mode: it is about to shut down"] : []),
  ];
  return parts.join(", ");
}

function tlsText({ tlsRequired, tlsAvailable, tlsVerify }: InfoSeen): string {
  const certificate = tlsVerify ? ", with a client certificate" : "";
  if (tlsRequired) return `TLS required${certificate}`;
  return tlsAvailable ? `TLS offered${certificate}` : "no TLS";
}

function publicInfo({ challenges: _, ...info }: InfoSeen): StepFinding["details"] {
  return info;
}

function tlsTold(seen: Observation, now: number): Told {
  const { tls, info, failure } = seen;
  if (tls === null) {
    if (failure?.step === "dialing" || failure?.step === "greeting" || info === null) return notReached;
    return skipped(
      info?.tlsAvailable === true ? "not used: --no-tls" : "not used: the server does not ask for it",
    );
  }
  const { certificate, protocol, cipher } = tls;
  const text = `${protocol}, certificate of ${printable(certificate.subject)}, verified by ${printable(certificate.root)}, ${endText(certificate.validTo, now)}`;
  return ok(text, {
    ms: tookFor(seen, "secured"),
    protocol,
    cipher,
    certificate: certificateJson(certificate),
  });
}

function endText(validTo: number, now: number): string {
  const days = Math.floor((validTo - now) / DAY);
  const end = `valid until ${dayOf(validTo)}`;
  if (days >= SOON) return end;
  return `${end}: ${days < 1 ? "less than a day" : days === 1 ? "one day" : `${days} days`} left!`;
}

const names: Readonly<Record<Observation["credentials"], string>> = {
  none: "no credentials",
  creds: "the credentials file",
  user: "user and password",
  token: "the token",
  url: "the credentials in the URL",
};

function credentialsTold(seen: Observation, now: number): Told {
  const { accepted, info, credentials, credentialsEnd } = seen;
  if (accepted === null) return notReached;
  const isCertificate = info?.authRequired === true && credentials === "none";
  const what = isCertificate
    ? "the server accepts this client without any"
    : `accepted: ${names[credentials]}`;
  const unneeded = info?.authRequired !== true && credentials !== "none" ? "; the server requires none" : "";
  const end = credentials === "creds" && credentialsEnd !== null ? `, ${endText(credentialsEnd, now)}` : "";
  const told = ok(`${what}${end}${unneeded}`, { ms: tookFor(seen, "accepted"), kind: credentials });
  return wasReadable(seen) ? { ...told, notes: [READABLE] } : told;
}

const READABLE = "They went over the network unencrypted: without TLS, whoever is on the way can read them.";

/** True where a secret itself was sent, not only a proof of it, without TLS, and further than to this machine. */
function wasReadable({ server, secured, credentials }: Observation): boolean {
  const isLocal = /^(?:127\.|localhost:|\[::1\]:)/.test(server);
  return (
    !isLocal &&
    secured === null &&
    (credentials === "user" || credentials === "token" || credentials === "url")
  );
}

function rttTold(roundTrips: readonly number[]): Told {
  if (roundTrips.length === 0) return notReached;
  const sorted = [...roundTrips].sort((a, b) => a - b);
  const [least = 0, most = 0] = [sorted[0], sorted.at(-1)];
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const text = `${milliseconds(median)} (${roundTrips.length} round trips, ${milliseconds(least)} to ${milliseconds(most)})`;
  return ok(text, { medianMs: rounded(median), minMs: rounded(least), maxMs: rounded(most) });
}

/** What the platform and the server said, word by word, for whoever searches for it. */
function failureDetails(seen: Observation, step: StepName): StepFinding["details"] {
  const { failure, lookup, refusedCertificate } = seen;
  if (lookup !== null && "code" in lookup) return { error: lookup.code, ms: rounded(lookup.ms) };
  const { code = "", message = "", cause = null } = failure ?? {};
  return {
    error: code,
    message: printable(message),
    cause,
    ...(step === "info" && seen.neighbour !== null ? { speaks: seen.neighbour.speaks } : {}),
    ...(step === "tls" && refusedCertificate !== null
      ? { certificate: certificateJson(refusedCertificate) }
      : {}),
  };
}

/** The certificate as JSON: with times that a person can read. */
function certificateJson({ validFrom, validTo, ...certificate }: CertificateSeen): StepFinding["details"] {
  const time = (at: number) => (Number.isFinite(at) ? new Date(at).toISOString() : null);
  return { ...certificate, validFrom: time(validFrom), validTo: time(validTo) };
}

/** Lines on a certificate that was refused: what is needed to compare it with the one that should be there. */
function certificateNotes(certificate: CertificateSeen): readonly string[] {
  const { subject, names, issuer, validFrom, validTo, fingerprint } = certificate;
  return [
    `certificate of ${subject}${names === "" ? "" : ` (${names})`}`,
    `issued by ${issuer}, valid from ${dayOf(validFrom)} until ${dayOf(validTo)}`,
    `SHA-256 ${fingerprint}`,
  ].map(printable);
}

/** Milliseconds that a step took: from the last one before it. */
function tookFor(
  { opened, greeted, secured, accepted }: Observation,
  step: "greeted" | "secured" | "accepted",
) {
  const times = { greeted, secured, accepted };
  const end = times[step] ?? 0;
  const before = [0, opened, greeted, secured, accepted].filter((time) => time !== null && time < end);
  return rounded(end - Math.max(...(before as number[])));
}

const rounded = (ms: number) => Math.round(ms * 1_000) / 1_000;

/** A time, such as `0.24 ms` or `1,203 ms`. */
export function milliseconds(ms: number): string {
  if (ms >= 10) return `${Math.round(ms).toLocaleString("en")} ms`;
  return ms === 0 ? "less than 1 ms" : `${Number(ms.toPrecision(2))} ms`;
}
