// The steps of one attempt to connect: waiting, dialing, greeting, securing, authenticating. And how each can end.

import { describe, expect, test } from "vitest";
import type { TlsPolicy } from "../../src/machine/reconnect-policy.js";
import {
  begin,
  close,
  drain,
  error,
  fires,
  type Happening,
  info,
  lost,
  noCredentials,
  opened,
  ping,
  pong,
  refused,
  type Story,
  secured,
  unreachable,
  violated,
} from "./story.js";

// The ways into each step, in the first attempt.
const steps: Readonly<Record<string, (story: Story) => Story>> = {
  dialing: (story) => story,
  greeting: (story) => story.happens(opened),
  securing: (story) => story.happens(opened, info({ tlsRequired: true })),
  authenticating: (story) => story.happens(opened, info()),
};
const everyStep = Object.keys(steps);
const inStep = (step: string, story = begin()) => (steps[step] as (story: Story) => Story)(story);

describe("an attempt goes well", () => {
  test("it dials at once, under the one timer that covers the whole attempt", () => {
    const story = begin();
    expect(story.state).toBe("connecting.dialing");
    expect(story.effects).toEqual([
      { type: "startTimer", params: { timer: "attempt", attempt: 1, ms: 20_000 } },
      { type: "notifyStatus", params: { status: { type: "reconnecting", server: "a:4222" } } },
      {
        type: "openSocket",
        params: {
          attempt: 1,
          server: {
            name: "a:4222",
            host: "a",
            port: 4222,
            tlsName: null,
            otherTlsName: null,
            transport: { type: "tcp", tls: false },
            origin: "a:4222",
            tls: null,
          },
        },
      },
    ]);
  });

  test("it waits for INFO once the socket is open", () => {
    const story = begin().happens(opened);
    expect(story.state).toBe("connecting.greeting");
    expect(story.did).toEqual([]);
  });

  test("it sends CONNECT and PING after INFO", () => {
    const story = begin().happens(opened, info());
    expect(story.state).toBe("connecting.authenticating");
    expect(story.effects).toEqual([{ type: "sendConnect", params: { attempt: 1 } }]);
  });

  test("PONG says that the credentials are accepted: subscriptions first, then what was published", () => {
    const story = begin().happens(opened, info()).happens(pong);
    expect(story.state).toBe("connected");
    expect(story.did).toEqual([
      "stopTimer attempt",
      "resubscribe",
      "releaseOutbound",
      "resolveConnect",
      "startTimer ping",
    ]);
    expect(story.context).toMatchObject({ failure: null, attempts: [] });
  });

  test("a server that greets in lame duck mode says so, and the attempt goes on", () => {
    const story = begin()
      .happens(opened)
      .happens(info({ lameDuck: true }));
    expect(story.state).toBe("connecting.authenticating");
    expect(story.did).toEqual(["notifyStatus ldm", "sendConnect"]);
  });

  test("it answers a PING while it waits for the PONG", () => {
    const story = begin().happens(opened, info()).happens(ping);
    expect(story.state).toBe("connecting.authenticating");
    expect(story.did).toEqual(["sendPong"]);
  });

  test("a second INFO while it waits for the PONG is remembered and sends no second CONNECT", () => {
    const story = begin()
      .happens(opened, info())
      .happens(info({ connectUrls: ["c:4222"] }));
    expect(story.did).toEqual(["notifyStatus update"]);
    expect(story.pool).toEqual(["a:4222", "b:4222", "c:4222"]);
  });
});

const tlsFirst = "; it may want TLS before INFO (handshake_first): then set tls.handshakeFirst";

describe("an attempt fails", () => {
  test.each(everyStep)("in %s, when the socket closes: the next server is dialed at once", (step) => {
    const story = inStep(step).happens(lost());
    expect(story.state).toBe("connecting.dialing");
    expect(story.did).toEqual([
      "notifyStatus error",
      "closeSocket",
      "stopTimer attempt",
      "startTimer attempt",
      "notifyStatus reconnecting",
      "openSocket b:4222",
    ]);
    const hint = step === "greeting" ? tlsFirst : "";
    expect(story.errors).toEqual([
      {
        step,
        failure: { code: "DISCONNECT", message: `a:4222 closed the connection (step: ${step})${hint}` },
      },
    ]);
  });

  test("in greeting, without a word: it may want TLS first, but not where that is what it got, nor by WebSocket", () => {
    const said = (tls: "offered" | "never" | "first", url: string, ...events: readonly Happening[]) => {
      const policy = { tls, timeout: 5 };
      return [lost(), fires("attempt")].map(
        (end) => begin(policy, [url]).happens(...events, end).context.failure?.message,
      );
    };
    const closed = "a:4222 closed the connection (step: greeting)";
    const late = "a:4222: the server accepted the connection but sent no INFO within 5 ms (step: greeting)";
    for (const tls of ["offered", "never"] as const)
      expect(said(tls, "a", opened)).toEqual([`${closed}${tlsFirst}`, `${late}${tlsFirst}`]);
    expect(said("first", "a", opened, secured)).toEqual([closed, late]);
    expect(said("offered", "ws://a:4222", opened)).toEqual([closed, late]);
  });

  test.each(everyStep)("in %s, when it takes too long: the failure names the step and the server", (step) => {
    const story = inStep(step).after(20_000).happens(fires("attempt"));
    expect(story.did.slice(0, 3)).toEqual(["notifyStatus error", "closeSocket", "stopTimer attempt"]);
    expect(story.last("openSocket")?.server.name).toBe("b:4222");
    const [reported] = story.errors;
    expect(reported?.failure.code).toBe("TIMEOUT");
    expect(reported?.failure.message).toContain("a:4222");
    expect(reported?.failure.message).toContain(`step: ${step}`);
    expect(reported?.failure.message).toContain("20000 ms");
  });

  test.each(everyStep)(
    "in %s, when the server does not speak NATS: the failure says what was wrong",
    (step) => {
      const story = inStep(step).happens(violated);
      expect(story.did).toContain("closeSocket");
      expect(story.last("openSocket")?.server.name).toBe("b:4222");
      expect(story.errors[0]?.failure.code).toBe("NATS_PROTOCOL_ERR");
      expect(story.errors[0]?.failure.message).toContain("unknown operation HTTP/1.1");
    },
  );

  test.each(["greeting", "securing", "authenticating"])(
    "in %s, when the server sends a fatal -ERR",
    (step) => {
      const story = inStep(step).happens(error("maximum connections exceeded"));
      expect(story.did).toContain("closeSocket");
      expect(story.last("openSocket")?.server.name).toBe("b:4222");
      expect(story.errors).toEqual([
        { step, failure: { code: "NATS_PROTOCOL_ERR", message: "maximum connections exceeded" } },
      ]);
    },
  );

  test("-ERR that concerns one subject is reported, and the attempt goes on", () => {
    const story = inStep("authenticating").happens(
      error('Permissions Violation for Subscription to "secret.>"'),
    );
    expect(story.state).toBe("connecting.authenticating");
    expect(story.did).toEqual(["notifyStatus error"]);
    expect(story.last("notifyStatus")?.status).toMatchObject({
      permission: { operation: "subscription", subject: "secret.>" },
    });
  });

  test("a socket that cannot be opened passes its own failure on", () => {
    const story = begin().happens(unreachable);
    expect(story.errors).toEqual([
      { step: "dialing", failure: { code: "CONNECTION_REFUSED", message: "nobody listens there" } },
    ]);
  });

  test("an authenticator that gives nothing usable ends the attempt with its failure", () => {
    const story = inStep("authenticating").happens(noCredentials);
    expect(story.did.slice(0, 3)).toEqual(["notifyStatus error", "closeSocket", "stopTimer attempt"]);
    expect(story.errors[0]).toEqual({
      step: "authenticating",
      failure: { code: "BAD_AUTHENTICATION", message: "the authenticator failed" },
    });
    expect(story.last("openSocket")?.server.name).toBe("b:4222");
  });

  test("every failed attempt is in the report of a rejected connect", () => {
    const story = begin().happens(unreachable).happens(opened, lost());
    expect(story.state).toBe("closed");
    expect(story.last("rejectConnect")).toMatchObject({
      failure: { message: `b:4222 closed the connection (step: greeting)${tlsFirst}` },
      attempts: [
        { attempt: 1, server: "a:4222", step: "dialing", failure: { code: "CONNECTION_REFUSED" }, at: 0 },
        { attempt: 2, server: "b:4222", step: "greeting", failure: { code: "DISCONNECT" }, at: 0 },
      ],
    });
  });
});

describe("a user leaves during an attempt", () => {
  const leaving: readonly (readonly [string, Happening])[] = [
    ["user.close", close()],
    ["user.drain", drain],
  ];
  for (const [name, event] of leaving) {
    test.each(everyStep)(`${name} in %s closes the socket and stops the timer`, (step) => {
      const story = inStep(step).happens(event);
      expect(story.state).toBe("closed");
      expect(story.did).toEqual([
        "closeSocket",
        "stopTimer attempt",
        "rejectConnect",
        "settlePending",
        "settleClosed",
      ]);
    });

    test(`${name} while waiting stops the timer`, () => {
      const story = begin({ waitOnFirstConnect: true }, ["a"]).happens(unreachable);
      expect(story.state).toBe("connecting.backingOff");
      expect(story.happens(event).did).toEqual([
        "stopTimer reconnect",
        "rejectConnect",
        "settlePending",
        "settleClosed",
      ]);
    });

    test(`${name} while the reconnectDelayHandler is asked has nothing to stop`, () => {
      const story = begin({ waitOnFirstConnect: true, asksForDelay: true }, ["a"]).happens(unreachable);
      expect(story.state).toBe("connecting.awaitingDelay");
      expect(story.happens(event).did).toEqual(["rejectConnect", "settlePending", "settleClosed"]);
    });
  }

  test("connect is rejected with a reason of its own where the user gave none", () => {
    expect(begin().happens(close()).last("rejectConnect")).toEqual({
      failure: { code: "CANCELLED", message: "closed before the connection stood" },
      attempts: [],
    });
  });

  test("an aborted connect is rejected with the reason that came with the close", () => {
    const failure = { code: "ABORTED", message: "the signal was aborted" };
    const story = begin().happens(close(0, failure));
    expect(story.last("rejectConnect")?.failure).toEqual(failure);
    expect(story.last("settlePending")).toEqual({ failure });
    expect(story.last("settleClosed")).toEqual({ failure });
  });
});

describe("TLS", () => {
  const plain = info();
  const available = info({ tlsAvailable: true });
  const required = info({ tlsRequired: true });
  const wanted = (tls: TlsPolicy, greeting: Happening, server = "a") =>
    begin({ tls }, [server, "b"]).happens(opened, greeting);

  test.each([
    ["never", "offers none", plain, "connecting.authenticating"],
    ["never", "offers it", available, "connecting.authenticating"],
    ["offered", "offers none", plain, "connecting.authenticating"],
    ["offered", "offers it", available, "connecting.securing"],
    ["offered", "requires it", required, "connecting.securing"],
    ["required", "offers it", available, "connecting.securing"],
    ["required", "requires it", required, "connecting.securing"],
  ] as const)("%s, and the server %s", (tls, _says, greeting, state) => {
    expect(wanted(tls, greeting).state).toBe(state);
  });

  test("never, but the server requires it: the attempt fails before any credentials are sent", () => {
    const story = wanted("never", required);
    expect(story.did).not.toContain("sendConnect");
    expect(story.last("openSocket")?.server.name).toBe("b:4222");
    expect(story.errors).toEqual([
      {
        step: "greeting",
        failure: { code: "SERVER_OPT_NA", message: "a:4222 requires TLS, but the option tls is null" },
      },
    ]);
  });

  test("never, but the URL asks for it: the failure says so", () => {
    expect(wanted("never", available, "tls://a").errors).toEqual([
      {
        step: "greeting",
        failure: {
          code: "SERVER_OPT_NA",
          message:
            "the URL of a:4222, or of the server by way of which it was learnt, asks for TLS, but the option tls is null",
        },
      },
    ]);
  });

  test.each([
    ["required", () => wanted("required", plain), "TLS was asked for (option tls)"],
    [
      "tls://",
      () => wanted("offered", plain, "tls://a"),
      "the URL of a:4222, or of the server by way of which it was learnt, asks for TLS",
    ],
  ] as const)(
    "%s, but the server has none: the attempt fails before any credentials are sent",
    (_how, play, demand) => {
      const story = play();
      expect(story.did).not.toContain("sendConnect");
      expect(story.errors[0]).toEqual({
        step: "greeting",
        failure: { code: "SERVER_OPT_NA", message: `${demand}, but a:4222 does not offer it` },
      });
    },
  );

  test("a tls:// server is secured although the policy would do without", () => {
    expect(wanted("offered", available, "tls://a").state).toBe("connecting.securing");
  });

  test("after INFO the handshake runs over the open socket, and CONNECT follows it", () => {
    const story = begin().happens(opened).happens(available);
    expect(story.did).toEqual(["upgradeToTls"]);
    story.happens(secured);
    expect(story.state).toBe("connecting.authenticating");
    expect(story.did).toEqual(["sendConnect"]);
    expect(story.context.next).toMatchObject({ secured: true, phase: "authenticating" });
  });

  test("first: the handshake comes before INFO, and is not repeated after it", () => {
    const story = begin({ tls: "first" }).happens(opened);
    expect(story.state).toBe("connecting.securing");
    expect(story.did).toEqual(["upgradeToTls"]);
    expect(story.happens(secured).state).toBe("connecting.greeting");
    expect(story.did).toEqual([]);
    expect(story.happens(required).state).toBe("connecting.authenticating");
    expect(story.did).toEqual(["sendConnect"]);
  });

  test("first: an INFO without TLS does not matter once the socket is secured", () => {
    expect(begin({ tls: "first" }).happens(opened, secured, plain).state).toBe("connecting.authenticating");
  });

  test("a handshake that fails ends the attempt with the failure of the socket", () => {
    const failure = { code: "TLS", message: "self-signed certificate" };
    const story = begin().happens(opened, required).happens(lost(failure));
    expect(story.errors).toEqual([{ step: "securing", failure }]);
    expect(story.last("closeSocket")).toEqual({ attempt: 1 });
  });

  test("the next attempt starts without TLS, whatever the last one had", () => {
    const story = begin().happens(opened, required, secured, lost());
    expect(story.context).toMatchObject({
      attempt: 2,
      live: null,
      next: { id: 2, secured: false, info: null },
      retiring: [],
    });
  });

  test("a server learnt over TLS by IP address is dialed under the name that was dialed first, and under TLS", () => {
    const story = begin({ tls: "required" }, ["nats.example"]).happens(
      opened,
      info({ tlsRequired: true, connectUrls: ["10.0.0.2:4222"] }),
      secured,
      pong,
    );
    const { effects } = story.happens(lost());
    expect(effects.find(({ type }) => type === "openSocket")?.params).toMatchObject({
      server: { name: "10.0.0.2:4222", tlsName: "nats.example" },
    });
  });

  test("a server learnt from a tls:// server is not talked to in the clear", () => {
    const story = begin({}, ["tls://a"]).happens(
      opened,
      info({ tlsRequired: true, connectUrls: ["b:4222"] }),
      secured,
      pong,
      lost(),
      opened,
    );
    expect(story.happens(info()).did).toContain("notifyStatus error");
  });
});

describe("-ERR of every kind, while authenticating", () => {
  test.each([
    ["Authorization Violation", "AUTHORIZATION_VIOLATION"],
    ["User Authentication Revoked", "AUTHORIZATION_VIOLATION"],
    ["User Authentication Expired", "AUTHENTICATION_EXPIRED"],
    ["Account Authentication Expired", "ACCOUNT_EXPIRED"],
    ["Authentication Timeout", "AUTHENTICATION_TIMEOUT"],
    ["Secure Connection - TLS Required", "TLS"],
    ["maximum connections exceeded", "NATS_PROTOCOL_ERR"],
    ["Maximum Payload Violation", "MAX_PAYLOAD_EXCEEDED"],
    ["Stale Connection", "NATS_PROTOCOL_ERR"],
    ["Slow Consumer", "NATS_PROTOCOL_ERR"],
    ["Attempted To Connect To Route Port", "NATS_PROTOCOL_ERR"],
    ["Unknown Protocol Operation", "NATS_PROTOCOL_ERR"],
    ["something that no table knows", "NATS_PROTOCOL_ERR"],
  ])("'%s' ends the attempt", (text, code) => {
    const story = inStep("authenticating").happens(error(text));
    expect(story.last("openSocket")?.server.name).toBe("b:4222");
    const message =
      text === "Authentication Timeout"
        ? "a:4222 waited for the credentials and gave up (Authentication Timeout): its own limit is the setting authorization { timeout }, 2 s by default"
        : text;
    expect(story.errors).toEqual([{ step: "authenticating", failure: { code, message } }]);
  });

  test("a refusal is remembered with the version of the credentials that were offered", () => {
    const story = inStep("authenticating").happens(refused);
    expect(story.server("a:4222").refusal).toEqual({ kind: "authorizationViolation", credentialsVersion: 1 });
  });
});
