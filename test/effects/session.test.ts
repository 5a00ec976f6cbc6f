// One socket to one server: what its bytes and its events become, and what is written over it.

import { describe, expect, it } from "vitest";
import { scene } from "./session-scene.js";

const ping = { type: "server.ping", attempt: 3, count: 1 };
const error = (message: string) => ({
  type: "server.error",
  attempt: 3,
  credentialsVersion: 7,
  error: { kind: "other", code: "NATS_PROTOCOL_ERR", message },
});

describe("the dial of a session", () => {
  it("is told step by step, with the address where the socket knows it", () => {
    const { socketTells, events, dialed, session } = scene();
    socketTells.queued();
    socketTells.dialing();
    socketTells.opened("10.0.0.1:4222");
    socketTells.opened();
    socketTells.secured();
    expect(events).toEqual([
      { type: "dial.queued", attempt: 3 },
      { type: "dial.begun", attempt: 3 },
      { type: "socket.opened", attempt: 3, address: "10.0.0.1:4222" },
      { type: "socket.opened", attempt: 3 },
      { type: "socket.secured", attempt: 3 },
    ]);
    expect(events[3]).not.toHaveProperty("address");
    expect([dialed.to?.name, session.attempt, session.server.name]).toEqual(["a:4222", 3, "a:4222"]);
  });

  it("hands over what the server was offered before, for whoever shows what it says", () => {
    const { dialed } = scene({ offeredBefore: { pass: "s3cret" } });
    expect(dialed.offered?.masked("s3cret")).toBe("***");
  });
});

describe("what a server says", () => {
  it.each(["INFO {}\r\n", "info {}\r\n", "-ERR 'no'\r\n"])("may begin with %j", (greeting) => {
    const { hear, events } = scene();
    hear(greeting);
    hear("PING\r\n");
    expect(events.at(-1)).toEqual(ping);
    expect(events).not.toContainEqual(expect.objectContaining({ type: "protocol.violated" }));
  });

  it("is no NATS where its first byte is another one, and not before there is a byte", () => {
    const { hear, events } = scene();
    hear("");
    expect(events).toEqual([]);
    hear("PING\r\n");
    expect(events).toEqual([
      { type: "protocol.violated", attempt: 3, reason: 'the first line is not INFO: "PING\\r\\n"' },
    ]);
  });

  it("is told as far as it was NATS, and then that it is none", () => {
    const { hear, told } = scene();
    hear("INFO {}\r\nPING\r\nWHAT\r\n");
    expect(told.slice(-2)).toMatchObject([ping, { type: "protocol.violated", attempt: 3 }]);
  });

  it("is masked where it is no NATS and holds a secret", () => {
    const { hear, events } = scene({ offeredBefore: { pass: "s3cret" } });
    hear("INFO {}\r\ns3cret\r\n");
    const violation = events.at(-1);
    expect(violation).toMatchObject({ type: "protocol.violated" });
    expect(JSON.stringify(violation)).not.toContain("s3cret");
  });

  it("is told before a mistake of the client's own is thrown", () => {
    const { hear, told } = scene({
      message: () => {
        throw new Error("our mistake");
      },
    });
    hear("INFO {}\r\n");
    expect(() => hear("PING\r\nMSG a 1 0\r\n\r\n")).toThrow("our mistake");
    expect(told.at(-1)).toEqual(ping);
  });

  it("is told read by read: PINGs as a number, errors with those that came with them", () => {
    const { hear, events } = scene();
    hear("INFO {}\r\n");
    hear("PING\r\n-ERR 'one'\r\nPING\r\n-ERR 'two'\r\n");
    hear("-ERR 'three'\r\n");
    expect(events).toEqual([
      { ...ping, count: 2 },
      { ...error("one"), others: [error("two").error] },
      error("three"),
    ]);
    expect(events[2]).not.toHaveProperty("others");
  });

  it("is heard: once, until it says more", () => {
    const { session, hear } = scene();
    expect(session.takeHeard()).toBe(false);
    hear("INFO {}\r\n");
    expect([session.takeHeard(), session.takeHeard()]).toEqual([true, false]);
    hear("PING\r\n");
    expect(session.takeHeard()).toBe(true);
  });

  it("tells whoever reads how much is still to come of a message", () => {
    const { hear } = scene();
    const expected: number[] = [];
    const reader = { expect: (bytes: number) => void expected.push(bytes) };
    hear("INFO {}\r\n", reader);
    hear("MSG a 1 1000\r\nbegin", reader);
    expect(expected).toEqual([0, "MSG a 1 1000\r\n".length + 1002]);
  });
});

describe("INFO", () => {
  it("is kept, and each is told during the handshake; later the last one of a read", () => {
    const { session, hear, told, subscriptions, written } = scene();
    hear('INFO {"server_id":"one"}\r\nINFO {"server_id":"two"}\r\n');
    expect(told).toEqual([
      ["informed", "one"],
      ["said", "one"],
      ["informed", "two"],
      ["said", "two"],
    ]);
    session.subscribe(subscriptions);
    expect(written).toEqual(["SUB a 1\r\n"]);
    told.length = 0;
    hear('INFO {"server_id":"three"}\r\nINFO {"server_id":"four"}\r\n');
    expect(told).toEqual([
      ["informed", "three"],
      ["informed", "four"],
      ["said", "four"],
    ]);
    expect(session.info?.server_id).toBe("four");
  });

  it("names servers that everybody knows, although the password is a part of their names", () => {
    const urls = (setting: object) => {
      const { session, hear } = scene({ offeredBefore: { pass: "alpha" }, ...setting });
      hear('INFO {"connect_urls":["alpha:4222","beta:4222"]}\r\n');
      return session.info?.connect_urls;
    };
    expect(urls({})).toEqual(["beta:4222"]);
    expect(urls({ name: "alpha:4222" })).toEqual(["alpha:4222", "beta:4222"]);
    expect(urls({ knownNames: ["alpha:4222"] })).toEqual(["alpha:4222", "beta:4222"]);
  });

  it("that says the same after CONNECT is read anew: what it repeats of the credentials is masked", () => {
    const { session, hear } = scene();
    const info = 'INFO {"server_name":"s3cret"}\r\n';
    hear(info);
    expect(session.info?.server_name).toBe("s3cret");
    session.introduce({ text: "CONNECT {}\r\n", shown: "" }, { pass: "s3cret" }, () => {});
    hear(info);
    expect(session.info?.server_name).toBe("***");
  });
});

describe("an error about a subject", () => {
  const text = 'Permissions Violation for Publish to "s3cret.x"';
  const permission = (isOwn: boolean) => {
    const { hear, events } = scene({ isOwn, offeredBefore: { pass: "s3cret" } });
    hear(`-ERR '${text}'\r\n`);
    const [event] = events;
    return event?.type === "server.error" ? event.error : undefined;
  };

  it("shows the subject where it is one of the client's own, and masks another", () => {
    const masked = 'Permissions Violation for Publish to "***.x"';
    expect(permission(true)).toMatchObject({ message: masked, permission: { subject: "s3cret.x" } });
    expect(permission(false)).toMatchObject({ message: masked, permission: { subject: "***.x" } });
  });
});

describe("what is written", () => {
  it("CONNECT goes with what may be shown of it, and its PONG says that the server accepted it", () => {
    const { session, hear, written, shown, told } = scene();
    const answers: string[] = [];
    session.introduce({ text: "CONNECT {s3cret}\r\n", shown: "CONNECT {***}\r\n" }, { pass: "s3cret" }, () =>
      answers.push("accepted"),
    );
    expect(written).toEqual(["CONNECT {s3cret}\r\n"]);
    expect(shown[0]?.shown).toBe("CONNECT {***}\r\n");
    expect(shown[0]?.offered.masked("s3cret")).toBe("***");
    hear("INFO {}\r\nPONG\r\n");
    expect(answers).toEqual(["accepted"]);
    expect(told).not.toContainEqual(["confirmed", undefined]);
  });

  it("PING goes out at once; its PONG confirms the stream before, and comes after what was said before", () => {
    const mark = { position: 9, messages: 1, bytes: 9 };
    const { session, hear, written, told } = scene({ mark });
    session.ping(() => void told.push("answered"));
    expect([written, session.pendingBytes]).toEqual([["PING\r\n"], 6]);
    hear("INFO {}\r\nPING\r\nPONG\r\nPING\r\n");
    expect(told.slice(2)).toEqual([ping, ["confirmed", mark], "answered", ping]);
  });

  it("a PONG that nobody asked for changes nothing", () => {
    const { hear, events } = scene();
    hear("INFO {}\r\nPING\r\nPONG\r\nPING\r\n");
    expect(events).toEqual([{ ...ping, count: 2 }]);
  });

  it("PONGs go out as fast as the server reads", () => {
    const { session, written, socket, socketTells, told } = scene();
    socket.hasRoom = false;
    session.answerPings(1);
    session.answerPings(2);
    expect([written, session.pendingBytes]).toEqual([["PONG\r\n"], 18]);
    socket.hasRoom = true;
    socketTells.drained();
    expect([written, told]).toEqual([["PONG\r\n", "PONG\r\nPONG\r\n"], ["drained"]]);
  });

  it("the end of all subscriptions, where the server was told of any", () => {
    const { session, written, subscriptions } = scene();
    session.unsubscribe();
    expect(written).toEqual([]);
    session.subscribe(subscriptions);
    session.unsubscribe();
    expect(written).toEqual(["SUB a 1\r\n", "UNSUB 1\r\n"]);
  });
});
