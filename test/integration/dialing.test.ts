// Dialing in networks where addresses are slow, dead or lose a packet, and name servers are silent: real sockets, real
// nats-servers, the resolver of the system. Each test has a network of its own. The rule of the race itself, in virtual
// time: test/effects/node/race.test.ts.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runtime } from "../../scripts/runtimes.mjs";
import { Authority } from "../harness/certificates.js";
import { type Network, Networks, type Run } from "../harness/network.js";
import { servers } from "../harness/versions.js";
import type { Ended, Task } from "./dialing/program.js";

/** For what does not depend on its version. */
const path = servers[0]?.path ?? "";

const PROGRAM = "test/integration/dialing/program.ts";
let networks: Networks;

beforeAll(async () => {
  networks = await Networks.create();
});
afterAll(() => networks.remove());

/** How the attempts of the task ended, in that network. The program then ends by itself. */
async function ended(network: Network, task: Task, run: Run = {}): Promise<readonly Ended[]> {
  const program = await networks.start(network, PROGRAM, { ...run, args: [JSON.stringify(task)] });
  const { code, stdout, stderr } = await program.ended();
  expect(code, stderr).toBe(0);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Ended);
}

type Addresses = NonNullable<Network["addresses"]>;

/** A network with the name `nats`, which has these addresses in this order. */
const named = (addresses: Addresses): Network => ({
  addresses,
  hosts: Object.keys(addresses)
    .map((address) => `${address} nats\n`)
    .join(""),
});

const four = "10.9.0.2";
const five = "10.9.0.3";
const six = "fd09::2";

const networksWithAnAnswer: [what: string, addresses: Addresses, reached: string][] = [
  ["a dead address, then one that lives", { [four]: "dead", [five]: 0 }, `${five}`],
  ["a slow address, then a dead one", { [four]: 600, [five]: "dead" }, `${four}`],
  ["a dead address, then a slow one", { [four]: "dead", [five]: 600 }, `${five}`],
  ["an address whose first packet is lost, then a dead one", { [four]: "losesFirst", [five]: "dead" }, four],
  ["a dead address, then one whose first packet is lost", { [four]: "dead", [five]: "losesFirst" }, five],
  ["a slow address, then a quick one", { [four]: 800, [five]: 0 }, five],
  ["two dead addresses, then a slow one", { [four]: "dead", [five]: "dead", "10.9.0.4": 700 }, "10.9.0.4"],
  ["IPv6 that is dead, then IPv4", { [six]: "dead", [five]: 0 }, five],
  ["IPv6 that is slow, then IPv4 that is dead", { [six]: 600, [five]: "dead" }, six],
];

describe.concurrent("a name with several addresses", () => {
  it.each(networksWithAnAnswer)("is reached at the one that answers: %s", async (_what, addresses, seen) => {
    const task: Task = { server: { path }, attempts: [{ servers: "nats", noRandomize: true }] };
    const reached = seen.includes(":") ? `[${seen}]:4222` : `${seen}:4222`;
    expect(await ended(named(addresses), task)).toEqual([{ reached, seen, left: [] }]);
  });
});

describe.concurrent("a host", () => {
  it("is reached at its addresses in random order, unless noRandomize asks for that of the system", async () => {
    const attempts = Array.from({ length: 40 }, (_, index) => ({
      servers: "nats",
      noRandomize: index < 5,
    }));
    const all = await ended(named({ [four]: 0, [five]: 0 }), { server: { path }, attempts });
    expect(all.slice(0, 5).map(({ seen }) => seen)).toEqual(Array(5).fill(four));
    expect([...new Set(all.slice(5).map(({ seen }) => seen))].sort()).toEqual([four, five].sort());
  });

  it("that is an address tells it as it is written for servers", async () => {
    const attempts = [{ servers: "10.9.0.2" }, { servers: "nats://[FD09:0::2]:4222" }];
    const all = await ended({ addresses: { [four]: 0, [six]: 0 } }, { server: { path }, attempts });
    expect(all.map(({ reached }) => reached)).toEqual(["10.9.0.2:4222", "[fd09::2]:4222"]);
  });

  it("that refuses at every address is refused", async () => {
    const attempts = [{ servers: "nats:1" }];
    const all = await ended(named({ [four]: 0, [six]: 0 }), { attempts });
    expect(all).toEqual([
      { code: "CONNECTION_REFUSED", message: "nats:1: nothing accepts connections there", left: [] },
    ]);
  });

  it("of which no address answers is given up when the attempt has had its time, and nothing is left", async () => {
    const attempts = [{ servers: "nats", timeout: 700 }];
    const all = await ended(named({ [four]: "dead", [five]: "dead" }), { attempts });
    expect(all).toEqual([{ code: "TIMEOUT", message: expect.any(String), left: [] }]);
  });
});

describe.concurrent("a WebSocket to a name with several addresses", () => {
  const authority = new Authority();
  const { certFile, keyFile } = authority.issue({ names: ["nats"] });
  const plain = { path, config: 'websocket { listen: "0.0.0.0:8080", no_tls: true }' };
  const secured = {
    path,
    config: `websocket { listen: "0.0.0.0:8443", tls { cert_file: "${certFile}", key_file: "${keyFile}" } }`,
  };
  const slow = named({ [four]: 600, [five]: "dead" });

  it.each(["node-20", "node-22"])("is opened over the one that answers, on %s", async (name) => {
    const { path: node } = await runtime(name);
    const attempts = [{ servers: "ws://nats:8080", noRandomize: true }];
    const [one] = await ended(slow, { server: plain, attempts }, { node });
    expect(one).toEqual({ reached: `${four}:8080`, seen: four, left: [] });
  });

  it("is opened over the one that answers, with TLS", async () => {
    const attempts = [
      { servers: "wss://nats:8443", noRandomize: true, tls: { caFile: authority.certFile } },
      { servers: "wss://nats:8443", noRandomize: true, tls: {} },
    ];
    const all = await ended(slow, { server: secured, attempts });
    expect(all).toEqual([
      { reached: `${four}:8443`, seen: four, left: [] },
      { code: "TLS", message: expect.stringContaining("an authority that is not trusted"), left: [] },
    ]);
  });

  it("is given up when the attempt has had its time, and nothing is left", async () => {
    const attempts = [{ servers: "ws://nats:8080", timeout: 700 }];
    const all = await ended(named({ [four]: "dead", [five]: "dead" }), { attempts });
    expect(all).toEqual([{ code: "TIMEOUT", message: expect.any(String), left: [] }]);
  });
});

describe.concurrent("a name server", () => {
  const nameServer = "10.9.0.53";
  const resolvConf = `nameserver ${nameServer}\n`;
  const server = { path };
  const names = { "nats.example.com": [four] };
  const silence = (host: string, who = `the name server ${nameServer} does not answer`) => ({
    code: "EAI_AGAIN",
    message: `${host}: the host name could not be looked up: ${who}`,
    left: [],
  });

  it("that does not answer is said to be that, and does not keep the process alive", async () => {
    const attempts = [
      { servers: "nats.example.com", timeout: 4_000 },
      { servers: "ws://nats.example.com", timeout: 4_000 },
    ];
    expect(await ended({ resolvConf }, { attempts })).toEqual([
      silence("nats.example.com:4222"),
      silence("nats.example.com:80"),
    ]);
  });

  it("that refuses to be asked, and several that do not answer, are named too", async () => {
    const attempts = [{ servers: "nats.example.com", timeout: 4_000 }];
    const two = `${resolvConf}nameserver ${four}\n`;
    expect(await ended({ resolvConf, addresses: { [nameServer]: 0 } }, { attempts })).toEqual([
      silence("nats.example.com:4222"),
    ]);
    expect(await ended({ resolvConf: two }, { attempts })).toEqual([
      silence("nats.example.com:4222", `none of the name servers ${nameServer}, ${four} answers`),
    ]);
  });

  it("that does not answer holds up nobody who is called off", async () => {
    const attempts = [{ servers: "nats.example.com", waitOnFirstConnect: true, isAborted: true } as const];
    const all = await ended({ resolvConf }, { attempts });
    expect(all).toEqual([{ code: "CANCELLED", message: expect.any(String), left: [] }]);
  });

  it("that does not answer is not asked for names of /etc/hosts and for addresses", async () => {
    const attempts = [{ servers: "nats" }, { servers: four }];
    const network = { ...named({ [four]: 0 }), resolvConf };
    const all = await ended(network, { server, attempts });
    expect(all.map(({ seen }) => seen)).toEqual([four, four]);
  });

  it("is asked where the name is in no file", async () => {
    const attempts = [{ servers: "nats.example.com" }, { servers: "else.where" }];
    const addresses = { [nameServer]: 0, [four]: 0 };
    const all = await ended({ addresses, resolvConf }, { server, zone: { names }, attempts });
    expect(all).toEqual([
      { reached: `${four}:4222`, seen: four, left: [] },
      { code: "ENOTFOUND", message: "else.where:4222: the host name is unknown", left: [] },
    ]);
  });

  it("is asked for the name within the search domain first, as the system does: it may be silent about others", async () => {
    const search = "search default.svc.cluster.local svc.cluster.local\noptions ndots:5\n";
    const zone = { names: { "nats.default.svc.cluster.local": [four] }, answersFor: "cluster.local" };
    const addresses = { [nameServer]: 0, [four]: 0 };
    const attempts = [{ servers: "nats" }];
    const all = await ended({ addresses, resolvConf: `${resolvConf}${search}` }, { server, zone, attempts });
    expect(all).toEqual([{ reached: `${four}:4222`, seen: four, left: [] }]);
  });

  it("may be silent where another one answers", async () => {
    const attempts = [{ servers: "nats.example.com" }];
    const two = `nameserver ${five}\n${resolvConf}options timeout:1\n`;
    const addresses = { [nameServer]: 0, [four]: 0 };
    const all = await ended({ addresses, resolvConf: two }, { server, zone: { names }, attempts });
    expect(all).toEqual([{ reached: `${four}:4222`, seen: four, left: [] }]);
  });
});
