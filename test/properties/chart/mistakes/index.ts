// What a chart may do wrong, and what the rules complain of: of each of their complaints there is one at least.

import type { RuleName } from "../rules/index.js";
import { mistakesOfDialing } from "./dialing.js";
import { mistakesOfLinks } from "./links.js";
import type { Mistake } from "./mistake.js";
import { mistakesOfPromises } from "./promises.js";

export const mistakes: Readonly<Record<RuleName, readonly Mistake[]>> = {
  ...mistakesOfLinks,
  ...mistakesOfDialing,
  ...mistakesOfPromises,
};
