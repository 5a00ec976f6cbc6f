// What the programs of this folder share: how each tells scripts/programs.mjs how far it is. The runner starts a program beside a
// nats-server, kills the server where the program says so, and starts it again; what a program says is compared between two runs.

import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

/** Where the server listens. */
export const { NATS_URL: url } = process.env;

/** How long something is tried before a program gives up. */
const PATIENCE = 25_000;

/** Prints what is compared: so nothing that differs between two runs of the same program, such as an id. */
export function say(...values) {
  console.log(values.map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join(" "));
}

/** The first step is done: the program is connected. */
export function started() {
  console.log("--- started");
}

/**
 * The second step is done, messages were exchanged: the server is killed, and started again.
 * @param whileDown what the program does without a server
 */
export async function outage(whileDown = () => {}) {
  console.log("--- exchanged");
  await heard("down");
  await whileDown();
  console.log("--- waiting");
  await heard("up");
  process.stdin.destroy();
}

/** The third step is done, the program outlived that: what is left is to end, by itself. */
export function outlived() {
  console.log("--- outlived");
}

let said = "";

async function heard(word) {
  while (!said.includes(word)) said += String(await once(process.stdin, "data"));
}

/** Tries until the work succeeds; what it resolves with. */
export async function untilDone(work, patience = PATIENCE) {
  for (const since = Date.now(); ; await sleep(100)) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() - since > patience) throw error;
    }
  }
}

/** Waits until that is true. */
export function until(isSo, patience = PATIENCE) {
  return untilDone(async () => {
    if (!(await isSo())) throw new Error(`it never came: ${isSo}`);
  }, patience);
}
