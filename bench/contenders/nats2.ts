// `nats` 2.29.3, the client that we are measured against.

import { connect, headers } from "nats";
import { casesOf } from "../cases/library-cases.js";

export const cases = casesOf({ connect, headers });
