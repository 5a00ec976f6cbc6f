// The option `debug` prints the protocol, and never a secret.

import { expect, it } from "vitest";
import { connectCommand } from "../../src/effects/connect-command.js";
import { tracingWorld } from "../../src/effects/tracing-world.js";
import type { TransportEvents, World } from "../../src/effects/world.js";

it("prints what is sent and received, with the secrets of CONNECT masked", () => {
  const lines: string[] = [];
  let told: TransportEvents | undefined;
  const written: string[] = [];
  const bare = {
    seed: 1,
    dial: (_server: unknown, events: TransportEvents) => {
      told = events;
      return { write: (chunk: Uint8Array) => written.push(new TextDecoder().decode(chunk)) > 0 };
    },
  } as unknown as World;
  const received: string[] = [];
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
      transport: { type: "tcp", tls: false },
      origin: "a:1",
      tls: null,
    },
    events as unknown as TransportEvents,
  );
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
  const command = connectCommand(fields, true, secrets);
  transport.write(encoder.encode(command));
  told?.opened("10.0.0.1:1");
  told?.data(encoder.encode("INFO {}\r\n"));
  told?.data(encoder.encode("-ERR '\x1b[2J\x9b'\r\n"));
  expect(written).toEqual([command]);
  expect(received).toEqual(["INFO {}\r\n", "-ERR '\x1b[2J\x9b'\r\n"]);
  expect(reached).toEqual(["10.0.0.1:1"]);
  expect(lines).toEqual([
    `> CONNECT {"user":"***","pass":"***","auth_token":"***","nkey":"***","sig":"***","jwt":"***","protocol":1,"lang":"nats-statechart","version":"1","verbose":false,"pedantic":false,"name":"n","headers":true,"no_responders":true}␍␊PING␍␊`,
    "< INFO {}␍␊",
    "< -ERR '\\x1b[2J\\x9b'␍␊",
  ]);
});
