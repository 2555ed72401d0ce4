// Computes one fully connected layer: its initial weights, its forward pass and its gradients.
import { drawNormals, multiplyMatrices } from "./numbers.mjs";
import { WIDTH } from "./settings.mjs";

// It repeats resnet_lib/inside/dense.py in float64, and tests compare the two. An array of units and
// points is in order of units, so that the points of a unit are neighbours. Buffers are created once, so
// that a change of a control allocates no memory.

/** @typedef {import("./settings.mjs").Spec} Spec */
/** @typedef {{W: Float64Array, b: Float64Array, gamma: Float64Array}} Weights  W is (inputs, outputs) */
/** @typedef {Weights & {gradient: Weights, velocity: Weights}} Layer */
/**
 * @typedef {{h: Float64Array, normal: Float64Array, slope: Float64Array, mean: Float64Array,
 *   std: Float64Array}} Trace  the output h of a hidden layer, and what the backward pass needs
 */

export const PARAMETERS = ["W", "b", "gamma"];
export const OUTPUT_LAYER = 0; // the index of its draws; hidden layer l has index l
const EPSILON = 1e-5; // in batch normalisation
const INITIAL_STD = {
  small: (inputs) => Math.sqrt(1 / (3 * inputs)),
  glorot: (inputs, outputs) => Math.sqrt(2 / (inputs + outputs)),
  he: (inputs) => Math.sqrt(2 / inputs),
};

/**
 * Creates a layer of zeros.
 * @param {number} inputs
 * @param {number} outputs
 * @returns {Layer}
 */
export function createLayer(inputs, outputs) {
  const sizes = { W: inputs * outputs, b: outputs, gamma: outputs };
  const createParameters = () => Object.fromEntries(PARAMETERS.map((name) => [name, new Float64Array(sizes[name])]));
  return { ...createParameters(), gradient: createParameters(), velocity: createParameters() };
}

/**
 * Creates the buffers of a hidden layer for `count` points.
 * @param {number} count
 * @returns {Trace}
 */
export const createTrace = (count) => ({
  h: new Float64Array(WIDTH * count), normal: new Float64Array(WIDTH * count), slope: new Float64Array(WIDTH * count),
  mean: new Float64Array(WIDTH), std: new Float64Array(WIDTH),
});

/**
 * Fills an array with draws of the initial distribution.
 * @param {Float64Array} values
 * @param {Spec} spec
 * @param {number} index  of the draws
 * @param {number} inputs
 * @param {number} outputs
 * @param {number} [count]  of values
 */
export function fillInitial(values, spec, index, inputs, outputs, count = inputs * outputs) {
  const draws = drawNormals(spec.seed, index, count);
  const std = INITIAL_STD[spec.initialization](inputs, outputs);
  for (let at = 0; at < count; at += 1) values[at] = std * draws[at];
}

/**
 * Returns the factor of a branch before it is added to its skip.
 * @param {Spec} spec
 */
export const getBranchScale = (spec) => (spec.skip === "scaled" ? spec.depth ** -0.5 : 1);

/** Replaces a by f(a) in `h`, and writes f'(a) to `slope`. */
function activate(activation, h, slope) {
  if (activation === "relu") {
    for (let at = 0; at < h.length; at += 1) {
      slope[at] = h[at] > 0 ? 1 : 0;
      if (h[at] < 0) h[at] = 0;
    }
  } else if (activation === "tanh") {
    for (let at = 0; at < h.length; at += 1) {
      const t = Math.tanh(h[at]);
      h[at] = t;
      slope[at] = 1 - t * t;
    }
  } else {
    for (let at = 0; at < h.length; at += 1) {
      const t = Math.tanh(h[at] / 2);
      h[at] = 0.5 + 0.5 * t;
      slope[at] = 0.25 * (1 - t * t);
    }
  }
}

/** Normalizes each unit over its points, unless `isFixed` with the statistics that the trace holds. */
function normalize({ b, gamma }, { h, normal, mean, std }, count, isFixed) {
  for (let unit = 0; unit < WIDTH; unit += 1) {
    const start = unit * count, end = start + count;
    if (!isFixed) {
      let sum = 0, squares = 0;
      for (let at = start; at < end; at += 1) sum += h[at];
      const average = (mean[unit] = sum / count);
      for (let at = start; at < end; at += 1) squares += (h[at] - average) * (h[at] - average);
      std[unit] = Math.sqrt(squares / count + EPSILON);
    }
    const average = mean[unit], factor = 1 / std[unit], shift = b[unit], scale = gamma[unit];
    for (let at = start; at < end; at += 1) {
      normal[at] = (h[at] - average) * factor;
      h[at] = scale * normal[at] + shift;
    }
  }
}

/**
 * Computes a hidden layer, from `input` (inputs, count) to `trace`.
 * @param {Spec} spec
 * @param {Weights} weights
 * @param {boolean} isFirst  the first layer has no skip
 * @param {Float64Array} input
 * @param {number} inputs
 * @param {number} count  of points
 * @param {Trace} trace
 * @param {boolean} [isFixed]  whether mean and standard deviation are taken from the trace
 */
export function forwardHidden(spec, weights, isFirst, input, inputs, count, trace, isFixed = false) {
  const { h } = trace;
  multiplyMatrices(h, weights.W, 1, WIDTH, input, count, 1, WIDTH, inputs, count, false);
  if (spec.normalization === "batch") normalize(weights, trace, count, isFixed);
  else {
    for (let unit = 0; unit < WIDTH; unit += 1) {
      const shift = weights.b[unit];
      for (let at = unit * count; at < (unit + 1) * count; at += 1) h[at] += shift;
    }
  }
  activate(spec.activation, h, trace.slope);
  if (isFirst || spec.skip === "none") return;
  const scale = getBranchScale(spec);
  for (let at = 0; at < h.length; at += 1) h[at] = input[at] + scale * h[at];
}

/**
 * Converts the gradient of a hidden layer's output to that before its activation and normalisation, and
 * fills in the gradients of its shift and scale.
 * @param {Layer} layer
 * @param {Trace} trace
 * @param {Float64Array} delta  d loss / d output
 * @param {Float64Array} result
 * @param {number} count  of points
 * @param {number} scale  of the branch
 * @param {boolean} isNormalized
 */
export function backwardHidden({ gamma, gradient }, trace, delta, result, count, scale, isNormalized) {
  for (let unit = 0; unit < WIDTH; unit += 1) {
    const start = unit * count, end = start + count;
    let sum = 0, projection = 0;
    for (let at = start; at < end; at += 1) {
      result[at] = scale * delta[at] * trace.slope[at];
      sum += result[at];
    }
    gradient.b[unit] = sum;
    if (!isNormalized) continue;
    for (let at = start; at < end; at += 1) projection += result[at] * trace.normal[at];
    gradient.gamma[unit] = projection;
    const mean = sum / count, share = projection / count, factor = gamma[unit] / trace.std[unit];
    for (let at = start; at < end; at += 1) result[at] = (result[at] - mean - trace.normal[at] * share) * factor;
  }
}

/**
 * Computes the logits (count) from the output layer's inputs (inputs, count).
 * @param {Weights} weights
 * @param {Float64Array} input
 * @param {number} inputs
 * @param {number} count  of points
 * @param {Float64Array} logits  the result
 */
export function computeLogits({ W, b }, input, inputs, count, logits) {
  logits.fill(b[0]);
  for (let i = 0; i < inputs; i += 1) {
    for (let p = 0; p < count; p += 1) logits[p] += W[i] * input[i * count + p];
  }
  return logits;
}
