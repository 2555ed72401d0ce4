// Computes the range, the ticks and the scale of an error axis.
import { chooseTickStep } from "./plotting.mjs";

const POWERS_OF_TEN = [-3, -2, -1, 0, 1, 2];

/** Lists the round errors of a logarithmic axis: `steps` times each power of ten. */
const listRoundErrors = (steps) => POWERS_OF_TEN.flatMap((power) => steps.map((step) => Number(`${step}e${power}`)));

/**
 * Computes the range of the axis. A linear axis runs from 0 to where nearly all errors are: a twentieth
 * of each curve, its steep beginning, may leave at the top. A logarithmic axis holds all above zero.
 * @param {(number|null)[][]} curves
 * @param {string} scale  "linear" or "log"
 */
export function computeErrorRange(curves, scale) {
  const lists = curves.map((list) => list.filter((value) => value !== null)).filter((list) => list.length);
  if (scale === "log") {
    const positive = lists.flat().filter((value) => value > 0);
    if (!positive.length) return { low: 0.1, high: 100 };
    const rounds = listRoundErrors([1, 2, 5]);
    const low = rounds.findLast((round) => round < Math.min(...positive)) ?? 0.001;
    return { low, high: rounds.find((round) => round >= Math.max(...positive)) ?? 100 };
  }
  const highest = Math.max(0, ...lists.map((list) => {
    const sorted = [...list].sort((a, b) => a - b);
    return Math.max(list.at(-1), sorted[Math.ceil(0.95 * sorted.length) - 1]);
  }));
  if (highest === 0) return { low: 0, high: 1 };
  const step = chooseTickStep(1.02 * highest, 6);
  return { low: 0, high: Math.min(100, step * Math.ceil((1.02 * highest) / step - 1e-9)) };
}

/**
 * Chooses the ticks of the axis.
 * @param {{low: number, high: number}} range
 * @param {string} scale
 * @param {number} count  about as many on a linear axis
 */
export function chooseErrorTicks({ low, high }, scale, count = 6) {
  if (scale === "log") {
    return listRoundErrors(high / low > 1000 ? [1] : [1, 2, 5]).filter((tick) => tick >= low && tick <= high);
  }
  const step = chooseTickStep(high, count);
  return Array.from({ length: Math.floor(high / step + 1e-9) + 1 }, (_, index) => Number((index * step).toFixed(6)));
}

/**
 * Creates the function from an error to its height in pixels. A log axis shows an error of 0 at its foot.
 * @param {{low: number, high: number}} range
 * @param {string} scale
 * @param {number} top
 * @param {number} bottom
 */
export function createErrorScale({ low, high }, scale, top, bottom) {
  const transform = scale === "log" ? (value) => Math.log(Math.max(value, low)) : (value) => value;
  return (value) => bottom - ((bottom - top) * (transform(value) - transform(low))) / (transform(high) - transform(low));
}
