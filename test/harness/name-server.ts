// A name server for tests: it knows what it is told, denies the rest, and can be silent about some names.

import { createSocket } from "node:dgram";
import { once } from "node:events";

/** What a name server says. */
export interface Zone {
  /** IPv4 addresses of names, in lower case. All other names are unknown. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  /** It answers for names that end with this only. Default: for all. */
  readonly answersFor?: string;
}

const TYPE_A = 1;
const NAME_ERROR = 3;

/** Answers on UDP port 53 of every address of this network, as long as the process lives. Resolves when it listens. */
export async function startNameServer({ names, answersFor = "" }: Zone): Promise<void> {
  const socket = createSocket("udp4");
  socket.on("message", (query, { address, port }) => {
    const { name, end } = nameIn(query);
    if (name.endsWith(answersFor)) socket.send(answer(query, end, names[name]), port, address);
  });
  socket.bind(53);
  await once(socket, "listening");
  socket.unref();
}

/** The name of the first question, and where it ends: twelve bytes of header precede it. */
function nameIn(query: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), end: at + 1 };
}

function answer(query: Buffer, end: number, addresses: readonly string[] | undefined): Buffer {
  const isForAddresses = query.readUInt16BE(end) === TYPE_A;
  const records = (isForAddresses ? (addresses ?? []) : []).map((address) =>
    // The name as a pointer to the question, type A, class IN, sixty seconds, four bytes.
    Buffer.from([0xc0, 12, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split(".").map(Number)]),
  );
  const header = Buffer.alloc(12);
  header.writeUInt16BE(query.readUInt16BE(0), 0);
  header.writeUInt16BE(0x8180 | (addresses === undefined ? NAME_ERROR : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, query.subarray(12, end + 4), ...records]);
}
