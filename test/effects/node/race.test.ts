// The race of the addresses of a host, in virtual time: every order of up to three addresses that answer, refuse or are
// silent. With real sockets and a real network of slow and dead addresses: test/integration/dialing.test.ts.

import { describe, expect, it } from "vitest";
import { HEAD_START, race } from "../../../src/effects/node/race.js";
import { VirtualTime } from "../../../src/effects/simulated/virtual-time.js";

/** What an address does after that many milliseconds; a silent one does nothing at all. */
interface Address {
  readonly does: "answers" | "refuses" | "nothing";
  readonly after: number;
}

type Entry = readonly [what: "dialed" | "refused" | "destroyed" | "won" | "failed", address: number];

const silent: Address = { does: "nothing", after: 0 };

/** Every list of so many addresses. */
function every(count: number, delays: readonly number[]): readonly (readonly Address[])[] {
  const kinds: readonly Address[] = [
    ...delays.map((after): Address => ({ does: "answers", after })),
    ...delays.map((after): Address => ({ does: "refuses", after })),
    silent,
  ];
  const longer = (lists: readonly (readonly Address[])[]) =>
    lists.flatMap((list) => kinds.map((one) => [...list, one]));
  return Array.from({ length: count }).reduce<readonly (readonly Address[])[]>(longer, [[]]);
}

const errorOf = (code: string) => Object.assign(new Error(code), { code });

interface Told {
  readonly at: number;
  readonly entry: Entry;
}

/** Runs a race to its end, or for that long. */
async function run(addresses: readonly Address[], limit = 10_000) {
  const time = new VirtualTime();
  const log: Told[] = [];
  const tell = (...entry: Entry) => void log.push({ at: time.elapsed(), entry });
  const index = (address: string) => Number(address);
  const cancel = race(
    addresses.map((_, at) => `${at}`),
    (address, events) => {
      const number = index(address);
      tell("dialed", number);
      const { does, after } = addresses[number] as Address;
      const act = () => {
        if (does === "answers") return events.opened();
        tell("refused", number);
        events.failed(errorOf(`${number}`));
      };
      const timer = does === "nothing" ? undefined : time.startTimer(after, act);
      return {
        destroy: () => {
          tell("destroyed", number);
          if (timer !== undefined) time.stopTimer(timer);
        },
      };
    },
    time,
    {
      won: (_attempt, address) => tell("won", index(address)),
      failed: (error) => tell("failed", Number(error.message)),
    },
  );
  await time.advance(limit);
  return { log, cancel, planned: () => time.planned };
}

const of = (log: readonly Told[], what: Entry[0]) => log.filter(({ entry }) => entry[0] === what);
const numbers = (log: readonly Told[]) => log.map(({ entry }) => entry[1]);

/** What holds of every race. */
function check(addresses: readonly Address[], log: readonly Told[]): void {
  const dialed = of(log, "dialed");
  expect(numbers(dialed)).toEqual(dialed.map((_, number) => number));
  // Each begins with the first failure after the one before it, else when that has had its head start.
  const begins = dialed.map((told, number) => {
    const before = dialed[number - 1];
    if (before === undefined) return 0;
    const between = log.slice(log.indexOf(before) + 1, log.indexOf(told));
    return of(between, "refused")[0]?.at ?? before.at + HEAD_START;
  });
  expect(dialed.map(({ at }) => at)).toEqual(begins);
  const [won] = of(log, "won");
  if (won === undefined) checkLost(addresses, log);
  else checkWon(addresses, log, won);
}

/** What holds where no address answers. */
function checkLost(addresses: readonly Address[], log: readonly Told[]): void {
  expect(addresses.filter(({ does }) => does === "answers")).toEqual([]);
  expect(of(log, "destroyed")).toEqual([]);
  expect(of(log, "dialed")).toHaveLength(addresses.length);
  const areAllRefused = addresses.every(({ does }) => does === "refuses");
  const lastRefusal = of(log, "refused").at(-1)?.at;
  expect(of(log, "failed").map(({ at }) => at)).toEqual(areAllRefused ? [lastRefusal] : []);
}

/** What holds where one does. */
function checkWon(addresses: readonly Address[], log: readonly Told[], won: Told): void {
  const dialed = of(log, "dialed");
  const destroyed = of(log, "destroyed");
  const answers = addresses.flatMap(({ does, after }, number) =>
    does === "answers" ? [number * HEAD_START + after] : [],
  );
  const winner = won.entry[1];
  expect(addresses[winner]?.does).toBe("answers");
  // No address is slower for those before it than their head starts.
  expect(won.at).toBeLessThanOrEqual(Math.min(...answers));
  expect(won.at).toBe((dialed[winner] as Told).at + (addresses[winner] as Address).after);
  expect(of(log, "failed")).toEqual([]);
  expect(of(log, "won")).toHaveLength(1);
  // The winner is told last. Those that still ran are destroyed for it, not a moment earlier, and nothing else is.
  expect(log.at(-1)).toBe(won);
  for (const { at } of destroyed) expect(at).toBe(won.at);
  const ran = numbers(dialed).filter(
    (number) => number !== winner && !numbers(of(log, "refused")).includes(number),
  );
  expect(numbers(destroyed)).toEqual(ran);
}

describe("the race of addresses", () => {
  it.each([
    ["one address", every(1, [0, 800])],
    ["two addresses", every(2, [0, 100, 249, 250, 251, 400, 600, 800])],
    ["three addresses", every(3, [0, 100, 250, 400, 800])],
  ])("is won by the first that answers: every order of %s", async (_what, lists) => {
    for (const addresses of lists) {
      const { log, planned, cancel } = await run(addresses);
      try {
        check(addresses, log);
        expect(planned()).toBe(0);
        const told = log.length;
        cancel();
        // Those that are silent still run, if nobody has won.
        const running =
          of(log, "won").length > 0 ? 0 : addresses.filter(({ does }) => does === "nothing").length;
        expect(of(log.slice(told), "destroyed")).toHaveLength(running);
        expect(log).toHaveLength(told + running);
      } catch (error) {
        throw new Error(`${JSON.stringify(addresses)}: ${JSON.stringify(log)}`, { cause: error });
      }
    }
  });

  it("starts no timer for a single address", async () => {
    const { planned } = await run([silent], 0);
    expect(planned()).toBe(0);
  });

  it("tells nothing after it was cancelled, and dials nobody any more", async () => {
    for (const at of [0, 249, 250, 300]) {
      const time = new VirtualTime();
      const told: string[] = [];
      const cancel = race(
        ["a", "b", "c"],
        (address, { opened }) => {
          told.push(`${address} dialed`);
          const timer = time.startTimer(600, opened);
          return {
            destroy: () => {
              time.stopTimer(timer);
              told.push(`${address} destroyed`);
            },
          };
        },
        time,
        { won: () => told.push("won"), failed: () => told.push("failed") },
      );
      await time.advance(at);
      cancel();
      const dialed = at < HEAD_START ? ["a"] : ["a", "b"];
      const expected = [...dialed.map((one) => `${one} dialed`), ...dialed.map((one) => `${one} destroyed`)];
      expect(told).toEqual(expected);
      await time.advance(10_000);
      expect(told).toEqual(expected);
      expect(time.planned).toBe(0);
    }
  });

  it.each([
    [["ETIMEDOUT", "ECONNREFUSED"], "ECONNREFUSED"],
    [["ECONNREFUSED", "ETIMEDOUT"], "ETIMEDOUT"],
    [["ENETUNREACH", "ECONNREFUSED"], "ECONNREFUSED"],
    [["ECONNREFUSED", "ENETUNREACH"], "ECONNREFUSED"],
    [["ECONNREFUSED", "EADDRNOTAVAIL", "EHOSTUNREACH"], "ECONNREFUSED"],
    [["ENETUNREACH", "EHOSTUNREACH"], "ENETUNREACH"],
  ])(
    "fails, if all of %j fail, with %s: what tells of the server counts more than the own network",
    async (codes, code) => {
      const time = new VirtualTime();
      const failures: Error[] = [];
      const left = [...codes];
      race(
        codes,
        (_address, { failed }) => {
          const error = errorOf(left.shift() ?? "");
          time.startTimer(1, () => failed(error));
          return { destroy: () => {} };
        },
        time,
        { won: () => {}, failed: (error) => void failures.push(error) },
      );
      await time.advance(10_000);
      expect(failures).toEqual([expect.objectContaining({ code })]);
    },
  );
});
