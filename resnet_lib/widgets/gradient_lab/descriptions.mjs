// Describes in words what the gradient lab computes. descriptions.py has the same sentences.
import { correlateNeighbours } from "./numbers.mjs";
import { LEARNING_RATE, LINE_POINTS, MOMENTUM, POINTS, WIDTH } from "./settings.mjs";

// Factors between gradients, the same as in descriptions.py. A test compares the sentences.
const STABLE_FACTOR = 10; // up to it the gradient neither vanishes nor explodes
const VISIBLE_FACTOR = 1e3;
const LOST_FACTOR = 1e6;
export const FLOAT32_MIN_NORMAL = 2 ** -126;
export const FLOAT32_MIN = 2 ** -149;

/** Formats a power of ten: -46 as "10⁻⁴⁶". @param {number} exponent */
export const formatPowerOfTen = (exponent) =>
  `10${[...`${exponent}`].map((sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]).join("")}`;

/** Formats a number above 0 for a sentence: 0.034, 45, 4·10⁴, 10⁻¹³. @param {number} value */
export function formatPositive(value) {
  if (value >= 0.001 && value < 1000) return `${Number(value.toPrecision(2))}`;
  const [digit, exponent] = value.toExponential(0).split("e");
  return (digit === "1" ? "" : `${digit}·`) + formatPowerOfTen(Number(exponent));
}

/** Formats any number for a sentence. @param {number} value */
export const formatNumber = (value) =>
  (value === 0 ? "0" : Number.isFinite(value) ? formatPositive(value) : "not a finite number");

const findExponent = (value) => Number(value.toExponential(15).split("e")[1]);

/**
 * Describes in one sentence what happens to the gradient on its way back.
 * @param {ArrayLike<number>} norms  of each layer's gradient
 */
export function describeGradients(norms) {
  const depth = norms.length;
  const count = (is) => norms.reduce((sum, norm) => sum + (is(norm) ? 1 : 0), 0);
  const broken = count((norm) => !Number.isFinite(norm));
  if (broken) return `In ${broken} of ${depth} layers the gradient is no longer a finite number.`;
  const zeros = count((norm) => norm === 0);
  if (zeros) return `In ${zeros} of ${depth} layers the gradient is 0, even in float64.`;
  if (depth === 1) return `A single layer: its gradient is ${formatPositive(norms[0])}, and nothing lies on its way.`;
  const ratio = norms[0] / norms[depth - 1];
  if (ratio >= 1 / LOST_FACTOR && ratio <= LOST_FACTOR) { // otherwise it is lost on the way back, whatever happens forwards
    const [largest, smallest] = [Math.max(...norms), Math.min(...norms)];
    if (largest < 1 / VISIBLE_FACTOR) {
      const [bound, fate] = [formatPowerOfTen(findExponent(largest) + 1), largest < 1 / LOST_FACTOR ? "vanishes" : "fades"];
      return `Every layer’s gradient is below ${bound}: the signal ${fate} on its way forward.`;
    }
    if (smallest > VISIBLE_FACTOR) {
      const [bound, fate] = [formatPowerOfTen(findExponent(smallest)), smallest > LOST_FACTOR ? "explodes" : "grows"];
      return `Every layer’s gradient is above ${bound}: the signal ${fate} on its way forward.`;
    }
  }
  let fate = ratio > LOST_FACTOR ? "exploded" : "it grows towards the input";
  if (ratio < 1 / LOST_FACTOR) fate = norms[0] < FLOAT32_MIN / 2 ? "vanished, and in float32 it would be 0" : "vanished";
  else if (ratio < 1 / STABLE_FACTOR) fate = "it shrinks towards the input";
  else if (ratio <= STABLE_FACTOR) fate = "it neither vanishes nor explodes";
  return `Layer 1 gets ${formatPositive(ratio)}${ratio < 0.995 ? " of" : " times"} the last layer’s gradient: ${fate}.`;
}

/** Describes the losses of a training run: "0.69 → 0.004". */
function describeLosses(losses) {
  const start = losses[0];
  const broken = losses.findIndex((loss) => !Number.isFinite(loss));
  if (broken === 0) return "the loss is not a number from the start";
  if (broken > 0) return `loss ${formatPositive(start)}, not a number from step ${broken}`;
  const end = losses.at(-1);
  const isAtStart = (loss) => Math.abs(loss - start) < 0.01 * start;
  const lowest = Math.min(...losses);
  const fell = lowest < 0.9 * start ? `, fell to ${formatNumber(lowest)} at its lowest, then ` : "";
  let course = "";
  if (losses.every(isAtStart)) course = ", it has not moved";
  else if (isAtStart(end)) course = fell ? `${fell}back where it began` : ", back where it began";
  else if (end > start) course = fell ? `${fell}grew` : ", it has grown";
  return `loss ${formatPositive(start)} → ${formatNumber(end)}${course}`;
}

/**
 * Describes the result of training both nets.
 * @param {{plain: number[], skip: number[]}} losses
 * @param {number} depth
 * @param {boolean} [isStopped]  by the reader
 */
export function describeTraining({ plain, skip }, depth, isStopped = false) {
  const done = Math.max(plain.length, skip.length) - 1;
  const start = isStopped ? `Stopped at step ${done}. ` : "";
  const same = depth < 3 ? " The two are one net: below three layers there is nothing to skip." : "";
  return `${start}Plain: ${describeLosses(plain)}. With skip: ${describeLosses(skip)}.${same}`;
}

/** Describes the result of `correlateNeighbours`. @param {number} similarity */
export const describeSimilarity = (similarity) => (similarity >= 0.8 ? "smooth" : similarity >= 0.2 ? "rough" : "like white noise");

/** Describes the slopes on the line. @param {ArrayLike<number>} slopes */
export function describeSlopes(slopes) {
  const similarity = correlateNeighbours(slopes);
  if (Number.isNaN(similarity)) return "not a finite number";
  const largest = slopes.reduce((most, slope) => Math.max(most, Math.abs(slope)), 0);
  if (largest === 0) return "no slope anywhere";
  const size = largest > LOST_FACTOR ? ", but enormous" : largest < 1 / LOST_FACTOR ? ", but next to nothing is left" : "";
  const number = Number(similarity.toFixed(2)).toFixed(2).replace("-", "−"); // twice: no −0.00
  return `${describeSimilarity(similarity)}${size}: neighbours alike ${number}, largest slope ${formatPositive(largest)}`;
}

/**
 * Describes the fixed settings and the seed.
 * @param {import("./settings.mjs").Spec} spec
 * @param {boolean} [isLineOnly]  whether only the slopes on the line are shown
 */
export function describeSettings({ seed }, isLineOnly = false) {
  const task = `${POINTS} points of two moons, gradient descent on all of them at once, ` +
    `learning rate ${LEARNING_RATE}, momentum ${MOMENTUM}`;
  return `Width ${WIDTH}, ${isLineOnly ? `${LINE_POINTS} points on the line` : task}, float64, seed ${seed}. ` +
    "Everything is computed on this page.";
}
