// What a flood costs the process that it hits: delay of the event loop, CPU time, memory. Needs `--expose-gc`.

import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { memoryInUse, peakRss } from "../stopwatch.js";
import type { Cost } from "./sample.js";

/** Milliseconds in which the event loop comes to rest, before and after. */
const REST = 20;

/** A running measurement. */
export interface Meter {
  /** What the flood has cost. What the process still holds is asked for with `holds`; it takes a collection. */
  stop(holds: boolean): Promise<Cost>;
}

/** Begins to measure, once the event loop is at rest. */
export async function measure(): Promise<Meter> {
  const before = memoryInUse();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await sleep(REST);
  delay.reset();
  forgetPeak();
  const turns = new Turns();
  const cpu = process.cpuUsage();
  const stop = async (holds: boolean): Promise<Cost> => {
    const used = sum(process.cpuUsage(cpu));
    const rss = peakRss();
    // A turn that took long is counted when it is over.
    await sleep(REST);
    delay.disable();
    return {
      delayP99: delay.percentile(99) / 1e6,
      delayMax: delay.max / 1e6,
      turn: turns.stop(),
      cpu: used,
      rss,
      ...(holds ? { held: Math.max(0, memoryInUse().heap - before.heap) } : {}),
    };
  };
  return { stop };
}

/** The peak of the memory is that of the flood from here on, and not that of what the process did before (proc(5), clear_refs). */
function forgetPeak(): void {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Where a container forbids that, the peak is that of the whole process, for all contenders alike.
  }
}

/** CPU time between looks that are a millisecond apart, if the event loop is free to look. */
class Turns {
  #longest = 0;
  #before = process.cpuUsage();
  readonly #timer = setInterval(() => this.#look(), 1);

  #look(): void {
    this.#longest = Math.max(this.#longest, sum(process.cpuUsage(this.#before)));
    this.#before = process.cpuUsage();
  }

  /** Milliseconds of the longest turn. */
  stop(): number {
    clearInterval(this.#timer);
    return this.#longest;
  }
}

/** Milliseconds. */
function sum({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e3;
}
