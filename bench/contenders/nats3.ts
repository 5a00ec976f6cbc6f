// `@nats-io/transport-node` 3.4.0, its successor.

import { connect, headers } from "@nats-io/transport-node";
import { casesOf } from "../cases/library-cases.js";

export const cases = casesOf({ connect, headers });
