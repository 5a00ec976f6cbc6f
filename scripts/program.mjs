// How a program in TypeScript becomes one file that Node runs, packages left out: for run.mjs and fuzz.mjs.

/** @type {import("esbuild").BuildOptions} */
export const programOptions = {
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  packages: "external",
  sourcemap: "inline",
  logLevel: "warning",
};
