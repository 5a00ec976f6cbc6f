// The option `debug` prints the protocol, and never a secret.

import { expect, it } from "vitest";
import { connectCommand } from "../../src/effects/connect-command.js";
import { Offered } from "../../src/effects/offered.js";
import { tracingWorld } from "../../src/effects/tracing-world.js";
import type { Transport, TransportEvents, World } from "../../src/effects/world.js";
import type { Destination } from "../../src/machine/origin.js";

const encoder = new TextEncoder();
const fields = { name: "n", verbose: false, pedantic: false, noEcho: false, tls: false, version: "1" };
const secrets = {
  user: "alice",
  pass: "s3cret",
  auth_token: "t0ken",
  jwt: "eyJ0",
  sig: "c2ln",
  nkey: "UABC",
};

/** A socket in a world that is traced, what is printed of it, and what really went over it. */
function traced(offered?: Offered) {
  const lines: string[] = [];
  const written: string[] = [];
  const received: string[] = [];
  let told: TransportEvents | undefined;
  const bare = {
    seed: 1,
    dial: (_server: unknown, events: TransportEvents) => {
      told = events;
      return { write: (chunk: Uint8Array) => written.push(new TextDecoder().decode(chunk)) > 0 };
    },
  } as unknown as World;
  const world = tracingWorld(bare, (line) => lines.push(line));
  const reached: unknown[] = [];
  const events = {
    opened: (address?: string) => reached.push(address),
    data: (chunk: Uint8Array) => received.push(new TextDecoder().decode(chunk)),
  };
  const transport = world.dial(
    {
      name: "a:1",
      host: "a",
      port: 1,
      tlsName: null,
      otherTlsName: null,
      transport: { type: "tcp", tls: false },
      origin: "a:1",
      tls: null,
    },
    events as unknown as TransportEvents,
    offered,
  );
  return {
    lines,
    written,
    received,
    reached,
    transport,
    opened: (address: string) => told?.opened(address),
    hear: (chunk: string | Uint8Array) =>
      told?.data(typeof chunk === "string" ? encoder.encode(chunk) : chunk),
  };
}

function introduce(transport: Transport, credentials: object = secrets): string {
  const { text, shown } = connectCommand(fields, true, credentials);
  const offered = new Offered();
  offered.offer(credentials);
  transport.write(encoder.encode(text), undefined, { shown, offered });
  return text;
}

it("prints what is sent and received, with the secrets of CONNECT masked", () => {
  const { lines, written, received, reached, transport, opened, hear } = traced();
  opened("10.0.0.1:1");
  hear("INFO {}\r\n");
  const command = introduce(transport);
  hear("-ERR '\x1b[2J\x9b'\r\n");
  expect(written).toEqual([command]);
  expect(received).toEqual(["INFO {}\r\n", "-ERR '\x1b[2J\x9b'\r\n"]);
  expect(reached).toEqual(["10.0.0.1:1"]);
  expect(lines).toEqual([
    "< INFO {}␍␊",
    `> CONNECT {"user":"***","pass":"***","auth_token":"***","nkey":"***","sig":"***","jwt":"***","protocol":1,"lang":"nats-statechart","version":"1","verbose":false,"pedantic":false,"name":"n","headers":true,"no_responders":true}␍␊PING␍␊`,
    "< -ERR '\\x1b[2J\\x9b'␍␊",
  ]);
});

it("prints a CONNECT whose fields hold line separators as it prints any other", () => {
  const { lines, transport } = traced();
  introduce(transport, { user: "\u2028", pass: "a\u2029b" });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^> CONNECT \{"user":"\*\*\*","pass":"\*\*\*","protocol":1,/);
});

it("masks in what follows, in both directions, what the server was offered", () => {
  const { lines, transport, hear } = traced();
  introduce(transport);
  lines.length = 0;
  hear("-ERR 's3cret, t0ken of alice'\r\n");
  transport.write(encoder.encode("PUB x 6\r\ns3cret\r\n"));
  expect(lines).toEqual(["< -ERR '***, *** of alice'␍␊", "> PUB x 6␍␊***␍␊"]);
});

it("masks a secret that lies across chunks, even of a byte each", () => {
  for (const size of [1, 2, 3, 5]) {
    const { lines, transport, hear } = traced();
    introduce(transport, { pass: 'pä"ss' });
    lines.length = 0;
    const said = encoder.encode("+ok 'pä\"ss' 'p' \"p\\u00e4\\\"ss\"\r\n");
    for (let at = 0; at < said.length; at += size) hear(said.slice(at, at + size));
    const printed = lines.map((line) => line.slice(2)).join("");
    expect(printed).not.toMatch(/p.?ä|ä.?"|"ss|u00e4|e4/);
    expect(printed.replaceAll("***", "")).toMatch(/^\+ok ''.*␍␊$/);
  }
});

it("masks what the server was offered over an earlier socket, before it is offered anything over this one", () => {
  const before = new Offered();
  before.offer({ pass: "s3cret" });
  const { lines, hear, transport } = traced(before);
  hear("-ERR 's3cret'\r\n");
  transport.write(encoder.encode("PUB x 6\r\ns3cret\r\n"));
  expect(lines).toEqual(["< -ERR '***'␍␊", "> PUB x 6␍␊***␍␊"]);
});

it("passes on whatever is called, with all that it is called with", () => {
  const called: unknown[] = [];
  /** Something of which every function says that it was called, and with what. */
  const noting = <T extends object>(whose: string) =>
    new Proxy({} as T, {
      get:
        (_target, name) =>
        (...given: unknown[]) => {
          called.push([whose, name, given]);
        },
    });
  let told: TransportEvents | undefined;
  const bare = {
    dial: (_server: unknown, events: TransportEvents) => {
      told = events;
      return noting<Transport>("transport");
    },
  } as unknown as World;
  const events = noting<TransportEvents>("events");
  const transport = tracingWorld(bare, () => {}).dial({} as Destination, events);
  const server = { name: "a:1" } as Destination;
  const [bytes, error, reader] = [new Uint8Array(1), new Error("reset"), { expect: () => {} }];
  const confidential = { shown: "", offered: new Offered() };
  const calls = {
    events: {
      queued: [],
      dialing: [],
      opened: ["10.0.0.1:1"],
      secured: [],
      data: [bytes, reader],
      drained: [],
      halfClosed: [error],
      closed: [error],
    } satisfies { readonly [Name in keyof TransportEvents]: Parameters<TransportEvents[Name]> },
    transport: {
      write: [bytes, () => {}, confidential],
      pause: [],
      resume: [],
      secure: [server, bytes],
      end: [],
      destroy: [],
    } satisfies { readonly [Name in Exclude<keyof Transport, "isOpen">]-?: unknown[] },
  };
  const expected: unknown[] = [];
  const call = (whose: string, on: object, all: Record<string, readonly unknown[]>) => {
    for (const [name, given] of Object.entries(all)) {
      (on as Record<string, (...given: readonly unknown[]) => void>)[name]?.(...given);
      expected.push([whose, name, given]);
    }
  };
  call("events", told as TransportEvents, calls.events);
  call("transport", transport, calls.transport);
  expect(called).toEqual(expected);
});

it("is as open as the socket, and leaves a socket alone that cannot stop reading", () => {
  let isOpen = true;
  const bare = {
    get isOpen() {
      return isOpen;
    },
    write: () => false,
  } as unknown as Transport;
  const transport = tracingWorld({ dial: () => bare } as unknown as World, () => {}).dial(
    {} as Destination,
    {} as TransportEvents,
  );
  transport.pause?.();
  transport.resume?.();
  expect([transport.isOpen, transport.write(encoder.encode("PING\r\n"))]).toEqual([true, false]);
  isOpen = false;
  expect(transport.isOpen).toBe(false);
});

it("prints what comes in the chunks in which it comes, a character with the chunk that ends it", () => {
  const { lines, hear } = traced();
  hear(encoder.encode("\ufeffMSG ä").slice(0, -1));
  hear(encoder.encode("ä").slice(1));
  expect(lines).toEqual(["< \ufeffMSG ", "< ä"]);
});
