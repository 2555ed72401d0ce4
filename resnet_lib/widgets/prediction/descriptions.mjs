// Describes guesses and answers in words, and splits texts at their markup.

/**
 * Splits a text at its `code` and *emphasis*.
 * @param {string} text
 * @returns {{tag: string | null, text: string}[]} the tag is null for plain text
 */
export function parseMarkup(text) {
  const pieces = [];
  let from = 0;
  for (const found of text.matchAll(/`([^`]+)`|\*(?=\S)([^*]*[^*\s])\*(?!\w)/g)) {
    pieces.push({ tag: null, text: text.slice(from, found.index) });
    pieces.push(found[1] ? { tag: "code", text: found[1] } : { tag: "em", text: found[2] });
    from = found.index + found[0].length;
  }
  pieces.push({ tag: null, text: text.slice(from) });
  return pieces.filter((piece) => piece.text);
}

/**
 * Formats a number and its unit: "12.76 %", with a space that does not break.
 * @param {number} number
 * @param {string} unit
 */
export const formatQuantity = (number, unit) =>
  [number.toLocaleString("en-US", { maximumFractionDigits: 6 }), unit].filter(Boolean).join("\u00a0");

/**
 * Formats the distance of two values; that of percentages is in percentage points.
 * @param {number} distance
 * @param {string} unit
 */
export const formatDistance = (distance, unit) =>
  unit === "%" ? formatQuantity(distance, distance === 1 ? "percentage point" : "percentage points") : formatQuantity(distance, unit);

/** Finds the unit of an axis: "%" of "test error, %". @param {string} label */
export const findUnit = (label) => (label.includes(",") ? label.slice(label.lastIndexOf(",") + 1).trim() : "");

const countDecimals = (number) => `${number}`.split(".")[1]?.length ?? 0;
const round = (number, decimals) => Number(number.toFixed(decimals));

/**
 * Describes whether the guessed option is right.
 * @param {{options: string[], answer: number}} question
 * @param {number | null} guess
 */
export function describeChoice({ options, answer }, guess) {
  if (guess === answer) return "Right.";
  return `${guess === null ? "The answer" : "Not quite: the answer"} is “${options[answer]}”.`;
}

/**
 * Describes how far off a number is; within a fiftieth of the scale it is close.
 * @param {{answer: number, unit: string, low: number, high: number}} question
 * @param {number | null} guess
 */
export function describeNumber({ answer, unit, low, high }, guess) {
  const real = formatQuantity(answer, unit);
  if (guess === null) return `It is ${real}.`;
  if (guess === answer) return `Exactly: ${real}.`;
  const distance = round(Math.abs(guess - answer), Math.max(countDecimals(guess), countDecimals(answer)));
  const close = distance <= (high - low) / 50 ? "Close. " : "";
  const way = guess > answer ? "too high" : "too low";
  return `${close}It is ${real}; your guess, ${formatQuantity(guess, unit)}, is ${formatDistance(distance, unit)} ${way}.`;
}

/** Computes the mean distance of two curves at their points. */
export const computeMeanDistance = (guess, real) =>
  guess.reduce((sum, value, index) => sum + Math.abs(value - real[index]), 0) / guess.length;

/**
 * Describes how far a drawn curve is from the real one: on average, to which side, and at the end.
 * @param {{x: number[], y: number[], xlabel: string, ylabel: string}} question
 * @param {number[] | null} guess  at all points
 */
export function describeCurve({ x, y, xlabel, ylabel }, guess) {
  const unit = findUnit(ylabel);
  const format = (value) => formatQuantity(Number(value.toPrecision(3)), unit);
  const last = `At the end, ${xlabel} ${formatQuantity(x.at(-1), "")}`;
  if (guess === null) return `The real curve goes from ${format(y[0])} to ${format(y.at(-1))}.`;
  const distance = computeMeanDistance(guess, y);
  const above = guess.filter((value, index) => value > y[index]).length / guess.length;
  const below = guess.filter((value, index) => value < y[index]).length / guess.length;
  const side = above >= 0.75 ? ", most of it above" : below >= 0.75 ? ", most of it below" : "";
  const mean = `On average your curve lies ${formatDistance(Number(distance.toPrecision(2)), unit)} from the real one${side}.`;
  return `${mean} ${last}, you drew ${format(guess.at(-1))}; it is ${format(y.at(-1))}.`;
}
