// Computes ticks, paths and the positions of labels for charts.

/** Limits a value to the range from `low` to `high`. */
export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/**
 * Chooses a step of 1, 2 or 5 times a power of ten that cuts `span` into at most `count` parts.
 * @param {number} span
 * @param {number} count
 */
export function chooseTickStep(span, count) {
  const power = 10 ** Math.floor(Math.log10(span / count));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => span / step <= count + 1e-9);
}

/**
 * Chooses the ticks of an axis that counts from 1 to `last`: the first, round ones, and the last.
 * @param {number} last
 * @param {number} count  about as many ticks
 */
export function chooseCountTicks(last, count) {
  if (last <= 1) return [1];
  const step = Math.max(1, chooseTickStep(last, count));
  const round = Array.from({ length: Math.floor(last / step) }, (_, index) => (index + 1) * step);
  return [1, ...round.filter((at) => at - 1 >= 0.6 * step && last - at >= 0.6 * step), last];
}

/**
 * Creates the path of a line through values at 1, 2, 3 and so on, with a gap where one is null.
 * @param {(number|null)[]} values
 * @param {(at: number) => number} x
 * @param {(value: number) => number} y
 */
export function createLinePath(values, x, y) {
  let path = "";
  values.forEach((value, index) => {
    if (value === null) return;
    const joined = index > 0 && values[index - 1] !== null;
    path += `${joined ? "L" : "M"}${x(index + 1).toFixed(1)} ${y(value).toFixed(1)}`;
    if (!joined && (values[index + 1] ?? null) === null) path += "h.01"; // a point, by its round cap
  });
  return path;
}

/**
 * Moves positions `gap` apart, in the same order and as near to those wanted as possible.
 * @param {number[]} wanted
 * @param {number} gap
 * @param {number} low
 * @param {number} high
 */
export function separatePositions(wanted, gap, low, high) {
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a] - wanted[b]);
  // Less rank × gap, positions that would overlap are in falling order: they take their mean.
  const pools = [];
  order.forEach((index, rank) => {
    let pool = { sum: wanted[index] - rank * gap, count: 1 };
    while (pools.length && pools.at(-1).sum / pools.at(-1).count > pool.sum / pool.count) {
      const before = pools.pop();
      pool = { sum: before.sum + pool.sum, count: before.count + pool.count };
    }
    pools.push(pool);
  });
  const highest = Math.max(low, high - (wanted.length - 1) * gap);
  const starts = pools.flatMap(({ sum, count }) => Array(count).fill(clamp(sum / count, low, highest)));
  const placed = [];
  order.forEach((index, rank) => (placed[index] = starts[rank] + rank * gap));
  return placed;
}
