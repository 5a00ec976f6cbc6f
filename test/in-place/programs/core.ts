// Core NATS as programs of `nats` use it: credentials, codecs, headers, subscriptions, requests, errors, the end.

import {
  connect,
  createInbox,
  credsAuthenticator,
  deferred,
  Empty,
  ErrorCode,
  Events,
  headers,
  JSONCodec,
  Match,
  type Msg,
  NatsError,
  nuid,
  type RequestManyOptions,
  RequestStrategy,
  StringCodec,
  type Subscription,
  type SubscriptionOptions,
  syncIterator,
} from "nats";

const print = (...values: unknown[]) => console.log(JSON.stringify(values));

async function failure(name: string, run: () => Promise<unknown>): Promise<void> {
  try {
    print(name, await run());
  } catch (error) {
    const known = error instanceof NatsError ? error : undefined;
    print(name, known?.name, known?.code, known?.isJetStreamError(), known?.isPermissionError());
  }
}

const text = StringCodec();
const json = JSONCodec<{ n: number }>();
const nc = await connect({
  servers: process.env["NATS_URL"] ?? "",
  authenticator: credsAuthenticator(new TextEncoder().encode(process.env["NATS_CREDS"])),
  name: "program",
});
print(
  "connected",
  nc.isClosed(),
  nc.isDraining(),
  nc.info?.headers,
  nuid.next().length,
  createInbox().split(".").length,
);

const seen: string[] = [];
const options: SubscriptionOptions = {
  queue: "workers",
  callback: (error: NatsError | null, msg: Msg) => {
    seen.push(error === null ? text.decode(msg.data) : error.code);
  },
};
const callbacks: Subscription = nc.subscribe("callback.*", options);
// What tracing names.
const { protocol } = nc as unknown as { protocol: { server: { listen: string } } };
print("server", protocol.server.listen === nc.getServer());
nc.publish("callback.a", text.encode("one"));
nc.publish("callback.b", "two");
nc.publish("callback.c", Empty);
await nc.flush();
print(
  "callback",
  seen,
  callbacks.getReceived(),
  callbacks.getProcessed(),
  callbacks.getSubject(),
  callbacks.getMax(),
);

const loop = nc.subscribe("loop", { max: 3 });
for (let n = 1; n <= 4; n++) {
  const added = headers();
  added.append("Number", `${n}`);
  added.append("number", "lower");
  nc.publish("loop", json.encode({ n }), { headers: added, reply: "nobody" });
}
for await (const msg of loop) {
  const { subject, reply, headers: received } = msg;
  print(subject, reply, json.decode(msg.data), msg.json<{ n: number }>().n, received?.get("Number"));
  print(received?.keys(), received?.values("NUMBER", Match.IgnoreCase), received?.has("none"));
}
await loop.closed;
print("loop", loop.isClosed(), loop.getReceived());

const pulled = nc.subscribe("pulled");
const next = syncIterator(pulled);
nc.publish("pulled", "by hand");
print((await next.next())?.string());
pulled.unsubscribe();
print(await next.next());

nc.subscribe("service", {
  callback: (_error, msg) => {
    for (let n = 1; n <= 3; n++) msg.respond(text.encode(`answer ${n}`));
    msg.respond(Empty);
  },
});
print((await nc.request("service", Empty, { timeout: 5_000 })).string());
print((await nc.request("service", Empty, { timeout: 5_000, noMux: true })).string());
const many: Partial<RequestManyOptions>[] = [
  { strategy: RequestStrategy.Count, maxMessages: 2, maxWait: 5_000 },
  { strategy: RequestStrategy.SentinelMsg, maxWait: 5_000 },
  { strategy: RequestStrategy.SentinelMsg, maxWait: 5_000, noMux: true },
];
for (const asked of many) {
  const answers: string[] = [];
  for await (const msg of await nc.requestMany("service", Empty, asked)) answers.push(msg.string());
  print(
    "many",
    asked.strategy,
    answers.filter((answer) => answer !== ""),
  );
}

await failure("nobody", () => nc.request("nobody", Empty, { timeout: 5_000 }));
nc.subscribe("silent", { callback: () => {} });
await failure("silent", () => nc.request("silent", Empty, { timeout: 20 }));
await failure("empty subject", async () => nc.publish("", Empty));
await failure("bad JSON", async () => json.decode(text.encode("{")));
await failure("timeout", async () => {
  for await (const msg of nc.subscribe("never", { timeout: 20 })) print(msg.subject);
});
const refusal = deferred<string>();
void (async () => {
  for await (const status of nc.status()) {
    if (status.type === Events.Error) refusal.resolve(`${status.data} ${status.permissionContext?.subject}`);
  }
})();
nc.publish("forbidden", Empty);
print(await refusal, ErrorCode.PermissionsViolation);

// Tracing replaces methods of the connection's class, once there is one.
const replaced: string[] = [];
const ofClass = Object.getPrototypeOf(nc) as Record<string, (...given: unknown[]) => unknown>;
const methods = ["publish", "subscribe", "request", "flush", "status"];
const originals = methods.map((name) => ofClass[name]);
for (const name of methods) {
  const original = ofClass[name];
  ofClass[name] = function (this: unknown, ...given) {
    replaced.push(name);
    return original?.apply(this, given);
  };
}
nc.subscribe("replaced", { callback: (_error, msg) => void msg.respond() });
await nc.request("replaced");
nc.publish("replaced");
await nc.flush();
nc.status();
print(
  "replaced",
  methods.filter((name) => replaced.includes(name)),
);
for (const [at, name] of methods.entries()) Object.assign(ofClass, { [name]: originals[at] });

print("draining", callbacks.isDraining());
await callbacks.drain();
print("drained", callbacks.isClosed());
await nc.drain();
print("closed", await nc.closed(), nc.isClosed());
await failure("closed", () => nc.request("service"));
await failure("refused", () => connect({ port: 1, reconnect: false }));
