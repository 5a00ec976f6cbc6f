// `nats-statechart check` as its user has it, against real servers and real listeners: it tells apart what can be wrong,
// says what to do, and shows no secret. What it makes of plain data: test/cli/.

import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Finding, StepName } from "../../src/cli/check/findings.js";
import { steering, steers } from "../cli/steering.js";
import { run, start, useTool } from "../cli/tool.js";
import { Authority, type Certificate, scratchFile } from "../harness/certificates.js";
import { fakeServer, info } from "../harness/fake-server.js";
import { startCluster, startServer, type TestServer } from "../harness/nats-server.js";
import { Operator } from "../harness/operator.js";
import { freePorts } from "../harness/ports.js";
import { type NatsServer, servers } from "../harness/versions.js";

useTool();

const PASSWORD = "s3cr3t/pass word";
const authority = new Authority("right authority");
const newest = servers.at(-1)?.path;
const started: { stop?(): unknown; close?(): unknown }[] = [];

afterEach(async () => {
  for (const one of started.splice(0)) await (one.stop?.() ?? one.close?.());
});

async function server(options: Parameters<typeof startServer>[0]): Promise<TestServer> {
  const one = await startServer({ ...(newest === undefined ? {} : { path: newest }), ...options });
  started.push(one);
  return one;
}

interface Checked extends Finding {
  readonly code: number | null;
  /** The results of its steps, in their order. */
  readonly results: Readonly<Record<StepName, string>>;
}

/** Checks one server with `--json`. No secret may be seen, wherever it was given. */
async function checked(
  target: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Checked> {
  const { code, stdout, stderr } = await run(["check", target, "--json", ...args], env);
  expect(stderr).toBe("");
  expect(stdout).not.toContain(PASSWORD);
  expect(stdout).not.toContain(encodeURIComponent(PASSWORD));
  const report = JSON.parse(stdout) as { version: number; ok: boolean; servers: Finding[] };
  const [finding] = report.servers;
  if (finding === undefined) throw new Error(`no finding: ${stdout}`);
  expect(report).toMatchObject({ version: 1, ok: code === 0, servers: [{ ok: code === 0 }] });
  const results = Object.fromEntries(finding.steps.map(({ step, result }) => [step, result]));
  return { ...finding, code, results: results as Checked["results"] };
}

const detailsOf = ({ steps }: Checked, name: StepName) => steps.find(({ step }) => step === name)?.details;

const tls = ({ certFile, keyFile }: Certificate, more: Readonly<Record<string, unknown>> = {}) => ({
  tls: { cert_file: certFile, key_file: keyFile, timeout: 5, ...more },
});
const users = { authorization: { users: [{ user: "me", password: PASSWORD }] } };

describe.each(servers)("check of a well nats-server $label", ({ path, version }) => {
  it("tells of every step", async () => {
    const { port } = await server({ path });
    const finding = await checked(`127.0.0.1:${port}`);
    expect(finding).toMatchObject({ code: 0, problem: null, server: `127.0.0.1:${port}` });
    expect(finding.results).toEqual({
      dns: "skipped",
      tcp: "ok",
      info: "ok",
      tls: "skipped",
      credentials: "ok",
      rtt: "ok",
    });
    expect(detailsOf(finding, "info")).toMatchObject({
      version,
      cluster: null,
      jetstream: false,
      tlsRequired: false,
      authRequired: false,
      maxPayload: 1_048_576,
    });
    expect(detailsOf(finding, "rtt")?.["medianMs"]).toBeGreaterThan(0);
  });

  it("tells of TLS and credentials", async () => {
    const config = { ...tls(authority.issue({ commonName: "the server" })), ...users };
    const { port } = await server({ path, config });
    const finding = await checked(`localhost:${port}`, ["--tls-ca", authority.certFile, "--user", "me"], {
      NATS_PASSWORD: PASSWORD,
    });
    expect(finding).toMatchObject({ code: 0, problem: null });
    expect(finding.results).toEqual({
      dns: "ok",
      tcp: "ok",
      info: "ok",
      tls: "ok",
      credentials: "ok",
      rtt: "ok",
    });
    expect(detailsOf(finding, "tls")).toMatchObject({
      protocol: "TLSv1.3",
      certificate: { subject: "CN=the server", root: "CN=right authority" },
    });
    expect(detailsOf(finding, "credentials")).toMatchObject({ kind: "user" });
    expect(detailsOf(finding, "dns")?.["addresses"]).toContain("127.0.0.1");
  });

  it("tells of the cluster", async () => {
    const cluster = await startCluster(2, { path });
    started.push(cluster);
    const finding = await checked(cluster.urls[0] ?? "");
    const { cluster: name, serverName, connectUrls } = detailsOf(finding, "info") ?? {};
    expect([name, serverName]).toEqual(["test", "n0"]);
    expect(connectUrls).toHaveLength(2);
  });

  it("accepts a credentials file, from the environment too", async () => {
    const operator = new Operator();
    const account = operator.account("A");
    const { creds } = account.user();
    const file = scratchFile("user.creds", creds);
    const { port } = await server({ path, config: operator.config() });
    expect(await checked(`127.0.0.1:${port}`, ["--creds", file])).toMatchObject({ code: 0 });
    const finding = await checked(`127.0.0.1:${port}`, [], { NATS_CREDS: file });
    expect(finding.code).toBe(0);
    expect(detailsOf(finding, "credentials")).toMatchObject({ kind: "creds" });
    const missing = await checked(`127.0.0.1:${port}`);
    expect(missing.problem?.code).toBe("credentials-missing");
    expect(missing.problem?.advice.join(" ")).toContain("--creds FILE");
  });
});

describe("check where the network fails", () => {
  it("tells that nothing listens", async () => {
    const [port] = await freePorts(1);
    const finding = await checked(`127.0.0.1:${port}`);
    expect(finding).toMatchObject({ code: 1, problem: { code: "refused" } });
    expect(finding.results).toEqual({
      dns: "skipped",
      tcp: "failed",
      info: "skipped",
      tls: "skipped",
      credentials: "skipped",
      rtt: "skipped",
    });
  });

  it("tells that nobody knows the name", async () => {
    // Between two dots of a name there is something: no name server is asked.
    const finding = await checked("nobody..invalid");
    expect(finding).toMatchObject({ code: 1, problem: { code: "name-unknown" } });
    expect(finding.results).toMatchObject({ dns: "failed", tcp: "skipped" });
  });

  it("tells that a server is silent", async () => {
    const silent = await fakeServer(() => {});
    started.push(silent);
    const finding = await checked(`127.0.0.1:${silent.port}`, ["--timeout", "1000"]);
    expect(finding).toMatchObject({ code: 1, problem: { code: "silent" } });
    expect(finding.results).toMatchObject({ tcp: "ok", info: "failed" });
  });

  it.each([
    ["falls silent", (socket: Socket) => void socket.write("PONG\r\n"), "fell silent"],
    ["hangs up", (socket: Socket) => void socket.end("PONG\r\n"), "ended it"],
  ])("tells that a server accepts the connection and then %s", async (_what, answer, text) => {
    const fickle = await fakeServer((socket) => {
      socket.write(info());
      socket.once("data", () => answer(socket));
    });
    started.push(fickle);
    const finding = await checked(`127.0.0.1:${fickle.port}`, ["--timeout", "1000"]);
    expect(finding).toMatchObject({ code: 1, problem: { code: "connection-lost" } });
    expect(finding.problem?.text).toContain(text);
    expect(finding.results).toMatchObject({ credentials: "ok", rtt: "failed" });
  });

  it("is ended by Ctrl-C at once, whatever it waits for", async () => {
    const silent = await fakeServer(() => {});
    started.push(silent);
    const tool = start(["check", `127.0.0.1:${silent.port}`, "--timeout", "600000"]);
    await silent.connectionCount(1);
    tool.child.kill("SIGINT");
    expect(await tool.ended()).toMatchObject({ code: null, stdout: "" });
  });

  it("tells that a server hangs up at once", async () => {
    const closing = await fakeServer((socket) => void socket.end());
    started.push(closing);
    const finding = await checked(`127.0.0.1:${closing.port}`);
    expect(finding).toMatchObject({ code: 1, problem: { code: "closed-at-once" } });
  });

  it("tells that a server greets and then says no more", async () => {
    const mute = await fakeServer((socket) => void socket.write(info()));
    started.push(mute);
    const finding = await checked(`127.0.0.1:${mute.port}`, ["--timeout", "1000"]);
    expect(finding).toMatchObject({ code: 1, problem: { code: "no-answer-to-credentials" } });
    expect(finding.results).toMatchObject({ info: "ok", credentials: "failed", rtt: "skipped" });
  });
});

describe("check of a wrong port", () => {
  it("tells that an HTTP server listens there", async () => {
    const http = createHttpServer((_, response) => response.end("hello")).listen(0, "127.0.0.1");
    await once(http, "listening");
    started.push(http);
    const { port } = http.address() as AddressInfo;
    const finding = await checked(`127.0.0.1:${port}`, ["--timeout", "1000"]);
    expect(finding).toMatchObject({ code: 1, problem: { code: "http-server" } });
    expect(detailsOf(finding, "info")).toMatchObject({ speaks: "http" });
  });

  it.each(servers)("tells that it is the monitoring port of nats-server $label", async ({ path }) => {
    const [port] = await freePorts(1);
    await server({ path, args: ["-m", `${port}`] });
    const finding = await checked(`127.0.0.1:${port}`, ["--timeout", "1000"]);
    expect(finding).toMatchObject({ code: 1, problem: { code: "monitoring-port" } });
  });

  it.each(servers)("tells that it is the port for other servers of nats-server $label", async ({ path }) => {
    const [port] = await freePorts(1);
    await server({ path, config: `cluster { name: "c", listen: "127.0.0.1:${port}" }` });
    const finding = await checked(`127.0.0.1:${port}`);
    expect(finding).toMatchObject({ code: 1, problem: { code: "wrong-nats-port" } });
  });

  it("tells that something else listens there, and shows nothing that could steer a terminal", async () => {
    const other = await fakeServer((socket) => void socket.write("SSH-2.0-\u001b[2J\u009b31mOther\r\n"));
    started.push(other);
    const { code, stdout } = await run(["check", `127.0.0.1:${other.port}`]);
    expect(code).toBe(1);
    expect(stdout).toContain("(not-nats)");
    expect(stdout).toContain("SSH-2.0-");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(stdout).not.toMatch(/[\u001b\u009b]/);
  });
});

/** Since 2.10. */
function knowsHandshakeFirst({ version }: NatsServer): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 10);
}

describe("check of an HTTPS port", () => {
  it("tells that an HTTPS server listens there, and whether it is the monitoring of a nats-server", async () => {
    const { cert, key } = authority.issue();
    const https = createHttpsServer({ cert, key }, (_, response) => response.end("hello")).listen(
      0,
      "127.0.0.1",
    );
    await once(https, "listening");
    started.push(https);
    const { port } = https.address() as AddressInfo;
    const finding = await checked(`127.0.0.1:${port}`, ["--timeout", "1000"]);
    expect(finding).toMatchObject({ code: 1, problem: { code: "http-server" } });
    expect(finding.problem?.text).toContain("HTTPS");
    const [monitor] = await freePorts(1);
    await server({ config: { ...tls(authority.issue()), https: `127.0.0.1:${monitor}` } });
    expect((await checked(`127.0.0.1:${monitor}`, ["--timeout", "1000"])).problem?.code).toBe(
      "monitoring-port",
    );
  });
});

describe("check of TLS", () => {
  let required: TestServer;
  let target: string;

  beforeAll(async () => {
    required = await startServer({ config: tls(authority.issue({ commonName: "the server" })) });
    target = `127.0.0.1:${required.port}`;
    return () => required.stop();
  });

  it("tells that the server requires it where it is forbidden", async () => {
    const finding = await checked(target, ["--no-tls"]);
    expect(finding).toMatchObject({ code: 1, problem: { code: "tls-required" } });
    expect(finding.results).toMatchObject({ info: "ok", tls: "failed", credentials: "skipped" });
    expect(detailsOf(finding, "info")).toMatchObject({ tlsRequired: true });
  });

  it("tells that the authority is unknown, and which certificate was shown", async () => {
    const finding = await checked(target);
    expect(finding).toMatchObject({ code: 1, problem: { code: "unknown-authority" } });
    expect(finding.results).toMatchObject({ info: "ok", tls: "failed", credentials: "skipped" });
    expect(finding.problem?.advice[0]).toContain("--tls-ca FILE");
    expect(detailsOf(finding, "tls")).toMatchObject({
      certificate: { subject: "CN=the server", issuer: "CN=right authority" },
    });
    const other = await checked(target, ["--tls-ca", new Authority("another authority").certFile]);
    expect(other.problem?.code).toBe("unknown-authority");
  });

  it.each([
    ["for another name", "wrong-certificate-name", { names: ["nats.example"] }],
    ["expired", "certificate-expired", { until: new Date(Date.now() - 60_000) }],
    ["not valid yet", "certificate-not-yet-valid", { from: new Date(Date.now() + 3_000_000) }],
  ])("tells that the certificate is %s", async (_what, code, wishes) => {
    const { port } = await server({ config: tls(authority.issue(wishes)) });
    const finding = await checked(`127.0.0.1:${port}`, ["--tls-ca", authority.certFile]);
    expect(finding).toMatchObject({ code: 1, problem: { code } });
    expect(finding.results).toMatchObject({ tls: "failed" });
  });

  it.each(servers)("tells that nats-server $label wants a client certificate", async ({ path }) => {
    const config = tls(authority.issue(), { verify: true, ca_file: authority.certFile });
    const { port } = await server({ path, config });
    const finding = await checked(`127.0.0.1:${port}`, ["--tls-ca", authority.certFile]);
    expect(finding).toMatchObject({ code: 1, problem: { code: "client-certificate" } });
    expect(finding.results).toMatchObject({ info: "ok", tls: "failed", credentials: "skipped" });
    const { certFile, keyFile } = authority.issue({ commonName: "me" });
    const given = ["--tls-ca", authority.certFile, "--tls-cert", certFile, "--tls-key", keyFile];
    expect(await checked(`127.0.0.1:${port}`, given)).toMatchObject({ code: 0 });
  });

  it("tells that the server does not offer it", async () => {
    const { port } = await server({});
    const finding = await checked(`tls://127.0.0.1:${port}`);
    expect(finding).toMatchObject({ code: 1, problem: { code: "tls-not-offered" } });
    expect(finding.results).toMatchObject({ info: "ok", tls: "failed" });
  });

  it("tells that the server does not begin with it", async () => {
    const finding = await checked(target, ["--tls-first", "--tls-ca", authority.certFile]);
    expect(finding).toMatchObject({ code: 1, problem: { code: "tls-not-offered" } });
    expect(finding.steps.map(({ step }) => step)).toEqual([
      "dns",
      "tcp",
      "tls",
      "info",
      "credentials",
      "rtt",
    ]);
  });

  it.each(servers.filter(knowsHandshakeFirst))(
    "tells that nats-server $label begins with it",
    async ({ path }) => {
      const { port } = await server({ path, config: tls(authority.issue(), { handshake_first: true }) });
      const given = ["--tls-ca", authority.certFile];
      const finding = await checked(`127.0.0.1:${port}`, [...given, "--timeout", "1000"]);
      expect(finding).toMatchObject({ code: 1, problem: { code: "tls-first" } });
      const followed = await checked(`127.0.0.1:${port}`, [...given, "--tls-first"]);
      expect(followed).toMatchObject({ code: 0, results: { tls: "ok", info: "ok" } });
    },
  );

  it("tells that a file is none", async () => {
    const finding = await checked(target, ["--tls-ca", scratchFile("ca.pem", "not a certificate")]);
    expect(finding).toMatchObject({ code: 1, problem: { code: "tls-files" } });
    expect(finding.problem?.text).toContain("--tls-ca");
  });
});

describe("check of credentials", () => {
  let guarded: TestServer;

  beforeAll(async () => {
    guarded = await startServer({ config: users });
    return () => guarded.stop();
  });

  it.each([
    ["wrong, as options", "user", ["--user", "me", "--password", "wr0ng"], {}, ""],
    ["wrong, in the environment", "user", [], { NATS_USER: "me", NATS_PASSWORD: "wr0ng" }, ""],
    ["wrong, in the URL", "url", [], {}, "me:wr0ng@"],
    ["a token that nobody knows", "token", [], { NATS_TOKEN: "wr0ng" }, ""],
  ])("tells that they are refused where they are %s", async (_what, kind, args, env, inUrl) => {
    const finding = await checked(`nats://${inUrl}127.0.0.1:${guarded.port}`, args, env);
    expect(finding).toMatchObject({ code: 1, problem: { code: "credentials-refused" } });
    expect(finding.results).toMatchObject({ info: "ok", credentials: "failed", rtt: "skipped" });
    expect(JSON.stringify(finding)).not.toContain("wr0ng");
    expect(finding.problem?.text).toContain({ user: "password", url: "URL", token: "token" }[kind]);
  });

  it("tells that they are missing", async () => {
    const finding = await checked(`127.0.0.1:${guarded.port}`);
    expect(finding).toMatchObject({ code: 1, problem: { code: "credentials-missing" } });
    expect(detailsOf(finding, "info")).toMatchObject({ authRequired: true });
  });

  it("accepts the right ones, in the URL too", async () => {
    const url = `nats://me:${encodeURIComponent(PASSWORD)}@127.0.0.1:${guarded.port}`;
    expect(await checked(url)).toMatchObject({ code: 0, results: { credentials: "ok" } });
    expect(
      await checked(`127.0.0.1:${guarded.port}`, ["--user", "me", "--password", PASSWORD]),
    ).toMatchObject({
      code: 0,
    });
  });

  it("tells that a credentials file is none", async () => {
    const operator = new Operator();
    operator.account("A");
    const { port } = await server({ config: operator.config() });
    const finding = await checked(`127.0.0.1:${port}`, ["--creds", scratchFile("bad.creds", "nothing")]);
    expect(finding).toMatchObject({ code: 1, problem: { code: "credentials-unusable" } });
  });

  it("tells that they have expired", async () => {
    const operator = new Operator();
    const { creds } = operator.account("A").user({ expiresIn: -60_000 });
    const { port } = await server({ config: operator.config() });
    const finding = await checked(`127.0.0.1:${port}`, ["--creds", scratchFile("old.creds", creds)]);
    expect(finding).toMatchObject({ code: 1, problem: { code: "credentials-expired" } });
  });
});

describe("check of several servers", () => {
  it("tells of each, and fails where one does", async () => {
    const { port } = await server({});
    const [free] = await freePorts(1);
    const { code, stdout } = await run(["check", `127.0.0.1:${port},127.0.0.1:${free}`]);
    expect(code).toBe(1);
    const lines = stdout.split("\n");
    expect(lines.indexOf(`127.0.0.1:${port}`)).toBe(0);
    expect(lines.indexOf(`127.0.0.1:${free}`)).toBeGreaterThan(0);
    expect(stdout).toContain("  ok      Round trip");
    expect(stdout).toContain("  FAILED  TCP         nothing accepts connections there");
    expect(stdout).toContain("What to do (refused)");
  });

  it("takes them from NATS_URL, and leaves nothing open at a server", async () => {
    const one = await server({ monitor: true });
    const { code } = await run(["check"], { NATS_URL: one.url });
    expect(code).toBe(0);
    expect(await one.monitor("connz")).toMatchObject({ num_connections: 0 });
  });
});

describe("check of a server that says much, and what steers a terminal", () => {
  const much = (from: string) => `${from}${steering}${"x".repeat(20_000)}`;

  it("tells some of its INFO, and how much of it there is", async () => {
    const urls = [much("long"), ...Array.from({ length: 2_000 }, (_, port) => `a:${port + 1}`)];
    const wordy = await fakeServer((socket) => {
      socket.write(
        info({
          server_name: much("name"),
          server_id: "ID",
          version: steering,
          cluster: steering,
          connect_urls: urls,
        }),
      );
      socket.on("data", (data) => {
        if (String(data).includes("PING\r\n")) socket.write("PONG\r\n");
      });
    });
    started.push(wordy);
    const finding = await checked(`127.0.0.1:${wordy.port}`);
    const details = detailsOf(finding, "info");
    const { serverName, connectUrls, cut } = details ?? {};
    expect(String(serverName).startsWith(much("name").slice(0, 1_000))).toBe(true);
    expect(String(serverName).length).toBeLessThanOrEqual(2_000);
    expect(connectUrls).toHaveLength(100);
    // The client remembers no more of them.
    expect(cut).toMatchObject({ connectUrls: 1_000 });
    expect(details?.["version"]).toBe(steering);
    const json = await run(["check", `127.0.0.1:${wordy.port}`, "--json"]);
    const lines = await run(["check", `127.0.0.1:${wordy.port}`]);
    for (const { stdout, stderr } of [json, lines]) {
      expect(stderr).toBe("");
      expect(steers(stdout)).toBe(false);
      expect(stdout.length).toBeLessThan(20_000);
    }
    expect(lines.stdout).toMatch(/\(cut: it has \d+ characters\)/);
  });

  it.each([
    ["-ERR, as JSON", "-ERR 'authorization violation ", ["--json"], "authorization violation a"],
    ["-ERR", "-ERR 'authorization violation ", [], "the server wants credentials"],
    ["what is no NATS, as JSON", "HELLO ", ["--json"], "HELLO a"],
    ["what is no NATS", "HELLO ", [], "HELLO a"],
  ])("tells some of %s", async (_what, start, args, told) => {
    const wordy = await fakeServer((socket) => {
      if (start.startsWith("-ERR")) socket.write(info({ auth_required: true }));
      socket.end(`${start}${steering.replace("\n", "")}${"x".repeat(3_000)}'\r\n`);
    });
    started.push(wordy);
    const { stdout, stderr } = await run(["check", `127.0.0.1:${wordy.port}`, ...args]);
    expect(stderr).toBe("");
    expect(stdout).toContain(told);
    expect(steers(stdout)).toBe(false);
    expect(stdout.length).toBeLessThan(10_000);
  });
});

it("colours what it prints only where it is told to, or somebody looks", async () => {
  const [free] = await freePorts(1);
  const target = `127.0.0.1:${free}`;
  const red = "\u001b[31mFAILED";
  expect((await run(["check", target])).stdout).not.toContain("\u001b");
  expect((await run(["check", target], { FORCE_COLOR: "1" })).stdout).toContain(red);
  expect((await run(["check", target], { FORCE_COLOR: "1", NO_COLOR: "1" })).stdout).not.toContain("\u001b");
});
