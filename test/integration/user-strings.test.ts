// Real servers and the strings of a user: whatever the client accepts, they carry as it is; whatever it does not, they never
// hear of. What exactly is accepted is held to in test/properties/user-strings.test.ts, without a network.

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, headers, type Msg, type NatsConnection, NatsError } from "../../src/index.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";
import { arriving, text } from "../properties/hostile-text.js";

describe.each(servers)("nats-server $label", ({ path }) => {
  let server: TestServer;
  let nc: NatsConnection;
  let ear: NatsConnection;
  const statuses: string[] = [];
  const heard: unknown[] = [];

  beforeAll(async () => {
    server = await startServer({ path });
    const onStatus = ({ type }: { type: string }) => void statuses.push(type);
    nc = await connect({ port: server.port, pedantic: false, onStatus });
    ear = await connect({ port: server.port, onStatus });
    const callback = (_error: unknown, msg: Msg) =>
      void heard.push([msg.subject, msg.reply, [...(msg.headers ?? [])], msg.string()]);
    ear.subscribe(">", { callback });
    await ear.flush();
    statuses.length = 0;
  });

  afterAll(async () => {
    await Promise.all([nc.close(), ear.close()]);
    await server.stop();
  });

  it("carries every subject, reply, header and payload that the client accepts, and goes on", async () => {
    const optional = fc.option(text, { nil: undefined });
    const message = fc.record({
      subject: text,
      reply: optional,
      field: fc.option(fc.tuple(text, text), { nil: undefined }),
      payload: text,
    });
    let accepted = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 10 }), async (all) => {
        const expected: unknown[] = [];
        heard.length = 0;
        for (const { subject, reply, field, payload } of all) {
          try {
            const given = headers();
            if (field !== undefined) given.set(...field);
            nc.publish(subject, payload, {
              ...(reply === undefined ? {} : { reply }),
              ...(field === undefined ? {} : { headers: given }),
            });
            const fields = field === undefined ? [] : [[field[0], [arriving(field[1].trim())]]];
            expected.push([subject, reply ?? "", fields, arriving(payload)]);
            accepted++;
          } catch (error) {
            if (!(error instanceof NatsError)) throw error;
            refused++;
          }
        }
        await nc.flush();
        await ear.flush();
        expect(heard).toEqual(expected);
        expect(statuses).toEqual([]);
      }),
      { numRuns: 500 },
    );
    expect(Math.min(accepted, refused)).toBeGreaterThan(50);
  });

  it("takes every subscription and queue that the client accepts, and goes on", async () => {
    let accepted = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(text, fc.option(text, { nil: undefined }), async (subject, queue) => {
        let got = 0;
        const opts = { callback: () => void got++, ...(queue === undefined ? {} : { queue }) };
        try {
          const sub = nc.subscribe(subject, opts);
          // A subject with wildcards matches itself, read as the name it is.
          nc.publish(subject);
          await nc.flush();
          expect(got).toBe(1);
          sub.unsubscribe();
          accepted++;
        } catch (error) {
          if (!(error instanceof NatsError)) throw error;
          refused++;
        }
        await nc.flush();
        expect(statuses).toEqual([]);
      }),
      { numRuns: 300 },
    );
    expect(Math.min(accepted, refused)).toBeGreaterThan(30);
  });
});
