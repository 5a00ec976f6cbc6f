// Checks of nats-statechart/nats-core as it comes with the package: its connection is taken by the official packages
// without casts, and the examples of docs/jetstream.md compile. Used by check-package.mjs. What it does against servers,
// the examples too: test/integration/nats-core-*.test.ts.

import { cp } from "node:fs/promises";
import { join } from "node:path";
import { compileExamples, linkPackages, writeExamples } from "./docs-examples.mjs";

const PAGE = "docs/jetstream.md";
const PACKAGES = ["jetstream", "kv", "obj"].map((name) => `@nats-io/${name}`);

/** Types that are missing or `any` make it fail. */
const typed = (name) => `
import { jetstream } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import type { NatsConnection as CoreConnection } from "@nats-io/nats-core";
import { Objm } from "@nats-io/obj";
import { Svcm } from "@nats-io/services";
import type { NatsConnection } from "${name}";
import { asNatsCore } from "${name}/nats-core";
export const core = (nc: NatsConnection): CoreConnection => asNatsCore(nc);
export const all = (nc: NatsConnection) => {
  const core = asNatsCore(nc);
  return [jetstream(core), new Kvm(core), new Objm(core), new Svcm(core)];
};
// @ts-expect-error: ours is not nats-core's
export const ours = (nc: NatsConnection): CoreConnection => nc;
// @ts-expect-error: nor does it take one of nats-core
export const twice = (nc: CoreConnection) => asNatsCore(nc);
`;

/**
 * The checks, as pairs of what is checked and how. The project has the package and @nats-io/nats-core.
 * @param compile compiles a source as one of `kinds`, under a name
 */
export function natsCoreChecks(project, root, { name }, kinds, compile) {
  return [
    ["the official packages can be added", () => addPackages(project, root)],
    ...kinds.map((kind) => [
      `TypeScript takes asNatsCore(nc) where the official packages want a connection (.${kind[0]})`,
      () => compile("nats-core", kind, typed(name)),
    ]),
    [
      `the examples of ${PAGE} compile against the package`,
      async () => compileExamples(await writeExamples(PAGE, project, root), root),
    ],
  ];
}

async function addPackages(project, root) {
  await linkPackages(PACKAGES, project, root);
  // Without the older nats-core that it brings: as with the override that the page tells of.
  const services = join("node_modules", "@nats-io", "services");
  const nested = join(root, services, "node_modules");
  await cp(join(root, services), join(project, services), {
    recursive: true,
    filter: (path) => path !== nested,
  });
}
