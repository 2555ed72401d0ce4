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
