// Why the outbound stream accepts no message. A refused message leaves no trace. What cannot stand on the wire: wire/subject.ts.

/** The message was refused: not connected, and no room in the reconnect buffer. It leaves no trace. */
export class OutboundFull extends Error {
  override readonly name = "OutboundFull";

  constructor(waiting: number, limit: number) {
    const state = limit === 0 ? "nothing is kept" : `${waiting} of ${limit} bytes are taken`;
    super(
      `not connected, and the reconnect buffer has no room for the message: ${state} (reconnectBufferSize)`,
    );
  }
}

/** The message was refused: the stream is in the last phase of a drain. It leaves no trace. */
export class OutboundFinishing extends Error {
  override readonly name = "OutboundFinishing";

  constructor() {
    super("the connection is draining");
  }
}

/** The outbound stream is closed for good. */
export class OutboundClosed extends Error {
  override readonly name = "OutboundClosed";

  constructor() {
    super("the connection is closed");
  }
}
