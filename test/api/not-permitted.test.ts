// A server says that something is not permitted. What it names is shown where the client itself uses it; all else may be the
// password that the server was offered.

import { expect, test } from "vitest";
import type { Status } from "../../src/api/status.js";
import { ErrorCode, type NatsConnection } from "../../src/index.js";
import { textsIn } from "../harness/texts.js";
import { connectIn, ListeningWorld } from "../properties/listening-world.js";

test.each(["Publish to request", "Subscription to inbox"])(
  "a queue group that a server adds to '%s' is masked",
  async (refused) => {
    const world = new ListeningWorld();
    const seen: Status[] = [];
    const pass = "a-password-to-be-repeated";
    const nc = await connectIn(world, { user: "alice", pass, onStatus: (status) => seen.push(status) });
    if (nc === undefined) throw new Error("this server accepts everybody");
    const asked = nc.request("question").catch((error: unknown) => error);
    await nc.flush();
    const subscribed = world.heard.find(([verb]) => verb === "SUB");
    const what = refused.replace("request", '"question"').replace("inbox", `"${subscribed?.[1]}"`);
    world.say(Buffer.from(`-ERR 'Permissions Violation for ${what} using queue "${pass}"'\r\n`));
    await nc.close();
    expect(textsIn([seen, await asked]).filter((text) => text.includes(pass))).toEqual([]);
    const told = seen.find(({ permissionContext }) => permissionContext !== undefined);
    expect(told?.permissionContext?.queue).toBe("***");
  },
);

const word = "question";
const fails = {
  status: "rejected",
  reason: {
    code: ErrorCode.PermissionsViolation,
    permissionContext: { operation: "publish", subject: word },
  },
};
const goesOn = { status: "fulfilled" };
const ask = (nc: NatsConnection, noMux: boolean) => nc.request(word, "", { noMux });
const uses: readonly {
  readonly of: string;
  readonly refused: "Publish" | "Subscription";
  readonly use: (nc: NatsConnection) => unknown;
  readonly told: string;
  readonly outcome: object;
}[] = [
  {
    of: "of a subscription",
    refused: "Subscription",
    use: (nc) => nc.subscribe(word, { callback: () => {} }).closed,
    told: word,
    outcome: goesOn,
  },
  { of: "of a request", refused: "Publish", use: (nc) => ask(nc, false), told: word, outcome: fails },
  {
    of: "of a request with an inbox of its own",
    refused: "Publish",
    use: (nc) => ask(nc, true),
    told: word,
    outcome: fails,
  },
  { of: "of nothing", refused: "Publish", use: () => undefined, told: "***", outcome: goesOn },
  {
    of: "of a subscription, where a publish is refused",
    refused: "Publish",
    use: (nc) => nc.subscribe(word),
    told: "***",
    outcome: goesOn,
  },
];

test.each(uses)(
  "a subject that is also the password is shown where the client uses it: $of",
  async (given) => {
    const { refused, use, told, outcome } = given;
    const world = new ListeningWorld();
    const seen: Status[] = [];
    const options = { user: "alice", pass: word, onStatus: (status: Status) => seen.push(status) };
    const nc = (await connectIn(world, options)) as NatsConnection;
    const used = Promise.allSettled([use(nc)]);
    await nc.flush();
    world.say(Buffer.from(`-ERR 'Permissions Violation for ${refused} to "${word}"'\r\n`));
    expect(await used).toMatchObject([outcome]);
    await nc.close();
    expect(seen.flatMap(({ permissionContext }) => permissionContext?.subject ?? [])).toEqual([told]);
  },
);
