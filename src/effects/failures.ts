// From what went wrong to a Failure: the codes that a user of NATS knows, and a message that names the server.

import type { Failure } from "../machine/failure.js";
import type { Milliseconds } from "../machine/units.js";
import type { ServerLimits } from "./backlog.js";
import { shortened } from "./shortened.js";
import type { NamedMessage } from "./waiting-messages.js";

/** What the platform calls it, what NATS calls it, and what to tell. */
const known: Readonly<Record<string, readonly [code: string, text: string]>> = {
  ECONNREFUSED: ["CONNECTION_REFUSED", "nothing accepts connections there"],
  ETIMEDOUT: ["CONNECTION_TIMEOUT", "the network did not answer"],
  ENOTFOUND: ["ENOTFOUND", "the host name is unknown"],
  EAI_AGAIN: [
    "EAI_AGAIN",
    "the host name could not be looked up for now: no name server answered, or the one that did could not find out",
  ],
  EHOSTUNREACH: ["EHOSTUNREACH", "the host cannot be reached"],
  ENETUNREACH: ["ENETUNREACH", "the network cannot be reached"],
  ECONNRESET: ["ECONNRESET", "the connection was reset"],
  EPIPE: ["EPIPE", "the connection is broken"],
};

function codeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === "string" && code !== "" ? code : undefined;
}

/** No name server answers, so that a host name could not be looked up. */
export class NameServerFailure extends Error {
  override readonly name = "NameServerFailure";
  /** As the system calls it. */
  readonly code = "EAI_AGAIN";

  /** @param servers the addresses of the name servers that were asked */
  constructor(servers: readonly string[], cause?: Error) {
    const silent =
      servers.length === 1
        ? `the name server ${servers[0]} does not answer`
        : `none of the name servers ${servers.join(", ")} answers`;
    super(`the host name could not be looked up: ${silent}`, cause === undefined ? undefined : { cause });
  }
}

/** Characters of a message. The names in a certificate may fill pages, and advice may follow them. */
const MAX_MESSAGE = 4_096;

/** Why a socket failed. Errors of the TLS handshake come with the code `TLS` already. */
export function socketFailure(error: Error, server: string): Failure {
  const code = codeOf(error) ?? "UNKNOWN_ERROR";
  const own = [code, error.message] as const;
  const [natsCode, text] = error instanceof NameServerFailure ? own : (known[code] ?? own);
  return { code: natsCode, message: `${server}: ${shortened(text, (it) => it, MAX_MESSAGE)}` };
}

/**
 * Why there are no credentials. The client sees to it that such an error's message is its own:
 * whatever a user's authenticator throws stays in the error's cause, out of the chart.
 */
export function credentialsFailure(error: unknown): Failure {
  const message = error instanceof Error ? error.message : "the authenticator failed";
  return { code: codeOf(error) ?? "BAD_AUTHENTICATION", message };
}

/** Why an attempt ran out of time that waited for an authenticator, or could not even call it. */
export function unansweredFailure(server: string, timeout: Milliseconds, isEarlierCall: boolean): Failure {
  const within = `within ${timeout} ms`;
  const what = isEarlierCall
    ? `the authenticator did not answer the call of an earlier attempt ${within}, so it was not called again`
    : `the authenticator did not answer ${within}`;
  return { code: "TIMEOUT", message: `${server}: ${what} (step: authenticating)` };
}

/** Why messages that waited were taken back: what this server does not accept. One for each reason. */
export function beyondFailures(
  beyond: readonly NamedMessage[],
  server: string,
  { maxPayload }: ServerLimits,
): Failure[] {
  const reasons = [
    {
      code: "MAX_PAYLOAD_EXCEEDED",
      messages: beyond.filter(({ size }) => size > maxPayload),
      text: `accepts at most ${maxPayload} bytes in a message (max_payload)`,
    },
    {
      code: "SERVER_OPT_NA",
      messages: beyond.filter(({ size }) => size <= maxPayload),
      text: "does not know headers",
    },
  ];
  return reasons.flatMap(({ code, messages, text }) => {
    const [first] = messages;
    if (first === undefined) return [];
    const one = `of ${first.size} bytes to ${JSON.stringify(first.subject)}`;
    const { length } = messages;
    const what =
      length === 1 ? `a message ${one} was not sent` : `${length} messages were not sent, the first ${one}`;
    return [{ code, message: `${server} ${text}: ${what}`, messages: length }];
  });
}
