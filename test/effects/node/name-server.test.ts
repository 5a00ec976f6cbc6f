// Whom the system would ask for a name, and what first: read from its files. With name servers that answer and that do not:
// test/integration/dialing.test.ts.

import { afterEach, describe, expect, it, vi } from "vitest";
import { NameServerFailure, socketFailure } from "../../../src/effects/failures.js";
import * as lateParts from "../../../src/effects/node/late-parts.js";
import {
  asksNameServersOnly,
  firstQuestion,
  hearNameServer,
  isInHosts,
  type NodeDns,
} from "../../../src/effects/node/name-server.js";
import { inOrder, lookUp, MOST_ADDRESSES } from "../../../src/effects/node/names.js";

describe("names go to name servers and nobody else", () => {
  it.each([
    "",
    "passwd: files\n",
    "hosts: files dns",
    "passwd: files sss\nhosts:\tfiles dns myhostname mymachines\nnetworks: files",
    "hosts: files [NOTFOUND=continue] dns",
  ])("with %j", (nsswitch) => {
    expect(asksNameServersOnly(nsswitch)).toBe(true);
  });

  it.each([
    "hosts: files",
    "hosts: files mdns4_minimal [NOTFOUND=return] dns",
    "hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns",
    "hosts: files dns ldap",
  ])("not with %j", (nsswitch) => {
    expect(asksNameServersOnly(nsswitch)).toBe(false);
  });
});

describe.runIf(process.platform === "linux")("a name that is looked up without file descriptors", () => {
  afterEach(() => vi.restoreAllMocks());

  it.each(["EMFILE", "ENFILE"])("fails for that reason (%s), and nobody is asked", async (code) => {
    const shortage = Object.assign(new Error("too many open files"), { code });
    const readFile = () => Promise.reject(shortage);
    vi.spyOn(lateParts, "loadFiles").mockResolvedValue({ readFile } as never);
    const dns = { lookup: vi.fn(), Resolver: vi.fn() };
    const timers = { startTimer: vi.fn(), stopTimer: vi.fn() };
    const failure = await new Promise((failed) => {
      const options = { timers, seed: () => null, patience: 1_000 };
      lookUp(dns as never, "nats.example.com", options, { found: failed, failed });
    });
    expect(failure).toBe(shortage);
    expect(dns.lookup).not.toHaveBeenCalled();
    expect(dns.Resolver).not.toHaveBeenCalled();
  });
});

describe.runIf(process.platform === "linux")("a name whose files the process may not read", () => {
  afterEach(() => vi.restoreAllMocks());

  it("is looked up by the system, which may: no name server is asked, since the name may be in a file", async () => {
    const denied = Object.assign(new Error("Access to this API has been restricted"), {
      code: "ERR_ACCESS_DENIED",
    });
    const readFile = () => Promise.reject(denied);
    vi.spyOn(lateParts, "loadFiles").mockResolvedValue({ readFile } as never);
    const refused = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    class Resolver {
      getServers = () => ["10.255.255.53"];
      cancel = () => {};
      resolve4 = (_question: string, done: (error: Error) => void) => done(refused);
    }
    const lookup = (_name: string, _options: object, done: (error: null, found: object[]) => void) =>
      done(null, [{ address: "10.0.0.5", family: 4 }]);
    const timers = { startTimer: vi.fn(), stopTimer: vi.fn() };
    const found = await new Promise((resolve, failed) => {
      const options = { timers, seed: () => null, patience: 1_000 };
      lookUp({ lookup, Resolver } as never, "nats.example.com", options, { found: resolve, failed });
    });
    expect(found).toEqual(["10.0.0.5"]);
  });
});

describe("a name in /etc/hosts", () => {
  const hosts = "127.0.0.1 localhost\n 10.0.0.5\tNats nats.example.com\n::1 six";

  it.each(["nats", "NATS", "nats.example.com", "nats.example.com.", "six"])("is %s", (name) => {
    expect(isInHosts(hosts, name)).toBe(true);
  });

  it.each(["example.com", "10.0.0.5", "nats2", "seven"])("is not %s", (name) => {
    expect(isInHosts(hosts, name)).toBe(false);
  });
});

describe("what the system asks a name server first", () => {
  const cluster =
    "nameserver 10.96.0.10\nsearch default.svc.cluster.local svc.cluster.local\noptions edns0 ndots:5\n";

  it.each([
    ["nats", "", "nats"],
    ["nats", "nameserver 10.0.0.1\n", "nats"],
    ["nats", "search example.com other.com", "nats.example.com"],
    ["nats", "search first.com\ndomain last.com.", "nats.last.com"],
    ["nats.example.com", "search other.com", "nats.example.com"],
    ["nats", cluster, "nats.default.svc.cluster.local"],
    ["nats.demo", cluster, "nats.demo.default.svc.cluster.local"],
    ["demo.nats.io", cluster, "demo.nats.io.default.svc.cluster.local"],
    ["demo.nats.io.", cluster, "demo.nats.io."],
    ["a.b.c.d.e.f", cluster, "a.b.c.d.e.f"],
    ["nats", "search .", "nats"],
  ])("for %s with %j is %s", (host, resolvConf, question) => {
    expect(firstQuestion(host, resolvConf)).toBe(question);
  });
});

describe("the question to a name server", () => {
  /** A name server that answers when it is told to. */
  function asked() {
    const timers = new Set<() => void>();
    const told: string[] = [];
    let answer: (error: { code: string } | null) => void = () => {};
    let cancelled = 0;
    class Resolver {
      getServers = () => ["10.0.0.1"];
      resolve4 = (_name: string, callback: typeof answer) => {
        answer = callback;
      };
      cancel = () => {
        cancelled++;
        // As node:dns does.
        answer({ code: "ECANCELLED" });
      };
    }
    const cancel = hearNameServer(
      { Resolver } as unknown as NodeDns,
      "nats",
      {
        startTimer: (_ms, fired) => {
          timers.add(fired);
          return fired;
        },
        stopTimer: (timer) => void timers.delete(timer as () => void),
      },
      1_000,
      { answers: () => told.push("answers"), failed: ({ message }) => told.push(message) },
    );
    return {
      cancel,
      answers: (code?: string) => answer(code === undefined ? null : { code }),
      timeIsOver: () => {
        for (const fired of timers) fired();
      },
      seen: () => ({ told, timers: timers.size, cancelled: cancelled > 0 }),
    };
  }
  const silent = "the host name could not be looked up: the name server 10.0.0.1 does not answer";

  it.each<readonly [string, (question: ReturnType<typeof asked>) => void, readonly string[]]>([
    ["it is answered", (question) => question.answers(), ["answers"]],
    ["it is answered that the name is unknown", (question) => question.answers("ENOTFOUND"), ["answers"]],
    ["nobody could be asked", (question) => question.answers("ECONNREFUSED"), [silent]],
    ["there is no answer in time", (question) => question.timeIsOver(), [silent]],
    ["it is cancelled", (question) => question.cancel(), []],
  ])("is over where %s: told once, no timer runs, nothing is asked any more", (_what, ends, told) => {
    const question = asked();
    ends(question);
    expect(question.seen()).toEqual({ told, timers: 0, cancelled: true });
    question.answers();
    question.cancel();
    expect(question.seen().told).toEqual(told);
  });
});

describe("the order of addresses", () => {
  const four = (address: string) => ({ address, family: 4 });
  const six = (address: string) => ({ address, family: 6 });

  it.each([
    [[four("10.0.0.1")], ["10.0.0.1"]],
    [
      [four("10.0.0.3"), four("10.0.0.1"), four("10.0.0.2")],
      ["10.0.0.3", "10.0.0.1", "10.0.0.2"],
    ],
    [
      [six("::1"), six("::2"), six("::3"), four("10.0.0.1")],
      ["::1", "10.0.0.1", "::2", "::3"],
    ],
    [
      [four("10.0.0.1"), six("::1"), six("::2"), four("10.0.0.2")],
      ["10.0.0.1", "::1", "10.0.0.2", "::2"],
    ],
  ])("is the system's, and the families take turns: %j", (addresses, order) => {
    expect(inOrder(addresses, null)).toEqual(order);
  });

  it("is a random one with a seed, and every order comes up", () => {
    const addresses = [four("10.0.0.1"), four("10.0.0.2"), four("10.0.0.3")];
    const orders = new Set(Array.from({ length: 200 }, (_, seed) => inOrder(addresses, seed).join()));
    expect(orders.size).toBe(6);
  });

  it("has no more than 20 of thousands, and others the next time", () => {
    const addresses = Array.from({ length: 4_000 }, (_, at) => four(`10.0.${at >> 8}.${at & 255}`));
    expect(inOrder(addresses, null)).toEqual(
      addresses.slice(0, MOST_ADDRESSES).map(({ address }) => address),
    );
    const dialed = new Set(Array.from({ length: 10 }, (_, seed) => inOrder(addresses, seed)).flat());
    expect(dialed.size).toBeGreaterThan(9 * MOST_ADDRESSES);
    expect(dialed.size).toBeLessThanOrEqual(10 * MOST_ADDRESSES);
  });

  it("has as many of either family, however many there are of the one that comes first", () => {
    const addresses = [
      ...Array.from({ length: 30 }, (_, at) => six(`::${at + 1}`)),
      ...Array.from({ length: 30 }, (_, at) => four(`10.0.0.${at + 1}`)),
    ];
    const dialed = inOrder(addresses, null);
    expect(dialed.filter((address) => address.includes(":"))).toHaveLength(MOST_ADDRESSES / 2);
    expect(dialed.filter((address) => !address.includes(":"))).toHaveLength(MOST_ADDRESSES / 2);
  });

  it("takes turns in a random order, too", () => {
    const addresses = [six("::1"), six("::2"), four("10.0.0.1"), four("10.0.0.2")];
    for (let seed = 0; seed < 50; seed++) {
      const families = inOrder(addresses, seed).map((address) => address.includes(":"));
      expect([families[0], families[2]]).toEqual([!families[1], !families[3]]);
    }
  });
});

describe("a name that could not be looked up", () => {
  it("is told with the name servers that do not answer", () => {
    const failure = (servers: string[]) => socketFailure(new NameServerFailure(servers), "nats:4222");
    expect(failure(["10.0.0.1"])).toEqual({
      code: "EAI_AGAIN",
      message: "nats:4222: the host name could not be looked up: the name server 10.0.0.1 does not answer",
    });
    expect(failure(["10.0.0.1", "::1"]).message).toMatch(/: none of the name servers 10.0.0.1, ::1 answers$/);
  });

  it("is told with what it may be, where only the system knows", () => {
    const error = Object.assign(new Error("getaddrinfo EAI_AGAIN nats"), { code: "EAI_AGAIN" });
    expect(socketFailure(error, "nats:4222")).toEqual({
      code: "EAI_AGAIN",
      message: expect.stringMatching(/^nats:4222: .* for now: no name server answered, or/),
    });
  });
});
