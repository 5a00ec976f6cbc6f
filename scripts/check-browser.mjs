// Checks of the package as it comes to a page: a bundler for browsers, without any setting, finds the browser entry and no
// module of Node behind it. Used by check-package.mjs. What it does in a browser: test/integration/browser.test.ts.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

/** What a page may import, and the files that have to be in its bundle. */
const pages = (name) => [
  [`import { connect } from "${name}"; console.log(connect);`, ["dist/esm/browser.js"]],
  [`import { connect } from "${name}/browser"; console.log(connect);`, ["dist/esm/browser.js"]],
  [
    `import { connect } from "${name}"; import { asNatsCore } from "${name}/nats-core"; console.log(connect, asNatsCore);`,
    ["dist/esm/browser.js", "dist/esm/nats-core/index.js"],
  ],
  [
    `import { connectionMachine } from "${name}/machine"; console.log(connectionMachine);`,
    ["dist/esm/machine/index.js"],
  ],
];

/** The checks, as pairs of what is checked and how. The project has the package and @nats-io/nats-core. */
export function browserChecks(project, { name }) {
  const checks = pages(name).map(([code, files]) => [
    `a bundler for browsers takes: ${code.split(";").slice(0, -2).join(";")}`,
    () => bundled(project, name, code, files),
  ]);
  return [
    ...checks,
    [
      "a bundle with both names of the browser entry holds it once",
      async () => {
        const code = `import { connect as a } from "${name}"; import { connect as b } from "${name}/browser"; console.log(a === b);`;
        const inputs = await bundled(project, name, code, ["dist/esm/browser.js"]);
        const copies = inputs.filter((file) => /dist\/(esm|cjs)\/(index|browser)\.js$/.test(file));
        if (copies.length !== 1) throw new Error(`it holds ${copies.join(", ")}`);
      },
    ],
  ];
}

async function bundled(project, name, code, files) {
  const entry = join(project, "page.js");
  await writeFile(entry, code);
  const { metafile, warnings } = await build({
    entryPoints: [entry],
    bundle: true,
    platform: "browser",
    format: "esm",
    absWorkingDir: project,
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  if (warnings.length > 0) throw new Error(`the bundler warns: ${warnings[0].text}`);
  const inputs = Object.keys(metafile.inputs);
  const foreign = Object.values(metafile.inputs)
    .flatMap(({ imports }) => imports)
    .filter(({ external, path }) => external === true && path !== "<runtime>");
  if (foreign.length > 0)
    throw new Error(`it is left to import ${foreign.map(({ path }) => path).join(", ")}`);
  for (const file of files) {
    const isIn = inputs.some((input) => input.endsWith(`${name}/${file}`));
    if (!isIn) throw new Error(`${file} is not in the bundle: ${inputs.join(", ")}`);
  }
  return inputs;
}
