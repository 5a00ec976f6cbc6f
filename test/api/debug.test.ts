// The option debug, from the outside: whatever is in the credentials, it prints the protocol, and the client connects as without it.

import { afterEach, expect, it, vi } from "vitest";
import { connect } from "../../src/index.js";
import { startEmbeddedServer } from "../../src/testing/index.js";

afterEach(() => {
  vi.restoreAllMocks();
});

it.each([
  "brace}s3cret",
  's3c"ret}',
  "s3cret\\",
  "s3cret}\r\nPING\r\n",
  "{s3cret}{}",
  "$& s3cret $1",
  "s3crét\u2028}",
])("with the password %j prints CONNECT without it, and connects", async (pass) => {
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  await using server = await startEmbeddedServer({ users: [{ user: "ann", pass }] });
  const nc = await connect({ servers: server.url, debug: true, user: "ann", pass, name: "after" });
  nc.publish("a", "payload");
  await nc.close();
  const [command, ...others] = lines.filter((line) => line.includes("CONNECT"));
  expect(command).toMatch(
    /^> CONNECT \{"user":"\*\*\*","pass":"\*\*\*","protocol":1,.*"name":"after",.*\}␍␊PING␍␊$/,
  );
  expect(others).toEqual([]);
  expect(lines.join("\n")).toContain("PUB a 7␍␊payload␍␊");
  expect(lines.join("\n")).not.toMatch(/s3c|ret}|crét/);
});
