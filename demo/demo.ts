// The demo: a client lives through the death of its server, and one sees why it loses nothing.
//
// Run it with `npm run demo`. It uses a nats-server on PATH, or the one that NATS_SERVER names. Where there is none, or
// with `npm run demo -- --embedded`, it runs on the embedded server of `nats-statechart/testing`.

import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connect, type NatsConnection } from "../src/index.js";
import { Narrator } from "./narrator.js";
import { findServer, type RunningServer, startEmbedded, startNatsServer } from "./server.js";

const OUTAGE_MS = 2_000;
const EVERY_MS = 2;

const narrator = new Narrator();
const { say, title } = narrator;

/** Publishes numbered messages at a steady pace until told to stop; returns how many. */
function publishSteadily(nc: NatsConnection, from: number): { readonly stop: () => number } {
  let next = from;
  const timer = setInterval(() => nc.publish("demo.numbers", `${next++}`), EVERY_MS);
  const stop = () => {
    clearInterval(timer);
    return next - from;
  };
  return { stop };
}

async function main(server: RunningServer): Promise<boolean> {
  title("A server, and a client that connects to it");
  say(`${server.name} listens on 127.0.0.1:${server.port}`);
  const nc = await connect({ port: server.port, name: "demo", inspect: narrator.inspect });

  title("Subscribe, request, reply");
  const received: number[] = [];
  nc.subscribe("demo.numbers", { callback: (_error, msg) => void received.push(Number(msg.string())) });
  nc.subscribe("demo.greet", { callback: (_error, msg) => void msg.respond(`Hello, ${msg.string()}!`) });
  const answer = await nc.request("demo.greet", "newcomer");
  say(`asked demo.greet with "newcomer", the answer: "${answer.string()}"`);

  title("Publish 500 messages a second");
  let publishing = publishSteadily(nc, 0);
  await sleep(500);
  let sent = publishing.stop();
  await nc.flush();
  say(`${sent} published, ${received.length} delivered`);

  title(`Kill the server (${server.killing}); publish on while it is gone for ${OUTAGE_MS / 1_000} seconds`);
  const lost = nextStatus(nc, "disconnect");
  await server.kill();
  await lost;
  publishing = publishSteadily(nc, sent);
  await sleep(OUTAGE_MS);
  const kept = Math.round(nc.pendingBytes / 1_024);
  say(`nothing is delivered now (still ${received.length}), but ${kept} KiB wait in the reconnect buffer`);

  title("Start the server again");
  const back = nextStatus(nc, "reconnect");
  await server.start();
  await back;
  const duringOutage = publishing.stop();
  sent += duringOutage;
  await nc.flush();

  title("Drain: everything is delivered, then the connection closes");
  await nc.drain();
  await server.stop();
  return report(sent, duringOutage, received);
}

/** Resolves at the next status of that kind. */
async function nextStatus(nc: NatsConnection, type: "disconnect" | "reconnect"): Promise<void> {
  for await (const status of nc.status()) if (status.type === type) return;
}

function report(sent: number, kept: number, received: readonly number[]): boolean {
  const lost = sent - new Set(received).size;
  const inOrder = received.every((number, index) => index === 0 || number > (received[index - 1] ?? 0));
  title("What became of the messages");
  say(`published             ${sent}`);
  say(`of these in the outage ${kept}, kept by the client until the server was back`);
  say(`delivered             ${received.length}, ${inOrder ? "in order" : "OUT OF ORDER"}`);
  say(`lost                  ${lost}${lost === 0 ? " (nothing)" : ""}`);
  return lost === 0 && inOrder && received.length === sent;
}

/** The server to use; undefined where NATS_SERVER names something that is none. */
async function chooseServer(): Promise<RunningServer | undefined> {
  const { values } = parseArgs({ options: { embedded: { type: "boolean", default: false } } });
  if (values.embedded) return startEmbedded();
  const path = await findServer();
  if (path !== undefined) return startNatsServer(path);
  narrator.explainMissingServer(process.env["NATS_SERVER"]);
  return process.env["NATS_SERVER"] === undefined ? startEmbedded() : undefined;
}

const server = await chooseServer();
process.exitCode = server !== undefined && (await main(server)) ? 0 : 1;
