// Measures a part of a worker: CPU time of the process, wall time, memory.

import { readFileSync } from "node:fs";
import type { Sample } from "./task.js";

/** Runs from its making on. */
export class Stopwatch {
  readonly #cpu = process.cpuUsage();
  readonly #wall = process.hrtime.bigint();

  /** What has been used until now. Asked once, right behind what is measured. */
  stop(operations: number): Sample {
    const wall = process.hrtime.bigint();
    const { user, system } = process.cpuUsage(this.#cpu);
    return { operations, cpuMicros: user + system, wallMicros: Number(wall - this.#wall) / 1000 };
  }
}

/** Memory in use now, after a collection. Needs `--expose-gc`. */
export function memoryInUse(): { readonly rss: number; readonly heap: number } {
  if (globalThis.gc === undefined) throw new Error("the worker runs without --expose-gc");
  globalThis.gc();
  globalThis.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed + external };
}

/** The most memory this process ever had, in bytes. Not `maxRSS` of Node: that one includes the parent's. */
export function peakRss(): number {
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
  if (peak === null) throw new Error("the system does not say how much memory a process had at most");
  return Number(peak[1]) * 1024;
}
