// Bundles the packed package with the bundlers that programs use, for Node and for browsers, in an app of ESM and one of CommonJS, without
// its optional peers; and runs what comes out. Run it by hand after `npm run build`: it installs the bundlers. The quick part of it,
// with esbuild alone, is a test: test/integration/built-package.test.ts.

import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { inTemporaryFolder, pack, QUICKLY, root } from "./packed.mjs";

const run = promisify(execFile);

const packages = [
  "esbuild",
  "rollup",
  "@rollup/plugin-node-resolve",
  "@rollup/plugin-commonjs",
  "webpack",
  "vite",
];

const { name } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));

/** Prints what it is, and the error of an option that is wrong: it is the client, and it runs. */
const rest =
  "connect({ timeout: -1 }).catch((error) => console.log(typeof connect, error.code, error instanceof NatsError));";
const apps = {
  mjs: `import { connect, NatsError } from "${name}"; ${rest}`,
  cjs: `const { connect, NatsError } = require("${name}"); ${rest}`,
};
const EXPECTED = "function INVALID_OPTION true\n";

/** Each makes a file of an app, as CommonJS for Node or for browsers; it returns what it warns of. */
const bundlers = {
  async esbuild({ build }, { entry, outfile, platform }) {
    const { warnings } = await build({
      entryPoints: [entry],
      outfile,
      platform,
      bundle: true,
      format: "cjs",
      define: { "import.meta.url": '"file:///app.js"' },
      logLevel: "silent",
    });
    return warnings.map(({ text }) => text);
  },
  async rollup({ rollup }, { entry, outfile, platform, load }) {
    const { nodeResolve } = await load("@rollup/plugin-node-resolve");
    const { default: commonjs } = await load("@rollup/plugin-commonjs");
    const warnings = [];
    const bundle = await rollup({
      input: entry,
      plugins: [
        nodeResolve({ browser: platform === "browser", preferBuiltins: platform === "node" }),
        commonjs({ transformMixedEsModules: true }),
      ],
      // Of circles in other packages, and `this` at their top, it warns too.
      onwarn: ({ code, exporter, message }) => {
        const isOfPeer = code === "UNRESOLVED_IMPORT" && exporter === "ws";
        if (!isOfPeer && !["CIRCULAR_DEPENDENCY", "THIS_IS_UNDEFINED"].includes(code)) warnings.push(message);
      },
    });
    await bundle.write({ file: outfile, format: "cjs", inlineDynamicImports: true });
    await bundle.close();
    return warnings;
  },
  async webpack({ default: webpack }, { entry, outfile, platform, folder }) {
    const stats = await new Promise((resolve, reject) => {
      const config = {
        mode: "production",
        context: folder,
        entry,
        target: platform === "node" ? "node20" : "web",
        output: { path: join(outfile, ".."), filename: outfile.slice(outfile.lastIndexOf("/") + 1) },
        optimization: { minimize: false },
        performance: false,
      };
      webpack(config, (error, done) => (error ? reject(error) : resolve(done)));
    });
    const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
    if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join("\n"));
    // That the optional peer is not there is a warning, which leaves it to be required at run time.
    return warnings.map(({ message }) => message).filter((message) => !/Can't resolve 'ws'/.test(message));
  },
  async vite({ build }, { entry, outfile, platform, folder }) {
    const warnings = [];
    await build({
      root: folder,
      configFile: false,
      logLevel: "silent",
      ...(platform === "node" ? { ssr: { noExternal: true, target: "node" } } : {}),
      build: {
        ...(platform === "node" ? { ssr: entry } : {}),
        outDir: join(outfile, ".."),
        emptyOutDir: false,
        minify: false,
        commonjsOptions: { include: [/node_modules/, /app\.cjs$/] },
        rollupOptions: {
          input: entry,
          onwarn: ({ message }) => warnings.push(message),
          output: {
            format: "cjs",
            entryFileNames: outfile.slice(outfile.lastIndexOf("/") + 1),
            inlineDynamicImports: true,
          },
        },
      },
    });
    return warnings;
  },
};

let failed = 0;
await inTemporaryFolder(async (folder) => {
  const tarball = await pack(folder);
  const project = join(folder, "project");
  await mkdir(project);
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "user", private: true }));
  await run("npm", ["install", ...QUICKLY, tarball], { cwd: project });
  // Apart: some of the bundlers bring ws along.
  const tools = join(folder, "tools");
  await mkdir(tools);
  await writeFile(join(tools, "package.json"), JSON.stringify({ name: "tools", private: true }));
  await run("npm", ["install", ...QUICKLY, ...packages], { cwd: tools });
  await writeFile(join(tools, "load.mjs"), "export const load = (name) => import(name);");
  const { load } = await import(pathToFileURL(join(tools, "load.mjs")).href);
  for (const [bundler, bundle] of Object.entries(bundlers)) {
    const loaded = await load(bundler);
    for (const platform of ["node", "browser"]) {
      for (const [kind, code] of Object.entries(apps)) {
        const what = `${bundler}, for ${platform}, of an app of ${kind === "mjs" ? "ESM" : "CommonJS"}`;
        const entry = join(project, `app.${kind}`);
        const outfile = join(project, `${bundler}-${platform}-${kind}`, "bundle.cjs");
        try {
          await mkdir(join(outfile, ".."));
          await writeFile(entry, code);
          const warnings = await bundle(loaded, { entry, outfile, platform, folder: project, load });
          const { stdout } = await run(process.execPath, [outfile], { cwd: project });
          if (stdout !== EXPECTED) throw new Error(`it says ${JSON.stringify(stdout)}`);
          if (warnings.length > 0) throw new Error(`it warns: ${warnings.join("\n")}`);
          console.log(`ok      ${what}`);
        } catch (error) {
          failed++;
          console.log(`NOT OK  ${what}\n${`${error.message}`.slice(0, 1_000).replace(/^/gm, "        ")}`);
        }
      }
    }
  }
});
process.exitCode = failed === 0 ? 0 : 1;
