#!/usr/bin/env node
// The command line tool `nats-statechart`, in the process that loads this file. Which commands there are: dispatch.ts.

import { runIn } from "./process.js";

await runIn(process);
