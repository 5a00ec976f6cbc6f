// `nats-statechart check`: connects once to each server and tells, step by step, what happened.
//
// The work is in check/: attempt.ts connects by the library, probes.ts asks around it, findings.ts says what it means.

import { policyOf } from "../api/settings.js";
import { parseAddress, type ServerAddress, splitCredentials } from "../machine/server-address.js";
import { attempt } from "./check/attempt.js";
import { type Finding, findingOf } from "./check/findings.js";
import { NOTHING_SEEN, type Observation } from "./check/observation.js";
import { certificateAt, lookUp, neighbourAt } from "./check/probes.js";
import { reportLines } from "./check/report.js";
import { type Command, FAILED, OK, readArguments, UsageError } from "./command.js";
import { CONNECTION_HELP, connectionOptions, readConnection, type Wanted } from "./connection-options.js";
import { toJson } from "./json.js";

const HELP = `nats-statechart check: connects once and tells, step by step, what happened.

Usage: nats-statechart check [SERVER...] [options]

  SERVER                host, host:port, nats://host:port or tls://host:port; several are checked one
                        after the other. Default: NATS_URL, else 127.0.0.1:4222.

The steps: DNS, TCP, INFO (the server's greeting), TLS, credentials, round trip. Where one fails, it
tells why and what to do. Nothing is published, and no subscription is made.

${CONNECTION_HELP}
  --json                prints the result as JSON; its shape is in docs/cli.md

Exit codes: 0 every server is well, 1 one is not, 2 the command was called wrongly.

Examples:
  nats-statechart check
  NATS_PASSWORD=... nats-statechart check tls://nats.example.com --user me --tls-ca ca.pem
`;

/** The command. */
export const check: Command = {
  help: HELP,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, { ...connectionOptions, json: { type: "boolean" } });
    const wanted = readConnection(values, positionals, terminal.env);
    if (wanted.servers.some((server) => addressOf(server).transport.type === "webSocket"))
      throw new UsageError(
        "check takes no ws:// or wss:// server: its steps are those of TCP; inspect takes them",
      );
    const findings: Finding[] = [];
    for (const server of wanted.servers) {
      const finding = findingOf(await observe(server, wanted), Date.now());
      if (values.json !== true) terminal.out(reportLines(finding, terminal.paint).join("\n"));
      findings.push(finding);
    }
    const ok = findings.every((finding) => finding.ok);
    if (values.json === true) terminal.out(toJson({ version: 1, ok, servers: findings }));
    return ok ? OK : FAILED;
  },
};

/** Checks one server, given as URL: its name first, then the rest where there is an address. */
async function observe(server: string, wanted: Wanted): Promise<Observation> {
  const { options } = wanted;
  const address = addressOf(server);
  const lookup = await lookUp(address, options.timeout);
  const given = policyOf(options).tls;
  const start = {
    server: address.name,
    lookup,
    ...NOTHING_SEEN,
    credentials: wanted.credentialsFor(server),
    credentialsEnd: wanted.credentialsEnd,
    tlsPolicy: given === "offered" && address.transport.tls ? ("required" as const) : given,
  };
  if (lookup !== null && "code" in lookup) return start;
  const attempted = await attempt(server, options);
  const { failure } = attempted;
  // Where there was a first line, it says what it was.
  const isUngreeted =
    failure?.step === "greeting" &&
    attempted.info === null &&
    failure.complaint === null &&
    failure.code !== "NATS_PROTOCOL_ERR";
  const isRefusedCertificate = failure?.step === "securing";
  return {
    ...start,
    ...attempted,
    neighbour: isUngreeted ? await neighbourAt(address) : null,
    refusedCertificate: isRefusedCertificate ? await certificateAt(address, given === "first") : null,
  };
}

function addressOf(server: string): ServerAddress {
  const parsed = parseAddress(splitCredentials(server).url);
  // readConnection has read it before.
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}
