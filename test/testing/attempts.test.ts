// The failed attempts of a client, counted from outside.

import { expect, test } from "vitest";
import type { NatsConnection } from "../../src/api/nats-connection.js";
import type { Status } from "../../src/api/status.js";
import { Attempts } from "../../src/testing/attempts.js";

/** A client with the servers `a` and `b`, which gives one up after so many failed attempts. */
function setUp(limit = 3) {
  const complaints: string[] = [];
  const held: string[] = [];
  const pool = new Map([
    ["a", 0],
    ["b", 0],
  ]);
  const connection = { getServers: () => [...pool].map(([listen, reconnects]) => ({ listen, reconnects })) };
  const attempts = new Attempts(
    () => connection as unknown as NatsConnection,
    () => ["a", "b"],
    () => limit,
    (what) => void complaints.push(what),
    (premise) => void held.push(premise),
  );
  const report = (status: object) => attempts.reported({ server: "a", ...status } as Status);
  /** An attempt fails, after which the client counts so many; undefined where it gives the server up. */
  const fails = async (counted: number | undefined, more: object = {}) => {
    const { server } = { server: "a", ...more };
    report({ type: "error", step: "dialing", ...more });
    if (counted === undefined) pool.delete(server);
    else pool.set(server, counted);
    await undefined;
  };
  return { attempts, complaints, held, pool, report, fails };
}

test("a client counts each failed attempt of a server, and gives it up at its limit", async () => {
  const { complaints, held, fails } = setUp();
  await fails(1);
  await fails(2);
  await fails(1, { server: "b", step: "greeting" });
  await fails(undefined, { step: "authenticating" });
  expect([complaints, held]).toEqual([[], ["gaveServerUp"]]);
});

test("a client that counts wrongly, or gives up too soon or too late, is found", async () => {
  const { complaints, fails } = setUp();
  await fails(2);
  await fails(undefined);
  await fails(1, { server: "b" });
  await fails(2, { server: "b" });
  await fails(3, { server: "b" });
  expect(complaints).toEqual([
    "counts 2 failed attempts of a, after 1 failed attempts in a row",
    "gives a up after 2 failed attempts in a row; its limit is 3",
    "does not give b up after 3 failed attempts in a row; its limit is 3",
  ]);
});

test("a client without a limit counts on", async () => {
  const { complaints, fails } = setUp(-1);
  for (const count of [1, 2, 3, 4]) await fails(count);
  expect(complaints).toEqual([]);
});

test("a server that another one has named may leave the pool at any time", async () => {
  const { complaints, held, fails } = setUp();
  await fails(undefined, { server: "c" });
  expect([complaints, held]).toEqual([[], []]);
});

test("an attempt that succeeds, and news of the server, begin its count anew", async () => {
  const { attempts, complaints, report, fails } = setUp();
  await fails(1);
  report({ type: "reconnect" });
  report({ type: "disconnect" });
  await fails(1);
  report({ type: "update", server: "b", added: ["a"] });
  await fails(1);
  report({ type: "update", server: "b", deleted: ["a"] });
  await fails(1);
  attempts.recount();
  await fails(2);
  expect(complaints).toEqual([]);
});

test("what fails while a connection stands costs nothing, and neither does an error that ends no attempt", async () => {
  const { attempts, complaints, pool, report, fails } = setUp();
  pool.set("b", 2);
  attempts.connected();
  await fails(0);
  report({ type: "disconnect" });
  await fails(0, { step: undefined });
  await fails(0, { step: "connected" });
  for (const code of ["PERMISSIONS_VIOLATION", "BAD_SUBJECT"]) await fails(0, { error: { code } });
  report({ type: "pingTimer", step: "dialing" });
  expect(complaints).toEqual([]);
  await fails(1, { error: { code: "CONNECTION_REFUSED" } });
  // What was counted before is known.
  await fails(undefined, { server: "b" });
  expect(complaints).toEqual([]);
});
