// What befalls clients in the plans that seeds make: each fault there is, and what clients do about that time.

import { describe, expect, test } from "vitest";
import { strangeGreetings } from "../../src/effects/simulated/handshakes.js";
import { all, drawn, expectEach, expectMoments, expectShare, expectSpread } from "./drawn.js";

/** Plans with three servers, in which clients do nothing but about the time of a fault; without other clusters, where nobody misleads. */
const drawnPlain = () =>
  drawn({ servers: 3, clients: 3, acts: 0, faults: 60 }).filter(({ known }) => known === undefined);

describe("a fault", () => {
  test("is each that there is, of servers and clients that there are", () => {
    const plain = drawnPlain();
    const names = [
      "crash",
      "powerOff",
      "pause",
      "cut",
      "vanish",
      "reset",
      "lameDuck",
      "greet",
      "say",
      "expel",
    ];
    const acts = plain.flatMap(({ entries }) => entries.map(({ act }) => act));
    const faults = acts.filter((act) => "node" in act || !("to" in act));
    for (const type of [...names, "slow", "isolate", "join", "leave", "lockOut"]) {
      expect(faults.filter((fault) => fault.type === type).length).toBeGreaterThan(20);
    }
    expect(acts.filter(({ type }) => type === "mislead")).toEqual([]);
    const errors = [
      "Authorization Violation",
      "User Authentication Expired",
      "Authentication Timeout",
      "maximum connections exceeded",
      "Stale Connection",
      "Slow Consumer",
      "Unknown Protocol Operation",
      "Secure Connection - TLS Required",
      "something that no server ever said",
    ];
    expectEach(
      all(plain, "expel").map(({ act }) => act.error),
      errors,
    );
    const greetings = all(plain, "greet").map(({ act }) => act.handshake);
    expectEach(
      greetings.map(({ type }) => type),
      ["silent", "late", "other", "closing", "mute", "refusing", "eager", "tlsLie"],
    );
    expectEach(
      greetings.flatMap((one) => (one.type === "refusing" ? [one.error] : [])),
      errors,
    );
    const others = greetings.flatMap((one) => (one.type === "other" ? [one.text] : []));
    expect(others.length).toBeGreaterThan(20);
    for (const text of others) expect(strangeGreetings).toContain(text);
    expectEach(
      all(plain, "say").map(({ act }) => act.text),
      [
        ...strangeGreetings,
        "-ERR 'Permissions Violation for Publish to \"nobody.x\"'\r\n",
        "-ERR 'Invalid Subject'\r\n",
        "-ERR 'something that no server ever said'\r\n",
        "PING\r\nPING\r\n",
        "+OK\r\n",
        "MSG nobody.x 999999 5\r\nhello\r\n",
        "MSG all.x 999999 2147483648\r\n",
        "MSG",
      ],
    );
    expectEach(
      all(plain, "vanish").map(({ act }) => act.direction),
      ["both", "toServer", "toClient"],
    );
    const cuts = all(plain, "cut");
    expectEach(
      cuts.map(({ act }) => act.node),
      [null, 0, 1, 2],
    );
    expectEach(
      cuts.map(({ act }) => act.client),
      [0, 1, 2],
    );
    expectEach(
      all(plain, "leave").map(({ act }) => act.node),
      [0, 1, 2],
    );
  });

  test("lasts some moments", () => {
    const plain = drawnPlain();
    for (const type of ["pause", "greet", "isolate", "lockOut"] as const) {
      expectMoments(
        all(plain, type).map(({ act, moment }) => [act.ms, moment]),
        0.05,
        15,
      );
    }
    const late = all(plain, "greet").flatMap(({ act: { handshake }, moment }) =>
      handshake.type === "late" ? [[handshake.ms, moment] as const] : [],
    );
    expectMoments(late, 0.01, 2);
    const narrow = all(plain, "slow").map(({ act }) => act);
    expectSpread(
      narrow
        .filter(({ bandwidth }) => bandwidth !== 1 && bandwidth !== 1_000)
        .map(({ bandwidth }) => bandwidth),
      1,
      1_000,
    );
  });

  test("has clients beside it, which act just before and just behind it, and end now and then", () => {
    const plain = drawnPlain();
    const kinds = ["pause", "reset", "isolate", "leave", "say"];
    const gaps = plain.flatMap(({ entries, duration }) =>
      duration < 604_800_000
        ? []
        : entries.flatMap(({ act, at }, place) =>
            kinds.includes(act.type)
              ? [entries[place - 1], entries[place + 1]].flatMap((near) =>
                  near !== undefined && "client" in near.act && "to" in near.act
                    ? [(near.at - at) / (duration / 100)]
                    : [],
                )
              : [],
          ),
    );
    const near = gaps.filter((gap) => Math.abs(gap) <= 1);
    expect(near.length).toBeGreaterThan(gaps.length * 0.7);
    expectSpread(near, -1, 1);
    expectShare(
      near.map((gap) => gap < 0),
      0.5,
    );
    expect(all(plain, "close").length).toBeGreaterThan(20);
  });

  test("of a lame duck is made worse: clients are cut off meanwhile, and members leave their queue group", () => {
    const plain = drawnPlain();
    // In a short run, other things happen as well in so little time.
    const long = plain.filter(({ duration }) => duration >= 604_800_000);
    const shown = long.flatMap((plan) => {
      // Not those of a scene, which say of which cluster they are.
      const ducks = all([plan], "lameDuck").filter(({ site }) => site === undefined);
      return ducks.map((duck) => ({ ...duck, entries: plan.entries }));
    });
    expectMoments(
      shown.map(({ act, moment }) => [act.grace, moment]),
      0.05,
      2,
    );
    const isCut = shown.map(({ at, talk, entries }) =>
      entries.some(
        (entry) =>
          entry.act.type === "cut" &&
          entry.act.node === null &&
          entry.at > at &&
          entry.at <= at + Math.ceil(talk * 0.4),
      ),
    );
    expectShare(isCut, 0.7);
    // Who leaves its group while the client moves, or just behind it.
    const joined = shown.flatMap(({ at, talk, entries }) =>
      entries.flatMap(({ at: joins, act }) => {
        if (act.type !== "subscribe" || act.to !== "work" || joins >= at || joins < at - talk) return [];
        const leaves = joins + act.ms;
        return leaves >= at && leaves <= at + talk / 2 + 400 ? [{ at, talk, entries, leaves, act }] : [];
      }),
    );
    expectShare(
      shown.map(({ at }) => joined.some((one) => one.at === at)),
      0.8,
    );
    expectEach(
      joined.map(({ act }) => act.end),
      ["unsubscribe", "drain", "limit", "break", "inCallback", "abort", "timeout", "never"],
    );
    const broken = joined.filter(({ act }) => act.end === "break");
    expectShare(
      broken.map(({ act }) => act.iterates),
      1,
    );
    expect(joined.some(({ act }) => act.end !== "break" && act.iterates)).toBe(true);
    expect(joined.some(({ act }) => !act.iterates)).toBe(true);
    expectShare(
      joined.map(({ act }) => act.max === null),
      0.7,
    );
    expectSpread(
      joined.flatMap(({ act }) => (act.max === null ? [] : [act.max])),
      5,
      50,
    );
    expectSpread(
      joined.map(({ at, talk, leaves }) => (leaves - at) / (talk / 2 + 400)),
      0,
      1,
    );
    // And there is work for it then.
    for (const { leaves, entries } of joined) {
      const work = entries.filter(({ at, act }) => {
        const isNear = at >= leaves - 120 && at <= leaves + 280;
        return isNear && act.type === "publish" && act.to === "work";
      });
      expect(work.length).toBeGreaterThanOrEqual(2);
    }
  });
});
