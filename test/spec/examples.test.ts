// Every example of the specification, run against real servers. The servers' names in them (`localhost:4222`,
// `server1:4222`, none at all) stand for the test's server; files are made when the test runs.

import type { readFileSync } from "node:fs";
import { createUser } from "nkeys.js";
import { afterEach, describe, expect, it } from "vitest";
import { type ConnectionOptions, connect, ErrorCode, type NatsConnection } from "../../src/index.js";
import { Authority } from "../harness/certificates.js";
import { type ServerConfig, startServer, type TestServer } from "../harness/nats-server.js";
import { Operator } from "../harness/operator.js";
import { servers } from "../harness/versions.js";
import { nextStatus } from "../harness/waiting.js";
import * as examples from "./examples.js";

describe.each(servers)("the specification's examples with nats-server $label", ({ path }) => {
  const running: TestServer[] = [];
  const open: NatsConnection[] = [];
  const asked: ConnectionOptions[] = [];

  afterEach(async () => {
    asked.length = 0;
    await Promise.all(open.splice(0).map((nc) => nc.close()));
    await Promise.all(running.splice(0).map((server) => server.stop()));
  });

  async function server(config: ServerConfig = ""): Promise<TestServer> {
    const started = await startServer({ path, config });
    running.push(started);
    return started;
  }

  /** What an example imports: `connect` to these servers instead of those it names, and these files. */
  function imports(to: readonly TestServer[], files: Readonly<Record<string, string | Uint8Array>> = {}) {
    const real = to.map(({ port }) => `localhost:${port}`);
    return {
      connect: async (options: ConnectionOptions = {}) => {
        asked.push(options);
        const scheme = /^\w+:\/\//.exec([options.servers ?? ""].flat()[0] ?? "")?.[0] ?? "";
        const nc = await connect({ ...options, servers: real.map((name) => scheme + name) });
        open.push(nc);
        return nc;
      },
      readFileSync: ((name: string) => {
        const content = files[name];
        if (content === undefined) throw new Error(`the test has no file ${name}`);
        return Buffer.from(content);
      }) as typeof readFileSync,
    };
  }

  it("connects simply", async () => {
    const nc = await examples.simpleConnection(imports([await server()]));
    await nc.flush();
  });

  it("connects to one of several servers, with user and password", async () => {
    const config = 'authorization { user: "myuser", password: "mypass" }';
    const nc = await examples.multipleServers(imports([await server(config), await server(config)]));
    await nc.flush();
    expect(nc.getServers()).toHaveLength(2);
  });

  it("connects with a token", async () => {
    const nc = await examples.tokenAuthentication(
      imports([await server('authorization { token: "my-auth-token" }')]),
    );
    await nc.flush();
  });

  it("connects with its own timeouts", async () => {
    const nc = await examples.customTimeouts(imports([await server()]));
    await nc.flush();
    expect(asked).toEqual([
      expect.objectContaining({ timeout: 10_000, reconnectTimeWait: 5_000, maxReconnectAttempts: 20 }),
    ]);
  });

  it("lives: watches its status, measures, and drains", async () => {
    // Who gives no name is this user: a client that may do anything but publish to one subject.
    const users = '[{ user: anyone, password: any, permissions: { publish: { deny: "denied" } } }]';
    const started = await server(`authorization { users: ${users} }\nno_auth_user: anyone`);
    const lines: unknown[][] = [];
    const console = {
      log: (...line: unknown[]) => void lines.push(line),
      error: (...line: unknown[]) => void lines.push(line),
    };
    const shutDown = await examples.lifecycle(imports([started]), console);
    expect(lines).toEqual([
      [expect.stringMatching(/^RTT: \d+ms$/)],
      [`Connected to: localhost:${started.port}`],
      ["Stats:", { inBytes: 0, inMsgs: 0, outBytes: 0, outMsgs: 0 }],
    ]);
    lines.length = 0;
    const [nc] = open as [NatsConnection];
    const refused = nextStatus(nc, "error");
    nc.publish("denied");
    await refused;
    expect(lines).toEqual([["Connection error:", ErrorCode.PermissionsViolation]]);
    // So that nothing is on the wire that dies: the example's drain would tell of it.
    await nc.flush();
    lines.length = 0;
    const back = nextStatus(nc, "reconnect");
    await started.restart();
    await back;
    await shutDown();
    // Attempts that failed while the server was away are errors, as the example prints them: there may be any number.
    const failed = ([text]: readonly unknown[]) => text === "Connection error:";
    const failures = lines.filter(failed);
    expect(lines.filter((line) => !failed(line))).toEqual([
      ["Disconnected from server"],
      ["Reconnected to server"],
      ["Connection drained and closed"],
    ]);
    expect(lines.slice(1, 1 + failures.length)).toEqual(failures);
    const unknown = failures.filter(
      ([, code]) => !/^(CONNECTION_REFUSED|ECONNRESET|DISCONNECT)$/.test(`${code}`),
    );
    expect(unknown).toEqual([]);
    expect([nc.isClosed(), await nc.closed()]).toEqual([true, undefined]);
  });

  it("connects with a credentials file", async () => {
    const operator = new Operator();
    const user = operator.account("A").user();
    const nc = await examples.credentialsFile(
      imports([await server(operator.config())], { "./user.creds": user.creds }),
    );
    await nc.flush();
  });

  it("connects with an nkey", async () => {
    const user = createUser();
    const config = `authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`;
    const nc = await examples.nkeyFile(imports([await server(config)], { "./user.nk": user.getSeed() }));
    await nc.flush();
  });

  it("connects by TLS with a client certificate", async () => {
    const authority = new Authority();
    const of = authority.issue();
    const client = authority.issue({ names: [] });
    const tls = `tls { cert_file: "${of.certFile}", key_file: "${of.keyFile}", ca_file: "${authority.certFile}", verify: true }`;
    const files = {
      "./client-cert.pem": client.cert,
      "./client-key.pem": client.key,
      "./ca.pem": authority.cert,
    };
    const nc = await examples.tlsWithClientCertificates(imports([await server(tls)], files));
    await nc.flush();
    expect(nc.info?.tls_required).toBe(true);
  });

  it("connects by TLS to a server whose certificate it does not check", async () => {
    const of = new Authority().issue({ names: ["elsewhere"] });
    const nc = await examples.tlsWithCustomVerification(
      imports([await server(`tls { cert_file: "${of.certFile}", key_file: "${of.keyFile}" }`)]),
    );
    await nc.flush();
  });
});
