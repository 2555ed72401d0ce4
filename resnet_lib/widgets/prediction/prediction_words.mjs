import { clamp } from "../shared/plotting.mjs";

// What a prediction computes and says; nothing here draws.

// ---------------------------------------------------------------- text

/** A text cut at its `code` and *emphasis*: `{tag, text}`, the tag null for what is neither. */
export function markupOf(text) {
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

/** 12.76, "%" → "12.76 %", with a space that does not break. */
export const measured = (number, unit) =>
  [number.toLocaleString("en-US", { maximumFractionDigits: 6 }), unit].filter(Boolean).join("\u00a0");

/** How far two values lie apart: of per cents, in percentage points. */
export const apart = (distance, unit) =>
  unit === "%" ? measured(distance, distance === 1 ? "percentage point" : "percentage points") : measured(distance, unit);

/** The unit of an axis: "test error, %" → "%". */
export const unitOf = (label) => (label.includes(",") ? label.slice(label.lastIndexOf(",") + 1).trim() : "");

const decimalsOf = (number) => `${number}`.split(".")[1]?.length ?? 0;
const rounded = (number, decimals) => Number(number.toFixed(decimals));

// ---------------------------------------------------------------- how the guess did

/** Whether the guessed option, null for none, is right. */
export function choiceWords({ options, answer }, guess) {
  if (guess === answer) return "Right.";
  return `${guess === null ? "The answer" : "Not quite: the answer"} is “${options[answer]}”.`;
}

/** How far off a number is; within a fiftieth of the scale it is close. */
export function numberWords({ answer, unit, low, high }, guess) {
  const real = measured(answer, unit);
  if (guess === null) return `It is ${real}.`;
  if (guess === answer) return `Exactly: ${real}.`;
  const distance = rounded(Math.abs(guess - answer), Math.max(decimalsOf(guess), decimalsOf(answer)));
  const close = distance <= (high - low) / 50 ? "Close. " : "";
  const way = guess > answer ? "too high" : "too low";
  return `${close}It is ${real}; your guess, ${measured(guess, unit)}, is ${apart(distance, unit)} ${way}.`;
}

/** The mean distance of two curves at their points. */
export const meanDistance = (guess, real) =>
  guess.reduce((sum, value, index) => sum + Math.abs(value - real[index]), 0) / guess.length;

/** How far a drawn curve, filled in, lies from the real one: on average, to which side, at the end. */
export function curveWords({ x, y, xlabel, ylabel }, guess) {
  const unit = unitOf(ylabel);
  const told = (value) => measured(Number(value.toPrecision(3)), unit);
  const last = `At the end, ${xlabel} ${measured(x.at(-1), "")}`;
  if (guess === null) return `The real curve goes from ${told(y[0])} to ${told(y.at(-1))}.`;
  const distance = meanDistance(guess, y);
  const above = guess.filter((value, index) => value > y[index]).length / guess.length;
  const below = guess.filter((value, index) => value < y[index]).length / guess.length;
  const side = above >= 0.75 ? ", most of it above" : below >= 0.75 ? ", most of it below" : "";
  const mean = `On average your curve lies ${apart(Number(distance.toPrecision(2)), unit)} from the real one${side}.`;
  return `${mean} ${last}, you drew ${told(guess.at(-1))}; it is ${told(y.at(-1))}.`;
}

// ---------------------------------------------------------------- a curve drawn by hand

/** The points in between filled in by straight lines, those at the ends by the nearest; null for none. */
export function filledIn(x, points) {
  const drawn = points.flatMap((value, index) => (value === null ? [] : [index]));
  if (!drawn.length) return null;
  return points.map((value, index) => {
    if (value !== null) return value;
    const before = drawn.findLast((one) => one < index) ?? drawn[0];
    const after = drawn.find((one) => one > index) ?? drawn.at(-1);
    const share = clamp((x[index] - x[before]) / (x[after] - x[before] || 1), 0, 1);
    return points[before] + share * (points[after] - points[before]);
  });
}

/** The index of the point nearest to a place on the axis. */
export function nearest(x, place) {
  const away = x.map((one) => Math.abs(one - place));
  return away.indexOf(Math.min(...away));
}

/** `points` after a stroke of the pen from `start` to `end`, each {x, y}. */
export function stroked(x, points, start, end) {
  const [left, right] = start.x < end.x ? [start, end] : [end, start];
  const slope = (right.y - left.y) / (right.x - left.x || 1);
  const crossed = points.map((value, index) =>
    x[index] >= left.x && x[index] <= right.x ? left.y + slope * (x[index] - left.x) : value);
  crossed[nearest(x, end.x)] = end.y;
  return crossed;
}

// ---------------------------------------------------------------- what was kept

/** The guess that was kept for this question, or null where it does not fit, as after an edit. */
export function fittingGuess({ form, options, low, high, x }, guess) {
  const within = (value) => Number.isFinite(value) && value >= low && value <= high;
  const fits = {
    choice: () => Number.isInteger(guess) && guess >= 0 && guess < options.length,
    number: () => within(guess),
    curve: () => Array.isArray(guess) && guess.length === x.length && guess.every((value) => value === null || within(value)),
  };
  return fits[form]() ? guess : null;
}
