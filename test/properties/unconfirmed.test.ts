// What is confirmed, lost, or goes out once more, against a model: any order of publishes, PINGs, PONGs, outages, full sinks
// and withdrawals, with both policies.

import fc from "fast-check";
import { expect, test } from "vitest";
import { Outbound } from "../../src/effects/outbound.js";
import type { Ping } from "../../src/effects/pings.js";
import { OutboundFull } from "../../src/effects/refusals.js";
import type { Sink } from "../../src/effects/sink.js";
import type { Mark } from "../../src/effects/unconfirmed.js";

type Step =
  | { readonly do: "publish"; readonly size: number }
  | {
      readonly do:
        | "pong"
        | "flush"
        | "ask"
        | "hold"
        | "release"
        | "endTurn"
        | "pause"
        | "resume"
        | "drained"
        | "sub";
    }
  | { readonly do: "withdraw"; readonly which: number }
  | { readonly do: "fill"; readonly hasRoom: boolean }
  | { readonly do: "time" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      size: fc.oneof({ weight: 6, arbitrary: fc.nat(30) }, fc.nat(6_000), fc.constant(70_000)),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("pong", "endTurn") }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("flush", "ask", "time", "sub") }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("hold", "release", "drained") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("pause", "resume") }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("withdraw" as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fill" as const), hasRoom: fc.boolean() }) },
) as fc.Arbitrary<Step>;

/** A message as the model has it. */
interface Message {
  readonly number: number;
  readonly size: number;
  readonly place: readonly [start: number, end: number];
  is: "waiting" | "handed" | "confirmed" | "lost" | "withdrawn";
  /** True once a sink that was lost had it. */
  isRepeated: boolean;
  /** Given up while it was handed over: it does not go out once more. */
  isGivenUp: boolean;
}

/** Who waits for a PONG, and for which messages it stands. */
interface Waiting {
  readonly ping: Ping;
  readonly mark: Mark | undefined;
  readonly covers: readonly Message[];
}

/** One stream, its sinks, and the model of it. */
class Scene {
  readonly messages: Message[] = [];
  readonly deferred: (() => void)[] = [];
  readonly outbound: Outbound;
  readonly #limit: number;
  readonly #policy: "report" | "resend";
  #sink: (Sink & { hasRoom: boolean; pongs: Waiting[] }) | undefined;
  #timer: (() => void) | undefined;
  #isPaused = false;
  flushes = 0;
  settled = 0;
  refused = 0;

  constructor(policy: "report" | "resend", limit: number) {
    this.#policy = policy;
    this.#limit = limit;
    this.outbound = new Outbound({
      defer: (run) => this.deferred.push(run),
      reconnectBufferSize: limit,
      unconfirmed: policy,
      wire: {
        pinged: (_, ping, mark) => {
          const covers = this.messages.filter(
            ({ place, is }) => is !== "withdrawn" && place[1] <= mark.position,
          );
          this.#sink?.pongs.push({ ping, mark, covers });
        },
        ping: (answered) => this.#asked({ answered }),
        startTimer: (_, fired) => {
          expect(this.#timer).toBeUndefined();
          this.#timer = fired;
          return fired;
        },
        stopTimer: () => {
          this.#timer = undefined;
        },
      },
    });
  }

  #asked(ping: Ping): void {
    const covers = this.messages.filter(({ is }) => is === "handed");
    this.#sink?.pongs.push({ ping, mark: this.outbound.here, covers });
  }

  run(one: Step): void {
    switch (one.do) {
      case "publish":
        return this.#publish(one.size);
      case "sub":
        return this.outbound.command("SUB s 1");
      case "flush":
        this.flushes += 1;
        return this.outbound.ping({
          answered: () => {
            this.settled += 1;
          },
          failed: () => {
            this.settled += 1;
          },
          outlives: true,
        });
      case "ask":
        return this.outbound.sink === null ? undefined : this.#asked({ answered: () => {} });
      case "pong": {
        const first = this.#sink?.pongs.shift();
        if (first === undefined) return;
        for (const message of first.covers) if (message.is === "handed") message.is = "confirmed";
        if (first.mark !== undefined) this.outbound.confirm(first.mark);
        return first.ping.answered();
      }
      case "time": {
        const fired = this.#timer;
        this.#timer = undefined;
        return fired?.();
      }
      case "hold":
        this.#lose();
        return this.outbound.hold();
      case "release":
        this.#lose();
        this.#sink = this.#newSink();
        return this.outbound.release(this.#sink);
      case "pause":
        this.#isPaused = this.#sink !== undefined;
        return this.outbound.pause();
      case "resume":
        if (!this.#isPaused || this.#sink === undefined) return;
        this.#isPaused = false;
        return this.outbound.release(this.#sink);
      case "endTurn":
        for (const run of this.deferred.splice(0)) run();
        return;
      case "drained":
        if (this.#sink === undefined) return;
        return this.outbound.drained(this.#sink);
      case "fill":
        if (this.#sink !== undefined) this.#sink.hasRoom = one.hasRoom;
        return;
      case "withdraw": {
        const message = this.messages[one.which % Math.max(1, this.messages.length)];
        if (message === undefined) return;
        if (message.is === "waiting") message.is = "withdrawn";
        else if (message.is === "handed") message.isGivenUp = true;
        return this.outbound.withdraw(...message.place);
      }
      default:
        one satisfies never;
    }
  }

  #publish(size: number): void {
    const number = this.messages.length;
    const start = this.outbound.position;
    const payload = "x".repeat(size);
    const length = `PUB m.${number} ${size}\r\n${payload}\r\n`.length;
    const message: Message = {
      number,
      size: length,
      place: [start, start + length],
      is: "waiting",
      isRepeated: false,
      isGivenUp: false,
    };
    // Before it is published: a sink may be handed it at once.
    this.messages.push(message);
    const { waiting, unconfirmed } = this.outbound;
    try {
      this.outbound.publish(`m.${number}`, payload, undefined, undefined);
    } catch (error) {
      // Refused only while no sink is in use, and for want of room.
      const isFull =
        this.#sink === undefined &&
        this.#limit >= 0 &&
        waiting.bytes + unconfirmed.bytes + length > this.#limit;
      if (!(isFull && error instanceof OutboundFull)) throw error;
      this.messages.pop();
      this.refused++;
    }
  }

  /** The sink in use is lost: its PONGs never come, and what it had is lost, or waits again. */
  #lose(): void {
    const sink = this.#sink;
    this.#sink = undefined;
    this.#isPaused = false;
    if (sink === undefined) return;
    for (const { ping } of sink.pongs.splice(0)) ping.failed?.("disconnected");
    for (const message of this.messages) {
      if (message.is !== "handed") continue;
      if (this.#policy === "report") message.is = "lost";
      else {
        message.is = message.isGivenUp ? "withdrawn" : "waiting";
        message.isRepeated = true;
      }
    }
  }

  #newSink() {
    const sink = {
      isOpen: true,
      hasRoom: true,
      pongs: [] as Waiting[],
      write: (chunk: Uint8Array, written: () => void) => {
        const unconfirmed = this.#bytesOf(({ is }) => is === "handed");
        const isBounded = this.#policy === "resend" && this.#limit >= 0;
        expect(!isBounded || unconfirmed === 0 || unconfirmed < this.#limit).toBe(true);
        for (const [, number] of Buffer.from(chunk)
          .toString("latin1")
          .matchAll(/^PUB m\.(\d+) /gm))
          this.#handed(Number(number));
        written();
        return sink.hasRoom;
      },
    };
    return sink;
  }

  /** A sink gets a message: the next that waits, and no other. */
  #handed(number: number): void {
    const next = this.messages.find(({ is }) => is === "waiting");
    expect(number).toBe(next?.number);
    if (next !== undefined) next.is = "handed";
  }

  #bytesOf(counts: (message: Message) => boolean): number {
    return this.messages.filter(counts).reduce((sum, { size }) => sum + size, 0);
  }

  #count(counts: (message: Message) => boolean): number {
    return this.messages.filter(counts).length;
  }

  /** What must hold at any moment. */
  check(): void {
    const { waiting, unconfirmed, confirmed } = this.outbound;
    expect(waiting.messages).toBe(this.#count(({ is, isRepeated }) => is === "waiting" && !isRepeated));
    expect(unconfirmed.messages).toBe(
      this.#count(({ is, isRepeated }) => is === "handed" || (is === "waiting" && isRepeated)),
    );
    expect(confirmed.messages).toBe(this.#count(({ is }) => is === "confirmed"));
    // Other commands are among the bytes.
    const least = this.#bytesOf(({ is, isRepeated }) => is === "waiting" && !isRepeated);
    expect(waiting.bytes).toBeGreaterThanOrEqual(least);
    expect(waiting.bytes).toBeLessThanOrEqual(least + 1_000);
  }

  /** A server that answers everything: all that is not lost arrives. */
  end(): void {
    this.run({ do: "release" });
    for (
      let i = 0;
      i < 10_000 && (this.#count(({ is }) => is === "waiting" || is === "handed") > 0 || i < 5);
      i += 1
    ) {
      this.run({ do: "endTurn" });
      this.run({ do: "ask" });
      this.run({ do: "pong" });
    }
    for (const { is } of this.messages)
      expect(
        this.#policy === "report" ? ["confirmed", "withdrawn", "lost"] : ["confirmed", "withdrawn"],
      ).toContain(is);
    while ((this.#sink?.pongs.length ?? 0) > 0) this.run({ do: "pong" });
    this.check();
    const lost = this.#count(({ is }) => is === "lost");
    expect(this.outbound.takeLost().unconfirmed.messages).toBe(lost);
    expect(this.outbound.takeLost().unconfirmed.messages).toBe(0);
    expect(this.settled).toBe(this.flushes);
  }
}

const lives = fc.array(step, { maxLength: 80 });

test.each(["report", "resend"] as const)(
  "with %s every message is waiting, unconfirmed, confirmed or lost",
  (policy) => {
    /** In how many lives a message came to that, or was refused. */
    const seen = { confirmed: 0, lost: 0, withdrawn: 0, repeated: 0, refused: 0 };
    fc.assert(
      fc.property(lives, fc.constantFrom(-1, 100, 10_000), (steps, limit) => {
        const scene = new Scene(policy, limit);
        for (const one of steps) {
          scene.run(one);
          scene.check();
        }
        scene.end();
        for (const end of ["confirmed", "lost", "withdrawn"] as const)
          if (scene.messages.some(({ is }) => is === end)) seen[end]++;
        if (scene.messages.some(({ isRepeated }) => isRepeated)) seen.repeated++;
        if (scene.refused > 0) seen.refused++;
      }),
      { numRuns: 1000 },
    );
    const { lost, repeated, ...both } = seen;
    expect(Math.min(...Object.values(both)), JSON.stringify(seen)).toBeGreaterThan(30);
    const [happens, never] = policy === "report" ? [lost, repeated] : [repeated, lost];
    expect([happens > 30, never]).toEqual([true, 0]);
  },
);
