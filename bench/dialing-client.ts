// What dialing.ts runs in a network of its own: a nats-server, and one contender that connects once to the name `nats`. It
// prints the milliseconds that took, or the code of the error. Arguments: the nats-server, the contender.

import { connect as nats3 } from "@nats-io/transport-node";
import { connect as nats2 } from "nats";
import { connect as ours } from "../src/index.js";
import { startServer } from "../test/harness/nats-server.js";

interface Client {
  close(): Promise<void>;
}
type Connect = (options: { servers: string; noRandomize: boolean }) => Promise<Client>;

const contenders: Readonly<Record<string, Connect>> = {
  "nats-statechart": ours as Connect,
  "nats 2.29.3": nats2 as unknown as Connect,
  "@nats-io/transport-node 3.4.0": nats3 as unknown as Connect,
};

const [path = "", contender = ""] = process.argv.slice(2);
const connect = contenders[contender];
if (connect === undefined) throw new Error(`there is no contender ${contender}`);
const server = await startServer({ path, port: 4222, config: 'listen: "0.0.0.0:4222"' });
const start = performance.now();
try {
  const nc = await connect({ servers: "nats", noRandomize: true });
  console.log(performance.now() - start);
  await nc.close();
} catch (error) {
  console.log((error as { code?: string }).code ?? (error as Error).name);
}
await server.kill();
process.exit(0);
