import {
  ACTIVATIONS, INITIALIZATIONS, LEARNING_RATE, LINE, MOMENTUM, NORMALIZATIONS, POINTS, PRESETS, SKIPS, WIDTH,
} from "./dense_net.mjs";
import { neighboursAlike } from "./numbers.mjs";

// What the gradient lab says.

/** @typedef {import("./dense_net.mjs").Spec} Spec */

/** What is wrong with a state, in words, or "" where it can be drawn. */
export function problem(state) {
  const choices = {
    activation: ACTIVATIONS, initialization: INITIALIZATIONS, normalization: NORMALIZATIONS, skip: SKIPS,
    show: ["all", "slopes"],
  };
  for (const [name, [low, high]] of [["depth", [1, 100]], ["seed", [0, 999]]]) {
    const value = state[name];
    if (!Number.isInteger(value) || value < low || value > high) {
      return `${name} must be a whole number from ${low} to ${high}; got ${value}`;
    }
  }
  const foreign = Object.keys(choices).find((name) => !choices[name].includes(state[name]));
  return foreign ? `${foreign} must be one of ${choices[foreign].join(", ")}; got ${state[foreign]}` : "";
}

/** The name of the preset whose settings these are, or undefined. */
export const presetOf = (state) =>
  Object.keys(PRESETS).find((name) => Object.entries(PRESETS[name]).every(([trait, value]) => state[trait] === value));

/** The two nets that are compared: without a skip, and with the one that is chosen, or the identity. */
export function pairOf(spec) {
  return { plain: { ...spec, skip: "none" }, skip: { ...spec, skip: spec.skip === "none" ? "identity" : spec.skip } };
}

// ---------------------------------------------------------------- words

// Factors: within NEAR all is well, MANY shows, beyond FAR it is lost. As in lab_words.py,
// and so are the words; a test holds the two to each other.
const [NEAR, MANY, FAR] = [10, 1e3, 1e6];
export const [FLOAT32_NORMAL, FLOAT32_LEAST] = [2 ** -126, 2 ** -149];

/** 10⁻⁴⁶ for -46. */
export const powerOfTen = (exponent) =>
  `10${[...`${exponent}`].map((sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]).join("")}`;

/** A number above 0 as it stands in a sentence: 0.034, 45, 4·10⁴, 10⁻¹³. */
export function written(value) {
  if (value >= 0.001 && value < 1000) return `${Number(value.toPrecision(2))}`;
  const [digit, exponent] = value.toExponential(0).split("e");
  return (digit === "1" ? "" : `${digit}·`) + powerOfTen(Number(exponent));
}

/** The same for any number. */
export const writtenAny = (value) =>
  (value === 0 ? "0" : Number.isFinite(value) ? written(value) : "not a finite number");

const exponentOf = (value) => Number(value.toExponential(15).split("e")[1]);

/** What has become of the gradient on its way, in one sentence. */
export function verdict(norms) {
  const depth = norms.length;
  const count = (is) => norms.reduce((sum, norm) => sum + (is(norm) ? 1 : 0), 0);
  const broken = count((norm) => !Number.isFinite(norm));
  if (broken) return `In ${broken} of ${depth} layers the gradient is no longer a finite number.`;
  const zeros = count((norm) => norm === 0);
  if (zeros) return `In ${zeros} of ${depth} layers the gradient is 0, even in float64.`;
  if (depth === 1) return `A single layer: its gradient is ${written(norms[0])}, and nothing lies on its way.`;
  const ratio = norms[0] / norms[depth - 1];
  if (ratio >= 1 / FAR && ratio <= FAR) { // else it is lost on the way back, whatever the way forward does
    const [largest, smallest] = [Math.max(...norms), Math.min(...norms)];
    if (largest < 1 / MANY) {
      const [bound, fate] = [powerOfTen(exponentOf(largest) + 1), largest < 1 / FAR ? "vanishes" : "fades"];
      return `Every layer’s gradient is below ${bound}: the signal ${fate} on its way forward.`;
    }
    if (smallest > MANY) {
      const [bound, fate] = [powerOfTen(exponentOf(smallest)), smallest > FAR ? "explodes" : "grows"];
      return `Every layer’s gradient is above ${bound}: the signal ${fate} on its way forward.`;
    }
  }
  let fate = ratio > FAR ? "exploded" : "it grows towards the input";
  if (ratio < 1 / FAR) fate = norms[0] < FLOAT32_LEAST / 2 ? "vanished, and in float32 it would be 0" : "vanished";
  else if (ratio < 1 / NEAR) fate = "it shrinks towards the input";
  else if (ratio <= NEAR) fate = "it neither vanishes nor explodes";
  return `Layer 1 gets ${written(ratio)}${ratio < 0.995 ? " of" : " times"} the last layer’s gradient: ${fate}.`;
}

/** "0.69 → 0.004" of a training's losses, and what else there is to say of it. */
function courseOf(losses) {
  const start = losses[0];
  const broken = losses.findIndex((loss) => !Number.isFinite(loss));
  if (broken === 0) return "the loss is not a number from the start";
  if (broken > 0) return `loss ${written(start)}, not a number from step ${broken}`;
  const end = losses.at(-1);
  const near = (loss) => Math.abs(loss - start) < 0.01 * start;
  const lowest = Math.min(...losses);
  const fell = lowest < 0.9 * start ? `, fell to ${writtenAny(lowest)} at its lowest, then ` : "";
  let course = "";
  if (losses.every(near)) course = ", it has not moved";
  else if (near(end)) course = fell ? `${fell}back where it began` : ", back where it began";
  else if (end > start) course = fell ? `${fell}grew` : ", it has grown";
  return `loss ${written(start)} → ${writtenAny(end)}${course}`;
}

/** What training both nets has come to; `steps` are those that were done. */
export function outcome({ plain, skip }, depth, stopped = false) {
  const done = Math.max(plain.length, skip.length) - 1;
  const start = stopped ? `Stopped at step ${done}. ` : "";
  const same = depth < 3 ? " The two are one net: below three layers there is nothing to skip." : "";
  return `${start}Plain: ${courseOf(plain)}. With skip: ${courseOf(skip)}.${same}`;
}

/** How `neighboursAlike` reads. */
export const alikeWord = (alike) => (alike >= 0.8 ? "smooth" : alike >= 0.2 ? "rough" : "like white noise");

/** What there is to say of the slopes on the line. */
export function slopeWords(slopes) {
  const alike = neighboursAlike(slopes);
  if (Number.isNaN(alike)) return "not a finite number";
  const largest = slopes.reduce((most, slope) => Math.max(most, Math.abs(slope)), 0);
  if (largest === 0) return "no slope anywhere";
  const size = largest > FAR ? ", but enormous" : largest < 1 / FAR ? ", but next to nothing is left" : "";
  const number = Number(alike.toFixed(2)).toFixed(2).replace("-", "−"); // twice: no −0.00
  return `${alikeWord(alike)}${size}: neighbours alike ${number}, largest slope ${written(largest)}`;
}

/** The settings in words; `alone` where the slopes on the line are all there is. */
export const noteOf = ({ seed }, alone = false) => {
  const task = `${POINTS} points of two moons, gradient descent on all of them at once, ` +
    `learning rate ${LEARNING_RATE}, momentum ${MOMENTUM}`;
  return `Width ${WIDTH}, ${alone ? `${LINE} points on the line` : task}, float64, seed ${seed}. ` +
    "Everything is computed on this page.";
};
