// Mutation testing: `npm run mutation` runs both sets, `npm run mutation -- machine` (or `messages`) one of them; what
// follows the set goes to Stryker, as `--mutate src/machine/server-pool.ts`. Prints the table of docs/mutation.md.
//
// What is mutated is in stryker.config.mjs, which tests must notice in vitest.mutation.config.ts.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const [only, ...args] = process.argv.slice(2);
let exitCode = 0;

for (const set of only === undefined ? ["machine", "messages"] : [only]) {
  const stryker = spawnSync(
    process.execPath,
    ["node_modules/@stryker-mutator/core/bin/stryker.js", "run", ...args],
    {
      cwd: root,
      env: { ...process.env, MUTATION: set },
      stdio: "inherit",
    },
  );
  if (stryker.status !== 0) exitCode = 1;
  if (!args.includes("--dryRunOnly")) console.log(table(set));
}
process.exit(exitCode);

/** The figures of the last run of a set: a line for each file. A mutant that hangs is noticed: it counts as killed. */
function table(set) {
  const { files } = JSON.parse(readFileSync(`${root}/reports/mutation/${set}.json`, "utf8"));
  const all = { Killed: 0, Timeout: 0, Survived: 0, NoCoverage: 0 };
  const rows = Object.entries(files).map(([file, { mutants }]) => {
    const counts = { Killed: 0, Timeout: 0, Survived: 0, NoCoverage: 0 };
    for (const { status } of mutants) {
      if (!(status in counts)) continue;
      counts[status]++;
      all[status]++;
    }
    return row(`\`${file}\``, counts);
  });
  return [
    "| File | Killed | Timed out | Survived | Not covered | Killed of 100 |",
    "| --- | --: | --: | --: | --: | --: |",
    ...rows,
    row("All", all),
  ].join("\n");
}

function row(name, { Killed, Timeout, Survived, NoCoverage }) {
  const noticed = Killed + Timeout;
  const score = ((100 * noticed) / (noticed + Survived + NoCoverage)).toFixed(1);
  return `| ${name} | ${Killed} | ${Timeout} | ${Survived} | ${NoCoverage} | ${score} |`;
}
