// `reconnectToServer` while the connection moves: the user says where to, and when. Messages flow over the old link meanwhile.
// While none is established: choosing.test.ts. The move itself: migrating.test.ts.

import { describe, expect, test } from "vitest";
import {
  begin,
  chosen,
  close,
  drain,
  fires,
  flushed,
  type Happening,
  info,
  lost,
  of,
  opened,
  pong,
  reconnect,
  setServers,
  unreachable,
} from "./story.js";

const lameDuck = (...connectUrls: readonly string[]) => info({ lameDuck: true, connectUrls });
const failure = { code: "UNKNOWN_ERROR", message: "no idea" };
const cannotSay: Happening = { type: "choice.failed", failure };
const three = ["a:4222", "b:4222", "c:4222"];
/** The only server tells that it is about to shut down, and the user is asked where to move. */
const asked = (policy: Parameters<typeof begin>[0] = {}, servers: readonly string[] = three) =>
  begin({ asksForServer: true, onLameDuck: "migrate", ...policy }, servers)
    .happens(chosen("a:4222"))
    .connects()
    .after(10_000)
    .happens(lameDuck());

describe("reconnectToServer in a move", () => {
  test("is asked for one that leaves the cluster before it is dialed: another one is dialed", () => {
    const story = begin({ asksForServer: true, onLameDuck: "migrate" }, ["a"])
      .happens(chosen("a:4222"))
      .connects();
    story.happens(lameDuck("b:4222", "c:4222"), chosen("b:4222", 5_000));
    expect(story.state).toBe("migrating.backingOff");
    story.after(1_000).happens(lameDuck("b:4222", "c:4222"));
    expect([story.state, story.last("startTimer")]).toMatchObject(["migrating.backingOff", { ms: 4_000 }]);
    story.happens(lameDuck("c:4222"));
    expect([story.state, story.context.next?.destination.name]).toEqual(["migrating.dialing", "c:4222"]);
  });

  test("is asked, with the servers that there are besides the one in use", () => {
    const story = asked();
    expect(story.state).toBe("migrating.awaitingServerChoice");
    expect(story.did).toEqual(["stopTimer ping", "notifyStatus ldm", "startTimer ping", "askNextServer"]);
    const question = story.last("askNextServer");
    expect(question?.attempt).toBe(1);
    expect(question?.pool.map(({ name }) => name)).toEqual(["b:4222", "c:4222"]);
    expect(question?.origins).toBe(story.context.origins);
    expect(story.context).toMatchObject({ live: { id: 1 }, next: null });
  });

  test("is heeded: the move goes there", () => {
    const story = asked().happens(chosen("c:4222"));
    expect(story.did).toEqual(["startTimer attempt", "notifyStatus reconnecting", "openSocket c:4222"]);
    story.happens(opened, info(), pong, pong, flushed);
    expect([story.state, story.context.live?.destination.name]).toEqual(["connected", "c:4222"]);
  });

  test("may leave it to the client", () => {
    expect(asked().happens(chosen(null)).last("openSocket")?.server.name).toBe("b:4222");
  });

  test("is not asked where there is nowhere to go", () => {
    const story = asked({}, ["a:4222"]);
    expect(story.state).toBe("connected");
    expect(story.did).not.toContain("askNextServer");
  });

  test("may ask for time: until then nothing is dialed, and the connection stays", () => {
    const story = asked().happens(chosen("c:4222", 500));
    expect(story.state).toBe("migrating.backingOff");
    expect(story.effects).toEqual([
      { type: "startTimer", params: { timer: "reconnect", attempt: 1, ms: 500 } },
    ]);
    expect(story.context).toMatchObject({ live: { id: 1 }, next: null });
    story.after(500).happens(fires("reconnect"));
    expect(story.state).toBe("migrating.dialing");
    expect(story.did.slice(0, 1)).toEqual(["stopTimer reconnect"]);
    expect(story.last("openSocket")?.server.name).toBe("c:4222");
  });

  test("may choose a server that is within its wait: the move waits for that", () => {
    const story = begin({ asksForServer: true, onLameDuck: "migrate", reconnectTimeWait: 2_000 }, three);
    story.happens(chosen("b:4222"), unreachable, chosen("a:4222")).connects().after(500);
    story.happens(lameDuck(), chosen("b:4222"));
    expect(story.state).toBe("migrating.backingOff");
    expect(story.last("startTimer")).toMatchObject({ timer: "reconnect", ms: 1_500 });
  });

  test("is asked again after each server that fails", () => {
    const story = asked().happens(chosen("c:4222"), unreachable);
    expect(story.state).toBe("migrating.awaitingServerChoice");
    expect(story.last("askNextServer")).toMatchObject({
      attempt: 2,
      pool: [{ name: "b:4222" }, { name: "c:4222" }],
    });
    expect(story.happens(chosen("b:4222")).last("openSocket")?.server.name).toBe("b:4222");
  });

  test("that fails is reported, with its failure, and the connection stays where it is", () => {
    const story = asked().happens(cannotSay);
    expect(story.state).toBe("connected");
    expect(story.last("notifyStatus")?.status).toEqual({
      type: "error",
      server: "a:4222",
      failure,
      step: "migrating",
      permission: null,
    });
    expect(story.did).toEqual(["stopTimer ping", "notifyStatus error", "startTimer ping"]);
    expect(story.context).toMatchObject({ live: { id: 1, phase: "live" }, next: null, failure: null });
    // A loss later is one like any other.
    expect(story.happens(lost()).state).toBe("reconnecting.awaitingServerChoice");
  });

  test("that answers for an attempt of before is not heard", () => {
    const story = asked();
    for (const late of [of(0, chosen("c:4222")), of(0, cannotSay), of(2, chosen("c:4222"))]) {
      expect(story.happens(late).did).toEqual([]);
      expect(story.state).toBe("migrating.awaitingServerChoice");
    }
  });

  test.each([
    ["asked", () => asked(), [] as string[]],
    ["waited for", () => asked().happens(chosen("c:4222", 500)), ["stopTimer reconnect"]],
  ])(
    "while it is %s, the loss of the connection is a loss: the choice is asked for anew",
    (_, play, stops) => {
      const story = play().happens(of(1, lost()));
      expect(story.state).toBe("reconnecting.awaitingServerChoice");
      expect(story.context).toMatchObject({ chosen: null, live: null });
      expect(story.did.filter((effect) => effect === "stopTimer reconnect")).toEqual(stops);
    },
  );

  test("while it is waited for, the user may leave: nothing of the move remains", () => {
    const waiting = () => asked().happens(chosen("c:4222", 500));
    const drains = waiting().happens(drain);
    expect(drains.state).toBe("draining.subscriptions");
    expect(drains.did).toEqual([
      "stopTimer reconnect",
      "stopTimer ping",
      "startTimer drain",
      "drainSubscriptions",
    ]);
    expect(drains.context.chosen).toBeNull();
    const closes = waiting().happens(close());
    expect(closes.state).toBe("closing");
    expect(closes.did.slice(0, 2)).toEqual(["stopTimer reconnect", "stopTimer ping"]);
    expect(waiting().happens(reconnect).state).toBe("reconnecting.awaitingServerChoice");
  });

  test("while it is waited for, another list of servers ends the choice: it is asked for anew", () => {
    const story = asked().happens(chosen("c:4222", 500)).happens(setServers("c:4222", "d:4222"));
    expect(story.state).toBe("migrating.awaitingServerChoice");
    expect(story.did).toEqual(["stopTimer reconnect", "askNextServer"]);
    expect(story.last("askNextServer")?.pool.map(({ name }) => name)).toEqual(["c:4222", "d:4222"]);
  });

  test("while it is waited for, a list without a server changes nothing", () => {
    const story = asked().happens(chosen("c:4222", 500), setServers());
    expect(story.state).toBe("migrating.backingOff");
    expect(story.context.chosen).toMatchObject({ server: "c:4222" });
  });

  test("what it chose once does not count for a move that comes later", () => {
    // The chosen server is gone when its time comes, and there is no other.
    const story = asked({}, ["a:4222"]).happens(lameDuck("b:4222"));
    story.happens(chosen("b:4222", 500), info({ connectUrls: ["a:4222"] }));
    expect(story.pool).toEqual(["a:4222"]);
    story.after(500).happens(fires("reconnect"));
    expect(story.state).toBe("connected");
    story.happens(lameDuck("d:4222"));
    expect(story.state).toBe("migrating.awaitingServerChoice");
    expect(story.last("askNextServer")?.pool.map(({ name }) => name)).toEqual(["d:4222"]);
  });
});
