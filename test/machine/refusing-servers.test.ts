// A server that refuses the same credentials twice. Where the user named it, that ends the connection: nothing else would come of
// trying. Where it was only learnt, it leaves, and the others are tried.

import { describe, expect, test } from "vitest";
import {
  begin,
  error,
  info,
  lost,
  of,
  opened,
  refused,
  type Story,
  setServers,
  unreachable,
} from "./story.js";

const patient = { reconnectTimeWait: 0, maxReconnectAttempts: -1 } as const;
const cluster = info({ connectUrls: ["b:4222", "c:4222"] });
/** The connection to the configured `a` is lost; `b` and `c` were learnt by way of it. */
const lostTo = (policy: Parameters<typeof begin>[0] = {}) =>
  begin({ ...patient, ...policy }, ["a"])
    .connects()
    .happens(cluster, lost());
const dialed = (story: Story) => story.last("openSocket")?.server.name;
/** The server that is being dialed refuses. */
const refuses = (story: Story, refusal = refused) => story.happens(opened, info(), refusal);
/** Plays until that server is dialed: all others are out of reach. */
const until = (name: string, story: Story) => {
  for (let tries = 0; dialed(story) !== name; tries++) {
    if (tries === 9) throw new Error(`${name} is not dialed`);
    story.happens(unreachable);
  }
  return story;
};

describe("a learnt server that refuses the same credentials twice", () => {
  test("leaves the pool, and the connection goes on with the others", () => {
    const story = refuses(until("b:4222", lostTo()));
    expect(story.server("b:4222").refusal).toEqual({ kind: "authorizationViolation", credentialsVersion: 1 });
    refuses(until("b:4222", story));
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.errors).toMatchObject([
      { step: "authenticating", failure: { message: "Authorization Violation" } },
    ]);
    expect([...story.pool].sort()).toEqual(["a:4222", "c:4222"]);
    expect(story.did).not.toContain("settlePending");
    expect(story.connects().state).toBe("connected");
  });

  test("leaves, too, where it refuses only when it is subscribed with again", () => {
    const refusesLate = (story: Story) => story.subscribes().happens(refused);
    const story = refusesLate(until("b:4222", lostTo()));
    expect(story.pool).toContain("b:4222");
    refusesLate(until("b:4222", story));
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.errors).toMatchObject([{ step: "subscribing" }]);
    expect([...story.pool].sort()).toEqual(["a:4222", "c:4222"]);
  });

  test("leaves although there is no limit to attempts, and although there is a greater one", () => {
    for (const maxReconnectAttempts of [-1, 10]) {
      const story = refuses(until("b:4222", lostTo({ maxReconnectAttempts })));
      expect(story.pool).toContain("b:4222");
      expect(refuses(until("b:4222", story)).pool).not.toContain("b:4222");
    }
  });

  test.each([
    ["was offered others the second time", error("Authorization Violation", 2)],
    ["refuses for another reason", error("User Authentication Expired")],
  ])("stays where it %s", (_, other) => {
    const story = refuses(until("b:4222", lostTo()));
    expect(refuses(until("b:4222", story), other).pool).toContain("b:4222");
    // That is the one that counts from then on.
    expect(refuses(until("b:4222", story), other).pool).not.toContain("b:4222");
  });

  test("stays where the user wants to go on", () => {
    const story = refuses(until("b:4222", lostTo({ ignoreAuthErrorAbort: true })));
    expect(refuses(until("b:4222", story)).pool).toContain("b:4222");
  });

  test("stays where it was in use in between", () => {
    const story = refuses(until("b:4222", lostTo()));
    until("b:4222", story).connects().happens(lost());
    expect(refuses(until("b:4222", story)).pool).toContain("b:4222");
  });

  test("leaves before the first connection, too, where that is waited for", () => {
    const story = begin({ ...patient, waitOnFirstConnect: true }, ["a"]);
    story.happens(opened, cluster, refused);
    refuses(until("b:4222", story));
    refuses(until("b:4222", story));
    expect(story.state).toBe("connecting.dialing");
    expect([...story.pool].sort()).toEqual(["a:4222", "c:4222"]);
  });

  test("is learnt anew where the cluster names it again", () => {
    const story = refuses(until("b:4222", refuses(until("b:4222", lostTo()))));
    story.connects().happens(cluster);
    expect(story.last("notifyStatus")?.status).toMatchObject({ changed: { added: ["b:4222"], deleted: [] } });
    expect(story.server("b:4222")).toMatchObject({ refusal: null, failures: 0 });
  });

  test("brings no other back that has left, for as long as neither was connected to", () => {
    const greets = (story: Story) => story.happens(opened, cluster, refused);
    const story = greets(until("b:4222", lostTo()));
    greets(until("c:4222", story));
    greets(until("b:4222", story));
    expect([...story.pool].sort()).toEqual(["a:4222", "c:4222"]);
    greets(until("c:4222", story));
    expect(story.pool).toEqual(["a:4222"]);
  });

  test("may name others while it is connected to, whatever it refused before", () => {
    const story = refuses(until("b:4222", lostTo()));
    until("b:4222", story)
      .connects()
      .happens(info({ connectUrls: ["b:4222", "d:4222"] }));
    expect([...story.pool].sort()).toEqual(["a:4222", "b:4222", "d:4222"]);
  });

  test("costs nobody the move in which it does, and stays", () => {
    const story = begin({ ...patient, reconnectTimeWait: 2_000, onLameDuck: "migrate" }, ["a"]).connects();
    const lameDuck = info({ lameDuck: true, connectUrls: ["b:4222"] });
    for (const round of [1, 2, 3]) {
      story.after(9_000).happens(of(1, lameDuck));
      expect([round, dialed(story)]).toEqual([round, "b:4222"]);
      refuses(story);
      expect([story.state, story.pool]).toEqual(["connected", ["a:4222", "b:4222"]]);
    }
  });
});

describe("a configured server that refuses the same credentials twice", () => {
  test("closes the connection, although others are left", () => {
    const story = refuses(until("a:4222", lostTo()));
    expect(story.state).toBe("reconnecting.dialing");
    refuses(until("a:4222", story));
    expect(story.state).toBe("closed");
    expect(story.last("settleClosed")?.failure).toEqual({
      code: "AUTHORIZATION_VIOLATION",
      message: "Authorization Violation",
    });
  });

  test("is one that was learnt, and that the user has named since", () => {
    const story = lostTo().happens(setServers("a", "b"));
    refuses(until("b:4222", story));
    expect(refuses(until("b:4222", story)).state).toBe("closed");
  });

  test("has refused others than those of another list", () => {
    const story = refuses(until("a:4222", lostTo())).happens(setServers("a", "b"));
    expect(refuses(until("a:4222", story)).state).toBe("reconnecting.dialing");
  });
});
