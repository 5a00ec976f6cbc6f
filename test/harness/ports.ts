// Loopback ports: free ones, and what listens on one.

import { once } from "node:events";
import { createServer, connect as dial } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Every port that was handed out: whoever got one may not listen on it yet. */
const handedOut = new Set<number>();

/**
 * Files of tests run beside each other, each in a worker that Vitest numbers: none hands out what another one does. A port that is
 * free now may be taken before its server listens, and the other worker knows only its own.
 */
const SHARES = 8;
const SHARE_SIZE = 2_750;
const { VITEST_POOL_ID = "0" } = process.env;
const share = Number(VITEST_POOL_ID) % SHARES;

/**
 * Ports that nobody listens on now, each handed out once. They are below those that outgoing connections get (from
 * 32768 on Linux): a client that dials a dead server's port must not be given that very port, connect to itself, or
 * block the restart.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries > 1_000) throw new Error(`no ${count} free ports were found`);
    const port = 10_000 + share * SHARE_SIZE + Math.floor(Math.random() * SHARE_SIZE);
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

/** The first INFO that a server on that port sends; undefined where none comes within a second. */
export async function greeting(port: number): Promise<Record<string, unknown> | undefined> {
  const socket = dial(port, "127.0.0.1");
  socket.setTimeout(1_000, () => socket.destroy());
  let text = "";
  try {
    for await (const chunk of socket) {
      text += chunk.toString();
      const line = /^INFO (.*)\r\n/.exec(text)?.[1];
      if (line !== undefined) return JSON.parse(line);
    }
  } catch (error) {
    if (!isNobodyThere(error)) throw error;
  } finally {
    socket.destroy();
  }
  return undefined;
}

/** True where somebody listens on that port; undefined otherwise, to be asked again. */
export async function accepts(port: number): Promise<true | undefined> {
  const socket = dial(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch (error) {
    if (!isNobodyThere(error)) throw error;
    return undefined;
  } finally {
    socket.destroy();
  }
}

/** Nobody listens, whoever does is just ending, or says nothing for a second. */
function isNobodyThere(error: unknown): boolean {
  const codes = ["ECONNREFUSED", "ECONNRESET", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE"];
  return codes.includes((error as NodeJS.ErrnoException).code ?? "");
}

/**
 * Asks until there is an answer, for ten seconds. `what` says what was waited for where none came, and what was seen instead.
 * @param patience another number of milliseconds
 */
export async function answered<T>(
  what: () => string,
  ask: () => Promise<T | undefined>,
  patience = 10_000,
): Promise<T> {
  const deadline = Date.now() + patience;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`timed out: ${what()}`);
    await sleep(20);
  }
}
