// A whole connection in virtual time, and servers that say what the fuzzer likes. The process lives, every promise settles, the
// chart ends in `closed` with nothing left, nobody sees a secret, and the work is bounded by the bytes that came.
//
// An input: a byte of options, a seed, then what the servers send (said.ts), with the secret in it where the client has
// offered it to that server. Four bytes are no text of theirs, but what happens: `happenings`.

import { Connection } from "../../src/api/connection.js";
import { NatsError } from "../../src/api/errors.js";
import type { Msg } from "../../src/api/msg.js";
import type { ConnectionOptions } from "../../src/api/options.js";
import { Random } from "../../src/effects/simulated/random.js";
import type { ServerSocket } from "../../src/effects/simulated/server-socket.js";
import { VirtualNetwork } from "../../src/effects/simulated/virtual-network.js";
import { VirtualTime } from "../../src/effects/simulated/virtual-time.js";
import { SimulatedWorld } from "../../src/effects/simulated/world.js";
import { must } from "../finding.js";
import { changedInfo, GREETING, said } from "../said.js";
import { leakIn, secretOf } from "../secrets.js";

const SECRET = secretOf(Uint8Array.from({ length: 24 }, (_, i) => 5 * i));
const bytes = (text: string) => new Uint8Array(Buffer.from(text));

/** What is said begins with this byte: the rest is changes of a good INFO. */
const CHANGES = 6;
/** Milliseconds of virtual time in which all must have come to its end. */
const PATIENCE = 3_600_000;

/** What a case may cost: so much in any case, for each socket that is dialed and each pause, and for each byte that is sent. */
const mostEvents = (occasions: number, received: number) => 300 + 60 * occasions + received;
const mostTimers = (occasions: number, received: number) => 300 + 60 * occasions + 2 * received;
const mostWritten = (occasions: number, received: number) => 2_000 + 2_000 * occasions + 4 * received;
const mostDials = (received: number) => 60 + received;
/** What is told of one byte: in statuses, and again in the error at the end. */
const mostTold = (occasions: number, received: number) => 40_000 + 4_000 * occasions + 400 * received;

/** Bytes of an input, at most. */
export const LONGEST = 1_024;

/** The target. */
export async function fuzz(data: Uint8Array): Promise<void> {
  const [flags = 0, seed = 0] = data;
  const scene = new Scene(flags, seed);
  const uncaught: unknown[] = [];
  const caught = (error: unknown) => void uncaught.push(error);
  process.on("unhandledRejection", caught).on("uncaughtException", caught);
  try {
    await scene.play(data.subarray(2));
    // What nobody listens to is told when this turn is over.
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off("unhandledRejection", caught).off("uncaughtException", caught);
  }
  if (uncaught.length > 0) throw uncaught[0];
  scene.check();
}

/** A client, the servers `a` and `b`, and all that is counted. */
class Scene {
  readonly #time = new VirtualTime();
  readonly #world: CountingWorld;
  readonly #connection: Connection;
  readonly #isPolite: boolean;
  readonly #drains: boolean;
  readonly #told: unknown[] = [];
  /** Promises that were handed out, by name; those that are settled are gone. */
  readonly #open = new Set<string>();
  #socket: ServerSocket | undefined;
  /** Names of the servers that were offered the secret, and whether the one that speaks was. */
  readonly #offered = new Set<string>();
  #knowsSecret = () => false;
  #events = 0;
  #received = 0;
  /** How often time passed in which the client looks after its connection. */
  #pauses = 0;

  constructor(flags: number, seed: number) {
    const on = (bit: number) => (flags & (1 << bit)) !== 0;
    this.#isPolite = !on(0);
    this.#drains = on(1);
    const network = new VirtualNetwork(this.#time, new Random(seed), { latency: [1, 1] });
    this.#world = new CountingWorld(this.#time, network, "client", seed, {
      dialed: () => void this.#world.dials++,
      wrote: (_, sent) => {
        this.#world.written += sent.length;
      },
    });
    for (const name of ["a:4222", "b:4222"]) {
      network.host(name).listen((socket) => this.#accepted(name, socket));
    }
    const options: ConnectionOptions = {
      servers: ["a:4222", "b:4222"],
      authenticator: () => ({ user: "alice", pass: SECRET }),
      reconnect: !on(2),
      maxReconnectAttempts: 3,
      unconfirmed: on(3) ? "resend" : "report",
      onLameDuck: on(4) ? "migrate" : "notify",
      waitOnFirstConnect: on(5),
      ignoreAuthErrorAbort: on(6),
      ...(on(7) ? { tls: null } : {}),
      record: true,
      onStatus: (status) => void this.#told.push(status),
      inspect: () => void this.#events++,
    };
    this.#connection = new Connection(this.#world, options);
  }

  /** Lives through what the servers send, and closes. */
  async play(script: Uint8Array): Promise<void> {
    const nc = this.#connection;
    const connected = this.#promised("connect", nc.start());
    void connected.then((isConnected) => isConnected && this.#use());
    const ended = this.#promised("closed", nc.closed());
    await this.#time.advance(50);
    let from = 0;
    for (const [at, byte] of [...script, 0x1f].entries()) {
      const happens = happenings[byte];
      if (happens === undefined) continue;
      this.#say(script.subarray(from, at));
      from = at + 1;
      const ms = happens(this.#socket);
      if (ms > 0) await this.#time.advance(ms);
      if (ms > 10) this.#pauses++;
    }
    this.#promised("end", this.#drains ? nc.drain() : nc.close());
    await this.#time.until(ended, PATIENCE);
    const { timers, sockets } = this.#world;
    must(timers === 0 && sockets === 0, () => `${timers} timers and ${sockets} sockets are left`);
    const [events, told] = [this.#events, this.#told.length];
    await this.#time.advance(PATIENCE);
    must(events === this.#events, () => "something happens in a chart that is closed");
    must(told === this.#told.length, () => "something is told after the end");
  }

  /** All that must hold at the end. */
  check(): void {
    const nc = this.#connection;
    const { dials, written, started } = this.#world;
    must(this.#open.size === 0, () => `never settled: ${[...this.#open]}`);
    must(nc.isClosed(), () => "the connection is not closed");
    const told = [this.#told, nc.info, nc.recording(), nc.getServers()];
    const leak = leakIn(told, SECRET);
    must(leak === undefined, () => `a secret is seen: ${leak}`);
    const bug = this.#told.map(String).find((text) => text.includes("a bug in nats-statechart"));
    must(bug === undefined, () => `${bug}`);
    const received = this.#received;
    const length = JSON.stringify(this.#told.map((one) => (one instanceof Error ? one.message : one))).length;
    const occasions = dials + this.#pauses;
    const counts: readonly [what: string, count: number, most: number][] = [
      ["dials", dials, mostDials(received)],
      ["events", this.#events, mostEvents(occasions, received)],
      ["timers", started, mostTimers(occasions, received)],
      ["bytes written", written, mostWritten(occasions, received)],
      ["characters told", length, mostTold(occasions, received)],
    ];
    for (const [what, count, most] of counts)
      must(count <= most, () => `${count} ${what} of ${received} bytes, ${dials} dials`);
  }

  /** What a user does who is connected. */
  #use(): void {
    const nc = this.#connection;
    const callback = (error: NatsError | null, msg: Msg) => {
      if (error === null) lookAt(msg);
      else this.#told.push(error);
    };
    this.#tried("subscribe", () => nc.subscribe("a", { callback }));
    this.#tried("iterate", () => {
      const sub = nc.subscribe("b.*", { max: 2 });
      const read = async () => {
        for await (const msg of sub) lookAt(msg);
      };
      void this.#promised("reading", read());
    });
    for (let i = 0; i < 3; i++) this.#tried("publish", () => nc.publish("c", "x"));
    void this.#promised("request", nc.request("d", "x", { timeout: 1_000 }));
    void this.#promised("flush", nc.flush());
  }

  #tried(what: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      must(error instanceof NatsError, () => `${what} throws ${error}`);
      this.#told.push(error);
    }
  }

  /** Remembers whether it settles; true where it is well. */
  async #promised(what: string, promise: Promise<unknown>): Promise<boolean> {
    this.#open.add(what);
    try {
      const result = await promise;
      if (result instanceof Error) this.#told.push(result);
      return true;
    } catch (error) {
      must(error instanceof NatsError, () => `${what} is rejected with ${error}`);
      this.#told.push(error);
      return false;
    } finally {
      this.#open.delete(what);
    }
  }

  #accepted(name: string, socket: ServerSocket) {
    this.#socket = socket;
    this.#knowsSecret = () => this.#offered.has(name);
    const forget = () => {
      if (this.#socket === socket) this.#socket = undefined;
    };
    if (this.#isPolite) socket.write(GREETING);
    let heard = "";
    return {
      data: (chunk: Uint8Array) => {
        heard += Buffer.from(chunk).toString();
        if (heard.includes("CONNECT {")) this.#offered.add(name);
        const pings = heard.split("PING\r\n").length - 1;
        if (pings > 0) heard = "";
        if (pings > 0 && this.#isPolite) socket.write(bytes("PONG\r\n".repeat(pings)));
      },
      secure: () => ["a", "b"],
      closed: forget,
    };
  }

  #say(script: Uint8Array): void {
    if (script.length === 0 || this.#socket === undefined) return;
    const secret = this.#knowsSecret() ? SECRET : undefined;
    const words = script[0] === CHANGES ? changedInfo(script.subarray(1), secret) : said(script, secret);
    this.#received += words.length;
    this.#socket.write(words);
  }
}

/** Milliseconds that pass after what happens. */
type Happening = (socket: ServerSocket | undefined) => number;

/** What the bytes of a script stand for that are not said: the next chunk, a close, a reset, and time that passes. */
const happenings: Readonly<Record<number, Happening>> = {
  31: () => 10,
  30: (socket) => {
    socket?.end();
    return 3_000;
  },
  29: (socket) => {
    socket?.destroy();
    return 3_000;
  },
  28: () => 150_000,
};

/** Counts what a client costs its surroundings. */
class CountingWorld extends SimulatedWorld {
  dials = 0;
  written = 0;
  started = 0;

  override startTimer(ms: number, fired: () => void) {
    this.started++;
    return super.startTimer(ms, fired);
  }
}

/** Looks at everything a message has, and answers it. */
function lookAt(msg: Msg): void {
  const calls: (() => unknown)[] = [
    () => [msg.subject, msg.reply, msg.sid, msg.string()],
    () => msg.json(),
    () => [...(msg.headers ?? []), msg.headers?.status],
    () => msg.respond("answer"),
  ];
  for (const call of calls) {
    try {
      call();
    } catch (error) {
      must(error instanceof NatsError, () => `a message that is looked at throws ${error}`);
    }
  }
}
