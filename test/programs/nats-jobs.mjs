// nats-jobs: background jobs by a pull consumer, one of which fails at first.

import { createRequire } from "node:module";
import { connect } from "nats";
import { outage, outlived, say, started, until, untilDone, url } from "./steps.mjs";

const { expBackoff, jobProcessor } = createRequire(import.meta.url)("nats-jobs");

const options = { servers: url, maxReconnectAttempts: -1 };
const processor = await jobProcessor(options);
const done = [];
const job = processor.start({
  stream: "ORDERS",
  filterSubject: "ORDERS",
  backoff: expBackoff(200),
  pullInterval: 500,
  async perform(msg) {
    const text = msg.data.toString();
    if (text === "flaky" && msg.info.redeliveryCount === 1) throw new Error("not yet");
    done.push(`${msg.info.streamSequence} ${text}`);
  },
});
started();

const nc = await connect(options);
const js = nc.jetstream();
await untilDone(() => js.publish("ORDERS", "plain"));
await js.publish("ORDERS", "flaky");
await until(() => done.length === 2);
say("done", done);
await outage();

await untilDone(() => js.publish("ORDERS", "after", { timeout: 1_000, msgID: "after" }));
await until(() => done.some((line) => line.includes("after")));
say("done", [...new Set(done)]);
outlived();
await job.stop();
await processor.stop();
await nc.close();
