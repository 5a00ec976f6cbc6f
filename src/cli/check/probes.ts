// What a check asks besides connecting: addresses of a name, what else may be listening on a port, and which certificate
// was refused. None of these sends a credential, and none trusts what it sees.

import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { connect, isIP, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type TLSSocket, connect as tlsConnect } from "node:tls";
import type { ServerAddress } from "../../machine/server-address.js";
import { certificateSeen } from "./attempt.js";
import type { CertificateSeen, Lookup, Neighbour } from "./observation.js";

/** How long each question may take, in milliseconds. */
const PATIENCE = 2_000;
/** Bytes of an answer that are looked at. */
const ENOUGH = 4_096;
/** Bytes of a greeting: the library takes no longer one. */
const LONGEST_LINE = 1_048_576;

/** Looks a host up as the system does, for at most that many milliseconds; null where it is an address already. */
export async function lookUp({ host }: ServerAddress, limit: number): Promise<Lookup | null> {
  if (isIP(host) !== 0) return null;
  const start = performance.now();
  const ms = () => performance.now() - start;
  try {
    const found = await Promise.race([lookup(host, { all: true }), sleep(limit, undefined, { ref: false })]);
    if (found === undefined) return { ms: ms(), code: "TIMEOUT" };
    return { ms: ms(), addresses: found.map(({ address }) => address) };
  } catch (error) {
    return { ms: ms(), code: (error as NodeJS.ErrnoException).code ?? "UNKNOWN" };
  }
}

/** Who is it that accepts connections there, and does not greet? */
export async function neighbourAt(server: ServerAddress): Promise<Neighbour> {
  const [plain, secured] = await Promise.all([
    opened(server).then((socket) => answerTo(socket, httpRequest(server))),
    securedWithoutTrust(server),
  ]);
  if (secured === undefined) {
    if (!isHttp(plain)) return { speaks: "nothing" };
    return { speaks: "http", overTls: false, isMonitor: isMonitor(plain) };
  }
  const greeting = await answerTo(secured, "");
  if (/^INFO \{/i.test(greeting)) return { speaks: "nats over tls" };
  const within = await answerTo(await securedWithoutTrust(server), httpRequest(server));
  return isHttp(within) ? { speaks: "http", overTls: true, isMonitor: isMonitor(within) } : { speaks: "tls" };
}

/** The certificate that a server shows, whether it can be trusted or not; null where it shows none. */
export async function certificateAt(
  server: ServerAddress,
  handshakeFirst: boolean,
): Promise<CertificateSeen | null> {
  const socket = await opened(server);
  if (socket === undefined) return null;
  if (!handshakeFirst && (await firstLine(socket)) === undefined) return null;
  const secured = await securedWithoutTrust(server, socket);
  if (secured === undefined) return null;
  const certificate = certificateSeen(secured);
  secured.destroy();
  return certificate.fingerprint === "" ? null : certificate;
}

const isHttp = (answer: string) => answer.startsWith("HTTP/");
/** The page of a nats-server's monitoring has had this link from the beginning. */
const isMonitor = (answer: string) => answer.includes("varz");
const httpRequest = ({ name }: ServerAddress) =>
  `GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\nAccept: */*\r\n\r\n`;

/** An open socket, on which errors are heard; undefined where none could be opened. */
async function opened({ host, port }: ServerAddress): Promise<Socket | undefined> {
  const socket = connect({ host, port });
  return (await happens(socket, "connect")) ? socket : undefined;
}

async function securedWithoutTrust(server: ServerAddress, greeted?: Socket): Promise<TLSSocket | undefined> {
  const { host } = server;
  const socket = greeted ?? (await opened(server));
  if (socket === undefined) return undefined;
  const secured = tlsConnect({
    socket,
    rejectUnauthorized: false,
    ...(isIP(host) === 0 ? { servername: host } : { host }),
  });
  return (await happens(secured, "secureConnect")) ? secured : undefined;
}

/** True where it happens in time; else the socket is destroyed. From here on its errors are heard. */
async function happens(socket: Socket, event: string): Promise<boolean> {
  socket.on("error", () => {});
  try {
    await once(socket, event, { signal: AbortSignal.timeout(PATIENCE) });
    return true;
  } catch {
    socket.destroy();
    return false;
  }
}

/** What the other side answers, as far as it is of interest. Ends the socket. */
async function answerTo(socket: Socket | undefined, request: string): Promise<string> {
  if (socket === undefined) return "";
  if (request !== "") socket.write(request);
  const answer = await reading(socket, (text) => text.length >= ENOUGH || /^INFO .*\r?\n/i.test(text));
  socket.destroy();
  return answer;
}

async function firstLine(socket: Socket): Promise<string | undefined> {
  const text = await reading(socket, (soFar, piece) => piece.includes("\n") || soFar.length >= LONGEST_LINE);
  socket.removeAllListeners("data");
  socket.pause();
  if (text.includes("\n")) return text.slice(0, text.indexOf("\n"));
  socket.destroy();
  return undefined;
}

/** What arrives until it is enough, the other side ends, or our patience does. */
function reading(socket: Socket, isEnough: (text: string, piece: string) => boolean): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const end = () => {
      clearTimeout(timer);
      resolve(text);
    };
    const timer = setTimeout(end, PATIENCE);
    socket.on("close", end);
    socket.on("end", end);
    socket.on("data", (chunk) => {
      const piece = chunk.toString("latin1");
      text += piece;
      if (isEnough(text, piece)) end();
    });
  });
}
