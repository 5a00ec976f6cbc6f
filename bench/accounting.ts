// Every message accounted for: random faults on a three-node cluster, and what became of each message that a client accepted. What
// ours does not deliver it must have told, by number; with `unconfirmed: "resend"` it delivers everything. Both reference
// clients publish beside it.
//
// Run it with `npm run bench:accounting`. It fails where ours does not add up.
//
//   --minutes 10    how long faults happen
//   --seed 1        which faults happen, and when; what the clients do in the meantime is theirs
//   --rate 50       messages a second, of each client
//   --clients ours-report,ours-resend,nats,transport-node

import { parseArgs } from "node:util";
import { natsServers } from "../scripts/nats-servers.mjs";
import { episodes } from "./accounting/faults.js";
import { type PublisherName, publisherNames } from "./accounting/publisher.js";
import { type Outcome, run } from "./accounting/run.js";

const { values: given } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    rate: { type: "string", default: "50" },
    clients: { type: "string", default: publisherNames.join() },
  },
});

function number(option: "minutes" | "seed" | "rate"): number {
  const value = Number(given[option]);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`--${option}: a number above 0`);
  return value;
}

function clients(): PublisherName[] {
  return given.clients.split(",").map((text) => {
    const name = publisherNames.find((one) => one === text);
    if (name === undefined)
      throw new Error(`--clients: there is no ${text}; there are ${publisherNames.join(", ")}`);
    return name;
  });
}

function row({ name, account, disconnects }: Outcome): (string | number)[] {
  const { published, refused, delivered, lost, told, toldAndDelivered, silentlyLost, doubled } = account;
  const counts = [published, refused, delivered, lost, told, toldAndDelivered, silentlyLost.length, doubled];
  return [name, ...counts, disconnects];
}

const head =
  "| client | published | refused | delivered | lost | told | told, delivered | lost, not told | doubled | disconnects |";

const [minutes, seed, rate] = [number("minutes"), number("seed"), number("rate")];
const server = (await natsServers()).at(-1);
if (server === undefined) throw new Error("there is no nats-server: see scripts/nats-servers.mjs");
console.log(
  `nats-server ${server.version}, Node ${process.versions.node}, --minutes ${minutes} --seed ${seed} --rate ${rate}`,
);
const { outcomes, faults } = await run({
  path: server.path,
  publishers: clients(),
  rate,
  lasts: minutes * 60_000,
  episodes: episodes(seed),
  log: (line) => console.error(line),
});
console.log(
  Object.entries(faults)
    .map(([kind, count]) => `${kind}: ${count}`)
    .join(", "),
);
console.log(`\n${head}\n| --- |${" ---: |".repeat(9)}`);
for (const outcome of outcomes) console.log(`| ${row(outcome).join(" | ")} |`);
console.log();
for (const { name, lastWords } of outcomes) console.log(`${name.padEnd(14)} ${lastWords.join(", ")}`);
for (const { name, seenByOthersOnly } of outcomes)
  if (seenByOthersOnly > 0) console.log(`${name}: ${seenByOthersOnly} seen by witnesses of other nodes only`);
for (const { name, objections } of outcomes)
  for (const objection of objections) console.log(`FAILED ${name}: ${objection}`);
process.exit(outcomes.some(({ objections }) => objections.length > 0) ? 1 : 0);
