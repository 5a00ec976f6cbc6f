// @nestjs-plugins/nestjs-nats-jetstream-transport: events by JetStream and requests, as its README has them.

import "reflect-metadata";
import { Controller, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { Ctx, EventPattern, MessagePattern, Payload } from "@nestjs/microservices";
import {
  NatsJetStreamClientProxy,
  NatsJetStreamServer,
  NatsJetStreamTransport,
} from "@nestjs-plugins/nestjs-nats-jetstream-transport";
import { firstValueFrom, timeout } from "rxjs";
import { outage, outlived, say, started, until, untilDone, url } from "./steps.mjs";

const heard: string[] = [];

@Controller()
class OrderController {
  @EventPattern("order.created")
  created(@Payload() order, @Ctx() context) {
    context.message.ack();
    heard.push(`${context.message.subject} ${order.product} ${context.message.seq}`);
  }

  @MessagePattern({ cmd: "sum" })
  sum(numbers: number[]) {
    return numbers.reduce((a, b) => a + b, 0);
  }
}

const connectionOptions = { servers: url, name: "orders", maxReconnectAttempts: -1, connectedHook: () => {} };

@Module({
  imports: [NatsJetStreamTransport.register({ connectionOptions })],
  controllers: [OrderController],
})
class OrderModule {}

const app = await NestFactory.create(OrderModule, { logger: false });
const strategy = new NatsJetStreamServer({
  connectionOptions,
  consumerOptions: {
    deliverGroup: "orders",
    durable: "orders-durable",
    deliverTo: "orders-messages",
    manualAck: true,
  },
  streamConfig: { name: "orders", subjects: ["order.*"] },
});
app.connectMicroservice({ strategy });
await app.startAllMicroservices();
const client = app.get(NatsJetStreamClientProxy);
await client.connect();
started();

const emit = (pattern, data) => firstValueFrom(client.emit(pattern, data).pipe(timeout(2_000)));
const { stream, seq } = await emit("order.created", { product: "Socks" });
say("stored", stream, seq);
await until(() => heard.length === 1);
const sum = (numbers) => firstValueFrom(client.send({ cmd: "sum" }, numbers).pipe(timeout(1_500)));
say("sum", await sum([1, 2]));
await outage();

say("sum", await untilDone(() => sum([3, 4])));
await untilDone(() => emit("order.created", { product: "Shoes" }));
await until(() => heard.some((line) => line.includes("Shoes")));
say("heard", [...new Set(heard)]);
outlived();
await client.close();
await app.close();
