// NestJS with its transport NATS: a microservice and a client of it, with the options that its documentation names.

import "reflect-metadata";
import { Controller, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import {
  ClientProxyFactory,
  Ctx,
  EventPattern,
  MessagePattern,
  NatsRecordBuilder,
  Payload,
  RpcException,
  Transport,
} from "@nestjs/microservices";
import { firstValueFrom, from, timeout, toArray } from "rxjs";
import { outage, outlived, say, started, until, untilDone, url } from "./steps.mjs";

const { headers } = await import(process.env.NATS_PACKAGE);
const heard: string[] = [];

@Controller()
class MathController {
  @MessagePattern("math.sum")
  sum(@Payload() numbers: number[], @Ctx() context) {
    return { sum: numbers.reduce((a, b) => a + b, 0), version: context.getHeaders()?.get("x-version") ?? "" };
  }

  @MessagePattern({ cmd: "count" })
  count(to: number) {
    return from(Array.from({ length: to }, (_, index) => index + 1));
  }

  @MessagePattern("math.fail")
  fail() {
    throw new RpcException("refused");
  }

  @EventPattern("user.*")
  created(@Payload() user: { name: string }, @Ctx() context) {
    heard.push(`${context.getSubject()} ${user.name}`);
  }
}

@Module({ controllers: [MathController] })
class MathModule {}

/** Puts on the wire what the one of Nest does, and counts. */
let serialized = 0;
const serializer = {
  serialize(packet) {
    serialized++;
    const { data, headers } = packet.data?.constructor?.name === "NatsRecord" ? packet.data : packet;
    return { data: new TextEncoder().encode(JSON.stringify({ ...packet, data })), headers };
  },
};

const options = { servers: [url], maxReconnectAttempts: -1, serializer };
const app = await NestFactory.createMicroservice(MathModule, {
  transport: Transport.NATS,
  options: { ...options, queue: "math", gracefulShutdown: true, gracePeriod: 200, name: "service" },
  logger: false,
});
const seen = new Set<string>();
// Not yet there in version 10.
app.status?.subscribe((status) => seen.add(`service ${status}`));
await app.listen();
const client = ClientProxyFactory.create({
  transport: Transport.NATS,
  options: { ...options, headers: { a: "b" } },
});
client.status?.subscribe((status) => seen.add(`client ${status}`));
await client.connect();
started();

const send = (pattern, data) => firstValueFrom(client.send(pattern, data).pipe(timeout(1_500)));
say("sum", await untilDone(() => send("math.sum", [1, 2, 3])));
const version = headers();
version.set("x-version", "1.0.0");
say("sum", await send("math.sum", new NatsRecordBuilder([4, 5]).setHeaders(version).build()));
say("count", await firstValueFrom(client.send({ cmd: "count" }, 3).pipe(toArray())));
say("error", await send("math.fail", {}).catch((error) => error));
say("nobody", await send("math.none", {}).catch(({ message, name }) => [name, message]));
await firstValueFrom(client.emit("user.created", { name: "Ann" }), { defaultValue: undefined });
await until(() => heard.length === 1);
say(typeof client.unwrap?.().getServer(), typeof app.unwrap?.().getServer());
await outage();

say("sum", await untilDone(() => send("math.sum", [7])));
await firstValueFrom(client.emit("user.removed", { name: "Bob" }), { defaultValue: undefined });
await until(() => heard.length === 2);
say("heard", heard, "serialized", serialized > 0);
say("seen", [...seen].sort());
outlived();
await client.close();
await app.close();
