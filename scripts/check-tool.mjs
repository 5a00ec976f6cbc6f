// Checks of the command line tool as it comes with the package: installed in a project, called by the name that npm gives
// it. Used by check-package.mjs. What the tool does against servers: test/integration/cli-*.test.ts.

import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";

/** Runs the installed tool; resolves whatever its exit code is. */
function ran(project, name, args) {
  const file = join(project, "node_modules", ".bin", name);
  const env = { PATH: process.env.PATH };
  return new Promise((resolve) => {
    execFile(file, args, { cwd: project, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

/** A loopback port that nobody listens on. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

function expect(isSo, what, { code, stdout, stderr }) {
  if (!isSo) throw new Error(`${what}; it ended with ${code}\n${stdout}${stderr}`);
}

/** The checks, as pairs of what is checked and how. The project has the package, and none of its optional peers. */
export function toolChecks(project, { name, version }) {
  return [
    [
      "the tool tells its version and how it is called",
      async () => {
        const told = await ran(project, name, ["--version"]);
        expect(told.code === 0 && told.stdout === `${version}\n`, "it does not tell its version", told);
        for (const args of [
          ["--help"],
          ...["check", "inspect", "replay", "chart"].map((one) => [one, "--help"]),
        ]) {
          const help = await ran(project, name, args);
          expect(help.code === 0 && help.stdout.includes(`Usage: ${name}`), `${args} does not help`, help);
        }
      },
    ],
    [
      "the tool prints the chart, in each format",
      async () => {
        const json = await ran(project, name, ["chart", "--format", "json"]);
        expect(json.code === 0, "no chart as JSON", json);
        const states = JSON.parse(json.stdout).states.map(({ id }) => id);
        for (const state of ["connected", "reconnecting.backingOff"]) {
          expect(states.includes(state), `the chart has no state ${state}`, json);
        }
        for (const [format, start] of [
          ["mermaid", "stateDiagram-v2"],
          ["svg", "<svg "],
        ]) {
          const chart = await ran(project, name, ["chart", "--format", format]);
          expect(chart.code === 0 && chart.stdout.startsWith(start), `no chart as ${format}`, chart);
        }
      },
    ],
    [
      "the tool checks a server that is not there, and says so",
      async () => {
        const checked = await ran(project, name, ["check", "--json", `127.0.0.1:${await freePort()}`]);
        expect(checked.code === 1, "it does not fail", checked);
        const { problem } = JSON.parse(checked.stdout).servers[0];
        expect(problem?.code === "refused", `the problem is ${problem?.code}`, checked);
      },
    ],
    [
      "the tool says which packages its inspector needs",
      async () => {
        const inspected = await ran(project, name, ["inspect", "--local"]);
        expect(inspected.code === 1, "it does not fail", inspected);
        expect(
          inspected.stderr.includes("npm install @statelyai/inspect ws"),
          "it does not say so",
          inspected,
        );
      },
    ],
  ];
}
