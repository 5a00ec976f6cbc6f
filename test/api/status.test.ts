// Statuses: the shape of the reference, with the fields of the v3 client beside it.

import { describe, expect, it } from "vitest";
import { LIMIT_BYTES } from "../../src/api/broadcast.js";
import { NatsError } from "../../src/api/errors.js";
import {
  closedStatus,
  DebugEvents,
  Events,
  type Status,
  Statuses,
  statusFrom,
} from "../../src/api/status.js";
import type { StatusReport } from "../../src/machine/effects.js";

const server = "a:4222";
const nothing = { messages: 0, bytes: 0 };

describe("a status", () => {
  it.each<[StatusReport, Partial<Status>]>([
    [
      { type: "disconnect", server },
      { type: Events.Disconnect, data: server, server, unconfirmed: nothing },
    ],
    [
      { type: "reconnect", server },
      { type: Events.Reconnect, data: server, server },
    ],
    [
      { type: "reconnecting", server },
      { type: DebugEvents.Reconnecting, data: server, server },
    ],
    [
      { type: "ldm", server },
      { type: Events.LDM, data: server, server },
    ],
    [
      { type: "staleConnection", server },
      { type: DebugEvents.StaleConnection, data: "", server },
    ],
    [
      { type: "client initiated reconnect", server },
      { type: DebugEvents.ClientInitiatedReconnect, data: "", server },
    ],
    [
      { type: "pingTimer", server, pingsOut: 2 },
      { type: DebugEvents.PingTimer, data: "2", pendingPings: 2, server },
    ],
    [
      { type: "update", server, changed: { added: ["b:1"], deleted: [] } },
      { type: Events.Update, data: { added: ["b:1"], deleted: [] }, added: ["b:1"], deleted: [], server },
    ],
  ])("%j reads as the reference's", (report, status) => {
    expect(statusFrom(report, undefined, nothing)).toEqual(status);
  });

  it("of a lost connection says what was not confirmed", () => {
    const unconfirmed = { messages: 2, bytes: 30 };
    expect(statusFrom({ type: "disconnect", server }, undefined, unconfirmed)).toEqual({
      type: Events.Disconnect,
      data: server,
      server,
      unconfirmed,
    });
  });

  it("of the end says what is left behind, and why it ended, where something went wrong", () => {
    const remains = { unsent: { messages: 1, bytes: 11 }, unconfirmed: nothing };
    const clean = { type: Events.Close, data: server, server, ...remains };
    expect(closedStatus(server, remains, undefined)).toEqual(clean);
    const error = NatsError.errorForCode("TIMEOUT");
    expect(closedStatus(server, remains, error)).toEqual({ ...clean, error });
  });

  it("of an error carries the code as data, the whole error, its cause, and the step", () => {
    const cause = new Error("ECONNREFUSED");
    const failure = { code: "CONNECTION_REFUSED", message: "nobody there" };
    const status = statusFrom(
      { type: "error", server, failure, step: "dialing", permission: null },
      cause,
      nothing,
    );
    expect(status).toMatchObject({ type: "error", data: "CONNECTION_REFUSED", step: "dialing", server });
    expect(status.error).toMatchObject({ code: "CONNECTION_REFUSED", message: "nobody there", cause });
    expect(status.permissionContext).toBeUndefined();
  });

  it("of a permission error says what was not permitted, in the status and in the error", () => {
    const permission = { operation: "publish", subject: "a" };
    const failure = { code: "PERMISSIONS_VIOLATION", message: "no" };
    const status = statusFrom(
      { type: "error", server, failure, step: "connected", permission },
      undefined,
      nothing,
    );
    expect(status.permissionContext).toEqual(permission);
    expect(status.error?.permissionContext).toEqual(permission);
  });
});

describe("listeners", () => {
  const reported = (name: string): Status => ({ type: Events.Disconnect, data: name, server: name });
  const names = async (iterable: AsyncIterable<Status>) => {
    const seen: string[] = [];
    for await (const status of iterable) seen.push(status.server);
    return seen;
  };

  /** The first status; then the loop is left. */
  const firstOf = async (iterable: AsyncIterable<Status>) => {
    for await (const status of iterable) return status;
    return undefined;
  };

  /** The next statuses, that many at most. */
  const firsts = async (iterable: AsyncIterable<Status>, count: number) => {
    const iterator = iterable as unknown as AsyncIterator<Status, undefined>;
    const seen: Status[] = [];
    while (seen.length < count) {
      const { done, value } = await iterator.next();
      if (done === true) break;
      seen.push(value);
    }
    return seen;
  };

  it("get what happens from their beginning to the end", async () => {
    const statuses = new Statuses(undefined);
    statuses.report(reported("before"));
    const first = statuses.iterate();
    statuses.report(reported("1"));
    const second = statuses.iterate();
    statuses.report(reported("2"));
    statuses.close();
    expect(await names(first)).toEqual(["1", "2"]);
    expect(await names(second)).toEqual(["2"]);
    expect(await names(statuses.iterate())).toEqual([]);
  });

  it("that do not read lose the oldest statuses, not memory", async () => {
    const statuses = new Statuses(undefined);
    const slow = statuses.iterate();
    for (let i = 0; i < 2_000; i++) statuses.report(reported(`${i}`));
    statuses.close();
    const seen = await names(slow);
    expect(seen).toHaveLength(1_024);
    expect(seen.at(-1)).toBe("1999");
  });

  it("that do not read are told, by the oldest status that is left, how many were dropped before it", async () => {
    const statuses = new Statuses(undefined);
    const [slow, alsoSlow] = [statuses.iterate(), statuses.iterate()];
    for (let i = 0; i < 1_500; i++) statuses.report(reported(`${i}`));
    statuses.close();
    for (const iterable of [slow, alsoSlow]) {
      const dropped: (number | undefined)[] = [];
      for await (const status of iterable) dropped.push(status.dropped);
      expect(dropped).toEqual([476, ...new Array(1_023).fill(undefined)]);
    }
  });

  it("that do not read hold a bounded number of bytes: the largest status alone, or many small ones", async () => {
    const statuses = new Statuses(undefined);
    const slow = statuses.iterate();
    const update = (name: string): Status => ({
      ...reported(name),
      type: Events.Update,
      added: Array.from({ length: 1_000 }, (_, n) => `host-${name}-${n}:4222`),
    });
    for (let i = 0; i < 500; i++) statuses.report(update(`${i}`));
    const few = await firsts(slow, 1);
    expect(few[0]?.dropped).toBeGreaterThan(400);
    for (let i = 0; i < 10; i++) statuses.report({ ...reported("huge"), data: "x".repeat(2 * LIMIT_BYTES) });
    statuses.close();
    const left = await firsts(slow, 20);
    expect(left.map(({ server: name }) => name)).toEqual(["huge"]);
  });

  it("that read as statuses come get each of them as it is", async () => {
    const statuses = new Statuses(undefined);
    const iterator = statuses.iterate()[Symbol.asyncIterator]();
    for (let i = 0; i < 2_000; i++) {
      const status = reported(`${i}`);
      const next = iterator.next();
      statuses.report(status);
      expect((await next).value).toBe(status);
    }
  });

  it.each<readonly [string, (iterable: AsyncIterable<Status>, statuses: Statuses) => unknown]>([
    ["leave their loop", (iterable) => firstOf(iterable)],
    ["leave before they have read", (iterable) => iterable[Symbol.asyncIterator]().return?.()],
    ["are told of the end", (_iterable, statuses) => statuses.close()],
  ])("that %s are forgotten", async (_what, leaves) => {
    const statuses = new Statuses(undefined);
    expect(statuses.isHeard).toBe(false);
    const iterable = statuses.iterate();
    statuses.report(reported("1"));
    expect(statuses.isHeard).toBe(true);
    await leaves(iterable, statuses);
    expect(statuses.isHeard).toBe(false);
  });

  it("that come after the end are not remembered", async () => {
    const statuses = new Statuses(undefined);
    statuses.close();
    expect(await names(statuses.iterate())).toEqual([]);
    expect(statuses.isHeard).toBe(false);
  });
});
