// The units in which the client measures. A number says which one it is by its type. And how much of the outbound stream is
// meant, where an error or a status tells of a loss.

/** A time span in milliseconds. */
export type Milliseconds = number;

/** An amount of data in bytes. */
export type Bytes = number;

/** An amount of the outbound stream: how many messages there are, and how many bytes their commands have. Beyond the reference. */
export interface Amount {
  /** The number of messages. */
  readonly messages: number;
  /**
   * The bytes of their commands: subject, reply subject, headers and payload, and what the protocol adds. The bytes of other
   * commands between the messages count, too: SUB, UNSUB, and the PING of a flush.
   */
  readonly bytes: Bytes;
}
