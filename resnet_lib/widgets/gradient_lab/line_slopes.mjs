// Computes the slopes of an untrained net of one input along a line.
import { OUTPUT_LAYER, computeLogits, createLayer, createTrace, fillInitial, forwardHidden, getBranchScale } from "./dense_layer.mjs";
import { multiplyMatrices } from "./numbers.mjs";
import { LINE_POINTS, WIDTH } from "./settings.mjs";

const BIASES = 102; // index of the draws of the input's bias; hidden layer l has index BIASES + l

/**
 * Computes d logit / d x at 256 points of [-2, 2], as `slopes_on_line` in dense.py. Pauses after each layer.
 * @param {import("./settings.mjs").Spec} spec
 * @returns {Generator<undefined, Float64Array>}
 */
export function* computeLineSlopes(spec) {
  let input = Float64Array.from({ length: LINE_POINTS }, (_, index) => -2 + (4 * index) / (LINE_POINTS - 1));
  let slopes = new Float64Array(LINE_POINTS).fill(1); // d input / d x
  let inputs = 1;
  const buffers = [0, 1].map(() => ({ ...createTrace(LINE_POINTS), slopes: new Float64Array(WIDTH * LINE_POINTS) }));
  const weights = createLayer(WIDTH, WIDTH);
  weights.gamma.fill(1);
  for (let index = 0; index < spec.depth - 1; index += 1) {
    const trace = buffers[index % 2];
    fillInitial(weights.W, spec, index + 1, inputs, WIDTH);
    fillInitial(weights.b, spec, BIASES + index + 1, inputs, WIDTH, WIDTH);
    forwardHidden(spec, weights, index === 0, input, inputs, LINE_POINTS, trace);
    multiplyMatrices(trace.slopes, weights.W, 1, WIDTH, slopes, LINE_POINTS, 1, WIDTH, inputs, LINE_POINTS, false);
    differentiateLayer(spec, trace, slopes, index > 0 && spec.skip !== "none");
    [input, slopes, inputs] = [trace.h, trace.slopes, WIDTH];
    yield;
  }
  fillInitial(weights.W, spec, OUTPUT_LAYER, inputs, 1);
  weights.b[0] = 0;
  return computeLogits(weights, slopes, inputs, LINE_POINTS, new Float64Array(LINE_POINTS));
}

/** Replaces d a / d x in `trace.slopes` by d output / d x. */
function differentiateLayer(spec, trace, inputSlopes, hasSkip) {
  const scale = hasSkip ? getBranchScale(spec) : 1;
  for (let unit = 0; unit < WIDTH; unit += 1) {
    const factor = spec.normalization === "batch" ? scale / trace.std[unit] : scale;
    for (let at = unit * LINE_POINTS; at < (unit + 1) * LINE_POINTS; at += 1) {
      trace.slopes[at] = factor * trace.slope[at] * trace.slopes[at] + (hasSkip ? inputSlopes[at] : 0);
    }
  }
}
