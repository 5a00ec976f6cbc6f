// A real nats-server that accepts clients by WebSocket beside TCP, and a cluster of them. The server itself:
// nats-server.ts.

import type { Certificate } from "./certificates.js";
import { configText, type ServerOptions, startServer, TestCluster, type TestServer } from "./nats-server.js";
import { accepts, answered, freePorts } from "./ports.js";

/** A server, and its other address. */
export interface WebSocketServer {
  readonly server: TestServer;
  /** Port of the websocket listener. */
  readonly webSocketPort: number;
  /** `ws://…`, or `wss://…` where it has a certificate. */
  readonly url: string;
  /** As `TestServer.restart`; resolves when it greets by WebSocket too. */
  restart(): Promise<void>;
}

/** What a server with WebSockets is started with. */
export interface WebSocketServerOptions extends ServerOptions {
  /** Certificate of the websocket listener. Default: none, `ws://`. */
  readonly certificate?: Certificate;
  /** Further lines of the listener's block `tls`. */
  readonly tls?: string;
}

function webSocketBlock(port: number, { certificate, tls = "" }: WebSocketServerOptions): string {
  const secured =
    certificate === undefined
      ? "no_tls: true"
      : `tls { cert_file: "${certificate.certFile}", key_file: "${certificate.keyFile}", timeout: 5, ${tls} }`;
  return `websocket {\n listen: "127.0.0.1:${port}"\n ${secured}\n}`;
}

/** Starts a server; resolves when both of its listeners accept clients. */
export async function startWebSocketServer(options: WebSocketServerOptions = {}): Promise<WebSocketServer> {
  const [webSocketPort = 0] = await freePorts(1);
  const { certificate, tls: _, config = "", ...rest } = options;
  const server = await startServer({
    ...rest,
    config: `${configText(config)}\n${webSocketBlock(webSocketPort, options)}`,
  });
  const listens = () =>
    answered(
      () => `a websocket listener on port ${webSocketPort}\n${server.log()}`,
      () => accepts(webSocketPort),
    );
  await listens();
  return {
    server,
    webSocketPort,
    url: `${certificate === undefined ? "ws" : "wss"}://127.0.0.1:${webSocketPort}`,
    restart: async () => {
      await server.restart();
      await listens();
    },
  };
}

/** Starts two servers that know each other; resolves when each tells its clients of both. */
export async function startWebSocketPair(options: WebSocketServerOptions = {}): Promise<WebSocketServer[]> {
  const routePorts = await freePorts(2);
  const routes = routePorts.map((port) => `"nats-route://127.0.0.1:${port}"`).join(", ");
  const pair = await Promise.all(
    routePorts.map((port, index) => {
      const cluster = `cluster { name: "test", listen: "127.0.0.1:${port}", routes: [${routes}] }`;
      const config = `server_name: "n${index}"\n${cluster}\n${configText(options.config ?? "")}`;
      return startWebSocketServer({ ...options, config });
    }),
  );
  await new TestCluster(pair.map(({ server }) => server)).formed();
  return pair;
}
