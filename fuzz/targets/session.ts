// One socket: what a session makes of a server's bytes. INFO, -ERR and what is wrong become events, and there is never more in
// them than the server said, and never a secret that the client has offered.
//
// An input: a byte for how the socket is read, one for the length of the secret, the secret, then what the server sends (said.ts).

import { parseInfo, summaryOf } from "../../src/effects/server-info.js";
import { Session, type SessionSide } from "../../src/effects/session.js";
import { Random } from "../../src/effects/simulated/random.js";
import { ProtocolViolation } from "../../src/effects/wire/parser.js";
import type { Transport, TransportEvents, World } from "../../src/effects/world.js";
import type { Destination } from "../../src/machine/origin.js";
import { must } from "../finding.js";
import { changedInfo, said } from "../said.js";
import { leakIn, secretOf } from "../secrets.js";

/** An event of a session is never much longer than what the server said: names of fields, a reason, defaults. */
const OWN_WORDS = 1_500;
const LONGEST_SECRET = 40;

/** Bytes of an input, at most. */
export const LONGEST = 1_024;

/** The target. */
export function fuzz(data: Uint8Array): void {
  const [how = 0, length = 0] = data;
  const size = length % (LONGEST_SECRET + 1);
  const secret = secretOf(data.subarray(2, 2 + size));
  const stream = (how & 4 ? changedInfo : said)(data.subarray(2 + size), secret);
  const heard = new Heard(secret, (how & 1) === 0);
  const random = new Random(how);
  const most = how & 2 ? stream.length : 30;
  for (let at = 0; at < stream.length && !heard.isOver; ) {
    const chunk = stream.slice(at, at + 1 + random.below(Math.max(1, most)));
    heard.receive(chunk);
    at += chunk.length;
  }
  heard.check(stream.length);
}

/** A session, and all that it tells. */
class Heard {
  readonly #secret: string;
  readonly #told: unknown[] = [];
  readonly #session: Session;
  /** What waits for the next turn of the event loop. */
  readonly #turns: (() => void)[] = [];
  #events = 0;
  #written = 0;
  #receive: TransportEvents["data"] = () => {};
  isOver = false;

  constructor(secret: string, isJwt: boolean) {
    this.#secret = secret;
    const credentials = isJwt ? { jwt: secret, sig: "c2ln" } : { user: "alice", pass: secret };
    this.#session = new Session(this.#side(), 1, { name: "a:4222", host: "a" } as Destination);
    this.#session.introduce({ text: "CONNECT {}\r\nPING\r\n", shown: "" }, credentials, () => {});
  }

  receive(chunk: Uint8Array): void {
    this.#receive(chunk);
    for (let turn = this.#turns.shift(); turn !== undefined; turn = this.#turns.shift()) turn();
  }

  /** All that must hold of what was told. */
  check(received: number): void {
    must(Object.keys(Object.prototype).length === 0, () => "the prototype of all objects has changed");
    const { info } = this.#session;
    const told = [this.#told, info, info && summaryOf(info)];
    const leak = leakIn(told, this.#secret);
    must(leak === undefined, () => `a secret is told: ${leak}`);
    const events = JSON.stringify(this.#told).length;
    must(this.#events <= received / 4 + 1, () => `${this.#events} events of ${received} bytes`);
    // A control character is one byte on the wire and six of JSON, () => which is written twice where it says what is refused.
    const most = OWN_WORDS * (this.#events + 1) + 24 * received;
    must(events <= most, () => `events of ${events} characters for ${received} bytes`);
    must(this.#written <= received + 100, () => `${this.#written} bytes are written for ${received}`);
    if (info === undefined) return;
    for (const name of ["port", "proto", "client_id", "max_payload"] as const) {
      must(Number.isFinite(info[name]) && info[name] >= 0, () => `${name} is ${info[name]}`);
    }
    // What is kept can be read again, as a user may who stores it.
    const again = summaryOf(parseInfo(JSON.stringify(info)));
    must(again.serverId === summaryOf(info).serverId, () => "INFO reads otherwise again");
  }

  #side(): SessionSide {
    const tell = (what: unknown) => {
      this.#told.push(what);
      this.#events++;
    };
    const world: Pick<World, "dial" | "nextTurn"> = {
      dial: (_, events) => this.#dialed(events),
      nextTurn: (run) => this.#turns.push(run),
    };
    return {
      world: world as World,
      message: () => {},
      send: (event) => {
        tell(event);
        if (event.type === "protocol.violated") this.isOver = true;
      },
      credentialsVersion: () => 1,
      offeredBefore: () => ({}),
      knownNames: () => ["b:4222"],
      informed: () => {},
      saidOf: (_session, summary) => tell(summary),
      drained: () => {},
      mark: () => undefined,
      confirmed: () => {},
      line: () => ({ tell: () => {}, ask: (answered) => answered() }),
      isOwn: ({ subject, queue }) => subject === "own" && queue === undefined,
      over: () => {},
      caused: (failure) => failure,
    };
  }

  #dialed(events: TransportEvents): Transport {
    this.#receive = (chunk) => {
      try {
        events.data(chunk);
      } catch (error) {
        // Text of INFO that is no JSON: the parser passes on what its sink throws.
        if (!(error instanceof ProtocolViolation)) throw error;
        this.isOver = true;
      }
    };
    return {
      isOpen: true,
      write: (bytes) => {
        this.#written += bytes.length;
        return true;
      },
      secure: () => {},
      end: () => {},
      destroy: () => {},
    };
  }
}
