// How the findings of `check` look on a terminal. Pure: lines of text, with the colours that it is given.

import type { Paint } from "../terminal.js";
import type { Finding, StepFinding } from "./findings.js";

const titles: Readonly<Record<StepFinding["step"], string>> = {
  dns: "DNS",
  tcp: "TCP",
  info: "INFO",
  tls: "TLS",
  credentials: "Credentials",
  rtt: "Round trip",
};

/** The findings on one server, as lines. */
export function reportLines({ server, steps, problem }: Finding, paint: Paint): readonly string[] {
  const lines = [paint.strong(server)];
  for (const step of steps) {
    lines.push(stepLine(step, paint), ...step.notes.map((note) => `${" ".repeat(22)}${note}`));
  }
  if (problem === null) return lines;
  lines.push(`  ${paint.strong("What to do")} ${paint.faint(`(${problem.code})`)}`);
  for (const advice of problem.advice) lines.push(`    - ${advice}`);
  return lines;
}

function stepLine({ step, result, text }: StepFinding, paint: Paint): string {
  const title = titles[step].padEnd(11);
  switch (result) {
    case "ok":
      return `  ${paint.good("ok     ")} ${title} ${text}`;
    case "failed":
      return `  ${paint.bad("FAILED ")} ${title} ${paint.bad(text)}`;
    case "skipped":
      return paint.faint(`  -       ${title} ${text}`);
  }
}
