// What the properties found, each as the shortest story that shows it.

import { describe, expect, test } from "vitest";
import {
  begin,
  chosen,
  close,
  drain,
  drained,
  error,
  fires,
  flushed,
  type Happening,
  info,
  lost,
  of,
  opened,
  ping,
  pong,
  reconnect,
  refused,
  type Story,
  setServers,
  unreachable,
  violated,
} from "./story.js";

const old = (happening: Happening): Happening => ({ ...happening, attempt: 1 });
const lameDuck = info({ lameDuck: true });
const migrating = () => begin({ onLameDuck: "migrate" }).connects().happens(lameDuck);

/** The servers that statuses of that type name. */
const named = (story: Story, type: string) =>
  story.effects.flatMap((effect) =>
    effect.type === "notifyStatus" && effect.params.status.type === type ? [effect.params.status.server] : [],
  );

describe("migrating", () => {
  test("user.reconnect leaves the server that the connection stands with, and says so", () => {
    expect(named(migrating().happens(reconnect), "client initiated reconnect")).toEqual(["a:4222"]);
  });

  test("an error of the old server names the old server", () => {
    expect(named(migrating().happens(old(error("Invalid Subject"))), "error")).toEqual(["a:4222"]);
  });

  test("nonsense of the old server is reported as that of the old server", () => {
    const story = migrating().happens(old(violated));
    expect(story.errors[0]?.failure.message).toContain("a:4222 does not speak");
  });

  test("the PONG to a PING of before the move does not end the cutover", () => {
    const story = begin({ onLameDuck: "migrate" }).connects();
    // The ping timer sends a PING that is not answered yet when the move begins.
    story.happens(fires("ping"), lameDuck, opened, info(), pong, pong);
    expect(story.state).toBe("migrating.cuttingOver");
    // This PONG says nothing of what was published since; the one to the PING of the cutover is still to come.
    expect(story.happens(old(pong)).state).toBe("migrating.cuttingOver");
  });

  test("the PONG to a PING of before the UNSUBs does not say that nothing more comes", () => {
    const story = migrating().happens(opened, info(), pong);
    expect(story.state).toBe("migrating.subscribing");
    // The new server has not answered the PING when the user drains: what it sends is taken, until it confirms the UNSUBs.
    story.happens(drain, fires("overlap"));
    expect(story.happens(pong).did).toEqual([]);
    expect(story.happens(of(2, drained)).did).toEqual(["stopTimer retire", "endSocket", "startTimer linger"]);
  });

  test("a server that was moved away from is the last to be dialed again, and not before its wait is over", () => {
    const story = begin({ onLameDuck: "migrate" }, ["a:4222", "b:4222", "c:4222"]).connects();
    story.happens(lameDuck, opened, info(), pong, pong, flushed).happens(lost());
    expect(story.last("openSocket")?.server.name).toBe("c:4222");
  });

  test("news of the new server that come while it is being subscribed with are told", () => {
    const story = migrating().happens(opened, info(), pong);
    expect(story.state).toBe("migrating.subscribing");
    expect(story.happens(info({ connectUrls: ["c:4222"] })).did).toEqual(["notifyStatus update"]);
  });
});

describe("leaving a link", () => {
  test("a PONG does not confirm the UNSUBs: it answers an older PING, or one of the ping timer", () => {
    const story = migrating().happens(opened, info(), pong, pong, old(fires("ping")), flushed);
    expect(story.state).toBe("connected");
    story.happens(old(fires("overlap")));
    expect(story.happens(old(pong)).did).toEqual([]);
    expect(story.context.retiring).toMatchObject([{ id: 1, phase: "unsubscribing" }]);
    expect(story.happens(old(drained)).did).toEqual(["stopTimer retire", "endSocket", "startTimer linger"]);
  });
});

test("a PING that comes while the socket hands over its last bytes is not answered: nothing is written any more", () => {
  const story = begin().connects().happens(close());
  expect(story.state).toBe("closing");
  expect(story.happens(ping).did).toEqual([]);
});

test("setServers after the end changes nothing: closed absorbs it", () => {
  const story = begin().connects().happens(close(), lost());
  expect(story.state).toBe("closed");
  const { context } = story.snapshot;
  expect(story.happens(setServers("x:4222")).snapshot.context).toEqual(context);
});

test("a close without a reason before the first connection rejects connect: there is no connection to give", () => {
  expect(begin().happens(close()).last("rejectConnect")?.failure).toMatchObject({ code: "CANCELLED" });
});

test("a refusal of a connection that stands counts: the same again from the same server is the second in a row", () => {
  const story = begin({ reconnectTimeWait: 0 }, ["a"]).connects().happens(refused);
  expect(story.happens(opened, info(), refused).state).toBe("closed");
});

test("a server that was never offered credentials cannot have refused them", () => {
  const story = begin({ reconnectTimeWait: 0, waitOnFirstConnect: true }, ["a"]);
  expect(story.happens(opened, refused).happens(opened, refused).state).not.toBe("closed");
});

test("tls://, but tls: null, and the server offers TLS: no credentials in the clear, as where it offers none", () => {
  const clear = begin({ tls: "never" }, ["tls://a"]).happens(opened, info());
  expect(clear.did).not.toContain("sendConnect");
  const offered = begin({ tls: "never" }, ["tls://a"])
    .happens(opened)
    .happens(info({ tlsAvailable: true }));
  expect(offered.did).not.toContain("sendConnect");
});

test("the jitter is that of TLS where TLS is required, also when the attempt fails before the handshake", () => {
  const policy = {
    tls: "required",
    reconnectTimeWait: 0,
    reconnectJitterTls: 1_000_000,
    waitOnFirstConnect: true,
  } as const;
  expect(begin(policy, ["a"]).happens(unreachable).state).toBe("connecting.backingOff");
});

test("a chosen server is left alone for its wait, too: choosing the same one again and again does not hammer it", () => {
  const story = begin({ asksForServer: true, waitOnFirstConnect: true }).happens(
    chosen("a:4222"),
    unreachable,
  );
  // b is out of its wait, so the function is asked at once; it insists on a, which failed this very moment.
  story.happens(chosen("a:4222"));
  expect(story.did).not.toContain("openSocket a:4222");
});

test("an error that the server did not close for is not the reason of a loss that comes hours later", () => {
  const story = begin({ reconnect: false }).connects().happens(error("something new"));
  story.after(3_600_000).happens(fires("ping"), pong);
  story.happens(lost({ code: "ECONNRESET", message: "reset by peer" }));
  expect(story.last("settleClosed")?.failure?.code).toBe("ECONNRESET");
});

test("the PONG to a PING of before the close does not say that what was published arrived", () => {
  const story = begin().connects().happens(fires("ping"), close(3));
  expect(story.happens(pong).did).toEqual([]);
  expect(story.context.retiring).toMatchObject([{ id: 1, phase: "confirming" }]);
  expect(story.happens(flushed, lost()).state).toBe("closed");
});
