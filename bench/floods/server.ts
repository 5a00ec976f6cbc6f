// The hostile server: a raw socket in a process of its own, so that its CPU time is not the client's. It greets one client,
// floods it on the client's word, and says when the flood is over. It prints its port on a line. A server that does not read
// does so again when its standard input ends: the client has seen everything.
//
// node server.js <id of the flood> <count>

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { BEGIN, END, FLOOD, TICK } from "./flood.js";
import { infoLine, message } from "./lines.js";
import { floodOf } from "./list.js";

const [id = "", count = ""] = process.argv.slice(2);
const flood = floodOf(id);

/** Milliseconds without progress after which a server that does not read does so again: the client does not read either. */
const STUCK = 10_000;

/** Reads what the client says before the flood: it wants numbers of subscriptions, PONGs, and the flood. */
function greet(socket: Socket): void {
  const sids = new Map<string, string>();
  let pieces: readonly Buffer[] = [];
  let text = "";
  const listen = (chunk: Buffer) => {
    text += chunk.toString("latin1");
    for (let end = text.indexOf("\r\n"); end >= 0; end = text.indexOf("\r\n")) {
      const [verb, subject = "", sid = ""] = text.slice(0, end).split(" ");
      text = text.slice(end + 2);
      if (verb === "PING") socket.write("PONG\r\n");
      if (verb === "SUB") sids.set(subject, sid);
      // Made before the client begins to measure.
      if (verb === "SUB" && subject === END) {
        const [sid = "", tick = ""] = [sids.get(FLOOD), sids.get(TICK)];
        pieces = [...flood.pieces(Number(count), sid, tick)];
      }
      if (verb === "PUB" && subject === BEGIN) {
        socket.off("data", listen);
        void overflow(socket, pieces, sids.get(END) ?? "");
        return;
      }
    }
  };
  socket.on("data", listen);
  socket.write(infoLine());
}

/** Counts the PINGs among what the client says, which is PONGs for the most part. */
function countPings(socket: Socket, counted: (pings: number) => void): void {
  let before = "";
  socket.on("data", (chunk: Buffer) => {
    const text = before + chunk.toString("latin1");
    if (text.includes("PING")) counted(text.split("PING\r\n").length - 1);
    before = text.endsWith("\n") ? "" : text.slice(-5);
  });
}

/** Writes everything at the pace of the flood, and the end of it. PINGs are answered then: an answer may not cut a line. */
async function overflow(socket: Socket, pieces: readonly Buffer[], endSid: string): Promise<void> {
  let isOver = false;
  let unanswered = 0;
  const answer = () => {
    if (isOver && unanswered > 0) socket.write("PONG\r\n".repeat(unanswered));
    if (isOver) unanswered = 0;
  };
  countPings(socket, (pings) => {
    unanswered += pings;
    answer();
  });
  if (flood.isDeaf) {
    socket.pause();
    process.stdin.once("end", () => socket.resume()).resume();
  }
  for (const piece of [...pieces, Buffer.from(message(END, endSid, 0))]) {
    if (!socket.write(piece)) await drained(socket);
    else if (flood.pace === "dribble") await nextTurn();
  }
  isOver = true;
  answer();
}

async function drained(socket: Socket): Promise<void> {
  const abort = new AbortController();
  const { signal } = abort;
  const drain = once(socket, "drain", { signal });
  const stuck = sleep(STUCK, undefined, { signal }).then(() => socket.resume());
  await Promise.race([drain, stuck.then(() => drain)]);
  abort.abort();
  await stuck.catch(() => {});
}

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => {});
  socket.on("close", () => process.exit());
  greet(socket);
}).listen(0, "127.0.0.1");
await once(server, "listening");
process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
