// How an outage looks to a program that was written for the reference, beside the losses (losses.ts): what it does not expect there
// is not thrown at it. A program that gives the option `unconfirmed` knows ours, and gets all of it.

import { emitWarning } from "node:process";
import {
  type ConnectionOptions,
  ErrorCode,
  Events,
  type NatsConnection,
  type NatsError,
  type Status,
} from "nats-statechart";
import { attemptSteps } from "../../../src/machine/failure.js";
import { classOf, type OwnConnection } from "./own.js";

/** The members of a connection that behave differently in an outage. */
type InOutage = Pick<OwnConnection, "status" | "passedOn"> & Partial<Pick<OwnConnection, "publish">>;

const steps: ReadonlySet<string | undefined> = new Set(attemptSteps);

/** The reference says nothing of an attempt to reconnect that fails, but for what the server refuses. */
function isFailedAttempt({ type, step, error }: Status): boolean {
  return type === Events.Error && steps.has(step) && error?.isAuthError() !== true;
}

/** The same iterator, whose loop does not see failed attempts. */
function withoutFailedAttempts<Statuses extends AsyncIterable<Status>>(statuses: Statuses): Statuses {
  const all = { [Symbol.asyncIterator]: statuses[Symbol.asyncIterator].bind(statuses) };
  async function* others(): AsyncGenerator<Status, void> {
    for await (const status of all) if (!isFailedAttempt(status)) yield status;
  }
  return Object.defineProperty(statuses, Symbol.asyncIterator, { value: others, configurable: true });
}

/** The members of that connection as the reference has them. */
export function inOutageLikeReference(nc: NatsConnection, options: ConnectionOptions): InOutage {
  const own = nc as OwnConnection;
  const { passedOn } = own;
  return {
    status: () => withoutFailedAttempts(classOf(nc).status.call(nc)),
    passedOn: { ...passedOn, statuses: () => withoutFailedAttempts(passedOn.statuses()) },
    // Who says how much is to be kept knows what happens to the rest.
    ...(options.reconnectBufferSize === undefined ? { publish: publishing(own) } : {}),
  };
}

/** Publishes, or drops what there is no room for: the process is told, at the first message and by number at the end of the outage. */
function publishing(own: OwnConnection): NatsConnection["publish"] {
  let dropped = 0;
  const warn = (message: string) =>
    emitWarning(message, {
      type: "NatsConnectionWarning",
      code: ErrorCode.ReconnectBufferExceeded,
      detail:
        "The option reconnectBufferSize of connect says how much is kept. If it is given, publish throws instead.",
    });
  const atTheEnd = async (statuses: AsyncIterable<Status>) => {
    for await (const { type } of statuses) {
      if (dropped === 0 || (type !== Events.Reconnect && type !== Events.Close)) continue;
      warn(`published messages that were not kept in the outage: ${dropped}`);
      dropped = 0;
    }
  };
  void atTheEnd(own.passedOn.statuses());
  const ofClass = classOf(own);
  return (subject, payload, options) => {
    try {
      ofClass.publish.call(own, subject, payload, options);
    } catch (error) {
      const { code, message } = error as NatsError;
      if (code !== ErrorCode.ReconnectBufferExceeded) throw error;
      if (dropped === 0) warn(`a published message is not kept: ${message}`);
      dropped++;
    }
  };
}
