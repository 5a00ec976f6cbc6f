// The clients of the plans that seeds make: any options that a client may have, and any credentials.

import { describe, expect, test } from "vitest";
import { drawnCalm, expectEach, expectMoments, expectShare } from "./drawn.js";

/** All clients, each with the times of its run. */
const drawnClients = () =>
  drawnCalm().flatMap((plan) => {
    const talk = Math.ceil(plan.network.latency[1] * 20);
    return plan.clients.map((client) => ({ ...client, plan, talk, moment: plan.duration / 100 }));
  });

describe("a client", () => {
  test("has times as long as a moment of its run, in which some packets come and go", () => {
    const clients = drawnClients();
    const times = (of: (client: ReturnType<typeof drawnClients>[number]) => number) =>
      clients.map((client) => [of(client), client.moment] as const);
    expectMoments(
      times(({ options, talk }) => options.pingInterval - talk),
      0.5,
      8,
    );
    expectMoments(
      times(({ options }) => options.reconnectTimeWait),
      1,
      8,
    );
    expectMoments(
      times(({ options, talk }) => options.timeout - talk),
      0.1,
      2,
    );
    expectMoments(
      times(({ options }) => options.drainTimeout - 1_000),
      0.1,
      5,
    );
    const jitters = clients.filter(({ options }) => options.reconnectJitter > 0);
    expectShare(
      clients.map(({ options }) => options.reconnectJitter === 0),
      0.3,
    );
    expectMoments(
      jitters.map(({ options, moment }) => [options.reconnectJitter, moment]),
      0.01,
      0.5,
    );
  });

  test.each([
    ["reconnect", 0.95],
    ["waitOnFirstConnect", 0.7],
    ["noRandomize", 0.3],
    ["ignoreClusterUpdates", 0.1],
    ["ignoreAuthErrorAbort", 0.7],
    ["verbose", 0.1],
  ] as const)("has the option %s in %f of all cases", (option, share) => {
    const clients = drawnClients();
    expectShare(
      clients.map(({ options }) => options[option]),
      share,
    );
    expectEach(
      clients.map(({ options }) => options[option]),
      [true, false],
    );
  });

  test("keeps much, little or nothing, resends what it may lose only where it keeps it, and has any limit of attempts", () => {
    const clients = drawnClients();
    const sizes = [8 * 1024 * 1024, -1, 2_000, 0];
    expectEach(
      clients.map(({ options }) => options.reconnectBufferSize),
      sizes,
    );
    const keeping = clients.filter(({ options }) => options.reconnectBufferSize !== 0);
    expectShare(
      keeping.map(({ options }) => options.unconfirmed === "resend"),
      0.4,
    );
    const others = clients.filter(({ options }) => options.reconnectBufferSize === 0);
    expectEach(
      others.map(({ options }) => options.unconfirmed),
      ["report"],
    );
    expectEach(
      clients.map(({ options }) => options.unconfirmed),
      ["report", "resend"],
    );
    expectEach(
      clients.map(({ options }) => options.maxReconnectAttempts),
      [-1, 10, 3],
    );
    expectEach(
      clients.map(({ options }) => options.maxPingOut),
      [1, 2, 3],
    );
    expectEach(
      clients.map(({ options }) => options.onLameDuck),
      ["notify", "migrate"],
    );
  });

  test("chooses its delays and servers now and then, and is recorded now and then", () => {
    const clients = drawnClients();
    for (const [name, least, most] of [
      ["delay", 1, 8],
      ["chooses", 0.3, 3],
    ] as const) {
      expectShare(
        clients.map((client) => client[name] !== null),
        0.1,
      );
      expectMoments(
        clients.flatMap((client) => {
          const ms = client[name];
          return ms === null ? [] : [[ms, client.moment] as const];
        }),
        least,
        most,
      );
    }
    expectShare(
      clients.map(({ records }) => records),
      0.1,
    );
    expectEach(
      clients.map(({ records }) => records),
      [true, false],
    );
    for (const { knows, plan } of clients) expect(1 <= knows && knows <= plan.servers).toBe(true);
    expectEach(
      clients.map(({ knows }) => knows),
      [1, 2, 3, 4],
    );
  });

  test("has no credentials, the same ones, or new ones for each attempt, which may take their time and fail", () => {
    const clients = drawnClients();
    expectShare(
      clients.map(({ credentials }) => credentials.type === "none"),
      0.5,
    );
    expectShare(
      clients.map(({ credentials }) => credentials.type === "constant"),
      0.2,
    );
    const issued = clients.flatMap(({ credentials, moment }) =>
      credentials.type === "issued" ? [{ ...credentials, moment }] : [],
    );
    expectEach(
      issued.map(({ fails }) => fails),
      [0, 0.3],
    );
    expectShare(
      issued.map(({ fails }) => fails === 0),
      0.5,
    );
    expectMoments(
      issued.map(({ ms, moment }) => [ms, moment]),
      2,
      50,
    );
    expectShare(
      issued.map(({ takes }) => takes === 0),
      0.5,
    );
    const slow = issued.filter(({ takes }) => takes > 0);
    expectMoments(
      slow.map(({ takes, moment }) => [takes, moment]),
      0.01,
      1,
    );
  });
});
