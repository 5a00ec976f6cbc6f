// Tells what the chart does, for somebody who has never seen it: one line for each state it enters and for each
// effect it asks for. It listens by the option `inspect`, as the Stately inspector does.

import type { InspectionEvent } from "xstate";
import { printable } from "../src/effects/wire/control-characters.js";
import type { EffectParams } from "../src/machine/index.js";

const colour = process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined;
const paint = (code: number) => (text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
const bold = paint(1);
const dim = paint(2);
const green = paint(32);
const cyan = paint(36);

type Told = { readonly [Name in keyof EffectParams]: (params: EffectParams[Name]) => string };

/** Each effect in plain words. */
const words: Told = {
  openSocket: ({ server }) => `open a socket to ${server.name}`,
  upgradeToTls: ({ server }) => `TLS handshake with ${server.name}`,
  closeSocket: () => "close the socket",
  endSocket: () => "send what is left, then close the socket",
  sendConnect: () => "send CONNECT with the credentials, and PING to see whether they are accepted",
  sendPing: () => "send PING",
  sendPong: () => "send PONG",
  startTimer: ({ timer, ms }) => `start the ${timer} timer (${ms} ms)`,
  stopTimer: ({ timer }) => `stop the ${timer} timer`,
  askReconnectDelay: () => "ask how long to wait",
  askNextServer: () => "ask which server is next",
  resubscribe: () => "subscribe again to everything",
  unsubscribe: () => "unsubscribe everything from the old server",
  holdOutbound: () => "keep what is published from now on",
  pauseOutbound: () => "send all that was published, and keep what follows for a moment",
  releaseOutbound: () => "send what was kept, and from now on at once",
  drainSubscriptions: () => "unsubscribe, and let what has arrived be processed",
  finishOutbound: () => "take no more publishes, and wait until the server has all of them",
  confirmOutbound: () => "send what is left, and ask the server whether it has all of it",
  notifyStatus: ({ status }) => `tell the user: ${status.type}`,
  resolveConnect: () => "connect() resolves",
  rejectConnect: ({ failure }) => `connect() rejects: ${failure.message}`,
  settlePending: () => "end subscriptions, requests and flushes",
  settleClosed: ({ failure }) =>
    failure === null ? "closed() resolves" : `closed() resolves with: ${failure.message}`,
};

const isEffect = (name: string): name is keyof EffectParams => Object.hasOwn(words, name);

/** Prints the story. */
export class Narrator {
  readonly #start = performance.now();
  #state = "";

  readonly title = (text: string): void => {
    console.log(`\n${bold(text)}`);
  };

  readonly say = (text: string): void => {
    console.log(`${this.#time()}  ${text}`);
  };

  /** The observer for `connect({ inspect })`. */
  readonly inspect = (event: InspectionEvent): void => {
    if (event.type === "@xstate.action" && isEffect(event.action.type)) {
      const tell = words[event.action.type] as (params: unknown) => string;
      console.log(
        `${this.#time()}    ${dim("effect")} ${cyan(event.action.type.padEnd(18))} ${dim(printable(tell(event.action.params)))}`,
      );
    }
    if (event.type === "@xstate.snapshot" && "value" in event.snapshot) {
      const value = event.snapshot.value as string | Record<string, string>;
      const state = typeof value === "string" ? value : Object.entries(value).flat().join(" · ");
      if (state !== this.#state) console.log(`${this.#time()}  ${dim("state")}  ${green(state)}`);
      this.#state = state;
    }
  };

  /** @param named what NATS_SERVER says, where it says something */
  explainMissingServer(named: string | undefined): void {
    if (named !== undefined) {
      console.log(
        `NATS_SERVER says ${named}, which is no nats-server. Without it the demo takes the one on PATH, and`,
      );
      console.log("where there is none, the embedded server: npm run demo -- --embedded");
      return;
    }
    console.log(
      "There is no nats-server on PATH, so the demo runs on the embedded server: a model of one, for tests.",
    );
    console.log("For the real one: sudo apt-get install nats-server (Debian, Ubuntu), or elsewhere");
    console.log("https://docs.nats.io/running-a-nats-service/introduction/installation");
  }

  #time(): string {
    return dim(`${((performance.now() - this.#start) / 1_000).toFixed(3).padStart(7)} s`);
  }
}
