// What a user may not do: the server says so, the connection stands, and who tried is told what was not permitted.

import { connect as theirConnect } from "nats";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  type ConnectionOptions,
  connect,
  ErrorCode,
  type Msg,
  type NatsConnection,
  type NatsError,
  type Status,
} from "../../src/index.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";
import { nextStatus } from "../harness/waiting.js";

const open: NatsConnection[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((nc) => nc.close()));
});

/** Everything but `secret.>`; the user `mute` may publish but not listen on its inbox. */
const config = {
  authorization: {
    users: [
      {
        user: "limited",
        password: "p",
        permissions: {
          publish: { deny: ["secret.>", 'odd"quote', "odd\\slash", "größe"] },
          subscribe: { deny: ["secret.>", "work only", "work shared", 'odd"quote', "größe"] },
        },
      },
      { user: "mute", password: "p", permissions: { subscribe: { deny: "_INBOX.>" } } },
      { user: "queued", password: "p", permissions: { subscribe: { allow: ["_INBOX.>", "work good"] } } },
    ],
  },
};

describe.each(servers)("permissions of nats-server $label", ({ path }) => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer({ path, config });
    return () => server.stop();
  });

  async function connected(user: string, options: ConnectionOptions = {}) {
    const errors: Status[] = [];
    const onStatus = (status: Status) => {
      if (status.type === "error") errors.push(status);
    };
    const nc = await connect({ port: server.port, user, pass: "p", onStatus, ...options });
    open.push(nc);
    return { nc, errors };
  }

  const violation = (permissionContext: object) => ({
    code: ErrorCode.PermissionsViolation,
    permissionContext,
  });

  it("refuse a publish: a status says which, and the connection goes on", async () => {
    const { nc, errors } = await connected("limited");
    nc.publish("secret.a", "x");
    await nc.flush();
    const context = { operation: "publish", subject: "secret.a" };
    expect(errors).toEqual([
      {
        type: "error",
        data: ErrorCode.PermissionsViolation,
        server: `127.0.0.1:${server.port}`,
        step: "connected",
        permissionContext: context,
        error: expect.objectContaining(violation(context)),
      },
    ]);
    expect(errors[0]?.error?.isPermissionError()).toBe(true);
    expect(errors[0]?.error?.message).toContain('"secret.a"');
    expect(nc.isClosed()).toBe(false);
  });

  it("refuse every publish on its own", async () => {
    const { nc, errors } = await connected("limited");
    nc.publish("secret.a");
    nc.publish("allowed");
    nc.publish("secret.b");
    nc.publish("secret.a");
    await nc.flush();
    expect(errors.map(({ permissionContext }) => permissionContext?.subject)).toEqual([
      "secret.a",
      "secret.b",
      "secret.a",
    ]);
  });

  it("refuse a subscription: its iterator throws, and others go on", async () => {
    const { nc, errors } = await connected("limited");
    const allowed = nc.subscribe("allowed", { max: 1 });
    const denied = nc.subscribe("secret.>");
    const read = async () => {
      for await (const _ of denied) throw new Error("no message was expected");
    };
    const context = { operation: "subscription", subject: "secret.>" };
    await expect(read()).rejects.toMatchObject(violation(context));
    expect(denied.isClosed()).toBe(true);
    expect(errors).toMatchObject([{ permissionContext: context }]);
    nc.publish("allowed", "hi");
    const received: string[] = [];
    for await (const msg of allowed) received.push(msg.string());
    expect(received).toEqual(["hi"]);
  });

  it("refuse a subscription: its callback gets the error", async () => {
    const { nc } = await connected("limited");
    const error = await new Promise<NatsError | null>((resolve) => {
      nc.subscribe("secret.a", { callback: (given) => resolve(given) });
    });
    expect(error).toMatchObject(violation({ operation: "subscription", subject: "secret.a" }));
  });

  it("refuse a queue, and tell which", async () => {
    const { nc, errors } = await connected("queued");
    const [good, bad, none] = [
      nc.subscribe("work", { queue: "good" }),
      nc.subscribe("work", { queue: "bad" }),
      nc.subscribe("other", { queue: "good" }),
    ];
    await nc.flush();
    expect(errors.map(({ permissionContext }) => permissionContext)).toEqual([
      { operation: "subscription", subject: "work", queue: "bad" },
      { operation: "subscription", subject: "other", queue: "good" },
    ]);
    expect([good, bad, none].map((sub) => sub.isClosed())).toEqual([false, true, true]);
  });

  it("refuse one of several queues on a subject, and only that ends", async () => {
    const { nc } = await connected("limited");
    const received: string[] = [];
    const callback = (error: NatsError | null, msg: Msg) => {
      received.push(error === null ? msg.string() : error.code);
    };
    const [free, shared] = [
      nc.subscribe("work", { queue: "free", callback }),
      nc.subscribe("work", { queue: "shared", callback }),
    ];
    nc.publish("work", "hi");
    await nc.flush();
    expect([free.isClosed(), shared.isClosed()]).toEqual([false, true]);
    expect(received.sort()).toEqual([ErrorCode.PermissionsViolation, "hi"]);
  });

  it.each([
    ["over the shared inbox", {}],
    ["over an inbox of its own", { noMux: true }],
  ])("refuse a request %s at once, not after its timeout", async (_how, options) => {
    const { nc, errors } = await connected("limited");
    await expect(nc.request("secret.a", "", { timeout: 20_000, ...options })).rejects.toMatchObject(
      violation({ operation: "publish", subject: "secret.a" }),
    );
    expect(errors).toHaveLength(1);
  });

  it("refuse a request for many answers at once", async () => {
    const { nc } = await connected("limited");
    const answers = await nc.requestMany("secret.a", "", { maxWait: 20_000 });
    const read = async () => {
      for await (const _ of answers) throw new Error("no answer was expected");
    };
    await expect(read()).rejects.toMatchObject(violation({ operation: "publish", subject: "secret.a" }));
  });

  it("refuse one request, and others on the same connection are answered", async () => {
    const { nc } = await connected("limited");
    nc.subscribe("echo", { callback: (_error, msg) => void msg.respond(msg.data) });
    const [answer, denied] = await Promise.allSettled([nc.request("echo", "hi"), nc.request("secret.a")]);
    expect(answer).toMatchObject({ status: "fulfilled" });
    expect(denied).toMatchObject({ status: "rejected", reason: { code: ErrorCode.PermissionsViolation } });
    expect((await nc.request("echo", "again")).string()).toBe("again");
  });

  it.each([
    ["over the shared inbox", {}],
    ["over an inbox of its own", { noMux: true }],
  ])("refuse the inbox: a request %s fails at once, and so does the next", async (_how, options) => {
    const { nc } = await connected("mute");
    for (let i = 0; i < 2; i++) {
      await expect(nc.request("a", "", { timeout: 20_000, ...options })).rejects.toMatchObject(
        violation({ operation: "subscription", subject: expect.stringMatching(/^_INBOX\./) }),
      );
    }
  });

  it.each([['odd"quote'], ["odd\\slash"], ["größe"]])(
    "refuse a subject of odd characters, and name it as it is: %s",
    async (subject) => {
      const { nc, errors } = await connected("limited");
      await expect(nc.request(subject, "", { timeout: 20_000 })).rejects.toMatchObject(
        violation({ operation: "publish", subject }),
      );
      expect(errors[0]?.permissionContext).toEqual({ operation: "publish", subject });
    },
  );

  it("are asked again after a reconnect, for what is still subscribed", async () => {
    const one = await startServer({ path, config });
    const errors: Status[] = [];
    const nc = await connect({
      port: one.port,
      user: "limited",
      pass: "p",
      reconnectTimeWait: 20,
      onStatus: (status) => {
        if (status.type === "error") errors.push(status);
      },
    });
    open.push(nc);
    nc.subscribe("secret.a", { callback: () => {} });
    const received: string[] = [];
    nc.subscribe("allowed", { callback: (_error, msg) => void received.push(msg.string()) });
    await nc.flush();
    expect(errors).toHaveLength(1);
    const back = nextStatus(nc, "reconnect");
    await nc.reconnect();
    await back;
    nc.publish("allowed", "hi");
    await nc.flush();
    expect(errors).toHaveLength(1);
    expect(received).toEqual(["hi"]);
    await nc.close();
    await one.stop();
  });

  it("may shrink while the connection stands: a subscription ends, the connection does not", async () => {
    const allowing = (deny: string) => ({
      authorization: { users: [{ user: "u", password: "p", permissions: { subscribe: { deny } } }] },
    });
    const one = await startServer({ path, config: allowing("nothing") });
    const nc = await connect({ port: one.port, user: "u", pass: "p", reconnectTimeWait: 20 });
    open.push(nc);
    const sub = nc.subscribe("a");
    await nc.flush();
    const read = (async () => {
      for await (const _ of sub) throw new Error("no message was expected");
    })();
    const refused = expect(read).rejects.toMatchObject(
      violation({ operation: "subscription", subject: "a" }),
    );
    await one.reload(allowing("a"));
    await refused;
    await nc.flush();
    await nc.close();
    await one.stop();
  });

  it("are reported as by nats@2.29.3", async () => {
    const theirs = await theirConnect({ port: server.port, user: "limited", pass: "p" });
    const status = (async () => {
      for await (const one of theirs.status()) if (one.type === "error") return one;
      return undefined;
    })();
    theirs.publish("secret.a");
    const { nc, errors } = await connected("limited");
    nc.publish("secret.a");
    await nc.flush();
    const { type, data, permissionContext: context } = (await status) ?? {};
    // Theirs has a queue, which is undefined.
    const permissionContext = { operation: context?.operation, subject: context?.subject };
    expect(errors[0]).toMatchObject({ type, data, permissionContext });
    await theirs.close();
  });
});
