// The scenes that are added to plans: each now and then, with all that it needs.

import { describe, expect, test } from "vitest";
import { all, drawn, expectEach, expectShare } from "./drawn.js";

/** Plans in which there is nothing else but a fault. */
const drawnScenes = () => drawn({ servers: 3, clients: 3, acts: 0, faults: 1 });

describe("a scene", () => {
  /** Of faults of all servers, the first one. */
  const first = <T extends { readonly act: object }>(list: readonly T[]) =>
    list.filter(({ act }) => "node" in act && act.node === 0);

  test("is a drain behind some messages, with more of them behind it, and something in the way", () => {
    const scenes = drawnScenes();
    const drains = scenes.flatMap((plan) =>
      plan.entries.flatMap(({ at, act }) => {
        if (act.type !== "drain") return [];
        const near = plan.entries.filter((entry) => {
          const isIts = "client" in entry.act && entry.act.client === act.client;
          return (
            isIts &&
            entry.act.type === "publish" &&
            Math.abs(entry.at - at) <= 2 * plan.network.latency[1] + 2
          );
        });
        return [
          {
            plan,
            at,
            act,
            near: near.map((entry) => entry.act as Extract<typeof entry.act, { to: string }>),
          },
        ];
      }),
    );
    const staged = drains.filter(({ near }) => near.length >= 2);
    expectShare(
      scenes.map((plan) => staged.some((one) => one.plan === plan)),
      0.3,
    );
    expectEach(
      staged.flatMap(({ near }) => near.slice(0, 2).map(({ to }) => to)),
      ["self", "nobody"],
    );
  });

  test("is a move of everybody but from one server, with much to hear in it", () => {
    const scenes = drawnScenes();
    const moves = scenes.flatMap((plan) => {
      const ducks = all([plan], "lameDuck").filter(({ act }) => act.ms === act.grace * 3);
      const [duck] = ducks;
      return duck === undefined ? [] : [{ plan, duck, ducks }];
    });
    expectShare(
      scenes.map((plan) => moves.some((move) => move.plan === plan)),
      0.3,
    );
    for (const { plan, ducks, duck } of moves) {
      expect(ducks.length).toBe(plan.other === undefined ? 4 : 8);
      const time = plan.network.latency[1] * 20 + 400;
      expect(duck.act.grace).toBeGreaterThan(time);
      const messages = plan.entries.filter(
        ({ act, at }) => act.type === "publish" && at >= duck.at && at <= duck.at + time + 1,
      );
      expect(messages.length).toBeGreaterThanOrEqual(50);
      expect(all([plan], "join").some(({ at }) => at <= Math.max(0, duck.at - 100))).toBe(true);
    }
    const slow = moves.map(({ plan, ducks }) => {
      const nodes = new Set(ducks.map(({ act }) => act.node));
      return all([plan], "slow").filter(({ act }) => act.bandwidth === 1_000 && nodes.has(act.node)).length;
    });
    expectShare(
      slow.map((count) => count >= 12),
      0.7,
    );
  });

  test("is a request that is given up while every server is gone", () => {
    const scenes = drawnScenes();
    const asked = scenes.flatMap((plan) =>
      all([plan], "request").flatMap(({ at, act }) => {
        const gone = plan.entries.filter(
          (entry) =>
            (entry.act.type === "crash" || entry.act.type === "powerOff") && entry.act.ms === act.timeout * 2,
        );
        return act.to === "silent" && gone.length > 0 ? [{ plan, at, act, gone }] : [];
      }),
    );
    expectShare(
      scenes.map((plan) => asked.some((one) => one.plan === plan)),
      0.1,
    );
    for (const { plan, at, gone } of asked) {
      expect(gone.length).toBe(plan.other === undefined ? 5 : 10);
      for (const one of gone) {
        expect(one.at).toBeGreaterThanOrEqual(Math.round(at) - 1);
        expect(one.at).toBeLessThanOrEqual(at + 2 * plan.network.latency[1] + 1);
      }
    }
    expectEach(
      asked.flatMap(({ gone }) => gone.map(({ act }) => act.type)),
      ["crash", "powerOff"],
    );
  });

  test("is a member of a queue group that ends while its socket has no room", () => {
    const scenes = drawnScenes();
    const narrow = scenes.flatMap((plan) =>
      first(all([plan], "slow")).filter(({ act }) => act.bandwidth === 1),
    );
    expectShare(
      scenes.map((plan) => narrow.some((one) => one.plan === plan)),
      0.1,
    );
    for (const { plan, act, at } of narrow) {
      const way = plan.network.latency[1];
      const large = { type: "publish", client: act.client, to: "nobody", count: 5, size: 50_000 };
      expect(plan.entries).toContainEqual(
        expect.objectContaining({ at, act: expect.objectContaining(large) as unknown }),
      );
      const work = all([plan], "publish").filter((one) => one.act.to === "work" && one.act.count === 2);
      expect(work.filter((one) => one.at >= at && one.at <= at + 30 * way + 1).length).toBe(20);
      const member = all([plan], "subscribe").find(
        (one) => one.act.client === act.client && one.act.ms === Math.ceil(way * 30),
      );
      expect(member?.act).toMatchObject({ to: "work", end: "unsubscribe", max: null, iterates: false });
      expect(Math.abs((member?.at ?? 0) + 20 * way - at)).toBeLessThanOrEqual(2);
    }
  });

  test("is an outage of the first cluster in which messages with headers wait for the other one", () => {
    const scenes = drawnScenes();
    const two = scenes.filter(({ other }) => other !== undefined);
    const outages = two.flatMap((plan) => {
      const crashes = all([plan], "crash").filter(({ site, at }) => site === 0 && !Number.isInteger(at));
      return crashes.length === 0 ? [] : [{ plan, crashes }];
    });
    expectShare(
      two.map((plan) => outages.some((one) => one.plan === plan)),
      0.7,
    );
    for (const { plan, crashes } of outages) {
      const at = crashes[0]?.at ?? 0;
      expect(crashes.map(({ act }) => act.node)).toEqual([0, 1, 2, 3, 4]);
      const waiting = all([plan], "publish").filter(
        (one) => one.act.headers && one.act.to === "self" && one.act.size === 20,
      );
      expect(waiting.length).toBe(6);
      for (const one of waiting) {
        expect(one.at).toBeGreaterThanOrEqual(Math.floor(at));
        expect(one.at).toBeLessThanOrEqual(at + plan.network.latency[1] * 8 + 1);
      }
    }
  });
});
