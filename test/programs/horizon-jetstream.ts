// @horizon-republic/nestjs-jetstream: events and commands by JetStream, a server and a client in one application.

import "reflect-metadata";
import {
  getJetStreamTransportToken,
  JetstreamClientModule,
  JetstreamServerModule,
} from "@horizon-republic/nestjs-jetstream";
import { Controller, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { EventPattern, MessagePattern, Payload } from "@nestjs/microservices";
import { firstValueFrom, timeout } from "rxjs";
import { outage, outlived, say, started, until, untilDone, url } from "./steps.mjs";

const heard: string[] = [];

@Controller()
class UserController {
  @EventPattern("user.created")
  created(@Payload() user) {
    heard.push(user.name);
  }

  @MessagePattern("user.get")
  get(@Payload() { id }) {
    return { id, name: "Ann" };
  }
}

const options = { name: "users", servers: [url], maxReconnectAttempts: -1 };

@Module({
  imports: [JetstreamServerModule.forRoot(options), JetstreamClientModule.forFeature(options)],
  controllers: [UserController],
})
class UserModule {}

const app = await NestFactory.create(UserModule, { logger: false });
app.enableShutdownHooks();
app.connectMicroservice(app.get(getJetStreamTransportToken("users")), { inheritAppConfig: true });
await app.startAllMicroservices();
await app.init();
const client = app.get("users");
await client.connect();
started();

const ask = (id) => firstValueFrom(client.send("user.get", { id }).pipe(timeout(2_000)));
const emit = (name) => firstValueFrom(client.emit("user.created", { name }), { defaultValue: undefined });
say("user", await untilDone(() => ask(1)));
await emit("Ann");
await until(() => heard.includes("Ann"));
await outage();

say("user", await untilDone(() => ask(2)));
await untilDone(() => emit("Bob"));
await until(() => heard.includes("Bob"), 70_000);
say("heard", [...new Set(heard)]);
outlived();
await app.close();
