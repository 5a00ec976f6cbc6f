// The name that was meant by one that is not known: of those that are, the one which takes the fewest letters to change.

/** The known name that is nearest; undefined where none is so near that it can have been meant: a third of its letters may differ. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  const given = name.toLowerCase();
  let nearest: string | undefined;
  let least = Math.floor(given.length / 3) + 1;
  for (const one of known) {
    // No shorter way leads from one length to the other: whatever else is given as a name, it takes little work.
    if (Math.abs(one.length - given.length) >= least) continue;
    const changes = changesBetween(given, one.toLowerCase());
    if (changes >= least) continue;
    nearest = one;
    least = changes;
  }
  return nearest;
}

/** How many letters are to be put in, left out or replaced to make one of the other. */
function changesBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const replaced = at(row, j - 1) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, at(row, j) + 1, at(next, j - 1) + 1));
    }
    row = next;
  }
  return at(row, other.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? 0;
}
