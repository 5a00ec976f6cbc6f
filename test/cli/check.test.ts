// What `check` asks beside connecting, and only where that helps: who else listens on a port, and which certificate was refused.
// The servers are sockets of the test: they speak as much as it takes to fail.

import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as attempting from "../../src/cli/check/attempt.js";
import type { Finding } from "../../src/cli/check/findings.js";
import * as probes from "../../src/cli/check/probes.js";
import { check } from "../../src/cli/check.js";
import { plainPaint } from "../../src/cli/terminal.js";
import { Authority } from "../harness/certificates.js";

const open: Server[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const server of open.splice(0)) server.close();
});

/** Listens, and does that with each socket. Returns `host:port`. */
async function listening(accept: (socket: Socket) => unknown): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    accept(socket);
  }).listen(0, "127.0.0.1");
  open.push(server);
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function checked(...args: readonly string[]): Promise<Finding> {
  const printed: string[] = [];
  await check.run(["--json", ...args], {
    out: (text) => void printed.push(text),
    err: (text) => expect.unreachable(`printed on stderr: ${text}`),
    paint: plainPaint,
    env: {},
    stopped: new AbortController().signal,
  });
  return JSON.parse(printed.join("\n")).servers[0];
}

const greeting = (more: object = {}) =>
  `INFO ${JSON.stringify({ server_id: "N", server_name: "n", version: "2.10.0", max_payload: 1_048_576, ...more })}\r\n`;

describe("who else listens", () => {
  it("is asked where a connection is taken, and nothing is said", async () => {
    const asked = vi.spyOn(probes, "neighbourAt").mockResolvedValue({ speaks: "tls" });
    const { problem, steps } = await checked(await listening(() => {}), "--timeout", "100");
    expect(asked).toHaveBeenCalledTimes(1);
    expect([problem?.code, steps[2]?.details["speaks"]]).toEqual(["unknown-tls-server", "tls"]);
  });

  it.each<[string, (socket: Socket) => unknown]>([
    ["complains", (socket) => socket.end("-ERR 'maximum connections exceeded'\r\n")],
    ["says something else", (socket) => socket.end("SSH-2.0-OpenSSH_9.2p1\r\n")],
    ["greets, and then refuses", (socket) => socket.end(`${greeting()}-ERR 'Authorization Violation'\r\n`)],
  ])("is not asked where the server %s", async (_what, accept) => {
    const asked = vi.spyOn(probes, "neighbourAt");
    expect(await checked(await listening(accept), "--timeout", "300")).toMatchObject({ ok: false });
    expect(asked).not.toHaveBeenCalled();
  });

  it("is not asked where nobody listens, or a name leads nowhere: that is not even dialed", async () => {
    const asked = vi.spyOn(probes, "neighbourAt");
    const address = await listening(() => {});
    open[0]?.close();
    expect((await checked(address)).problem?.code).toBe("refused");
    const dialed = vi.spyOn(attempting, "attempt");
    vi.spyOn(probes, "lookUp").mockResolvedValue({ ms: 1, code: "ENOTFOUND" });
    expect((await checked("nowhere.test")).steps[0]).toMatchObject({ step: "dns", result: "failed" });
    expect(dialed).not.toHaveBeenCalled();
    expect(asked).not.toHaveBeenCalled();
  });
});

describe("a certificate that was refused", () => {
  const issued = new Authority().issue({ commonName: "the server" });
  const { fingerprint256 } = new X509Certificate(issued.cert);
  const secure = (socket: Socket) =>
    new TLSSocket(socket, { isServer: true, key: issued.key, cert: issued.cert }).on("error", () => {});
  const greeted = (more: object) =>
    listening((socket) => socket.write(greeting(more), () => void secure(socket)));
  const shown = ({ steps }: Finding) =>
    steps.find(({ step }) => step === "tls")?.details["certificate"] as { fingerprint: string } | undefined;

  it("is shown, whether TLS comes behind the greeting or before it", async () => {
    const behind = await checked(await greeted({ tls_required: true }));
    expect([behind.ok, shown(behind)?.fingerprint]).toEqual([false, fingerprint256]);
    const before = await checked(await listening(secure), "--tls-first");
    expect([before.ok, shown(before)?.fingerprint]).toEqual([false, fingerprint256]);
  });

  it("may be done without where the server only offers TLS, unless it was asked for", async () => {
    const address = await greeted({ tls_available: true });
    const advice = async (...args: string[]) => (await checked(...args)).problem?.advice.join("\n");
    expect(await advice(address)).toContain("--no-tls");
    for (const args of [[`tls://${address}`], [address, "--tls"], [`tls://${address}`, "--tls"]])
      expect(await advice(...args)).not.toContain("--no-tls");
  });
});

it("TLS before the greeting is told from TLS behind it, in a URL that asks for TLS too", async () => {
  const address = await listening((socket) => socket.write(greeting({ tls_required: true })));
  const { problem, steps } = await checked(`tls://${address}`, "--tls-first");
  expect(problem?.code).toBe("tls-not-offered");
  expect(steps.map(({ step }) => step)).toEqual(["dns", "tcp", "tls", "info", "credentials", "rtt"]);
});
