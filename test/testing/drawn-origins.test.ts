// What the plans that seeds make have of other clusters, names, TLS, credentials in URLs, and somebody who misleads.

import { describe, expect, test } from "vitest";
import { all, drawn, expectEach, expectMoments, expectShare } from "./drawn.js";

const drawnTroubled = () => drawn({ servers: 3, clients: 3, acts: 0, faults: 30 });
const drawnOrigins = () => drawnTroubled().filter(({ known }) => known !== undefined);

describe("a plan with other clusters, names, TLS and credentials", () => {
  test("is two in three, and has each of them now and then", () => {
    const troubled = drawnTroubled();
    const withOrigins = troubled.filter(({ known }) => known !== undefined);
    expectShare(
      troubled.map(({ known }) => known !== undefined),
      0.65,
    );
    expectShare(
      withOrigins.map(({ known }) => known === "byName"),
      0.3,
    );
    expectShare(
      withOrigins.map(({ other }) => other !== undefined),
      0.4,
    );
    expectEach(
      withOrigins.map(({ server }) => server.tls),
      ["none", "offered", "required"],
    );
    const others = withOrigins.flatMap(({ other, server }) =>
      other === undefined ? [] : [{ ...other, first: server.tls }],
    );
    expectEach(
      others.map(({ servers }) => servers),
      [1, 2, 3],
    );
    expectEach(
      others.map(({ tls }) => tls),
      ["none", "offered", "required"],
    );
    expectShare(
      others.map(({ tls, first }) => tls === first),
      0.6 + 0.4 / 3,
    );
    expectShare(
      others.map(({ known }) => known === "byName"),
      0.3,
    );
    expectShare(
      others.map(({ headers }) => headers === false),
      0.5,
    );
    for (const { server } of withOrigins) expect(server.version).toBeDefined();
  });

  test("tells clients of some of its servers, by as many names as they have", () => {
    const withOrigins = drawnOrigins();
    for (const { known, other, clients, entries } of withOrigins) {
      const names =
        (known === "byName" ? 1 : 3) +
        (other === undefined ? 0 : other.known === "byName" ? 1 : other.servers);
      const lists = [
        ...clients.map(({ list, knows }) => ({ from: list?.from ?? -1, count: knows })),
        ...entries.flatMap(({ act }) => (act.type === "move" ? [act] : [])),
      ];
      for (const { from, count } of lists) {
        expect(0 <= from && from < names && 1 <= count && count <= names).toBe(true);
      }
    }
    const clients = withOrigins.flatMap((plan) => plan.clients);
    const moves = all(withOrigins, "move").map(({ act }) => act);
    for (const lists of [clients.map(({ list }) => list), moves]) {
      expectEach(
        lists.map((list) => list?.secrets),
        ["none", "first", "all"],
      );
      expectShare(
        lists.map((list) => list?.secrets === "all"),
        0.5,
      );
      expectShare(
        lists.map((list) => list?.tls === true),
        0.4,
      );
    }
    expectShare(
      clients.map(({ options }) => options.allowNonTls === true),
      0.15,
    );
    for (const { options, list } of clients) {
      expect(options.reconnectTimeWait).toBeGreaterThan(0);
      expect(list).not.toHaveProperty("count");
    }
    expect(all(withOrigins, "keep").length).toBeGreaterThan(50);
  });

  test("has faults in each of its clusters", () => {
    const withOrigins = drawnOrigins();
    const two = withOrigins.filter(({ other }) => other !== undefined);
    for (const type of ["pause", "mislead"] as const) {
      expectShare(
        all(two, type)
          .filter(
            ({ plan, at }, place, every) => every[place - 1]?.plan !== plan || every[place - 1]?.at !== at,
          )
          .map(({ site }) => site === 1),
        0.5,
      );
    }
    const one = withOrigins.filter(({ other }) => other === undefined);
    expect(one.flatMap(({ entries }) => entries.filter(({ site = 0 }) => site !== 0))).toEqual([]);
  });

  test("has somebody who misleads clients, while some of them look for a server", () => {
    const withOrigins = drawnOrigins();
    const every = all(withOrigins, "mislead");
    // One that befalls all servers counts once.
    const lies = every.filter(
      ({ plan, at }, place) => every[place - 1]?.plan !== plan || every[place - 1]?.at !== at,
    );
    expectShare(
      lies.map(({ plan, at }) => every.filter((one) => one.plan === plan && one.at === at).length === 4),
      0.5,
    );
    expectShare(
      lies.map(({ act }) => act.by === "path"),
      0.8,
    );
    expectShare(
      lies.map(({ act }) => act.lameDuck),
      0.2,
    );
    expectShare(
      lies.map(({ act }) => act.cuts),
      0.3,
    );
    expectShare(
      lies.map(({ act }) => act.tls === "honest"),
      1 / 2,
    );
    expectShare(
      lies.map(({ act }) => act.tls === "none"),
      1 / 3,
    );
    expectEach(
      lies.map(({ act }) => act.tls),
      ["honest", "required", "none"],
    );
    expectMoments(
      lies.map(({ act, moment }) => [act.ms, moment]),
      0.1,
      10,
    );
    expectEach(
      every.map(({ act }) => act.node),
      [0, 1, 2, 3],
    );
    expectEach(
      lies.map(({ act }) => act.connectUrls.length),
      [0, 1, 2, 3],
    );
    const named = lies.flatMap(({ act }) => act.connectUrls);
    const foreign = ["10.66.0.1:4222", "plain.foreign.sim:4222", "tls.foreign.sim:4222"];
    const servers = [1, 2].flatMap((site) => [1, 2, 3, 4].map((node) => `10.0.${site}.${node}:4222`));
    expectEach(named, [...foreign, ...servers]);
    expectShare(
      named.map((server) => foreign.includes(server)),
      0.75,
    );
    for (const { at, act, plan } of lies) {
      const during = plan.entries.filter((entry) => at <= entry.at && entry.at <= at + act.ms);
      expect(during.some((entry) => ["reconnect", "crash"].includes(entry.act.type))).toBe(true);
    }
  });
});
