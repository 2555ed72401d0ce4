// Formats numbers and lists for a reader.

/**
 * Formats an integer with commas: 274442 as "274,442".
 * @param {number} number
 */
export const formatInteger = (number) => number.toLocaleString("en-US");

/**
 * Formats a number with three digits and a unit: 40813184 as "40.8 M".
 * @param {number} number
 * @param {string} unit
 */
export function formatShort(number, unit = "") {
  const prefixes = [["G", 1e9], ["M", 1e6], ["k", 1e3]];
  const [prefix, size] = prefixes.find(([, size]) => number >= size) ?? ["", 1];
  const scaled = number / size;
  const digits = size === 1 ? 0 : scaled < 10 ? 2 : scaled < 100 ? 1 : 0;
  return `${scaled.toFixed(digits)} ${prefix}${unit}`.trim();
}

/**
 * Formats a percentage with about three digits, and a missing one as a dash.
 * @param {number|null} value
 */
export const formatPercent = (value) => (value === null ? "–" : value < 9.995 ? value.toFixed(2) : value.toFixed(1));

/**
 * Formats a number with as many significant digits as it has, at most `digits`: 0.1000 as "0.1".
 * @param {number} number
 * @param {number} digits
 */
export const formatSignificant = (number, digits = 2) => `${Number(number.toPrecision(digits))}`;

/**
 * Formats a count and its noun: "1 epoch", "2 epochs".
 * @param {number} count
 * @param {string} noun
 */
export const formatCount = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

/**
 * Joins words as in a sentence: "a, b and c".
 * @param {string[]} words
 */
export const joinWithAnd = (words) =>
  (words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`);
