// What to do where TLS fails: for what the platform and the server say of a handshake. Pure; a part of advice.ts.

import { printable } from "../terminal.js";
import type { FailureSeen, Observation } from "./observation.js";
import { dayOf, type Problem, problem } from "./problem.js";

/** TLS is wanted by one side and impossible for the other: known from INFO, before any handshake. */
export function tlsMismatch({ tlsPolicy, info }: Observation): Problem {
  if (tlsPolicy === "never") {
    const isDemanded = info?.tlsRequired === true;
    return problem(
      "tls-required",
      isDemanded
        ? "the server requires TLS, and --no-tls forbids it"
        : "the URL asks for TLS, and --no-tls forbids it",
      isDemanded
        ? "Leave --no-tls away; in a program, the option tls: null."
        : "Write nats:// instead of tls://, or leave --no-tls away.",
    );
  }
  return problem(
    "tls-not-offered",
    "TLS is wanted, and the server does not offer it",
    "Configure tls { } on the server; or, where the network can be trusted, leave --tls (or tls://) away.",
  );
}

/** The handshake failed. */
export function tlsProblem(seen: Observation, failure: FailureSeen): Problem {
  const { refusedCertificate: shown, tlsPolicy, info } = seen;
  const { cause, message } = failure;
  switch (cause) {
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "CERT_SIGNATURE_FAILURE":
      return problem(
        "unknown-authority",
        "the server's certificate is signed by an authority that is not trusted",
        `Give the certificate of ${shown === null ? "that authority" : `"${printable(shown.root)}"`}: --tls-ca FILE; in a program, tls: { caFile }.`,
        "Get that file from whoever runs the server, not from the connection: anybody may answer there.",
        ...(info?.tlsRequired === false && tlsPolicy === "offered"
          ? ["This server also takes connections without TLS: --no-tls, where the network can be trusted."]
          : []),
      );
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return problem(
        "wrong-certificate-name",
        `the server's certificate is for another name${shown === null ? "" : `: ${printable(shown.names)}`}`,
        "Connect by a name that is in the certificate, or have one issued for this name.",
      );
    case "CERT_HAS_EXPIRED":
      return problem(
        "certificate-expired",
        `the server's certificate has expired${shown === null ? "" : ` (${dayOf(shown.validTo)})`}`,
        "Renew it on the server. If it looks valid, compare the clocks of the two machines.",
      );
    case "CERT_NOT_YET_VALID":
      return problem(
        "certificate-not-yet-valid",
        `the server's certificate is not valid yet${shown === null ? "" : ` (from ${dayOf(shown.validFrom)} on)`}`,
        "Compare the clocks of the two machines.",
      );
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      if (tlsPolicy !== "first") break;
      return problem(
        "tls-not-offered",
        "the server does not speak TLS before the first byte of the protocol",
        "Write --tls instead of --tls-first; or set handshake_first in tls { } of the server.",
      );
  }
  if (/client certificate/.test(message)) {
    return problem(
      "client-certificate",
      asOptions(message),
      "Give the certificate of this client and its key: --tls-cert FILE --tls-key FILE.",
      "The server must trust the authority that signed it (ca_file in its tls { }).",
    );
  }
  if (/^tls\./.test(message)) {
    return problem(
      "tls-files",
      asOptions(message),
      "Check the files given by --tls-ca, --tls-cert and --tls-key.",
    );
  }
  return problem(
    "tls-failed",
    asOptions(message),
    "Look into the log of the server: it tells its side of the handshake.",
  );
}

/** Names of the client's options as this tool's. */
function asOptions(message: string): string {
  return printable(message)
    .replace(/tls\.ca or tls\.caFile|tls\.caFile|tls\.ca\b/g, "--tls-ca")
    .replace(/tls\.cert and tls\.key, or certFile and keyFile/g, "--tls-cert and --tls-key")
    .replace(/tls\.cert(File)?\b/g, "--tls-cert")
    .replace(/tls\.key(File)?\b/g, "--tls-key")
    .replace(/tls\.handshakeFirst/g, "--tls-first");
}
