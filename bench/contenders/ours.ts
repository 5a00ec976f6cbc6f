// nats-statechart, from the bundle that the runner made of src/index.ts: what users get, not what we edit.

import { chartEvent } from "../cases/chart-event.js";
import { casesOf } from "../cases/library-cases.js";

const bundle = "../nats-statechart/index.js";
const { connect, headers } = (await import(bundle)) as typeof import("../../src/index.js");

export const cases = { ...casesOf({ connect, headers }), "chart-event": chartEvent };
