// How a program that was written for the reference is told of messages that an outage lost, and of a drain that could not finish.
// Ours rejects `flush` and `drain` and resolves `closed` with an error; the reference says nothing, and a program that awaits
// `drain` at its end would die of what it does not expect. So the process is warned instead. A program that gives the option
// `unconfirmed` knows ours, and gets the errors.

import { emitWarning } from "node:process";
import {
  type ConnectionOptions,
  ErrorCode,
  type FlushOptions,
  type NatsConnection,
  NatsError,
} from "nats-statechart";
import { inOutageLikeReference } from "./outage.js";
import { classOf, infoInUse, type OwnConnection } from "./own.js";

/** The members of a connection that tell losses. */
type Telling = Pick<NatsConnection, "close" | "closed" | "drain" | "flush">;

/** Whether an error says only that messages were lost, and nothing that the reference would say too. */
function isLoss(error: unknown): error is NatsError {
  const { code, unconfirmed, unsent } = (error ?? {}) as Partial<NatsError>;
  return code === ErrorCode.Disconnect && (unconfirmed !== undefined || unsent !== undefined);
}

function warn({ message, code }: NatsError): void {
  const detail =
    "What was sent and not confirmed went to a connection that was lost, now or before: it may have arrived, and has if it was answered. " +
    'The option unconfirmed of connect, "report" or "resend", says what else is to happen.';
  emitWarning(message, { type: "NatsConnectionWarning", code, detail });
}

/** The members of that connection as the reference has them: losses are warnings of the process. */
function likeReference(nc: NatsConnection): Telling {
  const own = classOf(nc);
  const { passedOn } = nc as OwnConnection;
  let isLeaving = false;
  let isTold = false;
  /** The end is told once, whoever asks. */
  const tell = async (error: unknown) => {
    if (isTold) return;
    isTold = true;
    warn(error as NatsError);
    // The process prints it in a later turn, and the program may end the process once it has its answer.
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    close: async () => {
      isLeaving = true;
      // Who closes a connection need not ask how it ended: that is told here.
      passedOn.heard();
      await own.close.call(nc);
      const error = await passedOn.closed();
      if (isLoss(error)) await tell(error);
    },
    closed: async () => {
      const error = (await own.closed.call(nc)) as undefined | Error;
      const isWanted =
        isLeaving && (isLoss(error) || (error as NatsError | undefined)?.code === ErrorCode.Timeout);
      if (!isWanted) return error;
      await tell(error);
      return undefined;
    },
    drain: async () => {
      const isRefused = nc.isClosed() || nc.isDraining();
      isLeaving ||= !isRefused;
      try {
        await own.drain.call(nc);
      } catch (error) {
        if (isRefused) throw error;
        await tell(error);
      }
    },
    flush: async (options?: FlushOptions) => {
      // Ours would wait for the reconnect; programs ask by it whether the server is there.
      const isDisconnected = infoInUse(nc) === undefined && !nc.isClosed();
      if (options === undefined && isDisconnected) throw NatsError.errorForCode(ErrorCode.Disconnect);
      const flushed = own.flush.call(nc, options);
      const before = await rejectionAtOnce(flushed);
      if (!isLoss(before)) return flushed;
      // The loss lies behind: it is told, and this flush has not begun.
      warn(before);
      return own.flush.call(nc, options);
    },
  };
}

/** Gives a connection those members, not enumerable, unless its program asks for errors by the option `unconfirmed`. */
export function tellingLikeReference<T extends NatsConnection>(nc: T, options: ConnectionOptions): T {
  if (options.unconfirmed !== undefined) return nc;
  hide(nc, inOutageLikeReference(nc, options));
  hide(nc, likeReference(nc));
  return nc;
}

function hide(nc: NatsConnection, members: object): void {
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(nc, name, { value, writable: true, configurable: true });
  }
}

/** Why a promise is rejected already; undefined where it is not. */
function rejectionAtOnce(promise: Promise<unknown>): Promise<unknown> {
  const later = Promise.resolve().then(() => undefined);
  return Promise.race([
    promise.then(
      () => undefined,
      (error: unknown) => error,
    ),
    later.then(() => undefined),
  ]);
}
