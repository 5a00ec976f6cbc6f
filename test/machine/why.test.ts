// The sentences that say why an attempt or a connection ended: each names the server, what was awaited, and the step.

import { expect, test } from "vitest";
import type { AttemptStep } from "../../src/machine/failure.js";
import { closedByServer, timedOut } from "../../src/machine/why.js";

const awaited: Readonly<Record<AttemptStep, string>> = {
  dialing: "the TCP connection was not established",
  greeting: "the server accepted the connection but sent no INFO",
  securing: "the TLS handshake did not finish",
  authenticating: "the server did not answer CONNECT and PING",
  subscribing: "the server did not confirm the subscriptions",
  cuttingOver: "the server that is being left did not confirm what was published",
};

test.each(Object.entries(awaited))(
  "an attempt that ran out of time in %s says what was awaited",
  (step, what) => {
    expect(timedOut("a:4222", step as AttemptStep, 20_000)).toEqual({
      code: "TIMEOUT",
      message: `a:4222: ${what} within 20000 ms (step: ${step})`,
    });
  },
);

test("a socket that the server closed says which server, and when", () => {
  expect(closedByServer("a:4222", "connected")).toEqual({
    code: "DISCONNECT",
    message: "a:4222 closed the connection (step: connected)",
  });
});
