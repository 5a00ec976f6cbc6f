// Which subjects are pulls of a consumer: the adapter treats only these as JetStream's.

import { describe, expect, it } from "vitest";
import { isPull } from "../../src/nats-core/jetstream-subjects.js";

describe("the subjects of JetStream", () => {
  it.each([
    "$JS.API.CONSUMER.MSG.NEXT.ORDERS.worker",
    "$JS.hub.API.CONSUMER.MSG.NEXT.ORDERS.worker",
    "imported.CONSUMER.MSG.NEXT.ORDERS.worker",
    "from.account.js.CONSUMER.MSG.NEXT.ORDERS.worker",
  ])("%s is a pull", (subject) => {
    expect(isPull(subject)).toBe(true);
  });

  it.each([
    "$JS.API.CONSUMER.INFO.ORDERS.worker",
    "$JS.API.CONSUMER.MSG.NEXT",
    "$JS.API.CONSUMER.MSG.NEXT.ORDERS",
    "$JS.API.STREAM.MSG.GET.ORDERS",
    ".CONSUMER.MSG.NEXT.ORDERS.worker",
    "CONSUMER.MSG.NEXT.ORDERS.worker",
    "orders.CONSUMER.MSG.NEXTS.ORDERS.worker",
    "orders",
    "",
  ])("%j is none", (subject) => {
    expect(isPull(subject)).toBe(false);
  });
});
