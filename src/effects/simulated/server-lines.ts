// What a server writes to its clients, as bytes.

import type { Published } from "./command-reader.js";

const encoder = new TextEncoder();
const CRLF = encoder.encode("\r\n");

/** A line, with its CRLF. */
export function lineBytes(line: string): Uint8Array {
  return encoder.encode(`${line}\r\n`);
}

/** MSG, or HMSG where the message has headers and the client knows them. */
export function messageBytes(sid: string, message: Published, knowsHeaders: boolean): readonly Uint8Array[] {
  const { subject, reply, headers, payload } = message;
  const names = reply === undefined ? `${subject} ${sid}` : `${subject} ${sid} ${reply}`;
  if (headers === undefined || !knowsHeaders) {
    return [lineBytes(`MSG ${names} ${payload.length}`), payload, CRLF];
  }
  return [
    lineBytes(`HMSG ${names} ${headers.length} ${headers.length + payload.length}`),
    headers,
    payload,
    CRLF,
  ];
}

/**
 * The status 503: nobody listens where the request went.
 * @param named the subject of the request, where the server is one that names it
 */
export function noRespondersBytes(sid: string, reply: string, named: string | undefined): Uint8Array {
  const subject = named === undefined ? "" : `Nats-Subject: ${named}\r\n`;
  const status = encoder.encode(`NATS/1.0 503\r\n${subject}\r\n`).length;
  return lineBytes(`HMSG ${reply} ${sid} ${status} ${status}\r\nNATS/1.0 503\r\n${subject}\r\n`);
}
