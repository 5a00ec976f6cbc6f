// The units in which the client measures. A number says which one it is by its type.

/** A time span in milliseconds. */
export type Milliseconds = number;

/** An amount of data in bytes. */
export type Bytes = number;
