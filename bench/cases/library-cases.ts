// All cases that a client library is put through.

import type { Library } from "../library.js";
import type { Cases } from "../task.js";
import { flush, requests } from "./asking.js";
import { connect, connectionMemory, reconnect, subscriptionMemory } from "./connecting.js";
import { publish, publishUnawaited } from "./publishing.js";
import { fanOut, iterate, subscribe } from "./receiving.js";

export function casesOf(library: Library): Cases {
  return {
    publish: (task) => publish(library, task),
    "publish-subjects": (task) => publish(library, task),
    "publish-unawaited": (task) => publishUnawaited(library, task),
    subscribe: (task) => subscribe(library, task),
    "subscribe-subjects": (task) => subscribe(library, task),
    iterate: (task) => iterate(library, task),
    "fan-out": (task) => fanOut(library, task),
    request: (task) => requests(library, task),
    requests: (task) => requests(library, task),
    flush: (task) => flush(library, task),
    connect: (task) => connect(library, task),
    reconnect: (task) => reconnect(library, task),
    "connection-memory": (task) => connectionMemory(library, task),
    "subscription-memory": (task) => subscriptionMemory(library, task),
  };
}
