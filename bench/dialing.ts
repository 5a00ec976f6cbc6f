// How long a connect takes to a name with two addresses, one of which is dead: ours and both reference clients, the dead
// address second and first, with round trips of 0 to 800 ms to the other. A connect takes three round trips: TCP, INFO, PONG.
//
// Each connect is a process in a network of its own (test/harness/network.ts says what that needs). All options have their
// defaults, but that the order of the addresses is the system's. Run it with `npm run bench:dialing`: it prints the table of
// docs/benchmarks/dialing.md. The median of three rounds is printed, or the error by which they failed.

import { oldestServer } from "../test/harness/nats-server.js";
import { Networks } from "../test/harness/network.js";

const ROUNDS = 3;
/** They wait, most of the time. */
const AT_ONCE = 4;
const ROUND_TRIPS = [0, 100, 200, 300, 400, 600, 800];
const CONTENDERS = ["nats-statechart", "nats 2.29.3", "@nats-io/transport-node 3.4.0"];
const ORDERS = ["live, dead", "dead, live"];
const [LIVE, DEAD] = ["10.9.0.2", "10.9.0.3"] as const;

const networks = await Networks.create();
const path = process.env["NATS_SERVER"] ?? (await oldestServer());

/** Milliseconds, or the code of the error. */
async function measured(contender: string, order: string, roundTrip: number): Promise<string> {
  const addresses = order === "live, dead" ? [LIVE, DEAD] : [DEAD, LIVE];
  const network = {
    addresses: { [LIVE]: roundTrip, [DEAD]: "dead" },
    hosts: addresses.map((address) => `${address} nats\n`).join(""),
  } as const;
  const program = await networks.start(network, "bench/dialing-client.ts", { args: [path, contender] });
  const { stdout, stderr } = await program.ended();
  const said = stdout.trim();
  if (said === "") throw new Error(`${contender}, ${order}, ${roundTrip} ms: ${stderr}`);
  return said;
}

const cases = ORDERS.flatMap((order) =>
  ROUND_TRIPS.flatMap((roundTrip) => CONTENDERS.map((contender) => ({ order, roundTrip, contender }))),
);
const results = new Map<(typeof cases)[number], string[]>(cases.map((one) => [one, []]));
const waiting = Array.from({ length: ROUNDS }, () => cases).flat();
const play = async () => {
  for (let one = waiting.shift(); one !== undefined; one = waiting.shift())
    results.get(one)?.push(await measured(one.contender, one.order, one.roundTrip));
};
try {
  await Promise.all(Array.from({ length: AT_ONCE }, play));
} finally {
  await networks.remove();
}

/** The median, and how many failed where not all are alike. */
function shown(said: readonly string[]): string {
  const times = said.filter((one) => !Number.isNaN(Number(one))).sort((a, b) => Number(a) - Number(b));
  const errors = [...new Set(said.filter((one) => Number.isNaN(Number(one))))];
  const median = `${Math.round(Number(times[Math.floor(times.length / 2)]))} ms`;
  if (errors.length === 0) return median;
  if (times.length === 0) return errors.join(", ");
  return `${median}, ${said.length - times.length} of ${said.length}: ${errors.join(", ")}`;
}

console.log(`| addresses | round trip | ${CONTENDERS.join(" | ")} |`);
console.log(`| --- | ---: | ${CONTENDERS.map(() => "---:").join(" | ")} |`);
for (const order of ORDERS) {
  for (const roundTrip of ROUND_TRIPS) {
    const row = cases.filter((one) => one.order === order && one.roundTrip === roundTrip);
    const cells = row.map((one) => shown(results.get(one) ?? []));
    console.log(`| ${order} | ${roundTrip} ms | ${cells.join(" | ")} |`);
  }
}
process.exit(0);
