// Numbers that do not fall, as near as can be to numbers that may: the least squares, by pooling neighbours that are out of order. Pure.

/** The numbers, each at least as large as the one before it. */
export function isotonic(wanted: readonly number[]): readonly number[] {
  const pools: { sum: number; count: number }[] = [];
  for (const number of wanted) {
    let pool = { sum: number, count: 1 };
    for (let last = pools.at(-1); last !== undefined; last = pools.at(-1)) {
      if (last.sum / last.count <= pool.sum / pool.count) break;
      pools.pop();
      pool = { sum: last.sum + pool.sum, count: last.count + pool.count };
    }
    pools.push(pool);
  }
  return pools.flatMap(({ sum, count }) => Array.from({ length: count }, () => sum / count));
}
