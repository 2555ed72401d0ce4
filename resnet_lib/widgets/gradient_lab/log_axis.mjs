// Draws logarithmic axes and the lines on them; 0 and values that are not finite have places of their own.
import { svg } from "../shared/dom.mjs";
import { chooseTickStep } from "../shared/plotting.mjs";
import { formatPowerOfTen } from "./descriptions.mjs";

/**
 * @typedef {{low: number, high: number, zero: boolean, broken: boolean, bottom: number, top: number}} Range
 *   exponents; below `low` there is room for a 0, above `high` for a value that is not finite
 */

/**
 * Chooses the powers of ten that contain all values above 0, and at least `low` to `high`.
 * @param {ArrayLike<number>[]} lists
 * @param {number} low
 * @param {number} high
 * @returns {Range}
 */
export function chooseDecades(lists, low, high) {
  let [smallest, largest, zero, broken] = [10 ** low, 10 ** high, false, false];
  for (const list of lists) {
    for (const value of list) {
      if (!Number.isFinite(value)) broken = true;
      else if (value === 0) zero = true;
      else [smallest, largest] = [Math.min(smallest, value), Math.max(largest, value)];
    }
  }
  const [first, last] = [Math.floor(Math.log10(smallest) + 1e-9), Math.ceil(Math.log10(largest) - 1e-9)];
  const range = { low: first, high: last + 0, zero, broken }; // + 0: no -0
  const margin = Math.max(1, Math.round((range.high - range.low) / 8));
  return { ...range, bottom: range.low - (zero ? margin : 0), top: range.high + (broken ? margin : 0) };
}

/**
 * Chooses the exponents that the axis shows, about `count` at most.
 * @param {Range} range
 * @param {number} count
 */
export function chooseDecadeTicks({ low, high }, count) {
  const step = Math.max(1, chooseTickStep(high - low, count));
  const first = Math.ceil(low / step) * step;
  return Array.from({ length: Math.floor((high - first) / step) + 1 }, (_, index) => first + index * step + 0);
}

/**
 * Creates the scale from a value to its height in pixels: 0 is at the bottom, a value that is not finite at the top.
 * @param {Range} range
 * @param {number} upper
 * @param {number} lower
 * @returns {function(number): number}
 */
export function createDecadeScale({ bottom, top }, upper, lower) {
  return (value) => {
    if (!Number.isFinite(value)) return upper;
    if (value === 0) return lower;
    return lower - ((lower - upper) * (Math.log10(value) - bottom)) / (top - bottom);
  };
}

/**
 * Creates the path of a line through values above 0, with a gap where a value is not.
 * @param {ArrayLike<number>} values
 * @param {function(number): number} x
 * @param {function(number): number} y
 */
export function createLogLine(values, x, y) {
  let [path, joined] = ["", false];
  for (let index = 0; index < values.length; index += 1) {
    const drawn = values[index] > 0 && Number.isFinite(values[index]);
    if (drawn) path += `${joined ? "L" : "M"}${x(index).toFixed(1)} ${y(values[index]).toFixed(1)}`;
    joined = drawn;
  }
  return path;
}

/**
 * Creates the path of a point for each value above 0 (by a round cap), or of a cross for each other value.
 * @param {ArrayLike<number>} values
 * @param {function(number): number} x
 * @param {function(number): number} y
 * @param {boolean} [crosses]
 */
export function createMarks(values, x, y, crosses = false) {
  let path = "";
  for (let index = 0; index < values.length; index += 1) {
    const drawn = values[index] > 0 && Number.isFinite(values[index]);
    if (drawn === crosses) continue;
    const [cx, cy] = [x(index).toFixed(1), y(values[index]).toFixed(1)];
    path += crosses ? `M${cx} ${cy}m-3-3l6 6m0-6l-6 6` : `M${cx} ${cy}h.01`;
  }
  return path;
}

/** Formats a power of ten for an axis. @param {number} exponent */
export const formatExponent = (exponent) => (exponent === 0 ? "1" : formatPowerOfTen(exponent));
/** Creates the drawing of a chart, with texts of `size` pixels. */
export const createDrawing = (width, height, size, ...children) => svg("svg", {
  class: "rl-plot", width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true",
  style: `font-size: ${size}px`,
}, ...children);
/** Creates the text of a tick beside a vertical axis. */
export const createLeftTick = (x, y, text) =>
  svg("text", { class: "rl-tick", x: x - 8, y, dy: "0.35em", "text-anchor": "end" }, text);
/** Creates the text of a tick below a horizontal axis. */
export const createBottomTick = (x, y, text) => svg("text", { class: "rl-tick", x, y, "text-anchor": "middle" }, text);
