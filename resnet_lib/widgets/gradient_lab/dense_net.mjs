// Differentiates and trains a fully connected net on two interlocking half-circles of points.
import {
  OUTPUT_LAYER, PARAMETERS, backwardHidden, computeLogits, createLayer, createTrace, fillInitial, forwardHidden,
  getBranchScale,
} from "./dense_layer.mjs";
import { computeMean, computeNorm, computeStd, drawNormals, multiplyMatrices } from "./numbers.mjs";
import { LEARNING_RATE, MOMENTUM, POINTS, STEPS, WIDTH } from "./settings.mjs";

// Long work is a generator that pauses often, so that a page can do it in slices.

/** @typedef {import("./settings.mjs").Spec} Spec */
/** @typedef {import("./dense_layer.mjs").Layer} Layer */
/**
 * @typedef {{spec: Spec, x: Float64Array, hidden: Layer[], traces: import("./dense_layer.mjs").Trace[],
 *   output: Layer, logits: Float64Array, error: Float64Array, delta: Float64Array, slope: Float64Array}} Net
 *   x is (2, 64), error d loss / d logits
 */

const NOISE = 101; // index of the draws of the task's noise

/**
 * Creates the task's points, (2, 64); the first half is class 0. They do not depend on a net's seed, so
 * that new weights change the weights alone.
 * @returns {Float64Array}
 */
export function createTwoMoons() {
  const half = POINTS / 2;
  const noise = drawNormals(0, NOISE, 2 * POINTS);
  const points = new Float64Array(2 * POINTS);
  for (let p = 0; p < POINTS; p += 1) {
    const angle = (Math.PI * (p % half)) / (half - 1);
    const upper = [Math.cos(angle), Math.sin(angle)];
    for (const axis of [0, 1]) {
      const clean = p < half ? upper[axis] : [1, 0.5][axis] - upper[axis];
      points[axis * POINTS + p] = clean + 0.1 * noise[2 * p + axis];
    }
  }
  for (const axis of [0, 1]) {
    const row = points.subarray(axis * POINTS, (axis + 1) * POINTS);
    const [mean, std] = [computeMean(row), computeStd(row)];
    row.forEach((value, p) => (row[p] = (value - mean) / std));
  }
  return points;
}

/**
 * Creates a net with its task. Its buffers serve each `Spec` that `initialize` gets.
 * @returns {Net}
 */
export function createNet() {
  const createBuffer = () => new Float64Array(WIDTH * POINTS);
  return {
    spec: null, x: createTwoMoons(), hidden: [], traces: [], output: createLayer(WIDTH, 1),
    logits: new Float64Array(POINTS), error: new Float64Array(POINTS), delta: createBuffer(), slope: createBuffer(),
  };
}

/**
 * Gives the net the initial weights of `spec`.
 * @param {Net} net
 * @param {Spec} spec
 */
export function initialize(net, spec) {
  net.spec = { ...spec };
  while (net.hidden.length < spec.depth - 1) {
    net.hidden.push(createLayer(net.hidden.length ? WIDTH : 2, WIDTH));
    net.traces.push(createTrace(POINTS));
  }
  for (let index = 0; index < spec.depth; index += 1) {
    const isOutput = index === spec.depth - 1;
    const layer = isOutput ? net.output : net.hidden[index];
    fillInitial(layer.W, spec, isOutput ? OUTPUT_LAYER : index + 1, index === 0 ? 2 : WIDTH, isOutput ? 1 : WIDTH);
    layer.b.fill(0);
    layer.gamma.fill(1);
  }
}

/**
 * Computes the mean cross-entropy in nats, the traces and `net.error`.
 * @param {Net} net
 * @returns {number}
 */
export function forward(net) {
  const { spec, x, hidden, traces, output, logits, error } = net;
  let [input, inputs] = [x, 2];
  for (let index = 0; index < spec.depth - 1; index += 1) {
    forwardHidden(spec, hidden[index], index === 0, input, inputs, POINTS, traces[index]);
    [input, inputs] = [traces[index].h, WIDTH];
  }
  computeLogits(output, input, inputs, POINTS, logits);
  let loss = 0;
  for (let p = 0; p < POINTS; p += 1) {
    const y = p < POINTS / 2 ? 0 : 1;
    const margin = y ? -logits[p] : logits[p];
    loss += Math.max(0, margin) + Math.log1p(Math.exp(-Math.abs(margin)));
    error[p] = (0.5 + 0.5 * Math.tanh(logits[p] / 2) - y) / POINTS;
  }
  return loss / POINTS;
}

/**
 * Computes the gradient of each layer, after `forward`.
 * @param {Net} net
 */
export function backward(net) {
  const { spec, x, hidden, traces, output, error, delta, slope } = net;
  const isNormalized = spec.normalization === "batch";
  const width = spec.depth === 1 ? 2 : WIDTH;
  const before = spec.depth === 1 ? x : traces[spec.depth - 2].h;
  let sum = 0;
  for (let p = 0; p < POINTS; p += 1) sum += error[p];
  output.gradient.b[0] = sum;
  multiplyMatrices(output.gradient.W, before, POINTS, 1, error, 1, 0, width, POINTS, 1, false);
  if (spec.depth > 1) multiplyMatrices(delta, output.W, 1, 0, error, 0, 1, WIDTH, 1, POINTS, false);
  for (let index = spec.depth - 2; index >= 0; index -= 1) {
    const hasSkip = index > 0 && spec.skip !== "none";
    const scale = hasSkip ? getBranchScale(spec) : 1;
    const layer = hidden[index];
    backwardHidden(layer, traces[index], delta, slope, POINTS, scale, isNormalized);
    const [input, inputs] = index === 0 ? [x, 2] : [traces[index - 1].h, WIDTH];
    multiplyMatrices(layer.gradient.W, input, POINTS, 1, slope, 1, POINTS, inputs, POINTS, WIDTH, false);
    if (index > 0) multiplyMatrices(delta, layer.W, WIDTH, 1, slope, POINTS, 1, WIDTH, WIDTH, POINTS, hasSkip);
  }
}

/**
 * Measures the untrained net.
 * @param {Net} net
 * @param {Spec} spec
 * @returns {{norms: Float64Array, stds: Float64Array}} norms of d loss / d W, input to output (depth), and
 *   standard deviations of the hidden outputs (depth - 1)
 */
export function measureInitialNet(net, spec) {
  initialize(net, spec);
  forward(net);
  backward(net);
  const norms = new Float64Array(spec.depth);
  const stds = new Float64Array(spec.depth - 1);
  for (let index = 0; index < spec.depth - 1; index += 1) {
    norms[index] = computeNorm(net.hidden[index].gradient.W, (index === 0 ? 2 : WIDTH) * WIDTH);
    stds[index] = computeStd(net.traces[index].h);
  }
  norms[spec.depth - 1] = computeNorm(net.output.gradient.W, spec.depth === 1 ? 2 : WIDTH);
  return { norms, stds };
}

/** Takes one step of gradient descent with momentum, after `backward`. */
function descend(net) {
  for (let index = 0; index < net.spec.depth; index += 1) {
    const layer = index === net.spec.depth - 1 ? net.output : net.hidden[index];
    for (const name of PARAMETERS) {
      if (name === "gamma" && (layer === net.output || net.spec.normalization !== "batch")) continue;
      const values = layer[name], velocity = layer.velocity[name], gradient = layer.gradient[name];
      for (let at = 0; at < values.length; at += 1) {
        velocity[at] = MOMENTUM * velocity[at] - LEARNING_RATE * gradient[at];
        values[at] += velocity[at];
      }
    }
  }
}

/**
 * Trains the net until the last step or the first loss that is not finite. Pauses twice per step.
 * @param {Net} net
 * @param {Spec} spec
 * @param {function(number): void} onloss  gets the loss before each step and after the last
 * @param {number} [steps]
 */
export function* trainNet(net, spec, onloss, steps = STEPS) {
  initialize(net, spec);
  for (const { velocity } of [...net.hidden, net.output]) PARAMETERS.forEach((name) => velocity[name].fill(0));
  for (let step = 0; step <= steps; step += 1) {
    const loss = forward(net);
    onloss(loss);
    yield;
    if (!Number.isFinite(loss) || step === steps) return;
    backward(net);
    descend(net);
    yield;
  }
}

/**
 * Computes the logits of a trained net at other points, with the statistics of its own. Pauses often.
 * @param {Net} net
 * @param {Float64Array} points  (2, count)
 * @returns {Generator<undefined, Float64Array>}
 */
export function* computeLogitsAt(net, points) {
  const { spec, hidden, traces } = net;
  const count = points.length / 2;
  const logits = new Float64Array(count);
  const buffers = [createTrace(POINTS), createTrace(POINTS)];
  const batch = new Float64Array(2 * POINTS);
  for (let start = 0; start < count; start += POINTS) {
    const end = Math.min(count, start + POINTS);
    batch.set(points.subarray(start, end));
    batch.set(points.subarray(count + start, count + end), POINTS);
    let [input, inputs] = [batch, 2];
    for (let index = 0; index < spec.depth - 1; index += 1) {
      const { mean, std } = traces[index];
      const trace = { ...buffers[index % 2], mean, std };
      forwardHidden(spec, hidden[index], index === 0, input, inputs, POINTS, trace, true);
      [input, inputs] = [trace.h, WIDTH];
    }
    const found = computeLogits(net.output, input, inputs, POINTS, new Float64Array(POINTS));
    logits.set(found.subarray(0, end - start), start);
    yield;
  }
  return logits;
}
