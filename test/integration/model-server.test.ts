// The model server beside real ones: the same bytes in, the same answers out.

import { once } from "node:events";
import { connect as dial } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { startEmbeddedServer } from "../../src/testing/embedded-server.js";
import { startServer } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";
import { type Exchange, guardedExchanges, openExchanges } from "./exchanges.js";

/** Everything the server says, but for what INFO holds; and whether it closes. Rejects where it is silent, and says what it said before. */
async function answers(port: number, { says }: Exchange): Promise<string> {
  const socket = dial(port, "127.0.0.1").setNoDelay(true).setEncoding("utf8");
  let heard = "";
  let isClosed = false;
  socket.on("data", (text) => {
    heard += text;
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    isClosed = true;
  });
  await once(socket, "data");
  for (const piece of says) {
    socket.write(piece);
    if (says.length > 1) await sleep(5);
  }
  const pings = says.join("").match(/PING\r?\n/gi)?.length ?? 0;
  // Who does not ask with PING is to be closed.
  const isDone = () => isClosed || (pings > 0 && heard.match(/PONG\r\n/g)?.length === pings);
  for (let tries = 0; !isDone(); tries++) {
    if (tries > 2_000) throw new Error(`timed out: ${pings} PONGs, or the end, after\n${heard}`);
    await sleep(5);
  }
  // What is wrong shows late: an answer after the last PONG would be one too many.
  await sleep(5);
  socket.destroy();
  return `${heard.replace(/INFO \{.*?\} *\r\n/g, "INFO\r\n")}${isClosed ? "(closed)" : ""}`;
}

/** Messages of the same subject and payload come in an order that nobody promises. */
function comparable(heard: string): readonly string[] {
  const parts = heard.split(/(?=MSG )/);
  const isOneMessage = (text: string | undefined) =>
    text !== undefined && /^MSG [^\n]*\n[^\n]*\n$/.test(text);
  const sorted: string[] = [];
  for (let at = 0; at < parts.length; ) {
    let end = at + 1;
    const subject = parts[at]?.split(" ")[1];
    while (isOneMessage(parts[at]) && isOneMessage(parts[end]) && parts[end]?.split(" ")[1] === subject)
      end++;
    sorted.push(...parts.slice(at, end).sort());
    at = end;
  }
  return sorted;
}

const permissions = 'publish: { allow: "ok.>" }, subscribe: { deny: "no.>" }';
const guarded = `authorization { users: [{ user: u, password: p, permissions: { ${permissions} } }] }`;
const users = [{ user: "u", pass: "p", publish: { allow: ["ok.>"] }, subscribe: { deny: ["no.>"] } }];

describe.each(servers)("the model server answers as nats-server $label does", ({ path, version }) => {
  let real = 0;
  let model = 0;
  let realGuarded = 0;
  let modelGuarded = 0;

  beforeAll(async () => {
    const started = await Promise.all([
      startServer({ path, config: "max_payload: 1000" }),
      startServer({ path, config: guarded }),
    ]);
    const embedded = await Promise.all([
      startEmbeddedServer({ version, maxPayload: 1_000 }),
      startEmbeddedServer({ version, users }),
    ]);
    [real, realGuarded] = started.map(({ port }) => port) as [number, number];
    [model, modelGuarded] = embedded.map(({ port }) => port) as [number, number];
    return async () => {
      await Promise.all([...started, ...embedded].map((server) => server.stop()));
    };
  });

  it.each(openExchanges)("$name", async (exchange) => {
    const expected = await answers(real, exchange);
    expect(comparable(await answers(model, exchange))).toEqual(comparable(expected));
  });

  it.each(guardedExchanges)("$name", async (exchange) => {
    const expected = await answers(realGuarded, exchange);
    expect(comparable(await answers(modelGuarded, exchange))).toEqual(comparable(expected));
  });
});
