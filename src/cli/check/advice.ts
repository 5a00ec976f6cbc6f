// What a failed check comes down to, and what to do about it: the knowledge of `check`, as pure functions over what
// was seen. TLS and credentials have their own files beside this one. How it is told: findings.ts and report.ts.

import type { AttemptStep } from "../../machine/failure.js";
import { printable } from "../terminal.js";
import { credentialsProblem, endedCredentials, hasEnded } from "./credentials-advice.js";
import type { FailureSeen, Observation } from "./observation.js";
import { otherProblem, type Problem, problem } from "./problem.js";
import { tlsMismatch, tlsProblem } from "./tls-advice.js";

/** What is wrong; null where all is well. `now` in milliseconds since 1970. */
export function problemOf(seen: Observation, now: number): Problem | null {
  const { lookup, failure } = seen;
  if (lookup !== null && "code" in lookup) return lookupProblem(lookup.code);
  if (failure === null) return null;
  // Which server it is stands above the report.
  const message = failure.message.replace(`${seen.server}: `, "");
  if (failure.complaint === "authorizationViolation" && hasEnded(seen, now)) return endedCredentials(seen);
  if (seen.accepted !== null) return lostAgain(failure.code, message);
  return bySteps[failure.step](seen, { ...failure, message });
}

/** It stood, and did not last for a few round trips. */
function lostAgain(code: string, message: string): Problem {
  const isStuck = code === "TIMEOUT";
  return problem(
    "connection-lost",
    isStuck
      ? `the server accepted the connection and then fell silent: ${printable(message)}`
      : `the server accepted the connection and then ended it: ${printable(message)}`,
    isStuck
      ? "Is it overloaded or stuck? Does something in between lose packets?"
      : "Look into the log of the server: it may have been shut down just now.",
  );
}

const bySteps: { readonly [Name in AttemptStep]: (seen: Observation, failure: FailureSeen) => Problem } = {
  dialing: dialingProblem,
  greeting: greetingProblem,
  securing: tlsProblem,
  authenticating: credentialsProblem,
  // A check moves to no other server.
  subscribing: (_, failure) => otherProblem(failure),
  cuttingOver: (_, failure) => otherProblem(failure),
};

function lookupProblem(code: string): Problem {
  if (code === "ENOTFOUND") {
    return problem(
      "name-unknown",
      "nobody knows this host name",
      "Check the spelling.",
      "In a container or a cluster: is this the name within that network, and do you run within it?",
    );
  }
  return problem(
    "lookup-failed",
    `the host name could not be looked up (${printable(code)})`,
    "The name server did not answer: check the network, or try the IP address.",
  );
}

function dialingProblem({ server }: Observation, { code, message }: FailureSeen): Problem {
  const port = server.slice(server.lastIndexOf(":") + 1);
  switch (code) {
    case "CONNECTION_REFUSED":
      return problem(
        "refused",
        "nothing accepts connections there",
        `Is the nats-server running, and does it listen on port ${port}? Its log says "Listening for client connections on".`,
        "A server that listens on 127.0.0.1 only is not reached from other machines or containers.",
      );
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return problem(
        "unreachable",
        code === "EHOSTUNREACH" ? "the host cannot be reached" : "the network cannot be reached",
        "Check the address, the route to it, and whether a VPN is needed.",
      );
    case "TIMEOUT":
    case "CONNECTION_TIMEOUT":
      return problem(
        "no-tcp-answer",
        "nobody answers there, not even with a refusal",
        "A firewall that drops packets looks like this: check its rules, and the security group in a cloud.",
        "Or the host is down, or the address is another's.",
      );
    default:
      return problem("other", printable(message), "The system reports this error; see the network settings.");
  }
}

function greetingProblem(seen: Observation, failure: FailureSeen): Problem {
  const { neighbour } = seen;
  if (failure.code === "SERVER_OPT_NA") return tlsMismatch(seen);
  if (failure.complaint !== null) return credentialsProblem(seen, failure);
  if (neighbour?.speaks === "http") return httpProblem(seen, neighbour.isMonitor, neighbour.overTls);
  if (neighbour?.speaks === "nats over tls") {
    return problem(
      "tls-first",
      "the server wants TLS before the first byte of the protocol (handshake_first)",
      "Add --tls-first; in a program, tls: { handshakeFirst: true }.",
    );
  }
  if (neighbour?.speaks === "tls") {
    return problem(
      "unknown-tls-server",
      "a server answers there that speaks TLS, and neither NATS nor HTTP within it",
      "Check the port: a nats-server listens on 4222 unless told otherwise.",
    );
  }
  if (failure.code === "TIMEOUT") {
    return problem(
      "silent",
      "the server accepts the connection and says nothing; a nats-server says INFO at once",
      "Is it a nats-server? Check the port: 4222 unless told otherwise.",
      "Is it stuck, or stopped in a debugger? A proxy or load balancer in between may have lost the server behind it.",
      "If the network is very slow, raise --timeout.",
    );
  }
  if (failure.code === "NATS_PROTOCOL_ERR") {
    if (failure.message.includes("HTTP/")) return httpProblem(seen, false, false);
    return problem(
      "not-nats",
      printable(failure.message),
      "Something else than a nats-server listens there: check host and port.",
    );
  }
  return problem(
    "closed-at-once",
    "the server accepts the connection and closes it without a word",
    "A proxy or load balancer without a server behind it does this; so does a server at its limit of connections.",
    "Look into the log of the server for the reason.",
  );
}

function httpProblem({ server }: Observation, isMonitor: boolean, overTls: boolean): Problem {
  if (isMonitor) {
    return problem(
      "monitoring-port",
      "this is the monitoring port of a nats-server: it speaks HTTP",
      "Clients connect to another port, 4222 unless told otherwise: the page /varz there names it.",
    );
  }
  return problem(
    "http-server",
    `an ${overTls ? "HTTPS" : "HTTP"} server listens there, not a nats-server`,
    "Check the port: a nats-server listens on 4222 unless told otherwise.",
    `A port for WebSockets of a nats-server looks like this too: a program connects to it by ws://${server} or wss://${server}.`,
    "check knows TCP only; nats-statechart inspect takes such an address.",
  );
}
