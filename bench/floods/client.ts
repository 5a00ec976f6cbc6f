// The flooded client: one process, one contender, one flood. It prints a line when it has seen everything, and then one of JSON, a
// Sample.
//
// node --expose-gc client.js <contender> <id of the flood> <port>

import { BEGIN, type ContenderName, END } from "./flood.js";
import { floodOf } from "./list.js";
import { measure } from "./meter.js";
import { type Client, type Played, roles } from "./roles.js";
import type { Sample } from "./sample.js";

interface Library {
  connect(options: {
    readonly servers: string;
    readonly reconnect: boolean;
    readonly record?: boolean;
  }): Promise<Client>;
}

// As the package has it: what users get, not what we edit.
const bundle = "../nats-statechart/index.js";
const libraries: { readonly [Name in ContenderName]: () => Promise<unknown> } = {
  ours: () => import(bundle),
  nats2: () => import("nats"),
  nats3: () => import("@nats-io/transport-node"),
};

const [contender, id = "", port] = process.argv.slice(2) as [ContenderName, string, string];
const flood = floodOf(id);
const { connect } = (await libraries[contender]()) as Library;

const client = await connect({
  servers: `127.0.0.1:${port}`,
  // A client that closes the connection is to be seen to do so.
  reconnect: false,
  ...(flood.role === "records" ? { record: true } : {}),
});
const played: Played = { seen: 0, keeps: [] };
roles[flood.role](client, played);
const ended = new Promise<string>((resolve) => {
  client.subscribe(END, { callback: () => resolve("end") });
});
const closed = client.closed().then(codeOf);
await client.flush();

const meter = await measure();
client.publish(BEGIN);
const outcome = await Promise.race([ended, closed]);
process.stdout.write(`${outcome}\n`);
// What the client still has to answer is part of the flood.
await client.flush().catch(() => {});
const cost = await meter.stop(flood.holds === true);
const sample: Sample = { ...cost, outcome, seen: played.seen };
process.stdout.write(`${JSON.stringify(sample)}\n`, () => process.exit(0));

/** Why a client has closed the connection, as `closed()` tells. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "closed without an error";
  return `closed: ${(error as { readonly code?: string }).code ?? error.name}`;
}
