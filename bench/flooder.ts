// The other end for subscribers: a process that sends as many prepared messages as it is ordered to, as fast as the
// server takes them. Orders come over NATS, so that a worker in any language can give them: see `order`.

import { ORDER_SUBJECT, PreparedMessages, subjects } from "./messages.js";
import { RawSocket } from "./raw-socket.js";

const raw = await RawSocket.connect(Number(process.argv[2]));
const prepared = new Map<string, PreparedMessages>();
let work = Promise.resolve();
let text = "";

async function carryOut(wanted: string): Promise<void> {
  const [messages = 0, size = 0, headers = 0, count = 1] = wanted.split(" ").map(Number);
  const kind = `${size} ${headers} ${count}`;
  const known = prepared.get(kind) ?? new PreparedMessages(subjects(count), size, headers === 1);
  prepared.set(kind, known);
  for (const piece of known.pieces(messages)) await raw.write(piece);
}

raw.received = (chunk) => {
  text += chunk.toString("latin1");
  for (let match = next(); match !== null; match = next()) {
    const [all, ping, wanted] = match;
    text = text.slice(match.index + all.length);
    if (ping !== undefined) raw.socket.write("PONG\r\n");
    else if (wanted !== undefined) work = work.then(() => carryOut(wanted));
    else process.stdout.write("ready\n");
  }
};

/** The next thing that the server said: a PING, an order, or the PONG to our own PING. */
function next(): RegExpExecArray | null {
  return /(PING)\r\n|MSG \S+ 1 \d+\r\n([\d ]+)\r\n|PONG\r\n/.exec(text);
}

raw.socket.on("close", () => process.exit());
raw.socket.write(`SUB ${ORDER_SUBJECT} 1\r\nPING\r\n`);
