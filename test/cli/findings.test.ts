// What `check` makes of what it saw, as plain data: which step failed, what it is called, what to do. What it sees of
// real servers: test/integration/cli-check.test.ts.

import { describe, expect, it } from "vitest";
import { findingOf, milliseconds, type StepName } from "../../src/cli/check/findings.js";
import type { CertificateSeen, FailureSeen, InfoSeen, Observation } from "../../src/cli/check/observation.js";
import type { ProblemCode } from "../../src/cli/check/problem.js";
import { reportLines } from "../../src/cli/check/report.js";
import { plainPaint } from "../../src/cli/terminal.js";

const DAY = 86_400_000;
const now = Date.parse("2026-01-01T12:00:00Z");

const info: InfoSeen = {
  serverName: "n0",
  serverId: "ID",
  version: "2.10.0",
  cluster: "east",
  jetstream: true,
  tlsRequired: false,
  tlsAvailable: false,
  tlsVerify: false,
  authRequired: false,
  challenges: false,
  lameDuck: false,
  maxPayload: 1_048_576,
  clientId: 5,
  clientIp: "127.0.0.1",
  connectUrls: [],
};

const certificate: CertificateSeen = {
  subject: "CN=server",
  names: "DNS:server",
  issuer: "CN=between",
  root: "CN=authority",
  validFrom: now - DAY,
  validTo: now + 100 * DAY,
  fingerprint: "AA:BB",
};

const well: Observation = {
  server: "server:4222",
  lookup: { ms: 1.5, addresses: ["10.0.0.1", "10.0.0.2"] },
  opened: 1.25,
  greeted: 3.25,
  info,
  secured: null,
  tls: null,
  accepted: 4.5,
  roundTrips: [0.5, 0.25, 3],
  failure: null,
  neighbour: null,
  refusedCertificate: null,
  credentials: "none",
  credentialsEnd: null,
  tlsPolicy: "offered",
};

const lines = (changes: Partial<Observation>) =>
  reportLines(findingOf({ ...well, ...changes }, now), plainPaint);
const step = (changes: Partial<Observation>, name: StepName) => {
  const found = findingOf({ ...well, ...changes }, now).steps.find((one) => one.step === name);
  if (found === undefined) throw new Error(`there is no step ${name}`);
  return found;
};

describe("a server that is well", () => {
  it("is told of step by step", () => {
    expect(lines({})).toEqual([
      "server:4222",
      "  ok      DNS         server is 10.0.0.1, 10.0.0.2 (1.5 ms)",
      "  ok      TCP         connected (1.3 ms)",
      '  ok      INFO        nats-server 2.10.0 "n0", cluster "east", JetStream, no TLS, no credentials required',
      "  -       TLS         not used: the server does not ask for it",
      "  ok      Credentials accepted: no credentials",
      "  ok      Round trip  0.5 ms (3 round trips, 0.25 ms to 3 ms)",
    ]);
  });

  it("has the time that each step took, and no nonce, in the details", () => {
    const secured = 10;
    const tls = { protocol: "TLSv1.3", cipher: "C", certificate };
    const seen = { ...well, secured, tls, accepted: 10.5, info: { ...info, challenges: true } };
    expect(findingOf(seen, now).steps.map(({ details }) => details["ms"])).toEqual([
      1.5,
      1.25,
      2,
      6.75,
      0.5,
      undefined,
    ]);
    expect(JSON.stringify(findingOf(seen, now))).not.toMatch(/nonce|challenges/);
    expect(step(seen, "tls").details["certificate"]).toMatchObject({ validTo: "2026-04-11T12:00:00.000Z" });
  });

  it("is told of where something is worth a word", () => {
    expect(step({ info: { ...info, lameDuck: true } }, "info").text).toContain("about to shut down");
    expect(step({ info: { ...info, serverName: "ID" } }, "info").text).not.toContain('"ID"');
    expect(step({ credentials: "user" }, "credentials").text).toBe(
      "accepted: user and password; the server requires none",
    );
    const guarded = { ...info, authRequired: true };
    expect(step({ info: guarded, credentials: "user" }, "credentials").text).toBe(
      "accepted: user and password",
    );
    expect(step({ info: guarded }, "credentials").text).toContain("without any");
    expect(step({ info: { ...info, tlsAvailable: true } }, "tls").text).toBe("not used: --no-tls");
  });

  it("is told of where a password could be read on its way", () => {
    const sent = { credentials: "user", info: { ...info, authRequired: true } } as const;
    const tls = { protocol: "TLSv1.3", cipher: "C", certificate };
    expect(step(sent, "credentials").notes).toEqual([expect.stringContaining("unencrypted")]);
    expect(step({ ...sent, credentials: "creds" }, "credentials").notes).toEqual([]);
    expect(step({ ...sent, secured: 4, tls }, "credentials").notes).toEqual([]);
    for (const server of ["127.0.0.1:4222", "localhost:4222", "[::1]:4222"]) {
      expect(step({ ...sent, server }, "credentials").notes).toEqual([]);
    }
  });

  it.each([
    [100 * DAY, "valid until 2026-04-11"],
    [14 * DAY, "valid until 2026-01-15"],
    [2 * DAY, "valid until 2026-01-03: 2 days left!"],
    [DAY, "valid until 2026-01-02: one day left!"],
    [3_600_000, "valid until 2026-01-01: less than a day left!"],
  ])("tells of a certificate and credentials that end in %i ms: %s", (left, text) => {
    const tls = { protocol: "TLSv1.3", cipher: "C", certificate: { ...certificate, validTo: now + left } };
    expect(step({ secured: 4, tls }, "tls").text).toBe(
      `TLSv1.3, certificate of CN=server, verified by CN=authority, ${text}`,
    );
    const end = { credentials: "creds", credentialsEnd: now + left } as const;
    expect(step({ ...end, info: { ...info, authRequired: true } }, "credentials").text).toBe(
      `accepted: the credentials file, ${text}`,
    );
  });
});

const failure = (changes: Partial<FailureSeen>): FailureSeen => ({
  step: "dialing",
  code: "X",
  message: "server:4222: something",
  complaint: null,
  cause: null,
  ...changes,
});

const notOpened = { opened: null, greeted: null, info: null, accepted: null, roundTrips: [] };
const notGreeted = { ...notOpened, opened: 1 };
const notAccepted = { accepted: null, roundTrips: [] };
const dialing = (code: string) => ({ ...notOpened, failure: failure({ code }) });
const greeting = (changes: Partial<FailureSeen>) => ({
  ...notGreeted,
  failure: failure({ step: "greeting", ...changes }),
});
const securing = (cause: string, message = "server:4222: something") => ({
  ...notAccepted,
  info: { ...info, tlsRequired: true },
  failure: failure({ step: "securing", code: "TLS", cause, message }),
});
const refused = (complaint: FailureSeen["complaint"]) => ({
  ...notAccepted,
  info: { ...info, authRequired: true },
  failure: failure({ step: "authenticating", complaint }),
});

describe("a server that is not", () => {
  it.each<[ProblemCode, StepName, Partial<Observation>]>([
    ["name-unknown", "dns", { ...notOpened, lookup: { ms: 1, code: "ENOTFOUND" } }],
    ["lookup-failed", "dns", { ...notOpened, lookup: { ms: 1, code: "EAI_AGAIN" } }],
    ["refused", "tcp", dialing("CONNECTION_REFUSED")],
    ["unreachable", "tcp", dialing("EHOSTUNREACH")],
    ["unreachable", "tcp", dialing("ENETUNREACH")],
    ["no-tcp-answer", "tcp", dialing("TIMEOUT")],
    ["no-tcp-answer", "tcp", dialing("CONNECTION_TIMEOUT")],
    ["other", "tcp", dialing("EWHATEVER")],
    ["silent", "info", { ...greeting({ code: "TIMEOUT" }), neighbour: { speaks: "nothing" } }],
    ["closed-at-once", "info", { ...greeting({ code: "DISCONNECT" }), neighbour: { speaks: "nothing" } }],
    ["closed-at-once", "info", { ...greeting({ code: "ECONNRESET" }), neighbour: { speaks: "nothing" } }],
    ["not-nats", "info", greeting({ code: "NATS_PROTOCOL_ERR" })],
    ["http-server", "info", greeting({ code: "NATS_PROTOCOL_ERR", message: 'not INFO: "HTTP/1.1 400' })],
    [
      "http-server",
      "info",
      { ...greeting({ code: "TIMEOUT" }), neighbour: { speaks: "http", overTls: false, isMonitor: false } },
    ],
    [
      "monitoring-port",
      "info",
      { ...greeting({ code: "TIMEOUT" }), neighbour: { speaks: "http", overTls: false, isMonitor: true } },
    ],
    ["unknown-tls-server", "info", { ...greeting({ code: "TIMEOUT" }), neighbour: { speaks: "tls" } }],
    ["tls-first", "tls", { ...greeting({ code: "TIMEOUT" }), neighbour: { speaks: "nats over tls" } }],
    ["server-full", "info", greeting({ complaint: "maximumConnections" })],
    [
      "tls-required",
      "tls",
      { ...notAccepted, tlsPolicy: "never", failure: failure({ step: "greeting", code: "SERVER_OPT_NA" }) },
    ],
    [
      "tls-not-offered",
      "tls",
      {
        ...notAccepted,
        tlsPolicy: "required",
        failure: failure({ step: "greeting", code: "SERVER_OPT_NA" }),
      },
    ],
    ["unknown-authority", "tls", securing("DEPTH_ZERO_SELF_SIGNED_CERT")],
    ["unknown-authority", "tls", securing("UNABLE_TO_VERIFY_LEAF_SIGNATURE")],
    ["wrong-certificate-name", "tls", securing("ERR_TLS_CERT_ALTNAME_INVALID")],
    ["certificate-expired", "tls", securing("CERT_HAS_EXPIRED")],
    ["certificate-not-yet-valid", "tls", securing("CERT_NOT_YET_VALID")],
    ["client-certificate", "tls", securing("X", "the server demands a client certificate: give tls.cert")],
    ["tls-files", "tls", securing("X", "server:4222: tls.caFile is not a certificate in PEM")],
    ["tls-failed", "tls", securing("X")],
    ["tls-failed", "tls", securing("ERR_SSL_WRONG_VERSION_NUMBER")],
    [
      "tls-not-offered",
      "tls",
      { ...securing("ERR_SSL_WRONG_VERSION_NUMBER"), tlsPolicy: "first", info: null, greeted: null },
    ],
    ["credentials-missing", "credentials", refused("authorizationViolation")],
    ["credentials-refused", "credentials", { ...refused("authorizationViolation"), credentials: "user" }],
    ["credentials-refused", "credentials", { ...refused("authenticationRevoked"), credentials: "creds" }],
    [
      "credentials-expired",
      "credentials",
      { ...refused("authorizationViolation"), credentials: "creds", credentialsEnd: now - 1 },
    ],
    [
      "credentials-refused",
      "credentials",
      { ...refused("authorizationViolation"), credentials: "creds", credentialsEnd: now + 1 },
    ],
    ["credentials-expired", "credentials", { ...refused("authenticationExpired"), credentials: "creds" }],
    ["credentials-expired", "credentials", { ...refused("accountExpired"), credentials: "creds" }],
    ["no-answer-to-credentials", "credentials", refused("authenticationTimeout")],
    ["wrong-nats-port", "credentials", refused("wrongPort")],
    ["server-full", "credentials", refused("maximumConnections")],
    ["tls-required", "tls", refused("tlsRequired")],
    ["other", "credentials", refused("other")],
    [
      "credentials-unusable",
      "credentials",
      { ...notAccepted, failure: failure({ step: "authenticating", code: "BAD_CREDS" }) },
    ],
    [
      "no-answer-to-credentials",
      "credentials",
      { ...notAccepted, failure: failure({ step: "authenticating", code: "TIMEOUT" }) },
    ],
    [
      "connection-lost",
      "credentials",
      { ...notAccepted, failure: failure({ step: "authenticating", code: "DISCONNECT" }) },
    ],
    [
      "client-certificate",
      "tls",
      {
        ...notAccepted,
        failure: failure({
          step: "authenticating",
          code: "TLS",
          message: "the server does not accept the client certificate",
        }),
      },
    ],
    [
      "connection-lost",
      "rtt",
      { roundTrips: [], failure: failure({ step: "authenticating", code: "DISCONNECT" }) },
    ],
  ])("has the problem %s, in the step %s", (code, failedStep, changes) => {
    const finding = findingOf({ ...well, ...changes }, now);
    expect(finding.ok).toBe(false);
    expect(finding.problem?.code).toBe(code);
    expect(finding.problem?.text).not.toContain("server:4222: ");
    expect(finding.problem?.advice.length).toBeGreaterThan(0);
    expect(finding.steps.filter(({ result }) => result === "failed").map((one) => one.step)).toEqual([
      failedStep,
    ]);
    // After the step that failed nothing can be well.
    const after = finding.steps.slice(finding.steps.findIndex((one) => one.step === failedStep) + 1);
    for (const { result, text } of after) {
      expect(result).toBe("skipped");
      expect(text).toBe("not reached");
    }
    const told = reportLines(finding, plainPaint);
    expect(told).toContain(`  What to do (${code})`);
    expect(told.filter((line) => line.startsWith("    - "))).toHaveLength(
      finding.problem?.advice.length ?? 0,
    );
  });

  it("is told of with the way in where it may be a port for WebSockets", () => {
    const http = lines(greeting({ code: "NATS_PROTOCOL_ERR", message: 'not INFO: "HTTP/1.1 400' })).join(
      "\n",
    );
    expect(http).toContain("a program connects to it by ws://server:4222 or wss://server:4222");
    expect(http).toContain("nats-statechart inspect takes such an address");
  });

  it("is told of with the certificate that was refused", () => {
    const told = lines({ ...securing("DEPTH_ZERO_SELF_SIGNED_CERT"), refusedCertificate: certificate });
    const pad = " ".repeat(22);
    expect(told.slice(told.findIndex((line) => line.includes("FAILED")) + 1).slice(0, 3)).toEqual([
      `${pad}certificate of CN=server (DNS:server)`,
      `${pad}issued by CN=between, valid from 2025-12-31 until 2026-04-11`,
      `${pad}SHA-256 AA:BB`,
    ]);
    expect(told.some((line) => line.includes('"CN=authority": --tls-ca FILE'))).toBe(true);
  });

  it("is told of with a way out where TLS is only offered", () => {
    const offered = { ...securing("DEPTH_ZERO_SELF_SIGNED_CERT"), info: { ...info, tlsAvailable: true } };
    expect(lines(offered).join("\n")).toContain("--no-tls");
    expect(lines(securing("DEPTH_ZERO_SELF_SIGNED_CERT")).join("\n")).not.toContain("--no-tls");
  });

  it("is told of in the names of this tool's options, not the library's", () => {
    const { problem } = findingOf(
      {
        ...well,
        ...securing("X", "server:4222: tls.caFile: the file cannot be read, nor tls.certFile, tls.key"),
      },
      now,
    );
    expect(problem?.text).toBe("--tls-ca: the file cannot be read, nor --tls-cert, --tls-key");
  });

  it("is told of without what could steer a terminal, whoever wrote it", () => {
    const evil = "\u001b[2Jevil\r\n";
    const told = [
      lines({ info: { ...info, serverName: evil, version: evil, cluster: evil } }),
      lines({ ...greeting({ code: "NATS_PROTOCOL_ERR", message: evil }) }),
      lines({
        ...refused("other"),
        failure: failure({ step: "authenticating", complaint: "other", message: evil }),
      }),
      lines({
        ...securing("DEPTH_ZERO_SELF_SIGNED_CERT"),
        refusedCertificate: { ...certificate, subject: evil, names: evil, issuer: evil, root: evil },
      }),
      lines({
        secured: 4,
        tls: { protocol: "TLSv1.3", cipher: "C", certificate: { ...certificate, subject: evil, root: evil } },
      }),
    ].flat();
    expect(told.filter((line) => line.includes("evil")).length).toBeGreaterThan(5);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    for (const line of told) expect(line).not.toMatch(/[\u0000-\u001f]/);
  });
});

it.each([
  [0, "less than 1 ms"],
  [0.244, "0.24 ms"],
  [9.96, "10 ms"],
  [12.4, "12 ms"],
  [1_203.4, "1,203 ms"],
])("writes %d milliseconds as %s", (ms, text) => {
  expect(milliseconds(ms)).toBe(text);
});
