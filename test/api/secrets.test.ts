// The random texts of a connection: their form, that all are equally likely, and that they come from its world.

import { describe, expect, it } from "vitest";
import { SECRET_LENGTH, Secrets } from "../../src/api/secrets.js";
import { type NatsConnection, RequestStrategy } from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";

/** Secrets from these numbers of 16 bits, over and over; the last is drawn first. And how often they were drawn. */
function secretsFrom(...numbers: number[]) {
  let draws = 0;
  const secrets = new Secrets((bytes) => {
    draws++;
    new Uint16Array(bytes.buffer).forEach((_, i, all) => {
      all[all.length - 1 - i] = numbers[i % numbers.length] as number;
    });
  });
  return { secrets, draws: () => draws };
}

describe("secrets", () => {
  it("have 8 characters, and the token of an inbox has 22, of base 62", () => {
    const secrets = new Secrets((bytes) => void crypto.getRandomValues(bytes));
    const all = Array.from({ length: 1_000 }, () => secrets.next());
    for (const secret of all) expect(secret).toMatch(/^[0-9A-Za-z]{8}$/);
    expect(SECRET_LENGTH).toBe(8);
    expect(new Set(all).size).toBe(1_000);
    expect(secrets.inboxToken()).toMatch(/^[0-9A-Za-z]{22}$/);
  });

  it("draw nothing before the first is asked for, then 256 at once", () => {
    const { secrets, draws } = secretsFrom(1);
    expect(draws()).toBe(0);
    for (let i = 0; i < 256; i++) expect(secrets.next()).toBe("01010101");
    expect(draws()).toBe(1);
    secrets.next();
    expect(draws()).toBe(2);
  });

  it("leave out a number that would make some texts likelier than others", () => {
    const fair = 17 * 3_844;
    const { secrets } = secretsFrom(fair - 1, fair, 0xffff, 0);
    expect(secrets.next()).toBe("zz00zz00");
  });
});

/** The reply subjects of a run, in order, as a service sees them. */
async function repliesOf(seed: number): Promise<string[]> {
  const world = new Simulation({ seed });
  const cluster = world.cluster();
  const connect = (): Promise<NatsConnection> => world.connect({ servers: cluster.urls });
  const [service, one, other] = [await connect(), await connect(), await connect()];
  const replies: string[] = [];
  service.subscribe("ask", {
    callback: (_error, msg) => {
      replies.push(msg.reply as string);
      msg.respond();
    },
  });
  await world.until(service.flush());
  for (const nc of [one, other]) {
    for (const noMux of [false, true]) {
      await world.until(nc.request("ask", "", { noMux, timeout: 5_000 }));
      const strategy = RequestStrategy.SentinelMsg;
      const answers = await nc.requestMany("ask", "", { noMux, strategy });
      await world.until(answers[Symbol.asyncIterator]().next());
    }
  }
  return replies;
}

describe("the inboxes of simulated connections", () => {
  it("are the same for the same seed, and others for another seed", async () => {
    const replies = await repliesOf(1);
    expect(replies).toHaveLength(8);
    expect(new Set(replies).size).toBe(8);
    expect(await repliesOf(1)).toEqual(replies);
    expect(await repliesOf(2)).not.toEqual(replies);
  });
});
