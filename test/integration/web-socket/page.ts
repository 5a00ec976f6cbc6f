// What runs in the page of browser.test.ts: a client as a user would write one, and a way for the test to drive it. It is
// bundled for a browser, so nothing of Node is here. Each function gives back plain data.

import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { createWebSocketInspector } from "@statelyai/inspect";
import {
  type ConnectionOptions,
  connect,
  JSONCodec,
  type NatsConnection,
  type NatsError,
  nkeyAuthenticator,
} from "../../../src/browser.js";
import { asNatsCore } from "../../../src/nats-core/index.js";

/** What a page says of a connection that was refused. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

let nc: NatsConnection | undefined;
const statuses: string[] = [];
const received: string[] = [];

function connection(): NatsConnection {
  if (nc === undefined) throw new Error("connect first");
  return nc;
}

/** The functions that the test calls in the page. */
export const driver = {
  /** Connects, echoes on `echo`, answers on `ask`, and keeps what arrives on `row`. */
  async connect(options: ConnectionOptions, relayUrl?: string): Promise<string> {
    const inspect =
      relayUrl === undefined ? {} : { inspect: createWebSocketInspector({ url: relayUrl }).inspect };
    nc = await connect({ ...options, ...inspect, onStatus: ({ type }) => void statuses.push(type) });
    nc.subscribe("row", { callback: (_error, msg) => void received.push(msg.string()) });
    nc.subscribe("ask", { callback: (_error, msg) => void msg.respond(`${msg.string()}!`) });
    nc.subscribe("echo", { callback: (_error, msg) => void msg.respond(msg.data) });
    await nc.flush();
    return nc.getServer();
  },

  async connectWithSeed(servers: string, seed: string): Promise<string> {
    return driver.connect({ servers, authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)) });
  },

  async refusal(options: ConnectionOptions): Promise<Refusal> {
    return connect(options).then(
      async (opened) => {
        await opened.close();
        return { code: "", message: "it connected" };
      },
      ({ code, message }: NatsError) => ({ code, message }),
    );
  },

  publish(from: number, count: number): void {
    for (let i = 0; i < count; i++) connection().publish("row", `${from + i}`);
  },

  /** Publishes that many payloads of 64 KiB as fast as the network takes them. */
  async pour(count: number): Promise<void> {
    const payload = new Uint8Array(65_536);
    for (let i = 0; i < count; i++) {
      connection().publish("pour", payload);
      await connection().ready();
    }
    await connection().flush();
  },

  async request(subject: string, text: string): Promise<string> {
    return (await connection().request(subject, text, { timeout: 20_000 })).string();
  },

  /** Asks with every value of a byte; true where all come back. */
  async everyByte(): Promise<boolean> {
    const payload = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 256);
    const { data } = await connection().request("echo", payload, { timeout: 20_000 });
    return data.length === payload.length && data.every((byte, index) => byte === payload[index]);
  },

  /** Publishes to a stream of JetStream and consumes it, by the official package. */
  async jetStream(count: number): Promise<string[]> {
    const core = asNatsCore(connection());
    const jsm = await jetstreamManager(core);
    await jsm.streams.add({ name: "orders", subjects: ["orders.*"] });
    await jsm.consumers.add("orders", { durable_name: "page", ack_policy: "explicit" });
    const js = jetstream(core);
    for (let i = 0; i < count; i++) await js.publish("orders.new", `${i}`);
    const consumed: string[] = [];
    const consumer = await js.consumers.get("orders", "page");
    for await (const msg of await consumer.fetch({ max_messages: count })) {
      consumed.push(msg.string());
      msg.ack();
    }
    return consumed;
  },

  async flush(): Promise<void> {
    await connection().flush();
  },

  setServers(servers: string[]): Refusal | null {
    try {
      connection().setServers(servers);
      return null;
    } catch (error) {
      const { code, message } = error as NatsError;
      return { code, message };
    }
  },

  servers: () =>
    connection()
      .getServers()
      .map(({ listen }) => listen),
  received: () => received,
  statuses: () => statuses,
  encoded: () => JSONCodec().decode(JSONCodec().encode({ a: [1] })),
  /** Closes with that many bytes on their way; gives back the error of `closed()`. */
  async close(bytes = 0): Promise<string | null> {
    for (let left = bytes; left > 0; left -= 65_536) connection().publish("pour", new Uint8Array(65_536));
    await connection().close();
    return (await connection().closed())?.message ?? null;
  },
  drain: () => connection().drain(),
};

/** The driver, by the name under which the test finds it. */
export type Driver = typeof driver;
Object.assign(globalThis, { driver });
