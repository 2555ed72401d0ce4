// Defines the settings of the fully connected net: their choices, the presets and the fixed numbers.

export const WIDTH = 32; // units of a hidden layer
export const POINTS = 64; // of the task, half of them in each class
export const LINE_POINTS = 256; // points at which the net of one input is differentiated
export const LEARNING_RATE = 0.02;
export const MOMENTUM = 0.9;
export const STEPS = 200; // of a training run
export const ACTIVATIONS = ["sigmoid", "tanh", "relu"];
export const INITIALIZATIONS = ["small", "glorot", "he"];
export const NORMALIZATIONS = ["none", "batch"];
export const SKIPS = ["none", "identity", "scaled"];
export const MAX_DEPTH = 100; // layers with weights
export const MAX_SEED = 999;

/**
 * @typedef {{depth: number, activation: string, initialization: string, normalization: string,
 *   skip: string, seed: number}} Spec
 */

const createPreset = (activation, initialization, normalization = "none", skip = "none") =>
  ({ activation, initialization, normalization, skip });
export const PRESETS = {
  1991: createPreset("sigmoid", "small"),
  Glorot: createPreset("tanh", "glorot"),
  He: createPreset("relu", "he"),
  "batch norm": createPreset("relu", "he", "batch"),
  residual: createPreset("relu", "he", "batch", "identity"),
};

/**
 * Finds the name of the preset with these settings; undefined if there is none.
 * @param {Spec} spec
 */
export const findPreset = (spec) =>
  Object.keys(PRESETS).find((name) => Object.entries(PRESETS[name]).every(([trait, value]) => spec[trait] === value));

/**
 * Returns the seed that "New weights" sets.
 * @param {number} seed
 */
export const getNextSeed = (seed) => (seed + 1) % (MAX_SEED + 1);

/**
 * Creates the two nets that are compared: without a skip, and with the chosen skip or the identity.
 * @param {Spec} spec
 * @returns {{plain: Spec, skip: Spec}}
 */
export function createPair(spec) {
  return { plain: { ...spec, skip: "none" }, skip: { ...spec, skip: spec.skip === "none" ? "identity" : spec.skip } };
}

/**
 * Describes what is wrong with a state; "" if it can be drawn.
 * @param {Spec & {show: string}} state
 * @returns {string}
 */
export function findSettingsProblem(state) {
  for (const [name, [low, high]] of [["depth", [1, MAX_DEPTH]], ["seed", [0, MAX_SEED]]]) {
    const value = state[name];
    if (!Number.isInteger(value) || value < low || value > high) {
      return `${name} must be a whole number from ${low} to ${high}; got ${value}`;
    }
  }
  const choices = {
    activation: ACTIVATIONS, initialization: INITIALIZATIONS, normalization: NORMALIZATIONS, skip: SKIPS,
    show: ["all", "slopes"],
  };
  const invalid = Object.keys(choices).find((name) => !choices[name].includes(state[name]));
  return invalid ? `${invalid} must be one of ${choices[invalid].join(", ")}; got ${state[invalid]}` : "";
}
