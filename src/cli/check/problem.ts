// What a problem is, as `check` tells it: a name that stays, a sentence, and what to do. Which there are for what was seen:
// advice.ts, tls-advice.ts and credentials-advice.ts.

import { printable } from "../terminal.js";
import type { CertificateSeen, FailureSeen } from "./observation.js";

/** What is wrong with a server, by names that stay: programs may compare them. docs/cli.md lists them. */
export type ProblemCode =
  | "name-unknown"
  | "lookup-failed"
  | "refused"
  | "unreachable"
  | "no-tcp-answer"
  | "http-server"
  | "monitoring-port"
  | "silent"
  | "closed-at-once"
  | "not-nats"
  | "wrong-nats-port"
  | "tls-first"
  | "unknown-tls-server"
  | "tls-required"
  | "tls-not-offered"
  | "unknown-authority"
  | "wrong-certificate-name"
  | "certificate-expired"
  | "certificate-not-yet-valid"
  | "client-certificate"
  | "tls-files"
  | "tls-failed"
  | "credentials-missing"
  | "credentials-refused"
  | "credentials-expired"
  | "credentials-unusable"
  | "no-answer-to-credentials"
  | "server-full"
  | "connection-lost"
  | "other";

/** A problem: its name, what it is in a sentence, and what to do, most likely first. */
export interface Problem {
  readonly code: ProblemCode;
  readonly text: string;
  readonly advice: readonly string[];
}

/** A problem. */
export const problem = (code: ProblemCode, text: string, ...advice: readonly string[]): Problem => ({
  code,
  text,
  advice,
});

/** What nobody thought of: in the words of the platform or the server. */
export function otherProblem({ message }: FailureSeen): Problem {
  return problem("other", printable(message), "Look into the log of the server.");
}

/** A day, such as `2026-11-24`; where the certificate has no valid date, that. */
export function dayOf(time: CertificateSeen["validTo"]): string {
  return Number.isFinite(time) ? new Date(time).toISOString().slice(0, 10) : "an unreadable date";
}
