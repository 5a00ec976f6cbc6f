// Opens an inspector for `inspect` and `replay --inspect`: the hosted one, or the local page. The observer that it gives
// goes into the option `inspect` of a connection.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Inspect } from "../effects/inspect.js";
import { loadWs, PackageFailure } from "../effects/node/late-parts.js";
import type { Limits } from "../inspector/backlog.js";
import { cutToFit } from "../inspector/cut.js";
import { type LocalInspector, serveLocalInspector } from "../inspector/serve.js";
import { CommandFailed, UsageError } from "./command.js";
import { serveHostedInspector } from "./hosted-inspector.js";
import { loadInspect } from "./late-inspect.js";
import type { Terminal } from "./terminal.js";

/** The options, as `parseArgs` takes them. */
export const inspectorOptions = {
  local: { type: "boolean" },
  open: { type: "boolean" },
  port: { type: "string" },
} as const;

/** The part of the help that is about them. */
export const INSPECTOR_HELP = `The inspector:
                        By default the hosted one of Stately, in a frame of a page on this machine; it
                        shows up in your browser only, and your browser loads it from stately.ai.
  --local               the page of this package instead: nothing leaves this machine
  --open                opens the page in a browser
  --port PORT           port of the page on 127.0.0.1; default: a free one

  It needs the packages @statelyai/inspect and ws: npm install @statelyai/inspect ws`;

/** What was given, once parsed. */
export interface InspectorWishes {
  readonly local?: boolean | undefined;
  readonly open?: boolean | undefined;
  readonly port?: string | undefined;
}

/** An inspector that is served. */
export interface OpenInspector {
  /** The page to look at. */
  readonly url: string;
  /** To be told of everything that happens inside the chart. */
  readonly inspect: Inspect;
  /** Hands over what was said, and ends the page. */
  close(): Promise<void>;
}

/** Nothing is cut off: a chart with its parameters is less deep. */
const DEPTH = 20;

/**
 * Serves an inspector and says where.
 * @param keep what is kept for a page that opens late; default: the last of what happened
 * @throws UsageError, CommandFailed where a package is missing or the port is taken
 */
export async function openInspector(
  wishes: InspectorWishes,
  terminal: Terminal,
  keep?: Limits,
): Promise<OpenInspector> {
  const port = portOf(wishes);
  const { createInspector } = await needed(loadInspect);
  const { WebSocket } = await needed(loadWs);
  const page = await served(wishes.local === true, { port, keep });
  // As createWebSocketInspector does, but for the end: this one knows when all has arrived.
  const socket = new WebSocket(page.relayUrl);
  await once(socket, "open");
  // Where it broke, nobody looks any more; the connection that is inspected goes on.
  socket.on("error", () => {});
  const inspector = createInspector(
    { send: (message) => socket.send(cutToFit(JSON.stringify(message))) },
    { serializationDepthLimit: DEPTH },
  );
  terminal.out(`Inspector: ${page.url}`);
  if (wishes.open === true) openBrowser(page.url, terminal);
  return {
    url: page.url,
    inspect: inspector.inspect as Inspect,
    close: async () => {
      // The inspector sends what it is told by timers of one millisecond, which fire in their order.
      await sleep(1);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.close();
      if (socket.readyState !== WebSocket.CLOSED) await closed;
      await page.close();
    },
  };
}

function portOf({ port }: InspectorWishes): number {
  if (port === undefined) return 0;
  const number = Number(port);
  if (/^\d+$/.test(port) && number < 65_536) return number;
  throw new UsageError("--port must be a port, from 0 (a free one) to 65535");
}

async function served(
  isLocal: boolean,
  options: { readonly port: number; readonly keep: Limits | undefined },
): Promise<LocalInspector> {
  try {
    return await (isLocal ? serveLocalInspector(options) : serveHostedInspector(options));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE")
      throw new CommandFailed(`port ${options.port} is taken: leave --port away, or take another`);
    throw new CommandFailed(message);
  }
}

async function needed<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof PackageFailure)) throw error;
    if (!error.isMissing) throw new CommandFailed(error.message);
    throw new CommandFailed(
      "the inspector needs two packages: npm install @statelyai/inspect ws\n" +
        "or, without installing: npx -p nats-statechart -p @statelyai/inspect -p ws nats-statechart inspect",
    );
  }
}

const openers: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
};

function openBrowser(url: string, terminal: Terminal): void {
  const [command, ...args] = openers[process.platform] ?? ["xdg-open"];
  const opener = spawn(command, [...args, url], { stdio: "ignore", detached: true });
  opener.on("error", () => terminal.err("no browser could be opened: open the page yourself"));
  opener.unref();
}

/** Resolves at Ctrl-C or SIGTERM. */
export async function untilStopped({ stopped }: Terminal): Promise<void> {
  if (stopped.aborted) return;
  await new Promise<void>((resolve) => stopped.addEventListener("abort", () => resolve()));
}
