// @mickl/socket.io-nats-adapter: two servers of Socket.IO, each with a client; what one emits reaches the clients of both.

import { once } from "node:events";
import { createRequire } from "node:module";
import { connect } from "nats";
import { Server } from "socket.io";
import { io as dial } from "socket.io-client";
import { outage, outlived, say, started, until, url } from "./steps.mjs";

const { createAdapter } = createRequire(import.meta.url)("@mickl/socket.io-nats-adapter");

async function serve() {
  const connection = await connect({ servers: url, maxReconnectAttempts: -1 });
  const io = new Server(0);
  io.adapter(createAdapter(connection));
  io.on("connection", (socket) => socket.on("join", (room, done) => done(socket.join(room))));
  await once(io.httpServer, "listening");
  const client = dial(`http://127.0.0.1:${io.httpServer.address().port}`, { transports: ["websocket"] });
  await once(client, "connect");
  const heard = [];
  client.on("news", (text) => heard.push(text));
  return { connection, io, client, heard };
}
const [one, two] = [await serve(), await serve()];
started();

one.io.emit("news", "to all");
await until(() => one.heard.includes("to all") && two.heard.includes("to all"));
await two.client.emitWithAck("join", "room");
one.io.to("room").emit("news", "to the room");
await until(() => two.heard.includes("to the room"));
say("one", one.heard, "two", two.heard);
await outage();

await until(() => {
  one.io.emit("news", "again");
  return two.heard.includes("again");
});
say("two", [...new Set(two.heard)]);
outlived();
for (const { client, io, connection } of [one, two]) {
  client.close();
  await io.close();
  await connection.drain();
}
