// A server that is named by way of two URLs: whose it is. With the credentials of the other one it would be of no use.

import { expect, test } from "vitest";
import { destinationOf } from "../../src/machine/origin.js";
import { begin, info, lost, opened, pong, refused, type Story, secured, unreachable } from "./story.js";

const names = (...connectUrls: readonly string[]) => info({ connectUrls });
const originOf = (story: Story, name: string) => story.server(name).origin;
/** The first server names another one, and refuses; the second one is dialed. */
const refusedByFirst = () => begin({}, ["a", "b"]).happens(opened, names("c:4222"), refused, opened);

test("it is of the one whose server let the client in, not of the one that refused it", () => {
  const story = refusedByFirst();
  expect(originOf(story, "c:4222")).toBe("a:4222");
  story.happens(names("c:4222"));
  // The second one has only greeted.
  expect(originOf(story, "c:4222")).toBe("a:4222");
  expect(originOf(story.happens(pong), "c:4222")).toBe("b:4222");
});

test("also where it is named later", () => {
  const story = refusedByFirst().happens(info(), pong);
  expect(originOf(story, "c:4222")).toBe("a:4222");
  expect(originOf(story.happens(names("c:4222")), "c:4222")).toBe("b:4222");
});

test("it stays with the one by way of which it was reached", () => {
  const story = begin({ reconnectTimeWait: 0, maxReconnectAttempts: -1 }, ["a", "b"]).happens(
    opened,
    names("c:4222"),
    pong,
    lost(),
  );
  const comesTo = (name: string) => {
    for (let tries = 0; story.context.next?.destination.name !== name; tries++) {
      if (tries === 9) throw new Error(`${name} is not dialed`);
      story.happens(unreachable);
    }
    return story.happens(opened, names("c:4222"), pong, pong);
  };
  expect(comesTo("c:4222").context.live?.destination.origin).toBe("a:4222");
  story.happens(lost());
  expect(originOf(comesTo("b:4222").happens(names("c:4222")), "c:4222")).toBe("a:4222");
});

test("it is vouched for where who lets the client in names it inside TLS, whatever the other one claimed", () => {
  const story = begin({}, ["tls://a", "tls://b"]).happens(
    opened,
    info({ connectUrls: ["c:4222"], tlsRequired: true }),
  );
  story.happens(lost(), opened, info({ tlsRequired: true }), secured, pong);
  expect(destinationOf(story.context.origins, story.server("c:4222"))).toMatchObject({ tlsName: "a" });
  story.happens(names("c:4222"));
  const destination = destinationOf(story.context.origins, story.server("c:4222"));
  expect(destination).toMatchObject({ origin: "b:4222", tlsName: null, otherTlsName: "b" });
});
