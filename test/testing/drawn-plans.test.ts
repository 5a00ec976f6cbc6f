// What seeds make: each kind of act, fault, client and server, within the bounds that a plan is to keep.

import { describe, expect, test } from "vitest";
import { drawPlan } from "../../src/testing/draw-plan.js";
import type { Act, Plan } from "../../src/testing/index.js";
import { all, drawn, drawnCalm, expectEach, expectMoments, expectShare, expectSpread } from "./drawn.js";

const WEEK = 7 * 24 * 3_600_000;

describe("a plan", () => {
  test("is the same for the same seed, and another for another", () => {
    expect(drawPlan(7)).toEqual(drawPlan(7));
    expect(drawPlan(7)).not.toEqual(drawPlan(8));
  });

  test("has one to four servers, one to three clients, and lasts weeks, or for one in three less", () => {
    const calm = drawnCalm();
    expectEach(
      calm.map(({ servers }) => servers),
      [1, 2, 3, 4],
    );
    expectEach(
      calm.map(({ clients }) => clients.length),
      [1, 2, 3],
    );
    const times = calm.map(({ duration }) => duration);
    expectShare(
      times.map((ms) => ms < WEEK),
      1 / 3,
    );
    expectSpread(
      times.filter((ms) => ms >= WEEK),
      WEEK,
      3 * WEEK,
    );
    expectSpread(
      times.filter((ms) => ms < WEEK),
      10_000,
      WEEK,
    );
    for (const ms of times) expect(Number.isInteger(ms)).toBe(true);
  });

  test("has what was asked for, 10 to 60 acts where it was not, in the order of their times, all within it", () => {
    const calm = drawnCalm();
    const late = (plan: Plan) => all([plan], "close").length + all([plan], "drain").length;
    expectSpread(
      calm.map((plan) => plan.entries.length - late(plan)),
      10,
      60,
    );
    for (const plan of drawn()) {
      const times = plan.entries.map(({ at }) => at);
      expect(times).toEqual(times.toSorted((one, other) => one - other));
      expect(times.every((at) => at >= 0)).toBe(true);
    }
    expectSpread(
      calm.flatMap(({ duration, entries }) => entries.map(({ at }) => at / duration)),
      0,
      1.001,
    );
  });

  test("has a network that is quick or slow, wide or narrow", () => {
    const calm = drawnCalm();
    const networks = calm.map(({ network }) => network);
    expectSpread(
      networks.map(({ latency: [least] }) => least),
      0.4,
      20,
    );
    expectSpread(
      networks.map(({ latency: [least, most] }) => most / least),
      1.1,
      10,
    );
    expectSpread(
      networks.map(({ window }) => window),
      1_000,
      200_000,
    );
    expectSpread(
      networks.map(({ highWater }) => highWater),
      1_000,
      50_000,
    );
    expectEach(
      networks.map(({ pieces }) => pieces),
      [1, 2, 4, 10],
    );
  });

  test("has servers with and without TLS and headers, which ask now and then whether their clients are there", () => {
    const calm = drawnCalm();
    expectEach(
      calm.map(({ server }) => server.version),
      ["2.9.10", "2.15.1"],
    );
    expectEach(
      calm.map(({ server }) => server.maxPingsOut),
      [1, 2, 3],
    );
    expectEach(
      calm.map(({ server }) => server.tls),
      ["none", "offered", "required"],
    );
    expectShare(
      calm.map(({ server }) => server.tls === "none"),
      0.85,
    );
    const pings = calm.map(({ server, duration, network: { latency } }) => {
      return [(server.pingInterval ?? 0) - Math.ceil(latency[1] * 20), duration / 100] as const;
    });
    expectMoments(pings, 0.5, 10);
  });
});

describe("what clients do", () => {
  test("is each act there is, of each client", () => {
    const calm = drawnCalm();
    const acts = calm.flatMap(({ entries }) => entries.map(({ act }) => act as Act));
    const types = ["publish", "request", "gather", "subscribe", "move", "flush", "rtt", "ready", "reconnect"];
    expectEach(
      acts.map(({ type }) => type),
      [...types, "close", "drain"],
    );
    for (const { clients, entries } of calm) {
      for (const { act } of entries)
        expect([0, 1, 2].slice(0, clients.length)).toContain((act as Act).client);
    }
    expectShare(
      acts.map(({ type }) => type === "publish"),
      0.5,
    );
    expectEach(
      acts.map(({ client }) => client),
      [0, 1, 2],
    );
  });

  test("is publishing a few messages or many, of which not too many are large", () => {
    const calm = drawnCalm();
    const acts = all(calm, "publish").map(({ act }) => act);
    expectEach(
      acts.map(({ to }) => to),
      ["self", "all", "work", "nobody"],
    );
    expectSpread(
      acts.map(({ size }) => size),
      0,
      100_000,
    );
    expectShare(
      acts.map(({ size }) => size < 100),
      0.75,
    );
    expectSpread(
      acts.map(({ count }) => count),
      1,
      60,
    );
    expectShare(
      acts.map(({ count }) => count > 8),
      0.15,
    );
    for (const { count, size } of acts) expect(count === 1 || count * size <= 200_000).toBe(true);
    expect(Math.max(...acts.map(({ count, size }) => count * size))).toBeGreaterThan(150_000);
    expectShare(
      acts.map(({ headers }) => headers),
      0.2,
    );
    expectShare(
      acts.map(({ flush }) => flush),
      0.25,
    );
  });

  test("is asking for one answer or for many, patiently or not", () => {
    const calm = drawnCalm();
    const requests = all(calm, "request");
    expectEach(
      requests.map(({ act }) => act.to),
      ["ask", "nobody", "silent"],
    );
    expectShare(
      requests.map(({ act }) => act.timeout === 1_000),
      0.5,
    );
    const others = requests.filter(({ act }) => act.timeout !== 1_000);
    expectMoments(
      others.map(({ act, moment }) => [act.timeout, moment]),
      0.01,
      5,
    );
    expectShare(
      requests.map(({ act }) => act.noMux),
      0.3,
    );
    expectShare(
      requests.map(({ act }) => act.abort !== null),
      0.1,
    );
    const aborts = requests.flatMap(({ act: { abort }, moment }) =>
      abort === null ? [] : [[abort, moment] as const],
    );
    expectMoments(aborts, 0.01, 1);
    const gathers = all(calm, "gather");
    expectMoments(
      gathers.map(({ act, moment }) => [act.maxWait, moment]),
      0.01,
      3,
    );
    expectShare(
      gathers.map(({ act }) => act.noMux),
      0.5,
    );
  });

  test("is subscribing for a while, and ending that in each way there is but its own limit of time", () => {
    const calm = drawnCalm();
    const subs = all(calm, "subscribe");
    expectEach(
      subs.map(({ act }) => act.to),
      ["all", "work", "silent"],
    );
    const ends = ["unsubscribe", "drain", "limit", "break", "inCallback", "abort", "never"];
    expectEach(
      subs.map(({ act }) => act.end),
      ends,
    );
    expectEach(
      subs.map(({ act }) => act.max),
      [null, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
    expectShare(
      subs.map(({ act }) => act.max !== null),
      0.3,
    );
    expectShare(
      subs.map(({ act }) => act.iterates),
      0.5,
    );
    expectMoments(
      subs.map(({ act, moment }) => [act.ms, moment]),
      0.1,
      30,
    );
  });

  test("is moving to other servers of the first cluster", () => {
    const calm = drawnCalm();
    const moves = all(calm, "move");
    for (const {
      act: { from, count },
      plan: { servers },
    } of moves) {
      expect(0 <= from && from < servers && 1 <= count && count <= servers).toBe(true);
    }
    expectEach(
      moves.map(({ act }) => act.from),
      [0, 1, 2, 3],
    );
    expectEach(
      moves.map(({ act }) => act.count),
      [1, 2, 3, 4],
    );
  });

  test("is ending, and trying to publish something right behind it", () => {
    const calm = drawnCalm();
    const ends = [...all(calm, "close"), ...all(calm, "drain")];
    expectMoments(
      ends.map(({ act, moment }) => [act.ms, moment]),
      1,
      10,
    );
    for (const { at, act, talk, plan } of ends) {
      const behind = plan.entries.filter((entry) => at <= entry.at && entry.at < at + Math.ceil(talk / 5));
      expect(behind.map((entry) => entry.act)).toContainEqual({
        type: "publish",
        client: act.client,
        to: "self",
        count: 3,
        size: 10,
        headers: false,
        flush: true,
      });
    }
  });
});
