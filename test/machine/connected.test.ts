// `connected`: messages flow. What keeps the connection alive, what is news, and what ends it.

import { describe, expect, test } from "vitest";
import { LINGER } from "../../src/machine/link.js";
import {
  begin,
  close,
  drain,
  error,
  errors,
  fires,
  info,
  lost,
  opened,
  ping,
  pong,
  reconnect,
  violated,
} from "./story.js";

const connected = (policy = {}) => begin(policy).connects();

describe("staying alive", () => {
  test("a PING of the server is answered", () => {
    expect(connected().happens(ping).effects).toEqual([
      { type: "sendPong", params: { attempt: 1, count: 1 } },
    ]);
  });

  test("PINGs that came together are answered together", () => {
    const { effects } = connected().happens({ type: "server.ping", count: 3 });
    expect(effects).toEqual([{ type: "sendPong", params: { attempt: 1, count: 3 } }]);
  });

  test("whatever has arrived since the last PING says that the server is alive", () => {
    const silent = connected({ maxPingOut: 2 }).happens(fires("ping"), fires("ping"));
    const story = silent.happens(fires("ping", { heard: true }));
    expect(story.state).toBe("connected");
    expect(story.context.live?.pingsOut).toBe(1);
    expect(story.effects[0]).toEqual({
      type: "notifyStatus",
      params: { status: { type: "pingTimer", server: "a:4222", pingsOut: 1 } },
    });
    expect(story.happens(fires("ping"), fires("ping")).state).toBe("reconnecting.dialing");
  });

  test("what has arrived is no answer: what the server complained of is still the reason when it closes", () => {
    const story = connected({ reconnect: false }).happens(
      error("something new"),
      fires("ping", { heard: true }),
    );
    expect(story.happens(lost()).last("settleClosed")?.failure?.message).toBe("something new");
  });

  test("when the ping timer fires a PING is sent, reported, and the timer starts again", () => {
    const story = connected().happens(fires("ping"));
    expect(story.effects).toEqual([
      { type: "notifyStatus", params: { status: { type: "pingTimer", server: "a:4222", pingsOut: 1 } } },
      { type: "sendPing", params: { attempt: 1 } },
      { type: "startTimer", params: { timer: "ping", attempt: 1, ms: 120_000 } },
    ]);
  });

  test("any PONG says that the server is alive, whatever is still out", () => {
    const story = connected().happens(fires("ping"), fires("ping"));
    expect(story.context.live?.pingsOut).toBe(2);
    expect(story.happens(pong).context.live?.pingsOut).toBe(0);
    expect(story.did).toEqual([]);
  });

  test("a PONG that no PING asked for says nothing: what the server complained of is still the reason", () => {
    const story = connected({ reconnect: false }).happens(error("something new"), pong, lost());
    expect(story.last("settleClosed")?.failure?.message).toBe("something new");
  });

  test("a PONG of an earlier socket says nothing of this one", () => {
    const story = connected().happens(lost()).connects().happens(fires("ping"));
    expect(story.happens({ ...pong, attempt: 1 }).context.live?.pingsOut).toBe(1);
  });

  test("when the ping timer fires with maxPingOut PINGs unanswered, the connection is stale", () => {
    const story = connected({ maxPingOut: 2 }).happens(fires("ping"), fires("ping")).happens(fires("ping"));
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.did).toEqual([
      "stopTimer ping",
      "notifyStatus pingTimer",
      "notifyStatus staleConnection",
      "closeSocket",
      "holdOutbound",
      "notifyStatus disconnect",
      "startTimer attempt",
      "notifyStatus reconnecting",
      "openSocket b:4222",
    ]);
  });

  test("maxPingOut 0: the first ping timer finds the connection stale", () => {
    expect(connected({ maxPingOut: 0 }).happens(fires("ping")).state).toBe("reconnecting.dialing");
  });

  test("the failure of a stale connection says how many PINGs went unanswered", () => {
    const story = connected({ maxPingOut: 1, reconnect: false }).happens(fires("ping"), fires("ping"));
    expect(story.last("settleClosed")?.failure).toEqual({
      code: "DISCONNECT",
      message: "stale connection: a:4222 left 1 PINGs unanswered",
    });
  });

  test("the count starts anew with every connection", () => {
    const story = connected().happens(fires("ping"), lost()).connects();
    expect(story.context.live?.pingsOut).toBe(0);
  });
});

describe("news", () => {
  test("servers that join or leave the cluster are an update", () => {
    const story = connected().happens(info({ connectUrls: ["c:4222", "d:4222"] }));
    expect(story.last("notifyStatus")?.status).toEqual({
      type: "update",
      server: "a:4222",
      changed: { added: ["c:4222", "d:4222"], deleted: [] },
    });
    story.happens(info({ connectUrls: ["d:4222"] }));
    expect(story.last("notifyStatus")?.status).toMatchObject({ changed: { added: [], deleted: ["c:4222"] } });
  });

  test("an INFO without news is silent", () => {
    const story = connected().happens(info({ connectUrls: ["c:4222"] }));
    expect(story.happens(info({ connectUrls: ["c:4222"] })).did).toEqual([]);
  });

  test("lame duck mode is reported once, and the connection stays", () => {
    const story = connected().happens(info({ lameDuck: true }));
    expect(story.effects).toEqual([
      { type: "notifyStatus", params: { status: { type: "ldm", server: "a:4222" } } },
    ]);
    expect(story.state).toBe("connected");
    expect(story.happens(info({ lameDuck: true })).did).toEqual([]);
  });

  test("lame duck mode together with news of the cluster: the update comes first", () => {
    const story = connected().happens(info({ lameDuck: true, connectUrls: ["c:4222"] }));
    expect(story.did).toEqual(["notifyStatus update", "notifyStatus ldm"]);
  });
});

describe("-ERR", () => {
  test.each([
    'Permissions Violation for Publish to "secret"',
    "Invalid Subject",
    "Maximum Subscriptions Exceeded",
  ])("'%s' concerns one subject: reported, and the connection stays", (text) => {
    const story = connected().happens(error(text));
    expect(story.state).toBe("connected");
    expect(story.did).toEqual(["notifyStatus error"]);
    expect(story.errors).toMatchObject([{ step: "connected", failure: { message: text } }]);
    expect(story.context.failure).toBeNull();
  });

  test("errors that came together are reported one by one, each with what was not permitted", () => {
    const texts = ['Permissions Violation for Publish to "a"', "Invalid Subject"] as const;
    const story = connected().happens(errors(...texts));
    expect(story.did).toEqual(["notifyStatus error", "notifyStatus error"]);
    expect(story.errors).toMatchObject(texts.map((message) => ({ step: "connected", failure: { message } })));
    const reported = story.effects.flatMap(({ type, params }) =>
      type === "notifyStatus" ? [params.status] : [],
    );
    expect(reported).toMatchObject([
      { permission: { operation: "publish", subject: "a" } },
      { permission: null },
    ]);
  });

  test("of errors that came together the last is the reason why the server closes", () => {
    const story = connected({ reconnect: false }).happens(errors("something new", "something else"), lost());
    expect(story.last("settleClosed")?.failure?.message).toBe("something else");
  });

  test("an attempt ends by the first of the errors that end it", () => {
    const story = begin().happens(opened, info(), errors("Slow Consumer", "Invalid Arguments"));
    expect(story.errors).toMatchObject([{ step: "authenticating", failure: { message: "Slow Consumer" } }]);
    expect(story.errors).toHaveLength(1);
  });

  test.each([
    "Authorization Violation",
    "User Authentication Revoked",
    "User Authentication Expired",
    "Account Authentication Expired",
  ])("'%s' ends the connection without waiting for the server", (text) => {
    const story = connected().happens(error(text));
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.errors).toMatchObject([{ step: "connected", failure: { message: text } }]);
    expect(story.did.slice(0, 5)).toEqual([
      "stopTimer ping",
      "notifyStatus error",
      "closeSocket",
      "holdOutbound",
      "notifyStatus disconnect",
    ]);
  });

  test.each([
    "Unknown Protocol Operation",
    "Slow Consumer",
    "Stale Connection",
    "Maximum Payload Violation",
    "maximum connections exceeded",
    "Attempted To Connect To Route Port",
    "something that no table knows",
  ])("'%s' is reported, and is the reason when the server closes the socket", (text) => {
    const story = connected({ reconnect: false }).happens(error(text));
    expect(story.state).toBe("connected");
    expect(story.errors).toMatchObject([{ step: "connected", failure: { message: text } }]);
    expect(story.did).toEqual(["notifyStatus error"]);
    expect(story.happens(lost()).last("settleClosed")?.failure?.message).toBe(text);
  });
});

describe("the connection ends", () => {
  test("a lost socket: what is published is held, the loss is reported, the next server is dialed, all at once", () => {
    const story = connected().happens(lost());
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.did).toEqual([
      "stopTimer ping",
      "holdOutbound",
      "notifyStatus disconnect",
      "startTimer attempt",
      "notifyStatus reconnecting",
      "openSocket b:4222",
    ]);
    expect(story.context).toMatchObject({ live: null, next: { id: 2 }, retiring: [] });
  });

  test("bytes that are not NATS: reported, and the socket is closed", () => {
    const story = connected().happens(violated);
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.did.slice(0, 3)).toEqual(["stopTimer ping", "notifyStatus error", "closeSocket"]);
    expect(story.errors[0]?.step).toBe("connected");
  });

  test("user.reconnect leaves the server and dials the next one", () => {
    const story = connected().happens(reconnect);
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.did).toEqual([
      "stopTimer ping",
      "notifyStatus client initiated reconnect",
      "closeSocket",
      "holdOutbound",
      "notifyStatus disconnect",
      "startTimer attempt",
      "notifyStatus reconnecting",
      "openSocket b:4222",
    ]);
  });

  test.each([
    ["the user wanted another one", reconnect, "DISCONNECT", "disconnected from a:4222"],
    [
      "the server does not speak NATS",
      violated,
      "NATS_PROTOCOL_ERR",
      "a:4222 does not speak the NATS protocol: unknown operation HTTP/1.1",
    ],
    ["the server closed it", lost(), "DISCONNECT", "a:4222 closed the connection (step: connected)"],
    [
      "the network did",
      lost({ code: "ECONNRESET", message: "reset by peer" }),
      "ECONNRESET",
      "reset by peer",
    ],
  ])("the reason is kept where nothing follows: %s", (_why, event, code, message) => {
    const story = connected({ reconnect: false }).happens(event);
    expect(story.last("settleClosed")).toEqual({ failure: { code, message } });
  });

  test("user.close hands over what was published, and closes", () => {
    const story = connected().happens(close());
    expect(story.state).toBe("closing");
    expect(story.did).toEqual(["stopTimer ping", "endSocket", "startTimer linger", "settlePending"]);
    expect(story.last("endSocket")).toEqual({ attempt: 1 });
    expect(story.last("startTimer")).toEqual({ timer: "linger", attempt: 1, ms: LINGER });
    expect(story.last("settlePending")).toEqual({ failure: null });
    story.happens(lost());
    expect(story.state).toBe("closed");
    expect(story.did).toEqual(["stopTimer linger", "settleClosed"]);
    expect(story.last("settleClosed")).toEqual({ failure: null });
  });

  test("user.close asks first whether what was published arrived, where it is not confirmed", () => {
    const story = connected().happens(close(1));
    expect(story.state).toBe("closing");
    expect(story.did).toEqual(["stopTimer ping", "confirmOutbound", "startTimer confirm", "settlePending"]);
    expect(story.last("confirmOutbound")).toEqual({ attempt: 1 });
    expect(story.last("startTimer")).toEqual({ timer: "confirm", attempt: 1, ms: LINGER });
    expect(story.last("settlePending")).toEqual({ failure: null });
    story.happens({ type: "outbound.flushed" });
    expect(story.state).toBe("closing");
    expect(story.did).toEqual(["stopTimer confirm", "endSocket", "startTimer linger"]);
    story.happens(lost());
    expect([story.state, story.did]).toEqual(["closed", ["stopTimer linger", "settleClosed"]]);
  });

  test("user.drain begins to drain", () => {
    const story = connected().happens(drain);
    expect(story.state).toBe("draining.subscriptions");
    expect(story.did).toEqual(["stopTimer ping", "startTimer drain", "drainSubscriptions"]);
  });
});

// What it does while none is: reconnect-call.test.ts.
test("user.reconnect changes nothing once the user leaves", () => {
  for (const story of [connected().happens(drain), connected().happens(close()), begin().happens(close())]) {
    const before = story.snapshot;
    story.happens(reconnect);
    expect(story.did).toEqual([]);
    expect(story.snapshot.context).toBe(before.context);
    expect(story.snapshot.value).toEqual(before.value);
  }
});
