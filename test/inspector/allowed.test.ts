// Who may talk to an inspector: by which name it is called, and which web page calls. By real requests:
// test/integration/local-inspector-server.test.ts.

import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { isAllowed } from "../../src/inspector/relay.js";

const HOST = "inspector.test";

const allowed = (url: string, headers: IncomingMessage["headers"]) =>
  isAllowed({ url, headers } as IncomingMessage, HOST);

describe("a request to an inspector", () => {
  it.each([
    [`${HOST}:4000`, true],
    [HOST, true],
    ["localhost:4000", true],
    ["127.0.0.1:4000", true],
    ["192.0.2.7:4000", true],
    ["[::1]:4000", true],
    ["[2001:db8::1]", true],
    ["evil.example:4000", false],
    [`evil.${HOST}`, false],
    [`${HOST}.evil.example`, false],
    ["127.0.0.1.evil.example", false],
    ["[::1", false],
    ["not a host", false],
    ["", false],
    [undefined, false],
  ])("calls it %s: allowed is %j", (host, isSo) => {
    for (const [url, upgrade] of [["/"], ["/", "websocket"], ["/page", "websocket"]] as const)
      expect(allowed(url, { host, ...(upgrade === undefined ? {} : { upgrade }) })).toBe(isSo);
  });

  it.each([
    ["of the inspector", `http://${HOST}:4000`, true, true],
    ["of the same host", `http://${HOST}:5173`, false, true],
    ["of localhost", "http://localhost:5173", false, true],
    ["of 127.0.0.1", "http://127.0.0.1:5173", false, true],
    ["of ::1", "http://[::1]:5173", false, true],
    ["of another address", "http://192.0.2.7:5173", false, false],
    ["of another host", "https://evil.example", false, false],
    ["of a file", "null", false, false],
  ])("comes from a web page %s", (_what, origin, mayRead, maySend) => {
    const host = `${HOST}:4000`;
    expect(allowed("/", { host, origin })).toBe(mayRead);
    expect(allowed("/page", { host, origin, upgrade: "websocket" })).toBe(mayRead);
    expect(allowed("/", { host, origin, upgrade: "websocket" })).toBe(maySend);
  });
});
