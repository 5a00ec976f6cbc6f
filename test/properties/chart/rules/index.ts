// All rules. Each must hold in every story.

import type { Told } from "../told.js";
import { noMomentContradictsItself } from "./coupling.js";
import { attemptsAreCounted, dialsInTime, queueIsKept, refusedTwiceCloses } from "./dialing.js";
import { isReachedAsItsOriginSays } from "./origins.js";
import { allIsPlainJson, noUnknownField } from "./plain-data.js";
import {
  closedSettlesLast,
  closesForAReason,
  closingHastens,
  connectSettlesOnce,
  drainsInOrder,
  gateOpensAfterAuthentication,
} from "./promises.js";
import type { Rule } from "./rule.js";
import { closedIsAbsorbing, reconnectActsAtOnce, staleChangesNothing } from "./silence.js";
import {
  answersPings,
  credentialsUnderTls,
  handsOverInOrder,
  leavesInOrder,
  onlyOneIsInUse,
  pingsAreBounded,
  sendsOverOpenSocket,
  socketsAreLinks,
} from "./sockets.js";
import { endsAreReported, statusesNameTheirServer, statusesObeyTheirGrammar } from "./statuses.js";
import { somethingWakesTheChart, timersBelongToLinks } from "./timers.js";

export const rules = {
  noMomentContradictsItself,
  socketsAreLinks,
  onlyOneIsInUse,
  sendsOverOpenSocket,
  credentialsUnderTls,
  answersPings,
  pingsAreBounded,
  handsOverInOrder,
  leavesInOrder,
  timersBelongToLinks,
  somethingWakesTheChart,
  isReachedAsItsOriginSays,
  dialsInTime,
  queueIsKept,
  attemptsAreCounted,
  refusedTwiceCloses,
  statusesObeyTheirGrammar,
  statusesNameTheirServer,
  endsAreReported,
  gateOpensAfterAuthentication,
  drainsInOrder,
  connectSettlesOnce,
  closedSettlesLast,
  closingHastens,
  closesForAReason,
  closedIsAbsorbing,
  staleChangesNothing,
  reconnectActsAtOnce,
  allIsPlainJson,
  noUnknownField,
} satisfies Readonly<Record<string, Rule>>;

export type RuleName = keyof typeof rules;
export const ruleNames = Object.keys(rules) as RuleName[];

/** A rule that a story breaks, and how. */
export interface Broken {
  readonly rule: RuleName;
  readonly how: string;
}

/** The first rule that the story breaks, of those named; undefined where it keeps them all. */
export function brokenIn(told: Told, names: readonly RuleName[] = ruleNames): Broken | undefined {
  return firstBroken(told, names, told.scenes);
}

const withHistory = ruleNames.filter((name) => (rules[name] as Rule).judgesAlone !== true);
const alone = ruleNames.filter((name) => !withHistory.includes(name));

/** The first rule that the last scene of a story breaks, where all before it keep them. */
export function brokenAtTheEnd(told: Told): Broken | undefined {
  return firstBroken(told, withHistory, told.scenes) ?? firstBroken(told, alone, told.scenes.slice(-1));
}

function firstBroken(told: Told, names: readonly RuleName[], scenes: Told["scenes"]): Broken | undefined {
  const watchers = names.map((rule) => [rule, rules[rule].watch(told.policy, told.input)] as const);
  for (const scene of scenes) {
    for (const [rule, watch] of watchers) {
      const how = watch(scene);
      if (how !== undefined) return { rule, how };
    }
  }
  return undefined;
}

/** Throws where the story breaks a rule, with the rule and how it was broken. */
export function keepsTheRules(told: Told): void {
  const broken = brokenIn(told);
  if (broken !== undefined) throw new Error(`rule: ${rules[broken.rule].sentence}; but ${broken.how}`);
}
