// A server says that a request, or its inbox, is not permitted, and names a queue group with it. There is none: what it
// names may be the password that it was offered.

import { expect, test } from "vitest";
import type { Status } from "../../src/api/status.js";
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
