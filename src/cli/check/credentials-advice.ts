// What to do where a server does not let the client in after its greeting. Pure; a part of advice.ts.

import { printable } from "../terminal.js";
import type { FailureSeen, Observation } from "./observation.js";
import { dayOf, otherProblem, type Problem, problem } from "./problem.js";
import { tlsMismatch, tlsProblem } from "./tls-advice.js";

/** The server complained, or ended the connection, instead of PONG. */
export function credentialsProblem(seen: Observation, failure: FailureSeen): Problem {
  switch (failure.complaint) {
    case "authorizationViolation":
    case "authenticationRevoked":
      return refusedCredentials(seen);
    case "authenticationExpired":
    case "accountExpired":
      return problem(
        "credentials-expired",
        failure.complaint === "accountExpired" ? "the account has expired" : "the credentials have expired",
        "Have them renewed by whoever issued them.",
      );
    case "authenticationTimeout":
      return problem(
        "no-answer-to-credentials",
        "the server got no credentials in the time that it grants",
        "Look at timeout in authorization { } of the server; a slow network needs more.",
      );
    case "tlsRequired":
      return tlsMismatch({ ...seen, tlsPolicy: "never" });
    case "wrongPort":
      return problem(
        "wrong-nats-port",
        printable(failure.message),
        "This port is for other servers, not for clients; these use 4222 unless told otherwise.",
      );
    case "maximumConnections":
      return problem(
        "server-full",
        printable(failure.message),
        "Raise max_connections on the server, or the limit of the account; or find out who holds so many connections.",
      );
    case null:
      return unanswered(seen, failure);
    default:
      return otherProblem(failure);
  }
}

/** True where the JWT of the credentials file has run out. */
export function hasEnded({ credentials, credentialsEnd }: Observation, now: number): boolean {
  return credentials === "creds" && credentialsEnd !== null && credentialsEnd < now;
}

/** Servers call credentials that have ended refused; the file tells more. */
export function endedCredentials({ credentialsEnd }: Observation): Problem {
  return problem(
    "credentials-expired",
    `the user in the credentials file has expired (${dayOf(credentialsEnd ?? 0)})`,
    "Have a new file issued. If it should still be valid, compare the clocks of the two machines.",
  );
}

const refusals: Readonly<Record<Observation["credentials"], readonly [text: string, advice: string]>> = {
  none: [
    "the server wants credentials, and none were given",
    "Give them: --creds FILE, or --user NAME with NATS_PASSWORD, or NATS_TOKEN.",
  ],
  creds: [
    "the server refused the credentials file",
    "Is the account known to this server, and the user neither revoked nor expired? Is it the file for this system?",
  ],
  user: [
    "the server refused user and password",
    "Check both; and whether the user exists on this server (authorization or accounts in its configuration).",
  ],
  token: ["the server refused the token", "Check NATS_TOKEN against authorization { token } of the server."],
  url: [
    "the server refused the credentials in the URL",
    "Check them; characters such as @ : / % in a password must be percent-encoded in a URL.",
  ],
};

function refusedCredentials({ credentials, info }: Observation): Problem {
  const [text, advice] = refusals[credentials];
  const hints =
    info?.challenges === true && credentials !== "creds"
      ? ["This server knows users with nkeys or JWTs: they need --creds FILE."]
      : [];
  const certificate =
    info?.tlsVerify === true
      ? ["It may know its users by their certificates: --tls-cert FILE --tls-key FILE."]
      : [];
  const code = credentials === "none" ? "credentials-missing" : "credentials-refused";
  return problem(code, text, advice, ...hints, ...certificate);
}

/** Nothing was said against the credentials, and yet the connection did not come to stand. */
function unanswered(seen: Observation, failure: FailureSeen): Problem {
  // In TLS 1.3 a server looks at the client's certificate only when the client believes itself connected.
  if (failure.code === "TLS") return tlsProblem(seen, failure);
  if (failure.code === "BAD_CREDS" || failure.code === "BAD_AUTHENTICATION") {
    return problem("credentials-unusable", printable(failure.message), "Check the file given by --creds.");
  }
  if (failure.code === "TIMEOUT") {
    return problem(
      "no-answer-to-credentials",
      "the server greets, and does not answer to the credentials",
      "Is it overloaded, or does something in between let only the greeting pass?",
    );
  }
  return problem(
    "connection-lost",
    printable(failure.message),
    "The server ended the connection without a word: look into its log.",
  );
}
