// Why an attempt, a connection or a drain ended: from the event that ended it to a Failure that a person can read.

import { type ConnectionContext, isServerInUse, whereabouts } from "./context.js";
import type { TimerName } from "./effects.js";
import type { ConnectionEvent } from "./events.js";
import type { AttemptStep, Failure } from "./failure.js";
import { type Link, linkIn, serverOf } from "./link.js";
import type { TlsDemand } from "./origin.js";
import type { Policy } from "./reconnect-policy.js";
import { failureOf, type ServerError } from "./server-error.js";
import type { Milliseconds } from "./units.js";

/** Why the link that the event is about ended, or the one in use where the event is the user's. */
export function why(context: ConnectionContext, event: ConnectionEvent): Failure {
  if (event.type === "timer.fired" && event.timer === "drain") return drainTimedOut(context.policy);
  const link = linkIn(context, event) ?? context.live;
  if (link === null) throw new Error(`invariant: ${event.type} ends a link`);
  const server = serverOf(link);
  switch (event.type) {
    case "socket.closed": {
      const failure = link.fatal ?? event.failure;
      if (failure !== null) return failure;
      const closed = closedByServer(server, whereabouts(context, link));
      return mayWantTlsFirst(link) ? { ...closed, message: `${closed.message}; ${tlsFirst}` } : closed;
    }
    case "protocol.violated":
      return {
        code: "NATS_PROTOCOL_ERR",
        message: `${server} does not speak the NATS protocol: ${event.reason}`,
      };
    case "server.error":
      return event.error.kind === "authenticationTimeout" && link.phase === "authenticating"
        ? authenticationTimeout(server, event.error)
        : failureOf(event.error);
    case "credentials.failed":
      return event.failure;
    case "server.info":
      return isServerInUse(context, event)
        ? { code: "DISCONNECT", message: `${server} is the server that is being left, under another name` }
        : noTls(link, context.policy, event.info.tlsRequired);
    case "timer.fired":
      return outOfTime(link, context.policy, event.timer);
    default:
      return { code: "DISCONNECT", message: `disconnected from ${server}` };
  }
}

/** A server with `handshake_first` says nothing before the TLS handshake, for which it waits as the client does for INFO. */
function mayWantTlsFirst({ phase, secured, destination: { transport } }: Link): boolean {
  return phase === "greeting" && !secured && transport.type === "tcp";
}

const tlsFirst = "it may want TLS before INFO (handshake_first): then set tls.handshakeFirst";

function authenticationTimeout(server: string, error: ServerError): Failure {
  const { code, message } = failureOf(error);
  const limit = "its own limit is the setting authorization { timeout }, 2 s by default";
  return { code, message: `${server} waited for the credentials and gave up (${message}): ${limit}` };
}

function noTls({ destination }: Link, { tls: policy }: Policy, required: boolean): Failure {
  const { name, transport, tls } = destination;
  const isForbidden = policy === "never";
  if (transport.type === "webSocket" && !isForbidden) {
    const message = `${demandOf(tls, name)}, but the URL of ${name} begins with ws://: wss:// is the one with TLS`;
    return { code: "SERVER_OPT_NA", message };
  }
  const message = isForbidden
    ? `${required ? `${name} requires TLS` : demandOf(tls, name)}, but the option tls is null`
    : `${demandOf(tls, name)}, but ${name} does not offer it`;
  return { code: "SERVER_OPT_NA", message };
}

/** Who asks for TLS. */
function demandOf(tls: TlsDemand, name: string): string {
  switch (tls) {
    case "url":
      return `the URL of ${name}, or of the server by way of which it was learnt, asks for TLS`;
    case "list":
      return "a URL with tls:// or wss:// asks for TLS with all servers of its list";
    case "before":
      return `TLS was spoken before with ${name}, or with a server of the same origin (the option allowNonTls: true would go on in the clear)`;
    case null:
      return "TLS was asked for (option tls)";
    default:
      return tls satisfies never;
  }
}

function outOfTime(link: Link, policy: Policy, timer: TimerName): Failure {
  const {
    phase,
    patience,
    destination: { name, transport },
  } = link;
  const { maxPingOut } = policy;
  if (timer === "ping") {
    return { code: "DISCONNECT", message: `stale connection: ${name} left ${maxPingOut} PINGs unanswered` };
  }
  const failure = timedOut(name, phase as AttemptStep, patience, transport.type === "webSocket");
  return mayWantTlsFirst(link) ? { ...failure, message: `${failure.message}; ${tlsFirst}` } : failure;
}

function drainTimedOut({ drainTimeout }: Policy): Failure {
  return {
    code: "TIMEOUT",
    message: `the drain did not finish within ${drainTimeout} ms (option drainTimeout)`,
  };
}

/** What each step waits for, for the message of an attempt that ran out of time. */
const awaited: Readonly<Record<AttemptStep, string>> = {
  dialing: "the TCP connection was not established",
  greeting: "the server accepted the connection but sent no INFO",
  securing: "the TLS handshake did not finish",
  authenticating: "the server did not answer CONNECT and PING",
  subscribing: "the server did not confirm the subscriptions",
  cuttingOver: "the server that is being left did not confirm what was published",
};

/** The failure of an attempt that took longer than it may. */
export function timedOut(
  server: string,
  step: AttemptStep,
  limit: Milliseconds,
  byWebSocket = false,
): Failure {
  const what = byWebSocket && step === "dialing" ? "the WebSocket was not opened" : awaited[step];
  return { code: "TIMEOUT", message: `${server}: ${what} within ${limit} ms (step: ${step})` };
}

/** The failure of a socket that the other side closed without saying why. */
export function closedByServer(server: string, step: string): Failure {
  return { code: "DISCONNECT", message: `${server} closed the connection (step: ${step})` };
}
