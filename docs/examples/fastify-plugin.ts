// NATS in a Fastify application, as a plugin: it connects before the application listens, gives every route
// `app.nats`, answers `GET /health`, and drains when the application closes, after the last route has answered.
//
// npm install nats-statechart fastify

import Fastify, { type FastifyInstance } from "fastify";
import {
  type ConnectionOptions,
  connect,
  ErrorCode,
  isNatsError,
  type NatsConnection,
} from "nats-statechart";

declare module "fastify" {
  interface FastifyInstance {
    nats: NatsConnection;
  }
}

async function natsPlugin(app: FastifyInstance, options: ConnectionOptions): Promise<void> {
  let isConnected = false;
  const nc = await connect({
    ...options,
    onStatus: ({ type }) => {
      if (type === "disconnect") isConnected = false;
      if (type === "reconnect") isConnected = true;
    },
  });
  isConnected = true;
  // Where the connection ends for good, so does the application: whoever runs it starts it anew.
  nc.closed().then(() => {
    isConnected = false;
    return app.close();
  });

  app.decorate("nats", nc);
  app.addHook("onClose", () => (nc.isClosed() ? undefined : nc.drain()));
  app.get("/health", (_request, reply) => reply.code(isConnected ? 200 : 503).send({ nats: isConnected }));
}
// Not encapsulated: what it decorates is there for the whole application. `fastify-plugin` does the same.
Object.assign(natsPlugin, { [Symbol.for("skip-override")]: true });

const app = Fastify();
await app.register(natsPlugin, {
  servers: process.env.NATS_URL ?? "127.0.0.1:4222",
  maxReconnectAttempts: -1,
});

// Errors of NATS as what they are to whoever asked by HTTP.
app.setErrorHandler((error, _request, reply) => {
  if (!isNatsError(error)) return reply.send(error);
  const codes: Record<string, number> = { [ErrorCode.NoResponders]: 503, [ErrorCode.Timeout]: 504 };
  return reply.code(codes[error.code] ?? 500).send({ error: error.message });
});

app.get<{ Params: { name: string } }>("/greet/:name", async ({ params }) => {
  const answer = await app.nats.request(`greet.${params.name}`, "", { timeout: 2_000 });
  return { answer: answer.string() };
});

app.post<{ Params: { id: string } }>("/orders/:id", async ({ params, body }, reply) => {
  // In an outage this is kept and sent after the reconnect; past `reconnectBufferSize` it throws.
  app.nats.publish(`orders.${params.id}`, JSON.stringify(body));
  return reply.code(202).send();
});

console.log(`listening on ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}`);

process.once("SIGTERM", async () => {
  console.log("stopping");
  await app.close();
  console.log("stopped");
});
