// Starts Jazzer.js by the program that can load it (scripts/fuzz-libraries.mjs).

// A violation of the protocol is an Error, and nearly every case has some: to walk the stack takes longer than all else. Who
// replays an input sees all of it.
Error.stackTraceLimit = 0;
// To minimise a corpus the fuzzer starts itself again, by argv[0], which Node has set to the dynamic loader.
process.argv[0] = process.env.FUZZ_NODE ?? process.argv[0];
require("@jazzer.js/core/dist/cli.js");
