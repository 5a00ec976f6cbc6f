// Coupling: state, links, servers and what is remembered of them never contradict each other. What that means sentence by
// sentence: src/testing/chart/contradictions.ts.

import { contradictionsIn } from "../../../../src/testing/chart/contradictions.js";
import type { Rule } from "./rule.js";

export const noMomentContradictsItself: Rule = {
  judgesAlone: true,
  sentence: "no moment contradicts itself: state, links, servers and what is remembered fit each other",
  watch:
    () =>
    ({ before, after, to, from }) => {
      if (before?.context === after.context && from === to) return undefined;
      const found = contradictionsIn(to, after.context);
      return found.length === 0 ? undefined : `in ${to} this does not hold: ${found.join("; ")}`;
    },
};
