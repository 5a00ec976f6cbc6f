// `nats-statechart inspect`: connects, stays connected, and shows the chart of the connection live.
//
// It waits for its first connection as long as it takes: what hinders it is what one wants to see.

import { connect } from "../api/connect.js";
import { isNatsError } from "../api/errors.js";
import type { NatsConnection } from "../api/nats-connection.js";
import { DebugEvents, type Status } from "../api/status.js";
import { type Command, CommandFailed, OK, readArguments } from "./command.js";
import { CONNECTION_HELP, connectionOptions, readConnection } from "./connection-options.js";
import { INSPECTOR_HELP, inspectorOptions, openInspector, untilStopped } from "./inspector.js";
import { printable, type Terminal } from "./terminal.js";

const HELP = `nats-statechart inspect: connects, and shows the connection's chart live in an inspector.

Usage: nats-statechart inspect [SERVER...] [options]

  SERVER                host, host:port, nats://host:port, tls://host:port, ws://host:port or
                        wss://host:port; several make one pool.
                        Default: NATS_URL, else 127.0.0.1:4222.

It connects and reconnects until Ctrl-C, which drains and ends it. No secret is in what it shows.

${INSPECTOR_HELP}

${CONNECTION_HELP}

Exit codes: 0 ended by Ctrl-C, 1 the connection or the inspector failed, 2 called wrongly.

Examples:
  nats-statechart inspect --local --open
  NATS_TOKEN=... nats-statechart inspect nats://a.example.com,nats://b.example.com
`;

/** The command. */
export const inspect: Command = {
  help: HELP,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, { ...connectionOptions, ...inspectorOptions });
    const { servers, options } = readConnection(values, positionals, terminal.env);
    const inspector = await openInspector(values, terminal);
    try {
      const nc = await connect({
        ...options,
        servers: [...servers],
        name: "nats-statechart inspect",
        waitOnFirstConnect: true,
        maxReconnectAttempts: -1,
        inspect: inspector.inspect,
        onStatus: (status) => terminal.out(statusLine(status, new Date())),
        signal: terminal.stopped,
      });
      terminal.out(`connected to ${printable(nc.getServer())}; Ctrl-C ends it`);
      await stayed(nc, terminal);
    } catch (error) {
      if (!isNatsError(error)) throw error;
      if (!terminal.stopped.aborted) throw new CommandFailed(printable(error.message));
    } finally {
      await inspector.close();
    }
    return OK;
  },
};

/** Stays until the user stops it or the connection gives up. */
async function stayed(nc: NatsConnection, terminal: Terminal): Promise<void> {
  const ended = nc.closed();
  await Promise.race([untilStopped(terminal), ended]);
  if (!nc.isClosed()) {
    terminal.out("draining");
    await nc.drain().catch(() => {});
    terminal.out("closed");
    return;
  }
  const error = await ended;
  if (error instanceof Error) throw error;
}

/** A status as a line: when (UTC), what, where, why. */
export function statusLine({ type, server, data, error, step }: Status, now: Date): string {
  const parts = [now.toISOString().slice(11), type === DebugEvents.Reconnecting ? "dialing" : `${type}`];
  const why = error === undefined ? "" : `${step === undefined ? "" : `${step}: `}${error.message}`;
  if (!why.includes(server)) parts.push(server);
  if (why !== "") parts.push(why);
  if (type === DebugEvents.PingTimer) parts.push(`(${data} unanswered with this one)`);
  return printable(parts.join("  "));
}
