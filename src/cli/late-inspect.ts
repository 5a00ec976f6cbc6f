// What only the inspector of the tool needs, loaded when it is needed: apart from what connections need, so that a bundler which reads
// that does not look for it. Why it is loaded in this way: src/effects/node/late-parts.ts.

import { loadPackage } from "../effects/node/late-parts.js";

/**
 * The package `@statelyai/inspect`, an optional peer.
 * @throws PackageFailure (as a rejection)
 */
export const loadInspect = () =>
  loadPackage<typeof import("@statelyai/inspect")>(
    "@statelyai/inspect",
    "createInspector",
    () => import("@statelyai/inspect"),
  );
