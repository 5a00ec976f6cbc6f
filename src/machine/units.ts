// The units in which the client measures. A number says which one it is by its type.

/** A time span in milliseconds. */
export type Milliseconds = number;

/** An amount of data in bytes. */
export type Bytes = number;

/** Messages, and bytes of their commands on the wire. Commands that are no messages count among the bytes. */
export interface Amount {
  readonly messages: number;
  readonly bytes: Bytes;
}
