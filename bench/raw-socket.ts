// A socket that speaks just enough NATS to be let in. Below it is no client at all: this is the ceiling.

import { once } from "node:events";
import { connect, type Socket } from "node:net";

const CONNECT = JSON.stringify({
  verbose: false,
  pedantic: false,
  lang: "raw",
  version: "0",
  protocol: 1,
  headers: true,
  no_responders: true,
});

/** A connection that the server has accepted. What arrives goes to `received`, as it comes. */
export class RawSocket {
  readonly socket: Socket;
  /** Where bytes go, once the server has said PONG to CONNECT. */
  received: (chunk: Buffer) => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Connects: INFO, CONNECT and PING, PONG. */
  static async connect(port: number): Promise<RawSocket> {
    const raw = new RawSocket(connect({ host: "127.0.0.1", port, noDelay: true }));
    const { socket } = raw;
    await new Promise<void>((resolve, reject) => {
      let text = "";
      let isGreeted = false;
      const greeted = (chunk: Buffer) => {
        text += chunk.toString("latin1");
        if (!isGreeted && text.includes("\r\n")) {
          isGreeted = true;
          socket.write(`CONNECT ${CONNECT}\r\nPING\r\n`);
        }
        if (!text.endsWith("PONG\r\n")) return;
        socket.off("data", greeted);
        socket.on("data", (bytes: Buffer) => raw.received(bytes));
        resolve();
      };
      socket.on("data", greeted);
      socket.once("error", reject);
      socket.once("close", () => reject(new Error(`the server closed the connection: ${text}`)));
    });
    socket.removeAllListeners("error");
    socket.on("error", () => {});
    return raw;
  }

  /** Writes, and waits where the socket is full. */
  async write(bytes: Uint8Array | string): Promise<void> {
    if (!this.socket.write(bytes)) await once(this.socket, "drain");
  }

  /** PING, and waits for the PONG. For a connection that receives no messages. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      this.received = (chunk) => {
        if (chunk.includes("PONG")) resolve();
      };
      this.socket.write("PING\r\n");
    });
  }

  close(): void {
    this.socket.destroy();
  }
}
