// The messages of a simulation: each says in its payload who sent it and which of theirs it is, so that whoever sees it knows.

import type { Bytes } from "../machine/units.js";

/** A message: who sent it, and which of theirs it is, counted from 0. It is the beginning of its payload. */
export interface MessageId {
  readonly client: string;
  readonly number: number;
}

/** Text of a payload: the message's id, then what it says, filled up to the size. */
export function payloadOf({ client, number }: MessageId, says: string, size: Bytes): string {
  return `${client}:${number}:${says}`.padEnd(size, ".");
}

/** The id in a payload, and what follows it; undefined for a payload of another making. */
export function readPayload(text: string): (MessageId & { readonly says: string }) | undefined {
  const match = /^([^:]+):(\d+):(.*)$/s.exec(text);
  if (match === null) return undefined;
  const [, client = "", number, says = ""] = match;
  return { client, number: Number(number), says };
}
