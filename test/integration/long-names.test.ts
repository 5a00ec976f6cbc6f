// Names that are as long as a server takes, and longer: a real server closes the connection at a line that is too long, at
// each attempt where it is a subscription. Other things that no name may hold: user-strings.test.ts.

import { afterEach, describe, expect, it } from "vitest";
import { connect, ErrorCode, headers, type NatsConnection, type Status } from "../../src/index.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";
import { nextStatus } from "../harness/waiting.js";

const tooLong = expect.objectContaining({
  code: ErrorCode.BadSubject,
  message: expect.stringContaining("maxControlLine"),
});

const isTrouble = ({ type }: Status) => type === "disconnect" || type === "error";

/** What the server counts: all that is behind the verb. */
const ofPublish = (length: number, ...others: string[]) => name(length, [...others, "1"]);
const ofSubscription = (length: number, sid: number, ...others: string[]) =>
  name(length, [...others, `${sid}`]);
const name = (length: number, behind: string[]) =>
  "n".repeat(length - behind.reduce((sum, one) => sum + 1 + one.length, 0));

describe.each(servers)("long names, on nats-server $label", ({ path }) => {
  const running: TestServer[] = [];
  const open: NatsConnection[] = [];

  afterEach(async () => {
    await Promise.all(open.splice(0).map((nc) => nc.close()));
    await Promise.all(running.splice(0).map((server) => server.stop()));
  });

  async function connected(config: string, maxControlLine?: number) {
    const server = await startServer({ path, config });
    running.push(server);
    const statuses: Status[] = [];
    const nc = await connect({
      port: server.port,
      reconnectTimeWait: 50,
      maxReconnectAttempts: -1,
      onStatus: (status) => void statuses.push(status),
      ...(maxControlLine === undefined ? {} : { maxControlLine }),
    });
    open.push(nc);
    return { nc, server, statuses };
  }

  /** Publishes, subscribes and requests by names of exactly that length, and longer ones, which are refused. */
  async function exhaust(nc: NatsConnection, limit: number): Promise<void> {
    const received: number[] = [];
    nc.subscribe(">", { callback: (_error, { subject }) => void received.push(subject.length) });
    const longest = ofPublish(limit);
    const withReply = ofPublish(limit, "a.reply");
    const h = headers();
    h.set("A", "b");
    const size = `${"NATS/1.0\r\nA: b\r\n\r\n".length}`;
    const withHeaders = name(limit, [size, size]);
    nc.publish(longest, "1");
    nc.publish(withReply, "1", { reply: "a.reply" });
    nc.publish(withHeaders, "", { headers: h });
    expect(() => nc.publish(`${longest}n`, "1")).toThrow(tooLong);
    expect(() => nc.publish(longest, "10 bytes: ")).toThrow(tooLong);
    expect(() => nc.publish(withReply, "1", { reply: "a.reply2" })).toThrow(tooLong);
    expect(() => nc.publish(`${withHeaders}n`, "", { headers: h })).toThrow(tooLong);
    // Two bytes each.
    expect(() => nc.publish("ä".repeat(limit / 2), "1")).toThrow(tooLong);
    await expect(nc.request(longest, "1")).rejects.toEqual(tooLong);

    nc.subscribe(ofSubscription(limit, 3), { max: 1 });
    nc.subscribe(ofSubscription(limit, 4, "queue"), { queue: "queue" });
    expect(() => nc.subscribe(ofSubscription(limit + 1, 5))).toThrow(tooLong);
    expect(() => nc.subscribe(ofSubscription(limit, 5, "queue"), { queue: "queue2" })).toThrow(tooLong);
    await nc.flush();
    expect(received).toEqual([longest.length, withReply.length, withHeaders.length]);
  }

  it("are taken up to the server's limit, and refused beyond it before anything is sent", async () => {
    const { nc, server, statuses } = await connected("");
    await exhaust(nc, 4_096);
    expect(statuses.filter(isTrouble)).toEqual([]);
    expect(nc.stats().outMsgs).toBe(3);
    // And the server is told again of what it took before.
    const back = nextStatus(nc, "reconnect");
    await server.restart();
    await back;
    await nc.flush();
    expect(statuses.filter(({ type }) => type === "reconnect")).toHaveLength(1);
  });

  it("may be longer where the option says so, as the server does", async () => {
    const { nc, statuses } = await connected("max_control_line: 10000", 10_000);
    await exhaust(nc, 10_000);
    expect(statuses.filter(isTrouble)).toEqual([]);
  });

  it("are refused in an outage too, and what was accepted in it arrives", async () => {
    const { nc, server } = await connected("");
    const received: string[] = [];
    nc.subscribe("kept", { callback: (_error, msg) => void received.push(msg.string()) });
    const lost = nextStatus(nc, "disconnect");
    await server.kill();
    await lost;
    nc.publish("kept", "1");
    expect(() => nc.publish(ofPublish(4_097), "1")).toThrow(tooLong);
    expect(() => nc.subscribe("n".repeat(4_097))).toThrow(tooLong);
    nc.publish("kept", "2");
    const back = nextStatus(nc, "reconnect");
    await server.restart();
    await back;
    await nc.flush();
    expect(received).toEqual(["1", "2"]);
  });
});
