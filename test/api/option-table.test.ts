// Each option reaches, at run time, whatever its row in the table says. That none can be forgotten there:
// forgotten-option.test.ts. What the rows allow: options.test.ts.

import { describe, expect, it } from "vitest";
import { type Destination, destinationsOf, type OptionsFor } from "../../src/api/option-table.js";
import type { ConnectionOptions } from "../../src/api/options.js";
import { nodeSettings, settingsOf, worldWith } from "../../src/api/settings.js";
import type { World } from "../../src/effects/world.js";
import { reaching, serversOf } from "../machine/servers.js";

/** What is given, and beside what: the option must make a difference. */
interface Sample<Name extends keyof ConnectionOptions> {
  readonly value: NonNullable<ConnectionOptions[Name]>;
  readonly beside?: ConnectionOptions;
}

const samples: { readonly [Name in keyof Required<ConnectionOptions>]: Sample<Name> } = {
  servers: { value: "elsewhere" },
  port: { value: 1 },
  user: { value: "me" },
  pass: { value: "s3cret", beside: { user: "me" } },
  token: { value: "s3cret" },
  authenticator: { value: () => ({ user: "me" }) },
  reconnect: { value: false },
  maxReconnectAttempts: { value: 1 },
  reconnectTimeWait: { value: 1 },
  reconnectJitter: { value: 1 },
  reconnectJitterTLS: { value: 1 },
  reconnectDelayHandler: { value: () => 1 },
  timeout: { value: 1 },
  pingInterval: { value: 1 },
  maxPingOut: { value: 1 },
  name: { value: "me" },
  verbose: { value: true },
  pedantic: { value: true },
  tls: { value: {} },
  ignoreClusterUpdates: { value: true },
  inboxPrefix: { value: "inbox" },
  noEcho: { value: true },
  debug: { value: true },
  noRandomize: { value: true },
  allowNonTls: { value: true },
  waitOnFirstConnect: { value: true },
  ignoreAuthErrorAbort: { value: true },
  noAsyncTraces: { value: true },
  resolve: { value: false },
  reconnectBufferSize: { value: 1 },
  maxControlLine: { value: 256 },
  unconfirmed: { value: "resend" },
  drainTimeout: { value: 1 },
  onLameDuck: { value: "migrate" },
  reconnectToServer: { value: () => null },
  onStatus: { value: () => {} },
  signal: { value: AbortSignal.timeout(60_000) },
  record: { value: true },
  inspect: { value: () => {} },
};

/** A world of which nothing is asked here. */
const world = { now: () => 0 } as World;

/** What comes to a destination; credentials as a server is offered them. */
function arriving(to: Destination, options: ConnectionOptions): unknown {
  switch (to) {
    case "credentials": {
      const { credentials, servers } = settingsOf(options);
      credentials.replace(servers, 0);
      return credentials.of(reaching(serversOf("127.0.0.1"), "127.0.0.1:4222"), undefined);
    }
    case "world":
      return worldWith(options, world) === world;
    case "node":
      return nodeSettings(options);
    default:
      return settingsOf(options)[to];
  }
}

describe("an option that is given", () => {
  const ways = (Object.keys(samples) as (keyof ConnectionOptions)[]).flatMap((name) =>
    destinationsOf(name).map((to) => [name, to] as const),
  );

  it.each(ways)("reaches what its row says: %s the destination %s", (name, to) => {
    const { value, beside = {} }: Sample<keyof ConnectionOptions> = samples[name];
    expect(arriving(to, { ...beside, [name]: value })).not.toEqual(arriving(to, beside));
  });

  it("reaches it as it is: timeout, also the sockets of Node, which have the default of the chart without it", () => {
    const both = (options: ConnectionOptions) => [settingsOf(options).policy, nodeSettings(options)];
    expect(both({ timeout: 5 })).toMatchObject([{ timeout: 5 }, { timeout: 5 }]);
    expect(both({})).toMatchObject([{ timeout: 20_000 }, { timeout: 20_000 }]);
  });

  it("cannot be read elsewhere", () => {
    // @ts-expect-error: no password steers the chart
    const steering = (options: OptionsFor<"policy">) => options.pass;
    // @ts-expect-error: no socket tells statuses
    const telling = (options: OptionsFor<"node">) => options.onStatus;
    expect([steering({}), telling({})]).toEqual([undefined, undefined]);
  });
});
