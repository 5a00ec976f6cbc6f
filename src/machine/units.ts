// The units in which the client measures. A number says which one it is by its type. And how much of the outbound stream is
// meant, where an error or a status tells of a loss.

/** A time span in milliseconds. */
export type Milliseconds = number;

/** An amount of data in bytes. */
export type Bytes = number;

/** Messages, and the bytes of their commands on the wire. */
export interface Amount {
  /** How many messages. */
  readonly messages: number;
  /** Bytes of their commands: subject, reply, headers and payload, with what the protocol adds. */
  readonly bytes: Bytes;
}
