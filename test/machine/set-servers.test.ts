// `setServers`: another list of servers, at once. What is being dialed is given up, unless the list keeps it; the link in use stays.
// What a list means for TLS: demanding-tls.test.ts; for what servers name: origin.test.ts.

import { describe, expect, test } from "vitest";
import { OVERLAP } from "../../src/machine/link.js";
import {
  begin,
  fires,
  flushed,
  type Happening,
  info,
  keepServers,
  lost,
  of,
  opened,
  pong,
  refused,
  type Story,
  secured,
  setServers,
  unreachable,
} from "./story.js";

const steps: readonly (readonly [step: string, way: readonly Happening[]])[] = [
  ["dialing", []],
  ["greeting", [opened]],
  ["securing", [opened, info({ tlsRequired: true })]],
  ["authenticating", [opened, info()]],
];
const stepsAgain = [...steps, ["subscribing", [opened, info(), pong]]] as const;
const failure = {
  code: "CANCELLED",
  message: "a:4222: the attempt was given up, since the list of servers was replaced",
};
const givenUp = ["closeSocket", "stopTimer attempt"];
const dialsAnother = ["startTimer attempt", "notifyStatus reconnecting", "openSocket c:4222"];

describe("before the first connection", () => {
  test.each(steps)(
    "in %s: the attempt is given up, and one of the new servers dialed at once",
    (step, way) => {
      const story = begin().happens(...way);
      expect(story.state).toBe(`connecting.${step}`);
      story.happens(setServers("c:4222"));
      expect(story.state).toBe("connecting.dialing");
      expect(story.did).toEqual([...givenUp, ...dialsAnother]);
      expect(story.last("closeSocket")).toEqual({ attempt: 1 });
      expect(story.last("stopTimer")).toEqual({ timer: "attempt", attempt: 1 });
      expect(story.pool).toEqual(["c:4222"]);
      expect(story.context).toMatchObject({ attempt: 2, live: null, next: { id: 2 }, failure: null });
    },
  );

  test.each(steps)(
    "in %s: the attempt is one of those that are reported where none succeeds",
    (step, way) => {
      const story = begin()
        .after(5)
        .happens(...way, setServers("c:4222"))
        .after(6)
        .happens(unreachable);
      expect(story.state).toBe("closed");
      expect(story.last("rejectConnect")?.attempts).toEqual([
        { attempt: 1, server: "a:4222", step, failure, at: 5 },
        {
          attempt: 2,
          server: "c:4222",
          step: "dialing",
          failure: { code: "CONNECTION_REFUSED", message: "nobody listens there" },
          at: 11,
        },
      ]);
    },
  );

  test("a server that was given up has not failed: where the list names it again, it is dialed again", () => {
    const story = begin().happens(setServers("a:4222"));
    expect([story.state, story.last("openSocket")?.server.name]).toEqual(["connecting.dialing", "a:4222"]);
    expect(story.context.attempt).toBe(2);
    expect(story.server("a:4222")).toMatchObject({ failures: 0, lastAttempt: 2, origin: "a:4222#1" });
  });

  test.each(steps)("in %s: a list that keeps the server lets the attempt go on", (step, way) => {
    const story = begin().happens(...way);
    const { next } = story.context;
    story.happens(keepServers(["a:4222"], "c:4222", "a:4222"));
    expect([story.state, story.did, story.pool]).toEqual([`connecting.${step}`, [], ["c:4222", "a:4222"]]);
    expect(story.context.next).toBe(next);
    expect(story.context.attempts).toEqual([]);
  });

  test("what the socket that was given up still has to say changes nothing", () => {
    const story = begin().happens(opened, setServers("c:4222"));
    const { context } = story.snapshot;
    story.happens(of(1, info()), of(1, lost()), of(1, fires("attempt")));
    expect(story.did).toEqual([]);
    expect(story.snapshot.context).toBe(context);
  });

  test("a list without a server gives up nothing", () => {
    const story = begin().happens(setServers("http://x"));
    expect([story.state, story.did, story.pool]).toEqual(["connecting.dialing", [], ["a:4222", "b:4222"]]);
  });

  test("while it backs off: one of the new servers is dialed at once, one that is kept when its wait is over", () => {
    const waiting = () => begin({ waitOnFirstConnect: true }, ["a"]).happens(unreachable);
    const story = waiting().happens(setServers("c:4222"));
    expect(story.state).toBe("connecting.dialing");
    expect(story.did).toEqual(["stopTimer reconnect", ...dialsAnother]);
    expect(story.context.attempts).toHaveLength(1);
    const kept = waiting()
      .after(500)
      .happens(keepServers(["a:4222"], "a"));
    expect(kept.state).toBe("connecting.backingOff");
    expect(kept.last("startTimer")).toMatchObject({ timer: "reconnect", ms: 1_500 });
  });
});

describe("after a connection was lost", () => {
  test.each(stepsAgain)(
    "in %s: the attempt is given up, and one of the new servers dialed at once",
    (step, way) => {
      const story = begin({}, ["a", "b"])
        .connects()
        .happens(lost(), ...way);
      expect(story.state).toBe(`reconnecting.${step}`);
      story.happens(setServers("c:4222"));
      expect(story.state).toBe("reconnecting.dialing");
      expect(story.did).toEqual([...givenUp, ...dialsAnother]);
      expect(story.context).toMatchObject({ attempts: [], lastInUse: { server: "a:4222" } });
    },
  );

  test.each(stepsAgain)("in %s of an attempt to a server that is kept, it goes on", (step, way) => {
    const story = begin({}, ["a", "b"])
      .connects()
      .happens(lost(), ...way);
    const { next } = story.context;
    story.happens(keepServers(["b:4222"], "b", "c"));
    expect([story.state, story.did]).toEqual([`reconnecting.${step}`, []]);
    expect(story.context.next).toBe(next);
    expect(story.pool).toEqual(["b:4222", "c:4222"]);
  });

  test("a connection over a kept attempt is one like any other", () => {
    const story = begin()
      .connects()
      .happens(lost(), opened, keepServers(["b:4222"], "b", "c"));
    story.happens(info(), pong, pong);
    expect([story.state, story.context.live?.destination.name]).toEqual(["connected", "b:4222"]);
    expect(story.server("b:4222")).toMatchObject({ didConnect: true, origin: "b:4222" });
  });

  test("attempts that are given up are none of those that a server may fail", () => {
    const story = begin({ maxReconnectAttempts: 1 }, ["a", "b"]).connects().happens(lost());
    for (const name of ["c:4222", "d:4222", "c:4222"]) {
      story.happens(setServers(name));
      expect([story.state, story.pool]).toEqual(["reconnecting.dialing", [name]]);
    }
  });
});

describe("in a move", () => {
  const lameDuck = info({ lameDuck: true });
  const leaving = () => begin({ onLameDuck: "migrate" }).connects().happens(lameDuck);
  const stays = (story: Story) =>
    expect(story.context).toMatchObject({
      live: { id: 1, destination: { name: "a:4222" }, phase: "live" },
      lastInUse: null,
    });

  test.each(steps)("in %s: the new server is another one, the link in use stays", (step, way) => {
    const story = leaving().happens(...way);
    expect(story.state).toBe(`migrating.${step}`);
    story.happens(setServers("c:4222"));
    expect(story.state).toBe("migrating.dialing");
    expect(story.did).toEqual([...givenUp, ...dialsAnother]);
    expect(story.last("closeSocket")).toEqual({ attempt: 2 });
    expect(story.context).toMatchObject({ next: { id: 3, destination: { name: "c:4222" } }, retiring: [] });
    stays(story);
    story.happens(opened, info(), pong, pong, flushed);
    expect([story.state, story.context.live?.destination.name]).toEqual(["connected", "c:4222"]);
  });

  const subscribed = [opened, info(), pong];
  test.each<[string, readonly Happening[], readonly string[]]>([
    ["subscribing", subscribed, []],
    ["cuttingOver", [...subscribed, pong], ["releaseOutbound"]],
  ])("in %s: the link to the new server retires, so that nothing it has sent is lost", (step, way, first) => {
    const story = leaving().happens(...way);
    expect(story.state).toBe(`migrating.${step}`);
    story.happens(setServers("c:4222"));
    expect(story.state).toBe("migrating.dialing");
    expect(story.did).toEqual([...first, "stopTimer attempt", "startTimer overlap", ...dialsAnother]);
    expect(story.effects).toContainEqual({
      type: "startTimer",
      params: { timer: "overlap", attempt: 2, ms: OVERLAP },
    });
    // What was kept in the cutover goes to the server that is in use again.
    expect(story.last("releaseOutbound")).toEqual(first.length === 0 ? undefined : { attempt: 1 });
    expect(story.context.retiring).toMatchObject([{ id: 2, phase: "overlapping" }]);
    stays(story);
    // The one that is left unsubscribes, and goes, while the move to the other one goes on.
    story.happens(of(2, fires("overlap")));
    expect(story.effects[0]).toEqual({ type: "unsubscribe", params: { attempt: 2 } });
    story.happens(of(2, { type: "subscriptions.drained" }), of(2, lost()));
    expect(story.context.retiring).toEqual([]);
    story.happens(opened, info(), pong, pong, flushed);
    expect([story.state, story.context.live?.destination.name]).toEqual(["connected", "c:4222"]);
    expect(story.context.retiring).toMatchObject([{ id: 1, phase: "overlapping" }]);
  });

  test.each([
    ...steps,
    ["subscribing", subscribed] as const,
    ["cuttingOver", [...subscribed, pong]] as const,
  ])("in %s: a list that keeps the new server lets the move go on", (step, way) => {
    const story = leaving().happens(...way);
    const { next } = story.context;
    story.happens(keepServers(["b:4222"], "b:4222", "c:4222"));
    expect([story.state, story.did, story.pool]).toEqual([`migrating.${step}`, [], ["b:4222", "c:4222"]]);
    expect(story.context.next).toBe(next);
  });

  test("a list without the server in use, and without another, ends it: the connection stays", () => {
    const story = leaving().happens(opened, keepServers(["a:4222"], "a:4222"));
    expect([story.state, story.pool]).toEqual(["connected", ["a:4222"]]);
    expect(story.context).toMatchObject({ live: { id: 1 }, next: null });
    expect(story.did).toEqual([...givenUp, "stopTimer ping", "startTimer ping"]);
  });

  test("the server in use that is not in the list is left as any other, and stays out of the pool", () => {
    const story = leaving().happens(setServers("c:4222"), opened, info(), pong, pong, flushed);
    expect(story.pool).toEqual(["c:4222"]);
    expect(story.context.retiring).toMatchObject([{ id: 1, phase: "overlapping" }]);
  });

  test("a server that another list names, and that does not answer, ends the move, not the connection", () => {
    const story = leaving().happens(setServers("c:4222"), unreachable);
    expect(story.state).toBe("connected");
    stays(story);
  });
});

describe("a server that a list keeps", () => {
  const told = info({ tlsAvailable: true, connectUrls: ["b:4222"] });

  test("stays what it is: learnt, of its origin, and with what experience says of it", () => {
    const story = begin({}, ["wss://a/x"]).happens({ type: "socket.opened", address: "10.0.0.1:443" });
    story.happens(info({ serverId: "A", connectUrls: ["b:443"] }), pong).after(5_000);
    story.happens(lost(), unreachable, refused);
    const before = ["a:443/x", "b:443"].map((name) => story.server(name));
    expect(before[0]).toMatchObject({
      address: "10.0.0.1:443",
      serverId: "A",
      didConnect: true,
      failures: 1,
    });
    const [origin] = story.context.origins;
    story.happens(keepServers(["b:443", "a:443/x"], "c", "wss://b", "wss://a/x"));
    expect(story.pool).toEqual(["c:4222", "b:443", "a:443/x"]);
    expect(["a:443/x", "b:443"].map((name) => story.server(name))).toEqual(before);
    expect(story.server("b:443")).toMatchObject({ learnt: true, origin: "a:443/x" });
    expect(story.context.origins[0]).toBe(origin);
    expect(story.context.origins.map(({ id }) => id)).toEqual(["a:443/x", "c:4222#1"]);
  });

  test("is still taken away by its origin, and by no other", () => {
    const story = begin({}, ["a", "x"]).happens(opened, told, secured, pong);
    story.happens(keepServers(["a:4222", "b:4222"], "a", "b", "y"), info({ connectUrls: ["d:4222"] }));
    expect(story.pool).toEqual(["a:4222", "y:4222", "d:4222"]);
  });

  test("keeps its origin where that itself is in the list no more", () => {
    const story = begin({}, ["a"])
      .connects()
      .happens(info({ connectUrls: ["b:4222"] }));
    story.happens(keepServers(["b:4222"], "b", "y"));
    expect(story.context.origins.map(({ id }) => id)).toEqual(["a:4222", "y:4222#1"]);
    story.happens(lost(), unreachable);
    expect(story.context.next?.destination).toMatchObject({ name: "b:4222", origin: "a:4222" });
  });

  test.each([
    ["connected", () => begin({}, ["a", "tls://b"]).happens(opened, told, secured, pong)],
    ["dialing", () => begin({ waitOnFirstConnect: true }, ["a", "ws://b/x"]).happens(unreachable)],
  ])(
    "with all others of the pool is a round trip: nothing changes but the number of the list (%s)",
    (_, play) => {
      const story = play();
      const { pool, origins, random, list, ...others } = story.context;
      const { state } = story;
      const names = pool.map(({ name }) => name);
      story.happens(keepServers(names, ...names.map((name) => (name.includes("/") ? `ws://${name}` : name))));
      expect(story.did).toEqual([]);
      expect(story.state).toBe(state);
      expect(story.context).toEqual({ ...others, pool, origins, random, list: list + 1 });
    },
  );

  test("is not shuffled: a round trip leaves the order, and the generator", () => {
    const servers = ["a", "b", "c", "d", "e", "f"];
    const story = begin({ noRandomize: false }, servers).connects();
    const { pool, random } = story.context;
    const names = pool.map(({ name }) => name);
    story.happens(keepServers(names, ...names));
    expect(story.context).toMatchObject({ pool, random });
  });
});

describe("the number of a list", () => {
  const numbered = (list: number, ...servers: readonly string[]): Happening => ({
    type: "user.setServers",
    servers,
    kept: [],
    list,
  });

  test("is the one that the user gives, and that of the origins", () => {
    const story = begin()
      .connects()
      .happens(numbered(1, "a"), numbered(2, "a", "b"));
    expect(story.context.list).toBe(2);
    expect(story.context.origins.map(({ id }) => id)).toEqual(["a:4222#2", "b:4222#2"]);
    expect(story.context.live?.destination.origin).toBe("a:4222");
  });

  test("is never one that was used before", () => {
    const story = begin().connects().happens(numbered(5, "a"), numbered(0, "a"), numbered(6, "a"));
    expect(story.context.list).toBe(7);
  });

  test("is not used up by a list without a server", () => {
    expect(begin().connects().happens(numbered(1)).context.list).toBe(0);
  });
});

describe("what a server in use names after another list", () => {
  const names = (...connectUrls: readonly string[]) => info({ connectUrls });

  test("is learnt by way of the server in the new list", () => {
    const story = begin({}, ["a"]).connects().happens(setServers("tls://a"), names("b:4222"));
    expect(story.server("b:4222")).toMatchObject({ learnt: true, origin: "a:4222#1" });
  });

  test("is not learnt where the new list does not know it: no list is brought back that another one replaced", () => {
    const story = begin({}, ["a"]).connects().happens(names("b:4222"), setServers("x"));
    expect(story.happens(names("b:4222", "c:4222")).did).toEqual([]);
    expect(story.pool).toEqual(["x:4222"]);
  });

  test("is not learnt where it was learnt itself, although its origin is in the new list: no password goes back to it", () => {
    const story = begin({}, ["a"]).connects().happens(names("b:4222"), lost()).connects();
    expect(story.context.live?.destination).toMatchObject({ name: "b:4222", origin: "a:4222" });
    story.happens(setServers("x", "a"), names("b:4222"));
    expect(story.pool).toEqual(["x:4222", "a:4222"]);
  });

  test("does not take away the last of those that the user keeps", () => {
    const story = begin({}, ["a"])
      .connects()
      .happens(names("b:4222"), keepServers(["b:4222"], "b"));
    story.happens(names("http://x"));
    expect(story.pool).toEqual(["b:4222"]);
    expect(story.happens(names("c:4222")).pool).toEqual(["c:4222"]);
  });
});
