// What `check` makes of what it saw, as plain data: which step failed, what it is called, what to do. What it sees of
// real servers: test/integration/cli-check.test.ts.

import { describe, expect, it } from "vitest";
import { findingOf, milliseconds, type StepName } from "../../src/cli/check/findings.js";
import type { CertificateSeen, FailureSeen, InfoSeen, Observation } from "../../src/cli/check/observation.js";
import type { ProblemCode } from "../../src/cli/check/problem.js";
import { reportLines } from "../../src/cli/check/report.js";
import { type Paint, plainPaint } from "../../src/cli/terminal.js";

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

  it("has the time that each step took by the clock, where TLS came before the greeting", () => {
    const tls = { protocol: "TLSv1.3", cipher: "C", certificate };
    const first = { tlsPolicy: "first", opened: 1, secured: 2.5, greeted: 4, accepted: 4.25 } as const;
    const taken = (["tls", "info", "credentials"] as const).map(
      (name) => step({ ...first, tls }, name).details["ms"],
    );
    expect(taken).toEqual([1.5, 1.5, 0.25]);
  });

  it("has the least, the middle and the longest of its round trips, by their numbers", () => {
    const { details } = step({ roundTrips: [9.5, 100, 10] }, "rtt");
    expect(details).toEqual({ medianMs: 10, minMs: 9.5, maxMs: 100 });
  });

  it("has in its details what each step knows", () => {
    const tls = { protocol: "TLSv1.3", cipher: "C", certificate };
    const seen = { secured: 4, tls };
    expect(step({}, "dns").details).toEqual({ ms: 1.5, addresses: ["10.0.0.1", "10.0.0.2"] });
    const { challenges: _, ...shown } = info;
    expect(step({}, "info").details).toEqual({ ms: 2, ...shown });
    expect(step({}, "tls").details).toEqual({});
    expect(step(seen, "tls").details).toEqual({
      ms: 0.75,
      protocol: "TLSv1.3",
      cipher: "C",
      certificate: {
        ...certificate,
        validFrom: "2025-12-31T12:00:00.000Z",
        validTo: "2026-04-11T12:00:00.000Z",
      },
    });
    expect(step({}, "credentials").details).toEqual({ ms: 1.25, kind: "none" });
    expect(step({}, "rtt").details).toEqual({ medianMs: 0.5, minMs: 0.25, maxMs: 3 });
    expect(step({ lookup: null }, "dns")).toMatchObject({
      result: "skipped",
      text: "not needed: the host is an address",
    });
    expect(step({ server: "[::1]:4222" }, "dns").text).toContain("[::1] is 10.0.0.1");
  });

  it.each<[Partial<InfoSeen>, string]>([
    [{ tlsRequired: true }, "TLS required,"],
    [{ tlsRequired: true, tlsVerify: true }, "TLS required, with a client certificate,"],
    [{ tlsAvailable: true }, "TLS offered,"],
    [{ tlsAvailable: true, tlsVerify: true }, "TLS offered, with a client certificate,"],
    [{ authRequired: true }, ", credentials required"],
    [{ jetstream: false }, ", no JetStream,"],
    [{ cluster: null }, '"n0", JetStream,'],
    [{ serverName: "ID" }, "nats-server 2.10.0, cluster"],
  ])("is told of with what INFO says: %j", (changes, words) => {
    expect(step({ info: { ...info, ...changes } }, "info").text).toContain(words);
  });

  it("is told of with the credentials that were accepted", () => {
    const kinds = ["creds", "user", "token", "url"] as const;
    const guarded = { ...info, authRequired: true };
    expect(kinds.map((credentials) => step({ info: guarded, credentials }, "credentials").text)).toEqual([
      "accepted: the credentials file",
      "accepted: user and password",
      "accepted: the token",
      "accepted: the credentials in the URL",
    ]);
    const notes = (credentials: Observation["credentials"]) =>
      step({ info: guarded, credentials }, "credentials").notes.length;
    expect(kinds.map(notes)).toEqual([0, 1, 1, 1]);
    for (const server of ["localhost.example:4222", "a.localhost:4222", "10.127.0.1:4222", "[::12]:4222"])
      expect(step({ info: guarded, credentials: "user", server }, "credentials").notes).toHaveLength(1);
    expect(step({ credentials: "user", credentialsEnd: now + DAY }, "credentials").text).not.toContain(
      "valid",
    );
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
    // Each piece of advice is a sentence or two. What it is about stands in capitals, or is an option.
    expect(finding.problem?.text).toMatch(/\w+ \w+|something/);
    for (const advice of finding.problem?.advice ?? []) expect(advice).toMatch(/^[A-Zc].{10,}[.?]$/);
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

  it.each<[string, Partial<Observation>, string]>([
    [
      "a name server",
      { ...notOpened, lookup: { ms: 1, code: "EAI_AGAIN" } },
      "could not be looked up (EAI_AGAIN)",
    ],
    ["the port", { ...dialing("CONNECTION_REFUSED"), server: "[::1]:4333" }, "does it listen on port 4333?"],
    ["the host", dialing("EHOSTUNREACH"), "the host cannot be reached"],
    ["the network", dialing("ENETUNREACH"), "the network cannot be reached"],
    ["the system's words", dialing("EWHATEVER"), "something"],
    [
      "HTTP",
      { ...greeting({}), neighbour: { speaks: "http", overTls: false, isMonitor: false } },
      "an HTTP server listens",
    ],
    [
      "HTTPS",
      { ...greeting({}), neighbour: { speaks: "http", overTls: true, isMonitor: false } },
      "an HTTPS server listens",
    ],
    ["what it said", greeting({ code: "NATS_PROTOCOL_ERR", message: "server:4222: 220 smtp" }), "220 smtp"],
    [
      "silence",
      { failure: failure({ code: "TIMEOUT" }) },
      "accepted the connection and then fell silent: something",
    ],
    [
      "an end",
      { failure: failure({ code: "DISCONNECT" }) },
      "accepted the connection and then ended it: something",
    ],
    ["the account", refused("accountExpired"), "the account has expired"],
    ["the credentials", refused("authenticationExpired"), "the credentials have expired"],
    [
      "the day on which the file ended",
      { ...refused("authorizationViolation"), credentials: "creds", credentialsEnd: now - 3 * DAY },
      "has expired (2025-12-29)",
    ],
    ["no credentials", refused("authorizationViolation"), "wants credentials, and none were given"],
    [
      "the file",
      { ...refused("authorizationViolation"), credentials: "creds" },
      "refused the credentials file",
    ],
    ["the user", { ...refused("authorizationViolation"), credentials: "user" }, "refused user and password"],
    ["the token", { ...refused("authorizationViolation"), credentials: "token" }, "refused the token"],
    [
      "the URL",
      { ...refused("authorizationViolation"), credentials: "url" },
      "refused the credentials in the URL",
    ],
    [
      "--no-tls and the server",
      { ...greeting({ code: "SERVER_OPT_NA" }), info: { ...info, tlsRequired: true }, tlsPolicy: "never" },
      "the server requires TLS, and --no-tls forbids it",
    ],
    [
      "--no-tls and the URL",
      { ...greeting({ code: "SERVER_OPT_NA" }), info, tlsPolicy: "never" },
      "the URL asks for TLS, and --no-tls forbids it",
    ],
    [
      "--no-tls, without INFO",
      { ...greeting({ code: "SERVER_OPT_NA" }), tlsPolicy: "never" },
      "Write nats:// instead of tls://",
    ],
    [
      "the names of a certificate",
      { ...securing("ERR_TLS_CERT_ALTNAME_INVALID"), refusedCertificate: certificate },
      "is for another name: DNS:server",
    ],
    [
      "the day on which a certificate ended",
      { ...securing("CERT_HAS_EXPIRED"), refusedCertificate: { ...certificate, validTo: now - DAY } },
      "has expired (2025-12-31)",
    ],
    [
      "the day on which a certificate begins",
      { ...securing("CERT_NOT_YET_VALID"), refusedCertificate: { ...certificate, validFrom: now + DAY } },
      "is not valid yet (from 2026-01-02 on)",
    ],
    [
      "a certificate without a valid day",
      { ...securing("CERT_NOT_YET_VALID"), refusedCertificate: { ...certificate, validFrom: Number.NaN } },
      "(from an unreadable date on)",
    ],
    [
      "an unknown authority",
      securing("SELF_SIGNED_CERT_IN_CHAIN"),
      "Give the certificate of that authority: --tls-ca",
    ],
    [
      "nkeys",
      { ...refused("authorizationViolation"), info: { ...info, challenges: true }, credentials: "user" },
      "they need --creds FILE.",
    ],
    [
      "certificates of clients",
      { ...refused("authorizationViolation"), info: { ...info, tlsVerify: true } },
      "It may know its users by their certificates: --tls-cert FILE",
    ],
  ])("is told of with what it is about: %s", (_what, changes, words) => {
    expect(lines(changes).join("\n")).toContain(words);
  });

  it.each<[string, Partial<Observation>, string]>([
    ["no name where no certificate was seen", securing("ERR_TLS_CERT_ALTNAME_INVALID"), "another name:"],
    ["no day where no certificate was seen", securing("CERT_HAS_EXPIRED"), "expired ("],
    ["no day from which on, either", securing("CERT_NOT_YET_VALID"), "yet ("],
    [
      "no --creds where that is what was refused",
      { ...refused("authorizationViolation"), info: { ...info, challenges: true }, credentials: "creds" },
      "they need --creds FILE",
    ],
    [
      "no nkeys where the server does not ask",
      { ...refused("authorizationViolation"), credentials: "user" },
      "nkeys",
    ],
    [
      "no certificates of clients where the server asks for none",
      refused("authorizationViolation"),
      "--tls-cert",
    ],
    [
      "no way without TLS where it was insisted on",
      {
        ...securing("DEPTH_ZERO_SELF_SIGNED_CERT"),
        info: { ...info, tlsAvailable: true },
        tlsPolicy: "required",
      },
      "--no-tls",
    ],
    [
      "no way without TLS where nobody knows what the server says",
      { ...securing("DEPTH_ZERO_SELF_SIGNED_CERT"), info: null, greeted: null },
      "--no-tls",
    ],
    [
      "no end of a file of which nobody was asked",
      { ...refused("authorizationViolation"), credentials: "user", credentialsEnd: now - DAY },
      "has expired",
    ],
  ])("is told of with %s", (_what, changes, words) => {
    expect(lines(changes).join("\n")).not.toContain(words);
  });

  it("has what the platform and the server said, word by word, in the details of the step that failed", () => {
    const details = (changes: Partial<Observation>) =>
      findingOf({ ...well, ...changes }, now).steps.find(({ result }) => result === "failed")?.details;
    expect(details({ ...notOpened, lookup: { ms: 1.23456, code: "ENOTFOUND" } })).toEqual({
      error: "ENOTFOUND",
      ms: 1.235,
    });
    expect(details(dialing("CONNECTION_REFUSED"))).toEqual({
      error: "CONNECTION_REFUSED",
      message: "server:4222: something",
      cause: null,
    });
    expect(details({ ...greeting({ code: "TIMEOUT" }), neighbour: { speaks: "tls" } })).toEqual({
      error: "TIMEOUT",
      message: "server:4222: something",
      cause: null,
      speaks: "tls",
    });
    expect(details(greeting({ code: "TIMEOUT" }))).not.toHaveProperty("speaks");
    expect(details(securing("CERT_HAS_EXPIRED"))).toEqual({
      error: "TLS",
      message: "server:4222: something",
      cause: "CERT_HAS_EXPIRED",
    });
    const shown = { ...certificate, validFrom: Number.NaN };
    expect(details({ ...securing("CERT_HAS_EXPIRED"), refusedCertificate: shown })).toMatchObject({
      certificate: { subject: "CN=server", validFrom: null, validTo: "2026-04-11T12:00:00.000Z" },
    });
  });

  it("has TLS before INFO where that is how it was asked for", () => {
    const order = (changes: Partial<Observation>) =>
      findingOf({ ...well, ...changes }, now).steps.map((one) => one.step);
    expect(order({ tlsPolicy: "first" })).toEqual(["dns", "tcp", "tls", "info", "credentials", "rtt"]);
    expect(order({ tlsPolicy: "required" })).toEqual(["dns", "tcp", "info", "tls", "credentials", "rtt"]);
  });

  it("ends in the step in which the attempt did", () => {
    const failedIn = (at: FailureSeen["step"]) =>
      findingOf(
        { ...well, ...notAccepted, failure: failure({ step: at, complaint: "other" }) },
        now,
      ).steps.find(({ result }) => result === "failed")?.step;
    const steps = [
      "dialing",
      "greeting",
      "securing",
      "authenticating",
      "subscribing",
      "cuttingOver",
    ] as const;
    expect(steps.map(failedIn)).toEqual(["tcp", "info", "tls", "credentials", "credentials", "credentials"]);
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

describe("what a terminal shows", () => {
  it("has good, bad and what is of no interest in their colours", () => {
    const marked: Paint = {
      good: (text) => `<good ${text}>`,
      bad: (text) => `<bad ${text}>`,
      strong: (text) => `<strong ${text}>`,
      faint: (text) => `<faint ${text}>`,
    };
    const { problem } = findingOf({ ...well, ...dialing("CONNECTION_REFUSED") }, now);
    expect(reportLines(findingOf({ ...well, ...dialing("CONNECTION_REFUSED") }, now), marked)).toEqual([
      "<strong server:4222>",
      "  <good ok     > DNS         server is 10.0.0.1, 10.0.0.2 (1.5 ms)",
      "  <bad FAILED > TCP         <bad nothing accepts connections there>",
      "<faint   -       INFO        not reached>",
      "<faint   -       TLS         not reached>",
      "<faint   -       Credentials not reached>",
      "<faint   -       Round trip  not reached>",
      "  <strong What to do> <faint (refused)>",
      ...(problem?.advice ?? []).map((advice) => `    - ${advice}`),
    ]);
  });
});
