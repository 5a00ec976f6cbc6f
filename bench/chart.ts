// The picture: one line for each scenario, one dot for each contender, CPU time on a logarithmic axis. Pure.

import { contenderTitles } from "./goals.js";
import { duration } from "./report.js";
import { figure, type Row } from "./statistics.js";
import { type ContenderName, contenderNames } from "./task.js";

const colours: { readonly [Name in ContenderName]: string } = {
  ours: "#d6336c",
  nats2: "#1c7ed6",
  nats3: "#0ca678",
  raw: "#868e96",
  c: "#f08c00",
};

const WIDTH = 960;
const LEFT = 320;
const RIGHT = 30;
const TOP = 70;
const LINE = 22;

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** Times only: memory and sizes have another axis and are in the table. */
const isDrawn = (row: Row) =>
  (row.metric === "cpu" || row.metric === "wall") && figure(row, "ours", "cpu") !== undefined;

/** The chart as SVG. */
export function chart(rows: readonly Row[]): string {
  const drawn = rows.filter(isDrawn);
  const figures = drawn.flatMap((row) => contenderNames.flatMap((name) => figure(row, name, "cpu") ?? []));
  const low = Math.floor(Math.log10(Math.max(1, Math.min(...figures.map(({ min }) => min), 10))));
  const high = Math.ceil(Math.log10(Math.max(...figures.map(({ max }) => max), 100)));
  const x = (value: number) => {
    const share = (Math.log10(Math.max(1, value)) - low) / (high - low);
    return Number((LEFT + share * (WIDTH - LEFT - RIGHT)).toFixed(1));
  };
  const height = TOP + drawn.length * LINE + 20;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">
<title>CPU time of one operation, by contender</title>
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
${legend()}
${axis(low, high, x, height)}
${drawn.map((row, n) => line(row, TOP + n * LINE + LINE / 2, x)).join("\n")}
</svg>
`;
}

function legend(): string {
  const step = (WIDTH - 40) / contenderNames.length;
  return contenderNames
    .map((name, n) => {
      const at = 20 + n * step;
      const label = `<text x="${at + 12}" y="24">${escaped(contenderTitles[name])}</text>`;
      return `<circle cx="${at}" cy="20" r="5" fill="${colours[name]}"/>${label}`;
    })
    .join("\n");
}

function axis(low: number, high: number, x: (value: number) => number, height: number): string {
  return Array.from({ length: high - low + 1 }, (_, n) => 10 ** (low + n))
    .map((value) => {
      const at = x(value);
      const text = `<text x="${at}" y="${TOP - 12}" text-anchor="middle" fill="#495057">${duration(value)}</text>`;
      return `<line x1="${at}" x2="${at}" y1="${TOP - 4}" y2="${height - 16}" stroke="#dee2e6"/>${text}`;
    })
    .join("\n");
}

function line(row: Row, y: number, x: (value: number) => number): string {
  const label = `<text x="${LEFT - 14}" y="${y + 4}" text-anchor="end">${escaped(row.title)}</text>`;
  // Ours is drawn last, so that nothing hides it.
  const dots = [...contenderNames].reverse().flatMap((name) => {
    const known = figure(row, name, "cpu");
    if (known === undefined) return [];
    const colour = colours[name];
    const range = `<line x1="${x(known.min)}" x2="${x(known.max)}" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="2"/>`;
    const hint = `<title>${escaped(contenderTitles[name])}: ${duration(known.median)}</title>`;
    return [`${range}<circle cx="${x(known.median)}" cy="${y}" r="5" fill="${colour}">${hint}</circle>`];
  });
  return label + dots.join("");
}
