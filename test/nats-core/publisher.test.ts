// What `ackAck()` of @nats-io/jetstream does with a message's publisher, done by hand: one request of ours, which ends when
// theirs does. And the features, which change with the server.

import { type Msg as CoreMsg, errors, type RequestError } from "@nats-io/nats-core";
import { Feature, type MuxSubscription, RequestOne } from "@nats-io/nats-core/internal";
import { describe, expect, it } from "vitest";
import type { NatsConnection } from "../../src/api/nats-connection.js";
import type { RequestOptions } from "../../src/api/request.js";
import { ErrorCode, type Msg, NatsError } from "../../src/index.js";
import { coreError } from "../../src/nats-core/errors.js";
import { ServerFeatures } from "../../src/nats-core/features.js";
import { Publisher } from "../../src/nats-core/publisher.js";

/** A publisher, and what it did: requests of ours stay open until they are answered here, publishing fails with `refusal`. */
function scene(refusal?: ErrorCode) {
  const published: unknown[] = [];
  const lost: string[] = [];
  const asked: {
    subject: string;
    options: RequestOptions;
    answer(msg: Msg): void;
    fail(error: Error): void;
  }[] = [];
  const connection = {
    request: (subject: string, _payload: unknown, options: RequestOptions) =>
      new Promise<Msg>((answer, fail) => {
        asked.push({ subject, options, answer, fail });
      }),
  } as unknown as NatsConnection;
  const publisher = new Publisher(
    {
      connection,
      publish: (subject, _payload, options) => {
        if (refusal !== undefined) throw coreError(NatsError.errorForCode(refusal), subject);
        published.push([subject, options?.reply]);
      },
      messageFrom: (own) => own as unknown as CoreMsg,
      lost: (error) => void lost.push(kindOf(error)),
    },
    "_INBOX.label.",
    true,
  );
  /** As a message of JetStream asks for the confirmation of its acknowledgement. */
  const acknowledge = (timeout: number) => {
    const mux = publisher.muxSubscriptions as unknown as MuxSubscription;
    const request = new RequestOne(mux, "$JS.ACK.x", { timeout }, false);
    publisher.request(request);
    publisher.publish("$JS.ACK.x", "+ACK", {
      reply: `${publisher.muxSubscriptions.baseInbox}${request.token}`,
    });
    return { request, ended: Promise.race([request.timer, request.deferred]) };
  };
  return { publisher, published, lost, asked, acknowledge };
}

describe("a publisher of messages", () => {
  it("publishes what is no request of its own", () => {
    const { publisher, published } = scene();
    publisher.publish("a");
    publisher.publish("b", "", { reply: "c" });
    publisher.publish("b", "", {});
    publisher.publish("d", "", { reply: "_INBOX.label.unknown" });
    expect(publisher.respond("e")).toBe(true);
    expect(published).toEqual([
      ["a", undefined],
      ["b", "c"],
      ["b", undefined],
      ["d", "_INBOX.label.unknown"],
      ["e", undefined],
    ]);
  });

  it("makes one request of ours, without a timeout of its own, and hands the answer over", async () => {
    const { published, asked, acknowledge } = scene();
    const { ended } = acknowledge(5_000);
    // As long as a timer can wait: theirs ends it before.
    expect(asked.map(({ subject, options }) => [subject, options.timeout])).toEqual([
      ["$JS.ACK.x", 2_147_483_647],
    ]);
    expect(published).toEqual([]);
    const answer = { subject: "confirmed" } as Msg;
    asked[0]?.answer(answer);
    expect(await ended).toBe(answer);
  });

  it("gives our request up when theirs has timed out, so that a drain does not wait for it", async () => {
    const { asked, acknowledge } = scene();
    const { request, ended } = acknowledge(5);
    const failure = await (ended as Promise<unknown>).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(errors.TimeoutError);
    const deferred = Promise.allSettled([request.deferred]);
    // `ackAck()` does, where it fails.
    request.cancel(failure as Error);
    expect(asked[0]?.options.signal?.aborted).toBe(true);
    expect(await deferred).toEqual([{ status: "rejected", reason: failure }]);
  });

  it("tells a request that was given up nothing more, and gives up once", async () => {
    const { publisher, asked } = scene();
    const told: unknown[] = [];
    const request = { token: "t", resolver: (...given: unknown[]) => void told.push(given) };
    publisher.request(request);
    publisher.publish("$JS.ACK.x", "+ACK", { reply: "_INBOX.label.t" });
    publisher.muxSubscriptions.cancel(request);
    publisher.muxSubscriptions.cancel(request);
    expect(asked[0]?.options.signal?.aborted).toBe(true);
    asked[0]?.fail(NatsError.errorForCode(ErrorCode.Cancelled));
    await new Promise(setImmediate);
    expect(told).toEqual([]);
  });

  it("says whether errors are to tell where a request was made", () => {
    expect(scene().publisher.options).toEqual({ noAsyncTraces: true });
  });

  it("tells why our request failed, by nats-core's errors", async () => {
    const { asked, acknowledge } = scene();
    const { ended } = acknowledge(5_000);
    asked[0]?.fail(NatsError.errorForCode(ErrorCode.NoResponders));
    const failure = (await (ended as Promise<unknown>).catch((error: unknown) => error)) as RequestError;
    expect(failure).toBeInstanceOf(errors.RequestError);
    expect(failure.isNoResponders()).toBe(true);
  });
});

describe("a publisher that is refused", () => {
  /** What it returns or throws for an answer, and which errors it reports; the same holds of what packages publish by it. */
  const refused = (refusal: ErrorCode, subject: string) => {
    const { publisher, lost } = scene(refusal);
    const outcome = (run: () => unknown) => {
      try {
        return run();
      } catch (error) {
        return kindOf(error);
      }
    };
    const responded = outcome(() => publisher.respond(subject, "x"));
    const told = lost.splice(0);
    const published = outcome(() => publisher.publish(subject, "x"));
    expect([published, lost]).toEqual([responded === false ? undefined : responded, told]);
    return { responded, lost: told };
  };
  const subjects = ["$JS.ACK.x", "$JS.FC.x", "_INBOX.x"];

  it.each(subjects)(
    "says so where the connection is closed or draining, and throws nothing: %s",
    (subject) => {
      for (const code of [ErrorCode.ConnectionClosed, ErrorCode.ConnectionDraining])
        expect(refused(code, subject)).toEqual({ responded: false, lost: [] });
    },
  );

  it.each(subjects)("says so where an outage leaves no room, and reports it: %s", (subject) => {
    const code = ErrorCode.ReconnectBufferExceeded;
    expect(refused(code, subject)).toEqual({ responded: false, lost: [`ConnectionError of ${code}`] });
  });

  it("says so where the reply subject is none", () => {
    expect(refused(ErrorCode.BadSubject, "a..b")).toEqual({ responded: false, lost: [] });
  });

  it("throws what is wrong with the answer", () => {
    const code = ErrorCode.MaxPayloadExceeded;
    const responded = `InvalidArgumentError of ${code}`;
    expect(refused(code, "$JS.ACK.x")).toEqual({ responded, lost: [] });
  });
});

describe("the features of a server", () => {
  it("are those of its version, in one object that changes with it", () => {
    const features = new ServerFeatures();
    const known = features.of("2.9.10");
    expect([known.supports(Feature.JS_KV), known.supports(Feature.JS_PRIORITY_GROUPS)]).toEqual([
      true,
      false,
    ]);
    expect(features.of("2.15.1")).toBe(known);
    expect(known.supports(Feature.JS_PRIORITY_GROUPS)).toBe(true);
    expect(features.of("2.9.10").supports(Feature.JS_PRIORITY_GROUPS)).toBe(false);
  });

  it.each([undefined, "", "unknown"])("are none where the version is %j", (version) => {
    expect(new ServerFeatures().of(version).supports(Feature.JS_KV)).toBe(false);
    const features = new ServerFeatures();
    features.of("2.15.1");
    expect(features.of(version).supports(Feature.JS_KV)).toBe(false);
  });
});

function kindOf(error: unknown): string {
  const { constructor: kind, cause } = error as Error;
  return `${kind.name} of ${(cause as NatsError).code}`;
}
