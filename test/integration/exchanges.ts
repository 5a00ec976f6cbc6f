// What a client can say to a server, byte by byte: the model server must answer as a real one does.

/** One conversation: the pieces that are sent, one after the other. It ends with PING, or the server closes. */
export interface Exchange {
  readonly name: string;
  readonly says: readonly string[];
}

const plain = {
  verbose: false,
  pedantic: false,
  protocol: 1,
  lang: "test",
  version: "1",
  headers: true,
  no_responders: true,
};

/** A CONNECT line. */
export function connect(options: Record<string, unknown> = {}): string {
  return `CONNECT ${JSON.stringify({ ...plain, ...options })}\r\n`;
}

const exchange = (name: string, ...says: readonly string[]): Exchange => ({ name, says });
const connected = (name: string, says: string): Exchange => exchange(name, `${connect()}${says}PING\r\n`);
const hpub = "HPUB a 22 25\r\nNATS/1.0\r\nFoo: Bar\r\n\r\nabc\r\n";

/** For a server with `max_payload: 1000` and no users. */
export const openExchanges: readonly Exchange[] = [
  connected("answers PING", ""),
  exchange("answers PING before CONNECT", "PING\r\n"),
  exchange(
    "acknowledges everything when verbose",
    `${connect({ verbose: true })}PING\r\nSUB a 1\r\nPUB a 1\r\nx\r\nUNSUB 1\r\nUNSUB 1\r\nPONG\r\nPING\r\n`,
  ),
  exchange("is verbose where the client does not say", "CONNECT {}\r\nSUB a 1\r\nPING\r\n"),
  connected("delivers", "SUB a 1\r\nPUB a 5\r\nhello\r\n"),
  connected("delivers an empty message", "SUB a 1\r\nPUB a 0\r\n\r\n"),
  connected("delivers with a reply subject", "SUB a.* 1\r\nPUB a.b r 5\r\nhello\r\n"),
  connected("delivers headers", `SUB a 1\r\n${hpub}`),
  exchange(
    "strips headers for those who do not know them",
    `${connect({ headers: false, no_responders: false })}SUB a 1\r\nPING\r\n`,
  ),
  exchange(
    "refuses headers from those who do not know them",
    `${connect({ headers: false, no_responders: false })}SUB a 1\r\n${hpub}PING\r\n`,
  ),
  connected("refuses headers longer than the message", "HPUB a 30 25\r\nNATS/1.0\r\nFoo: Bar\r\n\r\nabc\r\n"),
  exchange("takes verbs in any case", "connect {}\r\nsub a 1\r\npub a 5\r\nhello\r\nping\r\n"),
  exchange(
    "takes lines that end without CR, but not messages",
    "CONNECT {}\nSUB a 1\nPUB a 5\nhello\nPING\n",
  ),
  connected("says that nobody responds", "SUB r 1\r\nPUB a r 0\r\n\r\n"),
  connected("says that nobody responds on a wildcard", "SUB r.* 7\r\nPUB a r.x 0\r\n\r\n"),
  connected(
    "says so however many were asked for",
    "SUB r.* 7\r\nUNSUB 7 1\r\nPUB a r.x 0\r\n\r\nPUB a r.x 0\r\n\r\n",
  ),
  exchange(
    "does not say so unasked",
    `${connect({ no_responders: false })}SUB r 1\r\nPUB a r 0\r\n\r\nPING\r\n`,
  ),
  exchange("says so only with headers", `${connect({ headers: false })}PING\r\n`),
  connected("refuses a message that is too large", `PUB a 1001\r\n${"x".repeat(1_001)}\r\n`),
  connected("refuses what it does not know", "FOO\r\n"),
  connected("refuses an empty line", "\r\n"),
  connected("refuses what only servers say", "MSG a 1 1\r\nx\r\n"),
  connected("ignores +OK and INFO", "+OK\r\nINFO {}\r\n"),
  connected("closes at -ERR", "-ERR 'x'\r\n"),
  connected("refuses PUB without a size", "PUB a\r\n"),
  connected("refuses PUB with a strange size", "PUB a x\r\n"),
  connected("refuses PUB with a negative size", "PUB a -1\r\n"),
  connected("refuses PUB with too many arguments", "PUB a b c 1\r\nx\r\n"),
  connected("refuses a message longer than it said", "SUB a 1\r\nPUB a 2\r\nxyz\r\n"),
  connected("refuses to subscribe to an empty token", "SUB a..b 1\r\n"),
  connected("refuses to subscribe to > in the middle", "SUB >.a 1\r\n"),
  connected("refuses SUB without a number", "SUB a\r\n"),
  connected("refuses SUB with too many arguments", "SUB a b c d\r\n"),
  connected("refuses UNSUB without a number", "UNSUB\r\n"),
  connected("takes UNSUB with a strange count for UNSUB", "SUB a 1\r\nUNSUB 1 x\r\nPUB a 1\r\nx\r\n"),
  connected("takes UNSUB of nothing, with spaces", "UNSUB 0      \r\n"),
  connected(
    "ignores a second SUB of the same number",
    "SUB a 1\r\nSUB a 1\r\nSUB b 1\r\nPUB a 1\r\nx\r\nPUB b 1\r\ny\r\n",
  ),
  connected(
    "matches wildcards",
    "SUB a 1\r\nSUB a 2\r\nSUB > 3\r\nSUB * 4\r\nSUB a.> 5\r\nSUB *.b 6\r\nPUB a 1\r\nx\r\nPUB a.b 1\r\ny\r\nPUB a.b.c 1\r\nz\r\n",
  ),
  connected(
    "takes wildcards inside a token literally",
    "SUB a*.b 1\r\nSUB a> 2\r\nPUB a*.b 1\r\nx\r\nPUB ax.b 1\r\ny\r\nPUB a> 1\r\nz\r\n",
  ),
  connected("gives a queue group one copy", "SUB a q 1\r\nPUB a 1\r\nx\r\nSUB a 2\r\nPUB a 1\r\ny\r\n"),
  connected(
    "ends after the number it was told",
    "SUB a 1\r\nUNSUB 1 2\r\nPUB a 1\r\n1\r\nPUB a 1\r\n2\r\nPUB a 1\r\n3\r\n",
  ),
  connected(
    "counts from the beginning",
    "SUB a 1\r\nPUB a 1\r\n1\r\nPUB a 1\r\n2\r\nUNSUB 1 2\r\nPUB a 1\r\n3\r\n",
  ),
  connected(
    "counts from the beginning, and on",
    "SUB a 1\r\nPUB a 1\r\n1\r\nUNSUB 1 2\r\nPUB a 1\r\n2\r\nPUB a 1\r\n3\r\n",
  ),
  connected("takes a count of 0 for now", "SUB a 1\r\nUNSUB 1 0\r\nPUB a 1\r\n1\r\n"),
  exchange(
    "does not echo when told not to",
    `${connect({ echo: false })}SUB a 1\r\nPUB a r 1\r\n1\r\nPING\r\n`,
  ),
  exchange(
    "refuses wildcards from the pedantic",
    `${connect({ pedantic: true })}SUB > 1\r\nPUB a..b 1\r\n1\r\nPUB a.* 1\r\n1\r\nPUB a 1\r\n1\r\nPING\r\n`,
  ),
  connected(
    "lets others publish to wildcards",
    "SUB > 1\r\nPUB a.* 1\r\n1\r\nPUB a..b 1\r\n1\r\nPUB .a 1\r\n1\r\n",
  ),
  exchange("closes at a CONNECT that is no JSON", "CONNECT {x\r\nPING\r\n"),
  exchange("takes a CONNECT that is null for one that says nothing", "CONNECT null\r\nSUB a 1\r\nPING\r\n"),
  ...["1", '"x"', "[]", "[{}]", "true", ""].map((json) =>
    exchange(`closes at a CONNECT that is no object: ${json}`, `CONNECT ${json}\r\nPING\r\n`),
  ),
  exchange("takes null in a CONNECT for nothing said", `${connect({ verbose: null, user: null })}PING\r\n`),
  ...[
    { verbose: 1 },
    { headers: "yes" },
    { protocol: "1" },
    { name: 3 },
    { user: 1 },
    { auth_token: {} },
  ].map((field) =>
    exchange(`closes at a CONNECT with ${JSON.stringify(field)}`, `${connect(field)}PING\r\n`),
  ),
  exchange("takes a second CONNECT", `${connect()}${connect()}PING\r\n`),
  connected("takes spaces where there are too many", "SUB   a   1  \r\nPUB   a   5  \r\nhello\r\n"),
  connected("takes tabs", "SUB\ta\t1\r\nPUB\ta\t5\r\nhello\r\n"),
  connected("refuses a line that is too long", `PUB ${"a".repeat(5_000)} 1\r\n1\r\n`),
  connected("takes 4,096 bytes behind PUB", `PUB  ${"a".repeat(4_094)} 1\r\n1\r\n`),
  connected("refuses 4,097 bytes behind PUB", `PUB ${"a".repeat(4_095)} 1\r\n1\r\n`),
  connected("takes 4,096 bytes behind HPUB", `HPUB ${"a".repeat(4_090)} 12 12\r\nNATS/1.0\r\n\r\n\r\n`),
  connected("takes 4,096 bytes behind SUB", `SUB ${"a".repeat(4_000)} ${"q".repeat(93)} 1\r\n`),
  connected("refuses 4,097 bytes behind SUB", `SUB ${"a".repeat(4_000)} ${"q".repeat(94)} 1\r\n`),
  exchange(
    "puts pieces together",
    connect(),
    "SU",
    "B a 1\r",
    "\nPUB a 5\r\nhe",
    "llo",
    "\r",
    "\nPI",
    "NG\r\n",
  ),
  connected("takes what is not ASCII", "SUB ä.ö 1\r\nPUB ä.ö 2\r\nü\r\n"),
];

/** For a server with the user `u` and the password `p`, who may publish to `ok.>` and subscribe to all but `no.>`. */
export const guardedExchanges: readonly Exchange[] = [
  exchange("lets a user in", `${connect({ user: "u", pass: "p" })}PING\r\n`),
  exchange("refuses a wrong password", `${connect({ user: "u", pass: "x" })}PING\r\n`),
  exchange(
    "refuses a wrong password, verbosely",
    `${connect({ user: "u", pass: "x", verbose: true })}PING\r\n`,
  ),
  exchange("refuses a client without credentials", `${connect()}PING\r\n`),
  exchange("refuses a CONNECT that is null", "CONNECT null\r\nPING\r\n"),
  exchange("closes at a CONNECT that is no object", "CONNECT []\r\nPING\r\n"),
  exchange("refuses a token where users are known", `${connect({ auth_token: "p" })}PING\r\n`),
  exchange("refuses to talk before CONNECT", "PING\r\n"),
  exchange("refuses nonsense before CONNECT in the same way", "FOO\r\n"),
  exchange(
    "lets a user do what is allowed",
    `${connect({ user: "u", pass: "p" })}SUB ok.a 1\r\nPUB ok.a 1\r\nx\r\nPING\r\n`,
  ),
  exchange("refuses to publish", `${connect({ user: "u", pass: "p" })}PUB nok 1\r\nx\r\nPING\r\n`),
  exchange(
    "refuses to subscribe",
    `${connect({ user: "u", pass: "p" })}SUB no.a 1\r\nSUB no.* q 2\r\nPING\r\n`,
  ),
  exchange(
    "refuses verbosely",
    `${connect({ user: "u", pass: "p", verbose: true })}SUB no.a 1\r\nPUB nok 1\r\nx\r\nPING\r\n`,
  ),
];
